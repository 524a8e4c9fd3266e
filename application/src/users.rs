use chrono::{DateTime, TimeDelta, Utc};
use domain::text::FullName;
use domain::user::{User, UserCommand, UserEvent};
use domain::{Email, Permission, Role, StreamId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, Effect, UniqueScope};
use crate::error::AppError;
use crate::execute::Done;
use crate::ports::InvitationTicket;

/// How long an invitation may be accepted.
const INVITATION_DAYS: i64 = 7;

/// An open invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// What was done.
    pub done: Done,
    /// What the invited person registers with.
    pub token: SecretString,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What an administrator changes of a user; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another role.
    pub role: Option<Role>,
    /// With or without access.
    pub is_active: Option<bool>,
    /// Another name.
    pub full_name: Option<FullName>,
}

impl App {
    /// Asks someone to join with a role no higher than the caller's own.
    pub async fn invite_user(
        &self,
        caller: &Caller,
        email: Email,
        full_name: Option<FullName>,
        role: Role,
    ) -> Result<Invitation, AppError> {
        caller.require(Permission::ManageUsers)?;
        not_above(caller, role)?;
        let user = UserId(self.ids.fresh());
        let command = UserCommand::Invite { user, email: email.clone(), full_name, role };
        let done = self
            .create::<User>(
                &caller.origin,
                &caller.metadata(),
                StreamId::user(caller.tenant, user),
                command,
                |commit| commit.claim(UniqueScope::Email, email.as_str(), user.0),
            )
            .await?;
        // The time comes from the log, so a repeated request gets the same token.
        let user = UserId(done.resource);
        let invited = self.log.load(StreamId::user(caller.tenant, user)).await?;
        let expires_at =
            invited.recorded_at.unwrap_or_else(|| self.clock.now()) + TimeDelta::days(INVITATION_DAYS);
        let token = self.tokens.invitation(&InvitationTicket { tenant: caller.tenant, user, expires_at });
        Ok(Invitation { done, token, expires_at })
    }

    /// Changes a user's role, access or name, all in one commit.
    pub async fn change_user(
        &self,
        caller: &Caller,
        user: UserId,
        change: UserChange,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ManageUsers)?;
        if let Some(role) = change.role {
            not_above(caller, role)?;
        }
        self.manage_user(caller, user, |state, commit| {
            let events = decide_all(state.clone(), &change)?;
            let ends = change.is_active == Some(false);
            Ok((events, if ends { commit.effect(Effect::EndSessionsOf(user)) } else { commit }))
        })
        .await
    }

    /// Takes a user's access away, or an open invitation back; the history stays.
    pub async fn deactivate_user(&self, caller: &Caller, user: UserId) -> Result<Done, AppError> {
        caller.require(Permission::ManageUsers)?;
        self.manage_user(caller, user, |state, commit| {
            if let Ok(person) = state.invited() {
                let email = person.email.value().map(Email::as_str).unwrap_or_default();
                let events = state.decide(UserCommand::RevokeInvitation)?;
                return Ok((events, commit.release(UniqueScope::Email, email, user.0)));
            }
            let events = state.decide(UserCommand::Deactivate)?;
            Ok((events, commit.effect(Effect::EndSessionsOf(user))))
        })
        .await
    }

    /// A decision about a user by someone whose role is no lower, at the moment of the commit.
    async fn manage_user(
        &self,
        caller: &Caller,
        user: UserId,
        decide: impl Fn(&User, Commit) -> Result<(Vec<UserEvent>, Commit), AppError> + Send + Sync,
    ) -> Result<Done, AppError> {
        let stream = StreamId::user(caller.tenant, user);
        self.commit_decision(&caller.origin, &caller.metadata(), stream, |state: &User, version, commit| {
            if let Some(held) = state.role() {
                not_above(caller, held)?;
            }
            caller.origin.require_version(version)?;
            decide(state, commit)
        })
        .await
    }
}

/// Nobody grants a role above their own, nor touches someone who holds one.
fn not_above(caller: &Caller, role: Role) -> Result<(), AppError> {
    if role <= caller.role {
        Ok(())
    } else {
        Err(AppError::Denied("role_above_own", "nobody raises or changes a role above their own"))
    }
}

/// The events of everything that is to change, each decided on the state the one before leaves behind.
fn decide_all(mut state: User, change: &UserChange) -> Result<Vec<UserEvent>, AppError> {
    let is_active = state.active_role().is_some();
    let access = match (change.is_active, is_active) {
        (Some(true), false) => Some(UserCommand::Reactivate),
        (Some(false), true) => Some(UserCommand::Deactivate),
        _ => None,
    };
    let role = change.role.map(|role| UserCommand::ChangeRole { role });
    let profile = change
        .full_name
        .clone()
        .map(|full_name| UserCommand::ChangeProfile { full_name: Some(full_name), preferences: None });
    // Role and name can only change while there is access: regaining it comes first, losing it last.
    let commands = match access {
        Some(UserCommand::Deactivate) => [role, profile, access],
        other => [other, role, profile],
    };
    let mut events = vec![];
    for command in commands.into_iter().flatten() {
        for event in state.decide(command)? {
            state.evolve(event.clone());
            events.push(event);
        }
    }
    if events.is_empty() && state.role().is_none() {
        return Err(AppError::NotFound);
    }
    Ok(events)
}
