use chrono::{DateTime, TimeDelta, Utc};
use domain::agent::Agent;
use domain::tenant::{ApiKey, NewApiKey, Tenant, TenantCommand, TenantEvent, TenantRefusal};
use domain::text::Name;
use domain::{Permission, Permissions, Reach, StreamId};
use futures::stream::{StreamExt as _, TryStreamExt as _, iter};
use secrecy::SecretString;
use uuid::Uuid;

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, Effect, KeyEffect};
use crate::error::AppError;
use crate::execute::Done;
use crate::ports::{ApiKeySeed, ApiKeyText};

/// What a key is to be made with.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    /// What it is called.
    pub name: Name,
    /// What it is for.
    pub scopes: Permissions,
    /// The agents that it is bound to, if it is.
    pub agents: Reach,
    /// How long it lives.
    pub life: TimeDelta,
}

/// How many agents are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 8;

/// A key that was just made. Its text is shown this once.
#[derive(Clone, Debug)]
pub struct MadeApiKey {
    /// What was done; the resource is the new key.
    pub done: Done,
    /// What programs come with.
    pub text: SecretString,
}

impl App {
    /// Makes a key for programs, for no more than the caller may do.
    pub async fn create_api_key(&self, caller: &Caller, order: KeyOrder) -> Result<MadeApiKey, AppError> {
        caller.require(Permission::ManageApiKeys)?;
        require_all(caller, order.scopes)?;
        let (key, at) = (self.ids.fresh(), self.clock.now());
        caller.require_recent(at)?;
        // Whoever asks again is answered by what was done then, whatever has become of the agents.
        if caller.origin.done_before().is_none() {
            self.require_agents(caller, &order.agents).await?;
        }
        let KeyOrder { name, scopes, agents, life } = order;
        let new = NewApiKey { key, name, scopes, expires_at: at + life, agents };
        let made = self.make_text(caller, key);
        self.add_api_key(caller, (key, at), made, |tenant, commit| {
            let events = tenant.decide(TenantCommand::CreateApiKey { new: new.clone(), at })?;
            Ok((events, new.clone(), commit))
        })
        .await
    }

    /// Puts a new key of the same name, scopes and agents in a key's place. It acts for the caller, who must hold all its
    /// scopes: taking over what another made must not raise anybody.
    pub async fn rotate_api_key(
        &self,
        caller: &Caller,
        key: Uuid,
        life: TimeDelta,
        overlap: TimeDelta,
    ) -> Result<MadeApiKey, AppError> {
        caller.require(Permission::ManageApiKeys)?;
        let (successor, at) = (self.ids.fresh(), self.clock.now());
        caller.require_recent(at)?;
        let (expires_at, overlap_until) = (at + life, at + overlap);
        let made = self.make_text(caller, successor);
        self.add_api_key(caller, (successor, at), made, |tenant, commit| {
            let old = key_of(tenant, key)?;
            caller.origin.require_version(old.version())?;
            require_all(caller, old.scopes)?;
            let events = tenant.decide(TenantCommand::RotateApiKey {
                key,
                successor,
                expires_at,
                overlap_until,
                at,
            })?;
            let new = NewApiKey {
                key: successor,
                name: old.name.clone(),
                scopes: old.scopes,
                expires_at,
                agents: old.agents.clone(),
            };
            let retire = KeyEffect::RetireApiKey { key, until: overlap_until, at };
            Ok((events, new, commit.effect(Effect::Keys(retire))))
        })
        .await
    }

    /// Ends a key. It is refused within five seconds wherever it is presented.
    pub async fn revoke_api_key(&self, caller: &Caller, key: Uuid) -> Result<Done, AppError> {
        caller.require(Permission::ManageApiKeys)?;
        let (stream, at) = (StreamId::tenant(caller.tenant), self.clock.now());
        self.commit_decision(caller, stream, |tenant: &Tenant, _, commit| {
            caller.origin.require_version(key_of(tenant, key)?.version())?;
            let events = tenant.decide(TenantCommand::RevokeApiKey { key })?;
            Ok((events, commit.about(key).effect(Effect::Keys(KeyEffect::RevokeApiKey { key, at }))))
        })
        .await
    }

    /// Refuses an agent that is not there, or not any more. One that is terminated in this moment leaves a key behind that
    /// reaches nothing of it.
    async fn require_agents(&self, caller: &Caller, agents: &Reach) -> Result<(), AppError> {
        let Reach::Only(agents) = agents else {
            return Ok(());
        };
        let found = iter(agents.iter().enumerate()).map(|(place, agent)| async move {
            let (agent, _) = self.load_for::<Agent>(caller, StreamId::agent(caller.tenant, agent)).await?;
            agent.profile().map(|_| ()).ok_or_else(|| AppError::Unfit {
                field: format!("/agent_ids/{place}"),
                code: "unknown",
                message: "no agent has this id".to_owned(),
            })
        });
        found.buffered(LOOKED_UP_AT_ONCE).try_collect().await
    }

    /// Commits a new key with what else `decide` asks for.
    async fn add_api_key(
        &self,
        caller: &Caller,
        (key, at): (Uuid, DateTime<Utc>),
        made: ApiKeyText,
        decide: impl Fn(&Tenant, Commit) -> Result<(Vec<TenantEvent>, NewApiKey, Commit), AppError> + Send + Sync,
    ) -> Result<MadeApiKey, AppError> {
        let stream = StreamId::tenant(caller.tenant);
        let done = self
            .commit_decision(caller, stream, |tenant: &Tenant, _, commit| {
                let (events, new, commit) = decide(tenant, commit)?;
                let add = KeyEffect::AddApiKey {
                    new,
                    digest: made.digest,
                    prefix: made.prefix.clone(),
                    last4: made.last4.clone(),
                    created_by: caller.user,
                    at,
                };
                Ok((events, commit.about(key).effect(Effect::Keys(add))))
            })
            .await?;
        // Of a repeated request the key is the first one's, and so is its text.
        let made = if done.resource == key { made } else { self.make_text(caller, done.resource) };
        Ok(MadeApiKey { done, text: made.text })
    }

    fn make_text(&self, caller: &Caller, key: Uuid) -> ApiKeyText {
        let request = caller.origin.idempotency.as_ref().map(|key| key.key.as_str());
        let seed = request.map(|request| ApiKeySeed { tenant: caller.tenant, key, request });
        self.api_keys.make(seed)
    }
}

fn key_of(tenant: &Tenant, key: Uuid) -> Result<&ApiKey, TenantRefusal> {
    tenant.active()?.keys.find(key)
}

/// Nobody gives a program what they do not hold themselves.
fn require_all(caller: &Caller, scopes: Permissions) -> Result<(), AppError> {
    scopes.iter().try_for_each(|scope| caller.require(scope))
}
