//! A closed loop of clients, and what came of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cpu::Spent;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const WARM_UP: Duration = Duration::from_millis(700);
const MEASURED: Duration = Duration::from_millis(2_500);

/// What a run came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// All that was done, while warming up too.
    pub(crate) done: u32,
    /// What all that took.
    pub(crate) spent: Spent,
}

impl Figures {
    /// The rate and the times, as two cells of a table.
    pub(crate) fn rate_and_times(&self) -> String {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        format!("{:.0} | {:.1} / {:.1}", self.per_second, ms(self.p50), ms(self.p99))
    }

    /// Microseconds of the processor for each command, in Postgres and here, as a cell.
    pub(crate) fn cost(&self) -> String {
        let each = |spent: Duration| spent.checked_div(self.done).unwrap_or_default().as_micros();
        format!("{} + {}", each(self.spent.server), each(self.spent.here))
    }
}

/// Lets each client do its thing over and over; counts what ends within the measured time, after a warm-up.
pub(crate) async fn closed_loop<C, F>(clients: Vec<C>, step: fn(C) -> F) -> Result<Figures, Failure>
where
    C: Send + 'static,
    F: Future<Output = Result<C, Failure>> + Send + 'static,
{
    let ended = Arc::new(AtomicBool::new(false));
    let counted_from = Instant::now() + WARM_UP;
    let mut tasks = tokio::task::JoinSet::new();
    for mut client in clients {
        let is_over = Arc::clone(&ended);
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(4_096);
            let mut done = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                client = step(client).await?;
                done += 1;
                if begun >= counted_from {
                    times.push(begun.elapsed());
                }
            }
            Ok::<_, Failure>((times, done))
        });
    }
    tokio::time::sleep(WARM_UP + MEASURED).await;
    let measured = counted_from.elapsed();
    ended.store(true, Ordering::Relaxed);
    let (mut times, mut all) = (vec![], 0);
    while let Some(ended) = tasks.join_next().await {
        let (measured, done) = ended??;
        times.extend(measured);
        all += done;
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a count of commands is far below 2^52")]
    let per_second = times.len() as f64 / measured.as_secs_f64();
    Ok(Figures { per_second, p50: at(50), p99: at(99), done: all, spent: Spent::default() })
}

/// The round with the median rate.
pub(crate) fn median(rounds: &[Figures]) -> Figures {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}
