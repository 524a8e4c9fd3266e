use chrono::{DateTime, Utc};
use domain::tenant::Tenant;
use domain::text::FullName;
use domain::user::{Link, User, UserCommand, UserEvent};
use domain::{Actor, Email, Event, Permission, Role, StreamId, TenantId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::auth::Registration;
use crate::caller::{Caller, Origin};
use crate::commit::{Commit, CommitError, Effect, Expected, UniqueScope};
use crate::error::AppError;
use crate::execute::{ATTEMPTS, Done};
use crate::passwords::known_of;
use crate::ports::InvitationTicket;
use crate::users::not_above;

/// An invitation that was sent.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// What was done.
    pub done: Done,
    /// What the invited person registers with.
    pub token: SecretString,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What someone who follows a good link is offered.
#[derive(Clone, Debug)]
pub struct Offer {
    /// In which tenant.
    pub tenant: TenantId,
    /// The address that was invited.
    pub email: Email,
    /// The person's name, if the inviter gave one.
    pub full_name: Option<FullName>,
    /// The role.
    pub role: Role,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Expired, used, replaced, taken back, void or never sent: whoever asks does not learn which.
const INVALID: AppError =
    AppError::Denied("invitation_invalid", "the invitation is unknown, used, withdrawn or expired");

impl App {
    /// Asks someone to join with a role no higher than the caller's own. An invitation to the same address that has
    /// run out makes room for it, in the same commit.
    pub async fn invite_user(
        &self,
        caller: &Caller,
        email: Email,
        full_name: Option<FullName>,
        role: Role,
    ) -> Result<Invitation, AppError> {
        caller.require(Permission::ManageUsers)?;
        not_above(caller, role)?;
        if let Some(done) = caller.origin.done_before() {
            return self.sent(caller.tenant, done).await;
        }
        let user = UserId(self.ids.fresh());
        let (invited_by, at) = (caller.user, self.clock.now());
        let command = UserCommand::Invite { user, email: email.clone(), full_name, role, invited_by, at };
        let invited = User::default().decide(command)?;
        let mut attempt = 1;
        loop {
            let commit = Commit::new(caller.tenant, user.0, caller.metadata())
                .once(caller.origin.idempotency.clone())
                .claim(UniqueScope::Email, email.as_str(), user.0);
            let commit = self.expire_earlier(commit, &email, at).await?;
            let stream = StreamId::user(caller.tenant, user);
            match self.log.commit(commit.append(stream, Expected::Exactly(0), invited.clone())).await {
                Ok(receipt) => return self.sent(caller.tenant, receipt.into()).await,
                // Somebody was quicker: either the address has a holder now, or its earlier holder changed.
                Err(CommitError::VersionConflict | CommitError::Taken(_)) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Frees an address that is held by nothing but an expired invitation.
    async fn expire_earlier(
        &self,
        commit: Commit,
        email: &Email,
        at: DateTime<Utc>,
    ) -> Result<Commit, AppError> {
        let Some(holder) = self.credentials.find_holder(commit.tenant, email).await? else {
            return Ok(commit);
        };
        let stream = StreamId::user(commit.tenant, holder);
        let (state, version) = self.load::<User>(stream).await?;
        if state.role().is_some() && state.invited().is_err() {
            return Err(AppError::Taken(UniqueScope::Email));
        }
        // Whoever is gone by now gave the address back, which the commit sees for itself.
        let Ok(earlier) = state.invited() else {
            return Ok(commit);
        };
        let events = state.decide(UserCommand::ExpireInvitation { at })?;
        Ok(release_address(earlier, holder, commit).append(stream, Expected::Exactly(version), events))
    }

    /// Sends an invitation anew, open or expired, with the same or another role. The link before is dead.
    pub async fn resend_invitation(
        &self,
        caller: &Caller,
        user: UserId,
        role: Option<Role>,
    ) -> Result<Invitation, AppError> {
        caller.require(Permission::ManageUsers)?;
        if let Some(role) = role {
            not_above(caller, role)?;
        }
        let command = UserCommand::ResendInvitation { role, invited_by: caller.user, at: self.clock.now() };
        let done = self
            .manage_user(caller, user, |state, commit| {
                state.invited().map_err(|_| AppError::NotFound)?;
                Ok((state.decide(command.clone())?, commit))
            })
            .await?;
        self.sent(caller.tenant, done).await
    }

    /// Takes an invitation back and frees its address.
    pub async fn revoke_invitation(&self, caller: &Caller, user: UserId) -> Result<Done, AppError> {
        caller.require(Permission::ManageUsers)?;
        self.manage_user(caller, user, |state, commit| {
            let invitation = state.invited().map_err(|_| AppError::NotFound)?;
            Ok((state.decide(UserCommand::RevokeInvitation)?, release_address(invitation, user, commit)))
        })
        .await
    }

    /// What a link offers, if it is good.
    pub async fn inspect_invitation(&self, token: &str) -> Result<Offer, AppError> {
        let ticket = self.tokens.verify_invitation(token).ok_or(INVALID)?;
        let followed = self.follow(&ticket).await?;
        let invitation = followed.state.invited().map_err(|_| INVALID)?;
        let person = invitation.follow(followed.link).map_err(|_| INVALID)?;
        Ok(Offer {
            tenant: ticket.tenant,
            email: person.email.value().ok_or(INVALID)?.clone(),
            full_name: person.full_name().cloned(),
            role: person.role(),
            expires_at: invitation.expires_at.ok_or(INVALID)?,
        })
    }

    /// Makes the invited person a user. The invitation and its inviter are looked at as they are at that moment: the
    /// commit depends on both.
    pub(crate) async fn accept_invitation(
        &self,
        origin: &Origin,
        new: Registration,
        token: &str,
    ) -> Result<(TenantId, Done), AppError> {
        let ticket = self.tokens.verify_invitation(token).ok_or(INVALID)?;
        if let Some(done) = origin.done_before() {
            return Ok((ticket.tenant, done));
        }
        let followed = self.follow(&ticket).await?;
        let invitation = followed.state.invited().map_err(|_| INVALID)?;
        // Hashing is costly: only for who may come in.
        invitation.follow(followed.link).map_err(|_| INVALID)?;
        let email = invitation.person.email.value().ok_or(INVALID)?.clone();
        if email.canonical() != new.email.canonical() {
            return Err(INVALID);
        }
        let (tenant, _) = self.load::<Tenant>(StreamId::tenant(ticket.tenant)).await?;
        let known = known_of(tenant.active()?, &email, Some(&new.full_name));
        let hash = self.hash_chosen("/password", new.password, known).await?;
        let effect = Effect::SetPassword { user: ticket.user, email, hash };
        let mut attempt = 1;
        loop {
            let Followed { state, version, link, inviter } = self.follow(&ticket).await?;
            let command = UserCommand::AcceptInvitation { full_name: new.full_name.clone(), link };
            let events = state.decide(command).map_err(|_| INVALID)?;
            let mut commit =
                Commit::new(ticket.tenant, ticket.user.0, origin.metadata(Actor::User(ticket.user)))
                    .once(origin.idempotency.clone())
                    .effect(effect.clone())
                    .append(StreamId::user(ticket.tenant, ticket.user), Expected::Exactly(version), events);
            if let Some((inviter, version)) = inviter {
                commit = commit.guard(inviter, version);
            }
            match self.log.commit(commit).await {
                Ok(receipt) => return Ok((ticket.tenant, receipt.into())),
                // Both streams anew: inviters sign in and out while their invitations are accepted.
                Err(CommitError::VersionConflict) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) async fn follow(&self, ticket: &InvitationTicket) -> Result<Followed, AppError> {
        let (state, version) = self.load::<User>(StreamId::user(ticket.tenant, ticket.user)).await?;
        let mut link = Link { issue: ticket.issue, inviter: None, at: self.clock.now() };
        let mut inviter = None;
        if let Some(user) = state.invited().ok().and_then(|invitation| invitation.invited_by) {
            let stream = StreamId::user(ticket.tenant, user);
            let (who, version) = self.load::<User>(stream).await?;
            link.inviter = who.active_role();
            inviter = Some((stream, version));
        }
        Ok(Followed { state, version, link, inviter })
    }

    /// The last invitation of a user as sent. All of it comes from the log, so a repeated request gets the same token.
    async fn sent(&self, tenant: TenantId, done: Done) -> Result<Invitation, AppError> {
        let user = UserId(done.resource);
        let events = self.log.load(StreamId::user(tenant, user)).await?.events;
        let (issue, expires_at) =
            events.iter().rev().find_map(sent_by).unwrap_or_else(|| (1, self.clock.now()));
        let token = self.tokens.invitation(&InvitationTicket { tenant, user, issue });
        Ok(Invitation { done, token, expires_at })
    }
}

/// An invitation whose link was followed, and the stream of its inviter with its version.
pub(crate) struct Followed {
    state: User,
    version: i64,
    pub(crate) link: Link,
    inviter: Option<(StreamId, i64)>,
}

/// The number and the end of an invitation that an event sent.
fn sent_by(event: &Event) -> Option<(u32, DateTime<Utc>)> {
    match event {
        Event::User(UserEvent::Invited { issue, expires_at, .. }) => {
            Some((issue.unwrap_or(1), (*expires_at)?))
        }
        Event::User(UserEvent::InvitationResent { issue, expires_at, .. }) => Some((*issue, *expires_at)),
        _ => None,
    }
}

/// Gives the invited address back.
pub(crate) fn release_address(invitation: &domain::user::Invitation, user: UserId, commit: Commit) -> Commit {
    let email = invitation.person.email.value().map(Email::as_str).unwrap_or_default();
    commit.release(UniqueScope::Email, email, user.0)
}
