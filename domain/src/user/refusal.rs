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
    /// The invitation has run out.
    #[error("the invitation has expired")]
    InvitationExpired,
    /// The invitation was sent anew since.
    #[error("the invitation was sent anew: only its last link is good")]
    InvitationReplaced,
    /// The inviter may no longer offer what was offered.
    #[error("the inviter may no longer invite to that role")]
    InvitationVoid,
    /// The invitation has not run out yet.
    #[error("an invitation to that address is open: send it anew or take it back")]
    InvitationOpen,
    /// The user has no access now.
    #[error("the user is not active")]
    NotActive,
    /// The user has access already.
    #[error("the user is active already")]
    AlreadyActive,
    /// The password is not to be reset by that request.
    #[error("the request to reset the password is unknown, used, replaced or expired")]
    ResetInvalid,
}

impl Refusal for UserRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent => RefusalKind::NotFound,
            Self::AlreadyExists
            | Self::NotInvited
            | Self::InvitationExpired
            | Self::InvitationReplaced
            | Self::InvitationVoid
            | Self::InvitationOpen
            | Self::NotActive
            | Self::AlreadyActive => RefusalKind::WrongStage,
            Self::ResetInvalid => RefusalKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent => "not_found",
            Self::AlreadyExists => "user.already_exists",
            Self::NotInvited => "user.not_invited",
            Self::InvitationExpired => "user.invitation_expired",
            Self::InvitationReplaced => "user.invitation_replaced",
            Self::InvitationVoid => "user.invitation_void",
            Self::InvitationOpen => "invitation_open",
            Self::NotActive => "user.not_active",
            Self::AlreadyActive => "user.already_active",
            Self::ResetInvalid => "reset_invalid",
        }
    }
}
