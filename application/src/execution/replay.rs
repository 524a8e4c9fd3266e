//! Finished tasks run again from their records, or another way from one of their steps.

use domain::agent::{Agent, AgentRefusal, Profile};
use domain::task::{
    DoneStep, Failure, Fork, Stage, StepKind, Task, TaskCommand, TaskEvent, TaskRefusal, Work,
};
use domain::text::Name;
use domain::{ContentHash, Document, Event, Permission, StreamId, TaskId, Usage};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, Content, Expected};
use crate::error::AppError;
use crate::execute::Done;
use crate::ports::{ModelReply, ToolCall, ToolReply, ToolSpec};
use crate::setup::check_input;

use super::halt::Halt;
use super::past::{Needed, Past};
use super::program::Job;
use super::record;
use super::setup::Setup;
use super::steps::{Ask, OnFailure, Steps, Tooling, not_granted, unreadable_arguments};

/// What running a task again from its records came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The hash of the result that was recorded.
    pub recorded: ContentHash,
    /// The hash of the result that the records lead to now; none where they do not lead to one.
    pub output: Option<ContentHash>,
    /// How many steps were read from the records.
    pub steps: u32,
    /// The first step that would be asked something else now than was asked then.
    pub diverged_at: Option<u32>,
    /// Why the records lead to no result.
    pub failure: Option<Failure>,
}

/// A task that goes another way from a step of another one.
#[derive(Clone, Debug)]
pub struct NewFork {
    /// The first step, from 1, that is done anew.
    pub at_step: u32,
    /// What it is called; like the other one if not given.
    pub name: Option<Name>,
    /// The configuration in place of the agent's.
    pub configuration: Option<Document>,
}

impl App {
    /// Runs a completed task again from its records: no model, no tool and no clock is asked, and nothing is recorded.
    pub async fn replay_task(&self, caller: &Caller, task: TaskId) -> Result<Replayed, AppError> {
        caller.require(Permission::CreateTasks)?;
        let loaded = self.log.load(StreamId::task(caller.tenant, task)).await?;
        let (mut replayed, mut output) = (Task::default(), None);
        for event in loaded.events {
            if let Event::Task(event) = event {
                if let TaskEvent::Completed { output_data, .. } = &event {
                    output = Some(output_data.clone());
                }
                replayed.evolve(event);
            }
        }
        let (work, stage) = replayed.present().ok_or(AppError::NotFound)?;
        if !caller.reach.covers(Some(work.agent)) {
            return Err(AppError::NotFound);
        }
        let Some(output) = output.filter(|_| stage == Stage::Completed) else {
            return Err(TaskRefusal::NotCompleted.into());
        };
        let agent = self.agent_of(caller, work).await?.ok_or(AppError::NotFound)?;
        self.replay(caller, &agent, work, &output).await
    }

    async fn replay(
        &self,
        caller: &Caller,
        agent: &Profile,
        work: &Work,
        output: &Document,
    ) -> Result<Replayed, AppError> {
        let recorded = Content::of(output.as_str()).hash;
        let failed =
            |why| Replayed { recorded, output: None, steps: 0, diverged_at: None, failure: Some(why) };
        let setup = match Setup::of(agent, work) {
            Ok(setup) => setup,
            Err(why) => return Ok(failed(why)),
        };
        let past = match Past::of(self, caller.tenant, work, Needed::Both).await {
            Ok(past) => past,
            Err(halt) => return Ok(failed(failure_of(halt)?)),
        };
        let mut replay = Replay::new(&setup, past);
        let job = Job { kind: work.kind, input: &work.input, rules: &setup.rules, schemas: &*self.schemas };
        let (output, failure) = match job.run(&mut replay).await {
            Ok(output) => (Some(Content::of(output.as_str()).hash), None),
            Err(halt) => (None, Some(failure_of(halt)?)),
        };
        Ok(Replayed { recorded, output, steps: replay.place, diverged_at: replay.diverged_at, failure })
    }

    /// Creates and queues a task that takes over the steps of an ended one before `at_step` and goes on live.
    pub async fn fork_task(&self, caller: &Caller, task: TaskId, new: NewFork) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        if let Some(done) = caller.origin.done_before() {
            return Ok(done);
        }
        let (source, _) = self.load_for::<Task>(caller, StreamId::task(caller.tenant, task)).await?;
        let (work, stage) = source.present().ok_or(AppError::NotFound)?;
        if !matches!(stage, Stage::Completed | Stage::Failed | Stage::Cancelled) {
            return Err(TaskRefusal::NotEnded.into());
        }
        let steps = match Past::without_contents(self, caller.tenant, work).await {
            Ok(past) => past.len(),
            Err(halt) => failure_of(halt).map(|_| 0)?,
        };
        if new.at_step == 0 || usize::try_from(new.at_step).is_ok_and(|step| step > steps + 1) {
            let message = "must be one of the task's steps, or the one after the last";
            return Err(AppError::Invalid("/fork_at_step", "out_of_range", message));
        }
        if let Some(configuration) = &new.configuration {
            self.check_configuration(configuration)?;
            check_input(configuration, &work.input, self.schemas.as_ref())?;
        }
        let agent_stream = StreamId::agent(caller.tenant, work.agent);
        let (agent, agent_version) = self.load::<Agent>(agent_stream).await?;
        let Agent::Running(_) = agent else {
            return Err(AgentRefusal::NotRunning.into());
        };
        let fork = TaskId(self.ids.fresh());
        let create = TaskCommand::Create {
            agent: work.agent,
            name: new.name.unwrap_or_else(|| work.name.clone()),
            kind: work.kind,
            input: work.input.clone(),
            priority: work.priority,
            timeout: work.timeout,
            max_attempts: work.max_attempts,
            scheduled_at: None,
            created_by: Some(caller.user),
            queue_timeout: work.queue_timeout,
            conversation: None,
            fork: Some(Fork { task_id: task, at_step: new.at_step }),
            configuration: new.configuration.or_else(|| work.configuration.clone()),
            schedule: None,
        };
        let events = created_and_queued(create)?;
        let commit = Commit::new(caller.tenant, fork.0, caller.metadata())
            .once(caller.origin.idempotency.clone())
            .guard(agent_stream, agent_version)
            .append(StreamId::task(caller.tenant, fork), Expected::Exactly(0), events);
        Ok(self.log.commit(commit).await?.into())
    }

    /// The task's agent as it was when its last attempt began.
    async fn agent_of(&self, caller: &Caller, work: &Work) -> Result<Option<Profile>, AppError> {
        let loaded = self.log.load(StreamId::agent(caller.tenant, work.agent)).await?;
        let seen = work.agent_version.and_then(|version| usize::try_from(version).ok()).unwrap_or(usize::MAX);
        let mut agent = Agent::default();
        for event in loaded.events.into_iter().take(seen) {
            if let Event::Agent(event) = event {
                agent.evolve(event);
            }
        }
        Ok(agent.profile().cloned())
    }
}

/// Why the records lead to no result; whatever else may halt an attempt does not halt a replay.
fn failure_of(halt: Halt) -> Result<Failure, AppError> {
    match halt {
        Halt::Failed(why, _) => Ok(why),
        Halt::Broken(error) => Err(error),
        Halt::Waits(_) | Halt::Asks(_) | Halt::Stopped(_) | Halt::NotBegun | Halt::Over => {
            Err(AppError::Unavailable)
        }
    }
}

/// The events of a task that is handed to the workers as it is created.
fn created_and_queued(create: TaskCommand) -> Result<Vec<TaskEvent>, TaskRefusal> {
    let mut task = Task::default();
    let mut events = task.decide(create)?;
    events.iter().cloned().for_each(|event| task.evolve(event));
    events.extend(task.decide(TaskCommand::Queue)?);
    Ok(events)
}

/// Answers every step out of the records.
struct Replay<'a> {
    setup: &'a Setup,
    past: Past,
    place: u32,
    used: Usage,
    /// Those that the last model call offered.
    tools: Vec<ToolSpec>,
    diverged_at: Option<u32>,
}

impl<'a> Replay<'a> {
    fn new(setup: &'a Setup, past: Past) -> Self {
        Self { setup, past, place: 0, used: Usage::default(), tools: vec![], diverged_at: None }
    }

    /// The next step of the records, which must be of this kind.
    fn next(&self, kind: StepKind) -> Result<DoneStep, Halt> {
        let place = self.place + 1;
        let step = self.past.at(place).filter(|step| step.kind == kind).cloned();
        step.ok_or_else(|| {
            let message = format!("step {place} is a call that was not recorded");
            Halt::final_failure("replay.diverged", &message)
        })
    }

    fn pass(&mut self, step: &DoneStep, request: &Content) {
        self.place += 1;
        self.used = self.used.plus(self.past.usage_of(step));
        if step.request != request.hash {
            self.diverged_at = self.diverged_at.or(Some(step.step));
        }
    }
}

#[async_trait::async_trait]
impl Steps for Replay<'_> {
    async fn model(&mut self, ask: Ask<'_>) -> Result<ModelReply, Halt> {
        let step = self.next(StepKind::Model)?;
        // What was offered is a fact of that time, not something that follows.
        self.tools = match ask.tools {
            Tooling::Offered => record::tools_of(self.past.content(step.request)?)?,
            Tooling::Withheld => vec![],
        };
        let max_output = self.setup.rules.max_output(self.used)?;
        let request = record::model_request(self.setup, ask.system, ask.messages, &self.tools, max_output)?;
        self.pass(&step, &request);
        record::read_model_reply(self.past.content(step.reply)?)
    }

    async fn tool(&mut self, call: &ToolCall, on_failure: OnFailure) -> Result<ToolReply, Halt> {
        let Some(request) = record::tool_request(&call.name, &call.arguments) else {
            return unreadable_arguments(on_failure);
        };
        let request = request?;
        let is_recorded = self.next(StepKind::Tool).is_ok_and(|step| step.request == request.hash);
        let is_known = self.tools.iter().any(|tool| tool.name == call.name);
        if !is_recorded && !is_known && on_failure == OnFailure::Tell {
            return not_granted(on_failure, &call.name);
        }
        let step = self.next(StepKind::Tool)?;
        self.pass(&step, &request);
        record::read_tool_reply(self.past.content(step.reply)?)
    }

    async fn delay(&mut self, seconds: u32) -> Result<(), Halt> {
        let step = self.next(StepKind::Delay)?;
        self.pass(&step, &record::delay(seconds)?);
        Ok(())
    }
}
