use application::Decision;
use axum::extract::State;
use domain::task::Verdict;
use domain::text::Reason;
use domain::{AgentId, ContentHash, TaskId};
use projections::{ApprovalFilter, ApprovalRow, Page, PageRequest, TaskRow};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{page_schema, tasks};
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, JsonBody, Limit, Parameters, PathId};
use crate::problem::{Problem, ProblemBody};

page_schema!(ApprovalPage, ApprovalRow, "calls that wait for a person");

/// Which approvals, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApprovalsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `asked_at`, with a `-` before it for descending order.
    #[param(example = "asked_at")]
    sort: Option<String>,
    /// Those of this agent.
    #[param(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
}

/// A person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "approval_id": "0190c1a2-7b3c-7d4e-8f50-112233445566",
    "shown_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "decision": "approve",
    "reason": "The address is the customer's."
}))]
pub(crate) struct DecideApprovalBody {
    /// Which question.
    approval_id: Uuid,
    /// The hash of what was shown; another one than was asked is refused.
    #[schema(value_type = String, format = "sha256")]
    shown_hash: ContentHash,
    /// Yes or no.
    decision: ApprovalDecision,
    /// For people; it stays in the log.
    #[schema(value_type = Option<String>, max_length = 2000)]
    reason: Option<Reason>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovalDecision {
    /// The call may be made.
    Approve,
    /// It may not: the agent is told so.
    Deny,
}

impl From<DecideApprovalBody> for Decision {
    fn from(body: DecideApprovalBody) -> Self {
        Self {
            approval: body.approval_id,
            shown: body.shown_hash,
            verdict: match body.decision {
                ApprovalDecision::Approve => Verdict::Approved,
                ApprovalDecision::Deny => Verdict::Denied,
            },
            reason: body.reason.unwrap_or_else(|| Reason::from_lossy("")),
        }
    }
}

/// List what waits for a person
///
/// The calls of all agents that a person must approve, each with exactly what would be called. What was answered, or
/// not answered in time, is not among them.
#[utoipa::path(get, path = "/approvals", tag = "tasks", security(("bearer" = [])), params(ApprovalsQuery),
    responses((status = 200, description = "A page of approvals", body = ApprovalPage)))]
pub(crate) async fn list_approvals(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<ApprovalsQuery>,
) -> Result<Answer<Page<ApprovalRow>>, Problem> {
    let filter = ApprovalFilter { agent_id: query.agent_id };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_approvals(&caller, &filter, &page).await?))
}

/// Approve or deny a call
///
/// The answer and the task's going on are one commit. It names the question and the hash of what was shown: 409 where
/// it is another, was answered already, or is too late. Who answered and why stays in the log.
#[utoipa::path(post, path = "/tasks/{id}/approval", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id")),
    request_body = DecideApprovalBody,
    responses((status = 202, description = "The task, queued", body = TaskRow,
        headers(("ETag", description = "Its version"))),
        (status = 409, description = "`approval.shown_other`, `approval.not_open` or `approval.too_late`.",
            body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn decide_approval(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    JsonBody(body): JsonBody<DecideApprovalBody>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.decide_approval(&caller, task, body.into()).await?;
    tasks::after(&api, &caller, done, Answer::accepted).await
}
