use chrono::{DateTime, Utc};
use reqwest::Method;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_shown_as_it_was_set_with_its_next_times() {
    let app = still().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let body = json!({
        "name": "Morning report", "agent_id": agent, "cron": "30  8 * * MON-FRI", "time_zone": "Europe/Berlin",
        "task_type": "text_processing", "input_data": {"text": "…", "n": 1.50}, "priority": 4,
        "timeout_seconds": 60, "max_attempts": 2, "queue_timeout_seconds": 900, "overlap": "queue", "catch_up": "skip",
    });
    let answer = app.post(&owner, "/schedules", body).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let location = answer.header("location").to_owned();
    let made = answer.expect(201);
    assert_eq!(location, format!("/api/v1/schedules/{}", made["id"].as_str().unwrap()));
    for (name, value) in [
        ("agent_id", json!(agent)),
        ("cron", json!("30 8 * * MON-FRI")),
        ("time_zone", json!("Europe/Berlin")),
        ("task_type", json!("text_processing")),
        ("priority", json!(4)),
        ("timeout_seconds", json!(60)),
        ("max_attempts", json!(2)),
        ("queue_timeout_seconds", json!(900)),
        ("overlap", json!("queue")),
        ("catch_up", json!("skip")),
        ("enabled", json!(true)),
        ("created_by", json!(owner.user)),
        ("runs", json!(0)),
        ("last_task_id", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let next: Vec<DateTime<Utc>> = serde_json::from_value(made["next_runs"].clone()).unwrap();
    assert_eq!(next.len(), 5);
    assert!(next.windows(2).all(|pair| pair[0] < pair[1]) && next[0] > Utc::now());
    assert_eq!(app.get(&owner, &location).await.expect(200), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_changed_paused_and_deleted() {
    let app = still().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({"queue_timeout_seconds": 60})).await;
    let changed =
        app.put(&owner, &path(&id), json!({"name": "Weekly", "cron": "0 9 * * 1"})).await.expect(200);
    assert_eq!((&changed["name"], &changed["version"]), (&json!("Weekly"), &json!(2)));
    assert_eq!(changed["queue_timeout_seconds"], 60);
    let freed = app.put(&owner, &path(&id), json!({"queue_timeout_seconds": null})).await.expect(200);
    assert_eq!(freed["queue_timeout_seconds"], Value::Null);
    let same = app.put(&owner, &path(&id), json!({"name": "Weekly"})).await.expect(200);
    assert_eq!(same["version"], 3);
    let paused = app.put(&owner, &path(&id), json!({"enabled": false})).await.expect(200);
    assert_eq!((&paused["enabled"], &paused["next_runs"]), (&json!(false), &json!([])));
    let stale = app.request(Method::PUT, &path(&id)).bearer_auth(&owner.token).header("if-match", "\"3\"");
    app.send(stale.json(&json!({"enabled": true}))).await.expect_problem(412, "version_mismatch");
    let listed = |query: &str| format!("/schedules?{query}");
    for (query, total) in [("enabled=false", 1), ("enabled=true", 0), ("q=week", 1), ("q=day", 0)] {
        assert_eq!(app.get(&owner, &listed(query)).await.expect(200)["total"], total, "{query}");
    }
    let of_agent = app.get(&owner, &listed(&format!("agent_id={agent}"))).await.expect(200);
    assert_eq!(of_agent["items"], json!([paused]));
    app.delete(&owner, &path(&id)).await.expect(204);
    app.get(&owner, &path(&id)).await.expect_problem(404, "not_found");
    app.put(&owner, &path(&id), json!({"enabled": true})).await.expect_problem(404, "not_found");
    let events = app.get(&owner, &format!("/audit/events?aggregate_id={agent}&order=asc")).await.expect(200);
    let types: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["event_type"].clone()).collect();
    let changed = "agent.schedule_changed";
    let expected =
        ["agent.created", "agent.schedule_created", changed, changed, changed, "agent.schedule_removed"];
    assert_eq!(types, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_schedule_is_refused_at_its_field() {
    let app = still().await;
    let owner = app.sign_up("free").await;
    let agent = app.agent(&owner).await;
    let id = schedule(&app, &owner, &agent, json!({})).await;
    for (cron, zone, field, code) in [
        ("60 * * * *", "UTC", "/cron", "malformed"),
        ("* * * *", "UTC", "/cron", "malformed"),
        ("0 0 30 2 *", "UTC", "/cron", "never"),
        ("0 0 * * *", "Mars/Olympus", "/time_zone", "unknown"),
    ] {
        let times = json!({"cron": cron, "time_zone": zone});
        let mut new = times.clone();
        new["name"] = "Report".into();
        new["agent_id"] = agent.clone().into();
        for answer in [
            app.post(&owner, "/schedules", new).await,
            app.put(&owner, &path(&id), times.clone()).await,
            app.post(&owner, "/schedules/preview", times.clone()).await,
        ] {
            let problem = answer.expect_problem(422, "validation_failed");
            assert_eq!(
                (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
                (&json!(field), &json!(code))
            );
        }
    }
    let unknown = json!({"name": "Report", "agent_id": owner.user, "cron": "0 0 * * *"});
    let problem = app.post(&owner, "/schedules", unknown).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "/agent_id");
    let preview = json!({"cron": "0 12 * * *", "time_zone": "UTC"});
    let times = app.post(&owner, "/schedules/preview", preview).await.expect(200);
    let times: Vec<DateTime<Utc>> = serde_json::from_value(times["next_runs"].clone()).unwrap();
    assert_eq!(times.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_a_hundred_schedules_and_no_more() {
    let app = still().await;
    let owner = app.sign_up("enterprise").await;
    let (first, second) = (app.agent(&owner).await, app.agent(&owner).await);
    let mut ids = vec![];
    for nth in 0..100 {
        let agent = if nth % 2 == 0 { &first } else { &second };
        ids.push(schedule(&app, &owner, agent, json!({"enabled": false})).await);
    }
    let body = json!({"name": "Report", "agent_id": first, "cron": "0 0 1 1 *"});
    app.post(&owner, "/schedules", body.clone()).await.expect_problem(409, "schedule.too_many");
    app.put(&owner, &path(&ids[0]), json!({"name": "Other"})).await.expect(200);
    app.delete(&owner, &path(&ids[0])).await.expect(204);
    app.post(&owner, "/schedules", body.clone()).await.expect(201);
    // The end of an agent is the end of its schedules.
    app.delete(&owner, &format!("/agents/{second}")).await.expect(204);
    assert_eq!(app.get(&owner, "/schedules").await.expect(200)["total"], 50);
    app.post(&owner, "/schedules", body).await.expect(201);
}
