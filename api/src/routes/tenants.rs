use application::{Caller, Done, NewTenant};
use axum::extract::State;
use domain::tenant::Subdomain;
use domain::text::{FullName, Name};
use domain::{Document, TenantId, Tier};
use projections::schema::TierSchema;
use projections::{TenantHealth, TenantRow, UsageRow};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Address, Authed, JsonBody, JsonObject, RequestOrigin, Visible};
use crate::limits::Throttle;
use crate::problem::Problem;

/// What an organisation is founded with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Acme",
    "subdomain": "acme",
    "contact_email": "ada@acme.example",
    "contact_name": "Ada Lovelace",
    "subscription_tier": "free"
}))]
pub(crate) struct CreateTenantBody {
    /// What it is called.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    name: Visible<Name>,
    /// Where it is reached: letters a-z, digits and dashes; unique without regard to case.
    #[schema(value_type = String, min_length = 3, max_length = 63)]
    subdomain: Subdomain,
    /// Who answers for it, and may register as its first owner.
    #[schema(value_type = String, format = "email", max_length = 254)]
    contact_email: Address,
    /// That person's name.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    contact_name: Visible<FullName>,
    /// The tier to begin with; `free` if absent.
    #[schema(value_type = Option<TierSchema>)]
    subscription_tier: Option<Tier>,
    /// Preferences of the organisation.
    #[schema(value_type = Option<Object>)]
    settings: Option<JsonObject>,
}

/// What changes of an organisation; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Acme Industries"}))]
pub(crate) struct ChangeTenantBody {
    /// A new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    name: Option<Visible<Name>>,
    /// A new contact address.
    #[schema(value_type = Option<String>, format = "email", max_length = 254)]
    contact_email: Option<Address>,
    /// A new contact name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    contact_name: Option<Visible<FullName>>,
}

/// New settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settings": {"timezone": "Europe/Berlin"}}))]
pub(crate) struct ChangeTenantSettingsBody {
    /// All of them.
    #[schema(value_type = Object)]
    settings: JsonObject,
}

/// Another tier.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subscription_tier": "professional"}))]
pub(crate) struct ChangeSubscriptionBody {
    /// The tier to move to.
    #[schema(value_type = TierSchema)]
    subscription_tier: Tier,
}

/// A new organisation.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedTenant {
    #[serde(flatten)]
    tenant: TenantRow,
    /// Lets the first owner register whatever the address; shown this once.
    setup_token: String,
}

/// An organisation's settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantSettings {
    /// Exactly as they were sent.
    #[schema(value_type = Object)]
    settings: Box<RawValue>,
}

/// Create an organisation
///
/// Anyone may. Its first owner registers with the contact address or the `setup_token`.
#[utoipa::path(post, path = "/tenants", tag = "tenants", request_body = CreateTenantBody,
    responses((status = 201, description = "The new organisation", body = CreatedTenant,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_tenant(
    State(api): State<ApiState>,
    RequestOrigin(origin): RequestOrigin,
    throttle: Throttle,
    JsonBody(body): JsonBody<CreateTenantBody>,
) -> Result<Answer<CreatedTenant>, Problem> {
    throttle.found().await?;
    let new = NewTenant {
        name: body.name.into(),
        subdomain: body.subdomain,
        contact_email: body.contact_email.0,
        contact_name: body.contact_name.into(),
        tier: body.subscription_tier.unwrap_or_default(),
        settings: body.settings.map_or_else(Document::default, |json| json.0),
    };
    let (done, setup_token) = api.app.create_tenant(&origin, new).await?;
    let id = TenantId(done.resource);
    let tenant = api.views.find_tenant(id).await?;
    let (version, position) = (tenant.version, api.position(id, done).await?);
    let created = CreatedTenant { tenant, setup_token: setup_token.expose_secret().to_owned() };
    let answer = Answer::created("/api/v1/tenants/current".to_owned(), created);
    Ok(answer.version(version).position(position))
}

/// Get one's organisation
#[utoipa::path(get, path = "/tenants/current", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "The organisation", body = TenantRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_tenant(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<TenantRow>, Problem> {
    let tenant = api.views.get_tenant(&caller).await?;
    let version = tenant.version;
    Ok(Answer::ok(tenant).version(version))
}

/// Change one's organisation
///
/// Name and contact; as an owner.
#[utoipa::path(put, path = "/tenants/current", tag = "tenants", security(("bearer" = [])),
    request_body = ChangeTenantBody,
    responses((status = 200, description = "The organisation as it is now", body = TenantRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_tenant(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<ChangeTenantBody>,
) -> Result<Answer<TenantRow>, Problem> {
    let (name, contact_name) = (body.name.map(Visible::into), body.contact_name.map(Visible::into));
    let contact_email = body.contact_email.map(|address| address.0);
    let done = api.app.change_tenant(&caller, name, contact_email, contact_name).await?;
    after(&api, &caller, done).await
}

/// Get the organisation's settings
#[utoipa::path(get, path = "/tenants/current/settings", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "The settings", body = TenantSettings,
        headers(("ETag", description = "The organisation's version")))))]
pub(crate) async fn get_tenant_settings(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<TenantSettings>, Problem> {
    let tenant = api.views.get_tenant(&caller).await?;
    Ok(settings_of(tenant))
}

/// Replace the organisation's settings
///
/// As an administrator.
#[utoipa::path(put, path = "/tenants/current/settings", tag = "tenants", security(("bearer" = [])),
    request_body = ChangeTenantSettingsBody,
    responses((status = 200, description = "The settings as they are now", body = TenantSettings,
        headers(("ETag", description = "The organisation's version")))))]
pub(crate) async fn change_tenant_settings(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<ChangeTenantSettingsBody>,
) -> Result<Answer<TenantSettings>, Problem> {
    let done = api.app.change_settings(&caller, body.settings.0).await?;
    let tenant = api.views.get_tenant(&caller).await?;
    let position = api.position(caller.tenant, done).await?;
    Ok(settings_of(tenant).position(position))
}

/// Change the organisation's tier
///
/// As an owner. A tier too small for what is in use is refused.
#[utoipa::path(put, path = "/tenants/current/subscription", tag = "tenants", security(("bearer" = [])),
    request_body = ChangeSubscriptionBody,
    responses((status = 200, description = "The organisation as it is now", body = TenantRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn change_subscription(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    JsonBody(body): JsonBody<ChangeSubscriptionBody>,
) -> Result<Answer<TenantRow>, Problem> {
    let done = api.app.change_subscription(&caller, body.subscription_tier).await?;
    after(&api, &caller, done).await
}

/// Get what is used of the plan
#[utoipa::path(get, path = "/tenants/current/usage", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "Each limited resource", body = UsageRow)))]
pub(crate) async fn get_usage(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<UsageRow>, Problem> {
    let now = api.app.clock.now();
    Ok(Answer::ok(api.views.usage(&caller, now).await?))
}

/// Get the organisation's health
///
/// How far its log has come, what waits and runs, and whether its read models keep up.
#[utoipa::path(get, path = "/tenants/health", tag = "tenants", security(("bearer" = [])),
    responses((status = 200, description = "Its health", body = TenantHealth)))]
pub(crate) async fn get_tenant_health(
    State(api): State<ApiState>,
    Authed(caller): Authed,
) -> Result<Answer<TenantHealth>, Problem> {
    Ok(Answer::ok(api.views.tenant_health(&caller).await?))
}

fn settings_of(tenant: TenantRow) -> Answer<TenantSettings> {
    let settings = TenantSettings { settings: tenant.settings };
    Answer::ok(settings).version(tenant.version)
}

/// The organisation as a command left it.
pub(super) async fn after(api: &ApiState, caller: &Caller, done: Done) -> Result<Answer<TenantRow>, Problem> {
    let tenant = api.views.get_tenant(caller).await?;
    let (version, position) = (tenant.version, api.position(caller.tenant, done).await?);
    Ok(Answer::ok(tenant).version(version).position(position))
}
