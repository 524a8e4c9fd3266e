use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use application::App;
use application::ports::{ClaimedSchedule, ScheduleClock, Settled, Unavailable};
use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::*;

/// A clock of a process that dies now and then: before it has said what became of a due time.
struct Dying {
    clock: Arc<dyn ScheduleClock>,
    settled: AtomicUsize,
    /// Every so many times.
    every: usize,
}

#[async_trait::async_trait]
impl ScheduleClock for Dying {
    async fn claim(&self, most: usize) -> Result<Vec<ClaimedSchedule>, Unavailable> {
        self.clock.claim(most).await
    }

    async fn settle(&self, claimed: &ClaimedSchedule, settled: &Settled) -> Result<(), Unavailable> {
        if self.settled.fetch_add(1, Ordering::SeqCst).is_multiple_of(self.every) {
            return Err(Unavailable);
        }
        self.clock.settle(claimed, settled).await
    }
}

fn dying(app: &TestApp, every: usize) -> App {
    let app = app.service.state.app.clone();
    let schedules = Arc::new(Dying { clock: app.schedules.clone(), settled: AtomicUsize::new(0), every });
    App { schedules, ..app }
}

/// Lets the claims of the dead run out.
async fn let_claims_run_out(owner: &PgPool) {
    let sql = "update schedule_clock set claimed_until = now() - interval '1 second' where claimed_until is not null";
    sqlx::query(sql).execute(owner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_leads_to_a_task_that_names_it_and_runs() {
    let app = TestApp::start().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let more = json!({"input_data": {"prompt": "What is new?"}, "priority": 5, "timeout_seconds": 60});
    let id = schedule(&app, &owner, &agent, more).await;
    let looked_at = "select next_at is not null from schedule_clock where schedule_id = $1::text::uuid";
    while sqlx::query_scalar::<_, bool>(looked_at).bind(&id).fetch_optional(&database).await.unwrap()
        != Some(true)
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    make_due(&database, &id, "5 seconds").await;
    let shown = app.until(&owner, &path(&id), |schedule| schedule["runs"] == 1).await;
    let task = format!("/tasks/{}", shown["last_task_id"].as_str().unwrap());
    let task = app.until(&owner, &task, |task| task["status"] == "completed").await;
    for (name, value) in [
        ("schedule_id", json!(id)),
        ("scheduled_at", shown["last_run_at"].clone()),
        ("name", json!("Report")),
        ("priority", json!(5)),
        ("timeout_seconds", json!(60)),
        ("input_data", json!({"prompt": "What is new?"})),
        ("created_by", json!(owner.user)),
    ] {
        assert_eq!(task[name], value, "{name}");
    }
    let made = format!("/audit/events?aggregate_id={}&event_type=task.created", task["id"].as_str().unwrap());
    let made = app.get(&owner, &made).await.expect(200);
    assert_eq!(made["items"][0]["actor"]["type"], "system");
    assert_eq!(shown["skipped_runs"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_were_missed_are_caught_up_once_or_left_out() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let hourly = |catch_up: &str| json!({"cron": "0 * * * *", "catch_up": catch_up, "overlap": "queue"});
    let once = schedule(&app, &owner, &agent, hourly("once")).await;
    let never = schedule(&app, &owner, &agent, hourly("skip")).await;
    tick(&app).await;
    for id in [&once, &never] {
        make_due(&database, id, "50 hours").await;
    }
    tick(&app).await;
    let tasks_of_once = tasks(&app, &owner, &once).await;
    assert_eq!(tasks_of_once.len(), 1);
    let due: DateTime<Utc> = serde_json::from_value(tasks_of_once[0]["scheduled_at"].clone()).unwrap();
    assert!(Utc::now() - due < chrono::TimeDelta::hours(1) && due.timestamp() % 3_600 == 0, "{due}");
    let shown = app.get(&owner, &path(&once)).await.expect(200);
    assert_eq!((&shown["runs"], &shown["last_skip_reason"]), (&json!(1), &json!("schedule.missed")));
    assert!((49..=51).contains(&shown["skipped_runs"].as_i64().unwrap()), "{shown}");
    let shown = app.get(&owner, &path(&never)).await.expect(200);
    let missed = shown["skipped_runs"].as_i64().unwrap();
    // In the first minute of an hour the last time is not missed yet.
    let is_on_time = Utc::now() - due < chrono::TimeDelta::seconds(70);
    assert!((50..=52).contains(&missed) || is_on_time, "{shown}");
    assert!(tasks(&app, &owner, &never).await.is_empty() || is_on_time);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_falls_into_the_task_before_is_left_out_or_queued() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let skipping = schedule(&app, &owner, &agent, json!({})).await;
    let queueing = schedule(&app, &owner, &agent, json!({"overlap": "queue"})).await;
    tick(&app).await;
    for ago in ["30 seconds", "20 seconds", "10 seconds"] {
        for id in [&skipping, &queueing] {
            make_due(&database, id, ago).await;
        }
        tick(&app).await;
    }
    assert_eq!(tasks(&app, &owner, &queueing).await.len(), 3);
    let only = tasks(&app, &owner, &skipping).await;
    assert_eq!(only.len(), 1);
    let shown = app.get(&owner, &path(&skipping)).await.expect(200);
    assert_eq!((&shown["skipped_runs"], &shown["last_skip_reason"]), (&json!(2), &json!("schedule.overlap")));
    let task = format!("/tasks/{}", only[0]["id"].as_str().unwrap());
    app.post(&owner, &format!("{task}/cancel"), json!({})).await.expect(200);
    make_due(&database, &skipping, "1 second").await;
    tick(&app).await;
    assert_eq!(tasks(&app, &owner, &skipping).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_of_a_task_is_told_and_the_next_time_comes() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({"overlap": "queue"})).await;
    tick(&app).await;
    let fall_due = async |reason: &str| {
        make_due(&database, &id, "5 seconds").await;
        tick(&app).await;
        let shown = app.get(&owner, &path(&id)).await.expect(200);
        assert_eq!(shown["last_skip_reason"], reason);
    };
    fall_due("agent.not_running").await;
    app.post(&owner, &format!("/agents/{agent}/start"), json!({})).await.expect(200);
    app.post(&owner, "/tenants/current/stop-all", json!({"reason": "stop"})).await.expect(200);
    fall_due("tenant.work_stopped").await;
    app.post(&owner, "/tenants/current/reopen", json!({})).await.expect(200);
    let used = "update tenant_heads set tasks = 1000, tasks_month = extract(year from now()) * 12
                + extract(month from now()) - 1 where tenant_id = $1";
    sqlx::query(used).bind(owner.tenant).execute(&database).await.unwrap();
    // Written past the committer, which remembers the heads it left: a process that has committed nothing yet reads it.
    let fresh = TestApp::start_on(app.database.clone(), &["--workers=0"]).await;
    make_due(&database, &id, "5 seconds").await;
    tick(&fresh).await;
    let shown = app.get(&owner, &path(&id)).await.expect(200);
    assert_eq!(shown["last_skip_reason"], "quota_exceeded");
    assert!(tasks(&app, &owner, &id).await.is_empty());
    let shown = app.get(&owner, &path(&id)).await.expect(200);
    assert_eq!((&shown["skipped_runs"], &shown["runs"]), (&json!(3), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_leads_to_one_task_however_many_look_and_die() {
    const SCHEDULES: usize = 12;
    const TIMES: usize = 8;
    let app = still().await;
    let second = TestApp::start_on(app.database.clone(), &["--workers=0"]).await;
    let database = app.owner().await;
    let owner = app.sign_up("enterprise").await;
    let agent = app.running_agent(&owner).await;
    let mut ids = vec![];
    for _ in 0..SCHEDULES {
        ids.push(schedule(&app, &owner, &agent, json!({"overlap": "queue"})).await);
    }
    tick(&app).await;
    let processes =
        [dying(&app, 2), dying(&second, 3), app.service.state.app.clone(), second.service.state.app.clone()];
    for time in 0..TIMES {
        for id in &ids {
            make_due(&database, id, &format!("{} seconds", 30 - time)).await;
        }
        // Every second, or third, dies with the task made and nothing said; whoever looks next finds it done.
        for _ in 0..3 {
            join_all(processes.iter().map(App::run_schedules)).await;
            let_claims_run_out(&database).await;
        }
        tick(&app).await;
    }
    let sql = "select count(*), count(distinct payload::text) from events
               where tenant_id = $1 and event_type = 'task.created'";
    let (made, distinct): (i64, i64) =
        sqlx::query_as(sql).bind(owner.tenant).fetch_one(&database).await.unwrap();
    let due = i64::try_from(SCHEDULES * TIMES).unwrap();
    assert_eq!((made, distinct), (due, due));
    for id in &ids {
        let shown = app.get(&owner, &path(id)).await.expect(200);
        assert_eq!((&shown["runs"], &shown["skipped_runs"]), (&json!(TIMES), &json!(0)), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_slept_through_its_claim_moves_nothing_back() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({})).await;
    tick(&app).await;
    make_due(&database, &id, "5 seconds").await;
    let clock = app.service.state.app.schedules.clone();
    let slept = clock.claim(10).await.unwrap();
    assert_eq!(slept.len(), 1);
    // Nobody else is given it meanwhile.
    tick(&app).await;
    assert!(tasks(&app, &owner, &id).await.is_empty());
    let_claims_run_out(&database).await;
    tick(&app).await;
    assert_eq!(tasks(&app, &owner, &id).await.len(), 1);
    clock.settle(&slept[0], &Settled { next_at: Some(slept[0].now), ..Settled::default() }).await.unwrap();
    let next: DateTime<Utc> =
        sqlx::query_scalar("select next_at from schedule_clock").fetch_one(&database).await.unwrap();
    assert!(next > Utc::now());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_holds_up_nothing_and_repeats_nothing() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({"cron": "* * * * *", "overlap": "queue"})).await;
    tick(&app).await;
    // While the clock was a day ahead, the schedule's next time was set.
    let ahead =
        "update schedule_clock set settled_at = now() + interval '1 day', next_at = now() + interval '1 day'";
    sqlx::query(ahead).execute(&database).await.unwrap();
    tick(&app).await;
    let next: DateTime<Utc> =
        sqlx::query_scalar("select next_at from schedule_clock").fetch_one(&database).await.unwrap();
    assert!(next > Utc::now() && next <= Utc::now() + chrono::TimeDelta::minutes(1), "{next}");
    // A time that was served before the clock went back is not served again.
    make_due(&database, &id, "5 seconds").await;
    tick(&app).await;
    let served: DateTime<Utc> =
        serde_json::from_value(app.get(&owner, &path(&id)).await.expect(200)["last_run_at"].clone()).unwrap();
    sqlx::query("update schedule_clock set next_at = $1").bind(served).execute(&database).await.unwrap();
    tick(&app).await;
    let all = tasks(&app, &owner, &id).await;
    assert_eq!(all.iter().filter(|task| task["scheduled_at"] == json!(served)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_leaves_its_times_out_and_a_change_holds_from_then_on() {
    let app = still().await;
    let database = app.owner().await;
    let owner = app.sign_up("free").await;
    let agent = app.running_agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({"cron": "0 * * * *"})).await;
    tick(&app).await;
    make_due(&database, &id, "2 hours").await;
    app.put(&owner, &path(&id), json!({"enabled": false})).await.expect(200);
    tick(&app).await;
    app.put(&owner, &path(&id), json!({"enabled": true})).await.expect(200);
    tick(&app).await;
    assert!(tasks(&app, &owner, &id).await.is_empty());
    // What was due before a change is not lost by it.
    make_due(&database, &id, "10 seconds").await;
    app.put(&owner, &path(&id), json!({"name": "Later"})).await.expect(200);
    tick(&app).await;
    let made = tasks(&app, &owner, &id).await;
    assert_eq!((made.len(), &made[0]["name"]), (1, &json!("Later")));
    app.put(&owner, &path(&id), json!({"cron": "0 0 1 1 *"})).await.expect(200);
    tick(&app).await;
    let next: DateTime<Utc> =
        sqlx::query_scalar("select next_at from schedule_clock").fetch_one(&database).await.unwrap();
    assert_eq!(next.format("%m-%d %H:%M").to_string(), "01-01 00:00");
}
