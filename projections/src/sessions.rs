//! One's own sessions as shown. They are no read model: no event holds them, and they are forgotten once they have ended.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{SessionId, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;

use crate::columns::Fields;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, list};
use crate::views::Views;

/// An open session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: SessionId,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When its newest tokens were made or first used.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub expires_at: DateTime<Utc>,
    /// The address it was opened from.
    #[schema(required)]
    pub ip: Option<String>,
    /// The program it was opened with.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "opened_at", of: SortOf::Time },
    Sort { name: "last_used_at", by: "last_used_at", of: SortOf::Time },
];

const OPEN: &str = "
    (
        select tenant_id, session_id as id, user_id, opened_at, last_used_at, refresh_until, ip, user_agent
        from sessions
        where ended_at is null and refresh_until > now()
    ) as open";

struct Of(UserId);

impl Filter for Of {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        query.push(" and user_id = ").push_bind(self.0.0);
    }
}

impl Views {
    /// The caller's own open sessions, by `created_at` or `last_used_at`.
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<Page<SessionRow>, AppError> {
        let current = caller.require_session()?;
        let (tenant, filter, order) = (caller.tenant, Of(caller.user), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move {
                let columns = "id, opened_at, last_used_at, refresh_until, ip, user_agent";
                list(conn, (OPEN, columns), tenant, (&filter, &order), decode).await
            })
        });
        let mut page = read.await?;
        for session in &mut page.items {
            session.current = session.id == current;
        }
        Ok(page)
    }
}

fn decode(row: &PgRow) -> Result<SessionRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(SessionRow {
        id: SessionId(fields.next()?),
        created_at: fields.next()?,
        last_used_at: fields.next()?,
        expires_at: fields.next()?,
        ip: fields.next()?,
        user_agent: fields.next()?,
        current: false,
    })
}
