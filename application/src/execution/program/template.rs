//! Texts with places for what was said before: `{{weather.response.status}}`.

use serde_json::{Map, Value};

use super::super::halt::Halt;

/// A text with every `{{path}}` filled in: a text as it is, anything else as JSON.
pub(super) fn render(template: &str, known: &Map<String, Value>) -> Result<String, Halt> {
    let mut rendered = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, after)) = after.split_once("}}") else {
            break;
        };
        rendered.push_str(before);
        match find(path.trim(), known)? {
            Value::String(text) => rendered.push_str(text),
            other => rendered.push_str(&other.to_string()),
        }
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

/// A value with the texts in it filled in. A text that is nothing but one place becomes the value itself.
pub(super) fn render_all(value: &Value, known: &Map<String, Value>) -> Result<Value, Halt> {
    Ok(match value {
        Value::String(text) => match only_place(text) {
            Some(path) => find(path, known)?.clone(),
            None => render(text, known)?.into(),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| render_all(item, known)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let rendered = members.iter().map(|(name, value)| Ok((name.clone(), render_all(value, known)?)));
            Value::Object(rendered.collect::<Result<_, Halt>>()?)
        }
        other => other.clone(),
    })
}

fn only_place(text: &str) -> Option<&str> {
    let path = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!path.contains("{{")).then(|| path.trim())
}

fn find<'v>(path: &str, known: &'v Map<String, Value>) -> Result<&'v Value, Halt> {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|name| known.get(name));
    let found = parts.fold(first, |value, name| match value? {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    });
    found.ok_or_else(|| {
        Halt::final_failure("workflow.unresolved", &format!("nothing is known by the name of {path}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Map<String, Value> {
        json!({"a": {"b": [1, {"c": "x"}]}, "t": "text"}).as_object().unwrap().clone()
    }

    #[test]
    fn places_are_filled_with_what_their_path_leads_to() {
        let rendered = |template| render(template, &known()).ok();
        assert_eq!(rendered("{{t}} {{ a.b.0 }} {{a.b.1}}").as_deref(), Some("text 1 {\"c\":\"x\"}"));
        assert_eq!(rendered("no {places} {{ here").as_deref(), Some("no {places} {{ here"));
        assert_eq!(rendered("{{gone}}"), None);
        assert_eq!(rendered("{{a.b.7}}"), None);
    }

    #[test]
    fn a_text_that_is_one_place_becomes_the_value() {
        let rendered = render_all(&json!({"n": "{{a.b.0}}", "l": ["{{t}}!"], "k": 1}), &known()).unwrap();
        assert_eq!(rendered, json!({"n": 1, "l": ["text!"], "k": 1}));
    }
}
