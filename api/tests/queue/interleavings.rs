//! Who has a task, who takes it over, who cancels it and who has it next, in every order of their steps.
//!
//! A step is a look at the log or a commit, a claim, or a lease that runs out. What an actor does in between
//! reaches nobody. An order lists whose step is next; an actor that needs more steps than foreseen, as it had to decide anew,
//! does the rest in the end.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use application::App;
use application::commit::{Commit, CommitError, Expected, Receipt};
use application::ports::{Claimed, EventLog, Loaded, Unavailable};
use domain::task::{Stage, Task, TaskCommand, TaskEvent};
use domain::{Metadata, Root as _, StreamId, Tier};
use tokio::sync::{Notify, Semaphore};

use crate::bed::{Bed, LEASE, Shop, run};
use crate::scale::scaled;

/// Where an actor waits before each step.
struct Gate {
    leave: Semaphore,
    arrived: Notify,
}

impl Gate {
    async fn pass(&self) {
        self.arrived.notify_one();
        self.leave.acquire().await.unwrap().forget();
    }
}

/// The log as an actor reaches it.
struct StepByStep {
    log: Arc<dyn EventLog>,
    gate: Arc<Gate>,
}

#[async_trait::async_trait]
impl EventLog for StepByStep {
    async fn load(&self, stream: StreamId) -> Result<Loaded, Unavailable> {
        self.gate.pass().await;
        self.log.load(stream).await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.gate.pass().await;
        self.log.commit(commit).await
    }

    fn note(&self, commit: Commit) {
        self.log.note(commit);
    }
}

/// Somebody who acts, a step at a time.
struct Actor<'a> {
    gate: Arc<Gate>,
    act: Pin<Box<dyn Future<Output = ()> + 'a>>,
    is_over: bool,
}

impl<'a> Actor<'a> {
    async fn new<F: Future<Output = ()> + 'a>(bed: &Bed, act: impl FnOnce(App, Arc<Gate>) -> F) -> Self {
        let gate = Arc::new(Gate { leave: Semaphore::new(0), arrived: Notify::new() });
        let log = Arc::new(StepByStep { log: bed.app.log.clone(), gate: gate.clone() });
        let app = App { log, ..bed.app.clone() };
        let act = Box::pin(act(app, gate.clone()));
        let mut actor = Self { gate, act, is_over: false };
        actor.until_next_step().await;
        actor
    }

    async fn step(&mut self) {
        if !self.is_over {
            self.gate.leave.add_permits(1);
            self.until_next_step().await;
        }
    }

    async fn until_next_step(&mut self) {
        tokio::select! {
            biased;
            () = &mut self.act => self.is_over = true,
            () = self.gate.arrived.notified() => {}
        }
    }
}

/// One task, and what its actors saw happen.
struct Play<'a> {
    bed: &'a Bed,
    shop: Shop,
    claimed: Claimed,
    taken_over: AtomicUsize,
    is_cancelled: AtomicBool,
}

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    CompletedAtOnce,
    CompletedAfterALoss,
    Cancelled,
}

impl<'a> Play<'a> {
    async fn begin(bed: &'a Bed, shop: Shop) -> Self {
        bed.tasks(shop, 3, 1).await;
        let claimed = bed.app.claim("holder", LEASE, 1).await.unwrap()[0];
        let (taken_over, is_cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { bed, shop, claimed, taken_over, is_cancelled }
    }

    /// Four steps: looks at task and agent, the beginning of the attempt, its end.
    async fn holder(&self) -> Actor<'_> {
        Actor::new(self.bed, async |app, _| run(&app, "holder", self.claimed).await).await
    }

    /// One step.
    async fn heartbeat(&self) -> Actor<'_> {
        let beat = async |app: App, gate: Arc<Gate>| {
            gate.pass().await;
            app.heartbeat(&[self.claimed], LEASE).await.unwrap();
        };
        Actor::new(self.bed, beat).await
    }

    /// Five steps: the lease runs out, it is found dead, looks at task and agent, the end of the attempt.
    async fn rescuer(&self) -> Actor<'_> {
        Actor::new(self.bed, async |app, gate| self.rescue(&app, &gate).await).await
    }

    /// Ten steps: the five of the rescuer; a claim by a worker of the holder's name, and the four of a holder.
    async fn rescuer_and_next(&self) -> Actor<'_> {
        let act = async |app: App, gate: Arc<Gate>| {
            self.rescue(&app, &gate).await;
            gate.pass().await;
            self.make_due().await;
            for claimed in app.claim("holder", LEASE, 1).await.unwrap() {
                run(&app, "holder", claimed).await;
            }
        };
        Actor::new(self.bed, act).await
    }

    /// Two steps: a look and a commit; more where the task has changed in between.
    async fn canceller(&self) -> Actor<'_> {
        let act = async |app: App, _| {
            loop {
                let (task, version) = self.task(&app).await;
                let cancel = TaskCommand::Cancel { reason: "by hand".parse().unwrap() };
                let Ok(events) = task.decide(cancel) else { return };
                let commit = Commit::new(self.shop.tenant, self.claimed.task.0, Metadata::system("person"));
                let commit = commit.append(self.stream(), Expected::Exactly(version), events);
                match app.log.commit(commit).await {
                    Ok(_) => return self.is_cancelled.store(true, Ordering::SeqCst),
                    Err(CommitError::VersionConflict) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        Actor::new(self.bed, act).await
    }

    async fn rescue(&self, app: &App, gate: &Gate) {
        gate.pass().await;
        self.let_leases_run_out().await;
        gate.pass().await;
        for lost in app.rescue("rescuer", LEASE, 8).await.unwrap() {
            self.taken_over.fetch_add(1, Ordering::SeqCst);
            run(app, "rescuer", lost).await;
        }
    }

    fn stream(&self) -> StreamId {
        StreamId::task(self.shop.tenant, self.claimed.task)
    }

    async fn task(&self, app: &App) -> (Task, i64) {
        let loaded = app.log.load(self.stream()).await.unwrap();
        let mut task = Task::default();
        loaded.events.into_iter().filter_map(Task::own).for_each(|event| task.evolve(event));
        (task, loaded.version)
    }

    async fn let_leases_run_out(&self) {
        let sql = "update task_leases set expires_at = now() - interval '1 second'";
        sqlx::query(sql).execute(&self.bed.owner).await.unwrap();
    }

    async fn make_due(&self) {
        sqlx::query("update run_queue set not_before = null").execute(&self.bed.owner).await.unwrap();
        sqlx::query("update queue_turns set wakes_at = null").execute(&self.bed.owner).await.unwrap();
    }

    /// Brings to its end what the actors left.
    async fn drain(&self) {
        while self.bed.count("select count(*) from run_queue").await > 0 {
            self.let_leases_run_out().await;
            for lost in self.bed.app.rescue("rescuer", LEASE, 8).await.unwrap() {
                self.taken_over.fetch_add(1, Ordering::SeqCst);
                run(&self.bed.app, "rescuer", lost).await;
            }
            self.make_due().await;
            for claimed in self.bed.claim(1).await {
                run(&self.bed.app, "worker", claimed).await;
            }
        }
    }

    /// Holds the task's history against the rules.
    async fn end(&self, order: &[usize]) -> End {
        let loaded = self.bed.app.log.load(self.stream()).await.unwrap();
        let told = format!("{order:?}: {:#?}", loaded.events);
        let mut task = Task::default();
        let (mut attempts, mut running, mut is_over, mut lost) = (HashSet::new(), None, false, 0);
        for event in loaded.events.into_iter().filter_map(Task::own) {
            assert!(!is_over, "nothing comes after the end: {told}");
            match &event {
                TaskEvent::AttemptStarted { attempt_id, number, .. } => {
                    assert_eq!(running.replace(*attempt_id), None, "one at a time: {told}");
                    assert!(attempts.insert(*attempt_id), "no attempt begins twice: {told}");
                    assert_eq!(usize::try_from(*number).unwrap(), attempts.len(), "no number twice: {told}");
                }
                TaskEvent::StepStarted { attempt_id, .. } | TaskEvent::StepEnded { attempt_id, .. } => {
                    assert_eq!(running, Some(*attempt_id), "{told}");
                }
                TaskEvent::AttemptFailed { attempt_id, failure, .. } => {
                    assert_eq!(running.take(), Some(*attempt_id), "{told}");
                    lost += usize::from(failure.code == "worker.lost");
                }
                TaskEvent::Completed { attempt_id, .. } => {
                    assert_eq!(running.take(), Some(*attempt_id), "{told}");
                    is_over = true;
                }
                TaskEvent::Cancelled { .. } => is_over = true,
                TaskEvent::Created { .. } | TaskEvent::Queued { .. } => {}
                other => panic!("{other:?} has no place here: {told}"),
            }
            task.evolve(event);
        }
        assert!(is_over, "{told}");
        let taken_over = self.taken_over.load(Ordering::SeqCst);
        assert!(lost <= taken_over, "{taken_over} were taken over, {lost} were given up: {told}");
        let (_, stage) = task.present().unwrap();
        assert_eq!(stage == Stage::Cancelled, self.is_cancelled.load(Ordering::SeqCst), "{told}");
        let shown: String = sqlx::query_scalar("select stage from tasks where id = $1")
            .bind(self.claimed.task.0)
            .fetch_one(&self.bed.owner)
            .await
            .unwrap();
        assert_eq!(shown, if stage == Stage::Cancelled { "cancelled" } else { "completed" }, "{told}");
        assert_eq!(self.bed.count("select count(*) from task_leases").await, 0, "{told}");
        match stage {
            Stage::Cancelled => End::Cancelled,
            _ if lost > 0 => End::CompletedAfterALoss,
            _ => End::CompletedAtOnce,
        }
    }
}

/// Every order of so many steps of each actor.
fn orders(steps: &[usize]) -> Vec<Vec<usize>> {
    if steps.iter().all(|left| *left == 0) {
        return vec![vec![]];
    }
    let nexts = (0..steps.len()).filter(|next| steps[*next] > 0);
    let with_next = nexts.flat_map(|next| {
        let mut left = steps.to_vec();
        left[next] -= 1;
        orders(&left).into_iter().map(move |rest| [vec![next], rest].concat())
    });
    with_next.collect()
}

/// The most orders of one cast, at full size.
const MOST: usize = 5_000;

/// Plays the orders of these steps, or a share of them, evenly; says how often each end came.
async fn play(steps: &[usize], cast: impl AsyncFn(&Play<'_>, &[usize])) -> BTreeMap<End, usize> {
    let bed = Bed::start().await;
    let shop = bed.shop(Tier::Enterprise).await;
    let orders = orders(steps);
    let every = orders.len().div_ceil(scaled(orders.len().min(MOST)));
    let mut ends = BTreeMap::new();
    for order in orders.iter().step_by(every) {
        let play = Play::begin(&bed, shop).await;
        cast(&play, order).await;
        play.drain().await;
        *ends.entry(play.end(order).await).or_default() += 1;
    }
    println!("of {} orders every {every}th: {ends:?}", orders.len());
    ends
}

/// Lets the actors do their steps in this order, and then what is left.
async fn act(mut actors: Vec<Actor<'_>>, order: &[usize]) {
    for next in order {
        actors[*next].step().await;
    }
    for actor in &mut actors {
        while !actor.is_over {
            actor.step().await;
        }
    }
}

/// A holder that has begun its attempt. Its end is left, and two steps more where the task has changed.
async fn begun<'a>(play: &'a Play<'_>) -> Actor<'a> {
    let mut holder = play.holder().await;
    for _ in 0..3 {
        holder.step().await;
    }
    holder
}

fn which(ends: &BTreeMap<End, usize>) -> Vec<End> {
    ends.keys().copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_who_holds_a_task_who_takes_it_over_and_who_cancels_it_one_wins_in_every_order() {
    let ends = play(&[4, 5, 2], async |play, order| {
        act(vec![play.holder().await, play.rescuer().await, play.canceller().await], order).await;
    });
    // Who takes over only gives up, and nobody else is there to complete it.
    assert_eq!(which(&ends.await), [End::CompletedAtOnce, End::Cancelled]);
    let ends = play(&[3, 10, 2], async |play, order| {
        act(vec![begun(play).await, play.rescuer_and_next().await, play.canceller().await], order).await;
    });
    assert_eq!(which(&ends.await), [End::CompletedAtOnce, End::CompletedAfterALoss, End::Cancelled]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_of_life_saves_a_lease_or_comes_too_late_in_every_order() {
    let ends = play(&[4, 5, 1], async |play, order| {
        act(vec![play.holder().await, play.rescuer().await, play.heartbeat().await], order).await;
    });
    assert_eq!(which(&ends.await), [End::CompletedAtOnce, End::CompletedAfterALoss]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_gets_its_task_again_is_not_taken_for_who_it_was_in_every_order() {
    let ends = play(&[4, 10], async |play, order| {
        act(vec![play.holder().await, play.rescuer_and_next().await], order).await;
    });
    assert!(ends.await.contains_key(&End::CompletedAtOnce));
    let ends = play(&[3, 10], async |play, order| {
        act(vec![begun(play).await, play.rescuer_and_next().await], order).await;
    });
    assert_eq!(which(&ends.await), [End::CompletedAtOnce, End::CompletedAfterALoss]);
}
