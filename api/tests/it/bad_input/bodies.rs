//! Bodies that do not fit.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::Case;
use crate::operations::{Field, Operation, Shape};
use crate::scene::Scene;
use crate::support::TestApp;

/// More than any single value may have, less than a whole body may.
const LONG: usize = 300 * 1024;
/// Stands for half of a surrogate pair, which Rust's strings cannot hold.
const HALF: &str = "<half a pair>";
const JSON: &str = "application/json";

/// One operation's requests with bodies that do not fit.
struct Maker<'a> {
    app: &'a TestApp,
    scene: &'a Scene,
    operation: &'a Operation,
    /// The body that would fit.
    sample: Map<String, Value>,
}

impl<'a> Maker<'a> {
    fn new(app: &'a TestApp, scene: &'a Scene, operation: &'a Operation) -> Self {
        let Value::Object(sample) = scene.body_for(operation) else { panic!("a sample is an object") };
        Self { app, scene, operation, sample }
    }

    /// The most bytes that a body of the operation may have.
    fn limit(&self) -> usize {
        match self.operation.path.strip_prefix("/api/v1/auth/") {
            Some("profile") | None => 1024 * 1024,
            Some(_) => 4 * 1024,
        }
    }

    fn sent(
        &self,
        what: &str,
        kind: &str,
        body: impl Into<Vec<u8>>,
        (status, code): (u16, &'static str),
    ) -> Case {
        let request =
            self.scene.request(self.app, self.operation).header(CONTENT_TYPE, kind).body(body.into());
        Case { what: format!("{}: {what}", self.operation.id), request, status, code, field: None }
    }

    /// With a text that is JSON, and wrong at one place.
    fn text(&self, what: &str, body: String, field: &str, code: &'static str) -> Case {
        if body.len() > self.limit() {
            return self.sent(what, JSON, body, (413, "too_large"));
        }
        let case = self.sent(what, JSON, body, (422, "validation_failed"));
        Case { field: Some((field.to_owned(), code)), ..case }
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut body = self.sample.clone();
        body.insert(name.to_owned(), value);
        Value::from(body).to_string().replace(HALF, "\\ud800")
    }

    fn without(&self, name: &str) -> String {
        let mut body = self.sample.clone();
        body.remove(name);
        Value::from(body).to_string()
    }
}

/// One field: absent, of every other type, too long, too large, with U+0000, given twice.
pub(super) fn of_field(app: &TestApp, scene: &Scene, operation: &Operation, field: &Field) -> Vec<Case> {
    let make = Maker::new(app, scene, operation);
    let (name, shape) = (field.name.as_str(), &field.shape);
    let pointer = format!("/{name}");
    let mut cases = vec![];
    if field.is_required {
        cases.push(make.text(&format!("{name} absent"), make.without(name), &pointer, "missing"));
    }
    for value in of_other_types(shape) {
        cases.push(make.text(&format!("{name}: {value}"), make.with(name, value), &pointer, "wrong_type"));
    }
    for (what, value, place, code) in of_that_type(shape) {
        let (what, pointer) = (format!("{name} {what}"), format!("{pointer}{place}"));
        cases.push(make.text(&what, make.with(name, value), &pointer, code));
    }
    let once = make.with(name, make.sample.get(name).cloned().unwrap_or_default());
    let value = &serde_json::from_str::<Value>(&once).unwrap()[name];
    let twice = format!("{},\"{name}\":{value}}}", &once[..once.len() - 1]);
    cases.push(make.text(&format!("{name} twice"), twice, &pointer, "duplicate"));
    cases
}

fn of_other_types(shape: &Shape) -> Vec<Value> {
    let kinds = [
        ("number", json!(7.5)),
        ("integer", json!(7)),
        ("string", json!("7")),
        ("boolean", json!(true)),
        ("array", json!([])),
        ("array", json!([7])),
        ("array", json!(vec![7; 16])),
        ("object", json!({})),
        ("object", json!({"a": 7})),
        ("null", Value::Null),
    ];
    let is_other = |kind: &str| !(shape.is(kind) || (kind == "integer" && shape.is("number")));
    let others = kinds.into_iter().filter(|(kind, _)| is_other(kind)).map(|(_, value)| value);
    // How serde would also take the variant of an enum.
    others.chain(shape.values.iter().map(|value| json!({ value: null }))).collect()
}

type Wrong = (&'static str, Value, &'static str, &'static str);

/// Of the right type, and wrong all the same: what, the value, where in it, and the code if it is certain.
fn of_that_type(shape: &Shape) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = vec![];
    if shape.is("string") {
        let is_plain =
            shape.format.as_deref().is_none_or(|format| format == "password") && shape.values.is_empty();
        let certain = |code| if is_plain { code } else { "" };
        let length = shape.max_length.map_or(LONG, |most| most * 10);
        wrong.push(("too long", "x".repeat(length).into(), "", certain("too_long")));
        wrong.push(("with U+0000", "a\0b-a\0b-a\0b".into(), "", certain("control_character")));
        wrong.push(("with half a pair", HALF.into(), "", ""));
        if !is_plain {
            wrong.push(("of another form", "no such thing".into(), "", ""));
        }
        if shape.min_length.is_some() {
            wrong.push(("empty", "".into(), "", ""));
        }
    }
    if shape.is("integer") {
        let beyond = [shape.minimum.map(|least| least - 1), shape.maximum.map(|most| most + 1)];
        wrong.extend(
            beyond.into_iter().flatten().map(|number| ("out of range", number.into(), "", "out_of_range")),
        );
        wrong.push(("beyond 64 bits", json!(1e300), "", ""));
    }
    if shape.is("array") {
        let many = shape.max_items.map_or(LONG, |most| most * 10);
        let is_of_ids = shape.item_format.as_deref() == Some("uuid");
        let item = |number: usize| {
            if is_of_ids { format!("00000000-0000-7000-8000-{number:012}") } else { number.to_string() }
        };
        wrong.push(("with too many", (0..many).map(item).collect(), "", ""));
        if shape.min_items.is_some() {
            wrong.push(("empty", json!([]), "", ""));
        }
        if let Some(value) = shape.item_values.first() {
            wrong.push(("with an item of another type", json!([value, 7]), "/1", "wrong_type"));
            wrong.push(("with an item as an object", json!([{ value: null }]), "/0", "wrong_type"));
            wrong.push(("with an unknown item", json!([value, value, "x"]), "/2", ""));
        } else if is_of_ids {
            wrong.push(("with an item of another type", json!([item(1), 7]), "/1", "wrong_type"));
            wrong.push(("with an item of another form", json!([item(1), "a"]), "/1", ""));
            wrong.push(("with an item twice", json!([item(1), item(2), item(1)]), "", "malformed"));
        } else {
            wrong.push(("with an item of another type", json!(["a", 7]), "/1", "wrong_type"));
            wrong.push(("with an item too long", json!(["a", "b", "x".repeat(LONG)]), "/2", "too_long"));
            wrong.push(("with U+0000 in an item", json!(["a\0b"]), "/0", "control_character"));
        }
    }
    if shape.is("object") {
        let deep = (0..40).fold(json!({}), |inner, _| json!({"a": inner}));
        wrong.push(("too long", json!({"a": "x".repeat(LONG)}), "", "too_long"));
        wrong.push(("too deep", deep, "", "too_deep"));
        let many = json!({"a": {"b~/c": [7, vec![0; 1_001]]}});
        wrong.push(("with too many items", many, "/a/b~0~1c/1", "too_many"));
        wrong.push(("with U+0000", json!({"a": ["\0"]}), "", "control_character"));
        wrong.push(("with U+0000 in a name", json!({"a": {"\0": 1}}), "", "control_character"));
        wrong.push(("with half a pair", json!({"a": HALF}), "", ""));
    }
    wrong
}

/// Members that the body has not.
pub(super) fn of_members(app: &TestApp, scene: &Scene, operation: &Operation) -> Vec<Case> {
    let make = Maker::new(app, scene, operation);
    [("no_such_field", "/no_such_field"), ("a/b~c", "/a~1b~0c"), ("tenant_id", "/tenant_id"), ("", "/")]
        .into_iter()
        .map(|(name, field)| {
            make.text(&format!("unknown {name:?}"), make.with(name, 7.into()), field, "unknown_field")
        })
        .collect()
}

/// What is not JSON, not sent as JSON, too large, or no object.
pub(super) fn of_form(app: &TestApp, scene: &Scene, operation: &Operation, is_required: bool) -> Vec<Case> {
    let make = Maker::new(app, scene, operation);
    let good = Value::from(make.sample.clone()).to_string();
    let malformed = (400, "malformed_json");
    let inner = &good[..good.len() - 1];
    let mut cases = vec![
        make.sent("truncated", JSON, inner, malformed),
        make.sent("with a comma too many", JSON, format!("{inner},}}"), malformed),
        make.sent("with something behind it", JSON, format!("{good} x"), malformed),
        make.sent("two of them", JSON, format!("{good}{good}"), malformed),
        make.sent("not JSON", JSON, "name=Acme", malformed),
        make.sent("not UTF-8", JSON, [b"{\"name\":\"\xff\"}".as_slice()].concat(), malformed),
        make.sent(
            "UTF-16",
            JSON,
            good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            malformed,
        ),
        make.sent("nothing but blanks", JSON, "  \n", malformed),
        make.sent("2 MB", JSON, good.clone() + &" ".repeat(2_000_000), (413, "too_large")),
    ];
    if is_required {
        cases.push(make.sent("empty", JSON, "", malformed));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=latin1",
        "json",
    ] {
        cases.push(make.sent(kind, kind, good.clone(), (415, "unsupported_media_type")));
    }
    for other in ["[]", "\"text\"", "7", "null", "true", &format!("[{good}]")] {
        cases.push(make.text(other, other.to_owned(), "", "wrong_type"));
    }
    cases
}
