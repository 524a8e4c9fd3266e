//! Given events, when a command, then events or a refusal.

use super::*;
use crate::id::AgentId;
use crate::policy::Permission;
use crate::tenant::TenantEvent as E;
use crate::tenant::TenantRefusal as R;

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn days(days: i64) -> DateTime<Utc> {
    at() + TimeDelta::days(days)
}

fn hours(hours: i64) -> DateTime<Utc> {
    at() + TimeDelta::hours(hours)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn new(key: u128, expires_at: DateTime<Utc>) -> NewApiKey {
    let scopes = [Permission::ReadAgents].into_iter().collect();
    let name = "Import".parse().unwrap();
    NewApiKey { key: id(key), name, scopes, expires_at, agents: Reach::All }
}

fn created(key: u128, expires_at: DateTime<Utc>) -> E {
    made_of(new(key, expires_at))
}

fn made_of(new: NewApiKey) -> E {
    let NewApiKey { key, name, scopes, expires_at, agents: agent_ids } = new;
    E::ApiKeyCreated { key, name, scopes, expires_at, agent_ids }
}

fn rotated(key: u128, successor: u128, overlap_until: DateTime<Utc>) -> E {
    E::ApiKeyRotated { key: id(key), successor: id(successor), overlap_until }
}

fn given(events: impl IntoIterator<Item = E>) -> Keys {
    let mut keys = Keys::default();
    events.into_iter().for_each(|event| keys.evolve(event));
    keys
}

#[test]
fn a_key_has_an_end_within_a_year_and_something_to_do() {
    let none = given([]);
    assert_eq!(none.create(new(1, days(365)), at()), Ok(vec![created(1, days(365))]));
    for end in [at(), days(-1), days(365) + TimeDelta::seconds(1)] {
        assert_eq!(none.create(new(1, end), at()), Err(R::LifeOutOfRange));
    }
    let idle = NewApiKey { scopes: Permissions::default(), ..new(1, days(1)) };
    assert_eq!(none.create(idle, at()), Err(R::ScopesEmpty));
    assert_eq!(given([created(1, days(1))]).create(new(1, days(1)), at()), Err(R::ApiKeyExists));
}

#[test]
fn a_key_that_is_bound_to_agents_is_made_for_nothing_but_them_and_what_is_theirs() {
    let agents = Reach::Only(vec![AgentId(id(21)), AgentId(id(22))].try_into().unwrap());
    let bound = |scope| NewApiKey {
        scopes: [Permission::ReadTasks, scope].into_iter().collect(),
        agents: agents.clone(),
        ..new(1, days(1))
    };
    let mut granted = vec![];
    for scope in Permission::ALL {
        let decided = given([]).create(bound(scope), at());
        if scope.is_of_single_agents() {
            assert_eq!(decided, Ok(vec![made_of(bound(scope))]));
            granted.push(scope.as_str());
        } else {
            assert_eq!(decided, Err(R::ScopeBeyondAgents(scope)));
        }
    }
    let all = "read_agents run_agents manage_agents read_tasks create_tasks manage_tasks approve_tasks";
    assert_eq!(granted.join(" "), all);
}

#[test]
fn a_successor_is_bound_to_the_same_agents() {
    let bound = |key| NewApiKey {
        agents: Reach::Only(vec![AgentId(id(21))].try_into().unwrap()),
        ..new(key, days(1))
    };
    let keys = given([made_of(bound(1))]);
    let decided = keys.rotate(id(1), id(9), days(1), hours(1), at());
    assert_eq!(decided, Ok(vec![made_of(bound(9)), rotated(1, 9, hours(1))]));
}

#[test]
fn a_key_is_revoked_once_also_when_it_has_expired() {
    let keys = given([created(1, days(1)), created(2, days(-1))]);
    for key in [id(1), id(2)] {
        assert_eq!(keys.revoke(key), Ok(vec![E::ApiKeyRevoked { key }]));
    }
    assert_eq!(keys.revoke(id(3)), Err(R::ApiKeyUnknown));
    let revoked = given([created(1, days(1)), E::ApiKeyRevoked { key: id(1) }]);
    assert_eq!(revoked.revoke(id(1)), Err(R::ApiKeyRevoked));
}

#[test]
fn a_rotated_key_works_up_to_a_day_longer_and_never_beyond_its_own_end() {
    let keys = given([created(1, hours(30)), created(2, hours(2))]);
    let rotate = |key, overlap| keys.rotate(id(key), id(9), days(90), overlap, at());
    assert_eq!(rotate(1, hours(24)), Ok(vec![created(9, days(90)), rotated(1, 9, hours(24))]));
    assert_eq!(rotate(1, at()), Ok(vec![created(9, days(90)), rotated(1, 9, at())]));
    assert_eq!(rotate(2, hours(24)), Ok(vec![created(9, days(90)), rotated(2, 9, hours(2))]));
    assert_eq!(rotate(1, hours(25)), Err(R::OverlapTooLong));
}

#[test]
fn what_has_ended_or_has_a_successor_is_not_rotated() {
    let keys = given([
        created(1, days(1)),
        E::ApiKeyRevoked { key: id(1) },
        created(2, at()),
        created(3, days(1)),
        created(4, days(1)),
        rotated(3, 4, hours(1)),
    ]);
    let rotate = |key| keys.rotate(id(key), id(9), days(90), at(), at());
    assert_eq!(rotate(1), Err(R::ApiKeyRevoked));
    assert_eq!(rotate(2), Err(R::ApiKeyExpired));
    assert_eq!(rotate(3), Err(R::ApiKeyRotated));
    assert_eq!(rotate(8), Err(R::ApiKeyUnknown));
}

#[test]
fn a_hundred_keys_work_at_one_time() {
    let full = || (1..=100).map(|key| created(key, days(1)));
    assert_eq!(given(full()).create(new(101, days(1)), at()), Err(R::ApiKeysTooMany));
    // Those that have ended, or that another stands in for, take no place.
    for event in [E::ApiKeyRevoked { key: id(1) }, rotated(1, 200, hours(1))] {
        assert!(given(full().chain([event])).create(new(101, days(1)), at()).is_ok());
    }
    assert!(given(full()).create(new(101, days(3)), days(2)).is_ok());
    // So a rotation always fits.
    assert!(given(full()).rotate(id(1), id(101), days(1), at(), at()).is_ok());
}

#[test]
fn the_version_counts_what_happened_to_a_key() {
    let version = |events: Vec<E>| given(events).find(id(1)).map(ApiKey::version);
    assert_eq!(version(vec![created(1, days(1))]), Ok(1));
    assert_eq!(version(vec![created(1, days(1)), rotated(1, 2, hours(1))]), Ok(2));
    let revoked = E::ApiKeyRevoked { key: id(1) };
    assert_eq!(version(vec![created(1, days(1)), rotated(1, 2, hours(1)), revoked]), Ok(3));
}

#[test]
fn a_providers_key_is_set_any_number_of_times_and_removed_once() {
    let provider: Provider = "openai".parse().unwrap();
    let (set, removed) = (
        E::ProviderKeySet { provider: provider.clone() },
        E::ProviderKeyRemoved { provider: provider.clone() },
    );
    let keys = given([set.clone(), set.clone()]);
    assert_eq!(keys.providers[&provider], 2);
    assert_eq!(keys.set(provider.clone()), Ok(vec![set.clone()]));
    assert_eq!(keys.remove(provider.clone()), Ok(vec![removed.clone()]));
    assert_eq!(given([set, removed]).remove(provider), Err(R::ProviderKeyUnknown));
}

#[test]
fn fifty_providers_have_keys() {
    let named = |number: u32| format!("p{number}").parse::<Provider>().unwrap();
    let keys = given((0..50).map(|number| E::ProviderKeySet { provider: named(number) }));
    assert_eq!(keys.set(named(50)), Err(R::ProviderKeysTooMany));
    assert!(keys.set(named(7)).is_ok());
}

#[test]
fn a_providers_name_is_plain() {
    for good in ["openai", "a", "azure-openai-2", &"x".repeat(40)] {
        assert!(good.parse::<Provider>().is_ok(), "{good}");
    }
    for bad in ["", "OpenAI", "open ai", "-a", "a-", "a/b", "a.b", "é", &"x".repeat(41)] {
        assert!(bad.parse::<Provider>().is_err(), "{bad}");
    }
}
