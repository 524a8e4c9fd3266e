use domain::user::{SignInFailure, UserEvent};
use domain::{Document, Personal, Recorded, Role, SessionId, StreamId, UserId};
use uuid::Uuid;

use super::{UserStatus, Users};
use crate::testing::{TENANT, Table, at, recorded};

const USER: UserId = UserId(Uuid::from_u128(4));
const INVITER: UserId = UserId(Uuid::from_u128(6));
const SESSION: SessionId = SessionId(Uuid::from_u128(5));

fn events(first: i64, events: impl IntoIterator<Item = UserEvent>) -> Vec<Recorded> {
    recorded(StreamId::user(TENANT, USER), first, events)
}

fn invited() -> UserEvent {
    UserEvent::Invited {
        email: Personal::new(USER.0, "bob@acme.example".parse().unwrap()),
        full_name: None,
        role: Role::Member,
        expires_at: Some(at(99)),
        invited_by: Some(INVITER),
        issue: Some(1),
    }
}

fn accepted() -> UserEvent {
    UserEvent::InvitationAccepted {
        full_name: Personal::new(USER.0, "Bob".parse().unwrap()),
        role: Role::Member,
    }
}

#[test]
fn an_invited_user_is_listed_without_access() {
    let table = Table::<Users>::new().apply(&events(1, [invited()]));
    assert_eq!(
        serde_json::to_string(table.row()).unwrap(),
        concat!(
            r#"{"id":"00000000-0000-0000-0000-000000000004","tenant_id":"00000000-0000-0000-0000-000000000001","#,
            r#""email":"bob@acme.example","full_name":null,"role":"member","status":"invited","is_active":false,"#,
            r#""preferences":{},"last_login":null,"version":1,"#,
            r#""created_at":"1970-01-01T00:01:00Z","updated_at":"1970-01-01T00:01:00Z"}"#,
        )
    );
}

#[test]
fn a_revoked_invitation_is_gone() {
    let table = Table::<Users>::new().apply(&events(1, [invited()]));
    assert!(table.apply(&events(2, [UserEvent::InvitationRevoked {}])).0.is_empty());
}

#[test]
fn an_expired_invitation_that_made_room_is_gone() {
    let table = Table::<Users>::new().apply(&events(1, [invited()]));
    assert!(table.apply(&events(2, [UserEvent::InvitationExpired {}])).0.is_empty());
}

#[test]
fn an_invitation_shows_who_vouches_for_it_and_its_end_until_it_is_accepted() {
    let held = |table: &Table<Users>| (table.row().invited_by, table.row().invitation_expires_at);
    let table = Table::<Users>::new().apply(&events(1, [invited()]));
    assert_eq!(held(&table), (Some(INVITER), Some(at(99))));
    let resent =
        UserEvent::InvitationResent { issue: 2, role: Role::Admin, expires_at: at(200), invited_by: USER };
    let table = table.apply(&events(2, [resent]));
    assert_eq!((held(&table), table.row().role), ((Some(USER), Some(at(200))), Role::Admin));
    assert_eq!(held(&table.apply(&events(3, [accepted()]))), (None, None));
}

#[test]
fn signing_in_failing_to_and_signing_out_count_and_only_the_first_is_a_login() {
    let failure = SignInFailure::WrongPassword;
    let table = Table::<Users>::new()
        .apply(&events(1, [invited(), accepted()]))
        .apply(&events(3, [UserEvent::SignedIn { session: SESSION, new_device: false }]))
        .apply(&events(4, [UserEvent::SignInFailed { failure }]))
        .apply(&events(5, [UserEvent::SignedOut { session: SESSION }]));
    let row = table.row();
    assert_eq!((row.last_login, row.version, row.updated_at), (Some(at(3)), 5, at(5)));
    assert_eq!(
        (row.status, row.is_active, row.full_name.as_deref()),
        (UserStatus::Active, true, Some("Bob"))
    );
}

#[test]
fn role_profile_and_access_change() {
    let changed = UserEvent::ProfileChanged {
        full_name: None,
        preferences: Some(Personal::new(USER.0, Document::parse(r#"{"theme":"dark"}"#).unwrap())),
    };
    let raised = UserEvent::RoleChanged { from: Role::Member, to: Role::Admin };
    let table = Table::<Users>::new().apply(&events(1, [invited(), accepted(), changed, raised]));
    let table = table.apply(&events(5, [UserEvent::Deactivated { role: Role::Admin }]));
    let row = table.row();
    assert_eq!((row.role, row.is_active, row.preferences.get()), (Role::Admin, false, r#"{"theme":"dark"}"#));
    let table = table.apply(&events(6, [UserEvent::Reactivated { role: Role::Admin }]));
    assert!(table.row().is_active);
}
