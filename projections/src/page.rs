//! Lists in pages: opaque cursors over a sort key and an id.
//!
//! A cursor names the last row that was shown, by its sort key and id, so a page neither repeats nor skips a row
//! when others are added meanwhile. It is bound to the sort it came from.

use application::AppError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use domain::TenantId;
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use utoipa::ToSchema;
use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many items, 1 to 200.
    pub limit: i64,
    /// Where the page before ended, from its `next_cursor`.
    pub cursor: Option<String>,
    /// A field, with a `-` before it for descending order; newest first if absent.
    pub sort: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: 50, cursor: None, sort: None }
    }
}

/// A part of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order asked for.
    pub items: Vec<T>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// How many items the whole list has, under the filters asked for.
    pub total: i64,
}

/// A field that a list can be sorted by.
pub(crate) struct Sort {
    /// Its name in the API.
    pub(crate) name: &'static str,
    /// Its SQL, never null.
    pub(crate) by: &'static str,
    /// What it is.
    pub(crate) of: SortOf,
}

/// What a sort key is.
#[derive(Clone, Copy)]
pub(crate) enum SortOf {
    Time,
    Text,
    Number,
}

/// Most items of a page.
const MAX_LIMIT: i64 = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Time(DateTime<Utc>),
    Text(String),
    Number(i32),
}

/// A page request that was checked against the sorts of its list.
pub(crate) struct Order {
    sort: &'static Sort,
    descending: bool,
    limit: i64,
    after: Option<(Mark, Uuid)>,
}

impl Order {
    /// Checks a request. Without a sort it is the first one's, descending.
    pub(crate) fn parse(request: &PageRequest, sorts: &'static [Sort]) -> Result<Self, AppError> {
        if !(1..=MAX_LIMIT).contains(&request.limit) {
            return Err(AppError::Invalid("/limit", "out_of_range", "must be 1 to 200"));
        }
        let unknown = AppError::Invalid("/sort", "unknown_sort", "is not a field this list is sorted by");
        let (name, descending) = match request.sort.as_deref() {
            None => (sorts.first().map_or("", |sort| sort.name), true),
            Some(text) => text.strip_prefix('-').map_or((text, false), |name| (name, true)),
        };
        let sort = sorts.iter().find(|sort| sort.name == name).ok_or(unknown)?;
        let mut order = Self { sort, descending, limit: request.limit, after: None };
        if let Some(cursor) = &request.cursor {
            let after = order.decode(cursor);
            order.after = Some(after.ok_or(AppError::Invalid(
                "/cursor",
                "invalid_cursor",
                "is not a cursor of this list and sort",
            ))?);
        }
        Ok(order)
    }

    fn sign(&self) -> &'static str {
        if self.descending { "-" } else { "+" }
    }

    fn encode(&self, mark: &Mark, id: Uuid) -> String {
        let key = match mark {
            Mark::Time(at) => at.timestamp_micros().to_string(),
            Mark::Text(text) => text.clone(),
            Mark::Number(number) => number.to_string(),
        };
        let text = format!("{}{}|{}|{key}", self.sign(), self.sort.name, id.simple());
        URL_SAFE_NO_PAD.encode(text)
    }

    fn decode(&self, cursor: &str) -> Option<(Mark, Uuid)> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.splitn(3, '|');
        let own = parts.next()?.strip_prefix(self.sign())? == self.sort.name;
        let id = Uuid::try_parse(parts.next()?).ok()?;
        let key = parts.next()?;
        let mark = match self.sort.of {
            SortOf::Time => Mark::Time(DateTime::from_timestamp_micros(key.parse().ok()?)?),
            SortOf::Text if !key.contains('\0') => Mark::Text(key.to_owned()),
            SortOf::Text => return None,
            SortOf::Number => Mark::Number(key.parse().ok()?),
        };
        own.then_some((mark, id))
    }

    fn mark(&self, row: &PgRow) -> Result<Mark, sqlx::Error> {
        Ok(match self.sort.of {
            SortOf::Time => Mark::Time(row.try_get("sort_key")?),
            SortOf::Text => Mark::Text(row.try_get("sort_key")?),
            SortOf::Number => Mark::Number(row.try_get("sort_key")?),
        })
    }

    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let (by, beyond, direction) =
            if self.descending { (self.sort.by, "<", "desc") } else { (self.sort.by, ">", "asc") };
        if let Some((mark, id)) = &self.after {
            query.push(format_args!(" and ({by}, id) {beyond} ("));
            match mark {
                Mark::Time(at) => query.push_bind(*at),
                Mark::Text(text) => query.push_bind(text.clone()),
                Mark::Number(number) => query.push_bind(*number),
            };
            query.push(", ").push_bind(*id).push(")");
        }
        query.push(format_args!(" order by {by} {direction}, id {direction} limit "));
        query.push_bind(self.limit + 1);
    }
}

/// What narrows a list.
pub(crate) trait Filter: Send + Sync {
    /// Adds ` and …` for each condition.
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>);
}

/// Refuses a text that Postgres cannot hold, or no user would search for.
pub(crate) fn check_text(field: &'static str, text: Option<&String>) -> Result<(), AppError> {
    match text {
        Some(text) if text.contains('\0') => {
            Err(AppError::Invalid(field, "control_character", "must not contain U+0000"))
        }
        Some(text) if text.chars().count() > 200 => {
            Err(AppError::Invalid(field, "too_long", "must be at most 200 characters"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The `like` pattern of every text that contains `text`.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One page of a tenant's rows of a table.
pub(crate) async fn list<T>(
    conn: &mut PgConnection,
    (table, columns): (&str, &str),
    tenant: TenantId,
    (filter, order): (&dyn Filter, &Order),
    decode: fn(&PgRow) -> Result<T, sqlx::Error>,
) -> Result<Page<T>, sqlx::Error> {
    let mut query = QueryBuilder::new(format!(
        "select {columns}, {} as sort_key, id as cursor_id from {table} where tenant_id = ",
        order.sort.by
    ));
    query.push_bind(tenant.0);
    filter.push(&mut query);
    order.push(&mut query);
    let mut rows = query.build().fetch_all(&mut *conn).await?;

    let limit = usize::try_from(order.limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = match rows.last() {
        Some(last) if more => Some(order.encode(&order.mark(last)?, last.try_get("cursor_id")?)),
        Some(_) | None => None,
    };
    let total = if order.after.is_none() && !more {
        i64::try_from(rows.len()).unwrap_or(i64::MAX)
    } else {
        let mut query = QueryBuilder::new(format!("select count(*) from {table} where tenant_id = "));
        query.push_bind(tenant.0);
        filter.push(&mut query);
        query.build_query_scalar().fetch_one(conn).await?
    };
    Ok(Page { items: rows.iter().map(decode).collect::<Result<_, _>>()?, next_cursor, total })
}

#[cfg(test)]
mod tests;
