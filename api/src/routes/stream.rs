use application::Caller;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use domain::Permission;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;

use super::events::{CloudEvent, Stretch};
use crate::ApiState;
use crate::extract::{Authed, EventTypes, Parameters, Position};
use crate::problem::Problem;
use crate::sse::{self, LastEventId, Source, Told, push_frame};

/// How many events are read at a time.
const PAGE: i64 = 100;

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
    let follower = Follower { after: last.unwrap_or(query.after.0), types: query.types.0, log };
    sse::respond(api, caller, follower)
}

/// A client that follows a tenant's log. The log is the truth: whatever wakes it, it reads on after the last
/// position it sent, so nothing is skipped and nothing comes twice.
struct Follower {
    after: i64,
    types: Vec<String>,
    log: watch::Receiver<i64>,
}

impl Source for Follower {
    const PERMISSION: Permission = Permission::ReadEvents;

    async fn next(&mut self, api: &ApiState, caller: &Caller) -> Option<Told> {
        // Before the log is read: what grows meanwhile wakes the next wait.
        self.log.borrow_and_update();
        let stretch = Stretch::read(api, caller.tenant, self.after, PAGE, &self.types).await.ok()?;
        self.after = stretch.through;
        let mut text = String::new();
        for event in &stretch.events {
            push_event(&mut text, event)?;
        }
        Some(if text.is_empty() { Told::NothingNew } else { Told::Frames(Bytes::from(text)) })
    }

    async fn news(&mut self) -> Option<()> {
        self.log.changed().await.ok()
    }
}

/// Adds the frame of one event.
pub(super) fn push_event(text: &mut String, event: &CloudEvent) -> Option<()> {
    push_frame(text, Some(event.position), event.kind, event)
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
        push_event(&mut text, &CloudEvent::new(event, &Names::default())).unwrap();
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
