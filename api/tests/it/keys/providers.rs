//! Keys of model providers are kept sealed, each for its place, and never come out again.

use application::ports::{ProviderKeys, Unavailable};
use domain::TenantId;
use infrastructure::crypto::Secrets;
use infrastructure::postgres::PgProviderKeys;
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Session, TestApp, settings};

async fn set(app: &TestApp, by: &Session, provider: &str, key: &str) {
    app.post(by, "/provider-keys", json!({"provider": provider, "key": key})).await.expect(201);
}

/// What a service that has opened nothing yet finds.
async fn open(app: &TestApp, tenant: &Session, provider: &str) -> Result<Option<String>, Unavailable> {
    let settings = settings(&[]);
    let secrets: Secrets = settings.storage.secrets(settings.environment).unwrap();
    let keys = PgProviderKeys::new(app.service.state.database.writer(), &secrets);
    let found = keys.open(TenantId(tenant.tenant), &provider.parse().unwrap()).await?;
    Ok(found.map(|key| key.expose_secret().to_owned()))
}

async fn change(database: &PgPool, sql: &str) {
    sqlx::query(sql).execute(database).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_set_is_there_for_the_provider_and_shown_to_nobody() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let member = app.join(&owner, "member", "member").await;
    let body = json!({"provider": "openai", "key": "sk-first-1111"});
    let answer = app.post(&owner, "/provider-keys", body).await;
    assert_eq!((answer.header("location"), answer.header("etag")), ("/api/v1/provider-keys/openai", "\"1\""));
    let row = answer.expect(201);
    assert_eq!(
        (&row["last4"], &row["set_by"], &row["version"]),
        (&json!("1111"), &json!(owner.user), &json!(1))
    );
    assert_eq!(app.get(&owner, "/provider-keys/openai").await.expect(200), row);
    assert_eq!(app.get(&owner, "/provider-keys").await.expect(200)["items"], json!([row]));
    app.get(&member, "/provider-keys").await.expect_problem(403, "forbidden");
    assert_eq!(open(&app, &owner, "openai").await, Ok(Some("sk-first-1111".to_owned())));
    assert_eq!(open(&app, &owner, "other").await, Ok(None));

    set(&app, &owner, "openai", "sk-second-2222").await;
    let row = app.get(&owner, "/provider-keys/openai").await.expect(200);
    assert_eq!((&row["last4"], &row["version"]), (&json!("2222"), &json!(2)));
    assert_eq!(open(&app, &owner, "openai").await, Ok(Some("sk-second-2222".to_owned())));

    app.delete(&owner, "/provider-keys/openai").await.expect(204);
    app.delete(&owner, "/provider-keys/openai").await.expect_problem(404, "not_found");
    app.get(&owner, "/provider-keys/openai").await.expect_problem(404, "not_found");
    assert_eq!(open(&app, &owner, "openai").await, Ok(None));
    let log =
        app.get(&owner, "/audit/events?event_type=tenant.provider_key_set,tenant.provider_key_removed").await;
    let log = log.expect(200);
    assert_eq!(log["total"], 3);
    assert_eq!(log["items"][0]["data"], json!({"provider": "openai"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_to_another_place_does_not_open() {
    let app = TestApp::start().await;
    let (one, two) = (app.sign_up("basic").await, app.sign_up("basic").await);
    set(&app, &one, "openai", "sk-one-openai").await;
    set(&app, &one, "claude", "sk-one-claude").await;
    set(&app, &two, "openai", "sk-two-openai").await;
    let database = app.owner().await;
    let (first, second) = (one.tenant, two.tenant);
    for table in ["provider_keys", "tenant_keys"] {
        change(&database, &format!("create table kept_{table} as select * from {table}")).await;
    }
    let sealed_of = |tenant: &uuid::Uuid, provider: &str| {
        format!(
            "(select sealed from kept_provider_keys where tenant_id = '{tenant}' and provider = '{provider}')"
        )
    };
    let here = format!("where tenant_id = '{first}'");
    let this = format!("{here} and provider = 'openai'");
    let moves = [
        ("another row", format!("update provider_keys set sealed = {} {this}", sealed_of(&first, "claude"))),
        ("another tenant", format!("update provider_keys set sealed = {} {this}", sealed_of(&second, "openai"))),
        (
            "another purpose",
            format!(
                "update provider_keys set sealed = (select wrapped from kept_tenant_keys {here}) {this}"
            ),
        ),
        ("another version", format!("update provider_keys set key_version = 2 {this}")),
        (
            "the data key of another tenant",
            format!(
                "update tenant_keys set wrapped =
                     (select wrapped from kept_tenant_keys where tenant_id = '{second}') {here}"
            ),
        ),
        (
            "a person's key as the data key",
            format!(
                "update tenant_keys set wrapped =
                     (select wrapped from personal_keys {here} limit 1) {here}"
            ),
        ),
        (
            "the data key in another version",
            format!(
                "insert into tenant_keys select tenant_id, 2, wrapped, master_key_id from kept_tenant_keys {here};
                 update provider_keys set key_version = 2 {this}"
            ),
        ),
        ("a changed byte", format!("update provider_keys set sealed = set_byte(sealed, 30, 1 - get_byte(sealed, 30) % 2) {this}")),
    ];
    for (what, sql) in moves {
        assert_eq!(open(&app, &one, "openai").await, Ok(Some("sk-one-openai".to_owned())), "before {what}");
        sqlx::raw_sql(&sql).execute(&database).await.unwrap();
        assert_eq!(open(&app, &one, "openai").await, Err(Unavailable), "{what}");
        let back =
            "delete from tenant_keys where version = 2;
             update tenant_keys k set wrapped = o.wrapped from kept_tenant_keys o where o.tenant_id = k.tenant_id;
             update provider_keys k set sealed = o.sealed, key_version = o.key_version
             from kept_provider_keys o where o.tenant_id = k.tenant_id and o.provider = k.provider";
        sqlx::raw_sql(back).execute(&database).await.unwrap();
    }
    assert_eq!(open(&app, &one, "openai").await, Ok(Some("sk-one-openai".to_owned())));
    assert_eq!(open(&app, &two, "openai").await, Ok(Some("sk-two-openai".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_keys_at_once_all_open() {
    let app = TestApp::start().await;
    let owner = app.sign_up("basic").await;
    let state = &app.service.state.app;
    let tenant = TenantId(owner.tenant);
    let seal = async |number: usize| {
        let text = format!("sk-of-provider-{number}");
        state.provider_keys.seal(tenant, &format!("p{number}").parse().unwrap(), &text.into()).await.unwrap()
    };
    futures::future::join_all((0..16).map(seal)).await;
    let database = app.owner().await;
    let keys: i64 =
        sqlx::query_scalar("select count(*) from tenant_keys").fetch_one(&database).await.unwrap();
    assert_eq!(keys, 1);
    set(&app, &owner, "p1", "sk-of-provider-1").await;
    assert_eq!(open(&app, &owner, "p1").await, Ok(Some("sk-of-provider-1".to_owned())));
}
