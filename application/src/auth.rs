use domain::tenant::{Subdomain, Tenant};
use domain::text::FullName;
use domain::user::{SignInFailure, User, UserCommand, UserEvent};
use domain::{Actor, Document, Email, Role, StreamId, TenantId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::{Commit, Effect, Expected, UniqueScope};
use crate::error::AppError;
use crate::execute::{Done, alone};
use crate::passwords::known_of;
use crate::sessions::SignedIn;

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

/// How many organisations' passwords are tried where none was named, the newest first: each costs as much as a whole
/// sign-in. Who is in more names one.
const MOST_TRIED: usize = 3;

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
        let is_contact =
            organisation.contact_email.value().map(Email::canonical) == Some(new.email.canonical());
        let has_token =
            new.setup_token.as_deref().is_some_and(|token| self.tokens.verify_setup(tenant, token));
        if !is_contact && !has_token {
            return Err(AppError::Denied(
                "registration_not_allowed",
                "an invitation is needed, or the organisation's contact address or setup token",
            ));
        }
        let user = UserId(self.ids.fresh());
        let known = known_of(organisation, &new.email, Some(&new.full_name));
        let hash = self.hash_chosen("/password", new.password, known).await?;
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
        let tried = &stored[..stored.len().min(MOST_TRIED)];
        if tried.is_empty() {
            self.passwords.verify(sign_in.password, None).await?;
            return Err(AppError::BadCredentials);
        }
        let mut fitting = vec![];
        for candidate in tried {
            let hash = Some(candidate.hash.clone());
            if self.passwords.verify(sign_in.password.clone(), hash).await? {
                fitting.push((candidate.tenant, candidate.user));
                self.strengthen(sign_in.password.clone(), candidate).await;
            }
        }
        match fitting[..] {
            [] => {
                for candidate in tried {
                    let (tenant, user) = (candidate.tenant, candidate.user);
                    self.record_failure(origin, tenant, user, SignInFailure::WrongPassword);
                }
                Err(AppError::BadCredentials)
            }
            [(tenant, user)] => self.open_session(origin, tenant, user).await,
            _ => Err(AppError::TenantRequired(fitting.into_iter().map(|(tenant, _)| tenant).collect())),
        }
    }

    /// In the background: the answer to a failed sign-in takes as long where there is nobody to record it of.
    pub(crate) fn record_failure(
        &self,
        origin: &Origin,
        tenant: TenantId,
        user: UserId,
        failure: SignInFailure,
    ) {
        let metadata = origin.metadata(Actor::Anonymous);
        let event = vec![UserEvent::SignInFailed { failure }];
        let commit =
            Commit::new(tenant, user.0, metadata).append(StreamId::user(tenant, user), Expected::Any, event);
        self.log.note(commit);
    }

    /// Changes the caller's own name and preferences.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        full_name: Option<FullName>,
        preferences: Option<Document>,
    ) -> Result<Done, AppError> {
        caller.require_session()?;
        let command = UserCommand::ChangeProfile { full_name, preferences };
        self.execute::<User>(caller, StreamId::user(caller.tenant, caller.user), command, alone).await
    }
}
