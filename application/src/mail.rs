use chrono::{DateTime, TimeDelta, Utc};
use domain::plan::Resource;
use domain::tenant::{Organisation, Tenant};
use domain::user::{User, UserEvent};
use domain::{Event, StreamId};
use uuid::Uuid;

use crate::App;
use crate::error::AppError;
use crate::ports::{
    Delivery, InvitationTicket, Letter, Mail, MailEnd, MailFailure, PendingMail, Prepared, ResetTicket,
};

/// A mail that could not be sent for so long is given up.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);
/// The longest wait between two attempts.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// How long before an API key ends its mail is sent.
const REMIND_BEFORE: TimeDelta = TimeDelta::days(14);
/// The kind of a mail about an API key that ends soon.
pub const API_KEY_EXPIRING: &str = "api_key_expiring";

impl App {
    /// Sends the mail that is due the longest; false if there is none.
    ///
    /// Never twice: before a mail is handed over that is noted, and a mail whose answer is lost after that is shown as
    /// unknown rather than sent again.
    pub async fn send_next_mail(&self) -> Result<bool, AppError> {
        let Some(pending) = self.outbox.claim().await? else {
            return Ok(false);
        };
        let end = match self.compose(&pending).await? {
            Some(mail) => self.post(&pending, mail).await?,
            None => Some(MailEnd::Dropped),
        };
        if let Some(end) = end {
            tell(&pending, &end);
            self.outbox.close(&pending, end).await?;
        }
        Ok(true)
    }

    /// Puts in a mail for each API key that ends within fourteen days; true if there is something new to send.
    pub async fn remind_of_api_keys(&self) -> Result<bool, AppError> {
        let now = self.clock.now();
        Ok(self.outbox.remind_of_keys(now, now + REMIND_BEFORE).await?)
    }

    /// Hands a mail over; nothing if the claim was lost meanwhile, and with it the say in what becomes of it.
    async fn post(&self, pending: &PendingMail, mail: Mail) -> Result<Option<MailEnd>, AppError> {
        let prepared: Box<dyn Prepared> = match self.mailer.prepare(mail).await {
            Ok(prepared) => prepared,
            Err(failure) => return Ok(Some(self.failed(pending, failure))),
        };
        if !self.outbox.handing_over(pending).await? {
            return Ok(None);
        }
        Ok(Some(match prepared.deliver().await {
            Ok(Delivery::Sent) => MailEnd::Sent,
            Ok(Delivery::Logged) => MailEnd::Logged,
            Err(failure) => self.failed(pending, failure),
        }))
    }

    fn failed(&self, pending: &PendingMail, failure: MailFailure) -> MailEnd {
        let now = self.clock.now();
        match failure {
            MailFailure::Transient(why) if now - pending.created_at < GIVE_UP_AFTER => {
                let wait = TimeDelta::seconds(1_i64 << pending.attempts.min(20)).min(LONGEST_WAIT);
                MailEnd::Later(now + wait, why)
            }
            MailFailure::Transient(why) | MailFailure::Permanent(why) => MailEnd::Failed(why),
            MailFailure::Unknown(why) => MailEnd::Unknown(why),
        }
    }

    /// The mail as it is to be sent now; nothing if what it would say is no longer true.
    async fn compose(&self, pending: &PendingMail) -> Result<Option<Mail>, AppError> {
        let stream = StreamId::user(pending.tenant, pending.recipient);
        let loaded = self.log.load(stream).await?;
        let told = pending
            .sequence
            .and_then(|sequence| usize::try_from(sequence - 1).ok())
            .and_then(|at| loaded.events.get(at).cloned());
        let (state, _) = self.load::<User>(stream).await?;
        let person = match &state {
            User::Invited(invitation) => &invitation.person,
            User::Active(person) => person,
            User::Absent | User::Withdrawn | User::Inactive(_) => return Ok(None),
        };
        let (tenant, _) = self.load::<Tenant>(StreamId::tenant(pending.tenant)).await?;
        let (Some(to), Ok(organisation)) = (person.email.value(), tenant.active()) else {
            return Ok(None);
        };
        let letter = match told {
            Some(Event::User(UserEvent::Invited { issue, .. })) => {
                self.invitation(pending, &state, issue.unwrap_or(1)).await?
            }
            Some(Event::User(UserEvent::InvitationResent { issue, .. })) => {
                self.invitation(pending, &state, issue).await?
            }
            Some(Event::User(UserEvent::PasswordResetRequested { reset, expires_at })) => {
                let is_open = expires_at > self.clock.now()
                    && person.reset().is_some_and(|pending| pending.id == reset);
                let ticket =
                    ResetTicket { tenant: pending.tenant, user: pending.recipient, reset, expires_at };
                is_open.then(|| Letter::PasswordReset { expires_at, token: self.tokens.reset(&ticket) })
            }
            Some(Event::User(UserEvent::PasswordChanged { .. })) => {
                Some(Letter::PasswordChanged { at: pending.created_at })
            }
            Some(Event::User(UserEvent::SignedIn { session, .. })) => {
                let from = self.credentials.find_session(pending.tenant, session).await?.unwrap_or_default();
                Some(Letter::NewSignIn { at: pending.created_at, ip: from.ip, user_agent: from.user_agent })
            }
            Some(Event::User(UserEvent::SessionRevoked { .. })) => {
                Some(Letter::SessionEnded { at: pending.created_at })
            }
            Some(_) => None,
            None if pending.kind == API_KEY_EXPIRING => {
                key_expiring(organisation, &pending.occasion, self.clock.now())
            }
            None => limit_reached(&pending.occasion),
        };
        Ok(letter.map(|letter| Mail {
            id: pending.id,
            to: to.clone(),
            name: person.full_name().cloned(),
            at: pending.created_at,
            organisation: organisation.name.clone(),
            letter,
        }))
    }

    async fn invitation(
        &self,
        pending: &PendingMail,
        invited: &User,
        issue: u32,
    ) -> Result<Option<Letter>, AppError> {
        let ticket = InvitationTicket { tenant: pending.tenant, user: pending.recipient, issue };
        let followed = self.follow(&ticket).await?;
        let Ok(invitation) = invited.invited() else {
            return Ok(None);
        };
        let (Ok(person), Some(expires_at)) = (invitation.follow(followed.link), invitation.expires_at) else {
            return Ok(None);
        };
        let by = match invitation.invited_by {
            Some(user) => match self.load::<User>(StreamId::user(pending.tenant, user)).await?.0 {
                User::Active(who) => who.full_name().cloned(),
                _ => None,
            },
            None => None,
        };
        let token = self.tokens.invitation(&ticket);
        Ok(Some(Letter::Invitation { inviter: by, role: person.role(), expires_at, token }))
    }
}

/// The occasion of a limit: resource, limit and month, such as `agents/5/2026-11`.
pub fn limit_occasion(resource: Resource, limit: u32, at: DateTime<Utc>) -> String {
    format!("{}/{limit}/{}", resource.as_str(), at.format("%Y-%m"))
}

fn limit_reached(occasion: &str) -> Option<Letter> {
    let (resource, rest) = occasion.split_once('/')?;
    let (limit, _) = rest.split_once('/')?;
    let resource = Resource::ALL.into_iter().find(|one| one.as_str() == resource)?;
    Some(Letter::LimitReached { resource, limit: limit.parse().ok()? })
}

/// The occasion of a key's end: key and end.
pub fn key_occasion(key: Uuid, expires_at: DateTime<Utc>) -> String {
    format!("{key}/{}", expires_at.timestamp())
}

/// Nothing if the key was revoked, rotated or has ended since.
fn key_expiring(organisation: &Organisation, occasion: &str, now: DateTime<Utc>) -> Option<Letter> {
    let (id, _) = occasion.split_once('/')?;
    let id = id.parse().ok()?;
    let key = organisation.keys.find(id).ok()?;
    let is_open = !key.is_revoked
        && key.successor.is_none()
        && key.expires_at > now
        && key_occasion(id, key.expires_at) == occasion;
    is_open.then(|| Letter::ApiKeyExpiring { key: key.name.clone(), expires_at: key.expires_at })
}

/// Says in the log what needs somebody's eye, without whom it concerns.
fn tell(pending: &PendingMail, end: &MailEnd) {
    let (id, kind, tenant) = (pending.id, &pending.kind, pending.tenant);
    match end {
        MailEnd::Sent => tracing::info!(mail.id = %id, tenant.id = %tenant, "sent a mail of {kind}"),
        MailEnd::Logged | MailEnd::Dropped => {
            tracing::debug!(mail.id = %id, tenant.id = %tenant, ?end, "a mail of {kind} was not sent");
        }
        MailEnd::Later(at, why) => {
            tracing::warn!(mail.id = %id, tenant.id = %tenant, why, "a mail of {kind} is tried again at {at}");
        }
        MailEnd::Failed(why) => {
            tracing::error!(mail.id = %id, tenant.id = %tenant, why, "a mail of {kind} cannot be sent");
        }
        MailEnd::Unknown(why) => tracing::error!(
            mail.id = %id, tenant.id = %tenant, why,
            "whether a mail of {kind} was sent is not known, so it is not sent again"
        ),
    }
}
