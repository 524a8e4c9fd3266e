use chrono::{DateTime, Utc};
use domain::tenant::{Subdomain, Tenant};
use domain::text::FullName;
use domain::user::{SignInFailure, User, UserCommand, UserEvent};
use domain::{Actor, Document, Email, Role, SessionId, StreamId, TenantId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::{Commit, Effect, Expected, UniqueScope};
use crate::error::AppError;
use crate::execute::{Done, alone};
use crate::ports::{AccessClaims, Rotation};

/// What someone registers with.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The address to sign in with.
    pub email: Email,
    /// The password to sign in with.
    pub password: SecretString,
    /// The person's name.
    pub full_name: FullName,
    /// In which tenant; an invitation knows by itself.
    pub subdomain: Option<Subdomain>,
    /// Lets the first owner in whatever the address.
    pub setup_token: Option<String>,
    /// Lets everybody else in.
    pub invitation_token: Option<String>,
}

/// What someone signs in with.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
    /// In which tenant; needed only where both fit in several.
    pub subdomain: Option<Subdomain>,
}

/// A session that is open now.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// In which tenant.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// For requests.
    pub access_token: SecretString,
    /// How many seconds the access token lives.
    pub expires_in: i64,
    /// For the next access token; works once.
    pub refresh_token: SecretString,
    /// The position of the sign-in in the tenant's log.
    pub position: Option<i64>,
}

impl App {
    /// Makes someone a user: the first of a tenant becomes its owner, everybody else needs an invitation.
    pub async fn register(&self, origin: &Origin, new: Registration) -> Result<(TenantId, Done), AppError> {
        match &new.invitation_token {
            Some(token) => {
                let token = token.clone();
                self.accept_invitation(origin, new, &token).await
            }
            None => self.found(origin, new).await,
        }
    }

    async fn found(&self, origin: &Origin, new: Registration) -> Result<(TenantId, Done), AppError> {
        let missing = AppError::Invalid("/tenant_subdomain", "missing", "must be given");
        let subdomain = new.subdomain.as_ref().ok_or(missing)?;
        let tenant = self.credentials.find_tenant(subdomain).await?.ok_or(AppError::NotFound)?;
        let (state, _) = self.load::<Tenant>(StreamId::tenant(tenant)).await?;
        let organisation = state.active()?;
        let is_contact = organisation.contact_email.value() == Some(&new.email);
        let has_token =
            new.setup_token.as_deref().is_some_and(|token| self.tokens.verify_setup(tenant, token));
        if !is_contact && !has_token {
            return Err(AppError::Denied(
                "registration_not_allowed",
                "an invitation is needed, or the organisation's contact address or setup token",
            ));
        }
        let user = UserId(self.ids.fresh());
        let hash = self.passwords.hash(new.password).await?;
        let command = UserCommand::Register {
            user,
            email: new.email.clone(),
            full_name: new.full_name,
            role: Role::Owner,
        };
        let result = self
            .create::<User>(
                origin,
                &origin.metadata(Actor::User(user)),
                StreamId::user(tenant, user),
                command,
                |commit| {
                    commit
                        .claim(UniqueScope::Founder, "", user.0)
                        .claim(UniqueScope::Email, new.email.as_str(), user.0)
                        .effect(Effect::SetPassword { user, email: new.email.clone(), hash })
                },
            )
            .await;
        match result {
            // Whoever comes second was not invited.
            Err(AppError::Taken(UniqueScope::Founder)) => Err(AppError::Denied(
                "invitation_required",
                "the organisation has an owner already: ask for an invitation",
            )),
            other => other.map(|done| (tenant, done)),
        }
    }

    async fn accept_invitation(
        &self,
        origin: &Origin,
        new: Registration,
        token: &str,
    ) -> Result<(TenantId, Done), AppError> {
        const INVALID: AppError =
            AppError::Denied("invitation_invalid", "the invitation is unknown, used, withdrawn or expired");
        let ticket = self.tokens.verify_invitation(token).ok_or(INVALID)?;
        if ticket.expires_at <= self.clock.now() {
            return Err(INVALID);
        }
        if let Some(done) = origin.done_before() {
            return Ok((ticket.tenant, done));
        }
        let stream = StreamId::user(ticket.tenant, ticket.user);
        let (state, _) = self.load::<User>(stream).await?;
        let person = state.invited().map_err(|_| INVALID)?;
        if person.email.value() != Some(&new.email) {
            return Err(INVALID);
        }
        let hash = self.passwords.hash(new.password).await?;
        let metadata = origin.metadata(Actor::User(ticket.user));
        let command = UserCommand::AcceptInvitation { full_name: new.full_name };
        let effect = Effect::SetPassword { user: ticket.user, email: new.email, hash };
        let done = self
            .execute_with::<User>(origin, &metadata, stream, command, |_, commit| {
                Ok(commit.effect(effect.clone()))
            })
            .await
            .map_err(|error| match error {
                AppError::Refused { .. } => INVALID,
                other => other,
            })?;
        Ok((ticket.tenant, done))
    }

    /// Opens a session. The answer does not tell an unknown address, a wrong password and a user without access
    /// apart, and takes as long for each.
    pub async fn log_in(&self, origin: &Origin, sign_in: SignIn) -> Result<SignedIn, AppError> {
        let tenant = match &sign_in.subdomain {
            // An unknown subdomain must look like a wrong password: no tenant has the nil id.
            Some(subdomain) => {
                Some(self.credentials.find_tenant(subdomain).await?.unwrap_or(TenantId(uuid::Uuid::nil())))
            }
            None => None,
        };
        let stored = self.credentials.find_passwords(&sign_in.email, tenant).await?;
        if stored.is_empty() {
            self.passwords.verify(sign_in.password, None).await?;
            return Err(AppError::BadCredentials);
        }
        let mut fitting = vec![];
        for candidate in &stored {
            let hash = Some(candidate.hash.clone());
            if self.passwords.verify(sign_in.password.clone(), hash).await? {
                fitting.push((candidate.tenant, candidate.user));
            }
        }
        match fitting[..] {
            [] => {
                for candidate in &stored {
                    let (tenant, user) = (candidate.tenant, candidate.user);
                    self.record_failure(origin, tenant, user, SignInFailure::WrongPassword).await?;
                }
                Err(AppError::BadCredentials)
            }
            [(tenant, user)] => self.open_session(origin, tenant, user).await,
            _ => Err(AppError::TenantRequired(fitting.into_iter().map(|(tenant, _)| tenant).collect())),
        }
    }

    async fn open_session(
        &self,
        origin: &Origin,
        tenant: TenantId,
        user: UserId,
    ) -> Result<SignedIn, AppError> {
        let stream = StreamId::user(tenant, user);
        let (state, _) = self.load::<User>(stream).await?;
        let session = SessionId(self.ids.fresh());
        let Ok(events) = state.decide(UserCommand::SignIn { session }) else {
            self.record_failure(origin, tenant, user, SignInFailure::Inactive).await?;
            return Err(AppError::BadCredentials);
        };
        let now = self.clock.now();
        let refresh = self.tokens.refresh(now);
        let mut metadata = origin.metadata(Actor::User(user));
        metadata.session = Some(session);
        let open =
            Effect::OpenSession { user, session, refresh: refresh.digest, expires_at: refresh.expires_at };
        let commit = Commit::new(tenant, user.0, metadata).append(stream, Expected::Any, events).effect(open);
        let receipt = self.log.commit(commit).await?;
        let (access_token, expires_in) = self.tokens.access(&AccessClaims { tenant, user, session }, now);
        Ok(SignedIn {
            tenant,
            user,
            access_token,
            expires_in,
            refresh_token: refresh.token,
            position: Some(receipt.position),
        })
    }

    async fn record_failure(
        &self,
        origin: &Origin,
        tenant: TenantId,
        user: UserId,
        failure: SignInFailure,
    ) -> Result<(), AppError> {
        let metadata = origin.metadata(Actor::Anonymous);
        let event = vec![UserEvent::SignInFailed { failure }];
        let commit =
            Commit::new(tenant, user.0, metadata).append(StreamId::user(tenant, user), Expected::Any, event);
        match self.log.commit(commit).await {
            // Nothing is recorded in a suspended tenant; the sign-in fails all the same.
            Ok(_) | Err(crate::commit::CommitError::Limit(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Exchanges a refresh token for a new pair. A token that was used before ends its whole session.
    pub async fn refresh(&self, token: &str) -> Result<SignedIn, AppError> {
        let presented = self.tokens.digest_refresh(token).ok_or(AppError::BadCredentials)?;
        let now: DateTime<Utc> = self.clock.now();
        let successor = self.tokens.refresh(now);
        match self.credentials.rotate(presented, successor.digest, successor.expires_at).await? {
            Rotation::Rotated { tenant, user, session } => {
                let (state, _) = self.load::<User>(StreamId::user(tenant, user)).await?;
                if state.active_role().is_none() {
                    return Err(AppError::BadCredentials);
                }
                let (access_token, expires_in) =
                    self.tokens.access(&AccessClaims { tenant, user, session }, now);
                Ok(SignedIn {
                    tenant,
                    user,
                    access_token,
                    expires_in,
                    refresh_token: successor.token,
                    position: None,
                })
            }
            Rotation::Reused => {
                tracing::warn!("a refresh token was used twice; its session is ended");
                Err(AppError::BadCredentials)
            }
            Rotation::Unknown => Err(AppError::BadCredentials),
        }
    }

    /// Ends the caller's session.
    pub async fn log_out(&self, caller: &Caller) -> Result<Done, AppError> {
        let stream = StreamId::user(caller.tenant, caller.user);
        let event = vec![UserEvent::SignedOut { session: caller.session }];
        let commit = Commit::new(caller.tenant, caller.user.0, caller.metadata())
            .append(stream, Expected::Any, event)
            .effect(Effect::EndSession(caller.session))
            .once(caller.origin.idempotency.clone());
        Ok(self.log.commit(commit).await?.into())
    }

    /// Changes the caller's own name and preferences.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        full_name: Option<FullName>,
        preferences: Option<Document>,
    ) -> Result<Done, AppError> {
        let command = UserCommand::ChangeProfile { full_name, preferences };
        self.execute::<User>(caller, StreamId::user(caller.tenant, caller.user), command, alone).await
    }
}
