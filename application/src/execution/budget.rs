//! What is set aside for calls: of the organisation and of the agent, so that no call can overshoot what either may
//! spend in a month.

use domain::agent::Profile;
use domain::task::Work;
use domain::tenant::Tenant;
use domain::{MicroUsd, StreamId, TenantId};
use uuid::Uuid;

use crate::App;
use crate::commit::Hold;
use crate::error::AppError;
use crate::ports::Claimed;

/// What may be spent in a calendar month, UTC.
pub(super) struct Budgets {
    claimed: Claimed,
    of_agent: Option<MicroUsd>,
    of_tenant: OfTenant,
}

/// What the organisation may spend: looked up before the first call that costs anything.
#[derive(Clone, Copy)]
enum OfTenant {
    Unknown,
    Known(Option<MicroUsd>),
}

impl Budgets {
    /// The agent's, and its organisation's.
    pub(super) fn of(agent: &Profile, claimed: Claimed) -> Self {
        Self { claimed, of_agent: agent.budget, of_tenant: OfTenant::Unknown }
    }

    /// What a call that may cost so much sets aside; nothing for a free one.
    pub(super) async fn reserve(&mut self, app: &App, amount: MicroUsd) -> Result<Vec<Hold>, AppError> {
        if amount == MicroUsd::default() {
            return Ok(vec![]);
        }
        let of_tenant = self.of_tenant(app).await?;
        let hold = |scope: Uuid, limit| Hold {
            scope,
            reserve: amount,
            release: MicroUsd::default(),
            spend: MicroUsd::default(),
            limit,
        };
        Ok(vec![hold(self.claimed.tenant.0, of_tenant), hold(self.claimed.agent.0, self.of_agent)])
    }

    async fn of_tenant(&mut self, app: &App) -> Result<Option<MicroUsd>, AppError> {
        if let OfTenant::Known(limit) = self.of_tenant {
            return Ok(limit);
        }
        let (tenant, _) = app.load::<Tenant>(StreamId::tenant(self.claimed.tenant)).await?;
        let limit = match &tenant {
            Tenant::Active(organisation) | Tenant::Suspended(organisation) => organisation.budget,
            Tenant::Absent => None,
        };
        self.of_tenant = OfTenant::Known(limit);
        Ok(limit)
    }
}

/// What the end of a call gives back and books.
pub(super) fn settled(claimed: Claimed, reserved: MicroUsd, spent: MicroUsd) -> Vec<Hold> {
    let zero = MicroUsd::default();
    if reserved == zero && spent == zero {
        return vec![];
    }
    let hold = |scope| Hold { scope, reserve: zero, release: reserved, spend: spent, limit: None };
    vec![hold(claimed.tenant.0), hold(claimed.agent.0)]
}

/// What settles the step that a task's attempt left open, when that attempt is ended from outside: nobody knows what
/// the call cost, so all that was set aside is booked.
pub(crate) fn settle_open(tenant: TenantId, work: &Work) -> Vec<Hold> {
    let Some(open) = work.journal.open().filter(|open| open.reserved > MicroUsd::default()) else {
        return vec![];
    };
    let hold = |scope| Hold {
        scope,
        reserve: MicroUsd::default(),
        release: open.reserved,
        spend: open.reserved,
        limit: None,
    };
    vec![hold(tenant.0), hold(work.agent.0)]
}
