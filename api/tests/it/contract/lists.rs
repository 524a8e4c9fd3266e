//! Lists: pages, orders, filters and totals.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Session, TestApp};

/// Every item of a list, page after page; `between` happens before each further page.
async fn walk(app: &TestApp, by: &Session, list: &str, between: impl AsyncFn()) -> Vec<Value> {
    let mut items = vec![];
    let mut cursor = String::new();
    loop {
        let page = app.get(by, &format!("{list}{cursor}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        assert!(page["total"].as_u64().unwrap() >= items.len() as u64);
        let Some(next) = page["next_cursor"].as_str() else {
            return items;
        };
        cursor = format!("&cursor={next}");
        between().await;
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Walks the list in every order while rows are added: what was there comes once and in order.
async fn assert_walks(app: &TestApp, by: &Session, list: &str, sorts: &[&str], add: impl AsyncFn()) {
    for sort in sorts.iter().flat_map(|sort| [(*sort).to_owned(), format!("-{sort}")]) {
        let there = ids(&walk(app, by, &format!("{list}?limit=200&sort={sort}"), async || ()).await);
        let walked = walk(app, by, &format!("{list}?limit=4&sort={sort}"), &add).await;
        let seen = ids(&walked);
        assert_eq!(
            seen.iter().collect::<HashSet<_>>().len(),
            seen.len(),
            "{list} by {sort}: one comes twice"
        );
        let of_old: Vec<&String> = seen.iter().filter(|id| there.contains(id)).collect();
        assert_eq!(of_old, there.iter().collect::<Vec<_>>(), "{list} by {sort}");
        assert_sorted(&walked, &sort);
    }
}

fn assert_sorted(items: &[Value], sort: &str) {
    let field = sort.trim_start_matches('-');
    let mut keys: Vec<String> = items
        .iter()
        .map(|item| item[field].as_str().map_or_else(|| item[field].to_string(), str::to_lowercase))
        .collect();
    if sort.starts_with('-') {
        keys.reverse();
    }
    assert!(keys.is_sorted(), "by {sort}: {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_walked_once_each_while_others_are_added() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let add = async |number: usize| {
        // The same name more than once, in either case.
        let name = format!("{} {}", ["agent", "Agent", "bot"][number % 3], number / 6);
        app.post(&owner, "/agents", json!({"name": name, "agent_type": "echo"})).await.expect(201);
    };
    for number in 0..18 {
        add(number).await;
    }
    assert_walks(&app, &owner, "/agents", &["created_at", "updated_at", "name"], async || add(7).await).await;
    for number in 0..30 {
        add(number).await;
    }
    let page = app.get(&owner, "/agents").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 50);
    assert_sorted(page["items"].as_array().unwrap(), "-created_at");
    let total = page["total"].as_u64().unwrap();
    assert!(total > 50 && !page["next_cursor"].is_null());
    assert_eq!(walk(&app, &owner, "/agents?limit=200", async || ()).await.len() as u64, total);
    let one = app.get(&owner, "/agents?limit=1").await.expect(200);
    let cursor = one["next_cursor"].as_str().unwrap();
    for other in ["sort=name", "sort=created_at"] {
        let problem = app.get(&owner, &format!("/agents?{other}&cursor={cursor}")).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], "/cursor");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_walked_once_each_while_others_are_added() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let agent = app.agent(&owner).await;
    let add = async |number: usize| {
        let body =
            json!({"name": format!("Task {}", number % 4), "agent_id": agent, "priority": number % 5 + 1});
        app.post(&owner, "/tasks", body).await.expect(201);
    };
    for number in 0..13 {
        add(number).await;
    }
    let sorts = ["created_at", "updated_at", "name", "priority"];
    assert_walks(&app, &owner, "/tasks", &sorts, async || add(2).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_walked_once_each_while_others_are_invited() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let invite = async || {
        let body = json!({"email": format!("{}@x.example", uuid::Uuid::new_v4()), "role": "member"});
        app.post(&owner, "/tenants/users/invite", body).await.expect(201);
    };
    for _ in 0..9 {
        invite().await;
    }
    assert_walks(&app, &owner, "/tenants/users", &["created_at", "updated_at", "email"], invite).await;
    let by_name = walk(&app, &owner, "/tenants/users?limit=3&sort=full_name", async || ()).await;
    assert_eq!(by_name.last().unwrap()["full_name"], "John Doe", "who has no name comes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_walked_both_ways_while_it_grows() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let grow = async || drop(app.agent(&owner).await);
    for _ in 0..9 {
        grow().await;
    }
    let positions = |items: &[Value]| -> Vec<i64> {
        items.iter().map(|event| event["position"].as_i64().unwrap()).collect()
    };
    let newest = app.get(&owner, "/audit/events?limit=1").await.expect(200);
    let end = newest["items"][0]["position"].as_i64().unwrap();
    let down = walk(&app, &owner, "/audit/events?limit=3", grow).await;
    assert_eq!(positions(&down), (1..=end).rev().collect::<Vec<_>>());
    // Upwards one comes to what is added, too; in the end there is more than one page at a time.
    let up = walk(&app, &owner, "/audit/events?order=asc&limit=4", async || grow().await).await;
    assert_eq!(positions(&up), (1..=i64::try_from(up.len()).unwrap()).collect::<Vec<_>>());
}

/// How many items the list has under the filters, all on one page.
async fn count(app: &TestApp, by: &Session, list: &str) -> usize {
    let page = app.get(by, list).await.expect(200);
    let count = page["items"].as_array().unwrap().len();
    assert_eq!(page["total"], count, "{list}");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_filtered() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    for (name, kind) in [("Mail 100%", "gpt-4"), ("mail_sorter", "echo"), ("Öffner", "openai/gpt-4o")] {
        app.post(&owner, "/agents", json!({"name": name, "agent_type": kind})).await.expect(201);
    }
    app.running_agent(&owner).await;
    let terminated = app.agent(&owner).await;
    app.delete(&owner, &format!("/agents/{terminated}")).await.expect(204);
    for (filters, wanted) in [
        ("", 4),
        ("status=running", 1),
        ("status=idle", 3),
        ("status=terminated", 0),
        ("agent_type=echo", 2),
        ("agent_type=openai%2Fgpt-4o", 1),
        ("q=MAIL", 2),
        ("q=%25", 1),
        ("q=l_s", 1),
        ("q=%C3%B6FF", 1),
        ("q=mail&agent_type=echo&status=idle", 1),
        ("q=mail&status=running", 0),
        ("q=%5C", 0),
    ] {
        assert_eq!(count(&app, &owner, &format!("/agents?{filters}")).await, wanted, "{filters}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_filtered() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let (one, two) = (app.agent(&owner).await, app.agent(&owner).await);
    let mut last = String::new();
    for (agent, kind, priority) in [(&one, "prompt", 5), (&one, "text_processing", 5), (&two, "prompt", 1)] {
        let body = json!({"name": format!("{kind} {priority}"), "agent_id": agent, "task_type": kind, "priority": priority, "input_data": {"text": "Hello"}});
        last = app.post(&owner, "/tasks", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    }
    app.post(&owner, &format!("/tasks/{last}/cancel"), json!({})).await.expect(200);
    for (filters, wanted) in [
        (String::new(), 3),
        (format!("agent_id={one}"), 2),
        ("priority=5".to_owned(), 2),
        ("task_type=prompt".to_owned(), 2),
        ("status=pending".to_owned(), 2),
        ("status=cancelled".to_owned(), 1),
        ("status=completed".to_owned(), 0),
        ("q=PROMPT".to_owned(), 2),
        (format!("agent_id={one}&task_type=prompt&priority=5&q=p"), 1),
        (format!("agent_id={}", uuid::Uuid::now_v7()), 0),
    ] {
        assert_eq!(count(&app, &owner, &format!("/tasks?{filters}")).await, wanted, "{filters}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_filtered() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let gone = app.join(&owner, "gone", "member").await;
    app.delete(&owner, &format!("/tenants/users/{}", gone.user)).await.expect(204);
    let body = json!({"email": "open@elsewhere.example", "role": "admin", "full_name": "Olga Open"});
    app.post(&owner, "/tenants/users/invite", body).await.expect(201);
    for (filters, wanted) in [
        ("", 3),
        ("role=owner", 1),
        ("role=admin", 1),
        ("status=active", 1),
        ("status=invited", 1),
        ("status=inactive", 1),
        ("q=OLGA", 1),
        ("q=elsewhere.example", 1),
        ("q=o&role=member&status=inactive", 1),
        ("role=owner&status=inactive", 0),
    ] {
        assert_eq!(count(&app, &owner, &format!("/tenants/users?{filters}")).await, wanted, "{filters}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_filtered() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let agent = app.running_agent(&member).await;
    let created = app.get(&owner, "/audit/events?event_type=agent.created").await.expect(200);
    let at = created["items"][0]["recorded_at"].as_str().unwrap();
    for (filters, wanted) in [
        (format!("aggregate_id={agent}"), 2),
        ("aggregate_type=agent".to_owned(), 2),
        ("event_type=agent.created,agent.started".to_owned(), 2),
        ("event_type=agent.started".to_owned(), 1),
        (format!("actor_id={}&aggregate_type=agent", member.user), 2),
        (format!("actor_id={}&aggregate_type=agent", owner.user), 0),
        (format!("from={at}&to={at}"), 0),
        (format!("from={at}&aggregate_type=agent"), 2),
        (format!("to={at}&aggregate_type=agent"), 0),
        ("request_id=unknown".to_owned(), 0),
        ("aggregate_type=task".to_owned(), 0),
    ] {
        assert_eq!(count(&app, &owner, &format!("/audit/events?{filters}")).await, wanted, "{filters}");
    }
}
