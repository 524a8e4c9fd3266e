use chrono::{DateTime, Utc};
use domain::plan::Resource;
use domain::text::{FullName, Name};
use domain::{Email, Role, TenantId, UserId};
use secrecy::SecretString;
use uuid::Uuid;

use super::Unavailable;

/// Mails that wait to be sent. They follow from the log, each once; what became of them is kept here.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Takes the mail that is due the longest, for a few minutes. A mail whose sender went away before it handed it
    /// over is taken again; one whose sender went away afterwards never is.
    async fn claim(&self) -> Result<Option<PendingMail>, Unavailable>;

    /// Notes that the mail is about to be handed over; false if the claim was lost, and nothing may be sent.
    async fn handing_over(&self, mail: &PendingMail) -> Result<bool, Unavailable>;

    /// Notes what became of the mail.
    async fn close(&self, mail: &PendingMail, end: MailEnd) -> Result<(), Unavailable>;

    /// Puts in a mail for each API key that ends after `now` and by `until`; once for each key and end, whoever looks
    /// and how often. True if there is something new to send.
    async fn remind_of_keys(&self, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, Unavailable>;
}

/// A mail under a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMail {
    /// Names it for good, on every server that sees it.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// The event it tells of, `limit_reached` or `api_key_expiring`.
    pub kind: String,
    /// Tells it from others of its kind: a position; the resource, limit and month; or the key and its end.
    pub occasion: String,
    /// Whom it goes to.
    pub recipient: UserId,
    /// The place of the event in the recipient's stream.
    pub sequence: Option<i64>,
    /// When it came to be sent.
    pub created_at: DateTime<Utc>,
    /// How often it was tried already.
    pub attempts: u32,
    /// Random; who holds it holds the claim.
    pub claim: Uuid,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailEnd {
    /// The server has it.
    Sent,
    /// No server is set up: it stands in the service's own log.
    Logged,
    /// What it would say is no longer true, or there is nobody to say it to.
    Dropped,
    /// Not now: to be tried again at that time.
    Later(DateTime<Utc>, String),
    /// Never.
    Failed(String),
    /// It was handed over and the answer was lost. It may have been sent, so it is not sent again.
    Unknown(String),
}

/// The way out.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync {
    /// Goes as far as can be gone without the mail being sent.
    async fn prepare(&self, mail: Mail) -> Result<Box<dyn Prepared>, MailFailure>;
}

/// A mail that a server is ready to take.
#[async_trait::async_trait]
pub trait Prepared: Send {
    /// Hands it over.
    async fn deliver(self: Box<Self>) -> Result<Delivery, MailFailure>;
}

/// Where a mail went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To a server.
    Sent,
    /// Into the log, as no server is set up.
    Logged,
}

/// Why a mail was not sent; the texts hold nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailFailure {
    /// Another attempt makes sense.
    Transient(String),
    /// No attempt will succeed.
    Permanent(String),
    /// It was handed over, and whether it was taken is not known.
    Unknown(String),
}

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The same for every attempt.
    pub id: Uuid,
    /// Where to.
    pub to: Email,
    /// To whom, if known.
    pub name: Option<FullName>,
    /// Written when.
    pub at: DateTime<Utc>,
    /// In which organisation.
    pub organisation: Name,
    /// What it says.
    pub letter: Letter,
}

/// What a mail says.
#[derive(Clone, Debug)]
pub enum Letter {
    /// Asks someone to join.
    Invitation {
        /// Who asks.
        inviter: Option<FullName>,
        /// The role offered.
        role: Role,
        /// Until when.
        expires_at: DateTime<Utc>,
        /// For the link.
        token: SecretString,
    },
    /// A limit of the plan is reached.
    LimitReached {
        /// Of what.
        resource: Resource,
        /// The plan's limit.
        limit: u32,
    },
    /// An API key ends soon, and nothing has taken its place.
    ApiKeyExpiring {
        /// What the key is called.
        key: Name,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// Lets someone choose a new password.
    PasswordReset {
        /// Until when.
        expires_at: DateTime<Utc>,
        /// For the link.
        token: SecretString,
    },
    /// The password is another one now.
    PasswordChanged {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Someone signed in from where nobody had before.
    NewSignIn {
        /// When.
        at: DateTime<Utc>,
        /// From which address.
        ip: Option<String>,
        /// With which program.
        user_agent: Option<String>,
    },
    /// A session was ended because one of its tokens was used twice.
    SessionEnded {
        /// When.
        at: DateTime<Utc>,
    },
}
