use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::{AggregateType, Permission, SessionId, TenantId};
use infrastructure::postgres::{FeedEvent, LogFilter, LogOrder};
use projections::Page;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::actor::{ActorShown, Names};
use super::page_schema;
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, EventTypes, Limit, Parameters, SearchText, Timestamp};
use crate::problem::Problem;

page_schema!(AuditEventPage, AuditEvent, "audit events");

/// Which events, and in which order; everything that is given must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Newest or oldest first.
    #[serde(default)]
    #[param(value_type = Option<AuditOrder>)]
    order: AuditOrder,
    /// Those that this user or API key caused.
    actor_id: Option<Uuid>,
    /// Those of this kind of aggregate.
    #[param(value_type = Option<AggregateTypeSchema>)]
    aggregate_type: Option<AggregateType>,
    /// Those of this one.
    aggregate_id: Option<Uuid>,
    /// Those of these names, separated by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "agent.created,agent.terminated")]
    event_type: EventTypes,
    /// Not before.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<Timestamp>,
    /// Those of this request.
    #[param(value_type = Option<String>, max_length = 200)]
    request_id: Option<SearchText>,
}

/// Newest or oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuditOrder {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first, as for a replay.
    Asc,
}

/// A kind of aggregate.
#[derive(ToSchema)]
#[schema(as = AggregateType, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used: the values are domain::AggregateType's")]
pub(crate) enum AggregateTypeSchema {
    /// An organisation.
    Tenant,
    /// A person in an organisation.
    User,
    /// An AI agent.
    Agent,
    /// A piece of work for an agent.
    Task,
}

/// An event with the circumstances in which it happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// Its id, the same wherever the event is delivered.
    id: Uuid,
    /// Its place in the organisation's log: from 1, without gaps, in commit order.
    position: i64,
    /// When it was committed.
    recorded_at: DateTime<Utc>,
    /// The organisation.
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    /// What kind of thing it happened to.
    #[schema(value_type = AggregateTypeSchema)]
    aggregate_type: AggregateType,
    /// Which one.
    aggregate_id: Uuid,
    /// Its place in that one's history, from 1.
    sequence: i64,
    /// What happened, such as `agent.created`.
    event_type: &'static str,
    /// The version of the form of `data`.
    event_version: i64,
    /// Who acted.
    actor: ActorShown,
    /// By which worker, where an agent acted.
    #[schema(required = true)]
    worker: Option<String>,
    /// In which session.
    #[schema(required = true, value_type = Option<Uuid>)]
    session_id: Option<SessionId>,
    /// In which request.
    #[schema(required = true)]
    request_id: Option<String>,
    /// As part of what.
    #[schema(required = true)]
    correlation_id: Option<String>,
    /// Because of what.
    #[schema(required = true)]
    causation_id: Option<String>,
    /// The W3C trace id.
    #[schema(required = true)]
    trace_id: Option<String>,
    /// From which address; null once the person is erased.
    #[schema(required = true)]
    ip: Option<String>,
    /// With which program; null once the person is erased.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// What it says.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    /// Its leaf in the organisation's Merkle tree, in hexadecimal.
    leaf_hash: String,
}

impl AuditEvent {
    fn new(event: FeedEvent, names: &Names) -> Self {
        let recorded = event.recorded;
        let metadata = recorded.metadata;
        Self {
            id: recorded.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            tenant_id: recorded.stream.tenant,
            aggregate_type: recorded.stream.aggregate,
            aggregate_id: recorded.stream.id,
            sequence: recorded.sequence,
            event_type: recorded.event.name(),
            event_version: major(&recorded.event.version()),
            actor: ActorShown::of(&metadata, names),
            worker: metadata.worker,
            session_id: metadata.session,
            request_id: metadata.request_id,
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            trace_id: metadata.trace_id,
            ip: metadata.ip,
            user_agent: metadata.user_agent,
            data: event.data,
            leaf_hash: hex::encode(event.leaf_hash),
        }
    }
}

/// Search the audit log
///
/// Newest first, or with `order=asc` oldest first. As an administrator.
#[utoipa::path(get, path = "/audit/events", tag = "audit", security(("bearer" = [])), params(AuditQuery),
    responses((status = 200, description = "A page of the log", body = AuditEventPage)))]
pub(crate) async fn list_audit_events(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<AuditQuery>,
) -> Result<Answer<Page<AuditEvent>>, Problem> {
    caller.require(Permission::ReadAudit)?;
    let order = query.order;
    let filter = LogFilter {
        actor: query.actor_id.map(|id| id.to_string()),
        aggregate_type: query.aggregate_type,
        aggregate_id: query.aggregate_id,
        event_types: query.event_type.0,
        from: query.from.map(|time| time.0),
        to: query.to.map(|time| time.0),
        request_id: query.request_id.map(|text| text.0),
        order: order.into(),
        beyond: query.cursor.map(|cursor| order.position(&cursor)).transpose()?,
        limit: query.limit.0,
    };
    let page = api.feed.search(caller.tenant, filter).await?;
    let names = api.names.of(&api.views, caller.tenant, &page.items).await?;
    let shown = page.items.into_iter().map(|event| AuditEvent::new(event, &names));
    Ok(Answer::ok(Page {
        items: shown.collect(),
        next_cursor: page.next.map(|position| order.cursor(position)),
        total: page.total,
    }))
}

impl From<AuditOrder> for LogOrder {
    fn from(order: AuditOrder) -> Self {
        match order {
            AuditOrder::Desc => Self::NewestFirst,
            AuditOrder::Asc => Self::OldestFirst,
        }
    }
}

/// A cursor is the last position shown, bound to the order it was shown in.
impl AuditOrder {
    const fn mark(self) -> &'static str {
        match self {
            Self::Desc => "desc:",
            Self::Asc => "asc:",
        }
    }

    fn cursor(self, position: i64) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", self.mark()))
    }

    fn position(self, cursor: &str) -> Result<i64, Problem> {
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix(self.mark())?.parse().ok())
            .ok_or_else(|| {
                Problem::invalid_field("/cursor", "invalid_cursor", "is not a cursor of this list and order")
            })
    }
}

/// `1.0` is version 1.
fn major(version: &str) -> i64 {
    let (major, _) = version.split_once('.').unwrap_or((version, ""));
    major.parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_position_in_its_own_order_only() {
        let cursor = AuditOrder::Desc.cursor(42);
        assert_eq!(AuditOrder::Desc.position(&cursor).unwrap(), 42);
        assert!(AuditOrder::Asc.position(&cursor).is_err());
        assert!(AuditOrder::Desc.position("42").is_err());
    }

    #[test]
    fn schemas_list_the_values_of_the_domain() {
        use utoipa::PartialSchema;
        let schema = serde_json::to_value(AggregateTypeSchema::schema()).unwrap();
        let texts: Vec<&str> = AggregateType::ALL.into_iter().map(AggregateType::as_str).collect();
        assert_eq!(schema["enum"], serde_json::json!(texts));
    }
}
