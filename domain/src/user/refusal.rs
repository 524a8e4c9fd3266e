use crate::refusal::{Refusal, RefusalKind};

/// Why a user refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// There is no such user.
    #[error("the user does not exist")]
    Absent,
    /// There is one already.
    #[error("the user exists already")]
    AlreadyExists,
    /// There is no open invitation.
    #[error("there is no open invitation")]
    NotInvited,
    /// The user has no access now.
    #[error("the user is not active")]
    NotActive,
    /// The user has access already.
    #[error("the user is active already")]
    AlreadyActive,
}

impl Refusal for UserRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent => RefusalKind::NotFound,
            Self::AlreadyExists | Self::NotInvited | Self::NotActive | Self::AlreadyActive => {
                RefusalKind::WrongStage
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent => "not_found",
            Self::AlreadyExists => "user.already_exists",
            Self::NotInvited => "user.not_invited",
            Self::NotActive => "user.not_active",
            Self::AlreadyActive => "user.already_active",
        }
    }
}
