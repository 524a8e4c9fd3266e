//! Steps that call models and tools.

use std::time::Duration;

use domain::MicroUsd;
use domain::task::{Answer, Question, StepKind, Verdict};

use crate::commit::Content;
use crate::ports::{DraftedCall, ModelCall, ModelReply, ToolCall, ToolFailure, ToolReply, ToolSpec, ToolUse};

use super::halt::{Halt, failure};
use super::record;
use super::recorder::{Beginning, Recorder, ambiguous};
use super::steps::{Ask, OnFailure, Steps, Tooling, not_granted, unreadable_arguments};

#[async_trait::async_trait]
impl Steps for Recorder<'_, '_> {
    async fn model(&mut self, ask: Ask<'_>) -> Result<ModelReply, Halt> {
        let tools = match ask.tools {
            Tooling::Offered => self.offered().await?.to_vec(),
            Tooling::Withheld => vec![],
        };
        let max_output = self.setup.rules.max_output(self.used)?;
        let request = record::model_request(self.setup, ask.system, ask.messages, &tools, max_output)?;
        if let Some(done) = self.take_over(StepKind::Model, &request)? {
            return record::read_model_reply(self.past.content(done.reply)?);
        }
        self.setup.rules.admit_step(self.place + 1)?;
        let tenant = self.ledger.claimed.tenant;
        let quote = self.app.models.quote(tenant, &self.setup.kind, &self.setup.configuration).await;
        // No text has more tokens than bytes, so this is the most that the call can cost.
        let most_sent = u64::try_from(request.bytes.len()).unwrap_or(u64::MAX);
        let reserved = quote.cost(most_sent.into(), u64::from(max_output).into());
        self.setup.rules.admit_cost(self.used, reserved)?;
        let call = ModelCall {
            id: self.app.ids.fresh(),
            tenant: self.ledger.claimed.tenant,
            kind: self.setup.kind.clone(),
            configuration: self.setup.configuration.clone(),
            system: ask.system.map(ToOwned::to_owned),
            messages: ask.messages.to_vec(),
            tools,
            max_output_tokens: max_output,
            before: self.model_calls(),
        };
        // Before the step is recorded: whoever watches asks for the draft as soon as it is.
        let claimed = self.ledger.claimed;
        let drafted = DraftedCall { tenant: claimed.tenant, task: claimed.task, call: call.id };
        let draft = self.app.drafts.open(drafted);
        self.begin_step(Beginning {
            kind: StepKind::Model,
            name: quote.model,
            provider: quote.provider,
            call: call.id,
            request,
            reserved,
            price_table: quote.table.to_owned(),
            has_side_effects: false,
        })
        .await?;
        let app = self.app;
        match self.outside(app.models.complete(&call, &*draft)).await? {
            Ok(reply) => {
                let kept = record::model_reply(&reply);
                self.keep_or_fail(kept, reply.usage)?;
                Ok(reply)
            }
            Err(failed) => {
                self.end_step(Err(failed.failure.clone()), failed.usage)?;
                Err(Halt::of_model(failed, self.setup.rules.retries_ambiguous_model()))
            }
        }
    }

    async fn tool(&mut self, call: &ToolCall, on_failure: OnFailure) -> Result<ToolReply, Halt> {
        let Some(request) = record::tool_request(&call.name, &call.arguments) else {
            return unreadable_arguments(on_failure);
        };
        let request = request?;
        // A call of a tool that the agent has not leaves no step, so it takes none over either.
        if !self.past.holds(self.place + 1, StepKind::Tool, request.hash) {
            self.offered().await?;
            if self.offers(&call.name).is_none() {
                return not_granted(on_failure, &call.name);
            }
        }
        if let Some(done) = self.take_over(StepKind::Tool, &request)? {
            return record::read_tool_reply(self.past.content(done.reply)?);
        }
        let Some(spec) = self.offers(&call.name).cloned() else {
            return not_granted(on_failure, &call.name);
        };
        self.setup.rules.admit_step(self.place + 1)?;
        let refused = match self.approval(&spec, &request)? {
            Approval::NotNeeded | Approval::Given => None,
            Approval::Refused(answer) => Some(answer),
        };
        let id = self.app.ids.fresh();
        self.begin_step(Beginning {
            kind: StepKind::Tool,
            name: spec.name.clone(),
            provider: String::new(),
            call: id,
            request,
            reserved: MicroUsd::default(),
            price_table: String::new(),
            has_side_effects: spec.has_side_effects && refused.is_none(),
        })
        .await?;
        if let Some(answer) = refused {
            return self.denied(&answer, on_failure);
        }
        let (app, grant) = (self.app, self.grant.clone());
        let used = ToolUse { id, name: spec.name.clone(), arguments: call.arguments.clone() };
        match self.outside(app.tools.call(&grant, &used)).await? {
            Ok(reply) => self.told(reply),
            Err(failed) => self.tool_failed(&spec, failed, on_failure),
        }
    }

    async fn delay(&mut self, seconds: u32) -> Result<(), Halt> {
        let request = record::delay(seconds)?;
        if self.take_over(StepKind::Delay, &request)?.is_some() {
            return Ok(());
        }
        self.setup.rules.admit_step(self.place + 1)?;
        self.begin_step(Beginning {
            kind: StepKind::Delay,
            name: "delay".to_owned(),
            provider: String::new(),
            call: self.app.ids.fresh(),
            request,
            reserved: MicroUsd::default(),
            price_table: String::new(),
            has_side_effects: false,
        })
        .await?;
        let (app, wait) = (self.app, Duration::from_secs(u64::from(seconds)));
        if wait <= WAITED_FOR_HERE {
            self.outside(app.clock.sleep(wait)).await?;
            return self.end_step(Ok(record::waited()?), domain::Usage::default());
        }
        // What is left of the step is to wait, which the queue does: it ends with the commit that gives the task back.
        self.end_step(Ok(record::waited()?), domain::Usage::default())?;
        Err(Halt::Waits(app.clock.now() + wait))
    }
}

/// A worker is kept for a wait of this length at most.
const WAITED_FOR_HERE: Duration = Duration::from_secs(5);

/// What a person says of a call.
enum Approval {
    NotNeeded,
    Given,
    Refused(Answer),
}

impl Recorder<'_, '_> {
    /// The tools of the agent, asked for once in an attempt.
    async fn offered(&mut self) -> Result<&[ToolSpec], Halt> {
        if self.tools.is_none() {
            let (app, grant) = (self.app, self.grant.clone());
            let offered = self.outside(app.tools.offered(&grant)).await?;
            self.tools = Some(offered.map_err(|failed| tool_halt(&failed))?);
        }
        Ok(self.tools.as_deref().unwrap_or_default())
    }

    /// The tool of that name, among those that were asked for.
    fn offers(&self, name: &str) -> Option<&ToolSpec> {
        self.tools.iter().flatten().find(|spec| spec.name == name)
    }

    /// Whether a call may be made. Where nobody has answered yet, the attempt ends with the question.
    fn approval(&self, spec: &ToolSpec, request: &Content) -> Result<Approval, Halt> {
        if !self.setup.rules.needs_approval(&spec.name) {
            return Ok(Approval::NotNeeded);
        }
        let step = self.place + 1;
        let answers =
            self.ledger.task().present().map(|(work, _)| work.answers.as_slice()).unwrap_or_default();
        let answer = answers.iter().find(|answer| answer.step == step && answer.shown == request.hash);
        match answer {
            Some(answer) if answer.verdict == Verdict::Approved => Ok(Approval::Given),
            Some(answer) => Ok(Approval::Refused(answer.clone())),
            None => {
                let rules = self.setup.rules.approval();
                let wait = chrono::TimeDelta::seconds(i64::from(rules.timeout_seconds));
                let question = Question {
                    approval_id: self.app.ids.fresh(),
                    step,
                    tool: spec.name.clone(),
                    shown: request.hash,
                    expires_at: self.app.clock.now() + wait,
                    on_timeout: rules.on_timeout,
                };
                Err(Halt::Asks(Box::new((question, request.clone()))))
            }
        }
    }

    /// Ends the open step with what a tool answered.
    fn told(&mut self, reply: ToolReply) -> Result<ToolReply, Halt> {
        let (reply, content) = record::tool_reply(reply)?;
        self.end_step(Ok(content), domain::Usage::default())?;
        Ok(reply)
    }

    /// Ends the open step with an answer, or as failed where the answer cannot be kept.
    fn keep_or_fail(&mut self, kept: Result<Content, Halt>, usage: domain::Usage) -> Result<(), Halt> {
        match kept {
            Ok(content) => self.end_step(Ok(content), usage),
            Err(Halt::Failed(why, then)) => {
                self.end_step(Err(why.clone()), usage)?;
                Err(Halt::Failed(why, then))
            }
            Err(halt) => Err(halt),
        }
    }

    /// Ends the open step without a call, as a person did not allow it.
    fn denied(&mut self, answer: &Answer, on_failure: OnFailure) -> Result<ToolReply, Halt> {
        let message = format!("a person did not allow this call: {}", answer.reason);
        if on_failure == OnFailure::Tell {
            return self.told(ToolReply { content: message, is_error: true });
        }
        self.end_step(Err(failure("approval.denied", &message)), domain::Usage::default())?;
        Err(Halt::final_failure("approval.denied", &message))
    }

    fn tool_failed(
        &mut self,
        spec: &ToolSpec,
        failed: ToolFailure,
        on_failure: OnFailure,
    ) -> Result<ToolReply, Halt> {
        if on_failure == OnFailure::Tell {
            return self.told(ToolReply { content: failed.message, is_error: true });
        }
        self.end_step(Err(failure(failed.code, &failed.message)), domain::Usage::default())?;
        if spec.has_side_effects && !failed.is_final && !self.setup.rules.retries_ambiguous_tool() {
            return Err(ambiguous());
        }
        Err(tool_halt(&failed))
    }
}

fn tool_halt(failed: &ToolFailure) -> Halt {
    if failed.is_final {
        Halt::final_failure(failed.code, &failed.message)
    } else {
        Halt::passing_failure(failed.code, &failed.message)
    }
}
