//! Read models that are written inside the commit.

use std::sync::Arc;

use domain::Recorded;
use sqlx::PgConnection;

/// A read model kept by a fold over the log, written in the transaction that appends the events, so that a read
/// after a command always shows it. The same code rebuilds it from the log into another table.
#[async_trait::async_trait]
pub trait Projector: Send + Sync {
    /// Its name, which is also its table's.
    fn name(&self) -> &'static str;

    /// Writes what a batch of events changes: a few statements for the whole batch. Events come in log order
    /// per tenant; each event comes once. `table` is the projector's own table or the shadow of a rebuild, safe to
    /// be put into SQL.
    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error>;
}

/// The register of inline projectors, in the order in which they run.
pub type Projectors = Arc<[Arc<dyn Projector>]>;
