//! Another master key takes the place of the one before while the service goes on.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use api::wire::embedded_options;
use application::ports::ProviderKeys;
use domain::TenantId;
use domain::tenant::Provider;
use infrastructure::crypto::{Secrets, SecretsError};
use infrastructure::embedded::{Durability, EmbeddedPostgres};
use infrastructure::postgres::PgProviderKeys;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

use crate::support::{PASSWORD, TestApp, settings};

const OLD: &str = "a-sealing-secret-for-tests-only-0123";
const NEW: &str = "another-sealing-secret-for-tests-4567";
const BOTH: [&str; 2] = [
    "--master-key=another-sealing-secret-for-tests-4567",
    "--master-key-previous=a-sealing-secret-for-tests-only-0123",
];
const SECRETS: u128 = 10_000;

/// A server of its own: the login of the service belongs to the whole server, and its password follows the master key.
struct Cluster {
    postgres: EmbeddedPostgres,
    folder: std::path::PathBuf,
}

impl Cluster {
    async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("agentcores-keys-{}", Uuid::new_v4().simple()));
        let storage = settings(&[&format!("--data-dir={}", folder.display())]).storage;
        let options = embedded_options(&storage, Durability::Throwaway);
        Self { postgres: EmbeddedPostgres::start(options).await.unwrap(), folder }
    }

    async fn service(&self, flags: &[&str]) -> TestApp {
        TestApp::start_on(self.postgres.owner(), flags).await
    }

    fn rotate(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agentcores"));
        command
            .args(["keys", "rotate"])
            .env("DATABASE_URL", self.postgres.url())
            .env("SECRET_KEY", "a-signing-secret-for-tests-only-0123")
            .env("AGENTCORES_MASTER_KEY", NEW)
            .env("AGENTCORES_MASTER_KEY_PREVIOUS", OLD)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn stop(self) {
        self.postgres.stop().await.unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn secrets(master: &str, previous: Option<&str>) -> Secrets {
    let signing = "a-signing-secret-for-tests-only-0123".to_owned().into();
    let secrets = Secrets::try_new(signing, master.to_owned().into()).unwrap();
    match previous {
        Some(previous) => secrets.with_previous_sealing(previous.to_owned().into()).unwrap(),
        None => secrets,
    }
}

fn tenant(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number))
}

fn provider() -> Provider {
    "openai".parse().unwrap()
}

fn text(number: u128) -> String {
    format!("sk-of-organisation-{number}")
}

/// A key of a provider for each of many organisations, sealed under the old master key.
async fn fill(database: &PgPool, keys: &PgProviderKeys) {
    let numbers: Vec<u128> = (0..SECRETS).collect();
    for chunk in numbers.chunks(500) {
        let seal = async |number: &u128| {
            let text = SecretString::from(text(*number));
            keys.seal(tenant(*number), &provider(), &text).await.unwrap().sealed
        };
        let sealed = futures::future::join_all(chunk.iter().map(seal)).await;
        sqlx::query(
            "insert into provider_keys (
                 tenant_id, provider, sealed, key_version, last4, set_by, version, created_at, updated_at
             )
             select t, 'openai', s, 1, 'last', t, 1, now(), now() from unnest($1::uuid[], $2::bytea[]) as n (t, s)",
        )
        .bind(chunk.iter().map(|number| tenant(*number).0).collect::<Vec<_>>())
        .bind(sealed)
        .execute(database)
        .await
        .unwrap();
    }
}

/// How many keys of organisations the new master key seals.
async fn done(database: &PgPool) -> i64 {
    let sql = "select count(*) from tenant_keys
               where master_key_id <> (select master_key_id from tenant_keys where tenant_id = $1)";
    sqlx::query_scalar(sql).bind(tenant(SECRETS - 1).0).fetch_one(database).await.unwrap()
}

/// Opens every secret again and again, remembering none; counts those that do not open.
async fn read_on(pool: PgPool, stop: Arc<AtomicBool>, read: Arc<AtomicU64>, failed: Arc<AtomicU64>) {
    let secrets = secrets(NEW, Some(OLD));
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let keys = PgProviderKeys::new(pool.clone(), &secrets);
        number = (number + 7) % SECRETS;
        let opened = keys.open(tenant(number), &provider()).await;
        let is_right = matches!(opened, Ok(Some(key)) if key.expose_secret() == text(number));
        read.fetch_add(1, Ordering::Relaxed);
        failed.fetch_add(u64::from(!is_right), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_secrets_move_to_another_master_key_although_the_rotation_is_killed() {
    let cluster = Cluster::start().await;
    let before = cluster.service(&[]).await;
    let owner = before.sign_up("basic").await;
    let body = json!({"name": "Agent", "agent_type": "echo"});
    let create = |app: &TestApp, key: &str| {
        let request = app.request(Method::POST, "/agents").bearer_auth(&owner.token);
        request.header("Idempotency-Key", key).json(&body)
    };
    let answered = before.send(create(&before, "answered")).await.expect(201);
    let lost = before.send(create(&before, "lost")).await.expect(201);
    let database = before.owner().await;
    sqlx::query("update idempotency_keys set answer = null where key = 'lost'")
        .execute(&database)
        .await
        .unwrap();
    // A person from before fingerprints were kept.
    let sql = "update personal_keys set master_key_id = null where subject_id = $1";
    sqlx::query(sql).bind(owner.user).execute(&database).await.unwrap();
    let writer = before.service.state.database.writer();
    fill(&database, &PgProviderKeys::new(writer, &secrets(OLD, None))).await;

    // The service goes on with both, under a login whose password is another one now.
    before.service.stop().await;
    let between = cluster.service(&BOTH).await;
    let (stop, read, failed) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
    let reader = read_on(between.service.state.database.writer(), stop.clone(), read.clone(), failed.clone());
    let reading = tokio::spawn(reader);
    assert_eq!(between.send(create(&between, "answered")).await.expect(201), answered);
    assert_eq!(between.send(create(&between, "lost")).await.expect(201)["id"], lost["id"]);
    let newcomer = between.join(&owner, "newcomer", "member").await;

    let mut rotation = cluster.rotate().spawn().unwrap();
    let mut progress = BufReader::new(rotation.stderr.take().unwrap()).lines();
    while let Some(line) = progress.next_line().await.unwrap() {
        if line.contains("tenant_keys") {
            break;
        }
    }
    rotation.kill().await.unwrap();
    let moved = done(&database).await;
    assert!((1..10_000).contains(&moved), "{moved} before it was killed");

    let output = cluster.rotate().output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("keys were sealed anew"), "{told}");
    let ids = "select count(distinct master_key_id) from (
                   select master_key_id from tenant_keys union all select coalesce(master_key_id, '') from personal_keys
               ) k";
    let kinds: i64 = sqlx::query_scalar(ids).fetch_one(&database).await.unwrap();
    assert_eq!(kinds, 1, "all under one master key");
    let again = cluster.rotate().output().await.unwrap();
    assert!(String::from_utf8(again.stdout).unwrap().starts_with("0 keys"));

    stop.store(true, Ordering::Relaxed);
    reading.await.unwrap();
    let (read, failed) = (read.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    assert!(read > 100 && failed == 0, "{failed} of {read} did not open");
    between.service.stop().await;

    // The new one alone opens everything, and the old one nothing.
    let after = cluster.service(&[&format!("--master-key={NEW}")]).await;
    let pool = after.service.state.database.writer();
    let (new, old) = [NEW, OLD].map(|key| PgProviderKeys::new(pool.clone(), &secrets(key, None))).into();
    for number in 0..SECRETS {
        let key = new.open(tenant(number), &provider()).await.unwrap().unwrap();
        assert_eq!(key.expose_secret(), text(number));
    }
    for number in (0..SECRETS).step_by(1_000) {
        assert!(old.open(tenant(number), &provider()).await.is_err());
    }
    let owner = after.sign_in_with(&owner.subdomain, &owner.email, PASSWORD).await;
    let log = after
        .get(&owner, "/audit/events?event_type=user.registered,user.invitation_accepted")
        .await
        .expect(200);
    let texts = log["items"].to_string();
    assert!(texts.contains("John Doe") && texts.contains("newcomer") && !texts.contains("erased"), "{texts}");
    after.get(&newcomer, "/auth/me").await.expect(200);
    after.service.stop().await;
    cluster.stop().await;
}

#[test]
fn the_key_before_must_be_fit_and_no_other_secret() {
    let with = |previous: &str| secrets(NEW, None).with_previous_sealing(previous.to_owned().into()).err();
    assert_eq!(with(OLD), None);
    assert_eq!(with("short"), Some(SecretsError::TooShort("AGENTCORES_MASTER_KEY_PREVIOUS")));
    assert_eq!(with("a-signing-secret-for-tests-only-0123"), Some(SecretsError::Shared));
}
