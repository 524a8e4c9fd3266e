use domain::tenant::TenantEvent;
use domain::{Document, Personal, Recorded, StreamId, Tier};

use super::{TenantStatus, Tenants};
use crate::testing::{TENANT, Table, at, recorded};

fn events(first: i64, events: impl IntoIterator<Item = TenantEvent>) -> Vec<Recorded> {
    recorded(StreamId::tenant(TENANT), first, events)
}

fn created() -> TenantEvent {
    TenantEvent::Created {
        name: "Acme".parse().unwrap(),
        subdomain: "acme".parse().unwrap(),
        contact_email: Personal::new(TENANT.0, "ada@acme.example".parse().unwrap()),
        contact_name: Personal::new(TENANT.0, "Ada".parse().unwrap()),
        tier: Tier::Free,
        settings: Document::default(),
    }
}

#[test]
fn an_organisation_shows_its_limits_and_contact() {
    let table = Table::<Tenants>::new().apply(&events(1, [created()]));
    assert_eq!(
        serde_json::to_string(table.row()).unwrap(),
        concat!(
            r#"{"id":"00000000-0000-0000-0000-000000000001","name":"Acme","subdomain":"acme","#,
            r#""subscription_tier":"free","contact_email":"ada@acme.example","contact_name":"Ada","settings":{},"#,
            r#""status":"active","work_stopped_at":null,"limits":{"agents":5,"tasks_per_month":1000,"users":3},"version":1,"#,
            r#""created_at":"1970-01-01T00:01:00Z","updated_at":"1970-01-01T00:01:00Z"}"#,
        )
    );
}

#[test]
fn changes_show() {
    let renamed = TenantEvent::DetailsChanged {
        name: Some("Acme Ltd".parse().unwrap()),
        contact_email: None,
        contact_name: Some(Personal::new(TENANT.0, "Grace".parse().unwrap())),
    };
    let upgraded = TenantEvent::SubscriptionChanged { from: Tier::Free, to: Tier::Enterprise };
    let suspended = TenantEvent::Suspended { reason: "unpaid".parse().unwrap() };
    let table = Table::<Tenants>::new().apply(&events(1, [created(), renamed, upgraded, suspended]));
    let row = table.row();
    assert_eq!((row.name.as_str(), row.contact_name.as_deref()), ("Acme Ltd", Some("Grace")));
    assert_eq!((row.limits.agents, row.status, row.version), (None, TenantStatus::Suspended, 4));

    let table = table.apply(&events(5, [TenantEvent::Reactivated {}]));
    assert_eq!(table.row().status, TenantStatus::Active);
}

#[test]
fn an_erased_contact_shows_as_null() {
    let erased = serde_json::from_str(&format!(r#"{{"erased": true, "subject": "{TENANT}"}}"#)).unwrap();
    let changed = TenantEvent::DetailsChanged { name: None, contact_email: Some(erased), contact_name: None };
    let table = Table::<Tenants>::new().apply(&events(1, [created(), changed]));
    assert_eq!(table.row().contact_email, None);
}

#[test]
fn an_organisation_says_since_when_its_work_is_stopped() {
    let stopped = events(2, [TenantEvent::WorkStopped { reason: "wrong customers".parse().unwrap() }]);
    let table = Table::<Tenants>::new().apply(&events(1, [created()])).apply(&stopped).apply(&stopped);
    let row = table.row();
    assert_eq!((row.work_stopped_at, row.status, row.version), (Some(at(2)), TenantStatus::Active, 2));
    let reopened = table.apply(&events(3, [TenantEvent::WorkReopened {}]));
    assert_eq!((reopened.row().work_stopped_at, reopened.row().version), (None, 3));
}
