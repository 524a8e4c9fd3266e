//! The built-in provider that plays what the agent's configuration says: replies, delays, tool calls and errors, the
//! same each time, without a key and without a network.
//!
//! `configuration.script` is a list; [`ModelCall::before`] says which of its lines is next:
//!
//! ```json
//! {"script": [
//!     {"tool_calls": [{"name": "calculator", "arguments": {"expression": "6*7"}}], "delay_ms": 20},
//!     {"error": {"class": "limited", "retry_after_ms": 100}},
//!     {"text": ["It is ", "42."], "pause_ms": 10, "usage": {"input_tokens": 12, "output_tokens": 4}}
//! ]}
//! ```

use std::time::Duration;

use application::ports::{
    FailureClass, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote, StopReason, ToolCall,
};
use domain::agent::AgentKind;
use domain::{Document, TenantId, TokenCount, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::failure::{failed, misconfigured};
use super::prices::Price;
use super::tokens::{estimate, estimate_messages};

/// Plays scripts. It costs what the configuration's `price` says, else nothing.
#[derive(Clone, Copy, Debug)]
pub struct Scripted;

/// What of a configuration this provider reads.
#[derive(Deserialize)]
pub(super) struct Play {
    script: Option<Vec<Line>>,
    price: Option<Price>,
}

/// What one call comes to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Milliseconds before anything is said.
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    text: Text,
    /// Milliseconds between the pieces of the text.
    #[serde(default)]
    pause_ms: u64,
    #[serde(default)]
    tool_calls: Vec<Asked>,
    /// Why it stops, where that is not told by the tool calls.
    stop: Option<Stop>,
    usage: Option<Consumed>,
    /// The call fails, once the text is said.
    error: Option<Failing>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Pieces(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: Option<String>,
    name: String,
    arguments: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stop {
    Done,
    Length,
    Filtered,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consumed {
    input_tokens: TokenCount,
    output_tokens: TokenCount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failing {
    class: Class,
    /// For how long the provider asks to be left alone, where the class has room for it.
    retry_after_ms: Option<u64>,
    code: Option<String>,
    message: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    NeverSent,
    Limited,
    Unavailable,
    Ambiguous,
    Refused,
    CircuitOpen,
}

impl Play {
    pub(super) fn read(configuration: &Document) -> Result<Self, ModelFailure> {
        serde_json::from_str(configuration.as_str())
            .map_err(|error| misconfigured(&format!("the script cannot be played: {error}")))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Pieces(vec![])
    }
}

impl Text {
    fn pieces(&self) -> &[String] {
        match self {
            Self::Whole(text) => std::slice::from_ref(text),
            Self::Pieces(pieces) => pieces,
        }
    }
}

impl Failing {
    fn class(&self) -> FailureClass {
        let wait = self.retry_after_ms.map(Duration::from_millis);
        match self.class {
            Class::NeverSent => FailureClass::NeverSent,
            Class::Limited => FailureClass::Limited(wait),
            Class::Unavailable => FailureClass::Unavailable,
            Class::Ambiguous => FailureClass::Ambiguous,
            Class::Refused => FailureClass::Refused,
            Class::CircuitOpen => FailureClass::CircuitOpen(wait.unwrap_or_default()),
        }
    }
}

impl Line {
    fn calls(&self) -> Vec<ToolCall> {
        let asked = self.tool_calls.iter().enumerate().map(|(nth, asked)| ToolCall {
            id: asked.id.clone().unwrap_or_else(|| format!("call_{}", nth + 1)),
            name: asked.name.clone(),
            arguments: asked.arguments.as_ref().map_or("{}", |raw| raw.get()).to_owned(),
        });
        asked.collect()
    }

    fn stop(&self) -> StopReason {
        match self.stop {
            None if self.tool_calls.is_empty() => StopReason::Done,
            None => StopReason::Tools,
            Some(Stop::Done) => StopReason::Done,
            Some(Stop::Length) => StopReason::Length,
            Some(Stop::Filtered) => StopReason::Filtered,
        }
    }

    /// What the call consumed: as told; else what was said, and for a reply what was sent too.
    fn usage(&self, quote: &Quote, call: &ModelCall, text: &str) -> Usage {
        let (input, output) = match (self.usage, &self.error) {
            (Some(told), _) => (told.input_tokens, told.output_tokens),
            (None, None) => (estimate_messages(call), estimate(text.chars().count())),
            (None, Some(_)) => Default::default(),
        };
        Usage { input_tokens: input, output_tokens: output, cost_micro_usd: quote.cost(input, output) }
    }
}

fn quote(play: Option<&Play>) -> Quote {
    play.and_then(|play| play.price).unwrap_or_default().quote("scripted", "scripted")
}

#[async_trait::async_trait]
impl ModelProvider for Scripted {
    async fn quote(&self, _: TenantId, _: &AgentKind, configuration: &Document) -> Quote {
        quote(serde_json::from_str(configuration.as_str()).ok().as_ref())
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        let play = Play::read(&call.configuration)?;
        let nth = usize::try_from(call.before).unwrap_or(usize::MAX);
        let script = play.script.as_deref().unwrap_or_default();
        let Some(next) = script.get(nth) else {
            let message = format!("the script has {} lines, and all were played", script.len());
            return Err(failed("provider.script_ended", &message, FailureClass::Refused));
        };
        tokio::time::sleep(Duration::from_millis(next.delay_ms)).await;
        let mut text = String::new();
        for (nth, piece) in next.text.pieces().iter().enumerate() {
            if nth > 0 {
                tokio::time::sleep(Duration::from_millis(next.pause_ms)).await;
            }
            live.text(piece);
            text.push_str(piece);
        }
        let quote = quote(Some(&play));
        let usage = next.usage(&quote, call, &text);
        if let Some(failing) = &next.error {
            let code = failing.code.as_deref().unwrap_or("provider.scripted");
            let message = failing.message.as_deref().unwrap_or("the script says so");
            return Err(ModelFailure { usage, ..failed(code, message, failing.class()) });
        }
        Ok(ModelReply {
            calls: next.calls(),
            stop: next.stop(),
            usage,
            provider: quote.provider,
            model: quote.model,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use application::ports::Message;
    use domain::{MicroUsd, TenantId};
    use uuid::Uuid;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Live for Heard {
        fn text(&self, piece: &str) {
            self.0.lock().unwrap().push(piece.to_owned());
        }
    }

    fn call(configuration: &str, before: u32) -> ModelCall {
        ModelCall {
            id: Uuid::nil(),
            tenant: TenantId(Uuid::nil()),
            kind: "scripted".parse().unwrap(),
            configuration: Document::parse(configuration).unwrap(),
            system: None,
            messages: vec![Message::User("What is 6*7?".to_owned())],
            tools: vec![],
            max_output_tokens: 100,
            before,
        }
    }

    const SCRIPT: &str = r#"{"script": [
        {"tool_calls": [{"name": "calculator", "arguments": {"expression":"6*7"}}, {"id": "x", "name": "current_time"}]},
        {"error": {"class": "limited", "retry_after_ms": 1500}, "usage": {"input_tokens": 7, "output_tokens": 0}},
        {"text": ["It is ", "42."], "delay_ms": 1, "pause_ms": 1},
        {"text": "cut", "stop": "length", "error": {"class": "ambiguous", "code": "provider.broke_off", "message": "gone"}}
    ], "price": {"input_micro_usd_per_million": 1000000, "output_micro_usd_per_million": 2500000}}"#;

    async fn play(before: u32) -> (Result<ModelReply, ModelFailure>, Vec<String>) {
        let heard = Heard::default();
        let answer = Scripted.complete(&call(SCRIPT, before), &heard).await;
        (answer, heard.0.into_inner().unwrap())
    }

    #[tokio::test]
    async fn the_line_that_is_next_is_played() {
        let (asked, heard) = play(0).await;
        let asked = asked.unwrap();
        let calls: Vec<_> =
            asked.calls.iter().map(|call| (&*call.id, &*call.name, &*call.arguments)).collect();
        assert_eq!(calls, [("call_1", "calculator", r#"{"expression":"6*7"}"#), ("x", "current_time", "{}")]);
        assert_eq!((asked.stop, heard.len()), (StopReason::Tools, 0));
        let failure = play(1).await.0.unwrap_err();
        assert_eq!(failure.class, FailureClass::Limited(Some(Duration::from_millis(1500))));
        assert_eq!((&*failure.failure.code, failure.usage.input_tokens.get()), ("provider.scripted", 7));
        let (said, heard) = play(2).await;
        let said = said.unwrap();
        assert_eq!((said.text.as_str(), said.stop, heard.len()), ("It is 42.", StopReason::Done, 2));
        let (failure, heard) = play(3).await;
        let failure = failure.unwrap_err();
        assert_eq!((&*failure.failure.code, failure.class), ("provider.broke_off", FailureClass::Ambiguous));
        assert_eq!(heard, ["cut"]);
        let failure = play(4).await.0.unwrap_err();
        assert_eq!((&*failure.failure.code, failure.class), ("provider.script_ended", FailureClass::Refused));
    }

    #[tokio::test]
    async fn a_reply_costs_what_the_configuration_says() {
        let usage = play(2).await.0.unwrap().usage;
        // 12 characters were sent and 9 said: 3 and 3 tokens at 1 and 2.5 millionths of a dollar.
        assert_eq!((usage.input_tokens.get(), usage.output_tokens.get()), (3, 3));
        assert_eq!(usage.cost_micro_usd, MicroUsd::from(11));
    }

    #[tokio::test]
    async fn a_script_that_cannot_be_read_says_why() {
        let failure = Scripted.complete(&call(r#"{"script": [{"txt": "x"}]}"#, 0), &Heard::default()).await;
        let failure = failure.unwrap_err();
        assert_eq!((&*failure.failure.code, failure.class), ("agent.misconfigured", FailureClass::Refused));
        assert!(failure.failure.message.as_str().contains("unknown field `txt`"), "{failure:?}");
    }
}
