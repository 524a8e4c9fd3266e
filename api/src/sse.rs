//! Server-sent events, whatever they tell: who may listen and for how long, signs of life, and the form of frames.

use std::convert::Infallible;
use std::time::Duration;

use application::Caller;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::Permission;
use futures::stream::unfold;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ApiState;
use crate::extract::readmit;
use crate::limits::OpenStream;
use crate::problem::Problem;

/// How often a comment shows that the stream is alive; also how long a wake-up that got lost is not noticed.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How often the session is looked at anew.
const ADMIT_EVERY: Duration = Duration::from_secs(4);
/// Asks clients to come back after three seconds.
const OPENING: &str = "retry: 3000\n\n";
const COMMENT: &str = ": alive\n\n";

/// What a stream tells. It is asked only as fast as the client reads, so whoever reads slowly is told later and keeps
/// nobody waiting.
pub(crate) trait Source: Send + 'static {
    /// What it takes to be told.
    const PERMISSION: Permission;

    /// What comes next; nothing where it cannot be known now, so that the client comes back.
    fn next(&mut self, api: &ApiState, caller: &Caller) -> impl Future<Output = Option<Told>> + Send;

    /// Returns once there may be more to tell; with nothing once there never will be.
    fn news(&mut self) -> impl Future<Output = Option<()>> + Send;
}

/// What a source has to tell.
pub(crate) enum Told {
    /// These frames.
    Frames(Bytes),
    /// Nothing before the next news.
    NothingNew,
    /// Nothing ever again.
    End,
}

/// The `Last-Event-ID` that a client comes back with.
pub(crate) struct LastEventId(pub(crate) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("last-event-id").filter(|value| !value.is_empty()) else {
            return Ok(Self(None));
        };
        let position = value.to_str().ok().and_then(|text| text.parse().ok());
        position.filter(|position| *position >= 0).map(|position| Self(Some(position))).ok_or_else(|| {
            Problem::invalid_field("/Last-Event-ID", "malformed", "must be a position of the log")
        })
    }
}

/// Adds a frame in the form of the HTML standard, section 9.2.6. Users' documents may hold line breaks between their
/// tokens, where JSON takes a blank as well. A frame without `id` leaves the client's last one as it is.
pub(crate) fn push_frame<T: Serialize>(
    text: &mut String,
    id: Option<i64>,
    event: &str,
    data: &T,
) -> Option<()> {
    let data = serde_json::to_string(data).ok()?.replace(['\r', '\n'], " ");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    text.extend([&*id, "event: ", event, "\ndata: ", &*data, "\n\n"]);
    Some(())
}

/// Tells what a source has to tell, until that ends, or the caller's session, or the service.
pub(crate) fn respond<S: Source>(api: ApiState, caller: Caller, source: S) -> Result<Response, Problem> {
    let open = api.limits.stream(&caller)?;
    let shutdown = api.shutdown.clone();
    let now = Instant::now();
    let listener = Listener {
        api,
        caller,
        source,
        shutdown,
        next: Next::Opening,
        admit_at: now + ADMIT_EVERY,
        comment_at: now + COMMENT_EVERY,
        _open: open,
    };
    let frames = unfold(listener, |mut listener| async move {
        let frame = listener.frame().await?;
        Some((Ok::<_, Infallible>(frame), listener))
    });
    let mut response = Body::from_stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// A client that listens.
struct Listener<S> {
    api: ApiState,
    caller: Caller,
    source: S,
    shutdown: watch::Receiver<bool>,
    next: Next,
    admit_at: Instant,
    comment_at: Instant,
    _open: OpenStream,
}

/// What a listener does next.
#[derive(Clone, Copy)]
enum Next {
    Opening,
    Read,
    Wait,
}

impl<S: Source> Listener<S> {
    /// The next bytes to send; nothing once the stream is to end.
    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if *self.shutdown.borrow() {
                return None;
            }
            if Instant::now() >= self.admit_at {
                self.admit().await?;
            }
            match self.next {
                Next::Opening => {
                    self.next = Next::Read;
                    return Some(Bytes::from_static(OPENING.as_bytes()));
                }
                Next::Read => match self.source.next(&self.api, &self.caller).await? {
                    Told::Frames(frames) => {
                        self.comment_at = Instant::now() + COMMENT_EVERY;
                        return Some(frames);
                    }
                    Told::NothingNew => self.next = Next::Wait,
                    Told::End => return None,
                },
                Next::Wait => {
                    if self.wait().await? {
                        return Some(Bytes::from_static(COMMENT.as_bytes()));
                    }
                }
            }
        }
    }

    /// Looks at the session, past any memory of it. Whoever may no longer read gets no further event.
    async fn admit(&mut self) -> Option<()> {
        readmit(&self.api, &mut self.caller).await.ok()?;
        self.admit_at = Instant::now() + ADMIT_EVERY;
        self.caller.may(S::PERMISSION).then_some(())
    }

    /// Until there is news, or something else is due; true if a comment is.
    async fn wait(&mut self) -> Option<bool> {
        let due = self.admit_at.min(self.comment_at);
        tokio::select! {
            news = self.source.news() => {
                news?;
                self.next = Next::Read;
            }
            // An error means that nobody is left to announce the end: the process is ending.
            changed = self.shutdown.changed() => changed.ok()?,
            () = tokio::time::sleep_until(due) => {}
        }
        if Instant::now() < self.comment_at {
            return Some(false);
        }
        self.comment_at = Instant::now() + COMMENT_EVERY;
        self.next = Next::Read;
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn a_frame_is_one_line_of_data_whatever_stands_in_it() {
        let data = RawValue::from_string("{\"a\":\r\n 1}".to_owned()).unwrap();
        let mut text = String::new();
        push_frame(&mut text, Some(7), "agent.started", &data).unwrap();
        push_frame(&mut text, None, "delta", &"a\nb").unwrap();
        assert_eq!(
            text,
            "id: 7\nevent: agent.started\ndata: {\"a\":   1}\n\nevent: delta\ndata: \"a\\nb\"\n\n"
        );
    }
}
