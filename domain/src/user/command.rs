use crate::document::Document;
use crate::email::Email;
use crate::id::{SessionId, UserId};
use crate::policy::Role;
use crate::text::FullName;

use super::event::SignInFailure;

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
    },
    /// Join.
    AcceptInvitation {
        /// The person's name.
        full_name: FullName,
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
}
