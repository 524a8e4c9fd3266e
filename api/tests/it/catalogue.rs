//! What the database's own catalogue must say.

use sqlx::PgPool;

use crate::scene::Scene;
use crate::support::TestApp;

async fn names(owner: &PgPool, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(owner).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_begin_with_the_organisation_so_that_none_tells_of_anothers_rows() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let sql = "
        select i.relname::text
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        join pg_class c on c.oid = x.indrelid
        join pg_attribute first on first.attrelid = c.oid and first.attnum = x.indkey[0]
        where x.indisunique and c.relnamespace = 'public'::regnamespace
          and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
          and first.attname <> 'tenant_id'
        order by 1";
    // By what is unguessable, or made of the organisation; by the organisation under another name; or what is the same for
    // all of them on purpose: subdomains are, and are found under the scope of nobody.
    let others =
        ["api_keys_digest", "idempotency_keys_key", "mails_key", "refresh_tokens_key", "unique_keys_key"];
    assert_eq!(names(&owner, sql).await, others);
    let foreign = "
        select f.conname::text from pg_constraint f
        where f.contype = 'f' and f.connamespace = 'public'::regnamespace
          and not exists (
              select from pg_attribute a
              where a.attrelid = f.conrelid and a.attnum = any (f.conkey) and a.attname = 'tenant_id'
          )";
    assert_eq!(names(&owner, foreign).await, [""; 0], "a foreign key that leaves the organisation out");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function_works_with_the_rights_of_its_owner_and_not_for_everybody() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let own = "p.pronamespace = 'public'::regnamespace";
    let sql = format!("select p.proname::text from pg_proc p where p.prosecdef and {own}");
    assert_eq!(names(&owner, &sql).await, ["applied_migrations"]);
    let sql = format!(
        "select p.proname::text from pg_proc p
         where p.prosecdef and {own}
           and (p.proconfig is null or not exists (select from unnest(p.proconfig) c where c = 'search_path=pg_catalog, pg_temp')
                or has_function_privilege('public', p.oid, 'execute'))"
    );
    assert_eq!(names(&owner, &sql).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stored_hash_of_a_password_has_the_parameters_that_are_promised() {
    let app = TestApp::start().await;
    Scene::set(&app).await;
    let hashes = names(&app.owner().await, "select hash from passwords").await;
    assert!(hashes.len() > 1);
    for hash in hashes {
        let parts: Vec<&str> = hash.split('$').collect();
        let number = |name: &str| -> u32 {
            let found = parts[3].split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.unwrap().parse().unwrap()
        };
        assert_eq!((parts[1], parts[2]), ("argon2id", "v=19"));
        assert!(number("m") >= 47_104 && number("t") >= 1 && number("p") >= 1, "{}", parts[3]);
    }
}
