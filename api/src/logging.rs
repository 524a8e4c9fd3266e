//! Where the service's log goes: lines wait in a bounded queue for a thread of their own that writes them. Whoever reads the
//! log too slowly, or has gone away, holds up nothing but that thread; what does not fit is lost, counted, and told of in
//! the log and at `/health`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing_subscriber::EnvFilter;
use utoipa::ToSchema;

/// How many lines wait at most: some megabytes, and some seconds of a service that is told to log much.
const MOST_WAITING: usize = 8_192;
/// How long the end of the process waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long is waited where the other end of a pipe takes nothing just now and says so.
const AGAIN: Duration = Duration::from_millis(10);

/// The log of this process, once it is there.
static LOG: OnceLock<Log> = OnceLock::new();

/// How the log fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LogHealth {
    /// Lines that could not be written since the start, as whoever takes the log was too slow or gone.
    lost_lines: u64,
    /// For how many seconds the line has waited that is to be written next; 0 where none does.
    behind_seconds: u64,
}

/// The way of a line to where it is written.
#[derive(Clone)]
struct Log {
    queue: SyncSender<Message>,
    state: Arc<State>,
}

enum Message {
    Line(Vec<u8>),
    /// Answered when everything before it is written.
    Flush(SyncSender<()>),
}

#[derive(Default)]
struct State {
    lost: AtomicU64,
    /// When the line was taken up that is being written.
    writing_since: Mutex<Option<Instant>>,
}

/// Begins the log of this process: to `file`, or else to standard error.
pub(crate) fn begin(filter: &str, as_json: bool, file: Option<&Path>) -> std::io::Result<()> {
    // The MCP library logs URLs and what servers say to it, either of which may hold credentials.
    let filter = EnvFilter::new(format!("rmcp=off,{filter}"));
    let (log, is_terminal) = match file {
        Some(path) => (Log::start(open(path)?)?, false),
        None => (Log::start(std::io::stderr())?, std::io::stderr().is_terminal()),
    };
    let log = LOG.get_or_init(|| log);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| log.clone());
    if as_json {
        lines.json().init();
    } else {
        lines.with_target(false).with_ansi(is_terminal).init();
    }
    // The hook that is there by default waits for standard error.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload();
        let said = said
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| said.downcast_ref::<String>().map(String::as_str));
        tracing::error!(at, said, "the program has an error");
    }));
    Ok(())
}

/// Writes a line that is no part of the log, such as why the program ends.
pub(crate) fn write_plainly(line: &str) {
    let line = format!("{line}\n").into_bytes();
    match LOG.get() {
        Some(log) => log.send(line),
        // Whoever takes neither the log nor this has nothing to be told by.
        None => std::io::stderr().write_all(&line).unwrap_or_default(),
    }
}

/// Waits for the last lines, for a moment.
pub(crate) fn end() {
    if let Some(log) = LOG.get() {
        log.flush(LAST_LINES);
    }
}

/// How the log fares; well, where there is none.
pub(crate) fn health() -> LogHealth {
    LOG.get().map(Log::health).unwrap_or_default()
}

/// Added to at its end, so that a file that is turned over by copying and cutting it goes on at its beginning.
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

impl Log {
    fn start(sink: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(MOST_WAITING);
        let state = Arc::new(State::default());
        let log = Self { queue, state: Arc::clone(&state) };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&lines, sink, &state))?;
        Ok(log)
    }

    fn send(&self, line: Vec<u8>) {
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.state.lost.fetch_add(1, Relaxed);
        }
    }

    fn flush(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let (done, written) = sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(error) = self.queue.try_send(message) {
            let std::sync::mpsc::TrySendError::Full(back) = error else { return };
            if Instant::now() >= end {
                return;
            }
            message = back;
            std::thread::sleep(AGAIN);
        }
        // Not in time: whoever takes the log does not take it.
        written.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
    }

    fn health(&self) -> LogHealth {
        let since = *self.state.writing_since.lock().unwrap_or_else(PoisonError::into_inner);
        let behind_seconds = since.map_or(0, |since| since.elapsed().as_secs());
        LogHealth { lost_lines: self.state.lost.load(Relaxed), behind_seconds }
    }
}

/// One call for each line, as the subscriber makes it.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.send(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Message>, mut sink: impl Write, state: &State) {
    let mut told = 0;
    let since = |at| *state.writing_since.lock().unwrap_or_else(PoisonError::into_inner) = at;
    while let Ok(message) = lines.recv() {
        match message {
            Message::Line(line) => {
                since(Some(Instant::now()));
                if write(&mut sink, &line).is_err() {
                    state.lost.fetch_add(1, Relaxed);
                }
                since(None);
            }
            Message::Flush(done) => {
                done.send(()).ok();
                continue;
            }
        }
        let lost = state.lost.load(Relaxed);
        // Once for each time that a line could be written again. This line goes the way of all others.
        if lost > told {
            tracing::warn!(lines = lost - told, "lines of the log were lost: whoever takes it was too slow");
            told = lost;
        }
    }
}

/// The whole line. Standard error may be told not to wait, by whoever shares it.
fn write(sink: &mut impl Write, mut rest: &[u8]) -> std::io::Result<()> {
    while !rest.is_empty() {
        match sink.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(AGAIN),
            Err(error) => return Err(error),
        }
    }
    sink.flush()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Takes a line whenever it is allowed to, as a pipe does whose reader reads now and then.
    struct Pipe {
        allowed: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Pipe {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.allowed.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            self.taken.send(line.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn until(wanted: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !wanted() {
            assert!(Instant::now() < end, "not within 10 s");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn lines_come_in_order_and_all_of_them_where_they_are_taken() {
        let (allow, allowed) = channel();
        let (taken, lines) = channel();
        let log = Log::start(Pipe { allowed, taken }).unwrap();
        for number in 0..100_u8 {
            log.send(vec![number]);
            allow.send(()).unwrap();
        }
        log.flush(Duration::from_secs(10));
        assert_eq!(lines.try_iter().flatten().collect::<Vec<u8>>(), (0..100).collect::<Vec<u8>>());
        assert_eq!(log.health(), LogHealth::default());
    }

    #[test]
    fn a_blocked_sink_holds_nobody_up_and_what_is_lost_is_counted() {
        let (allow, allowed) = channel();
        let (taken, lines) = channel();
        let log = Log::start(Pipe { allowed, taken }).unwrap();
        let begun = Instant::now();
        log.send(b"first".to_vec());
        until(|| log.state.writing_since.lock().unwrap().is_some());
        for _ in 0..MOST_WAITING + 1_000 {
            log.send(b"line".to_vec());
        }
        log.flush(Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(log.health().lost_lines, 1_000);
        until(|| log.health().behind_seconds > 0);
        for _ in 0..=MOST_WAITING {
            allow.send(()).unwrap();
        }
        log.flush(Duration::from_secs(10));
        assert_eq!(lines.try_iter().count(), MOST_WAITING + 1);
        assert_eq!(log.health(), LogHealth { lost_lines: 1_000, behind_seconds: 0 });
        log.send(b"again".to_vec());
        allow.send(()).unwrap();
        assert_eq!(lines.recv_timeout(Duration::from_secs(10)).unwrap(), b"again");
    }

    #[test]
    fn a_sink_that_has_gone_away_ends_nothing_and_every_line_counts_as_lost() {
        let (allow, allowed) = channel();
        let (taken, _) = channel();
        drop(allow);
        let log = Log::start(Pipe { allowed, taken }).unwrap();
        for _ in 0..10 {
            log.send(b"line".to_vec());
        }
        log.flush(Duration::from_secs(10));
        assert_eq!(log.health(), LogHealth { lost_lines: 10, behind_seconds: 0 });
    }
}
