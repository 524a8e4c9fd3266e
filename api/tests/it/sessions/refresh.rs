//! Refreshing: each token works once, answers get lost, and thieves come.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{Pair, exchanged, me, refresh, revocations};
use crate::support::{Session, TestApp, fresh_database};

/// So many sessions of the user, put into the database as a sign-in does, each with its first tokens: signing in that
/// often would hash passwords for minutes.
async fn many_sessions(app: &TestApp, owner: &Session, count: usize) -> Vec<String> {
    let database = app.owner().await;
    let mut tokens = vec![];
    for _ in 0..count {
        let now = chrono::Utc::now();
        let fresh = app.service.state.app.tokens.refresh(now);
        sqlx::query(
            "with opened as (
                 insert into sessions (tenant_id, session_id, user_id, refresh_until, expires_at, device)
                 values ($1, $2, $3, $4, $4, '\\x00') returning tenant_id, session_id
             )
             insert into refresh_tokens (digest, tenant_id, session_id, generation, parent)
             select $5, tenant_id, session_id, 1, 0 from opened",
        )
        .bind(owner.tenant)
        .bind(Uuid::now_v7())
        .bind(owner.user)
        .bind(fresh.expires_at)
        .bind(fresh.digest.as_slice())
        .execute(&database)
        .await
        .unwrap();
        tokens.push(secrecy::ExposeSecret::expose_secret(&fresh.token).to_owned());
    }
    tokens
}

async fn count_open(database: &PgPool) -> i64 {
    let sql = "select count(*) from sessions where ended_at is null";
    sqlx::query(sql).fetch_one(database).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_access_tokens_go_on() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let first = Pair::first(&owner);
    let second = exchanged(&app, &first.refresh).await;
    let third = exchanged(&app, &second.refresh).await;
    for pair in [&first, &second, &third] {
        me(&app, &pair.access).await.expect(200);
    }
    // The refresh token of the successor was used: two hold the first one.
    refresh(&app, &first.refresh).await.expect_problem(401, "invalid_credentials");
    for pair in [&first, &second, &third] {
        me(&app, &pair.access).await;
        refresh(&app, &pair.refresh).await.expect_problem(401, "invalid_credentials");
    }
    let again = app.sign_in(&owner.subdomain, &owner.email).await;
    let ended = revocations(&app, &again).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["reason"], "token_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_whose_answer_was_lost_is_given_up_for_another() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let lost = exchanged(&app, &owner.refresh_token).await;
    let found = exchanged(&app, &owner.refresh_token).await;
    refresh(&app, &lost.refresh).await.expect_problem(401, "invalid_credentials");
    me(&app, &lost.access).await.expect_problem(401, "invalid_token");
    me(&app, &found.access).await.expect(200);
    me(&app, &owner.token).await.expect(200);
    let next = exchanged(&app, &found.refresh).await;
    me(&app, &lost.access).await.expect_problem(401, "invalid_token");
    me(&app, &next.access).await.expect(200);
    assert_eq!(revocations(&app, &owner).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_its_successors_access_token_gives_a_thief_away() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let next = exchanged(&app, &owner.refresh_token).await;
    me(&app, &next.access).await.expect(200);
    refresh(&app, &owner.refresh_token).await.expect_problem(401, "invalid_credentials");
    refresh(&app, &next.refresh).await.expect_problem(401, "invalid_credentials");
    let deadline = Instant::now() + Duration::from_secs(6);
    while me(&app, &next.access).await.status != 401 {
        assert!(Instant::now() < deadline, "the access token is good for more than 5 s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_lost_answers_none_ends_a_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let tokens = many_sessions(&app, &owner, 1_000).await;
    let database = app.owner().await;
    let before = count_open(&database).await;
    let losing = futures::stream::iter(tokens).map(async |token| {
        exchanged(&app, &token).await;
        let pair = exchanged(&app, &token).await;
        exchanged(&app, &pair.refresh).await
    });
    let kept: Vec<Pair> = losing.buffer_unordered(8).collect().await;
    assert_eq!((kept.len(), count_open(&database).await), (1_000, before));
    assert_eq!(revocations(&app, &owner).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_thefts_every_one_ends_its_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let tokens = many_sessions(&app, &owner, 1_000).await;
    let database = app.owner().await;
    let before = count_open(&database).await;
    let stealing = futures::stream::iter(tokens.into_iter().enumerate()).map(async |(nth, token)| {
        let next = exchanged(&app, &token).await;
        if nth % 2 == 0 {
            exchanged(&app, &next.refresh).await;
        } else {
            me(&app, &next.access).await.expect(200);
        }
        refresh(&app, &token).await.expect_problem(401, "invalid_credentials");
    });
    stealing.buffer_unordered(8).collect::<Vec<()>>().await;
    assert_eq!(count_open(&database).await, before - 1_000);
    let sql = "select count(*) from events where event_type = 'user.session_revoked'";
    let events: i64 = sqlx::query(sql).fetch_one(&database).await.unwrap().get(0);
    assert_eq!(events, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_refreshes_of_one_token_at_once_leave_one_successor_and_the_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let since = Instant::now();
    let answers = join_all((0..100).map(|_| refresh(&app, &owner.refresh_token))).await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let pairs: Vec<Pair> = answers.into_iter().map(|answer| Pair::of(&answer.expect(200))).collect();
    let mut good = 0;
    for pair in &pairs {
        good += usize::from(me(&app, &pair.access).await.status == 200);
    }
    assert_eq!(good, 1, "access tokens in force");
    let answers = join_all(pairs.iter().map(|pair| refresh(&app, &pair.refresh))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "refresh tokens in force");
    me(&app, &owner.token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reuse_seen_many_times_at_once_is_told_once() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let next = exchanged(&app, &owner.refresh_token).await;
    exchanged(&app, &next.refresh).await;
    for answer in join_all((0..20).map(|_| refresh(&app, &owner.refresh_token))).await {
        answer.expect_problem(401, "invalid_credentials");
    }
    let again = app.sign_in(&owner.subdomain, &owner.email).await;
    assert_eq!(revocations(&app, &again).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_at_once_on_two_nodes_leave_one_successor() {
    let database = fresh_database().await;
    let here = TestApp::start_on(database.clone(), &[]).await;
    let there = TestApp::start_on(database, &[]).await;
    let owner = here.sign_up("free").await;
    let nodes = [&here, &there];
    let answers = join_all((0..40).map(|nth| refresh(nodes[nth % 2], &owner.refresh_token))).await;
    let pairs: Vec<Pair> = answers.into_iter().map(|answer| Pair::of(&answer.expect(200))).collect();
    let answers = join_all(pairs.iter().map(|pair| refresh(&here, &pair.refresh))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_at_its_cap_however_fresh_its_tokens() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let next = exchanged(&app, &owner.refresh_token).await;
    let database = app.owner().await;
    let capped = "update sessions set expires_at = now(), refresh_until = now() where user_id = $1";
    sqlx::query(capped).bind(owner.user).execute(&database).await.unwrap();
    refresh(&app, &next.refresh).await.expect_problem(401, "invalid_credentials");
    me(&app, &next.access).await.expect_problem(401, "invalid_token");
    let days = "select extract(day from expires_at - opened_at)::bigint from sessions where user_id = $1
                order by opened_at desc limit 1";
    app.sign_in(&owner.subdomain, &owner.email).await;
    let days: i64 = sqlx::query(days).bind(owner.user).fetch_one(&database).await.unwrap().get(0);
    assert!((29..=30).contains(&days), "{days}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_access_refreshes_nothing_even_with_an_open_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    app.delete(&owner, &format!("/tenants/users/{}", member.user)).await.expect(204);
    let database = app.owner().await;
    let reopened = "update sessions set ended_at = null where user_id = $1";
    sqlx::query(reopened).bind(member.user).execute(&database).await.unwrap();
    refresh(&app, &member.refresh_token).await.expect_problem(401, "invalid_credentials");
    me(&app, &member.token).await.expect_problem(401, "invalid_token");
    app.suspend(&owner).await;
    refresh(&app, &owner.refresh_token).await.expect_problem(403, "tenant.suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused_alike() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let token = &owner.refresh_token;
    for bad in [&token[..token.len() - 1], &token.replace("acr_", "acs_"), "acr_", "x", owner.token.as_str()]
    {
        refresh(&app, bad).await.expect_problem(401, "invalid_credentials");
    }
    app.post_anonymous("/auth/refresh", json!({})).await.expect_problem(401, "invalid_credentials");
    refresh(&app, token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_forgotten_some_time_after_their_end() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let [ended, unused] = [
        app.sign_in(&owner.subdomain, &owner.email).await,
        app.sign_in(&owner.subdomain, &owner.email).await,
    ];
    let database = app.owner().await;
    let ids = [app.current_session(&ended).await, app.current_session(&unused).await];
    for (id, sql) in ids.iter().zip([
        "update sessions set ended_at = now() - interval '31 days' where session_id = $1::uuid",
        "update sessions set refresh_until = now() - interval '31 days' where session_id = $1::uuid",
    ]) {
        sqlx::query(sql).bind(id).execute(&database).await.unwrap();
    }
    let credentials = infrastructure::postgres::PgCredentials::new(app.service.state.database.writer());
    assert_eq!(credentials.forget_ended_sessions().await.unwrap(), 2);
    let tokens: i64 =
        sqlx::query("select count(*) from refresh_tokens").fetch_one(&database).await.unwrap().get(0);
    assert_eq!(tokens, 1);
    refresh(&app, &owner.refresh_token).await.expect(200);
}
