use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::Answer;
use crate::logging::{self, LogHealth};
use crate::problem::Problem;

/// Whether the service works.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceHealth {
    /// Always `ok`; anything else is answered with 503.
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// What it depends on.
    checks: ServiceChecks,
    /// How the service's own log fares.
    log: LogHealth,
}

/// What the service depends on.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceChecks {
    /// The database.
    database: &'static str,
}

/// That the process runs, or takes requests.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceStatus {
    /// Always `ok`.
    status: &'static str,
}

const OK: &str = "ok";

/// Get the service's health
#[utoipa::path(get, path = "/health", tag = "health",
    responses((status = 200, description = "Everything works", body = ServiceHealth)))]
pub(crate) async fn get_health(State(api): State<ApiState>) -> Result<Answer<ServiceHealth>, Problem> {
    api.database.ping().await?;
    Ok(Answer::ok(ServiceHealth {
        status: OK,
        version: api.http.version,
        checks: ServiceChecks { database: OK },
        log: logging::health(),
    }))
}

/// Ask whether the process runs
///
/// If not, it is to be started anew. Says nothing of what it depends on.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, description = "It runs", body = ServiceStatus)))]
pub(crate) async fn get_liveness() -> Answer<ServiceStatus> {
    Answer::ok(ServiceStatus { status: OK })
}

/// Ask whether the service takes requests
///
/// Not while its database is away, nor once it is to end.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "It takes requests", body = ServiceStatus)))]
pub(crate) async fn get_readiness(State(api): State<ApiState>) -> Result<Answer<ServiceStatus>, Problem> {
    if *api.shutdown.borrow() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the service is about to end",
        ));
    }
    api.database.ping().await?;
    Ok(Answer::ok(ServiceStatus { status: OK }))
}
