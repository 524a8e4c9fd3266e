use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::event_names;
use crate::id::{ResetId, SessionId, UserId};
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
        /// Until when. Absent in logs from before it was recorded: the store reads those as
        /// [`super::INVITATION_LIFE`] after the event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
        /// Who vouches for it. Absent in old logs: the store reads those as the one who acted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invited_by: Option<UserId>,
        /// Counts what was sent, from 1: only the link of the last is good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue: Option<u32>,
    },
    /// The invitation was sent anew; the link before is dead.
    InvitationResent {
        /// Counts what was sent, from 1.
        issue: u32,
        /// The role offered from now on.
        role: Role,
        /// Until when.
        expires_at: DateTime<Utc>,
        /// Who vouches for it from now on.
        invited_by: UserId,
    },
    /// The invitation ran out, and its address was needed for another.
    InvitationExpired {},
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
        /// Whether the user had signed in before, and never from such a device.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        new_device: bool,
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
    /// Has another password.
    PasswordChanged {
        /// In which way.
        by: PasswordChange,
    },
    /// May choose another password without the present one.
    PasswordResetRequested {
        /// Which request; only the newest one counts.
        reset: ResetId,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// A session was ended other than by signing out of it.
    SessionRevoked {
        /// Which one.
        session: SessionId,
        /// Why.
        reason: SessionRevocation,
    },
}

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionRevocation {
    /// The user or an administrator ended it.
    Revoked,
    /// A refresh token was used again after its successor had been: two hold it, and one of them stole it.
    TokenReused,
    /// The password was changed.
    PasswordChanged,
}

/// In which way a password was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordChange {
    /// Its owner gave the one before.
    Changed,
    /// Its owner had forgotten it and proved to hold the address.
    Reset,
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
    InvitationResent => "user.invitation_resent",
    InvitationExpired => "user.invitation_expired",
    InvitationAccepted => "user.invitation_accepted",
    InvitationRevoked => "user.invitation_revoked",
    ProfileChanged => "user.profile_changed",
    RoleChanged => "user.role_changed",
    Deactivated => "user.deactivated",
    Reactivated => "user.reactivated",
    SignedIn => "user.signed_in",
    SignInFailed => "user.sign_in_failed",
    SignedOut => "user.signed_out",
    SessionRevoked => "user.session_revoked",
    PasswordChanged => "user.password_changed",
    PasswordResetRequested => "user.password_reset_requested",
});
