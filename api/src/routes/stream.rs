use std::convert::Infallible;
use std::time::Duration;

use application::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::Permission;
use futures::stream::unfold;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::events::{CloudEvent, Stretch};
use crate::ApiState;
use crate::extract::{Authed, EventTypes, Parameters, Position, readmit};
use crate::problem::Problem;

/// How often a comment shows that the stream is alive; also how long a wake-up that got lost is not noticed.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How often the session is looked at anew.
const ADMIT_EVERY: Duration = Duration::from_secs(4);
/// How many events are read at a time.
const PAGE: i64 = 100;
/// Asks clients to come back after three seconds.
const OPENING: &str = "retry: 3000\n\n";
const COMMENT: &str = ": alive\n\n";

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Those after this position; all if absent. `Last-Event-ID` goes before it.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Position,
    /// Those of these names, separated by commas; all if absent.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "agent.created,task.completed")]
    types: EventTypes,
}

/// The `Last-Event-ID` that a client comes back with.
pub(crate) struct LastEventId(Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("last-event-id").filter(|value| !value.is_empty()) else {
            return Ok(Self(None));
        };
        let position = value.to_str().ok().and_then(|text| text.parse().ok());
        position.filter(|position| *position >= 0).map(|position| Self(Some(position))).ok_or_else(|| {
            Problem::invalid_field("/Last-Event-ID", "malformed", "must be a position of the log")
        })
    }
}

/// Follow the log
///
/// Server-sent events: what is there already, then what comes, each event once, in the log's order, none skipped.
/// `id` is the position, `event` the type, `data` a CloudEvent. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/events/stream", tag = "events", security(("bearer" = [])),
    params(StreamQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The `id` of the last event received")),
    responses((status = 200, description = "A stream that ends when the session does", body = String,
        content_type = "text/event-stream")))]
pub(crate) async fn stream_events(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    LastEventId(last): LastEventId,
    Parameters(query): Parameters<StreamQuery>,
) -> Result<Response, Problem> {
    caller.require(Permission::ReadEvents)?;
    let log = api.feed.watch(caller.tenant);
    let shutdown = api.shutdown.clone();
    let now = Instant::now();
    let follower = Follower {
        api,
        caller,
        after: last.unwrap_or(query.after.0),
        types: query.types.0,
        log,
        shutdown,
        next: Next::Opening,
        admit_at: now + ADMIT_EVERY,
        comment_at: now + COMMENT_EVERY,
    };
    let frames = unfold(follower, |mut follower| async move {
        let frame = follower.frame().await?;
        Some((Ok::<_, Infallible>(frame), follower))
    });
    let mut response = Body::from_stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// A client that follows a tenant's log. The log is the truth: whatever wakes it, it reads on after the last
/// position it sent, so nothing is skipped and nothing comes twice.
struct Follower {
    api: ApiState,
    caller: Caller,
    after: i64,
    types: Vec<String>,
    log: watch::Receiver<i64>,
    shutdown: watch::Receiver<bool>,
    next: Next,
    admit_at: Instant,
    comment_at: Instant,
}

/// What a follower does next.
#[derive(Clone, Copy)]
enum Next {
    Opening,
    Read,
    Wait,
}

impl Follower {
    /// The next bytes to send; nothing once the stream is to end.
    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if *self.shutdown.borrow() {
                return None;
            }
            if Instant::now() >= self.admit_at {
                self.admit().await?;
            }
            match self.next {
                Next::Opening => {
                    self.next = Next::Read;
                    return Some(Bytes::from_static(OPENING.as_bytes()));
                }
                Next::Read => {
                    if let Some(events) = self.read().await? {
                        self.comment_at = Instant::now() + COMMENT_EVERY;
                        return Some(events);
                    }
                    self.next = Next::Wait;
                }
                Next::Wait => {
                    if self.wait().await? {
                        return Some(Bytes::from_static(COMMENT.as_bytes()));
                    }
                }
            }
        }
    }

    /// Looks at the session, past any memory of it. Whoever may no longer read gets no further event.
    async fn admit(&mut self) -> Option<()> {
        readmit(&self.api, &mut self.caller).await.ok()?;
        self.admit_at = Instant::now() + ADMIT_EVERY;
        self.caller.may(Permission::ReadEvents).then_some(())
    }

    /// The events after the last one sent, as frames; the inner nothing if there are none.
    async fn read(&mut self) -> Option<Option<Bytes>> {
        // Before the log is read: what grows meanwhile wakes the next wait.
        self.log.borrow_and_update();
        let stretch =
            Stretch::read(&self.api, self.caller.tenant, self.after, PAGE, &self.types).await.ok()?;
        self.after = stretch.through;
        let mut text = String::new();
        for event in &stretch.events {
            push_frame(&mut text, event)?;
        }
        Some(Some(text).filter(|text| !text.is_empty()).map(Bytes::from))
    }

    /// Until the log grows, or something else is due; true if a comment is.
    async fn wait(&mut self) -> Option<bool> {
        let due = self.admit_at.min(self.comment_at);
        tokio::select! {
            grown = self.log.changed() => {
                grown.ok()?;
                self.next = Next::Read;
            }
            // An error means that nobody is left to announce the end: the process is ending.
            changed = self.shutdown.changed() => changed.ok()?,
            () = tokio::time::sleep_until(due) => {}
        }
        if Instant::now() < self.comment_at {
            return Some(false);
        }
        self.comment_at = Instant::now() + COMMENT_EVERY;
        self.next = Next::Read;
        Some(true)
    }
}

/// Adds one event in the form of the HTML standard, section 9.2.6. Users' documents may hold line breaks between
/// their tokens, where JSON takes a blank as well.
fn push_frame(text: &mut String, event: &CloudEvent) -> Option<()> {
    let data = serde_json::to_string(event).ok()?.replace(['\r', '\n'], " ");
    let frame = format!("id: {}\nevent: {}\ndata: {data}\n\n", event.position, event.kind);
    text.push_str(&frame);
    Some(())
}

#[cfg(test)]
mod tests {
    use domain::agent::AgentEvent;
    use domain::{Actor, AgentId, Metadata, Recorded, StreamId, TenantId};
    use infrastructure::postgres::FeedEvent;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::routes::actor::Names;

    #[test]
    fn a_frame_is_one_event_on_one_line_of_data() {
        let event = FeedEvent {
            recorded: Recorded {
                position: 7,
                stream: StreamId::agent(TenantId(Uuid::nil()), AgentId(Uuid::nil())),
                sequence: 2,
                id: Uuid::nil(),
                recorded_at: chrono::DateTime::UNIX_EPOCH,
                metadata: Metadata::of(Actor::System("worker".to_owned())),
                event: AgentEvent::Started {}.into(),
            },
            leaf_hash: [0; 32],
            data: RawValue::from_string("{\"a\":\r\n 1}".to_owned()).unwrap(),
        };
        let mut text = String::new();
        push_frame(&mut text, &CloudEvent::new(event, &Names::default())).unwrap();
        let id = Uuid::nil();
        assert_eq!(
            text,
            format!(
                "id: 7\nevent: agent.started\ndata: {{\"specversion\":\"1.0\",\"id\":\"{id}\",\
                 \"source\":\"/tenants/{id}\",\"type\":\"agent.started\",\"subject\":\"agent/{id}\",\
                 \"time\":\"1970-01-01T00:00:00Z\",\"datacontenttype\":\"application/json\",\
                 \"data\":{{\"a\":   1}},\"tenantid\":\"{id}\",\"position\":7,\"sequence\":2,\
                 \"actor\":{{\"type\":\"system\",\"id\":null,\"name\":\"worker\"}}}}\n\n"
            )
        );
    }
}
