//! The published policy, `docs/roles.md`, is the one in force. `UPDATE_DOCS=1` writes the page anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use domain::{Permission, Permissions, Role};

const INTRODUCTION: &str = "\
# Roles

Who may do what in an organisation. This page is generated from `domain/src/policy.rs` by `domain/tests/policy.rs`,
which fails when the two differ; write it anew with `UPDATE_DOCS=1 cargo test -p domain --test policy`. `GET /api/v1/roles`
answers with the same table, `GET /api/v1/auth/me` with what the caller may do. The names of the permissions are also the
scopes of API keys; a key never allows more than its maker's role does at that moment.

A permission includes what it needs to be of use, which matters for API keys: a key made for `create_tasks` may read tasks.
Own things need no more than the right to create them: whoever created an agent or a task may change it.
";

const BOUND: &str = "
An API key that is bound to single agents has scopes of the last column only. `manage_agents` lets it change and terminate
its agents, not create others.
";

#[test]
fn the_published_policy_is_the_one_in_force() {
    let page = page();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/roles.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs/roles.md can be written");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == page, "docs/roles.md is out of date; UPDATE_DOCS=1 writes it anew:\n{page}");
}

#[test]
fn an_auditor_changes_nothing_and_reads_what_an_owner_reads() {
    for permission in Permission::ALL {
        let reads = permission.as_str().starts_with("read_");
        assert_eq!(Role::Auditor.may(permission), reads, "{permission:?}");
        assert!(Role::Owner.may(permission), "{permission:?}");
    }
}

#[test]
fn every_role_is_granted_what_its_permissions_include() {
    for role in Role::ALL {
        for permission in Permission::ALL.into_iter().filter(|permission| role.may(*permission)) {
            for included in permission.includes() {
                assert!(role.may(*included), "{role:?}: {permission:?} includes {included:?}");
                // So one step is enough to know all that a permission grants.
                assert!(included.includes().iter().all(|further| permission.includes().contains(further)));
            }
        }
    }
    let scopes = Permissions::from_iter([Permission::ManageTasks]);
    let granted = Permission::ALL.into_iter().filter(|permission| scopes.grants(*permission));
    assert!(granted.eq([Permission::ReadTasks, Permission::CreateTasks, Permission::ManageTasks]));
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| Role | |\n|---|---|\n");
    for role in Role::ALL {
        writeln!(page, "| `{}` | {} |", role.as_str(), role.meaning()).expect("a line");
    }
    page.push_str(BOUND);
    let names = Role::ALL.map(Role::as_str).join(" | ");
    write!(
        page,
        "\n| Permission | {names} | | includes | single agents |\n|---|{}---|---|:---:|\n",
        ":---:|".repeat(Role::ALL.len())
    )
    .expect("a line");
    for permission in Permission::ALL {
        let marks = Role::ALL.map(|role| if role.may(permission) { "yes" } else { "" }).join(" | ");
        let included: Vec<_> =
            permission.includes().iter().map(|one| format!("`{}`", one.as_str())).collect();
        let (name, meaning, included) = (permission.as_str(), permission.meaning(), included.join(", "));
        let single = if permission.is_of_single_agents() { "yes" } else { "" };
        writeln!(page, "| `{name}` | {marks} | {meaning} | {included} | {single} |").expect("a line");
    }
    page
}
