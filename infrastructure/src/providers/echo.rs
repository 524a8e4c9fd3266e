//! The built-in provider that repeats what it is asked: deterministic, without a key and without a network.

use application::ports::{ModelCall, ModelFailure, ModelProvider, ModelReply};
use domain::{Document, MicroUsd, TokenCount, Usage};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Answers with the prompt itself, or the whole input where there is none. A token is counted for every four
/// characters begun; nothing costs anything.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

#[async_trait::async_trait]
impl ModelProvider for Echo {
    async fn complete(&self, call: &ModelCall) -> Result<ModelReply, ModelFailure> {
        let input: Value = serde_json::from_str(call.input.as_str()).unwrap_or_default();
        let text = ["prompt", "text"]
            .iter()
            .find_map(|name| input.get(name).and_then(Value::as_str))
            .map_or_else(|| call.input.as_str().to_owned(), ToOwned::to_owned);
        let tokens = TokenCount::from(text.chars().count().div_ceil(4) as u64);
        let output = json!({ "provider": "echo", "model": call.kind.as_str(), "text": text });
        let output = RawValue::from_string(output.to_string()).unwrap_or_default();
        Ok(ModelReply {
            // An input near the size limit may not fit a second time beside the rest of the answer.
            output: Document::parse(output.get()).unwrap_or_default(),
            usage: Usage { input_tokens: tokens, output_tokens: tokens, cost_micro_usd: MicroUsd::default() },
        })
    }
}
