//! Who acted, with a name for people.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use application::AppError;
use domain::{Actor, TenantId, UserId};
use infrastructure::postgres::FeedEvent;
use moka::future::Cache;
use projections::Views;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who acted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorShown {
    /// The kind of actor.
    #[serde(rename = "type")]
    #[schema(value_type = ActorType)]
    kind: &'static str,
    /// Of a user or an API key.
    #[schema(required = true)]
    id: Option<Uuid>,
    /// A user's name as it is now, or the name of a part of the service.
    #[schema(required = true)]
    name: Option<String>,
}

/// A kind of actor.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used: domain::Actor::kind gives the values")]
pub(crate) enum ActorType {
    /// A signed-in user.
    User,
    /// A program with an API key.
    ApiKey,
    /// A part of the service itself.
    System,
    /// Someone not signed in.
    Anonymous,
}

impl ActorShown {
    pub(crate) fn of(actor: &Actor, names: &HashMap<UserId, Option<String>>) -> Self {
        let (id, name) = match actor {
            Actor::User(user) => (Some(user.0), names.get(user).cloned().flatten()),
            Actor::ApiKey(key) => (Some(*key), None),
            Actor::System(name) => (None, Some(name.clone())),
            Actor::Anonymous => (None, None),
        };
        Self { kind: actor.kind(), id, name }
    }
}

/// Names of users, remembered for half a minute.
#[derive(Clone)]
pub struct ActorNames {
    known: Cache<(TenantId, UserId), Option<String>>,
}

impl Default for ActorNames {
    /// Nothing remembered yet.
    fn default() -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(30)).build();
        Self { known }
    }
}

impl ActorNames {
    /// The names of the users who caused these events.
    pub(crate) async fn of(
        &self,
        views: &Views,
        tenant: TenantId,
        events: &[FeedEvent],
    ) -> Result<HashMap<UserId, Option<String>>, AppError> {
        let mut names = HashMap::new();
        for event in events {
            let Actor::User(user) = event.recorded.metadata.actor else {
                continue;
            };
            if let Entry::Vacant(unknown) = names.entry(user) {
                unknown.insert(self.name(views, tenant, user).await?);
            }
        }
        Ok(names)
    }

    async fn name(&self, views: &Views, tenant: TenantId, user: UserId) -> Result<Option<String>, AppError> {
        if let Some(name) = self.known.get(&(tenant, user)).await {
            return Ok(name);
        }
        let name = match views.find_user(tenant, user).await {
            Ok(user) => user.full_name,
            Err(AppError::NotFound) => None,
            Err(error) => return Err(error),
        };
        self.known.insert((tenant, user), name.clone()).await;
        Ok(name)
    }
}
