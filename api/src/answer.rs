//! Answers of commands and single resources.

use application::Done;
use axum::Json;
use axum::http::header::{ETAG, HeaderName, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::TenantId;
use serde::Serialize;

use crate::ApiState;
use crate::problem::Problem;

/// The position of a command's last event in the tenant's log.
pub(crate) const EVENT_POSITION: HeaderName = HeaderName::from_static("x-event-position");

/// A body with what its headers say of it.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    version: Option<i64>,
    position: Option<i64>,
    location: Option<String>,
    body: T,
}

/// Done, and nothing to show.
#[derive(Debug)]
pub(crate) struct Emptied {
    position: i64,
}

impl<T> Answer<T> {
    /// 200 with a body.
    pub(crate) const fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, version: None, position: None, location: None, body }
    }

    /// 201 with the new resource and where it is.
    pub(crate) fn created(location: String, body: T) -> Self {
        Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(body) }
    }

    /// 202 with the resource whose work goes on.
    pub(crate) fn accepted(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// The version that a later `If-Match` names.
    pub(crate) fn version(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The position of the command's last event in the tenant's log.
    pub(crate) fn position(self, position: i64) -> Self {
        Self { position: Some(position), ..self }
    }
}

impl Emptied {
    /// 204 after a command that led up to that position.
    pub(crate) const fn at(position: i64) -> Self {
        Self { position }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        let etag = self.version.map(|version| format!("\"{version}\""));
        insert(headers, ETAG, etag);
        insert(headers, EVENT_POSITION, self.position.map(|position| position.to_string()));
        insert(headers, LOCATION, self.location);
        response
    }
}

impl IntoResponse for Emptied {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        insert(response.headers_mut(), EVENT_POSITION, Some(self.position.to_string()));
        response
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

impl ApiState {
    /// Up to where a reader must have read to see the command; what changed nothing is seen at the log's end.
    pub(crate) async fn position(&self, tenant: TenantId, done: Done) -> Result<i64, Problem> {
        match done.position {
            Some(position) => Ok(position),
            None => Ok(self.feed.head(tenant).await?.position),
        }
    }
}
