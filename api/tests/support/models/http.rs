//! As much of HTTP/1.1 as a server needs that must also be able to break it.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection; nothing once it is closed.
    pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = vec![];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break at;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        let mut request = Self { method, path, headers, body: bytes.split_off(end + 4) };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while request.body.len() < length {
            if stream.read_buf(&mut request.body).await? == 0 {
                return Ok(None);
            }
        }
        Ok(Some(request))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What goes back.
pub(crate) enum Step {
    /// These bytes.
    Send(Vec<u8>),
    /// Nothing for so long.
    Wait(Duration),
    /// These bytes, over and over, with so long between them, until the other side goes.
    Forever(Vec<u8>, Duration),
}

/// An answer: steps, after which the connection is closed.
#[derive(Default)]
pub(crate) struct Script(pub(crate) Vec<Step>);

impl Script {
    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Step::Send(bytes.into())])
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// An answer of one piece.
    pub(crate) fn answer(status: u16, headers: &str, content_type: &str, body: &[u8]) -> Self {
        let length = format!("content-length: {}\r\n", body.len());
        let head = head(status, &format!("content-type: {content_type}\r\n{length}{headers}"));
        Self::bytes([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(status: u16, headers: &str, body: &Value) -> Self {
        Self::answer(status, headers, "application/json", body.to_string().as_bytes())
    }

    /// The head of a stream of events, which ends with the connection.
    pub(crate) fn stream() -> Self {
        Self::bytes(head(
            200,
            "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n",
        ))
    }

    pub(crate) async fn play(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        for step in self.0 {
            match step {
                Step::Send(bytes) => stream.write_all(&bytes).await?,
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::Forever(bytes, pause) => loop {
                    stream.write_all(&bytes).await?;
                    tokio::time::sleep(pause).await;
                },
            }
        }
        stream.shutdown().await
    }
}

pub(crate) fn head(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Said\r\nconnection: close\r\nx-request-id: req_fake\r\n{headers}\r\n")
}
