//! The log behind cqrs-es's own framework.

use std::collections::HashMap;
use std::sync::Arc;

use application::commit::{Commit, CommitError, Expected};
use application::ports::EventLog;
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::{Event, Metadata, Refusal, Root, StreamId, TenantId};
use uuid::Uuid;

/// One tenant's streams of one aggregate, as `cqrs_es::CqrsFramework` asks for them. Cheap: made per request,
/// because the framework knows neither tenants nor actors.
pub struct TenantEventStore {
    log: Arc<dyn EventLog>,
    tenant: TenantId,
    metadata: Metadata,
}

/// An aggregate with the stream and the version that it was loaded from.
pub struct TenantEventStoreContext<A> {
    stream: StreamId,
    version: i64,
    aggregate: A,
}

impl TenantEventStore {
    /// The streams of one tenant; commits carry this metadata.
    pub const fn new(log: Arc<dyn EventLog>, tenant: TenantId, metadata: Metadata) -> Self {
        Self { log, tenant, metadata }
    }

    fn stream<A: Root>(&self, aggregate_id: &str) -> Result<StreamId, AggregateError<A::Error>> {
        let id = Uuid::parse_str(aggregate_id)
            .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))?;
        Ok(StreamId { tenant: self.tenant, aggregate: A::KIND, id })
    }
}

impl<A> AggregateContext<A> for TenantEventStoreContext<A>
where
    A: Root,
{
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A> EventStore<A> for TenantEventStore
where
    A: Root + 'static,
    Event: From<A::Event>,
    A::Error: Refusal,
{
    type AC = TenantEventStoreContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let loaded = self.log.load(self.stream::<A>(aggregate_id)?).await.map_err(away)?;
        let events = loaded.events.into_iter().filter_map(A::own).enumerate();
        let envelope = |(index, payload)| EventEnvelope {
            aggregate_id: aggregate_id.to_owned(),
            sequence: index + 1,
            payload,
            metadata: HashMap::new(),
        };
        Ok(events.map(envelope).collect())
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        let stream = self.stream::<A>(aggregate_id)?;
        let loaded = self.log.load(stream).await.map_err(away)?;
        let mut aggregate = A::default();
        for event in loaded.events.into_iter().filter_map(A::own) {
            aggregate.apply(event);
        }
        Ok(TenantEventStoreContext { stream, version: loaded.version, aggregate })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(vec![]);
        }
        let beside = Metadata {
            correlation_id: metadata
                .get("correlation_id")
                .cloned()
                .or_else(|| self.metadata.correlation_id.clone()),
            causation_id: metadata
                .get("causation_id")
                .cloned()
                .or_else(|| self.metadata.causation_id.clone()),
            ..self.metadata.clone()
        };
        let commit = Commit::new(self.tenant, context.stream.id, beside).append(
            context.stream,
            Expected::Exactly(context.version),
            events.clone(),
        );
        self.log.commit(commit).await.map_err(|error| match error {
            CommitError::VersionConflict => AggregateError::AggregateConflict,
            CommitError::Unavailable => AggregateError::DatabaseConnectionError(Box::new(error)),
            error => AggregateError::UnexpectedError(Box::new(error)),
        })?;
        let first = usize::try_from(context.version).unwrap_or_default() + 1;
        let envelope = |(index, payload)| EventEnvelope {
            aggregate_id: context.stream.id.to_string(),
            sequence: first + index,
            payload,
            metadata: metadata.clone(),
        };
        Ok(events.into_iter().enumerate().map(envelope).collect())
    }
}

fn away<E: std::error::Error>(error: application::ports::Unavailable) -> AggregateError<E> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}
