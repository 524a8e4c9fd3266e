//! Every event of the platform, and the envelope it is recorded in.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use uuid::Uuid;

use crate::agent::AgentEvent;
use crate::id::AgentId;
use crate::metadata::Metadata;
use crate::stream::{AggregateType, StreamId};
use crate::task::TaskEvent;
use crate::tenant::TenantEvent;
use crate::user::UserEvent;

/// An event of any aggregate.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of a tenant.
    Tenant(TenantEvent),
    /// Of a user.
    User(UserEvent),
    /// Of an agent.
    Agent(AgentEvent),
    /// Of a task.
    Task(TaskEvent),
}

impl Event {
    /// Whose stream it belongs to.
    pub const fn aggregate(&self) -> AggregateType {
        match self {
            Self::Tenant(_) => AggregateType::Tenant,
            Self::User(_) => AggregateType::User,
            Self::Agent(_) => AggregateType::Agent,
            Self::Task(_) => AggregateType::Task,
        }
    }

    /// The stable name, such as `agent.created`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tenant(event) => event.name(),
            Self::User(event) => event.name(),
            Self::Agent(event) => event.name(),
            Self::Task(event) => event.name(),
        }
    }

    /// The version of the payload's form.
    pub fn version(&self) -> String {
        match self {
            Self::Tenant(event) => event.event_version(),
            Self::User(event) => event.event_version(),
            Self::Agent(event) => event.event_version(),
            Self::Task(event) => event.event_version(),
        }
    }
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the tenant's log: from 1, without gaps, in commit order.
    pub position: i64,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream, from 1; the stream's version once it is applied.
    pub sequence: i64,
    /// Its own id, the same wherever the event is delivered.
    pub id: Uuid,
    /// When it was committed; never runs backwards within a tenant.
    pub recorded_at: DateTime<Utc>,
    /// Under what circumstances.
    pub metadata: Metadata,
    /// What happened.
    pub event: Event,
}

/// Gives an event enum its stable names, its version, its `DomainEvent` and the way into [`Event`].
macro_rules! event_names {
    ($event:ident, $wrap:ident, $version:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $event {
            /// The stable name of every event of this aggregate.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The stable name, such as `agent.created`.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name),+
                }
            }
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                self.name().to_owned()
            }

            fn event_version(&self) -> String {
                $version.to_owned()
            }
        }

        impl From<$event> for $crate::event::Event {
            fn from(event: $event) -> Self {
                Self::$wrap(event)
            }
        }
    };
}
pub(crate) use event_names;

/// An aggregate as the use cases see it: cqrs-es's contract, and beneath it the pure decision.
pub trait Root: cqrs_es::Aggregate<Services = (), Error: crate::refusal::Refusal> {
    /// The kind of its streams.
    const KIND: AggregateType;
    /// The events an order leads to, none where it changes nothing, or why it is refused.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
    /// The event, if it is one of this aggregate's.
    fn own(event: Event) -> Option<Self::Event>;
    /// The agent that the aggregate of that id is, or is for; none for what is of no agent.
    fn agent(&self, _id: Uuid) -> Option<AgentId> {
        None
    }
}

/// Implements `cqrs_es::Aggregate` by forwarding to the pure `decide` and `evolve`; no aggregate does more. Those that are
/// of an agent say of which.
macro_rules! aggregate {
    ($aggregate:ident, $type:literal, $command:ident, $event:ident, $refusal:ident $(, of $agent:expr)?) => {
        impl $crate::event::Root for $aggregate {
            const KIND: $crate::stream::AggregateType = $crate::stream::AggregateType::$aggregate;

            fn decide(&self, command: $command) -> Result<Vec<$event>, $refusal> {
                Self::decide(self, command)
            }

            fn own(event: $crate::event::Event) -> Option<$event> {
                match event {
                    $crate::event::Event::$aggregate(event) => Some(event),
                    _ => None,
                }
            }

            $(fn agent(&self, id: uuid::Uuid) -> Option<$crate::id::AgentId> {
                ($agent)(self, id)
            })?
        }

        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $type;
            type Command = $command;
            type Event = $event;
            type Error = $refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $refusal> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(event);
            }
        }
    };
}
pub(crate) use aggregate;
