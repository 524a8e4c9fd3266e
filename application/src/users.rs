use domain::text::FullName;
use domain::user::{User, UserCommand, UserEvent};
use domain::{Permission, Role, StreamId, UserId};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, Effect};
use crate::error::AppError;
use crate::execute::Done;
use crate::invitations::release_address;

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
        caller.require_recent(self.clock.now())?;
        self.manage_user(caller, user, |state, commit| {
            if let Ok(invitation) = state.invited() {
                return Ok((
                    state.decide(UserCommand::RevokeInvitation)?,
                    release_address(invitation, user, commit),
                ));
            }
            let events = state.decide(UserCommand::Deactivate)?;
            Ok((events, commit.effect(Effect::EndSessionsOf(user))))
        })
        .await
    }

    /// A decision about a user by someone whose role is no lower, at the moment of the commit.
    pub(crate) async fn manage_user(
        &self,
        caller: &Caller,
        user: UserId,
        decide: impl Fn(&User, Commit) -> Result<(Vec<UserEvent>, Commit), AppError> + Send + Sync,
    ) -> Result<Done, AppError> {
        let stream = StreamId::user(caller.tenant, user);
        self.commit_decision(caller, stream, |state: &User, version, commit| {
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
pub(crate) fn not_above(caller: &Caller, role: Role) -> Result<(), AppError> {
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
