//! `/openapi.json`, `/docs` and `/redoc`.

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::dashboard;
use crate::ApiState;

pub(super) fn router(document: &OpenApi) -> Router<ApiState> {
    let json =
        Bytes::from(serde_json::to_vec(document).expect("the document is made of strings and numbers"));
    let docs = || async { page("vendor/swagger-ui-bundle.js", include_str!("swagger.html")) };
    let redoc = || async { page("vendor/redoc.standalone.js", include_str!("redoc.html")) };
    Router::new()
        .route("/openapi.json", get(|| async { file("application/json", json) }))
        .route("/docs", get(docs))
        .route("/redoc", get(redoc))
        .route("/vendor-init/swagger.js", script(include_str!("swagger.js")))
        .route("/vendor-init/redoc.js", script(include_str!("redoc.js")))
}

/// A page whose script is among the dashboard's files, if they were built in.
fn page(needs: &str, html: &'static str) -> Html<&'static str> {
    if dashboard::has(needs) { Html(html) } else { Html(include_str!("not_built.html")) }
}

fn script(text: &'static str) -> axum::routing::MethodRouter<ApiState> {
    get(move || async move { file("text/javascript; charset=utf-8", Bytes::from_static(text.as_bytes())) })
}

fn file(kind: &'static str, bytes: Bytes) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
