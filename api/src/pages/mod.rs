//! What is for eyes: the dashboard and the API's reference pages. Nothing is loaded from elsewhere.

mod dashboard;
mod reference;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;

use crate::ApiState;
use crate::problem::Problem;

/// The reference pages and the document they show.
pub(crate) fn router(document: &OpenApi) -> Router<ApiState> {
    reference::router(document)
}

/// Answers what no route does: the API's namespace with a problem, everything else with the dashboard.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return Problem::not_found().into_response();
    }
    dashboard::serve(request.method(), path, request.headers())
}
