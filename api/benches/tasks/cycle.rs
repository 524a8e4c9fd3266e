//! The whole cycle: clients create tasks and hand them over, the worker runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use application::{App, NewTask};
use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
use domain::{Document, TaskId};
use sqlx::{Connection, PgConnection};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bed::{Bed, Failure, Shop, ms, percentile};

/// Clients, and how many tasks they keep under way together.
const CLIENTS: usize = 64;
const UNDER_WAY: usize = 256;
/// How often it is counted what has ended.
const COUNT_EVERY: Duration = Duration::from_millis(10);
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);

/// Tasks per second, and how long each took from being handed over to its recorded end.
pub(crate) async fn run(bed: &Bed, tenants: usize, slots: u16) -> Result<String, Failure> {
    let mut shops = vec![];
    for _ in 0..tenants {
        shops.push(bed.shop().await?);
    }
    let (end, stopping) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(bed.service.worker(bed.app().clone(), slots).run(stopping));
    let (room, handed_over) = (Arc::new(Semaphore::new(UNDER_WAY)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (app, shop) = (bed.app().clone(), shops[number % tenants].clone());
        clients.spawn(keep_busy(app, shop, room.clone(), handed_over.clone()));
    }
    let counting = PgConnection::connect_with(&bed.owner).await?;
    let making_room = tokio::spawn(make_room(counting, room.clone(), handed_over));
    tokio::time::sleep(WARM_UP).await;
    let mut conn = PgConnection::connect_with(&bed.owner).await?;
    let (from, before) = (Instant::now(), completed(&mut conn).await?);
    tokio::time::sleep(MEASURED).await;
    let (after, measured) = (completed(&mut conn).await?, from.elapsed());
    making_room.abort();
    room.close();
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let mut waits = waits(&mut conn, measured).await?;
    waits.sort_unstable();
    // What is left would be counted in the next round.
    while open(&mut conn).await? > 0 {
        tokio::time::sleep(COUNT_EVERY).await;
    }
    end.send_replace(true);
    worker.await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of tasks is far below 2^52")]
    let rate = (after - before) as f64 / measured.as_secs_f64();
    Ok(format!("{rate:.0} | {:.0} / {:.0}", ms(percentile(&waits, 50)), ms(percentile(&waits, 99))))
}

async fn completed(conn: &mut PgConnection) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar("select count(*) from tasks where stage = 'completed'").fetch_one(conn).await?)
}

/// Tasks that wait for a worker or have one.
async fn open(conn: &mut PgConnection) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar("select count(*) from run_queue").fetch_one(conn).await?)
}

/// From the event that queued a task to the one that completed it, of those that ended lately.
async fn waits(conn: &mut PgConnection, lately: Duration) -> Result<Vec<Duration>, Failure> {
    let seconds: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from finished_at - queued_at)::float8
         from tasks
         where stage = 'completed' and finished_at > now() - make_interval(secs => $1)",
    )
    .bind(lately.as_secs_f64())
    .fetch_all(conn)
    .await?;
    Ok(seconds.into_iter().map(Duration::from_secs_f64).collect())
}

/// Hands over tasks as long as there is room.
async fn keep_busy(
    app: App,
    shop: Shop,
    room: Arc<Semaphore>,
    handed_over: Arc<AtomicUsize>,
) -> Result<(), Failure> {
    while let Ok(permit) = room.acquire().await {
        permit.forget();
        let task = TaskId(app.create_task(&shop.owner, new_task(&shop)).await?.resource);
        app.execute_task(&shop.owner, task).await?;
        handed_over.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// Lets another task in for each that has ended: that was handed over and is not in the queue any more.
async fn make_room(
    mut conn: PgConnection,
    room: Arc<Semaphore>,
    handed_over: Arc<AtomicUsize>,
) -> Result<(), Failure> {
    let mut made = 0;
    loop {
        tokio::time::sleep(COUNT_EVERY).await;
        let handed_over = handed_over.load(Ordering::SeqCst);
        let ended = handed_over.saturating_sub(usize::try_from(open(&mut conn).await?)?);
        room.add_permits(ended.saturating_sub(made));
        made = made.max(ended);
    }
}

fn new_task(shop: &Shop) -> NewTask {
    NewTask {
        agent: shop.agent,
        name: "Task".parse().expect("a name"),
        kind: TaskKind::Prompt,
        input: Document::parse(r#"{"prompt":"hello"}"#).expect("a document"),
        priority: Priority::default(),
        timeout: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        queue_timeout: None,
    }
}
