//! Waking those who follow a log.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::agent::AgentEvent;
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::{Event, TenantId};
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use uuid::Uuid;

use super::database::Database;
use super::drafts::{self, PgDrafts};

/// The channel that tells other processes of a batch.
pub(super) const CHANNEL: &str = "agentcores_events";

/// Tells followers that a tenant's log has grown: at once within the process, by one notification per batch from
/// other processes. It is a hint only; whoever follows reads the log.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    tenants: Arc<Mutex<HashMap<TenantId, watch::Sender<i64>>>>,
    work: Arc<tokio::sync::Notify>,
    stops: Arc<tokio::sync::Notify>,
    growths: Arc<Mutex<Vec<Weak<Grown>>>>,
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

    /// Wakes a worker.
    pub(super) fn publish_work(&self) {
        self.work.notify_one();
    }

    /// Returns when work may have been stopped since the last call: for workers.
    pub async fn stops(&self) {
        self.stops.notified().await;
    }

    /// Lets a worker look whether it may go on.
    pub(super) fn publish_stop(&self) {
        self.stops.notify_one();
    }

    /// Wakes the tenant's followers.
    pub(super) fn publish(&self, tenant: TenantId, position: i64) {
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
            tokio::time::sleep(Duration::from_millis(500)).await;
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

/// What a batch tells other processes: `tenant=position` for each tenant, after a mark for each thing that it may mean for
/// workers; or that it was too many to name (a notification holds 8,000 bytes).
pub(super) fn announcement(
    heads: impl ExactSizeIterator<Item = (TenantId, i64)>,
    told: ForWorkers,
) -> String {
    if heads.len() > 100 {
        return ALL.to_owned();
    }
    let heads =
        heads.map(|(tenant, position)| format!("{}={position}", tenant.0.simple())).collect::<Vec<_>>();
    let marks = [(told.work, WORK), (told.stop, STOP)];
    let marks = marks.into_iter().filter_map(|(is_told, mark)| is_told.then_some(mark));
    marks.collect::<String>() + &heads.join(",")
}
