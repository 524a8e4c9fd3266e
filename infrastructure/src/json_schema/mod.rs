//! JSON Schemas that tenants and other servers write: bounded in what they may cost, closed to the world.
//!
//! Drafts 6 to 2020-12 by their `$schema`, the last without one. References stay within the schema, patterns are
//! matched in linear time, and [`cost`] refuses what would take too long before anything is held against it.

mod cost;

use std::sync::Arc;

use application::ports::{SchemaProblem, Schemas};
use jsonschema::{PatternOptions, ValidationError, Validator};
use moka::sync::Cache;
use serde_json::Value;

/// The most bytes of a schema.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;
/// The most bytes of what is held against a schema.
const MAX_INSTANCE_BYTES: usize = 1024 * 1024;
/// The most levels of either.
const MAX_LEVELS: usize = 32;
/// The most bytes of one compiled pattern; a schema may have 64 patterns.
const MAX_PATTERN_BYTES: usize = 256 * 1024;
/// The most characters of a problem's message.
const MAX_MESSAGE: usize = 300;
/// Compiled schemas that are kept for the next use.
const KEPT: u64 = 512;

/// Checks schemas and what they describe. Cheap to clone; clones share what was compiled.
#[derive(Clone)]
pub struct JsonSchemas {
    compiled: Cache<String, Arc<Validator>>,
}

impl Default for JsonSchemas {
    fn default() -> Self {
        Self { compiled: Cache::new(KEPT) }
    }
}

impl Schemas for JsonSchemas {
    fn check_schema(&self, schema: &str) -> Result<(), SchemaProblem> {
        self.compiled(schema).map(drop)
    }

    fn validate(&self, schema: &str, instance: &str) -> Result<(), SchemaProblem> {
        let validator = self.compiled(schema)?;
        let instance = parse(instance, MAX_INSTANCE_BYTES)?;
        validator.validate(&instance).map_err(|error| problem(&error))
    }
}

impl JsonSchemas {
    fn compiled(&self, schema: &str) -> Result<Arc<Validator>, SchemaProblem> {
        if let Some(validator) = self.compiled.get(schema) {
            return Ok(validator);
        }
        let parsed = parse(schema, MAX_SCHEMA_BYTES)?;
        if !parsed.is_object() && !parsed.is_boolean() {
            return Err(at("", "must be a JSON Schema: an object, true or false"));
        }
        cost::check(&parsed, MAX_LEVELS)?;
        let patterns =
            PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES);
        let options = jsonschema::options().offline().with_pattern_options(patterns);
        let validator = Arc::new(options.build(&parsed).map_err(|error| problem(&error))?);
        self.compiled.insert(schema.to_owned(), validator.clone());
        Ok(validator)
    }
}

fn parse(text: &str, max_bytes: usize) -> Result<Value, SchemaProblem> {
    if text.len() > max_bytes {
        return Err(at("", format!("must be at most {max_bytes} bytes of JSON")));
    }
    let value = serde_json::from_str(text).map_err(|_| at("", "must be JSON"))?;
    if levels(&value) > MAX_LEVELS {
        return Err(at("", format!("must be at most {MAX_LEVELS} levels deep")));
    }
    Ok(value)
}

/// How deep a value nests. The parser takes 128 levels at most.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// What is wrong where, without the value itself: it may be long, and a secret.
fn problem(error: &ValidationError<'_>) -> SchemaProblem {
    at(error.instance_path().as_str(), error.masked().to_string())
}

fn at(path: &str, message: impl Into<String>) -> SchemaProblem {
    let mut message: String = message.into();
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    SchemaProblem { path: path.to_owned(), message }
}

#[cfg(test)]
mod tests;
