//! Sessions: what becomes of a refresh token that is used twice, in the body and in the cookie, and how sessions end.

mod cookies;
mod cost;
mod ends;
mod refresh;
mod tokens;

use serde_json::{Value, json};

use crate::support::{Answer, Session, TestApp};

/// A pair of tokens.
#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }

    fn first(session: &Session) -> Self {
        Self { access: session.token.clone(), refresh: session.refresh_token.clone() }
    }
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post_anonymous("/auth/refresh", json!({"refresh_token": token})).await
}

async fn exchanged(app: &TestApp, token: &str) -> Pair {
    Pair::of(&refresh(app, token).await.expect(200))
}

/// Who the access token speaks for, if for anyone.
async fn me(app: &TestApp, access: &str) -> Answer {
    app.send(app.request(reqwest::Method::GET, "/auth/me").bearer_auth(access)).await
}

/// The reasons for which sessions of the organisation were ended.
async fn revocations(app: &TestApp, session: &Session) -> Vec<Value> {
    let events =
        app.get(session, "/audit/events?event_type=user.session_revoked&limit=200").await.expect(200);
    events["items"].as_array().unwrap().iter().map(|event| event["data"].clone()).collect()
}
