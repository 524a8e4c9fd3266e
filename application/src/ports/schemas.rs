/// JSON Schemas of agents.
pub trait Schemas: Send + Sync {
    /// Whether a text is a schema that can be used: draft 2020-12, without references to other places.
    fn check_schema(&self, schema: &str) -> Result<(), SchemaProblem>;

    /// Whether a JSON text fits a schema.
    fn validate(&self, schema: &str, instance: &str) -> Result<(), SchemaProblem>;
}

/// Why a schema, or what is held against it, is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The JSON pointer of the place.
    pub path: String,
    /// A clause for people.
    pub message: String,
}
