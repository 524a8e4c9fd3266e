//! Events as auditors and subscribers see them.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::codec::{Codec, DecodeError};

/// Members that hold a user's own JSON object, which stands as a string in the log.
const DOCUMENTS: [&str; 5] = ["configuration", "input_data", "output_data", "settings", "preferences"];

/// What an event says, without the tag around it: personal data opened (`null` once erased), users' own documents
/// as the objects they are, to the letter.
pub(super) async fn present(codec: &mut Codec<'_>, payload: &str) -> Result<Box<RawValue>, DecodeError> {
    let mut value: Value = serde_json::from_str(payload).unwrap_or_default();
    codec.open(&mut value).await?;
    let members = match value {
        Value::Object(tagged) => tagged.into_iter().next().map(|(_, members)| members),
        _ => None,
    };
    let members = match members {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let mut text = String::from("{");
    for (name, value) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        match plain(value) {
            Value::String(document) if DOCUMENTS.contains(&name.as_str()) => text.push_str(&document),
            value => text.push_str(&value.to_string()),
        }
    }
    text.push('}');
    Ok(RawValue::from_string(text).unwrap_or_default())
}

fn plain(value: Value) -> Value {
    match value {
        Value::Object(mut object) if object.contains_key("subject") => {
            object.remove("personal").unwrap_or(Value::Null)
        }
        value => value,
    }
}
