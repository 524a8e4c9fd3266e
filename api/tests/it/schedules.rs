//! Schedules: what they say, and the tasks that they make.

mod due;
mod life;

use domain::ScheduleId;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Session, TestApp, fresh_database};

/// A service that runs no tasks and follows no schedule by itself.
async fn still() -> TestApp {
    TestApp::start_on(fresh_database().await, &["--workers=0"]).await
}

/// A schedule that is not due in the time of a test, with more to it.
async fn schedule(app: &TestApp, by: &Session, agent: &str, more: Value) -> String {
    let mut body = json!({"name": "Report", "agent_id": agent, "cron": "0 0 1 1 *"});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let schedule = app.post(by, "/schedules", body).await.expect(201);
    schedule["id"].as_str().unwrap().to_owned()
}

fn path(schedule: &str) -> String {
    format!("/schedules/{schedule}")
}

/// Looks at all that is due, new or changed, as a process does every second.
async fn tick(app: &TestApp) {
    while app.service.state.app.run_schedules().await.unwrap() {}
}

/// Makes a schedule that has been looked at due so long ago.
async fn make_due(owner: &PgPool, schedule: &str, ago: &str) {
    let id = ScheduleId(schedule.parse::<Uuid>().unwrap()).0;
    let sql = "update schedule_clock set next_at = date_trunc('second', now()) - $2::text::interval
               where schedule_id = $1 and next_at is not null";
    let done = sqlx::query(sql).bind(id).bind(ago).execute(owner).await;
    assert_eq!(done.unwrap().rows_affected(), 1, "{schedule} was never looked at");
}

async fn tasks(app: &TestApp, by: &Session, schedule: &str) -> Vec<Value> {
    let tasks = app.get(by, &format!("/tasks?schedule_id={schedule}&sort=created_at")).await.expect(200);
    tasks["items"].as_array().unwrap().clone()
}
