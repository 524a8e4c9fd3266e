//! When a schedule is due. Pure: the present time comes in.
//!
//! Where the clocks of a zone go forward, a time that does not exist is due at the first moment after the gap; where they
//! go back, a time that exists twice is due the first time only. Schedules by the minute or the hour just go on: by what
//! the clocks show.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::schedule::{CronExpression, TimeZoneName};

#[cfg(test)]
mod tests;

/// How many times that passed are walked through one by one.
const WALK: usize = 1_000;
/// How far before the present the walk begins otherwise. A schedule is due every minute at most.
const NEAR: TimeDelta = TimeDelta::hours(12);

/// The times of a schedule.
#[derive(Clone, Debug)]
pub struct Calendar {
    cron: Cron,
    zone: Tz,
}

/// Why a schedule has no times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACalendar {
    /// The expression cannot be read.
    #[error("the expression cannot be read")]
    Cron,
    /// There is no such zone.
    #[error("there is no such time zone")]
    TimeZone,
    /// No such day ever comes.
    #[error("this time never comes")]
    Never,
}

/// Times that have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many there were before it; of very many, some of them.
    pub before: usize,
}

impl Calendar {
    /// The times of an expression in a zone, if there are any after `from`.
    pub fn of(cron: &CronExpression, zone: &TimeZoneName, from: DateTime<Utc>) -> Result<Self, NotACalendar> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(cron.as_str()).map_err(|_| NotACalendar::Cron)?;
        let zone = zone.as_str().parse().map_err(|_| NotACalendar::TimeZone)?;
        let calendar = Self { cron, zone };
        match calendar.next_after(from) {
            Some(_) => Ok(calendar),
            None => Err(NotACalendar::Never),
        }
    }

    /// The first time after a moment.
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&at.with_timezone(&self.zone), false).ok()?;
        let next = next.with_timezone(&Utc);
        (next > at).then_some(next)
    }

    /// So many times after a moment.
    pub fn following(&self, at: DateTime<Utc>, most: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(at), |last| self.next_after(*last)).take(most).collect()
    }

    /// The times from `due`, which is one of them, up to `now`.
    pub fn passed(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Passed {
        let mut passed = self.walk(Passed { last: due, before: 0 }, now);
        if passed.before == WALK
            && let Some(near) = self.next_after(now - NEAR).filter(|near| *near > passed.last && *near <= now)
        {
            passed = self.walk(Passed { last: near, before: passed.before + 1 }, now);
        }
        passed
    }

    fn walk(&self, from: Passed, now: DateTime<Utc>) -> Passed {
        let step = |at: &DateTime<Utc>| self.next_after(*at).filter(|next| *next <= now);
        let times = std::iter::successors(step(&from.last), step).take(WALK);
        times.fold(from, |passed, last| Passed { last, before: passed.before + 1 })
    }
}
