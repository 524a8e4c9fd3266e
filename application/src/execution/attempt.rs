//! One attempt: the model call, its time limit and its signs of life.

use std::time::Duration;

use domain::Usage;
use domain::agent::Profile;
use domain::task::{Failure, Work};
use domain::text::Reason;
use futures::future::{Either, select};

use crate::App;
use crate::ports::{Claimed, ModelCall, ModelFailure, ModelReply};

use super::LEASE;

/// How an attempt ended.
pub(super) enum Outcome {
    Replied(ModelReply),
    Failed(ModelFailure),
    /// The task was cancelled, or another worker has it: nothing may be recorded.
    LeaseLost,
}

/// A third of the lease: two signs of life may be lost before the lease is.
const HEARTBEAT: Duration = Duration::from_secs(LEASE.as_secs() / 3);

impl App {
    /// Calls the model, renewing the lease meanwhile, until it answers or its time is up.
    pub(super) async fn attempt(&self, claimed: &Claimed, agent: &Profile, work: &Work) -> Outcome {
        let call = ModelCall {
            tenant: claimed.tenant,
            kind: agent.kind.clone(),
            configuration: agent.configuration.clone(),
            task: work.kind,
            input: work.input.clone(),
        };
        let limit = Duration::from_secs(u64::from(work.timeout.get()));
        let mut spent = Duration::ZERO;
        let mut answer = self.models.complete(&call);
        loop {
            let pause = HEARTBEAT.min(limit.saturating_sub(spent));
            match select(answer, self.clock.sleep(pause)).await {
                Either::Left((Ok(reply), _)) => return Outcome::Replied(reply),
                Either::Left((Err(failure), _)) => return Outcome::Failed(failure),
                Either::Right(((), unanswered)) => answer = unanswered,
            }
            spent += pause;
            if spent >= limit {
                return Outcome::Failed(timed_out(limit));
            }
            // While the queue cannot be asked the call goes on: the end of the attempt is checked by the log.
            if let Ok(false) = self.queue.renew(claimed, LEASE).await {
                return Outcome::LeaseLost;
            }
        }
    }
}

fn timed_out(limit: Duration) -> ModelFailure {
    let message = Reason::from_lossy(&format!("no answer within {} s", limit.as_secs()));
    ModelFailure {
        failure: Failure { code: "task.timeout".to_owned(), message },
        usage: Usage::default(),
        retry: Some(Duration::ZERO),
    }
}
