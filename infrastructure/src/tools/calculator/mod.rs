//! Exact arithmetic: fractions of whole numbers, so nothing is rounded before the end, and the answer says whether it is.

mod number;
mod parser;
#[cfg(test)]
mod tests;

use application::ports::{ToolFailure, ToolReply, ToolSpec};
use serde::Deserialize;

use super::answers::{said, went_wrong};
use super::failures::misread;

pub(super) const NAME: &str = "calculator";

const PARAMETERS: &str = r#"{
  "type": "object",
  "properties": {
    "expression": {
      "type": "string",
      "minLength": 1,
      "maxLength": 1000,
      "description": "Such as 2 * (3.5 + 1/3) ^ 2"
    }
  },
  "required": ["expression"],
  "additionalProperties": false
}"#;

const DESCRIPTION: &str = "Calculates exactly. Knows + - * / % ^, parentheses, and the functions abs, ceil, floor, \
     max, min, round(x, places) and sqrt. % is the remainder, with the sign of the left side; ^ takes whole exponents. \
     Answers with the result, with whether it is exact, and where a result cannot be written as a decimal number also \
     with the fraction.";

#[derive(Deserialize)]
struct Arguments {
    expression: String,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: PARAMETERS.to_owned(),
        has_side_effects: false,
    }
}

pub(super) fn call(arguments: &str) -> Result<ToolReply, ToolFailure> {
    let Arguments { expression } = serde_json::from_str(arguments).map_err(|error| misread(&error))?;
    Ok(match parser::evaluate(&expression) {
        Ok(value) => said(&value.shown()),
        Err(error) => went_wrong(error.to_string()),
    })
}
