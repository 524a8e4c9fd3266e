//! The one table: which failure is answered with which status and code.

use application::AppError;
use application::commit::UniqueScope;
use application::ports::Unavailable;
use axum::http::StatusCode;
use domain::plan::Resource;
use domain::{LimitReached, Refusal, RefusalKind};

use super::Problem;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        match error {
            AppError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "forbidden", &detail),
            AppError::Denied(code, _) => Self::new(StatusCode::FORBIDDEN, code, &detail),
            // Whoever says that it is not there, the answer is the same.
            AppError::NotFound | AppError::Refused { kind: RefusalKind::NotFound, .. } => Self::not_found(),
            AppError::Refused { kind, code, .. } => Self::new(refused(kind), code, &detail),
            AppError::Limit(limit) => limited(limit),
            AppError::Taken(scope) => Self::new(StatusCode::CONFLICT, taken(scope), &detail),
            // No request works under a lease.
            AppError::Conflict | AppError::LeaseLost => {
                Self::new(StatusCode::CONFLICT, "version_conflict", &detail)
            }
            AppError::Stale(_) => Self::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", &detail),
            AppError::IdempotencyKeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", &detail)
            }
            AppError::BadCredentials => Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", &detail),
            AppError::Superseded => Self::new(StatusCode::CONFLICT, "refresh_superseded", &detail),
            AppError::TenantRequired(_) => Self::new(StatusCode::CONFLICT, "tenant_required", &detail),
            AppError::Invalid(field, code, message) => Self::invalid_field(field, code, message),
            AppError::Unfit { field, code, message } => Self::invalid_field(&field, code, &message),
            AppError::Unavailable => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &detail),
            AppError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", &detail),
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        AppError::from(error).into()
    }
}

const fn refused(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::WrongStage => StatusCode::CONFLICT,
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
    }
}

const fn taken(scope: UniqueScope) -> &'static str {
    match scope {
        UniqueScope::Subdomain => "subdomain_taken",
        UniqueScope::Email => "email_taken",
        UniqueScope::Founder => "owner_exists",
    }
}

fn limited(limit: LimitReached) -> Problem {
    let mut problem = Problem::new(refused(limit.kind()), limit.code(), &limit.to_string());
    let mut tell = |resource: Resource, limit, used| {
        problem.0.resource = Some(resource.as_str());
        problem.0.limit = Some(limit);
        problem.0.used = Some(used);
    };
    match limit {
        LimitReached::Quota { resource, limit, used, resets_at } => {
            tell(resource, limit, used);
            problem.0.resets_at = resets_at;
        }
        LimitReached::TierTooSmall { resource, limit, used } => tell(resource, limit, used),
        LimitReached::LastOwner
        | LimitReached::Schedules
        | LimitReached::Suspended
        | LimitReached::Stopped
        | LimitReached::Budget { .. } => {}
    }
    problem
}

/// Failures of the HTTP edge itself.
impl Problem {
    /// Nothing of that name or id, or another tenant's: the same answer.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing, or it is not yours to see")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the request body must be at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &detail)
    }

    /// The rest of the body is not waited for, so the connection ends with the answer.
    pub(crate) fn too_slow() -> Self {
        let detail = "the request body did not come in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
    }

    pub(crate) fn uri_too_long(most: usize) -> Self {
        let detail = format!("the address must have at most {most} bytes");
        Self::new(StatusCode::URI_TOO_LONG, "uri_too_long", &detail)
    }

    pub(crate) fn headers_too_large(most: usize) -> Self {
        let detail = format!("the headers must have at most {most} bytes together");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", &detail)
    }

    pub(crate) fn unsupported_media_type(expected: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", expected)
    }

    pub(crate) fn malformed_json(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    }

    pub(crate) fn token_missing() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "an access token is needed: Authorization: Bearer <token>",
        )
    }

    /// Whether the organisation that is named exists is not told: who asks does not belong to it.
    pub(crate) fn tenant_mismatch() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "tenant_mismatch",
            "the credentials belong to another organisation than the request names",
        )
    }

    /// The problem that stands for a status that a library answered with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method_not_allowed", "this address does not answer to that method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "too_large", "the request is too large"),
            status if status.is_client_error() => {
                Self::new(status, "bad_request", "the request cannot be read")
            }
            _ => Self::internal(),
        }
    }
}

/// How many seconds to wait before asking again.
pub(super) const fn retry_after(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Some("2"),
        StatusCode::TOO_MANY_REQUESTS => Some("1"),
        _ => None,
    }
}
