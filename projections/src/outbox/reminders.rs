//! Mails that no event asks for: time does.

use application::{API_KEY_EXPIRING, key_occasion};
use chrono::{DateTime, Utc};
use domain::{Permission, Role, TenantId};
use sqlx::PgPool;
use uuid::Uuid;

use super::MailRow;
use crate::columns::array;

/// How many mails are put in by one statement.
const AT_ONCE: i64 = 500;

/// Keys that end in time and of which nobody was told. The mail goes to the key's maker; where the maker may not rotate
/// it any more, to all who may. A key with a successor is told by its version: nothing but a rotation changes one that is
/// not revoked. A key that was made for a shorter time than mails are sent ahead is nobody's surprise. A suspended
/// organisation is told once it goes on.
const FIND: &str = "
    select k.tenant_id, k.id, k.expires_at, u.id
    from api_keys k
    join tenants t on t.tenant_id = k.tenant_id and t.status = 'active'
    join users m on m.tenant_id = k.tenant_id and m.id = k.created_by and m.status = 'active'
    join users u on u.tenant_id = k.tenant_id and u.status = 'active' and u.role = any ($5)
        and (u.id = m.id or m.role <> all ($5))
    where k.revoked_at is null and k.version = 1
        and k.expires_at > $1 and k.expires_at <= $2 and k.expires_at - k.created_at > $2 - $1
        and not exists (
            select from mails o
            where o.tenant_id = k.tenant_id and o.kind = $3 and o.recipient_id = u.id
                and o.occasion = k.id::text || '/' || floor(extract(epoch from k.expires_at))::bigint::text
        )
    order by k.expires_at, k.id, u.id
    limit $4";

const INSERT: &str = "
    insert into mails (mail_id, tenant_id, kind, occasion, recipient_id)
    select m.mail_id, m.tenant_id, $1, m.occasion, m.recipient_id
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) as m (mail_id, tenant_id, occasion, recipient_id)
    on conflict do nothing";

/// Puts in a mail for each key that ends in that time; true if there was any.
pub(super) async fn put_in(
    pool: &PgPool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let may_rotate = Role::ALL.into_iter().filter(|role| role.may(Permission::ManageApiKeys));
    let may_rotate: Vec<&str> = may_rotate.map(Role::as_str).collect();
    let mut any = false;
    loop {
        let found: Vec<(Uuid, Uuid, DateTime<Utc>, Uuid)> = sqlx::query_as(FIND)
            .bind(now)
            .bind(until)
            .bind(API_KEY_EXPIRING)
            .bind(AT_ONCE)
            .bind(&may_rotate)
            .fetch_all(pool)
            .await?;
        if found.is_empty() {
            return Ok(any);
        }
        let rows: Vec<MailRow> = found.into_iter().map(row).collect();
        sqlx::query(INSERT)
            .bind(API_KEY_EXPIRING)
            .bind(array(&rows, MailRow::id))
            .bind(array(&rows, |row| row.tenant.0))
            .bind(array(&rows, |row| row.occasion.as_str()))
            .bind(array(&rows, |row| row.recipient))
            .execute(pool)
            .await?;
        any = true;
    }
}

fn row((tenant, key, expires_at, recipient): (Uuid, Uuid, DateTime<Utc>, Uuid)) -> MailRow {
    MailRow {
        tenant: TenantId(tenant),
        kind: API_KEY_EXPIRING,
        occasion: key_occasion(key, expires_at),
        recipient,
        sequence: None,
    }
}
