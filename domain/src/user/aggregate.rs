use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::aggregate;
use crate::id::ResetId;
use crate::personal::Personal;
use crate::policy::Role;
use crate::text::FullName;

use super::command::UserCommand;
use super::event::{PasswordChange, UserEvent};
use super::invitation::Invitation;
use super::refusal::UserRefusal;

/// A person in an organisation, and the stage of that membership.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum User {
    /// Unknown.
    #[default]
    Absent,
    /// Asked to join.
    Invited(Invitation),
    /// The invitation was taken back, or ran out and made room for another.
    Withdrawn,
    /// With access.
    Active(Person),
    /// Without access; the history stays.
    Inactive(Person),
}

/// What rules about a person need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The address, as registered or invited; its subject is the person's own.
    pub email: Personal<Email>,
    full_name: Option<Personal<FullName>>,
    preferences: Option<Personal<Document>>,
    role: Role,
    has_signed_in: bool,
    #[serde(default)]
    reset: Option<PendingReset>,
}

/// The one request by which the password may be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReset {
    /// Which one.
    pub id: ResetId,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

aggregate!(User, "user", UserCommand, UserEvent, UserRefusal);

impl User {
    /// The events an order leads to, none where it changes nothing, or why it is refused.
    pub fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserRefusal> {
        use UserCommand as C;
        match command {
            C::Register { user, email, full_name, role } => {
                self.absent()?;
                Ok(vec![UserEvent::Registered {
                    email: Personal::new(user.0, email),
                    full_name: Personal::new(user.0, full_name),
                    role,
                }])
            }
            C::Invite { user, email, full_name, role, invited_by, at } => {
                self.absent()?;
                Ok(vec![UserEvent::Invited {
                    email: Personal::new(user.0, email),
                    full_name: full_name.map(|name| Personal::new(user.0, name)),
                    role,
                    expires_at: Some(Invitation::end(at)),
                    invited_by: Some(invited_by),
                    issue: Some(1),
                }])
            }
            C::ResendInvitation { role, invited_by, at } => {
                let invitation = self.invited()?;
                Ok(vec![UserEvent::InvitationResent {
                    issue: invitation.issue + 1,
                    role: role.unwrap_or(invitation.person.role),
                    expires_at: Invitation::end(at),
                    invited_by,
                }])
            }
            C::ExpireInvitation { at } => {
                if self.invited()?.is_open(at) {
                    return Err(UserRefusal::InvitationOpen);
                }
                Ok(vec![UserEvent::InvitationExpired {}])
            }
            C::AcceptInvitation { full_name, link } => {
                let person = self.invited()?.follow(link)?;
                Ok(vec![UserEvent::InvitationAccepted {
                    full_name: Personal::new(person.email.subject, full_name),
                    role: person.role,
                }])
            }
            C::RevokeInvitation => self.invited().map(|_| vec![UserEvent::InvitationRevoked {}]),
            C::ChangeProfile { full_name, preferences } => {
                Ok(self.active()?.change_profile(full_name, preferences))
            }
            C::ChangeRole { role } => {
                let from = self.active()?.role;
                Ok(if from == role { vec![] } else { vec![UserEvent::RoleChanged { from, to: role }] })
            }
            C::Deactivate => self.active().map(|person| vec![UserEvent::Deactivated { role: person.role }]),
            C::Reactivate => match self {
                Self::Inactive(person) => Ok(vec![UserEvent::Reactivated { role: person.role }]),
                Self::Active(_) => Err(UserRefusal::AlreadyActive),
                Self::Invited(_) => Err(UserRefusal::NotActive),
                Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
            },
            C::SignIn { session, known_device } => {
                let new_device = self.active()?.has_signed_in && !known_device;
                Ok(vec![UserEvent::SignedIn { session, new_device }])
            }
            C::FailSignIn { failure } => match self {
                Self::Active(_) | Self::Inactive(_) => Ok(vec![UserEvent::SignInFailed { failure }]),
                Self::Invited(_) => Err(UserRefusal::NotActive),
                Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
            },
            C::SignOut { session } => self.active().map(|_| vec![UserEvent::SignedOut { session }]),
            C::RevokeSessions { sessions, reason } => match self {
                Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
                // Who has not joined yet has none.
                Self::Invited(_) => Ok(vec![]),
                Self::Active(_) | Self::Inactive(_) => Ok(sessions
                    .into_iter()
                    .map(|session| UserEvent::SessionRevoked { session, reason })
                    .collect()),
            },
            C::ChangePassword => {
                self.active().map(|_| vec![UserEvent::PasswordChanged { by: PasswordChange::Changed }])
            }
            C::RequestPasswordReset { reset, expires_at } => {
                self.active().map(|_| vec![UserEvent::PasswordResetRequested { reset, expires_at }])
            }
            C::ResetPassword { reset, at } => match self.active()?.reset {
                Some(pending) if pending.id == reset && at < pending.expires_at => {
                    Ok(vec![UserEvent::PasswordChanged { by: PasswordChange::Reset }])
                }
                Some(_) | None => Err(UserRefusal::ResetInvalid),
            },
        }
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: UserEvent) {
        use UserEvent as E;
        *self = match (std::mem::take(self), event) {
            (Self::Absent, E::Registered { email, full_name, role }) => {
                Self::Active(Person::new(email, Some(full_name), role))
            }
            (Self::Absent, E::Invited { email, full_name, role, expires_at, invited_by, issue }) => {
                let person = Person::new(email, full_name, role);
                Self::Invited(Invitation { person, issue: issue.unwrap_or(1), expires_at, invited_by })
            }
            (Self::Invited(before), E::InvitationResent { issue, role, expires_at, invited_by }) => {
                let person = Person { role, ..before.person };
                let (expires_at, invited_by) = (Some(expires_at), Some(invited_by));
                Self::Invited(Invitation { person, issue, expires_at, invited_by })
            }
            (Self::Invited(invitation), E::InvitationAccepted { full_name, role }) => {
                Self::Active(Person { full_name: Some(full_name), role, ..invitation.person })
            }
            (Self::Invited(_), E::InvitationRevoked {} | E::InvitationExpired {}) => Self::Withdrawn,
            (Self::Active(person), E::Deactivated { .. }) => Self::Inactive(Person { reset: None, ..person }),
            (Self::Inactive(person), E::Reactivated { .. }) => Self::Active(person),
            (Self::Active(mut person), E::RoleChanged { to, .. }) => {
                person.role = to;
                Self::Active(person)
            }
            (Self::Active(person), E::ProfileChanged { full_name, preferences }) => Self::Active(Person {
                full_name: full_name.or(person.full_name),
                preferences: preferences.or(person.preferences),
                ..person
            }),
            (Self::Active(person), E::SignedIn { .. }) => {
                Self::Active(Person { has_signed_in: true, ..person })
            }
            (Self::Active(person), E::PasswordResetRequested { reset: id, expires_at }) => {
                Self::Active(Person { reset: Some(PendingReset { id, expires_at }), ..person })
            }
            (Self::Active(person), E::PasswordChanged { .. }) => {
                Self::Active(Person { reset: None, ..person })
            }
            (stage, _) => stage,
        };
    }

    /// The role of a user with access.
    pub const fn active_role(&self) -> Option<Role> {
        match self {
            Self::Active(person) => Some(person.role),
            Self::Absent | Self::Invited(_) | Self::Withdrawn | Self::Inactive(_) => None,
        }
    }

    /// The role held or offered, whatever the stage.
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Active(person) | Self::Inactive(person) => Some(person.role),
            Self::Invited(invitation) => Some(invitation.person.role),
            Self::Absent | Self::Withdrawn => None,
        }
    }

    /// The address, as long as there is a person and it is not erased.
    pub const fn email(&self) -> Option<&Email> {
        match self {
            Self::Active(person) | Self::Inactive(person) => person.email.value(),
            Self::Invited(invitation) => invitation.person.email.value(),
            Self::Absent | Self::Withdrawn => None,
        }
    }

    const fn absent(&self) -> Result<(), UserRefusal> {
        match self {
            Self::Absent => Ok(()),
            Self::Invited(_) | Self::Withdrawn | Self::Active(_) | Self::Inactive(_) => {
                Err(UserRefusal::AlreadyExists)
            }
        }
    }

    /// The invitation of someone who has not joined yet, or why there is none.
    pub const fn invited(&self) -> Result<&Invitation, UserRefusal> {
        match self {
            Self::Invited(invitation) => Ok(invitation),
            Self::Active(_) | Self::Inactive(_) => Err(UserRefusal::NotInvited),
            Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
        }
    }

    /// The person with access, or why there is none.
    pub const fn active(&self) -> Result<&Person, UserRefusal> {
        match self {
            Self::Active(person) => Ok(person),
            Self::Invited(_) | Self::Inactive(_) => Err(UserRefusal::NotActive),
            Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
        }
    }
}

impl Person {
    const fn new(email: Personal<Email>, full_name: Option<Personal<FullName>>, role: Role) -> Self {
        Self { email, full_name, preferences: None, role, has_signed_in: false, reset: None }
    }

    /// The name, unless it was not given or is erased.
    pub fn full_name(&self) -> Option<&FullName> {
        self.full_name.as_ref().and_then(Personal::value)
    }

    /// The request by which the password may be reset, if one is open.
    pub const fn reset(&self) -> Option<PendingReset> {
        self.reset
    }

    /// The role held or offered.
    pub const fn role(&self) -> Role {
        self.role
    }

    fn change_profile(&self, full_name: Option<FullName>, preferences: Option<Document>) -> Vec<UserEvent> {
        let held_name = self.full_name();
        let held_preferences = self.preferences.as_ref().and_then(Personal::value);
        let full_name =
            full_name.filter(|new| held_name != Some(new)).map(|new| Personal::new(self.email.subject, new));
        let preferences = preferences
            .filter(|new| held_preferences != Some(new))
            .map(|new| Personal::new(self.email.subject, new));
        if full_name.is_none() && preferences.is_none() {
            return vec![];
        }
        vec![UserEvent::ProfileChanged { full_name, preferences }]
    }
}
