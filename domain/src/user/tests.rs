//! Given events, when a command, then events or a refusal.

use chrono::{DateTime, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::UserCommand as C;
use super::UserEvent as E;
use super::UserRefusal as R;
use super::{
    INVITATION_LIFE, Link, PasswordChange, SessionRevocation, SignInFailure, User, UserCommand, UserEvent,
};
use crate::document::Document;
use crate::id::{ResetId, SessionId, UserId};
use crate::personal::Personal;
use crate::policy::Role;
use crate::refusal::{Refusal, RefusalKind};

const ID: Uuid = Uuid::from_u128(2);
const SESSION: SessionId = SessionId(Uuid::from_u128(3));
const INVITER: UserId = UserId(Uuid::from_u128(4));
const OTHER: UserId = UserId(Uuid::from_u128(5));
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const END: DateTime<Utc> = DateTime::from_timestamp(7 * 86_400, 0).expect("a week later");
const LINK: Link = Link { issue: 1, inviter: Some(Role::Admin), at: NOW };
const WRONG: SignInFailure = SignInFailure::WrongPassword;

#[test]
fn every_order_is_answered_in_every_stage() {
    let yes = |event| Ok(vec![event]);
    let no = |refusal| Err::<Vec<UserEvent>, _>(refusal);
    let signed_in = E::SignedIn { session: SESSION, new_device: false };
    let sign_in = C::SignIn { session: SESSION, known_device: false };
    let revoke = C::RevokeSessions { sessions: vec![SESSION], reason: SessionRevocation::Revoked };
    let revoked = E::SessionRevoked { session: SESSION, reason: SessionRevocation::Revoked };
    let signed_out = E::SignedOut { session: SESSION };
    let changed = E::PasswordChanged { by: PasswordChange::Changed };
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
        (resend(),                         [no(R::Absent),      yes(resent()),               no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (C::ExpireInvitation { at: NOW },  [no(R::Absent),      no(R::InvitationOpen),       no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (C::ExpireInvitation { at: END },  [no(R::Absent),      yes(E::InvitationExpired {}),no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (C::RevokeInvitation,              [no(R::Absent),      yes(E::InvitationRevoked {}),no(R::Absent),        no(R::NotInvited),     no(R::NotInvited)]),
        (rename("Bob"),                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(renamed("Bob")),   no(R::NotActive)]),
        (C::ChangeRole { role: Role::Admin },[no(R::Absent),    no(R::NotActive),            no(R::Absent),        yes(promoted),         no(R::NotActive)]),
        (C::Deactivate,                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(gone),             no(R::NotActive)]),
        (C::Reactivate,                    [no(R::Absent),      no(R::NotActive),            no(R::Absent),        no(R::AlreadyActive),  yes(back)]),
        (sign_in,                          [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(signed_in),        no(R::NotActive)]),
        (C::FailSignIn { failure: WRONG }, [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(refused.clone()),  yes(refused)]),
        (C::SignOut { session: SESSION },  [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(signed_out),       no(R::NotActive)]),
        (revoke,                           [no(R::Absent),      Ok(vec![]),                  no(R::Absent),        yes(revoked.clone()),  yes(revoked)]),
        (C::ChangePassword,                [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(changed),          no(R::NotActive)]),
        (request_reset(1),                 [no(R::Absent),      no(R::NotActive),            no(R::Absent),        yes(reset_requested(1)),no(R::NotActive)]),
        (reset(1, 0),                      [no(R::Absent),      no(R::NotActive),            no(R::Absent),        no(R::ResetInvalid),   no(R::NotActive)]),
    ];
    for (order, answers) in table {
        for (history, answer) in histories().into_iter().zip(answers) {
            let given = format!("given {history:?}, when {order:?}");
            assert_eq!(user(history).when(order.clone()).inspect_result(), answer, "{given}");
        }
    }
}

#[test]
fn a_device_is_new_where_others_are_known() {
    let decide = |history: Vec<E>, known_device| {
        state(history).decide(C::SignIn { session: SESSION, known_device }).unwrap()
    };
    let signed_in = |new_device| E::SignedIn { session: SESSION, new_device };
    assert_eq!(decide(vec![registered()], false), [signed_in(false)], "the first sign-in of all");
    let history = vec![registered(), signed_in(false)];
    assert_eq!(decide(history.clone(), true), [signed_in(false)]);
    assert_eq!(decide(history, false), [signed_in(true)]);
}

#[test]
fn a_password_is_reset_by_the_newest_request_until_it_runs_out_is_used_or_the_password_changes() {
    let member = histories().into_iter().nth(3).unwrap();
    let after = |more: &[UserEvent]| user([member.clone(), more.to_vec()].concat());
    let was_reset = E::PasswordChanged { by: PasswordChange::Reset };
    let was_changed = E::PasswordChanged { by: PasswordChange::Changed };
    let refused = || Err(R::ResetInvalid);
    let asked = reset_requested(1);
    let cases = [
        (vec![asked.clone()], reset(1, 1_799), Ok(vec![was_reset.clone()])),
        (vec![asked.clone()], reset(1, 1_800), refused()),
        (vec![asked.clone()], reset(2, 0), refused()),
        (vec![asked.clone(), reset_requested(2)], reset(1, 0), refused()),
        (vec![asked.clone(), was_reset], reset(1, 0), refused()),
        (vec![asked.clone(), was_changed], reset(1, 0), refused()),
        (
            vec![asked, E::Deactivated { role: Role::Member }, E::Reactivated { role: Role::Member }],
            reset(1, 0),
            refused(),
        ),
    ];
    for (more, order, answer) in cases {
        assert_eq!(after(&more).when(order).inspect_result(), answer, "{more:?}");
    }
}

fn request_reset(number: u128) -> UserCommand {
    C::RequestPasswordReset { reset: ResetId(Uuid::from_u128(number)), expires_at: seconds(1_800) }
}

fn reset_requested(number: u128) -> UserEvent {
    E::PasswordResetRequested { reset: ResetId(Uuid::from_u128(number)), expires_at: seconds(1_800) }
}

fn reset(number: u128, at: i64) -> UserCommand {
    C::ResetPassword { reset: ResetId(Uuid::from_u128(number)), at: seconds(at) }
}

fn seconds(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn an_invitation_may_leave_the_name_open() {
    user(vec![])
        .when(C::Invite {
            user: UserId(ID),
            email: "ada@acme.org".parse().unwrap(),
            full_name: None,
            role: Role::Admin,
            invited_by: INVITER,
            at: NOW,
        })
        .then_expect_events(vec![E::Invited {
            email: Personal::new(ID, "ada@acme.org".parse().unwrap()),
            full_name: None,
            role: Role::Admin,
            expires_at: Some(END),
            invited_by: Some(INVITER),
            issue: Some(1),
        }]);
}

#[test]
fn only_a_link_of_the_last_issue_that_is_in_time_and_vouched_for_lets_in() {
    let refused = |history: Vec<UserEvent>, link, refusal| {
        assert_eq!(user(history).when(follow(link)).inspect_result(), Err(refusal), "{link:?}");
    };
    refused(vec![invited()], Link { at: END, ..LINK }, R::InvitationExpired);
    refused(vec![invited()], Link { issue: 2, ..LINK }, R::InvitationReplaced);
    refused(vec![invited()], Link { inviter: None, ..LINK }, R::InvitationVoid);
    refused(vec![invited()], Link { inviter: Some(Role::Member), ..LINK }, R::InvitationVoid);
    refused(vec![invited(), resent()], LINK, R::InvitationReplaced);
    let second = Link { issue: 2, at: END, ..LINK };
    user(vec![invited(), resent()]).when(follow(second)).then_expect_events(vec![E::InvitationAccepted {
        full_name: Personal::new(ID, "Ada King".parse().unwrap()),
        role: Role::Admin,
    }]);
    let owner = E::InvitationResent { issue: 2, role: Role::Owner, expires_at: END, invited_by: OTHER };
    refused(vec![invited(), owner], Link { issue: 2, ..LINK }, R::InvitationVoid);
}

#[test]
fn an_invitation_that_does_not_say_its_end_is_over() {
    let mut unsaid = invited();
    if let E::Invited { expires_at, .. } = &mut unsaid {
        *expires_at = None;
    }
    user(vec![unsaid]).when(accept()).then_expect_error(R::InvitationExpired);
}

#[test]
fn an_expired_invitation_can_be_sent_anew_and_keeps_its_role_unless_another_is_named() {
    let again = C::ResendInvitation { role: None, invited_by: OTHER, at: END };
    let expires_at = END + INVITATION_LIFE;
    user(vec![invited()]).when(again).then_expect_events(vec![E::InvitationResent {
        issue: 2,
        role: Role::Member,
        expires_at,
        invited_by: OTHER,
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
fn signing_in_again_and_out_changes_no_state() {
    let signed_in = E::SignedIn { session: SESSION, new_device: false };
    let mut user = state(vec![registered(), signed_in]);
    let before = user.clone();
    user.evolve(E::SignedIn { session: SESSION, new_device: false });
    user.evolve(E::SignInFailed { failure: WRONG });
    user.evolve(E::SignedOut { session: SESSION });
    user.evolve(E::SessionRevoked { session: SESSION, reason: SessionRevocation::TokenReused });
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
        (R::InvitationExpired, RefusalKind::WrongStage, "user.invitation_expired"),
        (R::InvitationReplaced, RefusalKind::WrongStage, "user.invitation_replaced"),
        (R::InvitationVoid, RefusalKind::WrongStage, "user.invitation_void"),
        (R::InvitationOpen, RefusalKind::WrongStage, "invitation_open"),
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
        invited_by: INVITER,
        at: NOW,
    }
}

fn invited() -> UserEvent {
    E::Invited {
        email: Personal::new(ID, "ada@acme.org".parse().unwrap()),
        full_name: Some(Personal::new(ID, "Ada".parse().unwrap())),
        role: Role::Member,
        expires_at: Some(END),
        invited_by: Some(INVITER),
        issue: Some(1),
    }
}

fn accept() -> UserCommand {
    follow(LINK)
}

fn follow(link: Link) -> UserCommand {
    C::AcceptInvitation { full_name: "Ada King".parse().unwrap(), link }
}

fn resend() -> UserCommand {
    C::ResendInvitation { role: Some(Role::Admin), invited_by: OTHER, at: END }
}

fn resent() -> UserEvent {
    E::InvitationResent { issue: 2, role: Role::Admin, expires_at: END + INVITATION_LIFE, invited_by: OTHER }
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
