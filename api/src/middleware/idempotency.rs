//! POST requests with an `Idempotency-Key` are done once and answered as often as they are asked.
//!
//! That the work is done once is promised by the log, which stores the key in the commit. Here the answer is kept,
//! and a repeated request gets it again.

use application::Caller;
use application::caller::{Credential, IdempotencyKey};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use infrastructure::postgres::{Known, StoredAnswer};
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use crate::ApiState;
use crate::answer::EVENT_POSITION;
use crate::extract::{Authed, body_limit, cookie, read_body};
use crate::problem::Problem;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers worth repeating.
const KEPT: [HeaderName; 5] = [CONTENT_TYPE, ETAG, LOCATION, EVENT_POSITION, SET_COOKIE];
/// The most bytes of an answer that is kept; no answer to a POST comes near it.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// For routes that nobody is signed in for: keys are unique among all such requests.
pub(crate) async fn for_anyone(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key_of(&request)? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, body_limit(&parts.extensions)).await?;
    let mut key = named(&state, key, &parts, None, &body);
    if let Some(answer) = answered(&state, Uuid::nil(), &mut key).await? {
        return replay(answer);
    }
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(key.clone());
    answer_and_keep(&state, Uuid::nil(), key, request, next).await
}

/// For routes that ask for a caller: keys are unique within the caller's tenant.
pub(crate) async fn for_callers(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key_of(&request)? else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let Authed(mut caller) = Authed::from_request_parts(&mut parts, &state).await?;
    let body = read_body(&parts.headers, body, body_limit(&parts.extensions)).await?;
    let mut key = named(&state, key, &parts, Some(&caller), &body);
    let scope = caller.tenant.0;
    if let Some(answer) = answered(&state, scope, &mut key).await? {
        return replay(answer);
    }
    caller.origin.idempotency = Some(key.clone());
    parts.extensions.insert(caller);
    answer_and_keep(&state, scope, key, Request::from_parts(parts, Body::from(body)), next).await
}

/// The answer that was sent before, if one was. Where the work was done and no answer kept, the key learns what was
/// done, so that the answer is made anew without doing it again.
async fn answered(
    state: &ApiState,
    scope: Uuid,
    key: &mut IdempotencyKey,
) -> Result<Option<StoredAnswer>, Problem> {
    match state.answers.find(scope, key).await? {
        Known::Answered(answer) => return Ok(Some(answer)),
        Known::OtherRequest => return Err(application::AppError::IdempotencyKeyReused.into()),
        Known::Done(done) => key.done = Some(done),
        Known::New => {}
    }
    Ok(None)
}

async fn answer_and_keep(
    state: &ApiState,
    scope: Uuid,
    key: IdempotencyKey,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // In a task of its own: what was begun is answered and kept even if the client goes away.
    let answers = state.answers.clone();
    let work = async move {
        let response = next.run(request).await;
        if !response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, MOST_BYTES).await.map_err(|error| {
            tracing::error!(%error, "an answer could not be kept");
            Problem::internal()
        })?;
        let answer = StoredAnswer {
            status: parts.status.as_u16(),
            headers: kept(&parts.headers),
            body: body.to_vec(),
        };
        // The work is done, and the log knows its key: an answer that was not kept is made anew next time.
        if answers.store(scope, &key, &answer).await.is_err() {
            tracing::warn!("the answer was not kept");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    };
    let done = tokio::spawn(work.in_current_span()).await;
    done.unwrap_or_else(|panic| {
        tracing::error!(%panic, "the request was not finished");
        Err(Problem::internal())
    })
}

/// The key of a POST that has one.
fn key_of(request: &Request) -> Result<Option<String>, Problem> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let mut values = request.headers().get_all(KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let is_visible = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_graphic);
    let bytes = value.as_bytes();
    if values.next().is_some() || !(1..=255).contains(&bytes.len()) || !is_visible(bytes) {
        return Err(Problem::invalid_field(
            "/Idempotency-Key",
            "malformed",
            "must be one text of 1 to 255 visible ASCII characters",
        ));
    }
    Ok(value.to_str().ok().map(str::to_owned))
}

fn named(
    state: &ApiState,
    key: String,
    parts: &Parts,
    caller: Option<&Caller>,
    body: &Bytes,
) -> IdempotencyKey {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let by = caller.map(name_of).unwrap_or_default();
    // A request that brings its token in the cookie is told apart by that, as another is by its body.
    let token = cookie::read(&parts.headers).unwrap_or_default();
    let told_apart_by = [parts.method.as_str(), path, &by, token];
    let hash = |pepper: &[u8; 32]| request_hash(pepper, told_apart_by, body);
    let request_before = state.http.request_pepper_before.as_ref().map(hash);
    IdempotencyKey { key, request: hash(&state.http.request_pepper), request_before, done: None }
}

/// A program is not its maker: it must not be told what the maker was told, such as a new key.
fn name_of(caller: &Caller) -> String {
    match caller.credential {
        Credential::Session { .. } => caller.user.to_string(),
        Credential::ApiKey { id, .. } => format!("key {id}"),
    }
}

/// SHA-256 over what tells requests apart. The pepper comes first: bodies may hold passwords, and who reads the
/// stored hash must not be able to try passwords against it. Each part goes with its length, so that no two
/// requests run together into the same bytes.
fn request_hash(pepper: &[u8; 32], parts: [&str; 4], body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(pepper);
    for part in parts.iter().map(|part| part.as_bytes()).chain([body]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    KEPT.iter()
        .filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        })
        .collect()
}

fn replay(answer: StoredAnswer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Problem::internal())?;
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_differ_in_anything_hash_differently() {
        let pepper = [1; 32];
        let base = request_hash(&pepper, ["POST", "/a", "u", "t"], b"{}");
        assert_eq!(base, request_hash(&pepper, ["POST", "/a", "u", "t"], b"{}"));
        for other in [
            request_hash(&[2; 32], ["POST", "/a", "u", "t"], b"{}"),
            request_hash(&pepper, ["POST", "/a", "u", ""], b"{}"),
            request_hash(&pepper, ["PUT", "/a", "u", "t"], b"{}"),
            request_hash(&pepper, ["POST", "/a?x=1", "u", "t"], b"{}"),
            request_hash(&pepper, ["POST", "/a", "", "t"], b"{}"),
            request_hash(&pepper, ["POST", "/a", "u", "t"], b"{} "),
            request_hash(&pepper, ["POST", "/au", "", "t"], b"{}"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        let key = |values: &[&str]| {
            let mut request = Request::post("/").body(Body::empty()).unwrap();
            for value in values {
                request.headers_mut().append(KEY, value.parse().unwrap());
            }
            key_of(&request).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&["a-1"]), Ok(Some("a-1".to_owned())));
        for bad in [&[""] as &[&str], &["a b"], &["a", "b"], &[&"x".repeat(256)]] {
            assert_eq!(key(bad), Err(422), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_kept_answer_comes_back_as_it_was() {
        let answer = StoredAnswer {
            status: 201,
            headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
            body: b"{}".to_vec(),
        };
        let response = replay(answer).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["etag"], "\"1\"");
        assert_eq!(response.headers()["idempotent-replayed"], "true");
        assert_eq!(to_bytes(response.into_body(), 10).await.unwrap(), "{}");
    }
}
