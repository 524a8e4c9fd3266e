//! The refresh token in a cookie, for browsers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Session, TestApp};

const NAME: &str = "__Host-agentcores-refresh";

/// What the answer makes the browser keep: its cookie as sent back, and the attributes.
fn cookie(answer: &Answer) -> (String, String) {
    let (pair, attributes) = answer.header("set-cookie").split_once("; ").unwrap_or_default();
    (pair.to_owned(), attributes.to_owned())
}

async fn log_in(app: &TestApp, owner: &Session) -> Answer {
    let body = json!({
        "email": owner.email, "password": PASSWORD, "tenant_subdomain": owner.subdomain,
        "refresh_token_in": "cookie",
    });
    app.post_anonymous("/auth/login", body).await
}

/// As a page of the dashboard asks, with whatever body.
async fn refresh(app: &TestApp, cookie: &str, site: &str, body: Option<Value>) -> Answer {
    let request = app.request(Method::POST, "/auth/refresh");
    let request = request.header("cookie", cookie).header("sec-fetch-site", site);
    app.send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

/// Makes the last exchange of every session older than tabs may be apart.
async fn let_time_pass(app: &TestApp) {
    let sql = "update sessions set generation_at = generation_at - interval '4 seconds'";
    sqlx::query(sql).execute(&app.owner().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_goes_from_sign_in_to_sign_out_and_no_script_sees_it() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let answer = log_in(&app, &owner).await;
    let (first, attributes) = cookie(&answer);
    assert!(first.starts_with(&format!("{NAME}=acr_")), "{first}");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800");
    assert_eq!(answer.expect(200)["refresh_token"], Value::Null);

    let answer = refresh(&app, &format!("theme=dark; {first}"), "same-origin", None).await;
    let (second, _) = cookie(&answer);
    assert!(second.starts_with(&format!("{NAME}=acr_")) && second != first);
    let body = answer.expect(200);
    assert_eq!(body["refresh_token"], Value::Null);
    let answer = refresh(&app, &second, "same-origin", Some(json!({}))).await;
    let access = answer.expect(200)["access_token"].as_str().unwrap().to_owned();

    let answer = app.send(app.request(Method::POST, "/auth/logout").bearer_auth(&access)).await;
    assert_eq!(cookie(&answer).0, format!("{NAME}="));
    assert!(cookie(&answer).1.ends_with("Max-Age=0"));
    assert_eq!(answer.header("clear-site-data"), "\"cookies\", \"storage\"");
    answer.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_cannot_make_a_browser_refresh() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (kept, _) = cookie(&log_in(&app, &owner).await);
    for site in ["cross-site", "same-site", "none"] {
        let answer = refresh(&app, &kept, site, None).await;
        assert_eq!(answer.header("set-cookie"), "");
        answer.expect_problem(403, "cross_site");
    }
    let from = |origin: String| {
        let request = app.request(Method::POST, "/auth/refresh").header("cookie", &kept);
        app.send(request.header("origin", origin))
    };
    from("https://evil.example".to_owned()).await.expect_problem(403, "cross_site");
    from("null".to_owned()).await.expect_problem(403, "cross_site");
    let request = app.request(Method::POST, "/auth/refresh").header("cookie", &kept);
    app.send(request).await.expect_problem(403, "cross_site");
    from(format!("http://{}", app.address)).await.expect(200);
    // A token in the body is no browser's doing, and stays out of cookies.
    let answer = app.post_anonymous("/auth/refresh", json!({"refresh_token": owner.refresh_token})).await;
    assert_eq!(answer.header("set-cookie"), "");
    assert!(answer.expect(200)["refresh_token"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_comes_second_keeps_cookie_and_session() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (kept, _) = cookie(&log_in(&app, &owner).await);
    let tabs = (0..10).map(|_| refresh(&app, &kept, "same-origin", None));
    let answers = futures::future::join_all(tabs).await;
    let mut next = vec![];
    for answer in answers {
        if answer.status == 200 {
            next.push(cookie(&answer).0);
            // The tab that won goes on at once, while others still ask.
            let access = answer.body["access_token"].as_str().unwrap();
            app.send(app.request(Method::GET, "/auth/me").bearer_auth(access)).await.expect(200);
            continue;
        }
        assert_eq!(answer.header("set-cookie"), "");
        answer.expect_problem(409, "refresh_superseded");
    }
    assert_eq!(next.len(), 1);
    refresh(&app, &kept, "same-origin", None).await.expect_problem(409, "refresh_superseded");
    // The browser has the winner's cookie by now.
    refresh(&app, &next[0], "same-origin", None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_later_the_rules_are_those_of_any_refresh_token() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (kept, _) = cookie(&log_in(&app, &owner).await);
    refresh(&app, &kept, "same-origin", None).await.expect(200);
    let_time_pass(&app).await;
    // Nothing of it was used: its answer was lost.
    let found = refresh(&app, &kept, "same-origin", None).await.expect(200);
    let access = found["access_token"].as_str().unwrap();
    app.send(app.request(Method::GET, "/auth/me").bearer_auth(access)).await.expect(200);
    refresh(&app, &kept, "same-origin", None).await.expect_problem(409, "refresh_superseded");
    let_time_pass(&app).await;
    let stolen = refresh(&app, &kept, "same-origin", None).await;
    assert_eq!(stolen.header("set-cookie"), "");
    stolen.expect_problem(401, "invalid_credentials");
    let ended = super::revocations(&app, &owner).await;
    assert_eq!((ended.len(), &ended[0]["reason"]), (1, &json!("token_reused")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_its_cookie_again_and_nobody_elses() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (one, _) = cookie(&log_in(&app, &owner).await);
    let (two, _) = cookie(&log_in(&app, &owner).await);
    let ask = |kept: &str| {
        let request = app.request(Method::POST, "/auth/refresh").header("cookie", kept);
        app.send(request.header("sec-fetch-site", "same-origin").header("Idempotency-Key", "1"))
    };
    let first = ask(&one).await;
    let again = ask(&one).await;
    assert_eq!((cookie(&again), &again.body), (cookie(&first), &first.body));
    ask(&two).await.expect_problem(422, "idempotency_key_reused");
}
