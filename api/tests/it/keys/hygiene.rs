//! No secret stands where it does not belong.

use std::path::Path;

use infrastructure::crypto::Purpose;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, dump};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_key() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let mut secrets = vec![];
    for number in 0..50 {
        let ask = async |path: &str, body| {
            let request = app.request(Method::POST, path).bearer_auth(&owner.token);
            let request = request.header("Idempotency-Key", format!("{path}-{number}")).json(&body);
            app.send(request).await.expect(201)
        };
        let made = ask("/api-keys", json!({"name": "Key", "scopes": ["read_agents"]})).await;
        secrets.push(made["secret"].as_str().unwrap().to_owned());
        let key = format!("sk-{}", uuid::Uuid::new_v4().simple());
        ask("/provider-keys", json!({"provider": format!("p-{number}"), "key": key})).await;
        secrets.push(key);
    }
    let dump = dump(&app.owner().await).await;
    // What is looked for would be found.
    assert!(dump.contains("tenant.api_key_created") && dump.contains(&secrets[0][..12]));
    for secret in &secrets {
        for form in [secret.clone(), secret[8..].to_owned(), hex::encode(secret), hex::encode(&secret[8..])] {
            assert!(!dump.contains(&form), "{form}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reading_role_sees_neither_digests_nor_what_is_sealed() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    app.api_key(&owner, &["read_agents"]).await;
    let tenant = domain::TenantId(owner.tenant);
    for (sql, is_allowed) in [
        ("select count(id) from api_keys", true),
        ("select digest from api_keys", false),
        ("select count(provider) from provider_keys", true),
        ("select sealed from provider_keys", false),
        ("select wrapped from tenant_keys", false),
    ] {
        let reader = app.service.state.database.reader();
        let read =
            reader.read(tenant, move |conn| Box::pin(async move { sqlx::query(sql).fetch_all(conn).await }));
        assert_eq!(read.await.is_ok(), is_allowed, "{sql}");
    }
}

#[test]
fn the_inventory_of_keys_lists_every_key_that_is_derived() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SECURITY-KEYS.md");
    let inventory = std::fs::read_to_string(path).unwrap();
    for purpose in Purpose::ALL {
        let listed = inventory.matches(&format!("`{}`", purpose.label())).count();
        assert_eq!(listed, 1, "{purpose:?} belongs into docs/SECURITY-KEYS.md, once, by its label");
    }
    let rows = inventory.lines().filter(|line| line.starts_with("| `agentcores ")).count();
    assert_eq!(rows, Purpose::ALL.len(), "a key that is no longer derived");
}
