//! Bounded texts. A value of these types is trimmed, within its length (in characters) and free of control
//! characters, so nothing behind the edge checks again.

use serde::{Deserialize, Serialize};

/// Why a text was not taken. `Display` starts with the stable code of the field error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("blank: must not be blank")]
    Blank,
    /// Fewer characters than the minimum.
    #[error("too_short: must be at least {0} characters")]
    TooShort(usize),
    /// More characters than the maximum.
    #[error("too_long: must be at most {0} characters")]
    TooLong(usize),
    /// A control character, U+0000 among them, or at the edge an invisible one.
    #[error("control_character: must not contain control characters")]
    Control,
    /// Right in length, wrong in form; the text says what is expected.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

/// Whether a character shows nothing and can make one text look like another: formatting, reordering, fillers. The
/// two joiners are not among them: scripts and emoji need them.
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether line breaks and tabs may stand in a text.
#[derive(Clone, Copy)]
pub(crate) enum Lines {
    One,
    Many,
}

pub(crate) fn bounded(text: &str, min: usize, max: usize, lines: Lines) -> Result<String, TextError> {
    let text = text.trim();
    let allowed = |c: char| matches!(lines, Lines::Many) && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(TextError::Control);
    }
    let length = text.chars().count();
    if length == 0 && min > 0 {
        return Err(TextError::Blank);
    }
    if length < min {
        return Err(TextError::TooShort(min));
    }
    if length > max {
        return Err(TextError::TooLong(max));
    }
    Ok(text.to_owned())
}

/// Makes a text type of its check, with the conversions every text shares.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::text::TextError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&str) -> Result<String, $crate::text::TextError> = $check;
                check(&text).map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text_type;

text_type! {
    /// The name of an organisation, an agent or a task: 1 to 120 characters on one line.
    Name, |text| bounded(text, 1, 120, Lines::One)
}

text_type! {
    /// A person's full name: 1 to 120 characters on one line.
    FullName, |text| bounded(text, 1, 120, Lines::One)
}

text_type! {
    /// A free description: up to 4,000 characters, line breaks allowed, may be empty.
    #[derive(Default)]
    Description, |text| bounded(text, 0, 4_000, Lines::Many)
}

text_type! {
    /// What somebody says in a conversation: 1 to 32,000 characters, line breaks allowed.
    Utterance, |text| bounded(text, 1, 32_000, Lines::Many)
}

text_type! {
    /// Why something was done or failed: up to 2,000 characters, line breaks allowed, may be empty.
    Reason, |text| bounded(text, 0, 2_000, Lines::Many)
}

impl Reason {
    /// A reason out of any text: control characters become spaces and what is too long is cut. For texts that
    /// come from outside and must be kept rather than refused, such as a provider's error message.
    pub fn from_lossy(text: &str) -> Self {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(2_000).collect();
        Self(clean.trim().to_owned())
    }
}

/// What an agent is allowed to use, named freely: at most 50 names; a name given again is dropped, the rest kept
/// in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Name>")]
pub struct Capabilities(Vec<Name>);

impl Capabilities {
    /// The names.
    pub fn as_slice(&self) -> &[Name] {
        &self.0
    }
}

impl TryFrom<Vec<Name>> for Capabilities {
    type Error = TextError;

    fn try_from(names: Vec<Name>) -> Result<Self, Self::Error> {
        if names.len() > 50 {
            return Err(TextError::Malformed("must hold at most 50 names"));
        }
        let mut distinct = Vec::with_capacity(names.len());
        for name in names {
            if !distinct.contains(&name) {
                distinct.push(name);
            }
        }
        Ok(Self(distinct))
    }
}
