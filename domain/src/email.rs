//! E-mail addresses.

use idna::AsciiDenyList;
use unicode_normalization::UnicodeNormalization as _;

use crate::text::{Lines, TextError, bounded, is_invisible, text_type};

text_type! {
    /// An e-mail address in its one canonical form: trimmed and lower-case, at most 254 characters, so that two
    /// spellings of one address are one person.
    Email, canonical
}

impl Email {
    /// A new address in its one canonical form: composed (NFC), lower-case, its host as DNS has it (IDNA, UTS 46), so
    /// that what looks alike in another script is another address. For new input only: addresses in the log keep the
    /// form they were recorded in.
    pub fn new_canonical(text: &str) -> Result<Self, TextError> {
        const FORM: TextError = TextError::Malformed("must be an e-mail address");
        let text: String = text.trim().to_lowercase().nfc().collect();
        if text.chars().any(is_invisible) {
            return Err(TextError::Control);
        }
        let Some((local, host)) = text.rsplit_once('@') else {
            return Self::try_from(text);
        };
        let host = idna::domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::STD3).map_err(|_| FORM)?;
        Self::try_from(format!("{local}@{host}"))
    }

    /// The same address in canonical form; as it is where it has none.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self::new_canonical(&self.0).unwrap_or_else(|_| self.clone())
    }
}

fn canonical(text: &str) -> Result<String, TextError> {
    const FORM: TextError = TextError::Malformed("must be an e-mail address");
    // Lower case first: it can be longer, and what is stored must be taken again when it is read.
    let text = bounded(&text.to_lowercase(), 3, 254, Lines::One)?;
    let (local, host) = text.rsplit_once('@').ok_or(FORM)?;
    let local_ok = (1..=64).contains(&local.len())
        && !local
            .contains(|c: char| c.is_whitespace() || matches!(c, '@' | ',' | ';' | '<' | '>' | '"' | '\\'))
        && !local.starts_with('.')
        && !local.ends_with('.');
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let host_ok = host.contains('.') && host.split('.').all(label_ok);
    if local_ok && host_ok { Ok(text) } else { Err(FORM) }
}
