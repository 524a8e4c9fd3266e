use application::AppError;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{Permission, TenantId};
use infrastructure::postgres::FeedEvent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::actor::{ActorShown, Names};
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, EventTypes, Limit, Parameters, Position};
use crate::problem::Problem;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Those after this position; all if absent.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Position,
    /// Those of these names, separated by commas; all if absent.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "agent.created,task.completed")]
    types: EventTypes,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// An event as other programs take it (CloudEvents 1.0, JSON format).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CloudEvent {
    /// Always `1.0`.
    specversion: &'static str,
    /// Its id, the same wherever the event is delivered.
    id: Uuid,
    /// `/tenants/{id}`.
    source: String,
    /// What happened, such as `agent.created`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// What it happened to, such as `agent/{id}`.
    subject: String,
    /// When it was committed.
    time: DateTime<Utc>,
    /// Always `application/json`.
    datacontenttype: &'static str,
    /// What it says.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    /// The organisation.
    #[schema(value_type = Uuid)]
    tenantid: TenantId,
    /// Its place in the organisation's log: from 1, without gaps, in commit order.
    pub(crate) position: i64,
    /// Its place in the history of its subject, from 1.
    sequence: i64,
    /// Who acted.
    actor: ActorShown,
}

/// A stretch of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventBatch {
    /// Oldest first.
    items: Vec<CloudEvent>,
    /// What to ask for as `after` next.
    next_after: i64,
}

impl CloudEvent {
    pub(crate) fn new(event: FeedEvent, names: &Names) -> Self {
        let recorded = event.recorded;
        let stream = recorded.stream;
        Self {
            specversion: "1.0",
            id: recorded.id,
            source: format!("/tenants/{}", stream.tenant),
            kind: recorded.event.name(),
            subject: format!("{}/{}", stream.aggregate.as_str(), stream.id),
            time: recorded.recorded_at,
            datacontenttype: "application/json",
            data: event.data,
            tenantid: stream.tenant,
            position: recorded.position,
            sequence: recorded.sequence,
            actor: ActorShown::of(&recorded.metadata, names),
        }
    }
}

/// Read the log onwards
///
/// Oldest first, each event once, none skipped: ask again with `next_after`.
#[utoipa::path(get, path = "/events", tag = "events", security(("bearer" = [])), params(EventsQuery),
    responses((status = 200, description = "What comes after that position", body = EventBatch)))]
pub(crate) async fn list_events(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<EventsQuery>,
) -> Result<Answer<EventBatch>, Problem> {
    caller.require(Permission::ReadEvents)?;
    let stretch = Stretch::read(&api, caller.tenant, query.after.0, query.limit.0, &query.types.0).await?;
    Ok(Answer::ok(EventBatch { items: stretch.events, next_after: stretch.through }))
}

/// Events in the log's order, and up to where the log was looked through for them.
pub(crate) struct Stretch {
    pub(crate) events: Vec<CloudEvent>,
    pub(crate) through: i64,
}

impl Stretch {
    pub(crate) async fn read(
        api: &ApiState,
        tenant: TenantId,
        after: i64,
        limit: i64,
        types: &[String],
    ) -> Result<Self, AppError> {
        // Before the events are read, so that none up to there is missed: whoever follows rare types need not have
        // the log searched again from the last of them.
        let head = if types.is_empty() { after } else { api.feed.head(tenant).await?.position };
        let found = api.feed.after(tenant, after, limit, types).await?;
        let is_all = i64::try_from(found.len()).is_ok_and(|count| count < limit);
        let last = found.last().map_or(after, |event| event.recorded.position);
        let names = api.names.of(&api.views, tenant, &found).await?;
        Ok(Self {
            events: found.into_iter().map(|event| CloudEvent::new(event, &names)).collect(),
            through: if is_all { last.max(head) } else { last },
        })
    }
}
