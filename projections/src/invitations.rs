//! Invitations that were not accepted yet: the part of the table `users` that is not in the organisation.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::{Permission, Role, TenantId, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;

use crate::columns::{Fields, text_enum};
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::schema::RoleSchema;
use crate::views::Views;

text_enum! {
    /// Whether an invitation can still be accepted.
    pub enum InvitationStatus {
        /// It can.
        Open = "open",
        /// It has run out; it can be sent anew.
        Expired = "expired",
    }
}

/// An invitation that was not accepted yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationRow {
    /// Its id, and the invited user's.
    #[schema(value_type = Uuid)]
    pub id: UserId,
    /// The organisation.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// The address it was sent to; null once erased.
    #[schema(required)]
    pub email: Option<String>,
    /// The person's name; null if not given, or once erased.
    #[schema(required)]
    pub full_name: Option<String>,
    /// The role offered.
    #[schema(value_type = RoleSchema)]
    pub role: Role,
    /// Whether it can still be accepted.
    pub status: InvitationStatus,
    /// Who sent it last; it is void once they may no longer invite to that role.
    #[schema(required, value_type = Option<Uuid>)]
    pub invited_by: Option<UserId>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Counts what happened to the invited user, from 1.
    pub version: i64,
    /// When it was sent first.
    pub created_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
}

/// Which invitations are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct InvitationFilter {
    /// Those that offer this role.
    pub role: Option<Role>,
    /// Those that stand there.
    pub status: Option<InvitationStatus>,
    /// Those with this in their name or address, without regard to case.
    pub q: Option<String>,
}

const COLUMNS: &str = "
    id, tenant_id, email, full_name, role,
    case when invitation_expires_at > now() then 'open' else 'expired' end,
    invited_by, invitation_expires_at, version, created_at, updated_at";

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "expires_at", by: "invitation_expires_at", of: SortOf::Time },
    Sort { name: "email", by: "coalesce(email, '')", of: SortOf::Text },
];

impl Views {
    /// The tenant's invitations that were not accepted yet, by `created_at`, `updated_at`, `expires_at` or `email`.
    pub async fn list_invitations(
        &self,
        caller: &Caller,
        filter: &InvitationFilter,
        page: &PageRequest,
    ) -> Result<Page<InvitationRow>, AppError> {
        caller.require(Permission::ReadInvitations)?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move { list(conn, ("users", COLUMNS), tenant, (&filter, &order), decode).await })
        });
        read.await
    }
}

impl Filter for InvitationFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        query.push(" and status = 'invited'");
        if let Some(role) = self.role {
            query.push(" and role = ").push_bind(role.as_str());
        }
        match self.status {
            Some(InvitationStatus::Open) => {
                query.push(" and invitation_expires_at > now()");
            }
            Some(InvitationStatus::Expired) => {
                query.push(" and invitation_expires_at <= now()");
            }
            None => {}
        }
        if let Some(q) = &self.q {
            query.push(" and (full_name ilike ").push_bind(containing(q));
            query.push(" or email ilike ").push_bind(containing(q)).push(")");
        }
    }
}

fn decode(row: &PgRow) -> Result<InvitationRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(InvitationRow {
        id: UserId(fields.next()?),
        tenant_id: TenantId(fields.next()?),
        email: fields.next()?,
        full_name: fields.next()?,
        role: fields.next_of(Role::find)?,
        status: fields.next_of(InvitationStatus::find)?,
        invited_by: fields.next::<Option<_>>()?.map(UserId),
        expires_at: fields.next()?,
        version: fields.next()?,
        created_at: fields.next()?,
        updated_at: fields.next()?,
    })
}
