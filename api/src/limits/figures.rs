//! Every figure of every limit on how often something may be asked, in one place.

use std::str::FromStr;
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
pub enum Limit {
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
    const ALL: [Self; 11] = [
        Self::SignInFrom,
        Self::SignInFromTo,
        Self::SignInTo,
        Self::Registration,
        Self::Foundation,
        Self::ResetFrom,
        Self::ResetOf,
        Self::MailedToken,
        Self::InvitationBy,
        Self::InvitationTo,
        Self::PresentPassword,
    ];

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
    const fn allowance(self, regime: Regime) -> Allowance {
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
const fn anonymous(regime: Regime) -> u32 {
    match regime {
        Regime::Strict => 120,
        Regime::Relaxed => RELAXED,
    }
}

/// Requests a minute by an organisation's users and programs together, on each node; a minute's worth may come at once.
/// Each API key has half of that.
const fn of_tenant(tier: Tier, regime: Regime) -> u32 {
    match (regime, tier) {
        (Regime::Relaxed, _) => RELAXED,
        (Regime::Strict, Tier::Free) => 600,
        (Regime::Strict, Tier::Basic) => 1_200,
        (Regime::Strict, Tier::Professional) => 6_000,
        (Regime::Strict, Tier::Enterprise) => 30_000,
    }
}

/// Streams of an organisation that are open at once, on each node.
const fn streams(regime: Regime) -> u32 {
    match regime {
        Regime::Strict => 1_000,
        Regime::Relaxed => RELAXED,
    }
}

const RELAXED: u32 = 60_000_000;

/// The figures of a deployment: those of its regime, but for what its operator set.
#[derive(Clone, Debug)]
pub struct Figures {
    regime: Regime,
    own: Vec<OwnFigure>,
}

impl Figures {
    /// Of two for the same limit the later one holds.
    pub const fn new(regime: Regime, own: Vec<OwnFigure>) -> Self {
        Self { regime, own }
    }

    /// So many at once, and one more each so many seconds.
    pub(super) fn allowance(&self, limit: Limit) -> Allowance {
        let own = self.own.iter().rev().find_map(|own| match own {
            OwnFigure::Shared(of, allowance) if *of == limit => Some(*allowance),
            OwnFigure::Shared(..)
            | OwnFigure::Anonymous(_)
            | OwnFigure::OfTenant(..)
            | OwnFigure::Streams(_) => None,
        });
        own.unwrap_or_else(|| limit.allowance(self.regime))
    }

    pub(super) fn anonymous(&self) -> u32 {
        let own = self.own.iter().rev().find_map(|own| match own {
            OwnFigure::Anonymous(requests) => Some(*requests),
            OwnFigure::Shared(..) | OwnFigure::OfTenant(..) | OwnFigure::Streams(_) => None,
        });
        own.unwrap_or_else(|| anonymous(self.regime))
    }

    pub(super) fn of_tenant(&self, tier: Tier) -> u32 {
        let own = self.own.iter().rev().find_map(|own| match own {
            OwnFigure::OfTenant(of, requests) if *of == tier => Some(*requests),
            OwnFigure::Shared(..)
            | OwnFigure::Anonymous(_)
            | OwnFigure::OfTenant(..)
            | OwnFigure::Streams(_) => None,
        });
        own.unwrap_or_else(|| of_tenant(tier, self.regime))
    }

    pub(super) fn streams(&self) -> u32 {
        let own = self.own.iter().rev().find_map(|own| match own {
            OwnFigure::Streams(open) => Some(*open),
            OwnFigure::Shared(..) | OwnFigure::Anonymous(_) | OwnFigure::OfTenant(..) => None,
        });
        own.unwrap_or_else(|| streams(self.regime))
    }
}

/// A figure that an operator sets: `NAME=BURST/SECONDS` for what is shared by all nodes, so many at once and one more each
/// so many seconds; `anonymous=COUNT` or `TIER=COUNT` for requests a minute; `streams=COUNT` for open streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnFigure {
    /// What is limited on all nodes together.
    Shared(Limit, Allowance),
    /// Requests by nobody in particular from one network.
    Anonymous(u32),
    /// Requests by an organisation of this tier.
    OfTenant(Tier, u32),
    /// Open streams of an organisation.
    Streams(u32),
}

/// The longest that one more may take: a week.
const LONGEST: u32 = 7 * 24 * 60 * 60;

impl FromStr for OwnFigure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, figure) = text.trim().split_once('=').ok_or("must be NAME=FIGURE")?;
        let number = |text: &str, most: u32| {
            let parsed = text.parse().ok().filter(|number| (1..=most).contains(number));
            parsed.ok_or_else(|| format!("{text:?} must be a whole number from 1 to {most}"))
        };
        if let Some(limit) = Limit::ALL.into_iter().find(|limit| limit.name() == name) {
            let (burst, seconds) = figure
                .split_once('/')
                .ok_or_else(|| format!("{name} must be BURST/SECONDS, such as 3/20"))?;
            let every = Duration::from_secs(number(seconds, LONGEST)?.into());
            return Ok(Self::Shared(limit, Allowance { burst: number(burst, 100_000)?, every }));
        }
        let requests = || number(figure, RELAXED);
        if name == "anonymous" {
            return Ok(Self::Anonymous(requests()?));
        }
        if name == "streams" {
            return Ok(Self::Streams(requests()?));
        }
        if let Some(tier) = Tier::ALL.into_iter().find(|tier| tier.as_str() == name) {
            return Ok(Self::OfTenant(tier, requests()?));
        }
        let shared = Limit::ALL.map(Limit::name);
        let tiers = Tier::ALL.map(Tier::as_str);
        Err(format!(
            "there is no limit {name:?}; there are {}, anonymous, streams, {}",
            shared.join(", "),
            tiers.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_figure_takes_the_place_of_its_own_alone() {
        let own = ["sign_in_from=5/60", "sign_in_from=7/30", "anonymous=9", "basic=11", "streams=2"];
        let figures = Figures::new(Regime::Strict, own.map(|own| own.parse().unwrap()).into());
        let allowance = figures.allowance(Limit::SignInFrom);
        assert_eq!((allowance.burst, allowance.every.as_secs()), (7, 30));
        assert_eq!(figures.allowance(Limit::ResetOf), Limit::ResetOf.allowance(Regime::Strict));
        assert_eq!((figures.anonymous(), figures.of_tenant(Tier::Basic), figures.streams()), (9, 11, 2));
        assert_eq!(figures.of_tenant(Tier::Free), 600);
    }

    #[test]
    fn what_is_no_figure_is_refused_with_what_would_be_one() {
        let refused = |text: &str| text.parse::<OwnFigure>().unwrap_err();
        assert!(refused("sign_in=3/20").contains("there are sign_in_from, "));
        for bad in [
            "sign_in_from",
            "sign_in_from=3",
            "sign_in_from=0/20",
            "sign_in_from=3/0",
            "free=-1",
            "free=3/20",
        ] {
            assert!(!refused(bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        let names = Limit::ALL.map(Limit::name);
        assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)));
    }
}
