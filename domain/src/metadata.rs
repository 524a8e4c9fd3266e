//! Under what circumstances an event happened.

use crate::actor::Actor;
use crate::id::{SessionId, UserId};

/// What stands beside every event of a command. In the log it is a flat JSON object of strings, the form
/// cqrs-es asks for; absent members are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Who acted.
    pub actor: Actor,
    /// For whom a program acts: of an API key the user who made it, of an agent the user who gave it the task.
    pub on_behalf_of: Option<UserId>,
    /// By which worker, where an agent acts.
    pub worker: Option<String>,
    /// In which session, if signed in.
    pub session: Option<SessionId>,
    /// From which address. Personal data: sealed in the log.
    pub ip: Option<String>,
    /// With which program. Personal data: sealed in the log.
    pub user_agent: Option<String>,
    /// The request's id, as returned in `X-Request-Id`.
    pub request_id: Option<String>,
    /// What larger undertaking it belongs to; the first request's id where nothing else is known.
    pub correlation_id: Option<String>,
    /// The event or request that led to it.
    pub causation_id: Option<String>,
    /// The W3C trace id.
    pub trace_id: Option<String>,
}

impl Metadata {
    /// The circumstances of something that a part of the service does by itself.
    pub fn system(name: &str) -> Self {
        Self::of(Actor::System(name.to_owned()))
    }

    /// The circumstances where nothing but the actor is known.
    pub const fn of(actor: Actor) -> Self {
        Self {
            actor,
            on_behalf_of: None,
            worker: None,
            session: None,
            ip: None,
            user_agent: None,
            request_id: None,
            correlation_id: None,
            causation_id: None,
            trace_id: None,
        }
    }
}
