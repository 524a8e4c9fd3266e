//! Given events, when a command, then events or a refusal.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::UserCommand as C;
use super::UserEvent as E;
use super::UserRefusal as R;
use super::{SignInFailure, User, UserCommand, UserEvent};
use crate::document::Document;
use crate::id::{SessionId, UserId};
use crate::personal::Personal;
use crate::policy::Role;
use crate::refusal::{Refusal, RefusalKind};

const ID: Uuid = Uuid::from_u128(2);
const SESSION: SessionId = SessionId(Uuid::from_u128(3));
const WRONG: SignInFailure = SignInFailure::WrongPassword;

#[test]
fn every_order_is_answered_in_every_stage() {
    let yes = |event| Ok(vec![event]);
    let no = |refusal| Err::<Vec<UserEvent>, _>(refusal);
    let signed_in = E::SignedIn { session: SESSION };
    let signed_out = E::SignedOut { session: SESSION };
    let refused = E::SignInFailed { failure: WRONG };
    let promoted = E::RoleChanged { from: Role::Member, to: Role::Admin };
    let gone = E::Deactivated { role: Role::Member };
    let back = E::Reactivated { role: Role::Member };
    #[rustfmt::skip]
    let table = [
        //                                 absent               invited                      withdrawn            active                  inactive
        (register(),                       [yes(registered()),  no(R::AlreadyExists),        no(R::AlreadyExists), no(R::AlreadyExists),  no(R::AlreadyExists)]),
        (invite(),                         [yes(invited()),     no(R::AlreadyExists),        no(R::AlreadyExists), no(R::AlreadyExists),  no(R::AlreadyExists)]),
        (accept(),                         [no(R::Absent),      yes(accepted()),             no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (C::RevokeInvitation,              [no(R::Absent),      yes(E::InvitationRevoked {}),no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (rename("Bob"),                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(renamed("Bob")),   no(R::NotActive)]),
        (C::ChangeRole { role: Role::Admin },[no(R::Absent),    no(R::NotActive),            no(R::Absent),        yes(promoted),         no(R::NotActive)]),
        (C::Deactivate,                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(gone),             no(R::NotActive)]),
        (C::Reactivate,                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        no(R::AlreadyActive),  yes(back)]),
        (C::SignIn { session: SESSION },   [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(signed_in),        no(R::NotActive)]),
        (C::FailSignIn { failure: WRONG }, [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(refused.clone()),  yes(refused)]),
        (C::SignOut { session: SESSION },  [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(signed_out),       no(R::NotActive)]),
    ];
    for (order, answers) in table {
        for (history, answer) in histories().into_iter().zip(answers) {
            let given = format!("given {history:?}, when {order:?}");
            assert_eq!(user(history).when(order.clone()).inspect_result(), answer, "{given}");
        }
    }
}

#[test]
fn an_invitation_may_leave_the_name_open() {
    user(vec![])
        .when(C::Invite {
            user: UserId(ID),
            email: "ada@acme.org".parse().unwrap(),
            full_name: None,
            role: Role::Admin,
        })
        .then_expect_events(vec![E::Invited {
            email: Personal::new(ID, "ada@acme.org".parse().unwrap()),
            full_name: None,
            role: Role::Admin,
        }]);
}

#[test]
fn an_invited_user_joins_with_the_role_offered_and_the_name_given() {
    let mut user = state(vec![invited()]);
    assert_eq!((user.active_role(), user.role()), (None, Some(Role::Member)));
    user.evolve(accepted());
    assert_eq!(user.active_role(), Some(Role::Member));
    let same_name = user.decide(rename("Ada King")).unwrap();
    assert_eq!(same_name, vec![]);
}

#[test]
fn the_profile_is_sealed_under_the_users_own_id() {
    let preferences = Document::parse(r#"{"theme":"dark"}"#).unwrap();
    user(vec![registered()])
        .when(C::ChangeProfile {
            full_name: Some("Ada".parse().unwrap()),
            preferences: Some(preferences.clone()),
        })
        .then_expect_events(vec![E::ProfileChanged {
            full_name: None,
            preferences: Some(Personal::new(ID, preferences)),
        }]);
}

#[test]
fn changing_to_what_it_is_already_changes_nothing() {
    let preferences = Document::parse(r#"{"theme":"dark"}"#).unwrap();
    let history = vec![
        registered(),
        E::ProfileChanged { full_name: None, preferences: Some(Personal::new(ID, preferences.clone())) },
    ];
    for order in [
        C::ChangeProfile { full_name: None, preferences: None },
        C::ChangeProfile { full_name: Some("Ada".parse().unwrap()), preferences: Some(preferences) },
        C::ChangeRole { role: Role::Member },
    ] {
        user(history.clone()).when(order).then_expect_events(vec![]);
    }
}

#[test]
fn a_reactivated_user_has_the_role_of_before() {
    let promoted = E::RoleChanged { from: Role::Member, to: Role::Owner };
    user(vec![registered(), promoted, E::Deactivated { role: Role::Owner }])
        .when(C::Reactivate)
        .then_expect_events(vec![E::Reactivated { role: Role::Owner }]);
}

#[test]
fn an_inactive_user_has_a_role_but_not_an_active_one() {
    let user = state(vec![registered(), E::Deactivated { role: Role::Member }]);
    assert_eq!((user.active_role(), user.role()), (None, Some(Role::Member)));
}

#[test]
fn signing_in_and_out_changes_no_state() {
    let mut user = state(vec![registered()]);
    let before = user.clone();
    user.evolve(E::SignedIn { session: SESSION });
    user.evolve(E::SignInFailed { failure: WRONG });
    user.evolve(E::SignedOut { session: SESSION });
    assert_eq!(user, before);
}

#[test]
fn an_event_that_does_not_fit_the_stage_is_passed_over() {
    for (history, event) in [
        (vec![], accepted()),
        (vec![registered()], registered()),
        (vec![registered()], E::InvitationRevoked {}),
        (vec![invited()], E::Deactivated { role: Role::Member }),
        (vec![invited(), E::InvitationRevoked {}], accepted()),
    ] {
        let mut user = state(history);
        let before = user.clone();
        user.evolve(event);
        assert_eq!(user, before);
    }
}

#[test]
fn every_refusal_has_its_kind_and_code() {
    let table = [
        (R::Absent, RefusalKind::NotFound, "not_found"),
        (R::AlreadyExists, RefusalKind::WrongStage, "user.already_exists"),
        (R::NotInvited, RefusalKind::WrongStage, "user.not_invited"),
        (R::NotActive, RefusalKind::WrongStage, "user.not_active"),
        (R::AlreadyActive, RefusalKind::WrongStage, "user.already_active"),
    ];
    for (refusal, kind, code) in table {
        assert_eq!((refusal.kind(), refusal.code()), (kind, code));
    }
}

fn user(history: Vec<UserEvent>) -> AggregateTestExecutor<User> {
    TestFramework::with(()).given(history)
}

fn state(history: Vec<UserEvent>) -> User {
    let mut user = User::default();
    for event in history {
        user.evolve(event);
    }
    user
}

/// How a user comes to be absent, invited, withdrawn, active, inactive.
fn histories() -> [Vec<UserEvent>; 5] {
    [
        vec![],
        vec![invited()],
        vec![invited(), E::InvitationRevoked {}],
        vec![registered()],
        vec![registered(), E::Deactivated { role: Role::Member }],
    ]
}

fn register() -> UserCommand {
    C::Register {
        user: UserId(ID),
        email: "ada@acme.org".parse().unwrap(),
        full_name: "Ada".parse().unwrap(),
        role: Role::Member,
    }
}

fn registered() -> UserEvent {
    E::Registered {
        email: Personal::new(ID, "ada@acme.org".parse().unwrap()),
        full_name: Personal::new(ID, "Ada".parse().unwrap()),
        role: Role::Member,
    }
}

fn invite() -> UserCommand {
    C::Invite {
        user: UserId(ID),
        email: "ada@acme.org".parse().unwrap(),
        full_name: Some("Ada".parse().unwrap()),
        role: Role::Member,
    }
}

fn invited() -> UserEvent {
    E::Invited {
        email: Personal::new(ID, "ada@acme.org".parse().unwrap()),
        full_name: Some(Personal::new(ID, "Ada".parse().unwrap())),
        role: Role::Member,
    }
}

fn accept() -> UserCommand {
    C::AcceptInvitation { full_name: "Ada King".parse().unwrap() }
}

fn accepted() -> UserEvent {
    E::InvitationAccepted { full_name: Personal::new(ID, "Ada King".parse().unwrap()), role: Role::Member }
}

fn rename(name: &str) -> UserCommand {
    C::ChangeProfile { full_name: Some(name.parse().unwrap()), preferences: None }
}

fn renamed(name: &str) -> UserEvent {
    E::ProfileChanged { full_name: Some(Personal::new(ID, name.parse().unwrap())), preferences: None }
}
