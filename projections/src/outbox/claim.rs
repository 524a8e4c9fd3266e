use application::ports::{MailEnd, Outbox, PendingMail, Unavailable};
use chrono::{DateTime, Utc};
use domain::{TenantId, UserId};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::reminders;

/// The outbox on Postgres. Each method is one statement.
#[derive(Clone, Debug)]
pub struct PgOutbox {
    pool: PgPool,
}

impl PgOutbox {
    /// On the writing role's pool.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Mails whose sender went away after it handed them over.
    async fn give_up_handed_over(&self) -> Result<(), sqlx::Error> {
        let lost: Vec<Uuid> = sqlx::query_scalar(
            "update mails
             set state = 'unknown', claim = null, claimed_until = null, ended_at = now(),
                 last_error = 'the service went away'
             where state = 'sending' and claimed_until < now()
             returning mail_id",
        )
        .fetch_all(&self.pool)
        .await?;
        for mail in lost {
            tracing::error!(
                mail.id = %mail,
                "whether a mail was sent is not known, so it is not sent again: its sender went away"
            );
        }
        Ok(())
    }

    async fn claim_one(&self) -> Result<Option<PendingMail>, sqlx::Error> {
        self.give_up_handed_over().await?;
        let claim = Uuid::new_v4();
        let row = sqlx::query(
            "update mails
             set claim = $1, claimed_until = now() + interval '2 minutes'
             where mail_id = (
                 select mail_id
                 from mails
                 where state = 'waiting' and due_at <= now() and (claimed_until is null or claimed_until < now())
                 order by due_at
                 limit 1
                 for update skip locked
             )
             returning mail_id, tenant_id, kind, occasion, recipient_id, sequence, created_at, attempts",
        )
        .bind(claim)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(PendingMail {
            id: row.try_get("mail_id")?,
            tenant: TenantId(row.try_get("tenant_id")?),
            kind: row.try_get("kind")?,
            occasion: row.try_get("occasion")?,
            recipient: UserId(row.try_get("recipient_id")?),
            sequence: row.try_get("sequence")?,
            created_at: row.try_get("created_at")?,
            attempts: u32::try_from(row.try_get::<i32, _>("attempts")?).unwrap_or_default(),
            claim,
        }))
    }
}

#[async_trait::async_trait]
impl Outbox for PgOutbox {
    async fn claim(&self) -> Result<Option<PendingMail>, Unavailable> {
        self.claim_one().await.map_err(unavailable)
    }

    async fn handing_over(&self, mail: &PendingMail) -> Result<bool, Unavailable> {
        let noted = sqlx::query(
            "update mails set state = 'sending', claimed_until = now() + interval '2 minutes'
             where mail_id = $1 and claim = $2 and state = 'waiting' and claimed_until > now()",
        )
        .bind(mail.id)
        .bind(mail.claim)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(noted.rows_affected() == 1)
    }

    async fn close(&self, mail: &PendingMail, end: MailEnd) -> Result<(), Unavailable> {
        let (state, due_at, error) = match end {
            MailEnd::Sent => ("sent", None, None),
            MailEnd::Logged => ("logged", None, None),
            MailEnd::Dropped => ("dropped", None, None),
            MailEnd::Later(at, why) => ("waiting", Some(at), Some(why)),
            MailEnd::Failed(why) => ("failed", None, Some(why)),
            MailEnd::Unknown(why) => ("unknown", None, Some(why)),
        };
        sqlx::query(
            "update mails
             set state = $3, due_at = coalesce($4, due_at), last_error = $5, attempts = attempts + 1,
                 claim = null, claimed_until = null, ended_at = case when $4 is null then now() end
             where mail_id = $1 and claim = $2",
        )
        .bind(mail.id)
        .bind(mail.claim)
        .bind(state)
        .bind(due_at)
        .bind(error)
        .execute(&self.pool)
        .await
        .map(|_| ())
        .map_err(unavailable)
    }

    async fn remind_of_keys(&self, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, Unavailable> {
        reminders::put_in(&self.pool, now, until).await.map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn unavailable(error: sqlx::Error) -> Unavailable {
    tracing::error!(error = &error as &dyn std::error::Error, "the outbox cannot be reached");
    Unavailable
}
