//! Following and searching a tenant's log.

use application::ports::Unavailable;
use chrono::{DateTime, Utc};
use domain::{AggregateType, Census, Recorded, StreamId, TenantId, Tier};
use serde_json::value::RawValue;
use sqlx::{Postgres, QueryBuilder, Row};
use tokio::sync::watch;
use uuid::Uuid;

use super::codec::{Codec, EVENT_COLUMNS, EventRow};
use super::presentation::present;
use super::reader::Reader;
use super::unavailable;
use super::vault::Vault;
use super::wake::Wake;

/// A tenant's log as auditors and subscribers read it.
#[derive(Clone)]
pub struct Feed {
    reader: Reader,
    vault: Vault,
    wake: Wake,
}

/// An event with what it says in a presentable form.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// The event.
    pub recorded: Recorded,
    /// Its leaf in the tenant's Merkle tree.
    pub leaf_hash: [u8; 32],
    /// What it says: personal data opened, users' documents as objects.
    pub data: Box<RawValue>,
}

/// Which part of the log is asked for; everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// The id, or the name, of who acted.
    pub actor: Option<String>,
    /// The kind of aggregate.
    pub aggregate_type: Option<AggregateType>,
    /// The aggregate.
    pub aggregate_id: Option<Uuid>,
    /// Any of these names; all if empty.
    pub event_types: Vec<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Of this request.
    pub request_id: Option<String>,
    /// In which order.
    pub order: LogOrder,
    /// Beyond this position, in the order asked for.
    pub beyond: Option<i64>,
    /// At most so many, 1 to 1,000.
    pub limit: i64,
}

/// The order of a part of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogOrder {
    /// Highest position first.
    #[default]
    NewestFirst,
    /// Lowest position first, as for a replay.
    OldestFirst,
}

/// A part of the log.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// In the order asked for.
    pub items: Vec<FeedEvent>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
    /// How many events the filter matches in all.
    pub total: i64,
}

/// The end of a tenant's log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogHead {
    /// The last position; 0 for a tenant that does not exist.
    pub position: i64,
    /// When it was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
    /// What the tenant holds.
    pub census: Census,
}

impl Feed {
    /// A feed that reads through `reader` and is woken by `wake`.
    pub const fn new(reader: Reader, vault: Vault, wake: Wake) -> Self {
        Self { reader, vault, wake }
    }

    /// Changes whenever the tenant's log grows, in this process or another. It is a hint: the log is the truth.
    pub fn watch(&self, tenant: TenantId) -> watch::Receiver<i64> {
        self.wake.watch(tenant)
    }

    /// Events after a position, oldest first, at most `limit` (1 to 1,000) of the types asked for (all if empty).
    pub async fn after(
        &self,
        tenant: TenantId,
        after: i64,
        limit: i64,
        types: &[String],
    ) -> Result<Vec<FeedEvent>, Unavailable> {
        let types = types.to_vec();
        let rows = self
            .reader
            .read(tenant, move |conn| {
                Box::pin(async move {
                    let sql = format!(
                        "select {EVENT_COLUMNS} from events
                         where tenant_id = $1 and position > $2
                             and (cardinality($3::text[]) = 0 or event_type = any ($3))
                         order by position
                         limit $4"
                    );
                    let query = sqlx::query_as(&sql).bind(tenant.0).bind(after).bind(types).bind(limit);
                    query.fetch_all(conn).await
                })
            })
            .await
            .map_err(unavailable)?;
        self.present(tenant, rows).await
    }

    /// What happened to one thing after the event with this number in its own history, oldest first, at most `limit`
    /// (1 to 1,000).
    pub async fn history(
        &self,
        stream: StreamId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<FeedEvent>, Unavailable> {
        let rows = self
            .reader
            .read(stream.tenant, move |conn| {
                Box::pin(async move {
                    let sql = format!(
                        "select {EVENT_COLUMNS} from events
                         where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3 and sequence > $4
                         order by sequence
                         limit $5"
                    );
                    let query = sqlx::query_as(&sql).bind(stream.tenant.0).bind(stream.aggregate.as_str());
                    query.bind(stream.id).bind(after).bind(limit).fetch_all(conn).await
                })
            })
            .await
            .map_err(unavailable)?;
        self.present(stream.tenant, rows).await
    }

    /// The part of the log that a filter asks for.
    pub async fn search(&self, tenant: TenantId, filter: LogFilter) -> Result<LogPage, Unavailable> {
        let limit = filter.limit.clamp(1, 1_000);
        let (mut rows, total): (Vec<EventRow>, i64) = self
            .reader
            .read(tenant, move |conn| {
                Box::pin(async move {
                    let mut count = QueryBuilder::new("select count(*) from events where tenant_id = ");
                    filter.conditions(&mut count, tenant);
                    let total = count.build_query_scalar().fetch_one(&mut *conn).await?;
                    let mut page =
                        QueryBuilder::new(format!("select {EVENT_COLUMNS} from events where tenant_id = "));
                    filter.conditions(&mut page, tenant);
                    filter.page(&mut page, limit);
                    Ok((page.build_query_as().fetch_all(conn).await?, total))
                })
            })
            .await
            .map_err(unavailable)?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().map(|row| row.position).filter(|_| more);
        Ok(LogPage { items: self.present(tenant, rows).await?, next, total })
    }

    /// The end of the tenant's log.
    pub async fn head(&self, tenant: TenantId) -> Result<LogHead, Unavailable> {
        let row = self
            .reader
            .read(tenant, move |conn| {
                Box::pin(async move {
                    let sql = format!("select {HEAD_COLUMNS} from tenant_heads where tenant_id = $1");
                    sqlx::query(&sql).bind(tenant.0).fetch_optional(conn).await
                })
            })
            .await
            .map_err(unavailable)?;
        row.map_or(Ok(LogHead::default()), |row| head_of(&row).map_err(unavailable))
    }

    async fn present(&self, tenant: TenantId, rows: Vec<EventRow>) -> Result<Vec<FeedEvent>, Unavailable> {
        let mut codec = Codec::new(&self.vault, tenant);
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let data = present(&mut codec, &row.payload).await?;
            let leaf_hash = row.leaf_hash.as_slice().try_into().unwrap_or_default();
            events.push(FeedEvent { recorded: codec.decode(row).await?, leaf_hash, data });
        }
        Ok(events)
    }
}

/// The columns of a head, for `select`.
pub(super) const HEAD_COLUMNS: &str = "tenant_id, position, recorded_at, tier, suspended, stopped, agents, schedules, users, owners, tasks, tasks_month";

/// The head of a row of [`HEAD_COLUMNS`].
pub(super) fn head_of(row: &sqlx::postgres::PgRow) -> Result<LogHead, sqlx::Error> {
    let count =
        |name: &str| row.try_get::<i32, _>(name).map(|count| u32::try_from(count).unwrap_or_default());
    Ok(LogHead {
        position: row.try_get("position")?,
        recorded_at: Some(row.try_get("recorded_at")?),
        census: Census {
            tier: Tier::find(row.try_get("tier")?).unwrap_or_default(),
            suspended: row.try_get("suspended")?,
            stopped: row.try_get("stopped")?,
            agents: count("agents")?,
            schedules: count("schedules")?,
            users: count("users")?,
            owners: count("owners")?,
            tasks: count("tasks")?,
            month: row.try_get("tasks_month")?,
        },
    })
}

impl LogFilter {
    fn conditions(&self, sql: &mut QueryBuilder<'_, Postgres>, tenant: TenantId) {
        sql.push_bind(tenant.0);
        if let Some(actor) = self.actor.clone() {
            sql.push(" and metadata ->> 'actor_id' = ").push_bind(actor);
        }
        if let Some(kind) = self.aggregate_type {
            sql.push(" and aggregate_type = ").push_bind(kind.as_str());
        }
        if let Some(id) = self.aggregate_id {
            sql.push(" and aggregate_id = ").push_bind(id);
        }
        if !self.event_types.is_empty() {
            sql.push(" and event_type = any (").push_bind(self.event_types.clone()).push(")");
        }
        if let Some(from) = self.from {
            sql.push(" and recorded_at >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(" and recorded_at < ").push_bind(to);
        }
        if let Some(request) = self.request_id.clone() {
            sql.push(" and metadata ->> 'request_id' = ").push_bind(request);
        }
    }

    /// One row more than asked for shows whether there is another page.
    fn page(&self, sql: &mut QueryBuilder<'_, Postgres>, limit: i64) {
        let (beyond, order) = match self.order {
            LogOrder::NewestFirst => ("<", "desc"),
            LogOrder::OldestFirst => (">", "asc"),
        };
        if let Some(position) = self.beyond {
            sql.push(format!(" and position {beyond} ")).push_bind(position);
        }
        sql.push(format!(" order by position {order} limit ")).push_bind(limit + 1);
    }
}
