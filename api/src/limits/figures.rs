//! Every figure of every limit on how often something may be asked, in one place.

use std::time::Duration;

use domain::Tier;
use infrastructure::postgres::Allowance;

/// How strict the limits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// As a service on the internet needs them.
    Strict,
    /// As trying out, tests and measurements need them: nobody who means well meets one.
    Relaxed,
}

/// What is limited on all nodes together and over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Failed sign-ins from one network.
    SignInFrom,
    /// Failed sign-ins to one address from one network.
    SignInFromTo,
    /// Failed sign-ins to one address in a row, from all networks it never signed in from.
    SignInTo,
    /// Registrations from one network; those with a good invitation do not count.
    Registration,
    /// Organisations founded from one network.
    Foundation,
    /// Requests to reset a password from one network.
    ResetFrom,
    /// Requests to reset the password of one address.
    ResetOf,
    /// Tokens out of mails that are not good, from one network.
    MailedToken,
    /// Invitations by one organisation.
    InvitationBy,
    /// Invitations by one organisation to one address.
    InvitationTo,
    /// Wrong present passwords of someone signed in.
    PresentPassword,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl Limit {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SignInFrom => "sign_in_from",
            Self::SignInFromTo => "sign_in_from_to",
            Self::SignInTo => "sign_in_to",
            Self::Registration => "registration",
            Self::Foundation => "foundation",
            Self::ResetFrom => "reset_from",
            Self::ResetOf => "reset_of",
            Self::MailedToken => "mailed_token",
            Self::InvitationBy => "invitation_by",
            Self::InvitationTo => "invitation_to",
            Self::PresentPassword => "present_password",
        }
    }

    /// So many at once, and one more each so many seconds.
    pub(super) const fn allowance(self, regime: Regime) -> Allowance {
        let (burst, seconds) = match self {
            Self::SignInFrom => (3, MINUTE / 3),
            Self::SignInFromTo => (10, 2 * MINUTE),
            Self::SignInTo => (100, 2 * MINUTE),
            Self::Registration | Self::ResetFrom => (3, HOUR / 3),
            Self::Foundation => (5, HOUR / 5),
            Self::ResetOf | Self::InvitationTo => (3, HOUR),
            Self::MailedToken | Self::PresentPassword => (10, MINUTE),
            Self::InvitationBy => (30, MINUTE),
        };
        match regime {
            Regime::Strict => Allowance { burst, every: Duration::from_secs(seconds) },
            Regime::Relaxed => Allowance { burst: 100_000, every: Duration::from_millis(1) },
        }
    }
}

/// How long a network counts as one that a user signs in from.
pub(super) const KNOWN_NETWORK: Duration = Duration::from_secs(30 * 24 * HOUR);

/// Requests a minute by nobody in particular from one network, on each node; a minute's worth may come at once.
pub(super) const fn anonymous(regime: Regime) -> u32 {
    match regime {
        Regime::Strict => 120,
        Regime::Relaxed => RELAXED,
    }
}

/// Requests a minute by an organisation's users and programs together, on each node; a minute's worth may come at once.
/// Each API key has half of that.
pub(super) const fn of_tenant(tier: Tier, regime: Regime) -> u32 {
    match (regime, tier) {
        (Regime::Relaxed, _) => RELAXED,
        (Regime::Strict, Tier::Free) => 600,
        (Regime::Strict, Tier::Basic) => 1_200,
        (Regime::Strict, Tier::Professional) => 6_000,
        (Regime::Strict, Tier::Enterprise) => 30_000,
    }
}

const RELAXED: u32 = 60_000_000;
