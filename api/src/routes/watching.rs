use std::collections::VecDeque;
use std::time::Duration;

use application::ports::DraftedCall;
use application::{AppError, Caller, answer_text};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::task::TaskEvent;
use domain::{Event, Permission, StreamId, TaskId};
use infrastructure::postgres::{ASK_EVERY, FeedEvent};
use projections::{Course, OpenCall};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::events::CloudEvent;
use super::stream::push_event;
use crate::ApiState;
use crate::extract::{Authed, Parameters, PathId, Position};
use crate::problem::Problem;
use crate::sse::{self, LastEventId, Source, Told, push_frame};

/// How many events are read at a time.
const PAGE: i64 = 100;
/// How often the task is looked at, at most: its organisation's log may grow by many events that are not its own.
const PACE: Duration = Duration::from_millis(50);

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WatchQuery {
    /// The events after this position of the log; all of the task's if absent. `Last-Event-ID` goes before it.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Position,
}

/// The data of a frame `draft` or `delta`: what a model is answering.
#[derive(Serialize, ToSchema)]
pub(crate) struct DraftFrame<'a> {
    /// The place of the step in the run, from 1.
    step: u32,
    /// The call that is answered.
    call_id: Uuid,
    /// Of `draft`: all there is of the answer. Of `delta`: what comes after it.
    text: &'a str,
}

/// Watch a task
///
/// Server-sent events until the task is over: every event of the task, each once, none skipped, and the answers of its
/// models as they come.
///
/// * An event of the task has its position as `id`, its type as `event` and a CloudEvent as `data`.
/// * `draft` holds all there is of an answer so far, in place of whatever was known of it; `delta` holds what comes after
///   that. Neither has an `id`. What was recorded of an answer comes as a `draft` right before its `task.step_ended`.
///
/// Whoever comes back with `Last-Event-ID` is told what came after it, and the present answer from its beginning. Of a
/// task that is over, with nothing left to tell, the answer is 204. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/tasks/{id}/stream", tag = "tasks", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The task's id"), WatchQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The `id` of the last event received")),
    responses(
        (status = 200, description = "A stream that ends with the task, or when the session does", body = String,
            content_type = "text/event-stream"),
        (status = 204, description = "The task is over, and nothing came after that position")))]
pub(crate) async fn watch_task(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    LastEventId(last): LastEventId,
    Parameters(query): Parameters<WatchQuery>,
) -> Result<Response, Problem> {
    // Whoever may not see the task learns nothing of its events either.
    api.views.get_task(&caller, task).await?;
    let watcher = Watcher::open(&api, &caller, task, last.unwrap_or(query.after.0)).await?;
    if watcher.course.is_over && watcher.found.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    sse::respond(api, caller, watcher)
}

/// A client that watches a task. Its events are read from the log, and so is what follows from them: whether it is over,
/// and which answer is coming in.
struct Watcher {
    stream: StreamId,
    /// The number, in the task's own history, of the last event that was read.
    read: i64,
    /// Events that were read and not told.
    found: VecDeque<FeedEvent>,
    /// As of the last event told.
    course: Course,
    draft: Option<Draft>,
    log: watch::Receiver<i64>,
    looked_at: Instant,
}

/// An answer that is coming in.
struct Draft {
    call: OpenCall,
    of: DraftedCall,
    /// How many bytes of it were told.
    told: usize,
    grown: watch::Receiver<()>,
    ask_at: Instant,
}

impl Watcher {
    /// Passes over the events up to a position.
    async fn open(api: &ApiState, caller: &Caller, task: TaskId, after: i64) -> Result<Self, AppError> {
        let mut watcher = Self {
            stream: StreamId::task(caller.tenant, task),
            read: 0,
            found: VecDeque::new(),
            course: Course::default(),
            draft: None,
            log: api.feed.watch(caller.tenant),
            looked_at: Instant::now(),
        };
        while watcher.found.is_empty() && watcher.look(api).await? {
            while watcher.found.front().is_some_and(|event| event.recorded.position <= after) {
                if let Some(event) = watcher.found.pop_front() {
                    watcher.follow(&event.recorded.event);
                }
            }
        }
        Ok(watcher)
    }

    /// Reads on in the task's history; false at its end.
    async fn look(&mut self, api: &ApiState) -> Result<bool, AppError> {
        // Before the log is read: what grows meanwhile wakes the next wait.
        self.log.borrow_and_update();
        self.looked_at = Instant::now();
        self.found.extend(api.feed.history(self.stream, self.read, PAGE).await?);
        let last = self.found.back().map(|event| event.recorded.sequence);
        self.read = last.unwrap_or(self.read);
        Ok(last.is_some())
    }

    fn follow(&mut self, event: &Event) {
        if let Event::Task(event) = event {
            self.course.follow(event);
        }
        self.draft.take_if(|draft| self.course.call != Some(draft.call));
    }

    /// The frames of an event.
    async fn tell(&mut self, api: &ApiState, event: FeedEvent) -> Option<Bytes> {
        let mut text = String::new();
        if let Some((call, answer)) = self.recorded_answer(api, &event.recorded.event).await.ok()? {
            push_draft(&mut text, "draft", call, &answer)?;
        }
        self.follow(&event.recorded.event);
        let names = api.names.of(&api.views, self.stream.tenant, std::slice::from_ref(&event)).await.ok()?;
        push_event(&mut text, &CloudEvent::new(event, &names))?;
        Some(Bytes::from(text))
    }

    /// What was recorded of the answer that ends with an event.
    async fn recorded_answer(
        &self,
        api: &ApiState,
        event: &Event,
    ) -> Result<Option<(OpenCall, String)>, AppError> {
        let Event::Task(TaskEvent::StepEnded { call_id, reply: Some(reply), .. }) = event else {
            return Ok(None);
        };
        let Some(call) = self.course.call.filter(|call| call.id == *call_id) else {
            return Ok(None);
        };
        let contents = api.app.contents.read(self.stream.tenant, &[*reply]).await?;
        Ok(contents.get(reply).and_then(|bytes| answer_text(bytes)).map(|answer| (call, answer)))
    }

    /// What has come of the answer that is coming in, as far as it was not told.
    async fn grown(&mut self, api: &ApiState) -> Option<Told> {
        let Some(call) = self.course.call else {
            return Some(Told::NothingNew);
        };
        let of = DraftedCall { tenant: self.stream.tenant, task: TaskId(self.stream.id), call: call.id };
        let draft = self.draft.get_or_insert_with(|| Draft {
            call,
            of,
            told: 0,
            grown: api.drafts.watch(call.id),
            ask_at: Instant::now(),
        });
        if draft.ask_at <= Instant::now() {
            api.drafts.ask(call.id).await.ok()?;
            draft.ask_at = Instant::now() + ASK_EVERY;
        }
        draft.grown.borrow_and_update();
        let new = api.drafts.read(draft.of, draft.told).await.ok()?;
        if new.is_empty() {
            return Some(Told::NothingNew);
        }
        let mut text = String::new();
        push_draft(&mut text, if draft.told == 0 { "draft" } else { "delta" }, call, &new)?;
        draft.told += new.len();
        Some(Told::Frames(Bytes::from(text)))
    }
}

impl Source for Watcher {
    const PERMISSION: Permission = Permission::ReadTasks;

    async fn next(&mut self, api: &ApiState, _: &Caller) -> Option<Told> {
        if self.found.is_empty() {
            self.look(api).await.ok()?;
        }
        match self.found.pop_front() {
            Some(event) => self.tell(api, event).await.map(Told::Frames),
            None if self.course.is_over => Some(Told::End),
            None => self.grown(api).await,
        }
    }

    async fn news(&mut self) -> Option<()> {
        let log = async {
            tokio::time::sleep_until(self.looked_at + PACE).await;
            self.log.changed().await.ok()
        };
        let Some(draft) = &mut self.draft else {
            return log.await;
        };
        tokio::select! {
            grown = log => grown,
            grown = draft.grown.changed() => grown.ok(),
            () = tokio::time::sleep_until(draft.ask_at) => Some(()),
        }
    }
}

fn push_draft(frames: &mut String, event: &str, call: OpenCall, text: &str) -> Option<()> {
    push_frame(frames, None, event, &DraftFrame { step: call.step, call_id: call.id, text })
}
