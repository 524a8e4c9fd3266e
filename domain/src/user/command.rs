use chrono::{DateTime, Utc};

use crate::document::Document;
use crate::email::Email;
use crate::id::{ResetId, SessionId, UserId};
use crate::policy::Role;
use crate::text::FullName;

use super::event::{SessionRevocation, SignInFailure};

/// The link of an invitation, as it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of the invitation it was sent with.
    pub issue: u32,
    /// The role that the inviter has now; `None` without access.
    pub inviter: Option<Role>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Orders to a user.
#[derive(Clone, Debug, PartialEq)]
pub enum UserCommand {
    /// Become a member at once, as the first user of a tenant does.
    Register {
        /// The user's own id, for sealing.
        user: UserId,
        /// The address to sign in with.
        email: Email,
        /// The person's name.
        full_name: FullName,
        /// What the user may do.
        role: Role,
    },
    /// Be asked to join.
    Invite {
        /// The user's own id, for sealing.
        user: UserId,
        /// Where the invitation goes.
        email: Email,
        /// The person's name, if the inviter knows it.
        full_name: Option<FullName>,
        /// The role offered.
        role: Role,
        /// Who vouches for it.
        invited_by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Be asked again: the link before is dead.
    ResendInvitation {
        /// Another role to offer.
        role: Option<Role>,
        /// Who vouches for it from now on.
        invited_by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Make room for another invitation to the same address, if this one has run out.
    ExpireInvitation {
        /// When.
        at: DateTime<Utc>,
    },
    /// Join.
    AcceptInvitation {
        /// The person's name.
        full_name: FullName,
        /// By which link.
        link: Link,
    },
    /// Take the invitation back.
    RevokeInvitation,
    /// Change what is given; the rest stays.
    ChangeProfile {
        /// A new name.
        full_name: Option<FullName>,
        /// New preferences, all of them.
        preferences: Option<Document>,
    },
    /// Take another role. The last owner is protected by the census, under the log's lock.
    ChangeRole {
        /// The new role.
        role: Role,
    },
    /// Lose all access.
    Deactivate,
    /// Regain access with the former role.
    Reactivate,
    /// Record a sign-in whose password was right.
    SignIn {
        /// The session it opened.
        session: SessionId,
        /// Whether the user is known to use such a device.
        known_device: bool,
    },
    /// Record a sign-in that failed.
    FailSignIn {
        /// What was wrong.
        failure: SignInFailure,
    },
    /// Record the end of a session.
    SignOut {
        /// Which one.
        session: SessionId,
    },
    /// Record that open sessions were ended other than by signing out.
    RevokeSessions {
        /// Which ones.
        sessions: Vec<SessionId>,
        /// Why.
        reason: SessionRevocation,
    },
    /// Take another password, the present one having been given.
    ChangePassword,
    /// Be allowed to choose another password without the present one; an earlier request ends.
    RequestPasswordReset {
        /// Which request this is.
        reset: ResetId,
        /// Until when it may be used.
        expires_at: DateTime<Utc>,
    },
    /// Take another password by such a request.
    ResetPassword {
        /// By which one.
        reset: ResetId,
        /// When.
        at: DateTime<Utc>,
    },
}
