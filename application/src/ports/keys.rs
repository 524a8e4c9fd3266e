use domain::TenantId;
use domain::tenant::Provider;
use secrecy::SecretString;
use uuid::Uuid;

use super::Unavailable;

/// Making the texts of API keys, and recognising them.
pub trait ApiKeys: Send + Sync {
    /// A new key's text. With a seed it is the same text each time, so that a repeated request can be answered
    /// although the text is stored nowhere.
    fn make(&self, seed: Option<ApiKeySeed<'_>>) -> ApiKeyText;

    /// The digest under which a key is stored; nothing for a text that no key has.
    fn digest(&self, text: &str) -> Option<[u8; 32]>;
}

/// What a key's text is derived from beside the server's own secret.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeySeed<'a> {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which key.
    pub key: Uuid,
    /// The `Idempotency-Key` of the request that made it; forgotten after a day, and with it the way back to the text.
    pub request: &'a str,
}

/// A new API key with what is stored of it.
#[derive(Clone, Debug)]
pub struct ApiKeyText {
    /// For the client only, once.
    pub text: SecretString,
    /// For the database.
    pub digest: [u8; 32],
    /// How the text begins, for people to tell keys apart.
    pub prefix: String,
    /// How it ends.
    pub last4: String,
}

/// The keys that tenants have with model providers. They are stored sealed, each under its tenant's data key, and
/// never leave the service but to the provider.
#[async_trait::async_trait]
pub trait ProviderKeys: Send + Sync {
    /// A key as it is stored; it opens for this tenant and provider only.
    async fn seal(
        &self,
        tenant: TenantId,
        provider: &Provider,
        key: &SecretString,
    ) -> Result<SealedKey, Unavailable>;

    /// The key to call a provider with for a tenant, if the tenant has set one.
    async fn open(&self, tenant: TenantId, provider: &Provider) -> Result<Option<SecretString>, Unavailable>;
}

/// A sealed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// Which of the tenant's data keys it is sealed under, from 1.
    pub key_version: i32,
}
