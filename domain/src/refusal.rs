//! Why a command was refused.

/// What sort of "no" it is; the HTTP status follows from this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Nothing of that id exists (any more).
    NotFound,
    /// The present stage does not allow it.
    WrongStage,
    /// The request can never be valid.
    Invalid,
    /// The caller's role does not allow it.
    Forbidden,
}

/// A state of affairs that forbids a command. `Display` is one lower-case clause for people; programs branch on
/// [`Refusal::code`].
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// The sort of refusal.
    fn kind(&self) -> RefusalKind;
    /// A stable code such as `agent.already_running`.
    fn code(&self) -> &'static str;
}
