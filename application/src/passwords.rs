use chrono::{DateTime, TimeDelta};
use domain::tenant::{Organisation, Subdomain, Tenant};
use domain::text::FullName;
use domain::user::{SignInFailure, User, UserCommand};
use domain::{Actor, Email, Permission, ResetId, StreamId, TenantId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::Effect;
use crate::error::AppError;
use crate::execute::{Acting, Done, alone};
use crate::ports::{NotTaken, StoredPassword};

/// How long a forgotten password may be reset after it was asked for.
const RESET_MINUTES: i64 = 30;

const RESET_INVALID: AppError = AppError::Denied(
    "reset_invalid",
    "the request to reset the password is unknown, used, replaced or expired",
);

/// What becomes of a user's other sessions when the password is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSessions {
    /// They end: whoever else knew the password is out.
    End,
    /// They go on.
    Keep,
}

impl App {
    /// Gives the caller another password, in exchange for the present one.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: SecretString,
        new: SecretString,
        others: OtherSessions,
    ) -> Result<Done, AppError> {
        let session = caller.require_session()?;
        let (tenant, user) = (caller.tenant, caller.user);
        let stream = StreamId::user(tenant, user);
        let (state, _) = self.load::<User>(stream).await?;
        let (email, full_name) = named(&state)?;
        let stored = self.credentials.find_passwords(&email, Some(tenant)).await?;
        let hash = stored.into_iter().find(|stored| stored.user == user).map(|stored| stored.hash);
        if !self.passwords.verify(current, hash).await? {
            self.record_failure(&caller.origin, tenant, user, SignInFailure::WrongPassword);
            return Err(AppError::Denied("wrong_password", "that is not the password"));
        }
        let hash = self.hash_for(tenant, &email, full_name.as_ref(), new).await?;
        let set = Effect::SetPassword { user, email, hash };
        self.execute::<User>(caller, stream, UserCommand::ChangePassword, |_, commit| {
            let commit = commit.effect(set.clone());
            Ok(match others {
                OtherSessions::End => commit.effect(Effect::EndOtherSessionsOf { user, keep: session }),
                OtherSessions::Keep => commit,
            })
        })
        .await
    }

    /// Lets whoever reads the mail of an address choose another password: a link for each organisation that the address
    /// has access to, or for the one that is named; none for an address that nobody signs in with.
    pub async fn request_password_reset(
        &self,
        origin: &Origin,
        email: &Email,
        subdomain: Option<&Subdomain>,
    ) -> Result<(), AppError> {
        let tenant = match subdomain {
            Some(subdomain) => match self.credentials.find_tenant(subdomain).await? {
                Some(tenant) => Some(tenant),
                None => return Ok(()),
            },
            None => None,
        };
        for held in self.credentials.find_passwords(email, tenant).await? {
            let command = self.new_reset();
            let stream = StreamId::user(held.tenant, held.user);
            let metadata = origin.metadata(Actor::Anonymous);
            match self.execute::<User>(Acting::unbound(origin, &metadata), stream, command, alone).await {
                Ok(_) => {}
                // Neither someone without access nor a suspended organisation keeps the others from theirs.
                Err(AppError::Refused { code, .. }) => tracing::debug!(code, "no reset for this user"),
                Err(AppError::Limit(_)) => tracing::debug!("no reset in this organisation"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Lets a user choose another password, as an administrator who never learns it.
    pub async fn reset_user_password(&self, caller: &Caller, user: UserId) -> Result<Done, AppError> {
        caller.require(Permission::ManageUsers)?;
        let command = self.new_reset();
        self.manage_user(caller, user, |state, commit| Ok((state.decide(command.clone())?, commit))).await
    }

    /// Gives the holder of a link another password. All sessions end: whoever had the old one is out.
    pub async fn confirm_password_reset(
        &self,
        origin: &Origin,
        token: &str,
        new: SecretString,
    ) -> Result<(TenantId, Done), AppError> {
        let ticket = self.tokens.verify_reset(token).ok_or(RESET_INVALID)?;
        let (tenant, user) = (ticket.tenant, ticket.user);
        if let Some(done) = origin.done_before() {
            return Ok((tenant, done));
        }
        let stream = StreamId::user(tenant, user);
        let command = UserCommand::ResetPassword { reset: ticket.reset, at: self.clock.now() };
        let (state, _) = self.load::<User>(stream).await?;
        // Before the hash is made: it is dear, and a used link comes back often.
        state.decide(command.clone()).map_err(|_| RESET_INVALID)?;
        let (email, full_name) = named(&state)?;
        let hash = self.hash_for(tenant, &email, full_name.as_ref(), new).await?;
        let set = Effect::SetPassword { user, email, hash };
        let metadata = origin.metadata(Actor::User(user));
        let done = self
            .execute::<User>(Acting::unbound(origin, &metadata), stream, command, |_, commit| {
                Ok(commit.effect(set.clone()).effect(Effect::EndSessionsOf(user)))
            })
            .await
            .map_err(|error| match error {
                AppError::Refused { .. } => RESET_INVALID,
                other => other,
            })?;
        Ok((tenant, done))
    }

    fn new_reset(&self) -> UserCommand {
        // The token tells whole seconds only.
        let seconds = (self.clock.now() + TimeDelta::minutes(RESET_MINUTES)).timestamp();
        let expires_at = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        UserCommand::RequestPasswordReset { reset: ResetId(self.ids.fresh()), expires_at }
    }

    async fn hash_for(
        &self,
        tenant: TenantId,
        email: &Email,
        full_name: Option<&FullName>,
        new: SecretString,
    ) -> Result<SecretString, AppError> {
        let (tenant, _) = self.load::<Tenant>(StreamId::tenant(tenant)).await?;
        self.hash_chosen("/new_password", new, known_of(tenant.active()?, email, full_name)).await
    }

    /// Hashes a password that someone chooses, or says why it is not taken, of that field.
    pub(crate) async fn hash_chosen(
        &self,
        field: &'static str,
        password: SecretString,
        known: Vec<String>,
    ) -> Result<SecretString, AppError> {
        self.passwords.hash_chosen(password, known).await.map_err(|error| match error {
            NotTaken::TooCommon => {
                AppError::Invalid(field, "too_common", "is too easy to guess: choose several unrelated words")
            }
            NotTaken::OfKnownWords => AppError::Invalid(
                field,
                "too_common",
                "must not be made of your name, your address or your organisation's name",
            ),
            NotTaken::Busy(busy) => busy.into(),
        })
    }

    /// Renews a hash that was made with weaker parameters. Whoever signs in is not kept by its failure.
    pub(crate) async fn strengthen(&self, password: SecretString, stored: &StoredPassword) {
        match self.passwords.strengthen(password, &stored.hash).await {
            Ok(Some(hash)) => {
                if self.credentials.strengthen(stored, &hash).await.is_err() {
                    tracing::warn!("a hash was not renewed: the next sign-in tries again");
                }
            }
            Ok(None) => {}
            Err(busy) => tracing::debug!(%busy, "a hash was not renewed: the next sign-in tries again"),
        }
    }
}

/// What others know of someone, or can find out; a password made of it is guessed first.
pub(crate) fn known_of(
    organisation: &Organisation,
    email: &Email,
    full_name: Option<&FullName>,
) -> Vec<String> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let mut known = vec![
        organisation.name.as_str().to_owned(),
        organisation.subdomain.as_str().to_owned(),
        local.to_owned(),
    ];
    known.extend(full_name.map(|name| name.as_str().to_owned()));
    known
}

/// Address and name of someone with access.
fn named(state: &User) -> Result<(Email, Option<FullName>), AppError> {
    let person = state.active()?;
    let email = person.email.value().ok_or(AppError::NotFound)?;
    Ok((email.clone(), person.full_name().cloned()))
}
