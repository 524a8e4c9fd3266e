//! The steps that were done before an attempt begins, with what came back.

use std::collections::HashMap;

use domain::task::{DoneStep, Fork, StepKind, Task, TaskEvent, Work};
use domain::{ContentHash, Event, StreamId, TenantId, Usage};

use crate::App;
use crate::error::AppError;

use super::halt::Halt;

/// Steps that are taken over instead of being done again.
#[derive(Default)]
pub(super) struct Past {
    /// In order, from place 1 without gaps.
    steps: Vec<DoneStep>,
    contents: HashMap<ContentHash, Vec<u8>>,
    /// How many of them another task has done: they hold whatever is asked here.
    given: u32,
}

/// Which contents of steps are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// What came back.
    Replies,
    /// What was asked, too.
    Both,
}

impl Past {
    /// The steps of a task's present run, with those that the tasks it was forked from have done for it.
    pub(super) async fn of(app: &App, tenant: TenantId, work: &Work, needed: Needed) -> Result<Self, Halt> {
        let mut past = Self::without_contents(app, tenant, work).await?;
        let requests = past.steps.iter().filter(|_| needed == Needed::Both).map(|step| step.request);
        let hashes: Vec<ContentHash> = past.steps.iter().map(|step| step.reply).chain(requests).collect();
        if !hashes.is_empty() {
            past.contents = app.contents.read(tenant, &hashes).await?;
        }
        Ok(past)
    }

    /// The same, not to be taken over but only to be looked at.
    pub(super) async fn without_contents(app: &App, tenant: TenantId, work: &Work) -> Result<Self, Halt> {
        let given = work.fork.map_or(0, |fork| fork.at_step.saturating_sub(1));
        let mut steps = work.journal.done().to_vec();
        let mut fork = work.fork;
        while let Some(Fork { task_id, at_step }) = fork {
            let source = app.last_present(StreamId::task(tenant, task_id)).await?;
            let done = source.iter().flat_map(|work| work.journal.done());
            let before = done.filter(|step| step.step < at_step).cloned();
            steps.splice(0..0, before.collect::<Vec<_>>());
            let beyond = source.and_then(|work| work.fork);
            fork = beyond.map(|fork| Fork { at_step: fork.at_step.min(at_step), ..fork });
        }
        if !steps.iter().zip(1..).all(|(step, place)| step.step == place) {
            let message = "the task that it was forked from no longer holds the steps before the fork";
            return Err(Halt::final_failure("fork.source_changed", message));
        }
        Ok(Self { steps, contents: HashMap::new(), given })
    }

    /// What came back from the step at a place, if it holds for what is asked now. Where it does not, it and all that
    /// follow are forgotten.
    pub(super) fn take(
        &mut self,
        place: u32,
        kind: StepKind,
        request: ContentHash,
    ) -> Result<Option<DoneStep>, Halt> {
        let Some(step) = self.at(place).cloned() else {
            return Ok(None);
        };
        if step.kind == kind && (step.request == request || place <= self.given || self.leads_to_tools(place))
        {
            return Ok(Some(step));
        }
        if place <= self.given {
            let message = format!("step {place} of the other task does not fit this one");
            return Err(Halt::final_failure("fork.diverged", &message));
        }
        self.steps.truncate(index(place));
        Ok(None)
    }

    /// The step at a place.
    pub(super) fn at(&self, place: u32) -> Option<&DoneStep> {
        self.steps.get(index(place))
    }

    /// Whether the step at a place is this very call.
    pub(super) fn holds(&self, place: u32, kind: StepKind, request: ContentHash) -> bool {
        self.at(place).is_some_and(|step| step.kind == kind && step.request == request)
    }

    /// A content of one of the steps.
    pub(super) fn content(&self, hash: ContentHash) -> Result<&[u8], Halt> {
        self.contents.get(&hash).map(Vec::as_slice).ok_or_else(|| {
            Halt::final_failure("step.content_missing", "what a step came to is no longer kept")
        })
    }

    /// What a step used; one of another task was paid for there.
    pub(super) fn usage_of(&self, step: &DoneStep) -> Usage {
        if step.step > self.given { step.usage } else { Usage::default() }
    }

    /// How many steps there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Model calls among those of another task.
    pub(super) fn given_model_calls(&self) -> u32 {
        let given = self.steps.iter().filter(|step| step.step <= self.given && step.kind == StepKind::Model);
        u32::try_from(given.count()).unwrap_or(u32::MAX)
    }

    /// Whether a tool was called after that place: what has led to it is not decided anew, or it would be called again.
    fn leads_to_tools(&self, place: u32) -> bool {
        self.steps.iter().any(|step| step.step > place && step.kind == StepKind::Tool)
    }
}

impl App {
    /// A task as it last was on the list: that it was taken off does not undo its steps.
    pub(super) async fn last_present(&self, task: StreamId) -> Result<Option<Work>, AppError> {
        let mut state = Task::default();
        for event in self.log.load(task).await?.events {
            match event {
                Event::Task(TaskEvent::Withdrawn {}) => break,
                Event::Task(event) => state.evolve(event),
                Event::Tenant(_) | Event::User(_) | Event::Agent(_) => {}
            }
        }
        Ok(state.present().map(|(work, _)| work.clone()))
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> ContentHash {
        ContentHash([byte; 32])
    }

    fn past(kinds: &[StepKind], given: u32) -> Past {
        let steps = (1..).zip(kinds).map(|(step, kind)| DoneStep {
            step,
            kind: *kind,
            request: hash(u8::try_from(step).unwrap()),
            reply: hash(0xff),
            usage: Usage { input_tokens: 10.into(), ..Usage::default() },
        });
        Past { steps: steps.collect(), contents: HashMap::new(), given }
    }

    #[test]
    fn a_step_is_taken_over_when_the_same_is_asked() {
        let mut past = past(&[StepKind::Model, StepKind::Model], 0);
        assert_eq!(past.take(1, StepKind::Model, hash(1)).unwrap().unwrap().step, 1);
        assert!(past.take(2, StepKind::Model, hash(9)).unwrap().is_none());
        assert_eq!(past.len(), 1);
        assert!(past.take(3, StepKind::Model, hash(3)).unwrap().is_none());
    }

    #[test]
    fn what_led_to_a_tool_is_taken_over_though_something_else_would_be_asked_now() {
        let mut past = past(&[StepKind::Model, StepKind::Tool, StepKind::Model], 0);
        assert!(past.take(1, StepKind::Model, hash(9)).unwrap().is_some());
        assert!(past.take(2, StepKind::Tool, hash(2)).unwrap().is_some());
        assert!(past.take(3, StepKind::Model, hash(9)).unwrap().is_none());
    }

    #[test]
    fn what_another_task_has_done_holds_whatever_is_asked_and_costs_nothing_here() {
        let mut past = past(&[StepKind::Model, StepKind::Model], 1);
        assert!(past.take(1, StepKind::Model, hash(9)).unwrap().is_some());
        assert_eq!(past.usage_of(&past.steps[0]), Usage::default());
        assert_eq!(past.usage_of(&past.steps[1]).input_tokens.get(), 10);
        assert!(past.take(1, StepKind::Tool, hash(1)).is_err());
    }
}
