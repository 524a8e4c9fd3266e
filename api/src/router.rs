//! The only list of routes, and with it of the operations in the OpenAPI document.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ApiState;
use crate::middleware::{encodings, idempotency, rate_limit, request};
use crate::routes::{
    agents, api_keys, approvals, audit, auth, budgets, catalogue, conversations, events, health, invitations,
    passwords, provider_keys, replays, schedules, sessions, steps, stops, stream, tasks, tenants, usage,
    users, watching,
};
use crate::{openapi as document, pages};

/// Where the API begins.
const BASE: &str = "/api/v1";

/// Everything that is served.
pub fn router(state: ApiState) -> Router {
    let anyone = for_anyone()
        .layer(from_fn_with_state(state.clone(), idempotency::for_anyone))
        .layer(from_fn_with_state(state.clone(), rate_limit::for_anyone));
    let callers = for_callers()
        .layer(from_fn_with_state(state.clone(), idempotency::for_callers))
        .layer(from_fn_with_state(state.clone(), rate_limit::for_callers));
    let (api, paths) = assemble(anyone, callers).split_for_parts();
    api.merge(pages::router(&document::complete(paths)))
        .fallback(pages::serve)
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(from_fn_with_state(state.clone(), request::accompany))
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn(encodings::always_answer))
        .with_state(state)
}

/// The OpenAPI 3.1 document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    document::complete(assemble(for_anyone(), for_callers()).into_openapi())
}

/// The same as a text to be committed: indented.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    openapi().to_pretty_json()
}

fn assemble(anyone: OpenApiRouter<ApiState>, callers: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(document::outline())
        .nest(BASE, anyone.merge(callers))
        .routes(routes!(health::get_health))
        .routes(routes!(health::get_liveness))
        .routes(routes!(health::get_readiness))
        .routes(routes!(sessions::get_public_keys))
}

/// Nobody need be signed in.
fn for_anyone() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(catalogue::list_plans))
        .routes(routes!(catalogue::list_roles))
        .routes(routes!(tenants::create_tenant))
        .routes(routes!(auth::register))
        .routes(routes!(auth::log_in))
        .routes(routes!(sessions::refresh))
        .routes(routes!(invitations::inspect_invitation))
        .routes(routes!(passwords::request_password_reset))
        .routes(routes!(passwords::confirm_password_reset))
}

/// What a process shows of itself that takes no requests.
pub fn health_router(state: ApiState) -> axum::Router {
    use axum::routing::get;
    axum::Router::new()
        .route("/health", get(health::get_health))
        .route("/health/live", get(health::get_liveness))
        .route("/health/ready", get(health::get_readiness))
        .with_state(state)
}

/// A caller is needed; the handlers ask for one.
fn for_callers() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(tenants::get_tenant, tenants::change_tenant))
        .routes(routes!(tenants::get_tenant_settings, tenants::change_tenant_settings))
        .routes(routes!(tenants::change_subscription))
        .routes(routes!(tenants::get_usage))
        .routes(routes!(budgets::get_tenant_budget, budgets::set_tenant_budget))
        .routes(routes!(usage::report_usage))
        .routes(routes!(stops::stop_all_work))
        .routes(routes!(stops::reopen_work))
        .routes(routes!(tenants::get_tenant_health))
        .routes(routes!(sessions::log_out))
        .routes(routes!(sessions::reauthenticate))
        .routes(routes!(sessions::list_sessions, sessions::end_other_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(sessions::end_sessions_of_user))
        .routes(routes!(auth::get_me))
        .routes(routes!(auth::change_profile))
        .routes(routes!(passwords::change_password))
        .routes(routes!(passwords::reset_user_password))
        .routes(routes!(users::list_users))
        .routes(routes!(invitations::invite_user))
        .routes(routes!(invitations::list_invitations))
        .routes(routes!(invitations::revoke_invitation))
        .routes(routes!(invitations::resend_invitation))
        .routes(routes!(users::get_user, users::change_user, users::deactivate_user))
        .routes(routes!(agents::list_agents, agents::create_agent))
        .routes(routes!(agents::get_agent, agents::change_agent, agents::terminate_agent))
        .routes(routes!(agents::start_agent))
        .routes(routes!(agents::stop_agent))
        .routes(routes!(agents::pause_agent))
        .routes(routes!(agents::resume_agent))
        .routes(routes!(budgets::get_agent_budget, budgets::set_agent_budget))
        .routes(routes!(tasks::list_tasks, tasks::create_task))
        .routes(routes!(tasks::get_task, tasks::amend_task, tasks::withdraw_task))
        .routes(routes!(tasks::execute_task))
        .routes(routes!(tasks::cancel_task))
        .routes(routes!(tasks::retry_task))
        .routes(routes!(approvals::list_approvals))
        .routes(routes!(approvals::decide_approval))
        .routes(routes!(steps::list_steps))
        .routes(routes!(watching::watch_task))
        .routes(routes!(replays::replay_task))
        .routes(routes!(conversations::list_conversations, conversations::create_conversation))
        .routes(routes!(conversations::get_conversation, conversations::remove_conversation))
        .routes(routes!(conversations::send_message))
        .routes(routes!(schedules::list_schedules, schedules::create_schedule))
        .routes(routes!(schedules::preview_schedule))
        .routes(routes!(schedules::get_schedule, schedules::change_schedule, schedules::remove_schedule))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::get_api_key, api_keys::revoke_api_key))
        .routes(routes!(api_keys::rotate_api_key))
        .routes(routes!(provider_keys::list_provider_keys, provider_keys::set_provider_key))
        .routes(routes!(provider_keys::get_provider_key, provider_keys::remove_provider_key))
        .routes(routes!(audit::list_audit_events))
        .routes(routes!(events::list_events))
        .routes(routes!(stream::stream_events))
}
