use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::policy::Permission;

use super::aggregate::Person;
use super::command::Link;
use super::refusal::UserRefusal;

/// How long an invitation may be accepted.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);

/// What someone was asked to join with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who was asked.
    pub person: Person,
    /// Counts what was sent, from 1: only the link of the last is good.
    pub issue: u32,
    /// Until when; one that does not say is expired.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who vouches for it.
    pub invited_by: Option<UserId>,
}

impl Invitation {
    /// Until when an invitation is open that is sent at that time: to the second, as people are told.
    pub(super) fn end(at: DateTime<Utc>) -> DateTime<Utc> {
        (at + INVITATION_LIFE).trunc_subsecs(0)
    }

    /// Whether it can be accepted at that time.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| at < end)
    }

    /// Refuses a link that was replaced, is followed too late, or whose inviter could not offer the role now.
    pub fn follow(&self, link: Link) -> Result<&Person, UserRefusal> {
        if link.issue != self.issue {
            return Err(UserRefusal::InvitationReplaced);
        }
        if !self.is_open(link.at) {
            return Err(UserRefusal::InvitationExpired);
        }
        let vouched =
            link.inviter.is_some_and(|role| role.may(Permission::ManageUsers) && self.person.role() <= role);
        if vouched { Ok(&self.person) } else { Err(UserRefusal::InvitationVoid) }
    }
}
