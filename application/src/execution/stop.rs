//! What ends an attempt from outside.

use futures::channel::oneshot;

/// Why an attempt is to end before it has come to its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The task was cancelled, or the lease ran out or was taken over: nothing may be recorded.
    LeaseLost,
    /// The tenant is suspended: the attempt ends as failed.
    Suspended,
    /// The worker ends: the task goes back to the queue.
    Shutdown,
}

/// Resolves when the attempt is to end. Where the sender is dropped, it never is.
pub type Stop = oneshot::Receiver<StopCause>;

/// Returns when the attempt is to end.
pub(super) async fn stopped(stop: &mut Stop) -> StopCause {
    match stop.await {
        Ok(cause) => cause,
        Err(oneshot::Canceled) => futures::future::pending().await,
    }
}
