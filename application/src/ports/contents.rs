use std::collections::HashMap;

use domain::{ContentHash, TenantId};

use super::Unavailable;

/// What models and tools were asked and answered, kept by the commit whose events name it.
#[async_trait::async_trait]
pub trait Contents: Send + Sync {
    /// Those of the tenant that are kept under these hashes; others are left out.
    async fn read(
        &self,
        tenant: TenantId,
        hashes: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Vec<u8>>, Unavailable>;
}
