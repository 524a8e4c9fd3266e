use crate::policy::Permission;
use crate::refusal::{Refusal, RefusalKind};

use super::keys::{LONGEST_LIFE, LONGEST_OVERLAP, MOST_API_KEYS, MOST_PROVIDER_KEYS};

/// Why a tenant refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRefusal {
    /// There is no such tenant.
    #[error("the organisation does not exist")]
    Absent,
    /// There is one already.
    #[error("the organisation exists already")]
    AlreadyExists,
    /// It is suspended.
    #[error("the organisation is suspended")]
    Suspended,
    /// It is not suspended.
    #[error("the organisation is not suspended")]
    NotSuspended,
    /// The work of its agents is stopped already.
    #[error("all work is stopped already")]
    WorkStopped,
    /// The work of its agents is not stopped.
    #[error("work is not stopped")]
    WorkNotStopped,
    /// There is no such API key.
    #[error("there is no such API key")]
    ApiKeyUnknown,
    /// There is one of that id already.
    #[error("the API key exists already")]
    ApiKeyExists,
    /// It was revoked.
    #[error("the API key is revoked")]
    ApiKeyRevoked,
    /// It has run out.
    #[error("the API key has expired")]
    ApiKeyExpired,
    /// It has a successor.
    #[error("the API key has a successor already")]
    ApiKeyRotated,
    /// There are as many as there may be.
    #[error("there are {MOST_API_KEYS} API keys already: revoke one first")]
    ApiKeysTooMany,
    /// A key for nothing.
    #[error("an API key needs at least one scope")]
    ScopesEmpty,
    /// A key that is bound to agents, for what is not about single ones.
    #[error("a key that is bound to agents cannot have the scope {}, which is not about single ones", .0.as_str())]
    ScopeBeyondAgents(Permission),
    /// It would end at once, or live too long.
    #[error("an API key lives up to {} days", LONGEST_LIFE.num_days())]
    LifeOutOfRange,
    /// The old key would work too long beside the new one.
    #[error("a rotated API key works for at most {} hours more", LONGEST_OVERLAP.num_hours())]
    OverlapTooLong,
    /// No key of that provider is set.
    #[error("no key of that provider is set")]
    ProviderKeyUnknown,
    /// There are as many as there may be.
    #[error("there are keys of {MOST_PROVIDER_KEYS} providers already: remove one first")]
    ProviderKeysTooMany,
}

impl Refusal for TenantRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent | Self::ApiKeyUnknown | Self::ProviderKeyUnknown => RefusalKind::NotFound,
            Self::AlreadyExists
            | Self::NotSuspended
            | Self::WorkStopped
            | Self::WorkNotStopped
            | Self::ApiKeyExists
            | Self::ApiKeyRevoked
            | Self::ApiKeyExpired
            | Self::ApiKeyRotated
            | Self::ApiKeysTooMany
            | Self::ProviderKeysTooMany => RefusalKind::WrongStage,
            Self::ScopesEmpty | Self::ScopeBeyondAgents(_) | Self::LifeOutOfRange | Self::OverlapTooLong => {
                RefusalKind::Invalid
            }
            Self::Suspended => RefusalKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent | Self::ApiKeyUnknown | Self::ProviderKeyUnknown => "not_found",
            Self::AlreadyExists => "tenant.already_exists",
            Self::Suspended => "tenant.suspended",
            Self::NotSuspended => "tenant.not_suspended",
            Self::WorkStopped => "tenant.work_stopped",
            Self::WorkNotStopped => "tenant.work_not_stopped",
            Self::ApiKeyExists => "api_key.already_exists",
            Self::ApiKeyRevoked => "api_key.revoked",
            Self::ApiKeyExpired => "api_key.expired",
            Self::ApiKeyRotated => "api_key.rotated",
            Self::ApiKeysTooMany => "api_key.too_many",
            Self::ScopesEmpty => "api_key.no_scopes",
            Self::ScopeBeyondAgents(_) => "api_key.scope_beyond_agents",
            Self::LifeOutOfRange => "api_key.life_out_of_range",
            Self::OverlapTooLong => "api_key.overlap_too_long",
            Self::ProviderKeysTooMany => "provider_key.too_many",
        }
    }
}
