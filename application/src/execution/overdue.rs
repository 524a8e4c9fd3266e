//! Tasks that wait too long for a worker.

use domain::task::{Task, TaskCommand};
use domain::{Metadata, StreamId};

use crate::App;
use crate::caller::Origin;
use crate::error::AppError;
use crate::execute::{Acting, alone};

impl App {
    /// Fails at most `most` tasks that have waited for a worker longer than they may; whoever takes one at the same
    /// moment wins.
    pub async fn expire_queued(&self, worker: &str, most: usize) -> Result<(), AppError> {
        let metadata = Metadata::system(worker);
        for overdue in self.queue.overdue(most).await? {
            let stream = StreamId::task(overdue.tenant, overdue.task);
            let expire = TaskCommand::ExpireInQueue { queued_at: overdue.since, at: self.clock.now() };
            match self
                .execute::<Task>(Acting::unbound(&Origin::default(), &metadata), stream, expire, alone)
                .await
            {
                Ok(_) | Err(AppError::Refused { .. } | AppError::Limit(_) | AppError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
