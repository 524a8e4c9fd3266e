//! The answers of requests that are answered once.

use std::sync::Arc;

use application::Done;
use application::caller::IdempotencyKey;
use application::ports::Unavailable;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::unavailable;
use crate::crypto::{KeyRing, Purpose, Secrets};

/// Keeps answers, sealed because they may hold one-time tokens, for at least 24 hours.
///
/// That the work is done once is the committer's promise: it stores the key with the events. The answer follows
/// before it is sent, so whoever repeats a request gets the answer that was sent, or, where none was, one made anew.
#[derive(Clone)]
pub struct Answers {
    pool: PgPool,
    keys: Arc<KeyRing>,
}

/// What is known of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    New,
    /// The work was done, but no answer was kept: it is made anew.
    Done(Done),
    /// The answer that was sent.
    Answered(StoredAnswer),
    /// It was used for another request.
    OtherRequest,
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The status.
    pub status: u16,
    /// The headers worth repeating.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answers {
    /// Answers sealed under this deployment's key. `pool` is the writing role's.
    pub fn new(pool: PgPool, secrets: &Secrets) -> Self {
        Self { pool, keys: Arc::new(secrets.key_ring(Purpose::Answers)) }
    }

    /// What is known of a key in a scope: the tenant's id, or the nil id where nobody is signed in.
    pub async fn find(&self, scope: Uuid, key: &IdempotencyKey) -> Result<Known, Unavailable> {
        let row = sqlx::query(
            "select request_hash, answer, position, resource_id
             from idempotency_keys
             where scope_id = $1 and key = $2 and created_at > now() - interval '24 hours'",
        )
        .bind(scope)
        .bind(&key.key)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let Some(row) = row else { return Ok(Known::New) };
        self.known(scope, key, &row).map_err(unavailable)
    }

    fn known(&self, scope: Uuid, key: &IdempotencyKey, row: &PgRow) -> Result<Known, sqlx::Error> {
        if !key.is_of(row.try_get("request_hash")?) {
            return Ok(Known::OtherRequest);
        }
        let sealed: Option<&[u8]> = row.try_get("answer")?;
        let opened = sealed.and_then(|sealed| self.keys.open(None, &context(scope, &key.key), sealed).ok());
        if let Some(answer) = opened.and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok(Known::Answered(answer));
        }
        let resource: Option<Uuid> = row.try_get("resource_id")?;
        let position = row.try_get("position")?;
        Ok(resource.map_or(Known::New, |resource| Known::Done(Done { resource, position })))
    }

    /// Keeps the answer that is about to be sent.
    pub async fn store(
        &self,
        scope: Uuid,
        key: &IdempotencyKey,
        answer: &StoredAnswer,
    ) -> Result<(), Unavailable> {
        let text = serde_json::to_vec(answer).expect("answers of bytes and strings serialise");
        let sealed = self.keys.seal(&context(scope, &key.key), &text);
        sqlx::query(
            "insert into idempotency_keys (scope_id, key, request_hash, answer)
             values ($1, $2, $3, $4)
             on conflict on constraint idempotency_keys_key do update
                 set answer = excluded.answer
                 where idempotency_keys.request_hash in (excluded.request_hash, $5)",
        )
        .bind(scope)
        .bind(&key.key)
        .bind(key.request.as_slice())
        .bind(sealed)
        .bind(key.request_before.as_ref().map(<[u8; 32]>::as_slice))
        .execute(&self.pool)
        .await
        .map(|_| ())
        .map_err(unavailable)
    }

    /// Forgets keys older than 24 hours; returns how many.
    pub async fn forget_old(&self) -> Result<u64, Unavailable> {
        sqlx::query("delete from idempotency_keys where created_at < now() - interval '24 hours'")
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(unavailable)
    }
}

fn context(scope: Uuid, key: &str) -> Vec<u8> {
    [b"answer".as_slice(), scope.as_bytes(), key.as_bytes()].concat()
}
