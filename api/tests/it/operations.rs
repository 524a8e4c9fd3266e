//! What the OpenAPI document says of each operation, for tests that go through all of them.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;

/// The document of this build.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(api::openapi()).expect("the document serialises"));

/// One operation of the document.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// With `{id}` where an id belongs.
    pub(crate) path: String,
    /// Whether it asks for a signed-in caller.
    pub(crate) asks_for_caller: bool,
    /// Its parameters, each as the document has it.
    pub(crate) parameters: Vec<Value>,
    /// Its JSON body, if it takes one.
    pub(crate) body: Option<Body>,
}

/// A JSON body.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) is_required: bool,
    pub(crate) fields: Vec<Field>,
}

/// A member of a body.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) is_required: bool,
    pub(crate) shape: Shape,
}

/// What a value may be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// JSON types: `string`, `integer`, `null` and so on.
    pub(crate) types: Vec<String>,
    pub(crate) format: Option<String>,
    /// The only values, if they are listed.
    pub(crate) values: Vec<String>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) min_items: Option<usize>,
    pub(crate) max_items: Option<usize>,
    /// Of an array: the form of its items.
    pub(crate) item_format: Option<String>,
    /// Of an array: the only values of its items, if they are listed.
    pub(crate) item_values: Vec<String>,
    pub(crate) minimum: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

impl Operation {
    pub(crate) fn has_id(&self) -> bool {
        self.path.contains('{')
    }

    pub(crate) fn with_id(&self, id: &str) -> String {
        self.path.replace("{id}", id).replace("{provider}", id)
    }

    pub(crate) fn takes(&self, place: &str, name: &str) -> bool {
        self.parameters.iter().any(|one| one["in"] == place && one["name"] == name)
    }

    /// Names and shapes of its query parameters.
    pub(crate) fn query(&self) -> Vec<(String, Shape)> {
        let own = self.parameters.iter().filter(|one| one["in"] == "query");
        own.map(|one| (text(&one["name"]), Shape::of(&one["schema"]))).collect()
    }
}

impl Shape {
    fn of(schema: &Value) -> Self {
        let schema = resolved(schema);
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let mut all = Self::default();
            for choice in choices.iter().map(Self::of) {
                let types = [all.types.clone(), choice.types.clone()].concat();
                all = if choice.types == ["null"] { all } else { choice };
                all.types = types;
            }
            return all;
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().map(text).collect(),
            kind => vec![text(kind)],
        };
        let number = |name: &str| schema[name].as_u64().and_then(|number| usize::try_from(number).ok());
        Self {
            types,
            format: schema["format"].as_str().map(str::to_owned),
            values: schema["enum"].as_array().into_iter().flatten().map(text).collect(),
            min_length: number("minLength"),
            max_length: number("maxLength"),
            min_items: number("minItems"),
            max_items: number("maxItems"),
            item_format: resolved(&schema["items"])["format"].as_str().map(str::to_owned),
            item_values: resolved(&schema["items"])["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
            minimum: schema["minimum"].as_i64(),
            maximum: schema["maximum"].as_i64(),
        }
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.types.iter().any(|one| one == kind)
    }
}

/// Every operation of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().expect("operations").iter();
            operations.map(move |(method, operation)| read(path, method, operation))
        })
        .collect()
}

/// Every operation that takes a JSON body, with it.
pub(crate) fn operations_with_body() -> Vec<(Operation, Body)> {
    let bodies = operations().into_iter().filter_map(|one| one.body.clone().map(|body| (one, body)));
    bodies.collect()
}

fn read(path: &str, method: &str, operation: &Value) -> Operation {
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_ascii_uppercase().parse().expect("a method"),
        path: path.to_owned(),
        asks_for_caller: operation["security"].is_array(),
        parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
        body: operation.get("requestBody").map(body),
    }
}

fn body(of: &Value) -> Body {
    let content = of["content"].as_object().expect("content");
    assert_eq!(content.keys().collect::<Vec<_>>(), ["application/json"], "a body of another type");
    let schema = resolved(&content["application/json"]["schema"]);
    let choices = schema["oneOf"].as_array();
    let schema = choices.map_or(schema, |choices| resolved(&choices[0]));
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let fields = schema["properties"].as_object().expect("a body with members").iter();
    Body {
        is_required: of["required"] == true,
        fields: fields
            .map(|(name, schema)| Field {
                name: name.clone(),
                is_required: required.contains(&Value::from(name.as_str())),
                shape: Shape::of(schema),
            })
            .collect(),
    }
}

fn resolved(schema: &Value) -> &Value {
    schema["$ref"].as_str().map_or(schema, |to| {
        let schema = DOCUMENT.pointer(to.trim_start_matches('#')).expect("a reference that leads somewhere");
        resolved(schema)
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
