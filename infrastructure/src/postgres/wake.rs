//! Waking those who follow a log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::agent::AgentEvent;
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::{Event, TenantId};
use sqlx::postgres::PgListener;
use sqlx::{Executor, PgConnection};
use tokio::sync::watch;
use uuid::Uuid;

use super::database::Database;
use super::drafts::{self, PgDrafts};

/// The channel that tells other processes of commits.
const CHANNEL: &str = "agentcores_events";

/// The least time between two notifications; what is committed meanwhile is told together.
const PAUSE: Duration = Duration::from_millis(2);

/// How long to wait where the database cannot be reached.
const AGAIN: Duration = Duration::from_millis(500);

/// Tells followers that a tenant's log has grown: at once within the process, by notifications from other processes.
/// It is a hint only; whoever follows reads the log.
///
/// Other processes are told after the commit, not by it: a transaction that notifies holds a lock of the whole cluster
/// until it is on disk, so no two of them would be written together.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    tenants: Arc<Mutex<HashMap<TenantId, watch::Sender<i64>>>>,
    work: Arc<tokio::sync::Notify>,
    stops: Arc<tokio::sync::Notify>,
    growths: Arc<Mutex<Vec<Weak<Grown>>>>,
    untold: Arc<Untold>,
}

/// What other processes are still to be told.
#[derive(Debug, Default)]
struct Untold {
    commits: Mutex<Commits>,
    news: tokio::sync::Notify,
}

/// What was committed: where the logs stand, and what it may mean for workers.
#[derive(Debug, Default)]
struct Commits {
    heads: BTreeMap<TenantId, i64>,
    told: ForWorkers,
}

/// Which tenants' logs grew since it was last asked, for one who follows them all.
#[derive(Clone, Debug)]
pub(super) struct Growth(Arc<Grown>);

#[derive(Debug, Default)]
struct Grown {
    /// Nothing: any may have.
    tenants: Mutex<Option<HashSet<TenantId>>>,
    news: tokio::sync::Notify,
}

impl Grown {
    fn note(&self, tenant: TenantId) {
        if let Some(tenants) = self.tenants.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            tenants.insert(tenant);
        }
        self.news.notify_one();
    }

    fn note_all(&self) {
        *self.tenants.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.news.notify_one();
    }
}

impl Growth {
    /// The tenants that grew since the last call, once there are any; `None` if any may have.
    pub(super) async fn next(&self) -> Option<HashSet<TenantId>> {
        self.0.news.notified().await;
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner).replace(HashSet::new())
    }

    /// Lets the next call name all of them.
    pub(super) fn all(&self) {
        self.0.note_all();
    }
}

impl Wake {
    /// Changes whenever the tenant's log grows.
    pub(super) fn watch(&self, tenant: TenantId) -> watch::Receiver<i64> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.retain(|_, sender| sender.receiver_count() > 0);
        tenants.entry(tenant).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Hears of every tenant; of all of them at first.
    pub(super) fn growth(&self) -> Growth {
        let grown = Arc::new(Grown::default());
        grown.news.notify_one();
        self.growths.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&grown));
        Growth(grown)
    }

    fn each_growth(&self, tell: impl Fn(&Grown)) {
        self.growths.lock().unwrap_or_else(PoisonError::into_inner).retain(|grown| {
            let grown = grown.upgrade();
            if let Some(one) = &grown {
                tell(one);
            }
            grown.is_some()
        });
    }

    /// Returns when a task may have come due since the last call: for workers.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Tells everybody what a batch has committed.
    pub(super) fn committed(&self, heads: &[(TenantId, i64)], told: ForWorkers) {
        for (tenant, position) in heads {
            self.publish(*tenant, *position);
        }
        if told.work {
            self.publish_work();
        }
        if told.stop {
            self.publish_stop();
        }
        let mut commits = self.untold.commits.lock().unwrap_or_else(PoisonError::into_inner);
        commits.heads.extend(heads.iter().copied());
        commits.told = commits.told.and(told);
        drop(commits);
        self.untold.news.notify_one();
    }

    /// Passes on to other processes what this one commits. Ends never; abort it with its task.
    pub async fn announce(self, database: Database) {
        let mut conn = None;
        loop {
            self.untold.news.notified().await;
            while let Err(error) = self.announce_once(&database, &mut conn).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "other processes could not be told of commits"
                );
                conn = None;
                tokio::time::sleep(AGAIN).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Tells other processes what they were not told yet, before this one ends. Whoever is not told looks by himself in a
    /// while, as after a kill.
    pub async fn announce_the_rest(&self, database: &Database) {
        let told = tokio::time::timeout(2 * AGAIN, self.announce_once(database, &mut None)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!("other processes were not told of the last commits");
        }
    }

    async fn announce_once(
        &self,
        database: &Database,
        conn: &mut Option<PgConnection>,
    ) -> Result<(), sqlx::Error> {
        let commits = mem::take(&mut *self.untold.commits.lock().unwrap_or_else(PoisonError::into_inner));
        if commits.heads.is_empty() {
            return Ok(());
        }
        let said = self.say(database, conn, &commits).await;
        if said.is_err() {
            let mut untold = self.untold.commits.lock().unwrap_or_else(PoisonError::into_inner);
            untold.told = untold.told.and(commits.told);
            for (tenant, position) in commits.heads {
                untold.heads.entry(tenant).or_insert(position);
            }
        }
        said
    }

    async fn say(
        &self,
        database: &Database,
        conn: &mut Option<PgConnection>,
        commits: &Commits,
    ) -> Result<(), sqlx::Error> {
        let conn = match conn {
            Some(conn) => conn,
            None => conn.insert(database.connect_writer().await?),
        };
        // Ids and numbers only, so the text is safe to be a statement.
        let said = format!("notify {CHANNEL}, '{}'", announcement(commits));
        conn.execute(sqlx::raw_sql(&said)).await.map(drop)
    }

    /// Wakes a worker.
    fn publish_work(&self) {
        self.work.notify_one();
    }

    /// Returns when work may have been stopped since the last call: for workers.
    pub async fn stops(&self) {
        self.stops.notified().await;
    }

    /// Lets a worker look whether it may go on.
    fn publish_stop(&self) {
        self.stops.notify_one();
    }

    /// Wakes the tenant's followers.
    fn publish(&self, tenant: TenantId, position: i64) {
        self.each_growth(|grown| grown.note(tenant));
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = tenants.get(&tenant) {
            sender.send_if_modified(|known| {
                let news = position > *known;
                *known = position.max(*known);
                news
            });
        }
    }

    fn publish_all(&self) {
        self.publish_work();
        self.publish_stop();
        self.each_growth(Grown::note_all);
        for sender in self.tenants.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_modify(|_| {});
        }
    }

    /// Passes on what other processes commit, and what they say of drafts. Ends never; abort it with its task.
    pub async fn listen(self, database: Database, drafts: PgDrafts) {
        loop {
            if let Err(error) = self.listen_once(&database, &drafts).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the listening connection was lost"
                );
            }
            // Whatever was said meanwhile was not heard.
            self.publish_all();
            drafts.wake_all();
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen_once(&self, database: &Database, drafts: &PgDrafts) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&database.writer()).await?;
        listener.listen_all([CHANNEL, drafts::CHANNEL]).await?;
        loop {
            match listener.try_recv().await? {
                Some(told) if told.channel() == drafts::CHANNEL => drafts.hear(told.payload()),
                Some(told) => self.hear(told.payload()),
                None => {
                    self.publish_all();
                    drafts.wake_all();
                }
            }
        }
    }

    fn hear(&self, payload: &str) {
        if payload == ALL {
            return self.publish_all();
        }
        let heads = payload.strip_prefix(WORK).inspect(|_| self.publish_work()).unwrap_or(payload);
        let heads = heads.strip_prefix(STOP).inspect(|_| self.publish_stop()).unwrap_or(heads);
        for item in heads.split(',') {
            let Some((tenant, position)) = item.split_once('=') else {
                continue;
            };
            if let (Ok(tenant), Ok(position)) = (Uuid::parse_str(tenant), position.parse()) {
                self.publish(TenantId(tenant), position);
            }
        }
    }
}

const ALL: &str = "*";
const WORK: char = '!';
const STOP: char = '?';

/// What a batch may mean for workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ForWorkers {
    /// A task may have come due.
    pub(super) work: bool,
    /// An attempt under way may have been stopped.
    pub(super) stop: bool,
}

impl ForWorkers {
    pub(super) fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        events.into_iter().fold(Self::default(), |told, event| Self {
            work: told.work || makes_work(event),
            stop: told.stop || stops_work(event),
        })
    }

    const fn and(self, other: Self) -> Self {
        Self { work: self.work || other.work, stop: self.stop || other.stop }
    }
}

/// Whether an event may stop an attempt under way, from outside.
const fn stops_work(event: &Event) -> bool {
    matches!(
        event,
        Event::Task(TaskEvent::Cancelled { .. })
            | Event::Tenant(TenantEvent::Suspended { .. } | TenantEvent::WorkStopped { .. })
    )
}

/// Whether an event can make a task due.
const fn makes_work(event: &Event) -> bool {
    matches!(
        event,
        Event::Task(
            TaskEvent::Queued { .. }
                | TaskEvent::Retried {}
                | TaskEvent::AttemptFailed { .. }
                | TaskEvent::ApprovalDecided { .. }
                | TaskEvent::ApprovalExpired { .. }
                | TaskEvent::HandedBack { .. }
        ) | Event::Agent(AgentEvent::Started {} | AgentEvent::Resumed {})
            | Event::Tenant(TenantEvent::Reactivated {} | TenantEvent::WorkReopened {})
    )
}

/// What other processes are told: `tenant=position` for each tenant, after a mark for each thing that it may mean for
/// workers; or that it was too many to name (a notification holds 8,000 bytes).
fn announcement(commits: &Commits) -> String {
    if commits.heads.len() > 100 {
        return ALL.to_owned();
    }
    let heads = commits.heads.iter().map(|(tenant, position)| format!("{}={position}", tenant.0.simple()));
    let marks = [(commits.told.work, WORK), (commits.told.stop, STOP)];
    let marks = marks.into_iter().filter_map(|(is_told, mark)| is_told.then_some(mark));
    marks.collect::<String>() + &heads.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TenantId = TenantId(Uuid::from_u128(1));
    const TWO: TenantId = TenantId(Uuid::from_u128(2));
    const NOTHING: ForWorkers = ForWorkers { work: false, stop: false };

    #[test]
    fn what_one_process_says_another_hears() {
        let (here, there) = (Wake::default(), Wake::default());
        let (one, two) = (there.watch(ONE), there.watch(TWO));
        here.committed(&[(ONE, 3), (TWO, 7)], NOTHING);
        here.committed(&[(ONE, 4)], ForWorkers { work: true, stop: true });
        let said = announcement(&here.untold.commits.lock().unwrap());
        there.hear(&said);
        assert_eq!((*one.borrow(), *two.borrow()), (4, 7));
        assert!(said.starts_with("!?"), "{said}");
    }

    #[test]
    fn a_notification_has_room_for_all_that_it_names() {
        let commits = |tenants: u128| {
            let heads = (0..tenants).map(|tenant| (TenantId(Uuid::from_u128(tenant)), i64::MAX));
            Commits { heads: heads.collect(), told: ForWorkers { work: true, stop: true } }
        };
        assert!(announcement(&commits(100)).len() < 8_000);
        assert_eq!(announcement(&commits(101)), ALL);
    }
}
