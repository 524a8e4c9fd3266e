use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::event_names;
use crate::id::SessionId;
use crate::personal::Personal;
use crate::policy::Role;
use crate::text::FullName;

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserEvent {
    /// Became a member at once.
    Registered {
        /// The address to sign in with.
        email: Personal<Email>,
        /// The person's name.
        full_name: Personal<FullName>,
        /// The role taken.
        role: Role,
    },
    /// Was asked to join.
    Invited {
        /// Where the invitation went.
        email: Personal<Email>,
        /// The name, if the inviter gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full_name: Option<Personal<FullName>>,
        /// The role offered.
        role: Role,
    },
    /// Joined.
    InvitationAccepted {
        /// The person's name.
        full_name: Personal<FullName>,
        /// The role taken.
        role: Role,
    },
    /// The invitation was taken back.
    InvitationRevoked {},
    /// Name or preferences changed.
    ProfileChanged {
        /// The new name, if it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full_name: Option<Personal<FullName>>,
        /// The new preferences, if they changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preferences: Option<Personal<Document>>,
    },
    /// Took another role.
    RoleChanged {
        /// The role before.
        from: Role,
        /// The role since.
        to: Role,
    },
    /// Lost all access.
    Deactivated {
        /// The role held until then.
        role: Role,
    },
    /// Regained access.
    Reactivated {
        /// The role held again.
        role: Role,
    },
    /// Signed in.
    SignedIn {
        /// The session opened.
        session: SessionId,
    },
    /// Tried to sign in and failed.
    SignInFailed {
        /// What was wrong.
        failure: SignInFailure,
    },
    /// Ended a session.
    SignedOut {
        /// Which one.
        session: SessionId,
    },
}

/// What was wrong with a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFailure {
    /// Another password.
    WrongPassword,
    /// The user has no access now.
    Inactive,
}

event_names!(UserEvent, User, "1.0", {
    Registered => "user.registered",
    Invited => "user.invited",
    InvitationAccepted => "user.invitation_accepted",
    InvitationRevoked => "user.invitation_revoked",
    ProfileChanged => "user.profile_changed",
    RoleChanged => "user.role_changed",
    Deactivated => "user.deactivated",
    Reactivated => "user.reactivated",
    SignedIn => "user.signed_in",
    SignInFailed => "user.sign_in_failed",
    SignedOut => "user.signed_out",
});
