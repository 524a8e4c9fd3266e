//! Passwords: which are taken, how they are changed and reset, and what signing in gives away.

use std::time::{Duration, Instant};

use application::ports::ResetTicket;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use chrono::{DateTime, Utc};
use domain::{ResetId, TenantId, UserId};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, PASSWORD, Session, TestApp};

const NEW: &str = "seven violins on a pier";

async fn log_in(app: &TestApp, session: &Session, password: &str) -> Answer {
    let body = json!({"email": session.email, "password": password, "tenant_subdomain": session.subdomain});
    app.post_anonymous("/auth/login", body).await
}

async fn change(app: &TestApp, session: &Session, current: &str, new: &str) -> Answer {
    app.put(session, "/auth/password", json!({"current_password": current, "new_password": new})).await
}

async fn confirm(app: &TestApp, token: &str, new: &str) -> Answer {
    app.post_anonymous("/auth/password-reset/confirm", json!({"token": token, "new_password": new})).await
}

async fn ask(app: &TestApp, email: &str) -> Answer {
    app.post_anonymous("/auth/password-reset", json!({"email": email})).await
}

/// The requests to reset in the organisation's log, the newest first, once there are so many.
async fn resets(app: &TestApp, owner: &Session, least: u64) -> Vec<Value> {
    let path = "/audit/events?event_type=user.password_reset_requested";
    let found = app.until(owner, path, |page| page["total"].as_u64() >= Some(least)).await;
    found["items"].as_array().unwrap().clone()
}

/// The token that goes to the address: it follows from the event and the server's key.
fn token_of(app: &TestApp, session: &Session, event: &Value) -> String {
    let told = &event["data"];
    let reset: Uuid = told["reset"].as_str().unwrap().parse().unwrap();
    let expires_at: DateTime<Utc> = told["expires_at"].as_str().unwrap().parse().unwrap();
    let (tenant, user) = (TenantId(session.tenant), UserId(session.user));
    let ticket = ResetTicket { tenant, user, reset: ResetId(reset), expires_at };
    app.service.state.app.tokens.reset(&ticket).expose_secret().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_in_exchange_for_the_present_one_and_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let elsewhere = app.sign_in(&owner.subdomain, &owner.email).await;
    change(&app, &owner, "another horse battery", NEW).await.expect_problem(403, "wrong_password");
    log_in(&app, &owner, NEW).await.expect_problem(401, "invalid_credentials");
    change(&app, &owner, PASSWORD, NEW).await.expect(204);
    app.get(&owner, "/auth/me").await.expect(200);
    app.get(&elsewhere, "/auth/me").await.expect_problem(401, "invalid_token");
    log_in(&app, &owner, PASSWORD).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &owner, NEW).await.expect(200);
    let changed = app.get(&owner, "/audit/events?event_type=user.password_changed").await.expect(200);
    assert_eq!(changed["items"][0]["data"], json!({"by": "changed"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sessions_go_on_where_that_is_wanted() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let elsewhere = app.sign_in(&owner.subdomain, &owner.email).await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW, "keep_other_sessions": true});
    app.put(&owner, "/auth/password", body).await.expect(204);
    app.get(&elsewhere, "/auth/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_once_by_the_newest_link() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    ask(&app, &owner.email).await.expect(202);
    let first = token_of(&app, &owner, &resets(&app, &owner, 1).await[0]);
    ask(&app, &owner.email).await.expect(202);
    let second = token_of(&app, &owner, &resets(&app, &owner, 2).await[0]);
    confirm(&app, &first, NEW).await.expect_problem(403, "reset_invalid");
    confirm(&app, &format!("{second}x"), NEW).await.expect_problem(403, "reset_invalid");
    confirm(&app, &second, "short").await.expect_problem(422, "validation_failed");
    log_in(&app, &owner, PASSWORD).await.expect(200);
    confirm(&app, &second, NEW).await.expect(204);
    app.get(&owner, "/auth/me").await.expect_problem(401, "invalid_token");
    confirm(&app, &second, NEW).await.expect_problem(403, "reset_invalid");
    log_in(&app, &owner, PASSWORD).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &owner, NEW).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_an_open_link() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    ask(&app, &owner.email).await.expect(202);
    let token = token_of(&app, &owner, &resets(&app, &owner, 1).await[0]);
    change(&app, &owner, PASSWORD, NEW).await.expect(204);
    confirm(&app, &token, "nine cellos in a barn").await.expect_problem(403, "reset_invalid");
    log_in(&app, &owner, NEW).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_link_tells_nobody_who_is_there() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let (known, unknown) = (ask(&app, &owner.email).await, ask(&app, "nobody@nowhere.example").await);
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!((known.status.as_u16(), &known.body), (202, &json!({})));
    resets(&app, &owner, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_several_organisations_gets_a_link_for_each_or_for_the_one_it_names() {
    let app = TestApp::start().await;
    let (one, two) = (app.sign_up("basic").await, app.sign_up("basic").await);
    let email = "grace@both.example";
    for owner in [&one, &two] {
        let invited = app.post(owner, "/tenants/users/invite", json!({"email": email, "role": "member"}));
        let token = invited.await.expect(201)["invitation_token"].clone();
        let body =
            json!({"email": email, "password": PASSWORD, "full_name": "Grace", "invitation_token": token});
        app.post_anonymous("/auth/register", body).await.expect(201);
    }
    ask(&app, email).await.expect(202);
    resets(&app, &one, 1).await;
    resets(&app, &two, 1).await;
    let body = json!({"email": email, "tenant_subdomain": two.subdomain});
    app.post_anonymous("/auth/password-reset", body).await.expect(202);
    resets(&app, &two, 2).await;
    assert_eq!(resets(&app, &one, 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_lets_a_user_reset_and_learns_nothing() {
    let app = TestApp::start().await;
    let owner = app.sign_up("professional").await;
    let admin = app.join(&owner, "admin", "admin").await;
    let member = app.join(&owner, "member", "member").await;
    let reset = |by: &Session, of: &Session| {
        let request = app.request(Method::POST, &format!("/tenants/users/{}/password-reset", of.user));
        app.send(request.bearer_auth(&by.token))
    };
    reset(&member, &admin).await.expect_problem(403, "forbidden");
    reset(&admin, &owner).await.expect_problem(403, "role_above_own");
    assert_eq!(reset(&admin, &member).await.expect(202), json!({}));
    log_in(&app, &member, PASSWORD).await.expect(200);
    let token = token_of(&app, &member, &resets(&app, &owner, 1).await[0]);
    confirm(&app, &token, NEW).await.expect(204);
    log_in(&app, &member, NEW).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_guessed_first_is_refused_wherever_a_password_is_chosen() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    ask(&app, &owner.email).await.expect(202);
    let token = token_of(&app, &owner, &resets(&app, &owner, 1).await[0]);
    let registered = |password: &str| {
        let body = json!({"email": "a@acme.example", "password": password, "full_name": "Ada Lovelace", "tenant_subdomain": "acme"});
        app.post_anonymous("/auth/register", body)
    };
    let acme = json!({"name": "Acme", "subdomain": "acme", "contact_email": "a@acme.example", "contact_name": "Ada"});
    app.post_anonymous("/tenants", acme).await.expect(201);
    let refused = |answer: Answer, field: &str, code: &str| {
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    };
    for bad in
        ["passwordpassword", "123456789012345", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaa", "acmeacmeacmeacme"]
    {
        refused(registered(bad).await, "/password", "too_common");
    }
    refused(registered("xK9#mQ2$vL7!pR").await, "/password", "too_short");
    refused(change(&app, &owner, PASSWORD, "passwordpassword").await, "/new_password", "too_common");
    refused(confirm(&app, &token, "passwordpassword").await, "/new_password", "too_common");
    registered("SecurePassword123").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_two_hundred_characters_counts() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let long: String = ('a'..='z').cycle().step_by(7).take(199).collect();
    change(&app, &owner, PASSWORD, &format!("{long}x")).await.expect(204);
    log_in(&app, &owner, &format!("{long}y")).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &owner, &long).await.expect_problem(401, "invalid_credentials");
    log_in(&app, &owner, &format!("{long}x")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_weaker_parameters_is_renewed_by_signing_in() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None).unwrap());
    let weak = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    let database = app.owner().await;
    let update = sqlx::query("update passwords set hash = $1");
    update.bind(weak).execute(&database).await.unwrap();
    log_in(&app, &owner, "another horse battery").await.expect_problem(401, "invalid_credentials");
    log_in(&app, &owner, PASSWORD).await.expect(200);
    let held: String = sqlx::query_scalar("select hash from passwords").fetch_one(&database).await.unwrap();
    assert!(held.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{held}");
    log_in(&app, &owner, PASSWORD).await.expect(200);
}

/// All that an answer shows but what differs with each request.
fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let varies = ["x-request-id", "date", "ratelimit-remaining", "ratelimit-reset"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .map(|(name, value)| (name.to_owned(), if varies.contains(&name) { "" } else { value }.to_owned()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status.as_u16(), headers, body)
}

/// Sign-ins that fail, each for another reason.
async fn failing(app: &TestApp) -> Vec<(&'static str, Value)> {
    let owner = app.sign_up("basic").await;
    let other = app.sign_up("basic").await;
    let gone = app.join(&owner, "gone", "member").await;
    app.delete(&owner, &format!("/tenants/users/{}", gone.user)).await.expect(204);
    let body = |email: &str, password: &str, subdomain: &str| json!({"email": email, "password": password, "tenant_subdomain": subdomain});
    vec![
        ("unknown address", body("nobody@nowhere.example", PASSWORD, &owner.subdomain)),
        ("wrong password", body(&owner.email, "another horse battery", &owner.subdomain)),
        ("no access any more", body(&gone.email, PASSWORD, &owner.subdomain)),
        ("another organisation", body(&owner.email, PASSWORD, &other.subdomain)),
        ("no such organisation", body(&owner.email, PASSWORD, "no-such-organisation")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_fails_does_not_say_why() {
    let app = TestApp::start().await;
    let failing = failing(&app).await;
    let mut seen = vec![];
    for (why, body) in &failing {
        let answer = app.post_anonymous("/auth/login", body.clone()).await;
        assert_eq!(answer.status, 401, "{why}: {}", answer.body);
        seen.push(shape(&answer));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_fails_takes_as_long_whatever_the_reason() {
    const SAMPLES: usize = 31;
    let app = TestApp::start().await;
    let failing = failing(&app).await;
    let mut times = vec![vec![]; failing.len()];
    // In turns, so that whatever else the machine does falls on all alike.
    for _ in 0..SAMPLES {
        for (at, (_, body)) in failing.iter().enumerate() {
            let begun = Instant::now();
            app.post_anonymous("/auth/login", body.clone()).await.expect(401);
            times[at].push(begun.elapsed());
        }
    }
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[SAMPLES / 2]
        })
        .collect();
    let told: Vec<_> = failing.iter().map(|(why, _)| why).zip(&medians).collect();
    eprintln!("medians: {told:?}");
    // The hash is nearly all of it; a path without one would take a small part, one with two twice as long.
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(most.as_secs_f64() < 1.5 * least.as_secs_f64(), "{told:?}");
}
