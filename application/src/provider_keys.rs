use domain::tenant::{Provider, Tenant, TenantCommand};
use domain::{Permission, StreamId};
use secrecy::{ExposeSecret, SecretString};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Effect, KeyEffect};
use crate::error::AppError;
use crate::execute::Done;

impl App {
    /// Takes the organisation's own key of a provider, in place of the one before. It is never shown again.
    pub async fn set_provider_key(
        &self,
        caller: &Caller,
        provider: &Provider,
        key: &SecretString,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ManageProviderKeys)?;
        let (stream, at) = (StreamId::tenant(caller.tenant), self.clock.now());
        caller.require_recent(at)?;
        let last4 = last4(key.expose_secret());
        let key = self.provider_keys.seal(caller.tenant, provider, key).await?;
        self.commit_decision(caller, stream, |tenant: &Tenant, _, commit| {
            let events = tenant.decide(TenantCommand::SetProviderKey { provider: provider.clone() })?;
            let set = KeyEffect::SetProviderKey {
                provider: provider.clone(),
                key: key.clone(),
                last4: last4.clone(),
                set_by: caller.user,
                at,
            };
            Ok((events, commit.effect(Effect::Keys(set))))
        })
        .await
    }

    /// Forgets the key of a provider.
    pub async fn remove_provider_key(&self, caller: &Caller, provider: &Provider) -> Result<Done, AppError> {
        caller.require(Permission::ManageProviderKeys)?;
        let stream = StreamId::tenant(caller.tenant);
        self.commit_decision(caller, stream, |tenant: &Tenant, _, commit| {
            let version = tenant.active()?.keys.providers.get(provider).copied().unwrap_or_default();
            caller.origin.require_version(version)?;
            let events = tenant.decide(TenantCommand::RemoveProviderKey { provider: provider.clone() })?;
            Ok((events, commit.effect(Effect::Keys(KeyEffect::RemoveProviderKey(provider.clone())))))
        })
        .await
    }
}

/// What people tell keys apart by.
fn last4(key: &str) -> String {
    let skip = key.chars().count().saturating_sub(4);
    key.chars().skip(skip).collect()
}
