//! What is checked when an agent is set up or given a task, so that a mistake is told then and not when it runs.
//!
//! A configuration is the user's own document: members that the platform does not know are kept and passed over. Those
//! that it does know must have their form, and within them nothing unknown is taken, as that is a misspelling.

mod shape;

use domain::Document;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::AppError;
use crate::ports::Schemas;
use crate::{App, execution};

use shape::{Shape, Unfit, check_known};

/// What of a configuration the platform reads: how the agent is run, its model, its tools.
const CONFIGURATION: &[(&str, Shape)] = &[
    ("system_prompt", Shape::Text(100_000)),
    ("max_output_tokens", Shape::Whole(1, 1_000_000)),
    ("max_steps", Shape::Whole(1, 500)),
    ("max_tokens", Shape::Whole(1, 4_294_967_295)),
    ("max_cost_usd", Shape::Amount),
    ("max_concurrency", Shape::Whole(1, 10_000)),
    ("timeout_seconds", Shape::Whole(1, 86_400)),
    ("input_schema", Shape::Schema),
    ("output_schema", Shape::Schema),
    ("approval", APPROVAL),
    ("on_ambiguous", Shape::OneOf(&["fail", "retry"])),
    ("provider", Shape::Text(64)),
    ("model", Shape::Text(200)),
    ("temperature", Shape::UpTo(2)),
    ("base_url", Shape::Url),
    ("endpoint", Shape::Url),
    ("price", PRICE),
    ("script", Shape::List(1_000, &LINE)),
    ("http_request", HTTP_REQUEST),
    ("mcp_servers", Shape::List(8, &MCP_SERVER)),
];

const APPROVAL: Shape = Shape::Record(
    &[
        ("tools", Shape::List(100, &Shape::Text(200))),
        ("timeout_seconds", Shape::Whole(1, 2_592_000)),
        ("on_timeout", Shape::OneOf(&["fail", "deny"])),
    ],
    &[],
);

const MOST_MICRO_USD: u64 = (1 << 53) - 1;

const PRICE: Shape = Shape::Record(
    &[
        ("input_micro_usd_per_million", Shape::Whole(0, MOST_MICRO_USD)),
        ("output_micro_usd_per_million", Shape::Whole(0, MOST_MICRO_USD)),
    ],
    &["input_micro_usd_per_million", "output_micro_usd_per_million"],
);

const LINE: Shape = Shape::Record(
    &[
        ("delay_ms", Shape::Whole(0, 86_400_000)),
        ("text", Shape::Any),
        ("pause_ms", Shape::Whole(0, 86_400_000)),
        ("tool_calls", Shape::List(100, &TOOL_CALL)),
        ("stop", Shape::OneOf(&["done", "length", "filtered"])),
        ("usage", Shape::Any),
        ("error", Shape::Any),
    ],
    &[],
);

const TOOL_CALL: Shape = Shape::Record(
    &[("id", Shape::Text(200)), ("name", Shape::Text(200)), ("arguments", Shape::Any)],
    &["name"],
);

const HTTP_REQUEST: Shape = Shape::Record(
    &[
        ("methods", Shape::List(6, &Shape::OneOf(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]))),
        ("hosts", Shape::List(100, &Shape::Text(253))),
    ],
    &[],
);

const MCP_SERVER: Shape = Shape::Record(
    &[
        ("name", Shape::Text(24)),
        ("url", Shape::Url),
        ("headers", Shape::Texts(20)),
        ("provider_key", Shape::Text(64)),
    ],
    &["name", "url"],
);

impl App {
    /// Whether an agent can be set up so. The table names the place of a mistake; that everyone who will read the
    /// configuration can read it is asked of themselves, so that what is taken here runs.
    pub(crate) fn check_configuration(&self, configuration: &Document) -> Result<(), AppError> {
        check_by_table(configuration, self.schemas.as_ref())?;
        execution::read(configuration)
            .and_then(|()| self.models.read(configuration))
            .and_then(|()| self.tools.read(configuration))
            .map_err(|message| Unfit { path: String::new(), code: "malformed", message })
            .map_err(|problem| problem.below("configuration").into())
    }
}

fn check_by_table(configuration: &Document, schemas: &dyn Schemas) -> Result<(), AppError> {
    let parsed: Value = serde_json::from_str(configuration.as_str()).unwrap_or_default();
    check_known(&parsed, CONFIGURATION, schemas).map_err(|problem| problem.below("configuration").into())
}

/// Whether a task's input is what its agent takes.
pub(crate) fn check_input(
    configuration: &Document,
    input: &Document,
    schemas: &dyn Schemas,
) -> Result<(), AppError> {
    #[derive(Deserialize)]
    struct Taken {
        input_schema: Option<Box<RawValue>>,
    }
    let taken: Option<Taken> = serde_json::from_str(configuration.as_str()).ok();
    let Some(schema) = taken.and_then(|taken| taken.input_schema) else {
        return Ok(());
    };
    schemas.validate(schema.get(), input.as_str()).map_err(|problem| {
        let unfit = Unfit { path: problem.path, code: "schema", message: problem.message };
        unfit.below("input_data").into()
    })
}

impl From<Unfit> for AppError {
    fn from(Unfit { path, code, message }: Unfit) -> Self {
        Self::Unfit { field: path, code, message }
    }
}

#[cfg(test)]
mod tests {
    use crate::ports::SchemaProblem;

    use super::*;

    /// Takes every schema but `false`, and every instance but one with a member `wrong`.
    struct Few;

    impl Schemas for Few {
        fn check_schema(&self, schema: &str) -> Result<(), SchemaProblem> {
            if schema == "false" { Err(at("/type")) } else { Ok(()) }
        }

        fn validate(&self, _: &str, instance: &str) -> Result<(), SchemaProblem> {
            if instance.contains("wrong") { Err(at("/a/0")) } else { Ok(()) }
        }
    }

    fn at(path: &str) -> SchemaProblem {
        SchemaProblem { path: path.to_owned(), message: "does not fit".to_owned() }
    }

    fn document(text: &str) -> Document {
        Document::parse(text).unwrap()
    }

    fn field(result: Result<(), AppError>) -> (String, &'static str) {
        match result {
            Err(AppError::Unfit { field, code, .. }) => (field, code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_platform_knows_must_have_its_form_and_is_named_where_it_has_not() {
        for (configuration, path, code) in [
            (r#"{"temperature": "hot"}"#, "/temperature", "wrong_type"),
            (r#"{"temperature": 2.5}"#, "/temperature", "out_of_range"),
            (r#"{"max_steps": 0}"#, "/max_steps", "out_of_range"),
            (r#"{"max_tokens": -1}"#, "/max_tokens", "wrong_type"),
            (r#"{"max_cost_usd": "much"}"#, "/max_cost_usd", "malformed"),
            (r#"{"max_cost_usd": -3}"#, "/max_cost_usd", "malformed"),
            (r#"{"endpoint": "ftp://x"}"#, "/endpoint", "malformed"),
            (r#"{"approval": {"tools": ["a", 7]}}"#, "/approval/tools/1", "wrong_type"),
            (r#"{"approval": {"on_timeout": "shrug"}}"#, "/approval/on_timeout", "malformed"),
            (r#"{"approval": {"tool/s": []}}"#, "/approval/tool~1s", "unknown_field"),
            (r#"{"mcp_servers": [{"name": "files"}]}"#, "/mcp_servers/0/url", "missing"),
            (r#"{"http_request": {"methods": ["get"]}}"#, "/http_request/methods/0", "malformed"),
            (r#"{"output_schema": false}"#, "/output_schema/type", "schema"),
            (r#"{"script": [{"says": "hi"}]}"#, "/script/0/says", "unknown_field"),
            (
                r#"{"price": {"input_micro_usd_per_million": 1}}"#,
                "/price/output_micro_usd_per_million",
                "missing",
            ),
        ] {
            let told = field(check_by_table(&document(configuration), &Few));
            assert_eq!(told, (format!("/configuration{path}"), code), "{configuration}");
        }
    }

    #[test]
    fn what_the_platform_does_not_know_is_the_users_own() {
        let all = r#"{
            "team": {"any": ["thing"]}, "tools": ["a"], "model": null, "system_prompt": "Sort.", "temperature": 0.2, "max_tokens": 2048,
            "max_cost_usd": 0.1234567, "max_concurrency": 2, "endpoint": "https://a.example/x",
            "approval": {"tools": ["*"], "timeout_seconds": 60, "on_timeout": "deny"}, "on_ambiguous": "fail",
            "input_schema": {"type": "object"}, "http_request": {"methods": ["GET"], "hosts": ["a.example"]},
            "mcp_servers": [{"name": "files", "url": "https://mcp.example", "headers": {"x-a": "b"}}],
            "script": [{"text": ["a", "b"], "tool_calls": [{"name": "calculator", "arguments": {}}]}]
        }"#;
        assert_eq!(check_by_table(&document(all), &Few), Ok(()));
        assert_eq!(check_by_table(&Document::default(), &Few), Ok(()));
    }

    #[test]
    fn an_input_is_held_against_the_schema_of_its_agent() {
        let (with, without) = (document(r#"{"input_schema": {"type": "object"}}"#), Document::default());
        let (right, wrong) = (document(r#"{"a": ["right"]}"#), document(r#"{"a": ["wrong"]}"#));
        assert_eq!(check_input(&with, &right, &Few), Ok(()));
        assert_eq!(field(check_input(&with, &wrong, &Few)), ("/input_data/a/0".to_owned(), "schema"));
        assert_eq!(check_input(&without, &wrong, &Few), Ok(()));
    }
}
