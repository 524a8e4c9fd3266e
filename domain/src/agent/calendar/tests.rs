use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn calendar(cron: &str, zone: &str) -> Calendar {
    Calendar::of(&cron.parse().unwrap(), &zone.parse().unwrap(), at("2026-01-01T00:00:00Z")).unwrap()
}

/// The times after a moment, as texts of UTC without the seconds.
fn times(cron: &str, zone: &str, after: &str, most: usize) -> Vec<String> {
    let times = calendar(cron, zone).following(at(after), most);
    times.iter().map(|time| time.format("%m-%d %H:%M").to_string()).collect()
}

#[test]
fn a_time_is_due_once_and_the_next_lies_after_it() {
    let calendar = calendar("30 8 * * *", "UTC");
    assert_eq!(calendar.next_after(at("2026-03-01T08:29:59.999Z")), Some(at("2026-03-01T08:30:00Z")));
    assert_eq!(calendar.next_after(at("2026-03-01T08:30:00Z")), Some(at("2026-03-02T08:30:00Z")));
    assert_eq!(calendar.next_after(at("2026-03-01T08:30:00.001Z")), Some(at("2026-03-02T08:30:00Z")));
}

#[test]
fn months_end_when_they_end() {
    assert_eq!(
        times("0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", 3),
        ["03-31 00:00", "05-31 00:00", "07-31 00:00"]
    );
    assert_eq!(times("0 0 30 * *", "UTC", "2026-01-31T00:00:00Z", 2), ["03-30 00:00", "04-30 00:00"]);
    assert_eq!(
        times("0 0 L * *", "UTC", "2026-01-15T00:00:00Z", 4),
        ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00"]
    );
    let leap = calendar("0 0 29 2 *", "UTC").following(at("2026-01-01T00:00:00Z"), 2);
    assert_eq!(leap, [at("2028-02-29T00:00:00Z"), at("2032-02-29T00:00:00Z")]);
    let last_friday = times("0 17 * * FRI#L", "UTC", "2026-01-01T00:00:00Z", 2);
    assert_eq!(last_friday, ["01-30 17:00", "02-27 17:00"]);
}

#[test]
fn the_clocks_of_the_zone_decide() {
    assert_eq!(times("0 9 * * *", "Asia/Kolkata", "2026-06-01T00:00:00Z", 1), ["06-01 03:30"]);
    // Midnight of the last of the month is another day in UTC.
    assert_eq!(
        times("0 0 1 * *", "Pacific/Auckland", "2026-05-15T00:00:00Z", 2),
        ["05-31 12:00", "06-30 12:00"]
    );
    assert_eq!(
        times("0 9 * * MON", "America/New_York", "2026-03-02T15:00:00Z", 2),
        ["03-09 13:00", "03-16 13:00"]
    );
}

#[test]
fn a_time_in_the_gap_of_spring_is_due_right_after_it_and_only_once() {
    // 02:00 becomes 03:00 in Berlin on 2026-03-29, at 01:00 UTC.
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", 3),
        ["03-29 01:00", "03-30 00:30", "03-31 00:30"]
    );
    assert_eq!(
        times("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
        ["03-29 01:00", "03-30 01:00"]
    );
}

#[test]
fn a_time_that_exists_twice_in_autumn_is_due_the_first_time() {
    // 03:00 becomes 02:00 in Berlin on 2026-10-25, at 01:00 UTC.
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["10-25 00:30", "10-26 01:30"]
    );
    // Asked between the two, the second is not due.
    assert_eq!(times("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1), ["10-26 01:30"]);
}

#[test]
fn schedules_by_the_hour_go_on_when_the_clocks_change() {
    for (day, hours) in [("2026-03-29T00:00:00", 23), ("2026-10-25T00:00:00", 25)] {
        let midnight = day.parse::<chrono::NaiveDateTime>().unwrap();
        let begin = midnight.and_local_timezone(chrono_tz::Europe::Berlin).unwrap().with_timezone(&Utc);
        let times = calendar("0 * * * *", "Europe/Berlin").following(begin, hours);
        let steps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == TimeDelta::hours(1)), "{day}: {times:?}");
        assert_eq!(
            times.last().unwrap().with_timezone(&chrono_tz::Europe::Berlin).format("%d %H").to_string()[3..],
            *"00"
        );
    }
}

#[test]
fn every_zone_has_times_that_grow_through_both_changes() {
    for zone in [
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
    ] {
        for cron in ["15 2 * * *", "*/20 * * * *", "0 1-4 * * *"] {
            let times = calendar(cron, zone).following(at("2026-01-01T00:00:00Z"), 600);
            assert_eq!(times.len(), 600, "{zone} {cron}");
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{zone} {cron}");
        }
    }
}

#[test]
fn what_passed_is_told_with_the_last_of_it() {
    let hourly = calendar("0 * * * *", "UTC");
    let due = at("2026-03-01T08:00:00Z");
    assert_eq!(hourly.passed(due, at("2026-03-01T08:00:00Z")), Passed { last: due, before: 0 });
    assert_eq!(hourly.passed(due, at("2026-03-01T08:59:59Z")), Passed { last: due, before: 0 });
    let passed = hourly.passed(due, at("2026-03-02T08:30:00Z"));
    assert_eq!(passed, Passed { last: at("2026-03-02T08:00:00Z"), before: 24 });
}

#[test]
fn however_much_has_passed_the_last_of_it_is_found_in_bounded_time() {
    let now = at("2029-07-01T12:34:56Z");
    for (cron, last) in [("* * * * *", "2029-07-01T12:34:00Z"), ("*/7 3 * * *", "2029-07-01T03:56:00Z")] {
        let calendar = calendar(cron, "UTC");
        let due = calendar.next_after(at("2026-01-01T00:00:00Z")).unwrap();
        let passed = calendar.passed(due, now);
        assert_eq!(passed.last, at(last), "{cron}");
        assert!(passed.before >= WALK && passed.before <= 2 * WALK, "{cron}: {}", passed.before);
    }
}

#[test]
fn what_is_no_calendar_is_refused_with_the_reason() {
    let of = |cron: &str, zone: &str| {
        Calendar::of(&cron.parse().unwrap(), &zone.parse().unwrap(), at("2026-01-01T00:00:00Z")).map(drop)
    };
    for cron in [
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "5-1 * * * *",
    ] {
        assert_eq!(of(cron, "UTC"), Err(NotACalendar::Cron), "{cron}");
    }
    for cron in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert_eq!(of(cron, "UTC"), Err(NotACalendar::Never), "{cron}");
    }
    for zone in ["Mars/Olympus", "europe/berlin", "+01:00"] {
        assert_eq!(of("* * * * *", zone), Err(NotACalendar::TimeZone), "{zone}");
    }
    assert_eq!(of("30 8 * JAN,DEC MON-FRI", "Europe/Berlin"), Ok(()));
}

#[test]
fn an_expression_has_five_fields() {
    for text in ["* * * *", "* * * * * *", "@daily", "", "* * * * $", "*\n* * * *\u{0}"] {
        assert!(text.parse::<CronExpression>().is_err(), "{text:?}");
    }
    assert_eq!("  0   8 * *  MON-FRI ".parse::<CronExpression>().unwrap().as_str(), "0 8 * * MON-FRI");
}
