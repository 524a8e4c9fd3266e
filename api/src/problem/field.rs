use std::fmt::Display;

use serde::Serialize;
use utoipa::ToSchema;

/// A field that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"field": "/name", "code": "too_long", "message": "must be at most 120 characters"}))]
pub(crate) struct FieldError {
    /// A JSON pointer (RFC 6901) into the body, empty for the body itself; `/name` for a query parameter.
    pub(crate) field: String,
    /// What does not fit, for programs: `missing`, `unknown_field`, `wrong_type`, `too_long` and the like.
    pub(crate) code: String,
    /// The same for people; reads on after the field's name.
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn new(field: &str, code: &str, message: &str) -> Self {
        Self { field: field.to_owned(), code: code.to_owned(), message: message.to_owned() }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(&pointer([name]), "missing", "must be given")
    }

    /// Reads code and message out of an error text of serde or of a type of ours (`code: message`).
    pub(crate) fn read(field: &str, error: &impl Display) -> Self {
        let text = error.to_string();
        let text = without_place(&text);
        let (code, message) = interpret(text);
        Self::new(field, code, &message)
    }
}

/// A JSON pointer (RFC 6901) from its unescaped parts.
pub(crate) fn pointer<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts
        .into_iter()
        .fold(String::new(), |path, part| path + "/" + &part.replace('~', "~0").replace('/', "~1"))
}

/// serde_json ends its texts with ` at line 1 column 5`, which says nothing about a single value.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ")
        .filter(|(_, place)| place.bytes().all(|b| b.is_ascii_digit() || b" column".contains(&b)))
        .map_or(text, |(text, _)| text)
}

fn interpret(text: &str) -> (&str, String) {
    let is_code = |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if let Some((code, message)) = text.split_once(": ").filter(|(code, _)| is_code(code)) {
        return (code, message.to_owned());
    }
    // The forms of serde 1.0's `de::Error` constructors.
    if text.starts_with("unknown field") {
        return ("unknown_field", "is not known here".to_owned());
    }
    if text.starts_with("missing field") {
        return ("missing", "must be given".to_owned());
    }
    if text.starts_with("duplicate field") {
        return ("duplicate", "must be given only once".to_owned());
    }
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| expected);
    if text.starts_with("unknown variant") {
        return ("unknown_value", format!("must be {}", expected.unwrap_or("another value")));
    }
    if text.starts_with("invalid type") {
        return ("wrong_type", format!("must be {}", in_words(expected.unwrap_or_default())));
    }
    if text.starts_with("invalid value") || text.starts_with("number out of range") {
        return ("out_of_range", "is out of range".to_owned());
    }
    if text.starts_with("UUID parsing failed") {
        return ("malformed", "must be a UUID".to_owned());
    }
    ("malformed", "cannot be read".to_owned())
}

/// What serde calls Rust's types, in JSON's words.
fn in_words(expected: &str) -> &str {
    match expected {
        "a borrowed string" | "string" | "str" => "a string",
        "i64" | "u64" | "i32" | "u32" | "an integer" => "an integer",
        "a sequence" => "an array",
        "a map" => "an object",
        "a formatted UUID string" => "a UUID",
        expected if expected.starts_with("struct ") => "an object",
        "" => "of another type",
        expected => expected,
    }
}
