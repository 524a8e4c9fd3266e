use domain::task::{Task, TaskCommand, Verdict};
use domain::text::Reason;
use domain::{ContentHash, Metadata, Permission, StreamId, TaskId};
use uuid::Uuid;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::error::AppError;
use crate::execute::{Acting, Done, alone};

/// A person's answer to what an agent asked.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Which question.
    pub approval: Uuid,
    /// The hash of what the person was shown.
    pub shown: ContentHash,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

impl App {
    /// Answers the question that a task waits with, and lets it go on: one event, so nothing can come between the two.
    /// Refused where the person was shown something else than what would be done.
    pub async fn decide_approval(
        &self,
        caller: &Caller,
        task: TaskId,
        decision: Decision,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ApproveTasks)?;
        let Decision { approval, shown, verdict, reason } = decision;
        let command = TaskCommand::Decide { approval, shown, verdict, reason, at: self.clock.now() };
        self.execute::<Task>(caller, StreamId::task(caller.tenant, task), command, alone).await
    }

    /// Lets at most `most` tasks go on, or fail, whose questions nobody answered in time; says how many it looked at.
    /// Of those that are answered or cancelled at the same moment nothing is recorded.
    pub async fn expire_approvals(&self, worker: &str, most: usize) -> Result<usize, AppError> {
        let at = self.clock.now();
        let overdue = self.overdue.list_overdue(at, most).await?;
        let metadata = Metadata::system(worker);
        for (tenant, task) in &overdue {
            let (stream, command) = (StreamId::task(*tenant, *task), TaskCommand::ExpireApproval { at });
            match self
                .execute::<Task>(Acting::unbound(&Origin::default(), &metadata), stream, command, alone)
                .await
            {
                Ok(_) | Err(AppError::Refused { .. } | AppError::Conflict | AppError::Limit(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(overdue.len())
    }
}
