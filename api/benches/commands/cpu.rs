//! What commands cost, in time of the processor: the figure that a busy machine leaves alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `/proc` counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// The time that the processor has spent so far; nothing where there is no `/proc`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    /// By Postgres, all of its processes.
    pub(crate) server: Duration,
    /// By this program and the clients that it started.
    pub(crate) here: Duration,
}

impl Spent {
    /// Until now, of the Postgres whose data are there.
    pub(crate) fn until_now(cluster: &Path) -> Self {
        let pid_file = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
        let postmaster: u32 = pid_file.lines().next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
        let children = processes().filter(|process| process.parent == postmaster).map(|child| child.ticks);
        let whole =
            |pid: &str| Process::read(&Path::new("/proc").join(pid)).map_or(0, |process| process.all());
        Self {
            server: TICK * (whole(&postmaster.to_string()) + children.sum::<u32>()),
            here: TICK * whole("self"),
        }
    }

    /// Since then.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            here: self.here.saturating_sub(before.here),
        }
    }
}

struct Process {
    parent: u32,
    /// Its own, in user and in kernel mode.
    ticks: u32,
    /// Those of its children that have ended.
    of_children: u32,
}

impl Process {
    /// The fields behind the name, which is in brackets: `man 5 proc_pid_stat`.
    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u32>().ok();
        let (ticks, of_children) = (field(14)? + field(15)?, field(16)? + field(17)?);
        Some(Self { parent: field(4)?, ticks, of_children })
    }

    const fn all(&self) -> u32 {
        self.ticks + self.of_children
    }
}

fn processes() -> impl Iterator<Item = Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok());
    folders.map(|entry| entry.path()).filter(is_process).filter_map(|path| Process::read(&path))
}
