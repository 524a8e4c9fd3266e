//! What a run of a task has done so far, step by step.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::content::ContentHash;
use crate::id::AttemptId;
use crate::usage::{MicroUsd, Usage};

use super::event::TaskEvent;
use super::refusal::TaskRefusal;
use super::values::{Failure, StepKind};

/// The steps of a run: what one attempt has done, the next one takes over instead of doing it again. A run begins
/// when the task is queued by hand and may take several attempts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    done: Vec<DoneStep>,
    open: Option<OpenStep>,
    /// Model calls begun, those that failed or were taken anew too.
    #[serde(default)]
    model_calls: u32,
}

/// A step that came to a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneStep {
    /// Its place in the run, from 1.
    pub step: u32,
    /// What sort of step.
    pub kind: StepKind,
    /// What was asked.
    pub request: ContentHash,
    /// What came back.
    pub reply: ContentHash,
    /// What it consumed.
    pub usage: Usage,
}

/// A step that was begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStep {
    /// Its place in the run, from 1.
    pub step: u32,
    /// What sort of step.
    pub kind: StepKind,
    /// The call.
    pub call: Uuid,
    /// The attempt that began it.
    pub attempt: AttemptId,
    /// What was asked.
    pub request: ContentHash,
    /// What was set aside for it.
    pub reserved: MicroUsd,
    /// Whether it may change something in the world, so that it must not be repeated lightly.
    pub has_side_effects: bool,
}

/// A step as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStep {
    /// Its place in the run, from 1: the one after the last that is taken over.
    pub step: u32,
    /// What sort of step.
    pub kind: StepKind,
    /// The model or the tool.
    pub name: String,
    /// Whose model it is; empty for a tool.
    pub provider: String,
    /// The call, as it is named to the outside.
    pub call: Uuid,
    /// What is asked.
    pub request: ContentHash,
    /// What is set aside for it.
    pub reserved: MicroUsd,
    /// Whether it may change something in the world.
    pub has_side_effects: bool,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEnd {
    /// What came back, or why nothing did.
    pub outcome: Result<ContentHash, Failure>,
    /// What it consumed.
    pub usage: Usage,
    /// The version of the price table that the cost follows.
    pub price_table: String,
    /// How long it took, in milliseconds.
    pub latency_ms: u32,
}

/// The most steps of a run.
pub const MAX_STEPS: u32 = 500;

impl Journal {
    /// The steps that came to a result, in order.
    pub fn done(&self) -> &[DoneStep] {
        &self.done
    }

    /// The step that was begun and not ended.
    pub const fn open(&self) -> Option<&OpenStep> {
        self.open.as_ref()
    }

    /// How many calls of models were begun, those that failed or were taken anew too.
    pub const fn model_calls(&self) -> u32 {
        self.model_calls
    }

    /// Begins a step in place of all that were done at its place or after it. The first `taken_over` steps were done
    /// by another task.
    pub(super) fn start(
        &self,
        attempt: AttemptId,
        new: NewStep,
        taken_over: u32,
    ) -> Result<TaskEvent, TaskRefusal> {
        let follows = new.step > taken_over && new.step <= self.last().max(taken_over) + 1;
        let own_open = self.open.as_ref().is_some_and(|open| open.attempt == attempt);
        if !follows || own_open || new.step > MAX_STEPS {
            return Err(TaskRefusal::StepOutOfOrder);
        }
        Ok(TaskEvent::StepStarted {
            attempt_id: attempt,
            step: new.step,
            kind: new.kind,
            name: new.name,
            provider: new.provider,
            call_id: new.call,
            request: new.request,
            reserved_micro_usd: new.reserved,
            has_side_effects: new.has_side_effects,
        })
    }

    pub(super) fn end(&self, attempt: AttemptId, call: Uuid, end: StepEnd) -> Result<TaskEvent, TaskRefusal> {
        let open = self.open.as_ref().filter(|open| open.call == call && open.attempt == attempt);
        let open = open.ok_or(TaskRefusal::StepOutOfOrder)?;
        let (reply, failure) = match end.outcome {
            Ok(reply) => (Some(reply), None),
            Err(failure) => (None, Some(failure)),
        };
        Ok(TaskEvent::StepEnded {
            attempt_id: attempt,
            step: open.step,
            call_id: call,
            reply,
            failure,
            usage: end.usage,
            price_table: end.price_table,
            latency_ms: end.latency_ms,
        })
    }

    /// The last step that was done; 0 before the first.
    fn last(&self) -> u32 {
        self.done.last().map_or(0, |done| done.step)
    }

    /// Takes over what an event says of steps; other events change nothing here.
    pub(super) fn evolve(&mut self, event: &TaskEvent) {
        if let TaskEvent::StepStarted {
            attempt_id,
            step,
            kind,
            call_id,
            request,
            reserved_micro_usd,
            has_side_effects,
            ..
        } = event
        {
            self.done.retain(|done| done.step < *step);
            self.model_calls = self.model_calls.saturating_add(u32::from(*kind == StepKind::Model));
            self.open = Some(OpenStep {
                step: *step,
                kind: *kind,
                call: *call_id,
                attempt: *attempt_id,
                request: *request,
                reserved: *reserved_micro_usd,
                has_side_effects: *has_side_effects,
            });
        }
        if let TaskEvent::StepEnded { call_id, reply, usage, .. } = event
            && let Some(open) = self.open.take_if(|open| open.call == *call_id)
            && let Some(reply) = reply
        {
            let OpenStep { step, kind, request, .. } = open;
            self.done.push(DoneStep { step, kind, request, reply: *reply, usage: *usage });
        }
    }
}
