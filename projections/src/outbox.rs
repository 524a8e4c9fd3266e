//! The outbox: which events are told of by mail, and to whom. The table `mails`.
//!
//! Not a read model: it cannot be made anew from the log, as a mail is sent once. Each row is unique by what it tells of
//! and to whom, so that nothing that happens to checkpoints sends a mail again.

mod claim;
mod reminders;

use std::sync::Arc;

use application::limit_occasion;
use chrono::Utc;
use domain::plan::Resource;
use domain::user::{SessionRevocation, UserEvent};
use domain::{Event, Recorded, TenantId};
use infrastructure::postgres::{Following, InsertQuery, Page, Part};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::columns::array;

pub use claim::PgOutbox;

/// Puts mails into the outbox as events ask for them.
#[derive(Debug)]
pub struct MailFollowing {
    news: Arc<Notify>,
}

/// A mail to be sent.
#[derive(Debug)]
pub struct MailRow {
    tenant: TenantId,
    kind: &'static str,
    occasion: String,
    recipient: Uuid,
    sequence: Option<i64>,
}

/// Events after which a limit may be reached.
const COUNTED: [&str; 5] =
    ["agent.created", "task.created", "user.registered", "user.invitation_accepted", "user.reactivated"];
const LIMIT_REACHED: &str = "limit_reached";

impl MailFollowing {
    /// Notifies `news` when there is something to send.
    pub const fn new(news: Arc<Notify>) -> Self {
        Self { news }
    }
}

#[async_trait::async_trait]
impl Following for MailFollowing {
    const NAME: &'static str = "mails";
    const EVENT_TYPES: &'static [&'static str] = &[
        "user.invited",
        "user.invitation_resent",
        "user.password_reset_requested",
        "user.password_changed",
        "user.signed_in",
        "user.session_revoked",
    ];
    const INSERT: &'static str = "
        insert into mails (mail_id, tenant_id, kind, occasion, recipient_id, sequence)
        select m.mail_id, m.tenant_id, m.kind, m.occasion, m.recipient_id, m.sequence
        from unnest($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::uuid[], $11::bigint[])
            as m (mail_id, tenant_id, kind, occasion, recipient_id, sequence)
        join moved using (tenant_id)
        on conflict do nothing";
    type Row = MailRow;

    async fn rows(&self, pool: &PgPool, page: &Page) -> Result<Vec<MailRow>, sqlx::Error> {
        let mut rows: Vec<MailRow> = page.events.iter().filter_map(told).collect();
        rows.extend(limits(pool, page).await?);
        Ok(rows)
    }

    fn bind<'q>(query: InsertQuery<'q>, rows: &'q [MailRow]) -> InsertQuery<'q> {
        query
            .bind(array(rows, MailRow::id))
            .bind(array(rows, |row| row.tenant.0))
            .bind(array(rows, |row| row.kind))
            .bind(array(rows, |row| row.occasion.as_str()))
            .bind(array(rows, |row| row.recipient))
            .bind(array(rows, |row| row.sequence))
    }

    fn written(&self, _: u64) {
        self.news.notify_one();
    }
}

impl MailRow {
    /// The same for the same mail, whoever writes it down and how often; also its name on every mail server.
    fn id(&self) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(self.tenant.0);
        hash.update(self.recipient);
        hash.update(format!("{}|{}", self.kind, self.occasion));
        let [bytes, _] = *hash.finalize().as_chunks::<16>().0 else {
            unreachable!("32 bytes are two halves")
        };
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The mail that an event asks for, to the one it happened to.
fn told(recorded: &Recorded) -> Option<MailRow> {
    match &recorded.event {
        Event::User(
            UserEvent::Invited { .. }
            | UserEvent::InvitationResent { .. }
            | UserEvent::PasswordResetRequested { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::SignedIn { new_device: true, .. }
            | UserEvent::SessionRevoked { reason: SessionRevocation::TokenReused, .. },
        ) => {}
        _ => return None,
    }
    Some(MailRow {
        tenant: recorded.stream.tenant,
        kind: recorded.event.name(),
        occasion: recorded.position.to_string(),
        recipient: recorded.stream.id,
        sequence: Some(recorded.sequence),
    })
}

/// The mails to the owners and admins of tenants that are at a limit since this page.
async fn limits(pool: &PgPool, page: &Page) -> Result<Vec<MailRow>, sqlx::Error> {
    let now = Utc::now();
    let reached = |part: &Part| {
        let (census, limits) = (part.head.census, part.head.census.tier.limits());
        let full = move |resource: &Resource| {
            let limit = limits.of(*resource)?;
            (census.used(*resource, now) >= limit).then(|| limit_occasion(*resource, limit, now))
        };
        Resource::ALL.iter().filter_map(full).map(|occasion| (*part, occasion)).collect::<Vec<_>>()
    };
    let reached: Vec<(Part, String)> = page.parts.iter().flat_map(reached).collect();
    if reached.is_empty() {
        return Ok(vec![]);
    }
    // Only where the page counted something: being at a limit is no news by itself.
    let sql = "
        select r.tenant_id, r.occasion, u.id
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) as r (tenant_id, after, until, occasion)
        join users u on u.tenant_id = r.tenant_id and u.status = 'active' and u.role in ('owner', 'admin')
        where exists (
            select from events e
            where e.tenant_id = r.tenant_id and e.position > r.after and e.position <= r.until
                and e.event_type = any ($5)
        )
        and not exists (
            select from mails m
            where m.tenant_id = r.tenant_id and m.kind = $6 and m.occasion = r.occasion and m.recipient_id = u.id
        )";
    let found: Vec<(Uuid, String, Uuid)> = sqlx::query_as(sql)
        .bind(array(&reached, |(part, _)| part.tenant.0))
        .bind(array(&reached, |(part, _)| part.after))
        .bind(array(&reached, |(part, _)| part.until))
        .bind(array(&reached, |(_, occasion)| occasion.as_str()))
        .bind(COUNTED.as_slice())
        .bind(LIMIT_REACHED)
        .fetch_all(pool)
        .await?;
    let row = |(tenant, occasion, recipient)| MailRow {
        tenant: TenantId(tenant),
        kind: LIMIT_REACHED,
        occasion,
        recipient,
        sequence: None,
    };
    Ok(found.into_iter().map(row).collect())
}
