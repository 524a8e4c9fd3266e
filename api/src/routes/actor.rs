//! Who acted, with a name for people.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use application::AppError;
use domain::{Actor, AgentId, Metadata, TenantId, UserId};
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
    /// Of a user, an API key or an agent.
    #[schema(required = true)]
    id: Option<Uuid>,
    /// A user's or an agent's name as it is now, or the name of a key or of a part of the service.
    #[schema(required = true)]
    name: Option<String>,
    /// Of an API key or an agent: the user for whom it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    on_behalf_of: Option<Principal>,
}

/// A user for whom a program acts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Principal {
    /// Its id.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// Its name as it is now.
    #[schema(required = true)]
    name: Option<String>,
}

/// What actors are called, as far as it was looked up.
#[derive(Default)]
pub(crate) struct Names {
    users: HashMap<UserId, Option<String>>,
    /// Of keys and agents.
    programs: HashMap<Uuid, Option<String>>,
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
    /// An agent that runs a task.
    Agent,
    /// A part of the service itself.
    System,
    /// Someone not signed in.
    Anonymous,
}

impl ActorShown {
    pub(crate) fn of(metadata: &Metadata, names: &Names) -> Self {
        let user = |user: &UserId| names.users.get(user).cloned().flatten();
        let (id, name) = match &metadata.actor {
            Actor::User(id) => (Some(id.0), user(id)),
            Actor::ApiKey(id) | Actor::Agent(AgentId(id)) => {
                (Some(*id), names.programs.get(id).cloned().flatten())
            }
            Actor::System(name) => (None, Some(name.clone())),
            Actor::Anonymous => (None, None),
        };
        let on_behalf_of = metadata.on_behalf_of.map(|id| Principal { id, name: user(&id) });
        Self { kind: metadata.actor.kind(), id, name, on_behalf_of }
    }
}

/// Names of users, keys and agents, remembered for half a minute.
#[derive(Clone)]
pub struct ActorNames {
    known: Cache<(TenantId, Uuid), Option<String>>,
}

impl Default for ActorNames {
    /// Nothing remembered yet.
    fn default() -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(30)).build();
        Self { known }
    }
}

impl ActorNames {
    /// The names of the users, keys and agents that caused these events, and of those for whom they acted.
    pub(crate) async fn of(
        &self,
        views: &Views,
        tenant: TenantId,
        events: &[FeedEvent],
    ) -> Result<Names, AppError> {
        self.of_acts(views, tenant, events.iter().map(|event| &event.recorded.metadata)).await
    }

    /// The same for what was done under these circumstances.
    pub(crate) async fn of_acts<'m>(
        &self,
        views: &Views,
        tenant: TenantId,
        acts: impl Iterator<Item = &'m Metadata> + Send,
    ) -> Result<Names, AppError> {
        let mut names = Names::default();
        for Metadata { actor, on_behalf_of, .. } in acts {
            let user = match actor {
                Actor::User(user) => Some(*user),
                Actor::ApiKey(_) | Actor::Agent(_) | Actor::System(_) | Actor::Anonymous => *on_behalf_of,
            };
            if let Some(user) = user
                && let Entry::Vacant(unknown) = names.users.entry(user)
            {
                unknown.insert(self.name_of_user(views, tenant, user).await?);
            }
            if let Actor::ApiKey(id) | Actor::Agent(AgentId(id)) = actor
                && let Entry::Vacant(unknown) = names.programs.entry(*id)
            {
                unknown.insert(self.name_of_program(views, tenant, actor, *id).await?);
            }
        }
        Ok(names)
    }

    async fn name_of_user(
        &self,
        views: &Views,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Option<String>, AppError> {
        if let Some(name) = self.known.get(&(tenant, user.0)).await {
            return Ok(name);
        }
        let name = match views.find_user(tenant, user).await {
            Ok(user) => user.full_name,
            Err(AppError::NotFound) => None,
            Err(error) => return Err(error),
        };
        self.known.insert((tenant, user.0), name.clone()).await;
        Ok(name)
    }

    async fn name_of_program(
        &self,
        views: &Views,
        tenant: TenantId,
        actor: &Actor,
        id: Uuid,
    ) -> Result<Option<String>, AppError> {
        if let Some(name) = self.known.get(&(tenant, id)).await {
            return Ok(name);
        }
        let name = match actor {
            Actor::Agent(agent) => views.find_agent_name(tenant, *agent).await?,
            _ => views.find_api_key(tenant, id).await?.map(|key| key.name),
        };
        self.known.insert((tenant, id), name.clone()).await;
        Ok(name)
    }
}
