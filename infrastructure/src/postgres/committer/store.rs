//! The statements of a batch. Each is one round trip, however many commands it is for.

use std::collections::{BTreeSet, HashMap, HashSet};

use application::commit::{Effect, Expected};
use domain::{StreamId, TenantId};
use sqlx::{Executor, PgConnection, Row};
use uuid::Uuid;

use super::super::feed::{HEAD_COLUMNS, LogHead, head_of};
use super::plan::{Answered, Facts, NameKey, Plan, idempotency_scope, name_key};
use super::prepare::{Prepared, Tried};
use super::work;
use super::{keys, leases};

/// Locks the heads of the tenants concerned, in the order of their ids so that two batches never wait for each
/// other, and returns those that exist.
pub(super) async fn lock_heads(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashMap<TenantId, LogHead>, sqlx::Error> {
    let tenants: BTreeSet<Uuid> = jobs.iter().map(|job| job.commit.tenant.0).collect();
    let tenants: Vec<Uuid> = tenants.into_iter().collect();
    let sql = format!(
        "select {HEAD_COLUMNS} from tenant_heads where tenant_id = any ($1) order by tenant_id for update"
    );
    let rows = sqlx::query(&sql).bind(tenants).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((TenantId(row.try_get("tenant_id")?), head_of(row)?))).collect()
}

/// Whether the idempotency keys of a batch are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// They are believed to be new. One that is not makes the batch fail by [`Keys::CONSTRAINT`].
    New,
    /// Those that are in use are known.
    Asked,
}

impl Keys {
    /// What a repeated key violates.
    pub(super) const CONSTRAINT: &'static str = "idempotency_keys_key";
}

/// Reads what the decisions need beside the heads. What no command of the batch asks about costs nothing.
pub(super) async fn facts(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
    heads: HashMap<TenantId, LogHead>,
    keys: Keys,
) -> Result<Facts, sqlx::Error> {
    let answered = match keys {
        Keys::New => HashMap::new(),
        Keys::Asked => answered(conn, jobs).await?,
    };
    Ok(Facts {
        heads,
        versions: versions(conn, jobs).await?,
        held: held_names(conn, jobs).await?,
        answered,
        persons: persons(conn, jobs).await?,
        leases: leases::held(conn, jobs).await?,
        budgets: work::budgets(conn, jobs).await?,
    })
}

async fn versions(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashMap<StreamId, i64>, sqlx::Error> {
    // A stream that a command begins needs no look: its id was made for it, and the key of the log stands behind. Of one
    // that must not have begun there is no event that the key would refuse.
    let appends = jobs.iter().flat_map(|job| &job.commit.appends);
    let streams: HashSet<StreamId> = appends
        .filter(|append| append.expected != Expected::Exactly(0) || append.events.is_empty())
        .map(|append| append.stream)
        .collect();
    if streams.is_empty() {
        return Ok(HashMap::new());
    }
    let streams: Vec<StreamId> = streams.into_iter().collect();
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "select s.nth, coalesce(e.sequence, 0)
         from unnest($1::uuid[], $2::text[], $3::uuid[]) with ordinality as s (tenant_id, aggregate_type, aggregate_id, nth)
         left join lateral (
             select sequence
             from events e
             where e.tenant_id = s.tenant_id and e.aggregate_type = s.aggregate_type and e.aggregate_id = s.aggregate_id
             order by sequence desc
             limit 1
         ) e on true",
    )
    .bind(streams.iter().map(|stream| stream.tenant.0).collect::<Vec<_>>())
    .bind(streams.iter().map(|stream| stream.aggregate.as_str()).collect::<Vec<_>>())
    .bind(streams.iter().map(|stream| stream.id).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    let stream = |nth: i64| usize::try_from(nth - 1).ok().and_then(|at| streams.get(at).copied());
    Ok(rows.into_iter().filter_map(|(nth, version)| Some((stream(nth)?, version))).collect())
}

async fn held_names(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashSet<NameKey>, sqlx::Error> {
    let claims =
        jobs.iter().flat_map(|job| job.commit.claims.iter().map(|claim| name_key(job.commit.tenant, claim)));
    let names: Vec<NameKey> = claims.collect();
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select n.nth
         from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as n (scope_id, kind, value, nth)
         join unique_keys k using (scope_id, kind, value)",
    )
    .bind(names.iter().map(|name| name.0).collect::<Vec<_>>())
    .bind(names.iter().map(|name| name.1).collect::<Vec<_>>())
    .bind(names.iter().map(|name| name.2.as_str()).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    let name = |nth: i64| usize::try_from(nth - 1).ok().and_then(|at| names.get(at).cloned());
    Ok(rows.into_iter().filter_map(|(nth,)| name(nth)).collect())
}

async fn answered(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashMap<(Uuid, String), Answered>, sqlx::Error> {
    let keys: Vec<(Uuid, &str)> = jobs
        .iter()
        .filter_map(|job| Some((idempotency_scope(job), job.commit.idempotency.as_ref()?.key.as_str())))
        .collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "select k.scope_id, k.key, k.request_hash, k.position, k.resource_id
         from unnest($1::uuid[], $2::text[]) as wanted (scope_id, key)
         join idempotency_keys k using (scope_id, key)
         where k.created_at > now() - interval '24 hours'",
    )
    .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.1).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    let known = rows.iter().map(|row| {
        let answered = Answered {
            request: row.try_get::<&[u8], _>("request_hash")?.try_into().unwrap_or_default(),
            position: row.try_get::<Option<_>, _>("position")?.unwrap_or_default(),
            resource: row.try_get::<Option<_>, _>("resource_id")?.unwrap_or_default(),
        };
        Ok(((row.try_get("scope_id")?, row.try_get("key")?), answered))
    });
    known.collect()
}

async fn persons(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
) -> Result<HashSet<(TenantId, Uuid)>, sqlx::Error> {
    let made: Vec<(Uuid, Uuid)> = jobs
        .iter()
        .flat_map(|job| job.new_keys.iter().map(|new| (job.commit.tenant.0, new.subject)))
        .collect();
    if made.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select tenant_id, subject_id
         from unnest($1::uuid[], $2::uuid[]) as made (tenant_id, subject_id)
         join personal_keys using (tenant_id, subject_id)",
    )
    .bind(made.iter().map(|made| made.0).collect::<Vec<_>>())
    .bind(made.iter().map(|made| made.1).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(tenant, subject)| (TenantId(tenant), subject)).collect())
}

/// Whether a command whose answer was lost took effect. Asked under the lock of its head.
pub(super) async fn took_effect(conn: &mut PgConnection, tried: Tried) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from events where tenant_id = $1 and position = $2 and event_id = $3)",
    )
    .bind(tried.tenant.0)
    .bind(tried.first_position)
    .bind(tried.first_event)
    .fetch_one(conn)
    .await
}

/// Writes all that a plan accepts, but for the read models. False: a head was not where the plan builds on it, and of log
/// and heads nothing was written that may stay.
pub(super) async fn write(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
    plan: &Plan,
    facts: &Facts,
) -> Result<bool, sqlx::Error> {
    if !write_log(conn, jobs, plan, facts).await? {
        return Ok(false);
    }
    found(conn, plan.heads.iter().filter(|(_, was)| was.is_none()).map(|(tenant, _)| *tenant), facts).await?;
    work::write(conn, jobs, plan, facts).await?;
    for index in &plan.accepted {
        write_rare(conn, jobs[*index]).await?;
    }
    Ok(true)
}

/// Events, heads and idempotency keys, in one statement: what nearly every command writes. Whether every head was where it
/// was believed to be.
async fn write_log(
    conn: &mut PgConnection,
    jobs: &[&mut Prepared],
    plan: &Plan,
    facts: &Facts,
) -> Result<bool, sqlx::Error> {
    let events = &plan.events;
    let moved: Vec<(TenantId, i64, LogHead)> = plan
        .heads
        .iter()
        .filter_map(|(tenant, was)| Some((*tenant, (*was)?, *facts.heads.get(tenant)?)))
        .collect();
    let keyed: Vec<(usize, &Prepared)> = plan
        .accepted
        .iter()
        .map(|index| (*index, &*jobs[*index]))
        .filter(|(_, job)| job.commit.idempotency.is_some())
        .collect();
    let receipt = |index: usize| plan.answers[index].as_ref().ok();
    sqlx::query_scalar(WRITE_LOG)
        .bind(events.iter().map(|event| event.stream.tenant.0).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.position).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.stream.aggregate.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.stream.id).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.sequence).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.id).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.event.name()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.event.version()).collect::<Vec<_>>())
        .bind(plan.texts.iter().map(|at| jobs[at.0].payloads[at.1][at.2].as_str()).collect::<Vec<_>>())
        .bind(plan.texts.iter().map(|at| jobs[at.0].metadata.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.recorded_at).collect::<Vec<_>>())
        .bind(plan.leaves.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>())
        .bind(moved.iter().map(|(tenant, ..)| tenant.0).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.position).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.recorded_at).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.census.tier.as_str()).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.census.suspended).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| count(head.census.agents)).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| count(head.census.users)).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| count(head.census.owners)).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| count(head.census.tasks)).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.census.month).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| head.census.stopped).collect::<Vec<_>>())
        .bind(moved.iter().map(|(.., head)| count(head.census.schedules)).collect::<Vec<_>>())
        .bind(keyed.iter().map(|(_, job)| idempotency_scope(job)).collect::<Vec<_>>())
        .bind(
            keyed
                .iter()
                .map(|(_, job)| job.commit.idempotency.as_ref().map(|key| key.key.as_str()))
                .collect::<Vec<_>>(),
        )
        .bind(
            keyed
                .iter()
                .map(|(_, job)| job.commit.idempotency.as_ref().map(|key| key.request.as_slice()))
                .collect::<Vec<_>>(),
        )
        .bind(keyed.iter().map(|(_, job)| job.commit.tenant.0).collect::<Vec<_>>())
        .bind(
            keyed
                .iter()
                .map(|(index, _)| receipt(*index).map(|receipt| receipt.position))
                .collect::<Vec<_>>(),
        )
        .bind(
            keyed
                .iter()
                .map(|(index, _)| receipt(*index).map(|receipt| receipt.resource))
                .collect::<Vec<_>>(),
        )
        .bind(moved.iter().map(|(_, was, _)| *was).collect::<Vec<_>>())
        .fetch_one(conn)
        .await
}

/// Heads move first, each from where it is believed to be, and everything else follows only if all of them did: a head
/// that another process moves at the same time is waited for and then found elsewhere.
///
/// The arrays are taken apart side by side, in the list; as a table each of them would be stored first.
const WRITE_LOG: &str = "
    with moved as (
        update tenant_heads h
        set position = m.b, recorded_at = m.c, tier = m.d, suspended = m.e, agents = m.f, users = m.g,
            owners = m.h, tasks = m.i, tasks_month = m.j, stopped = m.k, schedules = m.l
        from (
            select
                unnest($13::uuid[]) as a, unnest($14::bigint[]) as b, unnest($15::timestamptz[]) as c,
                unnest($16::text[]) as d, unnest($17::boolean[]) as e, unnest($18::integer[]) as f,
                unnest($19::integer[]) as g, unnest($20::integer[]) as h, unnest($21::integer[]) as i,
                unnest($22::integer[]) as j, unnest($23::boolean[]) as k, unnest($24::integer[]) as l,
                unnest($31::bigint[]) as was
        ) m
        where h.tenant_id = m.a and h.position = m.was
        returning 1
    ), all_moved as materialized (
        select (select count(*) from moved) = cardinality($13) as is_so
    ), appended as (
        insert into events (
            tenant_id, position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version,
            payload, metadata, recorded_at, leaf_hash
        )
        select
            unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::uuid[]), unnest($5::bigint[]),
            unnest($6::uuid[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[])::json,
            unnest($10::text[])::json, unnest($11::timestamptz[]), unnest($12::bytea[])
        where (select is_so from all_moved)
    ), keyed as (
        insert into idempotency_keys (scope_id, key, request_hash, tenant_id, position, resource_id)
        select
            unnest($25::uuid[]), unnest($26::text[]), unnest($27::bytea[]), unnest($28::uuid[]),
            unnest($29::bigint[]), unnest($30::uuid[])
        where (select is_so from all_moved)
    )
    select is_so from all_moved";

async fn found(
    conn: &mut PgConnection,
    tenants: impl Iterator<Item = TenantId>,
    facts: &Facts,
) -> Result<(), sqlx::Error> {
    for (tenant, head) in tenants.filter_map(|tenant| Some((tenant, facts.heads.get(&tenant)?))) {
        sqlx::query(
            "insert into tenant_heads (
                 tenant_id, position, recorded_at, tier, suspended, agents, users, owners, tasks, tasks_month, stopped,
                 schedules
             ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(tenant.0)
        .bind(head.position)
        .bind(head.recorded_at)
        .bind(head.census.tier.as_str())
        .bind(head.census.suspended)
        .bind(count(head.census.agents))
        .bind(count(head.census.users))
        .bind(count(head.census.owners))
        .bind(count(head.census.tasks))
        .bind(head.census.month)
        .bind(head.census.stopped)
        .bind(count(head.census.schedules))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// What only few commands write: names, keys of persons, credentials.
async fn write_rare(conn: &mut PgConnection, job: &Prepared) -> Result<(), sqlx::Error> {
    let commit = &job.commit;
    for claim in &commit.releases {
        let (scope, kind, value) = name_key(commit.tenant, claim);
        let sql =
            "delete from unique_keys where scope_id = $1 and kind = $2 and value = $3 and holder_id = $4";
        sqlx::query(sql).bind(scope).bind(kind).bind(value).bind(claim.holder).execute(&mut *conn).await?;
    }
    for claim in &commit.claims {
        let (scope, kind, value) = name_key(commit.tenant, claim);
        let sql = "insert into unique_keys (scope_id, kind, value, tenant_id, holder_id) values ($1, $2, $3, $4, $5)";
        let query = sqlx::query(sql).bind(scope).bind(kind).bind(value);
        query.bind(commit.tenant.0).bind(claim.holder).execute(&mut *conn).await?;
    }
    for new in &job.new_keys {
        let sql = "
            insert into personal_keys (tenant_id, subject_id, wrapped, master_key_id) values ($1, $2, $3, $4)";
        sqlx::query(sql)
            .bind(commit.tenant.0)
            .bind(new.subject)
            .bind(&new.wrapped)
            .bind(&new.master_key_id)
            .execute(&mut *conn)
            .await?;
    }
    for effect in &commit.effects {
        write_credential(conn, commit.tenant, effect).await?;
    }
    Ok(())
}

async fn write_credential(
    conn: &mut PgConnection,
    tenant: TenantId,
    effect: &Effect,
) -> Result<(), sqlx::Error> {
    use secrecy::ExposeSecret as _;
    match effect {
        Effect::SetPassword { user, email, hash } => {
            let sql = "
                insert into passwords (tenant_id, user_id, email, hash) values ($1, $2, $3, $4)
                on conflict on constraint passwords_key do update
                    set email = excluded.email, hash = excluded.hash, changed_at = now()";
            let query = sqlx::query(sql).bind(tenant.0).bind(user.0).bind(email.as_str());
            conn.execute(query.bind(hash.expose_secret())).await?;
        }
        Effect::OpenSession(new) => {
            let sql = "
                with opened as (
                    insert into sessions (
                        tenant_id, session_id, user_id, refresh_until, expires_at, ip, user_agent, device
                    ) values ($1, $2, $3, $5, $6, $7, $8, $9)
                    returning tenant_id, session_id, generation, parent
                )
                insert into refresh_tokens (digest, tenant_id, session_id, generation, parent)
                select $4, tenant_id, session_id, generation, parent from opened";
            let query = sqlx::query(sql).bind(tenant.0).bind(new.session.0).bind(new.user.0);
            let query = query.bind(new.refresh.as_slice()).bind(new.refresh_until).bind(new.expires_at);
            let query = query.bind(&new.ip).bind(&new.user_agent).bind(new.device.as_slice());
            conn.execute(query).await?;
        }
        Effect::EndSession(session) => {
            let sql = "
                update sessions set ended_at = now()
                where tenant_id = $1 and session_id = $2 and ended_at is null";
            conn.execute(sqlx::query(sql).bind(tenant.0).bind(session.0)).await?;
        }
        Effect::EndOtherSessionsOf { user, keep } => {
            let sql = "
                update sessions set ended_at = now()
                where tenant_id = $1 and user_id = $2 and session_id <> $3 and ended_at is null";
            conn.execute(sqlx::query(sql).bind(tenant.0).bind(user.0).bind(keep.0)).await?;
        }
        Effect::EndSessionsOf(user) => {
            let sql = "
                update sessions set ended_at = now()
                where tenant_id = $1 and user_id = $2 and ended_at is null";
            conn.execute(sqlx::query(sql).bind(tenant.0).bind(user.0)).await?;
        }
        Effect::Keys(effect) => keys::write(conn, tenant, effect).await?,
    }
    Ok(())
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
