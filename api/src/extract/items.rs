//! How many items the arrays of a body have.

use crate::problem::{FieldError, pointer};

/// The most items of one array, wherever it stands: also in what users fill freely.
const MOST_ITEMS: usize = 1_000;

/// Where the text is.
enum Level<'t> {
    /// Behind so many items.
    Array(usize),
    /// In the member of that name, as it is written.
    Object(Option<&'t str>),
}

/// The first array of a JSON text that has too many items. The text is known to be JSON, so only what parts it into items
/// and members is looked at; numbers that no type holds and halves of pairs are of no interest here.
pub(super) fn too_many(text: &str) -> Option<FieldError> {
    // Each item but the first has a comma before it.
    if text.bytes().filter(|byte| *byte == b',').count() < MOST_ITEMS {
        return None;
    }
    let mut levels = vec![];
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find(['"', '[', '{', ']', '}', ',']) {
        at += found + 1;
        match text.as_bytes().get(at - 1)? {
            b'"' => {
                let string = string_at(text, at)?;
                at += string.len() + 1;
                if let Some(Level::Object(name @ None)) = levels.last_mut() {
                    *name = Some(string);
                }
            }
            b'[' => levels.push(Level::Array(0)),
            b'{' => levels.push(Level::Object(None)),
            b',' => match levels.last_mut()? {
                Level::Array(items) => {
                    *items += 1;
                    if *items == MOST_ITEMS {
                        let message = format!("must have at most {MOST_ITEMS} items");
                        return Some(FieldError::new(&place(&levels), "too_many", &message));
                    }
                }
                Level::Object(name) => *name = None,
            },
            _ => {
                levels.pop();
            }
        }
    }
    None
}

/// What stands between the quotes, of which the first is right before `begin`.
fn string_at(text: &str, begin: usize) -> Option<&str> {
    let mut is_escaped = false;
    let end = text.get(begin..)?.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    text.get(begin..begin + end)
}

/// The pointer to the innermost level.
fn place(levels: &[Level<'_>]) -> String {
    let above = levels.split_last().map_or(levels, |(_, above)| above);
    let parts: Vec<String> = above
        .iter()
        .map(|level| match level {
            Level::Array(items) => items.to_string(),
            Level::Object(name) => {
                let name = name.unwrap_or_default();
                serde_json::from_str(&format!("\"{name}\"")).unwrap_or_else(|_| name.to_owned())
            }
        })
        .collect();
    pointer(parts.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(items: usize) -> String {
        format!("[{}]", vec!["0"; items].join(","))
    }

    fn found(text: &str) -> Option<String> {
        too_many(text).map(|error| error.field)
    }

    #[test]
    fn an_array_has_at_most_a_thousand_items() {
        let (full, crowded) = (array(1_000), array(1_001));
        let many_objects = format!("[{}]", vec![r#"{"a":1,"b":"x,y"}"#; 1_000].join(","));
        let many_members: Vec<String> = (0..2_000).map(|number| format!("\"m{number}\":[1,2]")).collect();
        for text in [
            &full,
            &many_objects,
            &format!("{{\"a\": {full}, \"b\": {full}}}"),
            &format!("{{{}}}", many_members.join(",")),
            &format!("{{\"a\": \"{crowded}\"}}"),
            &format!("{{\"a\": \"\\\\\\\"{crowded}\"}}"),
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        for (text, place) in [
            (crowded.clone(), ""),
            (format!("{{\"a\": {crowded}}}"), "/a"),
            (format!("{{\"x\": 1e400, \"\\ud800\": [\"\\udc00\"], \"a\": {crowded}}}"), "/a"),
            (
                format!("{{\"a\": {full}, \"b/c\": {{\"~\": [[], {{\"\\u0064\": {crowded}}}]}}}}"),
                "/b~1c/~0/1/d",
            ),
            (format!("{{\"\\\\\": [\"]\", {crowded}]}}"), "/\\/1"),
        ] {
            assert_eq!(found(&text).as_deref(), Some(place), "{text}");
        }
    }
}
