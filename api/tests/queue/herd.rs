//! A provider that is away for minutes, and everybody who waits for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use application::App;
use application::ports::{
    Clock, FailureClass, Live, ModelCall, ModelFailure, ModelProvider, ModelReply, Quote,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::agent::AgentKind;
use domain::task::{MaxAttempts, Stage, Task, TaskEvent};
use domain::{Document, Root as _, StreamId, TaskId, TenantId, Tier};
use futures::future::join_all;
use infrastructure::outbound::{Outbound, OutboundPolicy, Patience, PlainHttp};
use infrastructure::providers::{BaseUrls, Breaking, DeploymentKeys, Fallback, ProviderOptions, Providers};
use uuid::Uuid;

use crate::bed::{Bed, Shop, run};
use crate::fake::Fake;
use crate::scale::scaled;

/// How many tasks run at once.
const SLOTS: usize = 16;
/// How long the provider is away, and how long it then has too much to do, in seconds.
const AWAY: i64 = 600;
const LIMITED: i64 = 30;
/// How long it is left alone.
const PAUSE: i64 = 30;
/// So many waits of each task are looked at: they begin within the outage, however long they are.
const WAITS: usize = 8;
/// What may fail by chance does so less often than this.
const CHANCE: f64 = 1e-9;

/// A clock that goes on when it is told to. It is ahead of the database's, so that nothing comes due by itself.
struct Hands {
    began: Instant,
    zero: DateTime<Utc>,
    seconds: AtomicI64,
}

impl Hands {
    fn new() -> Self {
        let zero = Utc::now() + TimeDelta::days(1);
        Self { began: Instant::now(), zero, seconds: AtomicI64::new(0) }
    }

    fn seconds(&self) -> i64 {
        self.seconds.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        self.zero + TimeDelta::seconds(self.seconds())
    }

    fn instant(&self) -> Instant {
        self.began + Duration::from_secs(self.seconds().unsigned_abs())
    }

    /// Deadlines are for those that hang.
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What a call came to.
#[derive(Clone, Copy, Debug)]
struct Made {
    /// In seconds of the clock.
    at: i64,
    /// Whether it left the process.
    is_sent: bool,
    /// How long the provider or its circuit asked to be left alone.
    asked_for: Duration,
}

/// The way to the provider, which is away first, then limited, then good.
struct Way {
    providers: Providers,
    clock: Arc<Hands>,
    made: Mutex<HashMap<Uuid, Made>>,
}

impl Way {
    fn mode(at: i64) -> &'static str {
        match at {
            ..AWAY => r#"{"model": "unavailable"}"#,
            at if at < AWAY + LIMITED => r#"{"model": "limited-for-7-seconds"}"#,
            _ => r#"{"model": "good"}"#,
        }
    }
}

#[async_trait::async_trait]
impl ModelProvider for Way {
    async fn quote(&self, tenant: TenantId, kind: &AgentKind, configuration: &Document) -> Quote {
        self.providers.quote(tenant, kind, configuration).await
    }

    async fn complete(&self, call: &ModelCall, live: &dyn Live) -> Result<ModelReply, ModelFailure> {
        let at = self.clock.seconds();
        let configuration = Document::parse(Self::mode(at)).unwrap();
        let answered = self.providers.complete(&ModelCall { configuration, ..call.clone() }, live).await;
        let class = answered.as_ref().err().map(|failure| failure.class);
        let made = match class {
            Some(FailureClass::CircuitOpen(asked_for)) => Made { at, is_sent: false, asked_for },
            Some(FailureClass::Limited(asked_for)) => {
                Made { at, is_sent: true, asked_for: asked_for.unwrap_or_default() }
            }
            _ => Made { at, is_sent: true, asked_for: Duration::ZERO },
        };
        self.made.lock().unwrap().insert(call.id, made);
        answered
    }
}

/// A wait between two attempts, as the log has it.
struct Wait {
    /// On top of what was asked for.
    jitter: TimeDelta,
    /// The most that it may be.
    most: TimeDelta,
}

impl Wait {
    /// The one after so many others: up to 1, 2, 4 … 60 seconds on top of what was asked for.
    fn of(before: usize, asked: DateTime<Utc>, asked_for: Duration, due: DateTime<Utc>) -> Self {
        let jitter = due - asked - TimeDelta::from_std(asked_for).unwrap();
        Self { jitter, most: TimeDelta::seconds((1 << before.min(6)).min(60)) }
    }

    fn share(&self) -> f64 {
        self.jitter.as_seconds_f64() / self.most.as_seconds_f64()
    }
}

struct Outage {
    bed: Bed,
    app: App,
    clock: Arc<Hands>,
    way: Arc<Way>,
    fake: Fake,
}

impl Outage {
    async fn start() -> (Self, Shop) {
        let (bed, fake) = (Bed::start().await, Fake::start().await);
        let shop = bed.shop(Tier::Enterprise).await;
        let shop = Shop { agent: bed.agent_of("gpt-4", shop.tenant, "{}").await, ..shop };
        let options = ProviderOptions {
            keys: DeploymentKeys { openai: Some("sk-herd".into()), anthropic: None },
            bases: BaseUrls { openai: Some(fake.openai().parse().unwrap()), anthropic: None },
            breaking: Breaking { failures: 5, pause: Duration::from_secs(PAUSE.unsigned_abs()) },
            ..ProviderOptions::new(Fallback::Fail)
        };
        let policy = OutboundPolicy { allow: "127.0.0.1".parse().unwrap(), plain_http: PlainHttp::Allowed };
        let clock = Arc::new(Hands::new());
        let outbound = Outbound::patient(policy, Patience::default());
        let providers = Providers::new(options, outbound, bed.app.provider_keys.clone(), clock.clone());
        let way = Arc::new(Way { providers, clock: clock.clone(), made: Mutex::default() });
        let app = App { clock: clock.clone(), ..bed.on(way.clone()) };
        (Self { bed, app, clock, way, fake }, shop)
    }

    /// Runs what is due, and lets a second pass.
    async fn second(&self) {
        loop {
            let claimed = self.bed.claim(SLOTS).await;
            if claimed.is_empty() {
                break;
            }
            join_all(claimed.into_iter().map(|claimed| run(&self.app, "worker", claimed))).await;
        }
        self.clock.seconds.fetch_add(1, Ordering::SeqCst);
        let due = "update run_queue set not_before = null where not_before <= $1";
        let due = sqlx::query(due).bind(self.clock.now()).execute(&self.bed.owner).await.unwrap();
        if due.rows_affected() > 0 {
            let awake = "update queue_turns set wakes_at = null";
            sqlx::query(awake).execute(&self.bed.owner).await.unwrap();
        }
    }

    /// What became of a task, by its own history: its first waits, and whether it came to a result.
    async fn look_at(&self, shop: Shop, id: TaskId, made: &HashMap<Uuid, Made>) -> (Vec<Wait>, bool) {
        let loaded = self.bed.app.log.load(StreamId::task(shop.tenant, id)).await.unwrap();
        let mut task = Task::default();
        let (mut waits, mut asked, mut due, mut ends, mut counted) = (vec![], None, None, 0, 0);
        for event in loaded.events.into_iter().filter_map(Task::own) {
            match &event {
                TaskEvent::StepStarted { call_id, .. } => {
                    let Made { at, asked_for, .. } = made[call_id];
                    let at = self.clock.zero + TimeDelta::seconds(at);
                    assert!(due.is_none_or(|due| due <= at), "{id} is tried before its time");
                    asked = Some((at, asked_for));
                }
                TaskEvent::AttemptFailed { retry_at, is_deferral, .. } => {
                    counted += u32::from(!is_deferral);
                    due = *retry_at;
                    if let (Some(due), Some((at, asked_for))) = (due, asked.take()) {
                        waits.push(Wait::of(waits.len(), at, asked_for, due));
                    }
                }
                TaskEvent::Completed { .. } | TaskEvent::Failed { .. } => ends += 1,
                _ => {}
            }
            task.evolve(event);
        }
        let most = MaxAttempts::default().get();
        assert_eq!(ends, 1, "{id} ends once");
        match task.present().unwrap().1 {
            Stage::Completed => assert!(counted < most, "{id}: {counted} attempts"),
            Stage::Failed => assert_eq!(counted, most, "{id} gave up before its time"),
            other => panic!("{id} ended as {other:?}"),
        }
        for Wait { jitter, most } in &waits {
            assert!(*jitter >= TimeDelta::zero(), "{id} undercuts what was asked for by {jitter}");
            assert!(jitter <= most, "{id} waits for {jitter}, which is more than {most}");
        }
        waits.truncate(WAITS);
        (waits, task.present().unwrap().1 == Stage::Completed)
    }
}

fn real(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The greatest distance between how these are spread and how they should be: evenly from 0 to 1.
fn distance(mut shares: Vec<f64>) -> f64 {
    shares.sort_by(f64::total_cmp);
    let number = real(shares.len());
    let gaps = shares.iter().enumerate().map(|(nth, share)| {
        let (below, above) = (real(nth) / number, real(nth + 1) / number);
        (share - below).abs().max((above - share).abs())
    });
    gaps.fold(0.0, f64::max)
}

/// What so many independent numbers exceed by chance only: the bound of Dvoretzky, Kiefer, Wolfowitz and Massart.
fn most_distance(number: usize) -> f64 {
    ((2.0 / CHANCE).ln() / (2.0 * real(number))).sqrt()
}

/// So many tasks at most come due within any one of the seconds, but for chance, where each waits for anything up to a
/// minute, again and again: half a minute in the mean. Bernstein's bound.
fn most_in_a_second(tasks: usize, seconds: i64) -> f64 {
    let (mean, log) = (real(tasks) / 30.0, (real(usize::try_from(seconds).unwrap()) / CHANCE).ln());
    mean + log / 3.0 + (log * log / 9.0 + 2.0 * mean * log).sqrt()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_minutes_without_a_provider_five_thousand_tasks_come_back_one_by_one() {
    let tasks = scaled(5_000);
    let (outage, shop) = Outage::start().await;
    let ids = outage.bed.tasks(shop, 3, tasks).await;
    while outage.bed.count("select count(*) from run_queue").await > 0 {
        outage.second().await;
        assert!(outage.clock.seconds() < 2 * AWAY, "it comes to an end");
    }
    let lasted = outage.clock.seconds();
    let made = outage.way.made.lock().unwrap().clone();

    let (mut shares, mut completed) = (vec![], 0);
    for id in ids {
        let (waits, is_completed) = outage.look_at(shop, id, &made).await;
        shares.extend(waits.iter().map(Wait::share));
        completed += usize::from(is_completed);
    }
    let (number, most) = (shares.len(), most_distance(shares.len()));
    let spread = distance(shares);
    assert!(spread <= most, "{number} waits are not spread evenly: {spread} > {most}");
    assert!(completed * 20 > tasks * 19, "{completed} of {tasks} came through");

    // What left the process is what came in, and nobody asked again behind our back.
    let mut sent: Vec<i64> = made.values().filter(|made| made.is_sent).map(|made| made.at).collect();
    sent.sort_unstable();
    assert_eq!(outage.fake.seen().len(), sent.len());
    // Those that were under way when it went away; then one call for each pause.
    let (first, later): (Vec<i64>, Vec<i64>) = sent.iter().filter(|at| **at < AWAY).partition(|at| **at == 0);
    assert!(first.len() <= SLOTS, "{first:?}");
    assert!(later.first().is_none_or(|first| *first >= PAUSE), "{later:?}");
    assert!(later.windows(2).all(|pair| pair[1] - pair[0] >= PAUSE), "{later:?}");
    assert!(!later.is_empty(), "somebody looks");

    let mut each_second: BTreeMap<i64, usize> = BTreeMap::new();
    sent.iter().filter(|at| **at >= AWAY).for_each(|at| *each_second.entry(*at).or_default() += 1);
    let (busiest, most) = (each_second.values().max().unwrap(), most_in_a_second(tasks, lasted));
    assert!(real(*busiest) <= most, "{busiest} calls in one second, {most} at most: {each_second:?}");
    println!(
        "{tasks} tasks, {completed} completed after {lasted} s; {} looks at the provider while it was away, {busiest} \
         calls in the busiest second after it; {number} waits, {spread:.4} from even",
        later.len()
    );
}
