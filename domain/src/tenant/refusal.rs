use crate::refusal::{Refusal, RefusalKind};

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
}

impl Refusal for TenantRefusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Absent => RefusalKind::NotFound,
            Self::AlreadyExists | Self::NotSuspended => RefusalKind::WrongStage,
            Self::Suspended => RefusalKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Absent => "not_found",
            Self::AlreadyExists => "tenant.already_exists",
            Self::Suspended => "tenant.suspended",
            Self::NotSuspended => "tenant.not_suspended",
        }
    }
}
