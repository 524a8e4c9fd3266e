//! Real attempts through the client, against listeners on this machine that tell what reached them.

mod answers;
pub(crate) mod spellings;
mod targets;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Answers every connection with the same bytes, and counts them.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Says `answer` to whoever has sent the head of a request, and closes.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (counted, noted, answer) = (connections.clone(), requests.clone(), answer.into());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let mut head = vec![];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read_buf(&mut head).await {
                        Ok(0) | Err(_) => break,
                        Ok(_) => {}
                    }
                }
                noted.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                stream.write_all(&answer).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Self { address, connections, requests, task }
    }

    /// Says that all is well.
    pub(crate) async fn new() -> Self {
        Self::saying("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Heads of requests, in the order they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Names and their addresses as a test says; no other name has any.
#[derive(Clone, Default)]
pub(crate) struct Names {
    known: Arc<HashMap<String, Vec<SocketAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn of<const N: usize>(names: [(&str, &[SocketAddr]); N]) -> Self {
        let known = names.map(|(name, addresses)| (name.to_owned(), addresses.to_vec()));
        Self { known: Arc::new(known.into()), asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Lookup for Names {
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.known.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A way out where plain HTTP is no reason to refuse.
pub(crate) fn outbound(allow: &str, names: Names) -> Outbound {
    let policy = OutboundPolicy { allow: allow.parse().unwrap(), plain_http: PlainHttp::Always };
    Outbound::with_lookup(policy, names)
}

/// What becomes of a request to this URL through the bare client, so at connect time.
pub(crate) async fn attempt(outbound: &Outbound, url: &str) -> Result<u16, OutboundError> {
    Ok(outbound.client().get(url).send().await?.status().as_u16())
}
