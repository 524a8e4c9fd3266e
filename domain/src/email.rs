//! E-mail addresses.

use crate::text::{Lines, TextError, bounded, text_type};

text_type! {
    /// An e-mail address in its one canonical form: trimmed and lower-case, at most 254 characters, so that two
    /// spellings of one address are one person.
    Email, canonical
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
