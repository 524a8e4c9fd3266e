//! What users may fill freely: an agent's configuration, a task's input and output, settings.

use serde::{Deserialize, Serialize};

/// A JSON object of the user's own shape, kept as the exact text that was sent, because numbers must survive
/// unchanged and the log holds no floats: in an event it is a JSON string.
///
/// At most 256 KiB and 32 levels deep; U+0000 is refused, as Postgres cannot hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Document(String);

/// Why a text is no document. `Display` starts with the stable code of the field error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or JSON but not an object.
    #[error("wrong_type: must be a JSON object")]
    NotAnObject,
    /// More bytes than allowed.
    #[error("too_long: must be at most {0} bytes of JSON")]
    TooLong(usize),
    /// More levels than allowed.
    #[error("too_deep: must be at most {0} levels deep")]
    TooDeep(usize),
    /// A U+0000 somewhere.
    #[error("control_character: must not contain U+0000")]
    Nul,
}

const MAX_BYTES: usize = 256 * 1024;
const MAX_DEPTH: usize = 32;

impl Document {
    /// Takes a JSON object's text.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(DocumentError::TooLong(MAX_BYTES));
        }
        let shape = scan(text);
        if shape.depth > MAX_DEPTH {
            return Err(DocumentError::TooDeep(MAX_DEPTH));
        }
        if shape.nul {
            return Err(DocumentError::Nul);
        }
        // Only the form is checked: duplicate members and key order are the user's own business.
        if !text.starts_with('{') || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            return Err(DocumentError::NotAnObject);
        }
        Ok(Self(text.to_owned()))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Document {
    /// The empty object.
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl TryFrom<String> for Document {
    type Error = DocumentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Document> for String {
    fn from(document: Document) -> Self {
        document.0
    }
}

struct Shape {
    depth: usize,
    nul: bool,
}

/// One pass over the text: how deep it nests, and whether a string spells U+0000.
fn scan(text: &str) -> Shape {
    let (mut depth, mut deepest, mut nul, mut in_string) = (0_usize, 0, text.contains('\0'), false);
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                nul |= text.as_bytes()[at..].starts_with(b"\\u0000");
                bytes.next();
            }
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Shape { depth: deepest, nul }
}
