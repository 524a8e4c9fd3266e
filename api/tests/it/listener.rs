//! A client of server-sent events.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::Value;

use crate::support::{Client, Session};

/// One frame of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<i64>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// A client of a stream.
pub(crate) struct Listener {
    response: Response,
    text: String,
    frames: VecDeque<Frame>,
}

impl Listener {
    pub(crate) async fn open(app: &Client, by: &Session, path: &str, last_event_id: Option<i64>) -> Self {
        let request = app.request(Method::GET, path).bearer_auth(&by.token);
        let request = match last_event_id {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), frames: VecDeque::new() }
    }

    /// The next frame; nothing once the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let more = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = more.expect("nothing within 10 s").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                self.frames.extend(frame(&block));
            }
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Frame> {
        let mut taken = vec![];
        while taken.len() < count {
            taken.push(self.next().await.expect("the stream goes on"));
        }
        taken
    }

    /// The frames up to the first of this name.
    pub(crate) async fn until(&mut self, event: &str) -> Vec<Frame> {
        let mut taken = vec![];
        loop {
            taken.push(self.next().await.expect("the stream goes on"));
            if taken.last().is_some_and(|frame| frame.event == event) {
                return taken;
            }
        }
    }

    /// The frames up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Frame> {
        let mut taken = vec![];
        while let Some(frame) = self.next().await {
            taken.push(frame);
        }
        taken
    }

    /// Reads on until the stream ends, which must be soon.
    pub(crate) async fn assert_ends(mut self, what: &str) {
        let since = Instant::now();
        self.rest().await;
        assert!(since.elapsed() < Duration::from_secs(10), "{what}: {:?}", since.elapsed());
    }
}

/// The positions of those that are events.
pub(crate) fn ids(frames: &[Frame]) -> Vec<i64> {
    frames.iter().filter_map(|frame| frame.id).collect()
}

fn frame(block: &str) -> Option<Frame> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some(Frame { id: field("id").map(|id| id.parse().unwrap()), event: field("event")?.to_owned(), data })
}
