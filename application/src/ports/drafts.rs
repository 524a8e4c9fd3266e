use domain::{TaskId, TenantId};
use uuid::Uuid;

use super::Live;

/// Answers of models while they come in, for whoever watches. A draft is no record: that is the end of the step.
pub trait Drafts: Send + Sync {
    /// Takes down what a call brings. Once it is dropped, so is the draft.
    fn open(&self, call: DraftedCall) -> Box<dyn Live>;
}

/// A call of a model whose answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftedCall {
    /// Whose.
    pub tenant: TenantId,
    /// Of which task.
    pub task: TaskId,
    /// The call, as its step names it.
    pub call: Uuid,
}
