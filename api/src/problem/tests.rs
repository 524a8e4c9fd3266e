use application::AppError;
use application::commit::UniqueScope;
use domain::plan::Resource;
use domain::{LimitReached, Permission, RefusalKind};
use serde_json::json;

use super::*;

fn told(error: AppError) -> (u16, &'static str) {
    let problem = Problem::from(error);
    (problem.status().as_u16(), problem.code())
}

fn refused(kind: RefusalKind) -> AppError {
    AppError::Refused { kind, code: "agent.paused", message: "the agent is paused".to_owned() }
}

#[test]
fn every_failure_has_its_status_and_code() {
    let quota = LimitReached::Quota { resource: Resource::Agents, limit: 5, used: 5, resets_at: None };
    let tier = LimitReached::TierTooSmall { resource: Resource::Users, limit: 3, used: 4 };
    for (error, status, code) in [
        (AppError::Forbidden(Permission::ReadAudit), 403, "forbidden"),
        (AppError::Denied("role_above_own", "no"), 403, "role_above_own"),
        (refused(RefusalKind::NotFound), 404, "not_found"),
        (refused(RefusalKind::WrongStage), 409, "agent.paused"),
        (refused(RefusalKind::Invalid), 422, "agent.paused"),
        (refused(RefusalKind::Forbidden), 403, "agent.paused"),
        (AppError::Limit(quota), 403, "quota_exceeded"),
        (AppError::Limit(tier), 409, "tier_too_small"),
        (AppError::Limit(LimitReached::LastOwner), 409, "last_owner"),
        (AppError::Limit(LimitReached::Suspended), 403, "tenant.suspended"),
        (AppError::Taken(UniqueScope::Subdomain), 409, "subdomain_taken"),
        (AppError::Taken(UniqueScope::Email), 409, "email_taken"),
        (AppError::Conflict, 409, "version_conflict"),
        (AppError::Stale(3), 412, "version_mismatch"),
        (AppError::IdempotencyKeyReused, 422, "idempotency_key_reused"),
        (AppError::BadCredentials, 401, "invalid_credentials"),
        (AppError::TenantRequired(vec![]), 409, "tenant_required"),
        (AppError::NotFound, 404, "not_found"),
        (AppError::Invalid("/agent_id", "unknown", "is unknown"), 422, "validation_failed"),
        (AppError::Unavailable, 503, "unavailable"),
        (AppError::Busy, 503, "busy"),
    ] {
        assert_eq!(told(error.clone()), (status, code), "{error:?}");
    }
}

#[test]
fn a_problem_is_written_as_the_contract_says() {
    let quota = LimitReached::Quota {
        resource: Resource::TasksPerMonth,
        limit: 1_000,
        used: 1_000,
        resets_at: Some(chrono::DateTime::UNIX_EPOCH),
    };
    assert_eq!(
        Problem::from(AppError::Limit(quota)).to_json(),
        json!({
            "type": "urn:agentcores:problem:quota_exceeded",
            "title": "Quota exceeded",
            "status": 403,
            "code": "quota_exceeded",
            "detail": "The plan's limit of 1000 tasks_per_month is reached.",
            "request_id": null,
            "resource": "tasks_per_month",
            "limit": 1000,
            "used": 1000,
            "resets_at": "1970-01-01T00:00:00Z"
        })
    );
}

#[test]
fn an_absent_resource_is_the_same_answer_whoever_says_so() {
    let by_domain = AppError::from(domain::agent::AgentRefusal::Absent);
    assert_eq!(Problem::from(by_domain).to_json(), Problem::from(AppError::NotFound).to_json());
}

#[test]
fn headers_say_how_to_go_on() {
    let headers = |problem: Problem| problem.into_response().headers().clone();
    let challenge = &headers(AppError::BadCredentials.into())["www-authenticate"];
    assert_eq!(challenge, "Bearer realm=\"agentcores\"");
    let challenge = &headers(Problem::bad_token())["www-authenticate"];
    assert!(challenge.to_str().unwrap().ends_with("error=\"invalid_token\""));
    assert_eq!(headers(AppError::Unavailable.into())["retry-after"], "2");
    assert_eq!(headers(AppError::NotFound.into())["content-type"], MEDIA_TYPE);
    assert!(!headers(AppError::NotFound.into()).contains_key("retry-after"));
}

#[test]
fn a_pointer_escapes_what_it_must() {
    assert_eq!(pointer(["a/b", "c~d", "0"]), "/a~1b/c~0d/0");
    assert_eq!(pointer([]), "");
}
