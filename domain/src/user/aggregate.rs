use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::email::Email;
use crate::event::aggregate;
use crate::personal::Personal;
use crate::policy::Role;
use crate::text::FullName;

use super::command::UserCommand;
use super::event::UserEvent;
use super::refusal::UserRefusal;

/// A person in an organisation, and the stage of that membership.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum User {
    /// Unknown.
    #[default]
    Absent,
    /// Asked to join.
    Invited(Person),
    /// The invitation was taken back.
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
            C::Invite { user, email, full_name, role } => {
                self.absent()?;
                Ok(vec![UserEvent::Invited {
                    email: Personal::new(user.0, email),
                    full_name: full_name.map(|name| Personal::new(user.0, name)),
                    role,
                }])
            }
            C::AcceptInvitation { full_name } => {
                let person = self.invited()?;
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
            C::SignIn { session } => self.active().map(|_| vec![UserEvent::SignedIn { session }]),
            C::FailSignIn { failure } => match self {
                Self::Active(_) | Self::Inactive(_) => Ok(vec![UserEvent::SignInFailed { failure }]),
                Self::Invited(_) => Err(UserRefusal::NotActive),
                Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
            },
            C::SignOut { session } => self.active().map(|_| vec![UserEvent::SignedOut { session }]),
        }
    }

    /// The state after an event. An event that does not fit the stage is passed over.
    pub fn evolve(&mut self, event: UserEvent) {
        use UserEvent as E;
        *self = match (std::mem::take(self), event) {
            (Self::Absent, E::Registered { email, full_name, role }) => {
                Self::Active(Person { email, full_name: Some(full_name), preferences: None, role })
            }
            (Self::Absent, E::Invited { email, full_name, role }) => {
                Self::Invited(Person { email, full_name, preferences: None, role })
            }
            (Self::Invited(person), E::InvitationAccepted { full_name, role }) => {
                Self::Active(Person { full_name: Some(full_name), role, ..person })
            }
            (Self::Invited(_), E::InvitationRevoked {}) => Self::Withdrawn,
            (Self::Active(person), E::Deactivated { .. }) => Self::Inactive(person),
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
            Self::Active(person) | Self::Inactive(person) | Self::Invited(person) => Some(person.role),
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

    /// The person with an open invitation, or why there is none.
    pub const fn invited(&self) -> Result<&Person, UserRefusal> {
        match self {
            Self::Invited(person) => Ok(person),
            Self::Active(_) | Self::Inactive(_) => Err(UserRefusal::NotInvited),
            Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
        }
    }

    const fn active(&self) -> Result<&Person, UserRefusal> {
        match self {
            Self::Active(person) => Ok(person),
            Self::Invited(_) | Self::Inactive(_) => Err(UserRefusal::NotActive),
            Self::Absent | Self::Withdrawn => Err(UserRefusal::Absent),
        }
    }
}

impl Person {
    fn change_profile(&self, full_name: Option<FullName>, preferences: Option<Document>) -> Vec<UserEvent> {
        let held_name = self.full_name.as_ref().and_then(Personal::value);
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
