//! People in organisations: the table `users`.

use application::{AppError, Caller};
use chrono::{DateTime, Utc};
use domain::user::UserEvent;
use domain::{Event, Permission, Recorded, Role, TenantId, UserId};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;

use crate::columns::{
    Column, Fields, SaveQuery, array, column, document_column, empty, names, shown, text_enum,
};
use crate::fold::Model;
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, check_text, containing, list};
use crate::schema::RoleSchema;
use crate::tenants::text;
use crate::views::Views;

#[cfg(test)]
mod tests;

text_enum! {
    /// Whether a user has access.
    pub enum UserStatus {
        /// Asked to join.
        Invited = "invited",
        /// With access.
        Active = "active",
        /// Without access; the history stays.
        Inactive = "inactive",
    }
}

/// A person in an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: UserId,
    /// The organisation.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// The address to sign in with; null once erased.
    #[schema(required)]
    pub email: Option<String>,
    /// The person's name; null if not given yet, or once erased.
    #[schema(required)]
    pub full_name: Option<String>,
    /// The role held, or offered by the invitation.
    #[schema(value_type = RoleSchema)]
    pub role: Role,
    /// Whether the user has access.
    pub status: UserStatus,
    /// Whether the status is `active`.
    pub is_active: bool,
    /// The person's own preferences, exactly as they were sent.
    #[schema(value_type = Object)]
    pub preferences: Box<RawValue>,
    /// When the person last signed in.
    #[schema(required)]
    pub last_login: Option<DateTime<Utc>>,
    /// Counts what happened to the user, from 1.
    pub version: i64,
    /// When the user registered or was invited.
    pub created_at: DateTime<Utc>,
    /// When something last happened to the user.
    pub updated_at: DateTime<Utc>,
    /// Who vouches for the invitation of someone who has not joined yet; shown in the list of invitations.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) invited_by: Option<UserId>,
    /// Until when that invitation is open.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) invitation_expires_at: Option<DateTime<Utc>>,
}

/// Which users are listed; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Those with this role.
    pub role: Option<Role>,
    /// Those that stand there.
    pub status: Option<UserStatus>,
    /// Those with this in their name or address, without regard to case.
    pub q: Option<String>,
}

const SORTS: &[Sort] = &[
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "email", by: "coalesce(email, '')", of: SortOf::Text },
    Sort { name: "full_name", by: "lower(coalesce(full_name, ''))", of: SortOf::Text },
];

impl Views {
    /// One user.
    pub async fn get_user(&self, caller: &Caller, user: UserId) -> Result<UserRow, AppError> {
        caller.require(Permission::ReadUsers)?;
        self.find_user(caller.tenant, user).await
    }

    /// The user of an answer to somebody who signs in, whose id the use case has just handed out.
    pub async fn find_user(&self, tenant: TenantId, user: UserId) -> Result<UserRow, AppError> {
        let found = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql =
                    format!("select {} from users where tenant_id = $1 and id = $2", names(Users::COLUMNS));
                let row = sqlx::query(&sql).bind(tenant.0).bind(user.0).fetch_optional(conn).await?;
                row.as_ref().map(Users::decode).transpose()
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// The tenant's users, invited and inactive ones too, by `created_at`, `updated_at`, `email` or `full_name`.
    pub async fn list_users(
        &self,
        caller: &Caller,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<UserRow>, AppError> {
        caller.require(Permission::ReadUsers)?;
        check_text("/q", filter.q.as_ref())?;
        let (tenant, filter, order) = (caller.tenant, filter.clone(), Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move {
                let columns = names(Users::COLUMNS);
                list(conn, ("users", &columns), tenant, (&filter, &order), Users::decode).await
            })
        });
        read.await
    }
}

impl Filter for UserFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(role) = self.role {
            query.push(" and role = ").push_bind(role.as_str());
        }
        if let Some(status) = self.status {
            query.push(" and status = ").push_bind(status.as_str());
        }
        if let Some(q) = &self.q {
            query.push(" and (full_name ilike ").push_bind(containing(q));
            query.push(" or email ilike ").push_bind(containing(q)).push(")");
        }
    }
}

/// The read model.
pub(crate) struct Users;

impl Model for Users {
    const TABLE: &'static str = "users";
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const COLUMNS: &'static [Column] = &[
        column("tenant_id", "uuid"),
        column("id", "uuid"),
        column("email", "text"),
        column("full_name", "text"),
        column("role", "text"),
        column("status", "text"),
        document_column("preferences"),
        column("last_login", "timestamptz"),
        column("version", "bigint"),
        column("created_at", "timestamptz"),
        column("updated_at", "timestamptz"),
        column("invited_by", "uuid"),
        column("invitation_expires_at", "timestamptz"),
    ];
    type Event = UserEvent;
    type Row = UserRow;

    fn own(event: &Event) -> Option<&UserEvent> {
        match event {
            Event::User(event) => Some(event),
            Event::Tenant(_) | Event::Agent(_) | Event::Task(_) => None,
        }
    }

    fn fold(row: &mut Option<UserRow>, event: &UserEvent, recorded: &Recorded) {
        match (row.as_mut(), event) {
            (None, UserEvent::Registered { .. } | UserEvent::Invited { .. }) => {
                *row = created(event, recorded);
            }
            (Some(_), UserEvent::InvitationRevoked {} | UserEvent::InvitationExpired {}) => *row = None,
            (Some(user), _) => user.fold(event, recorded.recorded_at),
            (None, _) => {}
        }
    }

    fn version(row: &UserRow) -> i64 {
        row.version
    }

    fn stamp(row: &mut UserRow, version: i64, at: DateTime<Utc>) {
        row.version = version;
        row.updated_at = at;
    }

    fn decode(row: &PgRow) -> Result<UserRow, sqlx::Error> {
        let mut fields = Fields::of(row);
        let (tenant_id, id) = (TenantId(fields.next()?), UserId(fields.next()?));
        let (email, full_name) = (fields.next()?, fields.next()?);
        let role = fields.next_of(Role::find)?;
        let status = fields.next_of(UserStatus::find)?;
        Ok(UserRow {
            id,
            tenant_id,
            email,
            full_name,
            role,
            status,
            is_active: status == UserStatus::Active,
            preferences: fields.next_document()?,
            last_login: fields.next()?,
            version: fields.next()?,
            created_at: fields.next()?,
            updated_at: fields.next()?,
            invited_by: fields.next::<Option<_>>()?.map(UserId),
            invitation_expires_at: fields.next()?,
        })
    }

    fn bind<'q>(query: SaveQuery<'q>, rows: &'q [UserRow]) -> SaveQuery<'q> {
        query
            .bind(array(rows, |row| row.tenant_id.0))
            .bind(array(rows, |row| row.id.0))
            .bind(array(rows, |row| row.email.as_deref()))
            .bind(array(rows, |row| row.full_name.as_deref()))
            .bind(array(rows, |row| row.role.as_str()))
            .bind(array(rows, |row| row.status.as_str()))
            .bind(array(rows, |row| row.preferences.get()))
            .bind(array(rows, |row| row.last_login))
            .bind(array(rows, |row| row.version))
            .bind(array(rows, |row| row.created_at))
            .bind(array(rows, |row| row.updated_at))
            .bind(array(rows, |row| row.invited_by.map(|user| user.0)))
            .bind(array(rows, |row| row.invitation_expires_at))
    }
}

fn created(event: &UserEvent, recorded: &Recorded) -> Option<UserRow> {
    let (email, full_name, role, status) = match event {
        UserEvent::Registered { email, full_name, role } => {
            (email, Some(full_name), role, UserStatus::Active)
        }
        UserEvent::Invited { email, full_name, role, .. } => {
            (email, full_name.as_ref(), role, UserStatus::Invited)
        }
        _ => return None,
    };
    let (invited_by, invitation_expires_at) = match event {
        UserEvent::Invited { invited_by, expires_at, .. } => (*invited_by, *expires_at),
        _ => (None, None),
    };
    Some(UserRow {
        id: UserId(recorded.stream.id),
        tenant_id: recorded.stream.tenant,
        email: text(email),
        full_name: full_name.and_then(text),
        role: *role,
        status,
        is_active: status == UserStatus::Active,
        preferences: empty(),
        last_login: None,
        version: recorded.sequence,
        created_at: recorded.recorded_at,
        updated_at: recorded.recorded_at,
        invited_by,
        invitation_expires_at,
    })
}

impl UserRow {
    fn fold(&mut self, event: &UserEvent, at: DateTime<Utc>) {
        match event {
            UserEvent::InvitationAccepted { full_name, role } => {
                self.full_name = text(full_name);
                self.role = *role;
                (self.invited_by, self.invitation_expires_at) = (None, None);
                self.stand(UserStatus::Active);
            }
            UserEvent::InvitationResent { role, expires_at, invited_by, .. } => {
                self.role = *role;
                (self.invited_by, self.invitation_expires_at) = (Some(*invited_by), Some(*expires_at));
            }
            UserEvent::ProfileChanged { full_name, preferences } => {
                if let Some(full_name) = full_name {
                    self.full_name = text(full_name);
                }
                if let Some(preferences) = preferences {
                    self.preferences = preferences.value().map_or_else(empty, shown);
                }
            }
            UserEvent::RoleChanged { to, .. } => self.role = *to,
            UserEvent::Deactivated { .. } => self.stand(UserStatus::Inactive),
            UserEvent::Reactivated { .. } => self.stand(UserStatus::Active),
            UserEvent::SignedIn { .. } => self.last_login = Some(at),
            UserEvent::SignInFailed { .. }
            | UserEvent::SignedOut { .. }
            | UserEvent::SessionRevoked { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordResetRequested { .. }
            | UserEvent::Registered { .. }
            | UserEvent::Invited { .. }
            | UserEvent::InvitationRevoked {}
            | UserEvent::InvitationExpired {} => {}
        }
    }

    fn stand(&mut self, status: UserStatus) {
        self.status = status;
        self.is_active = status == UserStatus::Active;
    }
}
