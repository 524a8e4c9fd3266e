//! The built-in provider that repeats what it is asked: deterministic, without a key and without a network.

use application::ports::{
    Live, Message, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote, StopReason,
};
use domain::agent::AgentKind;
use domain::{Document, MicroUsd, TenantId, TokenCount, Usage};

/// Answers with the last message. A token is counted for every four characters begun; nothing costs anything.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

#[async_trait::async_trait]
impl ModelProvider for Echo {
    async fn quote(&self, _: TenantId, _: &AgentKind, _: &Document) -> Quote {
        Quote {
            provider: "echo".to_owned(),
            model: "echo".to_owned(),
            input_per_million: MicroUsd::default(),
            output_per_million: MicroUsd::default(),
            table: "free",
        }
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        let text = match call.messages.last() {
            Some(
                Message::User(text) | Message::Assistant { text, .. } | Message::Tool { content: text, .. },
            ) => text.clone(),
            None => String::new(),
        };
        live.text(&text);
        let tokens = TokenCount::from(text.chars().count().div_ceil(4) as u64);
        Ok(ModelReply {
            text,
            calls: vec![],
            stop: StopReason::Done,
            usage: Usage { input_tokens: tokens, output_tokens: tokens, cost_micro_usd: MicroUsd::default() },
            provider: "echo".to_owned(),
            model: "echo".to_owned(),
        })
    }
}
