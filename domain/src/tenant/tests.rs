//! Given events, when a command, then events or a refusal.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::TenantCommand as C;
use super::TenantEvent as E;
use super::TenantRefusal as R;
use super::{Tenant, TenantCommand, TenantEvent};
use crate::document::Document;
use crate::email::Email;
use crate::personal::Personal;
use crate::plan::Tier;
use crate::refusal::{Refusal, RefusalKind};

const CONTACT: Uuid = Uuid::from_u128(1);

#[test]
fn every_order_is_answered_in_every_stage() {
    let yes = |event| Ok(vec![event]);
    let no = |refusal| Err::<Vec<TenantEvent>, _>(refusal);
    #[rustfmt::skip]
    let table = [
        //                      absent            active                         suspended
        (create(),              [yes(created()),  no(R::AlreadyExists),          no(R::AlreadyExists)]),
        (rename("Beta"),        [no(R::Absent),   yes(renamed("Beta")),          no(R::Suspended)]),
        (set(r#"{"a":1}"#),     [no(R::Absent),   yes(settled(r#"{"a":1}"#)),    no(R::Suspended)]),
        (subscribe(Tier::Basic),[no(R::Absent),   yes(subscribed(Tier::Basic)),  no(R::Suspended)]),
        (suspend(),             [no(R::Absent),   yes(suspended()),              no(R::Suspended)]),
        (C::Reactivate,         [no(R::Absent),   no(R::NotSuspended),           yes(E::Reactivated {})]),
        (stop_all(),            [no(R::Absent),   yes(stopped()),                no(R::Suspended)]),
        (C::Reopen,             [no(R::Absent),   no(R::WorkNotStopped),         no(R::Suspended)]),
    ];
    for (order, answers) in table {
        for (history, answer) in histories().into_iter().zip(answers) {
            let given = format!("given {history:?}, when {order:?}");
            assert_eq!(tenant(history).when(order.clone()).inspect_result(), answer, "{given}");
        }
    }
}

#[test]
fn stopped_work_is_reopened_once() {
    tenant(vec![created(), stopped()]).when(stop_all()).then_expect_error(R::WorkStopped);
    tenant(vec![created(), stopped()]).when(C::Reopen).then_expect_events(vec![E::WorkReopened {}]);
    let reopened = vec![created(), stopped(), E::WorkReopened {}];
    tenant(reopened.clone()).when(C::Reopen).then_expect_error(R::WorkNotStopped);
    tenant(reopened).when(stop_all()).then_expect_events(vec![stopped()]);
    let suspended = vec![created(), stopped(), suspended(), E::Reactivated {}];
    tenant(suspended).when(C::Reopen).then_expect_events(vec![E::WorkReopened {}]);
}

#[test]
fn the_contact_person_is_sealed_under_the_tenants_own_id() {
    let tenant = state(vec![created()]);
    let organisation = tenant.active().unwrap();
    assert_eq!(organisation.contact_email.subject, CONTACT);
    assert_eq!(organisation.contact_name.subject, CONTACT);
}

#[test]
fn a_new_contact_person_is_sealed_under_the_same_subject() {
    tenant(vec![created()])
        .when(C::ChangeDetails {
            name: None,
            contact_email: Some("bob@acme.org".parse().unwrap()),
            contact_name: Some("Bob".parse().unwrap()),
        })
        .then_expect_events(vec![E::DetailsChanged {
            name: None,
            contact_email: Some(Personal::new(CONTACT, "bob@acme.org".parse().unwrap())),
            contact_name: Some(Personal::new(CONTACT, "Bob".parse().unwrap())),
        }]);
}

#[test]
fn changing_to_what_it_is_already_changes_nothing() {
    for order in [
        C::ChangeDetails { name: None, contact_email: None, contact_name: None },
        C::ChangeDetails {
            name: Some("Acme".parse().unwrap()),
            contact_email: Some("Ada@Acme.org".parse().unwrap()),
            contact_name: Some("Ada Lovelace".parse().unwrap()),
        },
        set("{}"),
        subscribe(Tier::Free),
    ] {
        tenant(vec![created()]).when(order).then_expect_events(vec![]);
    }
}

#[test]
fn every_change_is_remembered() {
    for (event, order) in [
        (renamed("Beta"), rename("Beta")),
        (settled(r#"{"a":1}"#), set(r#"{"a":1}"#)),
        (subscribed(Tier::Enterprise), subscribe(Tier::Enterprise)),
    ] {
        tenant(vec![created(), event]).when(order).then_expect_events(vec![]);
    }
}

#[test]
fn an_erased_contact_can_be_given_anew() {
    let erased: Personal<Email> =
        serde_json::from_str(&format!(r#"{{"subject":"{CONTACT}","erased":true}}"#)).unwrap();
    let mut tenant = state(vec![created()]);
    tenant.evolve(E::DetailsChanged { name: None, contact_email: Some(erased), contact_name: None });
    let events = tenant.decide(C::ChangeDetails {
        name: None,
        contact_email: Some("ada@acme.org".parse().unwrap()),
        contact_name: None,
    });
    assert_eq!(events.unwrap().len(), 1);
}

#[test]
fn a_suspension_loses_nothing() {
    let before = state(vec![created(), renamed("Beta")]);
    let after = state(vec![created(), renamed("Beta"), suspended(), E::Reactivated {}]);
    assert_eq!(after, before);
}

#[test]
fn an_event_that_does_not_fit_the_stage_is_passed_over() {
    for (history, event) in [
        (vec![], suspended()),
        (vec![created()], created()),
        (vec![created()], E::Reactivated {}),
        (vec![created(), suspended()], renamed("Beta")),
    ] {
        let mut tenant = state(history);
        let before = tenant.clone();
        tenant.evolve(event);
        assert_eq!(tenant, before);
    }
}

#[test]
fn every_refusal_has_its_kind_and_code() {
    let table = [
        (R::Absent, RefusalKind::NotFound, "not_found"),
        (R::AlreadyExists, RefusalKind::WrongStage, "tenant.already_exists"),
        (R::Suspended, RefusalKind::Forbidden, "tenant.suspended"),
        (R::NotSuspended, RefusalKind::WrongStage, "tenant.not_suspended"),
        (R::WorkStopped, RefusalKind::WrongStage, "tenant.work_stopped"),
        (R::WorkNotStopped, RefusalKind::WrongStage, "tenant.work_not_stopped"),
        (R::ApiKeyUnknown, RefusalKind::NotFound, "not_found"),
        (R::ApiKeyExists, RefusalKind::WrongStage, "api_key.already_exists"),
        (R::ApiKeyRevoked, RefusalKind::WrongStage, "api_key.revoked"),
        (R::ApiKeyExpired, RefusalKind::WrongStage, "api_key.expired"),
        (R::ApiKeyRotated, RefusalKind::WrongStage, "api_key.rotated"),
        (R::ApiKeysTooMany, RefusalKind::WrongStage, "api_key.too_many"),
        (R::ScopesEmpty, RefusalKind::Invalid, "api_key.no_scopes"),
        (R::LifeOutOfRange, RefusalKind::Invalid, "api_key.life_out_of_range"),
        (R::OverlapTooLong, RefusalKind::Invalid, "api_key.overlap_too_long"),
        (R::ProviderKeyUnknown, RefusalKind::NotFound, "not_found"),
        (R::ProviderKeysTooMany, RefusalKind::WrongStage, "provider_key.too_many"),
    ];
    for (refusal, kind, code) in table {
        assert_eq!((refusal.kind(), refusal.code()), (kind, code));
    }
}

fn tenant(history: Vec<TenantEvent>) -> AggregateTestExecutor<Tenant> {
    TestFramework::with(()).given(history)
}

fn state(history: Vec<TenantEvent>) -> Tenant {
    let mut tenant = Tenant::default();
    for event in history {
        tenant.evolve(event);
    }
    tenant
}

/// How a tenant comes to be absent, active, suspended.
fn histories() -> [Vec<TenantEvent>; 3] {
    [vec![], vec![created()], vec![created(), suspended()]]
}

fn create() -> TenantCommand {
    C::Create {
        contact: CONTACT,
        name: "Acme".parse().unwrap(),
        subdomain: "acme".parse().unwrap(),
        contact_email: "ada@acme.org".parse().unwrap(),
        contact_name: "Ada Lovelace".parse().unwrap(),
        tier: Tier::Free,
        settings: Document::default(),
    }
}

fn created() -> TenantEvent {
    E::Created {
        name: "Acme".parse().unwrap(),
        subdomain: "acme".parse().unwrap(),
        contact_email: Personal::new(CONTACT, "ada@acme.org".parse().unwrap()),
        contact_name: Personal::new(CONTACT, "Ada Lovelace".parse().unwrap()),
        tier: Tier::Free,
        settings: Document::default(),
    }
}

fn rename(name: &str) -> TenantCommand {
    C::ChangeDetails { name: Some(name.parse().unwrap()), contact_email: None, contact_name: None }
}

fn renamed(name: &str) -> TenantEvent {
    E::DetailsChanged { name: Some(name.parse().unwrap()), contact_email: None, contact_name: None }
}

fn set(settings: &str) -> TenantCommand {
    C::ChangeSettings { settings: Document::parse(settings).unwrap() }
}

fn settled(settings: &str) -> TenantEvent {
    E::SettingsChanged { settings: Document::parse(settings).unwrap() }
}

fn subscribe(tier: Tier) -> TenantCommand {
    C::ChangeSubscription { tier }
}

fn subscribed(to: Tier) -> TenantEvent {
    E::SubscriptionChanged { from: Tier::Free, to }
}

fn suspend() -> TenantCommand {
    C::Suspend { reason: "unpaid".parse().unwrap() }
}

fn suspended() -> TenantEvent {
    E::Suspended { reason: "unpaid".parse().unwrap() }
}

fn stop_all() -> TenantCommand {
    C::StopAll { reason: "wrong customers".parse().unwrap() }
}

fn stopped() -> TenantEvent {
    E::WorkStopped { reason: "wrong customers".parse().unwrap() }
}
