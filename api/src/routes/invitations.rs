use application::{Caller, Invitation};
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::text::FullName;
use domain::{Permission, Role, UserId};
use projections::schema::RoleSchema;
use projections::{InvitationFilter, InvitationRow, InvitationStatus, Page, PageRequest, UserRow};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Address, Authed, JsonBody, Limit, Parameters, PathId, SearchText, Token, Visible};
use crate::limits::Throttle;
use crate::problem::{Problem, ProblemBody};

page_schema!(InvitationPage, InvitationRow, "invitations");

/// Which invitations, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvitationsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// A field, with a `-` before it for descending order.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Those that offer this role.
    #[param(value_type = Option<RoleSchema>)]
    role: Option<Role>,
    /// Those that stand there.
    status: Option<InvitationStatus>,
    /// Those with this in their name or address, without regard to case.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<SearchText>,
}

/// Whom to ask to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "grace@acme.example", "role": "member", "full_name": "Grace Hopper"}))]
pub(crate) struct InviteUserBody {
    /// Where the invitation goes.
    #[schema(value_type = String, format = "email", max_length = 254)]
    email: Address,
    /// The role offered; none above one's own.
    #[schema(value_type = RoleSchema)]
    role: Role,
    /// The person's name, if known.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    full_name: Option<Visible<FullName>>,
}

/// What changes of an invitation that is sent anew; what is absent stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "admin"}))]
pub(crate) struct ResendInvitationBody {
    /// Another role to offer; none above one's own.
    #[schema(value_type = Option<RoleSchema>)]
    role: Option<Role>,
}

/// A link that was followed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"invitation_token": "aci_AZ0m8u…"}))]
pub(crate) struct InspectInvitationBody {
    /// Out of the link.
    #[schema(value_type = String)]
    invitation_token: Token,
}

/// An open invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteAnswer {
    /// The invited user.
    user: UserRow,
    /// What the person registers with; null where it was sent by mail.
    #[schema(required = true)]
    invitation_token: Option<String>,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// What a good link offers.
#[derive(Serialize, ToSchema)]
pub(crate) struct InspectInvitationAnswer {
    /// The address that was invited; registering takes the same.
    email: String,
    /// The person's name, if the inviter gave one.
    #[schema(required = true)]
    full_name: Option<String>,
    /// The role offered.
    #[schema(value_type = RoleSchema)]
    role: Role,
    /// Until when.
    expires_at: DateTime<Utc>,
    /// By whom.
    tenant: InvitingTenant,
}

/// The organisation that invites.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitingTenant {
    /// What it is called.
    name: String,
    /// Where it is reached.
    subdomain: String,
}

/// List invitations
///
/// Those that were not accepted yet, open and expired ones.
#[utoipa::path(get, path = "/tenants/invitations", tag = "tenants", security(("bearer" = [])),
    params(InvitationsQuery),
    responses((status = 200, description = "A page of invitations", body = InvitationPage)))]
pub(crate) async fn list_invitations(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<InvitationsQuery>,
) -> Result<Answer<Page<InvitationRow>>, Problem> {
    let filter = InvitationFilter { role: query.role, status: query.status, q: query.q.map(|text| text.0) };
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    Ok(Answer::ok(api.views.list_invitations(&caller, &filter, &page).await?))
}

/// Invite a user
///
/// As an administrator. The invitation is open for seven days. An address with an open invitation is a 409
/// `invitation_open`; an expired one stands in nobody's way.
#[utoipa::path(post, path = "/tenants/users/invite", tag = "tenants", security(("bearer" = [])),
    request_body = InviteUserBody,
    responses((status = 201, description = "The open invitation", body = InviteAnswer,
        headers(("ETag", description = "The user's version"), ("Location", description = "Where the user is")))))]
pub(crate) async fn invite_user(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    throttle: Throttle,
    JsonBody(body): JsonBody<InviteUserBody>,
) -> Result<Answer<InviteAnswer>, Problem> {
    // Whoever may not invite uses nothing up.
    caller.require(Permission::ManageUsers)?;
    throttle.invite(caller.tenant, &body.email.0).await?;
    let full_name = body.full_name.map(Visible::into);
    let invitation = api.app.invite_user(&caller, body.email.0, full_name, body.role).await?;
    let location = format!("/api/v1/tenants/users/{}", invitation.done.resource);
    let (answer, version, position) = answer(&api, &caller, invitation).await?;
    Ok(Answer::created(location, answer).version(version).position(position))
}

/// Send an invitation anew
///
/// As an administrator. It is open for another seven days, and only its new link is good.
#[utoipa::path(post, path = "/tenants/invitations/{id}/resend", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The invitation's id")),
    request_body(content = Option<ResendInvitationBody>),
    responses((status = 200, description = "The open invitation", body = InviteAnswer,
        headers(("ETag", description = "The user's version")))))]
pub(crate) async fn resend_invitation(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
    body: Option<JsonBody<ResendInvitationBody>>,
) -> Result<Answer<InviteAnswer>, Problem> {
    let body = body.map(|JsonBody(body)| body).unwrap_or_default();
    let invitation = api.app.resend_invitation(&caller, user, body.role).await?;
    let (answer, version, position) = answer(&api, &caller, invitation).await?;
    Ok(Answer::ok(answer).version(version).position(position))
}

/// Take an invitation back
///
/// As an administrator. Its link is dead, and its address free for another.
#[utoipa::path(delete, path = "/tenants/invitations/{id}", tag = "tenants", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The invitation's id")),
    responses((status = 204, description = "The invitation is gone")))]
pub(crate) async fn revoke_invitation(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(user): PathId<UserId>,
) -> Result<Emptied, Problem> {
    let done = api.app.revoke_invitation(&caller, user).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}

/// Look at an invitation
///
/// What a link offers, for whoever holds it. A link that is expired, used, replaced, taken back or void answers like
/// one that was never sent.
#[utoipa::path(post, path = "/auth/invitations/inspect", tag = "auth", request_body = InspectInvitationBody,
    responses((status = 200, description = "What the link offers", body = InspectInvitationAnswer),
        (status = 403, description = "The link is not good.", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn inspect_invitation(
    State(api): State<ApiState>,
    JsonBody(body): JsonBody<InspectInvitationBody>,
) -> Result<Answer<InspectInvitationAnswer>, Problem> {
    let offer = api.app.inspect_invitation(&body.invitation_token.0).await?;
    let tenant = api.views.find_tenant(offer.tenant).await?;
    Ok(Answer::ok(InspectInvitationAnswer {
        email: offer.email.into(),
        full_name: offer.full_name.map(String::from),
        role: offer.role,
        expires_at: offer.expires_at,
        tenant: InvitingTenant { name: tenant.name, subdomain: tenant.subdomain },
    }))
}

/// The answer to who sent an invitation, with the invited user's version and the position of what was done.
async fn answer(
    api: &ApiState,
    caller: &Caller,
    invitation: Invitation,
) -> Result<(InviteAnswer, i64, i64), Problem> {
    let user = api.views.find_user(caller.tenant, UserId(invitation.done.resource)).await?;
    let version = user.version;
    let position = api.position(caller.tenant, invitation.done).await?;
    let token = (!api.http.mail_configured).then(|| invitation.token.expose_secret().to_owned());
    Ok((InviteAnswer { user, invitation_token: token, expires_at: invitation.expires_at }, version, position))
}
