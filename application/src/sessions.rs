use std::net::IpAddr;

use chrono::TimeDelta;
use domain::tenant::Tenant;
use domain::user::{SessionRevocation, SignInFailure, User, UserCommand, UserEvent};
use domain::{Actor, Email, Permission, SessionId, StreamId, TenantId, UserId};
use secrecy::SecretString;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::{Commit, Effect, Expected, NewSession};
use crate::error::AppError;
use crate::execute::Done;
use crate::ports::{AccessClaims, Exchange, Holder, Rotation};
use crate::users::not_above;

/// How long after its exchange a refresh token in a cookie is answered with "ask again": tabs share the cookie, and one
/// may have sent it just before the answer to another replaced it. Nobody gains a token by it.
const TABS: TimeDelta = TimeDelta::seconds(3);

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
    /// How many seconds the refresh token lives.
    pub refresh_expires_in: i64,
    /// The position of the sign-in in the tenant's log.
    pub position: Option<i64>,
}

/// Where a refresh token was presented from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// By a client that keeps it itself, and exchanges it once at a time.
    InBody,
    /// By a browser, whose tabs share it without knowing of each other.
    InCookie,
}

impl App {
    pub(crate) async fn open_session(
        &self,
        origin: &Origin,
        tenant: TenantId,
        user: UserId,
    ) -> Result<SignedIn, AppError> {
        let stream = StreamId::user(tenant, user);
        let (state, _) = self.load::<User>(stream).await?;
        let session = SessionId(self.ids.fresh());
        let device = self.tokens.device(
            &network(origin.ip.as_deref().unwrap_or_default()),
            &program(origin.user_agent.as_deref().unwrap_or_default()),
        );
        let known_device = self.credentials.knows_device(tenant, user, &device).await?;
        let Ok(events) = state.decide(UserCommand::SignIn { session, known_device }) else {
            self.record_failure(origin, tenant, user, SignInFailure::Inactive);
            return Err(AppError::BadCredentials);
        };
        let now = self.clock.now();
        let refresh = self.tokens.refresh(now);
        let expires_at = now + self.session_lifetime;
        let refresh_until = refresh.expires_at.min(expires_at);
        let mut metadata = origin.metadata(Actor::User(user));
        metadata.session = Some(session);
        let open = NewSession {
            user,
            session,
            refresh: refresh.digest,
            refresh_until,
            expires_at,
            ip: origin.ip.clone(),
            user_agent: origin.user_agent.clone(),
            device,
        };
        let commit = Commit::new(tenant, user.0, metadata)
            .append(stream, Expected::Any, events)
            .effect(Effect::OpenSession(Box::new(open)));
        let receipt = self.log.commit(commit).await?;
        let claims = AccessClaims { tenant, user, session, generation: 1 };
        let (access_token, expires_in) = self.tokens.access(&claims, now);
        Ok(SignedIn {
            tenant,
            user,
            access_token,
            expires_in,
            refresh_token: refresh.token,
            refresh_expires_in: (refresh_until - now).num_seconds(),
            position: Some(receipt.position),
        })
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// A token that was exchanged before is exchanged again as long as nothing of its successor was used: then the answer
    /// was lost, and the successor is given up. Once the successor, or its access token, was used, two hold the token, and
    /// the session ends.
    pub async fn refresh(
        &self,
        origin: &Origin,
        token: &str,
        presented: Presented,
    ) -> Result<SignedIn, AppError> {
        let digest = self.tokens.digest_refresh(token).ok_or(AppError::BadCredentials)?;
        let _turn = self.turns.take(&digest).await;
        let holder = self.credentials.find_refresh(&digest).await?.ok_or(AppError::BadCredentials)?;
        let Holder { tenant, user, session } = holder;
        let (organisation, _) = self.load::<Tenant>(StreamId::tenant(tenant)).await?;
        organisation.active()?;
        let (person, _) = self.load::<User>(StreamId::user(tenant, user)).await?;
        if person.active_role().is_none() {
            return Err(AppError::BadCredentials);
        }
        let now = self.clock.now();
        let successor = self.tokens.refresh(now);
        let grace = match presented {
            Presented::InBody => TimeDelta::zero(),
            Presented::InCookie => TABS,
        };
        let exchange = Exchange {
            presented: digest,
            successor: successor.digest,
            refresh_until: successor.expires_at,
            grace,
        };
        match self.credentials.rotate(&exchange).await? {
            Rotation::Rotated(generation) => {
                let claims = AccessClaims { tenant, user, session, generation };
                let (access_token, expires_in) = self.tokens.access(&claims, now);
                Ok(SignedIn {
                    tenant,
                    user,
                    access_token,
                    expires_in,
                    refresh_token: successor.token,
                    refresh_expires_in: (successor.expires_at - now).num_seconds(),
                    position: None,
                })
            }
            Rotation::Superseded => Err(AppError::Superseded),
            Rotation::Reused => {
                tracing::warn!(
                    tenant.id = %tenant,
                    user.id = %user,
                    "a refresh token of user {user} was used twice; its session is ended"
                );
                let metadata = origin.metadata(Actor::Anonymous);
                let commit = Commit::new(tenant, user.0, metadata);
                self.log.commit(revoke(commit, user, &[session], SessionRevocation::TokenReused)).await?;
                Err(AppError::BadCredentials)
            }
            Rotation::Unknown => Err(AppError::BadCredentials),
        }
    }

    /// Ends the caller's session.
    pub async fn log_out(&self, caller: &Caller) -> Result<Done, AppError> {
        let stream = StreamId::user(caller.tenant, caller.user);
        let session = caller.require_session()?;
        let event = vec![UserEvent::SignedOut { session }];
        let commit = Commit::new(caller.tenant, caller.user.0, caller.metadata())
            .append(stream, Expected::Any, event)
            .effect(Effect::EndSession(session))
            .once(caller.origin.idempotency.clone());
        Ok(self.log.commit(commit).await?.into())
    }

    /// Ends one of the caller's own sessions.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<Done, AppError> {
        caller.require_session()?;
        let open = self.credentials.open_sessions(caller.tenant, caller.user).await?;
        if !open.contains(&session) {
            return Err(AppError::NotFound);
        }
        self.end_own(caller, &[session]).await
    }

    /// Ends all of the caller's own sessions but the present one.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<Done, AppError> {
        let own = caller.require_session()?;
        let mut others = self.credentials.open_sessions(caller.tenant, caller.user).await?;
        others.retain(|session| *session != own);
        self.end_own(caller, &others).await
    }

    async fn end_own(&self, caller: &Caller, sessions: &[SessionId]) -> Result<Done, AppError> {
        if sessions.is_empty() {
            return Ok(Done { resource: caller.user.0, position: None });
        }
        let commit = Commit::new(caller.tenant, caller.user.0, caller.metadata());
        let commit = revoke(commit, caller.user, sessions, SessionRevocation::Revoked);
        Ok(self.log.commit(commit).await?.into())
    }

    /// Ends all sessions of a user whose role is no higher than the caller's.
    pub async fn end_sessions_of(&self, caller: &Caller, user: UserId) -> Result<Done, AppError> {
        caller.require(Permission::ManageUsers)?;
        let open = self.credentials.open_sessions(caller.tenant, user).await?;
        let stream = StreamId::user(caller.tenant, user);
        self.commit_decision(caller, stream, |state: &User, version, commit| {
            if let Some(held) = state.role() {
                not_above(caller, held)?;
            }
            caller.origin.require_version(version)?;
            let reason = SessionRevocation::Revoked;
            let events = state.decide(UserCommand::RevokeSessions { sessions: open.clone(), reason })?;
            Ok((events, commit.effect(Effect::EndSessionsOf(user))))
        })
        .await
    }

    /// Notes that the caller has just given the password again, if it is the right one.
    pub async fn reauthenticate(&self, caller: &Caller, password: SecretString) -> Result<(), AppError> {
        let session = caller.require_session()?;
        let (tenant, user) = (caller.tenant, caller.user);
        let (state, _) = self.load::<User>(StreamId::user(tenant, user)).await?;
        let email: Option<&Email> = state.email();
        let stored = match email {
            Some(email) => self.credentials.find_passwords(email, Some(tenant)).await?,
            None => vec![],
        };
        let hash = stored.into_iter().find(|stored| stored.user == user).map(|stored| stored.hash);
        if !self.passwords.verify(password, hash).await? {
            self.record_failure(&caller.origin, tenant, user, SignInFailure::WrongPassword);
            return Err(AppError::Denied("wrong_password", "that is not the password"));
        }
        Ok(self.credentials.mark_authenticated(tenant, session, self.clock.now()).await?)
    }
}

/// Adds the end of open sessions of a user to a commit: an event for each, and the ends themselves.
pub(crate) fn revoke(
    commit: Commit,
    user: UserId,
    sessions: &[SessionId],
    reason: SessionRevocation,
) -> Commit {
    let events: Vec<_> =
        sessions.iter().map(|session| UserEvent::SessionRevoked { session: *session, reason }).collect();
    let stream = StreamId::user(commit.tenant, user);
    let commit = commit.append(stream, Expected::Any, events);
    sessions.iter().fold(commit, |commit, session| commit.effect(Effect::EndSession(*session)))
}

/// The network of an address: what a provider gives one place, so that a new lease is not a new device.
fn network(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => std::net::Ipv4Addr::from_bits(ip.to_bits() & (!0 << 8)).to_string(),
        Ok(IpAddr::V6(ip)) => std::net::Ipv6Addr::from_bits(ip.to_bits() & (!0 << 80)).to_string(),
        Err(_) => String::new(),
    }
}

/// The program without its version numbers, so that an update is not a new device.
fn program(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_its_network_and_its_program_without_versions() {
        assert_eq!(network("203.0.113.77"), "203.0.113.0");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.0");
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1::");
        assert_eq!(network(""), "");
        assert_eq!(program("Firefox/131.0"), program("Firefox/132.1"));
        assert_ne!(program("Firefox/131.0"), program("Chrome/131.0"));
    }
}
