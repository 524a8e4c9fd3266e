use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The body of a request, which must have come in by an end of its own: whoever sends a byte now and then gets no
/// further than whoever sends nothing.
pub(super) struct TimedBody<B> {
    body: B,
    end: Pin<Box<Sleep>>,
}

/// A body did not come in by its end.
#[derive(Debug, thiserror::Error)]
#[error("the request body did not come in time")]
pub(crate) struct TooSlow;

impl TooSlow {
    /// Whether it is why a body could not be read.
    pub(crate) fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| (*error).source()).any(<dyn Error>::is::<Self>)
    }
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B, patience: Duration) -> Self {
        Self { body, end: Box::pin(sleep(patience)) }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(TooSlow.into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
