use domain::tenant::{Subdomain, Tenant, TenantCommand};
use domain::text::{FullName, Name, Reason};
use domain::{Actor, Document, Email, Permission, StreamId, TenantId, Tier};
use secrecy::SecretString;

use crate::App;
use crate::caller::{Caller, Origin};
use crate::commit::UniqueScope;
use crate::error::AppError;
use crate::execute::{Acting, Done, alone};

/// What an organisation is founded with.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// What it is called.
    pub name: Name,
    /// Where it is reached.
    pub subdomain: Subdomain,
    /// Who answers for it.
    pub contact_email: Email,
    /// That person's name.
    pub contact_name: FullName,
    /// The tier to begin with.
    pub tier: Tier,
    /// Its preferences.
    pub settings: Document,
}

impl App {
    /// Founds an organisation; anyone may. The token lets its first owner register.
    pub async fn create_tenant(
        &self,
        origin: &Origin,
        new: NewTenant,
    ) -> Result<(Done, SecretString), AppError> {
        let tenant = TenantId(self.ids.fresh());
        let subdomain = new.subdomain.as_str().to_owned();
        let command = TenantCommand::Create {
            contact: tenant.0,
            name: new.name,
            subdomain: new.subdomain,
            contact_email: new.contact_email,
            contact_name: new.contact_name,
            tier: new.tier,
            settings: new.settings,
        };
        let done = self
            .create::<Tenant>(
                origin,
                &origin.metadata(Actor::Anonymous),
                StreamId::tenant(tenant),
                command,
                |commit| commit.claim(UniqueScope::Subdomain, subdomain, tenant.0),
            )
            .await?;
        Ok((done, self.tokens.setup(TenantId(done.resource))))
    }

    /// Changes name and contact.
    pub async fn change_tenant(
        &self,
        caller: &Caller,
        name: Option<Name>,
        contact_email: Option<Email>,
        contact_name: Option<FullName>,
    ) -> Result<Done, AppError> {
        caller.require(Permission::ChangeTenant)?;
        let command = TenantCommand::ChangeDetails { name, contact_email, contact_name };
        self.execute::<Tenant>(caller, StreamId::tenant(caller.tenant), command, alone).await
    }

    /// Replaces the settings.
    pub async fn change_settings(&self, caller: &Caller, settings: Document) -> Result<Done, AppError> {
        caller.require(Permission::ChangeSettings)?;
        let command = TenantCommand::ChangeSettings { settings };
        self.execute::<Tenant>(caller, StreamId::tenant(caller.tenant), command, alone).await
    }

    /// Moves to another tier; refused if what is in use does not fit.
    pub async fn change_subscription(&self, caller: &Caller, tier: Tier) -> Result<Done, AppError> {
        caller.require(Permission::ChangeSubscription)?;
        let command = TenantCommand::ChangeSubscription { tier };
        self.execute::<Tenant>(caller, StreamId::tenant(caller.tenant), command, alone).await
    }

    /// The tenant that a subdomain names.
    pub async fn find_tenant(&self, subdomain: &Subdomain) -> Result<TenantId, AppError> {
        self.credentials.find_tenant(subdomain).await?.ok_or(AppError::NotFound)
    }

    /// Stops everything of a tenant: no sign-in, no command, no task, until it is reactivated. The operator's
    /// command, not a tenant's own.
    pub async fn suspend_tenant(
        &self,
        operator: &str,
        tenant: TenantId,
        reason: Reason,
    ) -> Result<Done, AppError> {
        self.operate(operator, tenant, TenantCommand::Suspend { reason }).await
    }

    /// Lets a suspended tenant go on.
    pub async fn reactivate_tenant(&self, operator: &str, tenant: TenantId) -> Result<Done, AppError> {
        self.operate(operator, tenant, TenantCommand::Reactivate).await
    }

    async fn operate(
        &self,
        operator: &str,
        tenant: TenantId,
        command: TenantCommand,
    ) -> Result<Done, AppError> {
        let metadata = domain::Metadata::system(operator);
        let origin = Origin::default();
        let by = Acting::unbound(&origin, &metadata);
        self.execute::<Tenant>(by, StreamId::tenant(tenant), command, alone).await
    }
}
