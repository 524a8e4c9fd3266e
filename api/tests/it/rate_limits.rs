//! How often something may be asked.

use futures::StreamExt;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;

use crate::support::{Answer, PASSWORD, Session, TestApp, fresh_database};

/// Strict, behind a proxy on this machine, so that a test can come from anywhere.
const STRICT: [&str; 2] = ["--rate-limits=strict", "--trusted-proxies=127.0.0.1"];

async fn strict_on(database: PgConnectOptions) -> TestApp {
    TestApp::start_on(database, &STRICT).await
}

async fn post_from(app: &TestApp, forwarded: &str, path: &str, body: &Value) -> Answer {
    app.send(app.request(Method::POST, path).header("X-Forwarded-For", forwarded).json(body)).await
}

async fn log_in_from(app: &TestApp, forwarded: &str, session: &Session, password: &str) -> Answer {
    let body = json!({"email": session.email, "password": password, "tenant_subdomain": session.subdomain});
    post_from(app, forwarded, "/auth/login", &body).await
}

const WRONG: &str = "another horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_passwords_stop_a_network_but_nobody_elsewhere() {
    let app = strict_on(fresh_database().await).await;
    let owner = app.sign_up("basic").await;
    for left in ["2", "1", "0"] {
        let answer = log_in_from(&app, "203.0.113.7", &owner, WRONG).await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit-remaining")), (401, left));
    }
    let refused = log_in_from(&app, "203.0.113.7", &owner, PASSWORD).await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let told =
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-policy"].map(|name| refused.header(name));
    assert_eq!(told, ["3", "0", "3;w=60"]);
    assert!((40..=60).contains(&refused.header("ratelimit-reset").parse::<u64>().unwrap()));
    refused.expect_problem(429, "rate_limited");
    // The rightful user, on another network.
    let let_in = log_in_from(&app, "198.51.100.9", &owner, PASSWORD).await;
    assert_eq!(let_in.header("ratelimit-limit"), "3");
    let_in.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_its_address_changes_nothing() {
    let app = strict_on(fresh_database().await).await;
    let owner = app.sign_up("basic").await;
    for number in 0..4 {
        let answer = log_in_from(&app, &format!("192.0.2.{number}, 203.0.113.7"), &owner, WRONG).await;
        assert_eq!(answer.status.as_u16(), if number < 3 { 401 } else { 429 });
    }
    // Nor does another address of the same IPv6 network.
    for number in 0..4 {
        let answer = log_in_from(&app, &format!("2001:db8:1:{number}::1"), &owner, WRONG).await;
        assert_eq!(answer.status.as_u16(), if number < 3 { 401 } else { 429 });
    }
    // Without a trusted proxy nothing is believed.
    let app = TestApp::start_on(fresh_database().await, &["--rate-limits=strict"]).await;
    let owner = app.sign_up("basic").await;
    for number in 0..4 {
        let answer = log_in_from(&app, &format!("192.0.2.{number}"), &owner, WRONG).await;
        assert_eq!(answer.status.as_u16(), if number < 3 { 401 } else { 429 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_over_a_restart_and_on_every_node() {
    let database = fresh_database().await;
    let app = strict_on(database.clone()).await;
    let owner = app.sign_up("basic").await;
    for _ in 0..3 {
        log_in_from(&app, "203.0.113.7", &owner, WRONG).await.expect(401);
    }
    let again = strict_on(database).await;
    log_in_from(&again, "203.0.113.7", &owner, PASSWORD).await.expect_problem(429, "rate_limited");
    // A minute later all is free again.
    let owner_of_it = again.owner().await;
    let later = "update rate_limits set full_at = full_at - interval '1 minute'";
    sqlx::query(later).execute(&owner_of_it).await.unwrap();
    log_in_from(&again, "203.0.113.7", &owner, PASSWORD).await.expect(200);
    // What nothing is used of is swept.
    sqlx::query("update rate_limits set full_at = now() - interval '1 second'")
        .execute(&owner_of_it)
        .await
        .unwrap();
    again.service.state.limits.sweep().await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from rate_limits").fetch_one(&owner_of_it).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rightful_user_gets_in_while_a_hundred_networks_hammer() {
    let app = strict_on(fresh_database().await).await;
    let owner = app.sign_up("basic").await;
    log_in_from(&app, "198.51.100.9", &owner, PASSWORD).await.expect(200);
    let hammer = (0..110).map(|number| {
        let from = format!("203.0.113.{number}");
        let (app, owner) = (&app, &owner);
        async move { log_in_from(app, &from, owner, WRONG).await.status.as_u16() }
    });
    let answers: Vec<u16> = futures::stream::iter(hammer).buffer_unordered(2).collect().await;
    // A busy machine says so; that counts too. Meanwhile one comes free every two minutes.
    let let_through = answers.iter().filter(|status| [401, 503].contains(status)).count();
    assert!((100..=105).contains(&let_through), "{answers:?}");
    assert!(answers.iter().all(|status| [401, 429, 503].contains(status)), "{answers:?}");
    // Networks it never signed in from wait; its own does not.
    log_in_from(&app, "192.0.2.1", &owner, PASSWORD).await.expect_problem(429, "rate_limited");
    log_in_from(&app, "198.51.100.9", &owner, PASSWORD).await.expect(200);
    // And having got in, it may come from anywhere.
    log_in_from(&app, "192.0.2.1", &owner, PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_registrations_and_organisations_are_limited_by_network_and_address() {
    let app = strict_on(fresh_database().await).await;
    let owner = app.sign_up("basic").await;
    for email in [owner.email.as_str(), "nobody@nowhere.example"] {
        let body = json!({"email": email});
        for network in 1..=4 {
            let from = format!("203.0.113.{}", network + 10 * i32::from(email.starts_with('n')));
            let answer = post_from(&app, &from, "/auth/password-reset", &body).await;
            assert_eq!(answer.status.as_u16(), if network < 4 { 202 } else { 429 }, "{email}");
        }
    }
    for number in 0..6 {
        let tenant = json!({
            "name": "A", "subdomain": format!("many-{number}"), "contact_email": "a@a.example", "contact_name": "A",
        });
        let answer = post_from(&app, "192.0.2.77", "/tenants", &tenant).await;
        assert_eq!(answer.status.as_u16(), if number < 5 { 201 } else { 429 });
    }
    for number in 0..4 {
        let user = json!({
            "email": "eve@evil.example", "password": PASSWORD, "full_name": "Eve", "tenant_subdomain": owner.subdomain,
        });
        let answer = post_from(&app, "192.0.2.77", "/auth/register", &user).await;
        assert_eq!(answer.status.as_u16(), if number < 3 { 403 } else { 429 });
    }
    for number in 0..11 {
        let body = json!({"token": "acp_guessed", "new_password": PASSWORD});
        let answer = post_from(&app, "192.0.2.77", "/auth/password-reset/confirm", &body).await;
        assert_eq!(answer.status.as_u16(), if number < 10 { 403 } else { 429 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_limited_by_organisation_and_address_and_the_invited_are_not() {
    let app = strict_on(fresh_database().await).await;
    let owner = app.sign_up("professional").await;
    let invite =
        |email: String| app.post(&owner, "/tenants/users/invite", json!({"email": email, "role": "member"}));
    invite("grace@acme.example".to_owned()).await.expect(201);
    for _ in 0..2 {
        invite("grace@acme.example".to_owned()).await.expect_problem(409, "invitation_open");
    }
    invite("grace@acme.example".to_owned()).await.expect_problem(429, "rate_limited");
    // Five colleagues of one office, behind one address, which may register three times an hour.
    for number in 0..5 {
        let email = format!("colleague-{number}@acme.example");
        let token = invite(email.clone()).await.expect(201)["invitation_token"].clone();
        let body = json!({"email": email, "password": PASSWORD, "full_name": "C", "invitation_token": token});
        post_from(&app, "192.0.2.50", "/auth/register", &body).await.expect(201);
    }
    let more = join_all((0..40).map(|number| invite(format!("more-{number}@acme.example")))).await;
    assert!(more.iter().any(|answer| answer.status == 429));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_limited_by_network_without_a_caller_and_by_organisation_with_one() {
    let app = strict_on(fresh_database().await).await;
    let (one, two) = (app.sign_up("free").await, app.sign_up("free").await);
    let guess = json!({"refresh_token": "acr_guessed"});
    let answers = join_all((0..140).map(|_| post_from(&app, "203.0.113.7", "/auth/refresh", &guess))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    // A minute's worth, and what came free while they came in.
    assert!((1..=20).contains(&refused.len()), "{}", refused.len());
    assert_eq!(refused[0].header("ratelimit-policy"), "120;w=60");
    post_from(&app, "203.0.113.8", "/auth/refresh", &guess).await.expect_problem(401, "invalid_credentials");
    let answers = join_all((0..1_000).map(|_| app.get(&one, "/auth/me"))).await;
    assert!(answers.iter().any(|answer| answer.status == 429));
    assert_eq!(answers.iter().find(|answer| answer.status == 200).unwrap().header("ratelimit-limit"), "600");
    app.get(&two, "/auth/me").await.expect(200);
    // Whoever watches over the service is never told to wait.
    let health = app.url("/health/live");
    assert_eq!(reqwest::get(health).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sets_single_figures() {
    let flags = ["--rate-limits=relaxed", "--limits=present_password=1/3600,free=2"];
    let app = TestApp::start_on(fresh_database().await, &flags).await;
    let free = app.sign_up("free").await;
    let basic = app.sign_up("basic").await;
    let wrong = json!({"password": "another horse battery"});
    app.post(&basic, "/auth/reauthenticate", wrong.clone()).await.expect_problem(403, "wrong_password");
    let refused = app.post(&basic, "/auth/reauthenticate", wrong).await;
    let wait = refused.header("retry-after").to_owned();
    refused.expect_problem(429, "rate_limited");
    assert!((3_500..=3_600).contains(&wait.parse().unwrap()));
    app.get(&free, "/auth/me").await.expect(200);
    app.get(&free, "/auth/me").await.expect(200);
    app.get(&free, "/auth/me").await.expect_problem(429, "rate_limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_limits_nothing_is_allowed() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    sqlx::query("drop table rate_limits").execute(&app.owner().await).await.unwrap();
    log_in_from(&app, "203.0.113.7", &owner, PASSWORD).await.expect_problem(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn relaxed_limits_let_one_address_found_hundreds_of_organisations_and_sign_in_again_and_again() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let found = |number: usize| {
        let tenant = json!({
            "name": "A", "subdomain": format!("many-{number}"), "contact_email": "a@a.example", "contact_name": "A",
        });
        let app = &app;
        async move { app.post_anonymous("/tenants", tenant).await.status.as_u16() }
    };
    let founded: Vec<u16> = futures::stream::iter((0..300).map(found)).buffer_unordered(32).collect().await;
    assert!(founded.iter().all(|status| *status == 201), "{founded:?}");
    for _ in 0..20 {
        log_in_from(&app, "203.0.113.7", &owner, WRONG).await.expect(401);
    }
    let allowed = log_in_from(&app, "203.0.113.7", &owner, PASSWORD).await;
    // Thousands more would be as welcome.
    assert!(allowed.header("ratelimit-remaining").parse::<u32>().unwrap() > 90_000);
    allowed.expect(200);
}
