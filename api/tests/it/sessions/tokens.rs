//! Access tokens that are not ours, over HTTP.

use infrastructure::crypto::Purpose;
use jsonwebtoken::Algorithm;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::json;

use crate::support::{TestApp, fresh_database, settings};

#[path = "../../../../infrastructure/src/crypto/access/forgeries.rs"]
mod forgeries;

#[tokio::test(flavor = "multi_thread")]
async fn every_forged_token_is_answered_with_401() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let settings = settings(&[]);
    let secrets = settings.storage.secrets(settings.environment).unwrap();
    let forger =
        forgeries::Forger::new(&owner.token, Algorithm::HS256, secrets.derive(Purpose::AccessTokens));
    for (_, token) in forger.laid_out() {
        super::me(&app, &token).await.expect(200);
    }
    let invitation =
        app.post(&owner, "/tenants/users/invite", json!({"email": "a@b.example", "role": "member"}));
    let invitation = invitation.await.expect(201)["invitation_token"].as_str().unwrap().to_owned();
    let others =
        [owner.refresh_token.clone(), invitation].map(|token| ("another purpose's".to_owned(), token));
    for (what, token) in forger.all().into_iter().chain(others) {
        let request = app.request(Method::GET, "/auth/me");
        let request =
            request.header(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
        let answer = app.send(request).await;
        // A head that is too large is not even looked at.
        let expected = if token.len() > 16 * 1024 { 431 } else { 401 };
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_algorithms_change_without_signing_anybody_out() {
    let database = fresh_database().await;
    let old = TestApp::start_on(database.clone(), &["--algorithm=EdDSA"]).await;
    let owner = old.sign_up("free").await;
    let one = old.send(old.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    let changed = [
        "--algorithm=EdDSA",
        "--secret-key=another-signing-secret-for-tests-0123",
        "--secret-key-previous=a-signing-secret-for-tests-only-0123",
    ];
    let new = TestApp::start_on(database.clone(), &changed).await;
    super::me(&new, &owner.token).await.expect(200);
    let two = new.send(new.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    assert_eq!((one["keys"].as_array().unwrap().len(), &two["keys"][1]), (1, &one["keys"][0]));
    assert_eq!((&two["keys"][0]["crv"], &two["keys"][0]["alg"]), (&json!("Ed25519"), &json!("EdDSA")));
    let forgotten = TestApp::start_on(database.clone(), &changed[..2]).await;
    super::me(&forgotten, &owner.token).await.expect_problem(401, "invalid_token");
    // With another algorithm access tokens end, and the session goes on.
    let shared = TestApp::start_on(database, &changed[1..]).await;
    super::me(&shared, &owner.token).await.expect_problem(401, "invalid_token");
    let next = super::exchanged(&shared, &owner.refresh_token).await;
    super::me(&shared, &next.access).await.expect(200);
    let none = shared.send(shared.request(Method::GET, "/.well-known/jwks.json")).await;
    assert_eq!(none.expect(200), json!({"keys": []}));
}
