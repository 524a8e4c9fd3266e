//! One attempt: the model call, its time limit and what may stop it.

use std::time::Duration;

use domain::agent::Profile;
use domain::task::{Failure, Work};
use domain::text::Reason;
use domain::{Document, Usage};
use futures::future::{Either, select};

use crate::App;
use crate::ports::{Claimed, FailureClass, Live, Message, ModelCall, ModelFailure, ModelReply};

use super::stop::{Stop, StopCause, stopped};

/// How an attempt ended.
pub(super) enum Outcome {
    Replied(ModelReply),
    Failed(ModelFailure),
    /// The worker ends: the next attempt may begin at once.
    HandedBack,
    /// The task was cancelled, or another worker has it: nothing may be recorded.
    LeaseLost,
}

impl App {
    /// Calls the model until it answers, its time is up, or something stops it.
    pub(super) async fn attempt(
        &self,
        claimed: &Claimed,
        agent: &Profile,
        work: &Work,
        stop: &mut Stop,
    ) -> Outcome {
        let call = ModelCall {
            id: self.ids.fresh(),
            tenant: claimed.tenant,
            kind: agent.kind.clone(),
            configuration: agent.configuration.clone(),
            system: None,
            messages: vec![Message::User(prompt(&work.input))],
            tools: vec![],
            max_output_tokens: 4_096,
            before: 0,
        };
        let limit = Duration::from_secs(u64::from(work.timeout.get()));
        let answer = self.models.complete(&call, &Unheard);
        let end = std::pin::pin!(stopped(stop));
        match select(answer, select(self.clock.sleep(limit), end)).await {
            Either::Left((Ok(reply), _)) => Outcome::Replied(reply),
            Either::Left((Err(failure), _)) => Outcome::Failed(failure),
            Either::Right((Either::Left(_), _)) => {
                let message = format!("no answer within {} s", limit.as_secs());
                Outcome::Failed(cut_short("task.timeout", &message))
            }
            Either::Right((Either::Right((cause, _)), _)) => match cause {
                StopCause::LeaseLost => Outcome::LeaseLost,
                StopCause::Suspended => {
                    Outcome::Failed(cut_short("tenant.suspended", "the organisation was suspended"))
                }
                StopCause::Shutdown => Outcome::HandedBack,
            },
        }
    }
}

/// The end of a call that was not let finish; another attempt makes sense.
fn cut_short(code: &str, message: &str) -> ModelFailure {
    let failure = Failure { code: code.to_owned(), message: Reason::from_lossy(message) };
    ModelFailure { failure, usage: Usage::default(), class: FailureClass::Ambiguous }
}

struct Unheard;

impl Live for Unheard {
    fn text(&self, _: &str) {}
}

/// The prompt in a task's input: its `prompt` or `text`, else all of it.
fn prompt(input: &Document) -> String {
    let parsed: serde_json::Value = serde_json::from_str(input.as_str()).unwrap_or_default();
    let named = ["prompt", "text"].iter().find_map(|name| parsed.get(name)?.as_str().map(ToOwned::to_owned));
    named.unwrap_or_else(|| input.as_str().to_owned())
}

/// What a model said, as the result of its task.
pub(super) fn output(reply: &ModelReply) -> Document {
    let output = serde_json::json!({ "provider": reply.provider, "model": reply.model, "text": reply.text });
    // An answer near the size limit may not fit beside the rest.
    Document::parse(&output.to_string()).unwrap_or_default()
}
