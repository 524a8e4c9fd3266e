//! Connections: taken, served, ended in order, and given up where the other side is too slow. Whoever opens many and
//! says little on each (slow heads, slow bodies, answers that are not read) holds each for a bounded time only.

mod patience;
mod timed_body;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use patience::Patient;
use timed_body::TimedBody;

pub(crate) use timed_body::TooSlow;

/// How long is waited for the other side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the whole head of a request; also for its first byte, on a connection that was used before.
    pub head: Duration,
    /// For the whole body of a request.
    pub body: Duration,
    /// For the other side to take anything of an answer.
    pub reading: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            reading: Duration::from_secs(30),
        }
    }
}

/// The most bytes of a request's head, above what [`crate::router`] answers to with a problem of its own.
const MOST_HEAD: usize = 64 * 1024;

/// Serves until `stop`; then no connection is taken any more, and it returns when the last request is answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head).max_header_size(MOST_HEAD);
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), peer, patience, request));
        let io = TokioIo::new(Patient::new(stream, patience.reading));
        let connection = open.watch(http.serve_connection(io, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

async fn answer(
    mut router: Router,
    peer: SocketAddr,
    patience: Patience,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let timed = |body: Incoming| {
        if body.is_end_stream() { Body::empty() } else { Body::new(TimedBody::new(body, patience.body)) }
    };
    router.call(request.map(timed)).await
}

/// The next connection. Where there can be none for now, as too many files are open, it waits.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without it small answers wait for the other side's acknowledgement; a connection works all the same.
                stream.set_nodelay(true).ok();
                return (stream, peer);
            }
            // It was gone before it was taken.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no connection can be taken");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
