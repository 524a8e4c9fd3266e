//! Requests as such are limited, and every answer says where the client stands.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ApiState;
use crate::extract::client_address;
use crate::limits::Tightest;

/// For routes that nobody is signed in for.
pub(crate) async fn for_anyone(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let tightest = Tightest::default();
    request.extensions_mut().insert(tightest.clone());
    let (parts, body) = request.into_parts();
    let client = client_address(&parts, &state.http.trusted_proxies);
    if let Err(limited) = state.limits.anonymous(client, &parts.extensions) {
        return limited.into_response();
    }
    told(&tightest, next.run(Request::from_parts(parts, body)).await)
}

/// For routes that ask for a caller, who is counted where it is found. Who is none counts as nobody in particular.
pub(crate) async fn for_callers(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let tightest = Tightest::default();
    request.extensions_mut().insert(tightest.clone());
    let (parts, body) = request.into_parts();
    let client = client_address(&parts, &state.http.trusted_proxies);
    let mut noted = axum::http::Extensions::new();
    noted.insert(tightest.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() == StatusCode::UNAUTHORIZED
        && let Err(limited) = state.limits.anonymous(client, &noted)
    {
        return limited.into_response();
    }
    told(&tightest, response)
}

fn told(tightest: &Tightest, mut response: Response) -> Response {
    let is_told = response.headers().contains_key("ratelimit-limit");
    if let Some(standing) = tightest.get().filter(|_| !is_told) {
        standing.write(response.headers_mut());
    }
    response
}
