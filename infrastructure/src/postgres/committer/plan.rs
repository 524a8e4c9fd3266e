//! Deciding a batch in memory: which commands are accepted, and where their events go.

use std::collections::{BTreeMap, HashMap, HashSet};

use application::commit::{Claim, CommitError, Expected, Lease, Receipt};
use chrono::{DateTime, Utc};
use domain::census::month;
use domain::tenant::TenantEvent;
use domain::{Actor, Event, Recorded, StreamId, TenantId};
use uuid::Uuid;

use super::super::codec::Envelope;
use super::super::feed::LogHead;
use super::prepare::{Prepared, Tried};
use super::work::{Budget, take_all};

/// What the decisions of a batch depend on: read under the locks of the heads, or beside heads that are believed to be
/// known and are compared when they are moved.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) heads: HashMap<TenantId, LogHead>,
    /// Versions of the streams that exist; of those that a command begins none is read.
    pub(super) versions: HashMap<StreamId, i64>,
    /// Names that are held.
    pub(super) held: HashSet<NameKey>,
    /// Idempotency keys in use.
    pub(super) answered: HashMap<(Uuid, String), Answered>,
    /// Persons whose key came into being since a command was prepared.
    pub(super) persons: HashSet<(TenantId, Uuid)>,
    /// Leases that are held, of those that commands are under.
    pub(super) leases: HashSet<(TenantId, Lease)>,
    /// What is set aside and spent of the budgets that commands touch.
    pub(super) budgets: HashMap<(TenantId, Uuid), Budget>,
}

/// A unique name with the scope it is unique in: the tenant, or the nil id.
pub(super) type NameKey = (Uuid, &'static str, String);

/// What an idempotency key stands for.
#[derive(Clone, Copy)]
pub(super) struct Answered {
    pub(super) request: [u8; 32],
    pub(super) position: i64,
    pub(super) resource: Uuid,
}

/// What is to be written for a batch, and what each command is told once it is.
#[derive(Default)]
pub(super) struct Plan {
    /// Every event of every accepted command, in log order per tenant.
    pub(super) events: Vec<Recorded>,
    /// For each event: the text of its payload, as (command, append, event), and its leaf.
    pub(super) texts: Vec<(usize, usize, usize)>,
    pub(super) leaves: Vec<[u8; 32]>,
    /// Heads that move, by the order of their ids, in which batches lock them, with the position each was at; none where
    /// it is new.
    pub(super) heads: BTreeMap<TenantId, Option<i64>>,
    /// Accepted commands by index.
    pub(super) accepted: Vec<usize>,
    /// The answer to each command.
    pub(super) answers: Vec<Result<Receipt, CommitError>>,
}

impl Plan {
    /// Decides for each command in order. `now` is when the batch is committed.
    pub(super) fn make(jobs: &mut [&mut Prepared], facts: &mut Facts, now: DateTime<Utc>) -> Self {
        let mut plan = Self::default();
        for (index, job) in jobs.iter_mut().enumerate() {
            let answer = plan.decide(index, job, facts, now);
            plan.answers.push(answer);
        }
        plan
    }

    fn decide(
        &mut self,
        index: usize,
        job: &mut Prepared,
        facts: &mut Facts,
        now: DateTime<Utc>,
    ) -> Result<Receipt, CommitError> {
        let commit = &job.commit;
        let scope = idempotency_scope(job);
        if let Some(key) = &commit.idempotency
            && let Some(known) = facts.answered.get(&(scope, key.key.clone()))
        {
            if !key.is_of(&known.request) {
                return Err(CommitError::IdempotencyKeyReused);
            }
            return Ok(Receipt { position: known.position, resource: known.resource, replayed: true });
        }
        let founded = is_founding(job);
        let head = match facts.heads.get(&commit.tenant) {
            Some(head) => *head,
            None if founded => LogHead::default(),
            None => return Err(CommitError::NoSuchTenant),
        };
        if commit.lease.is_some_and(|lease| !facts.leases.contains(&(commit.tenant, lease))) {
            return Err(CommitError::LeaseLost);
        }
        for append in &commit.appends {
            let version = facts.versions.get(&append.stream).copied().unwrap_or_default();
            let fits = match append.expected {
                Expected::Exactly(expected) => expected == version,
                Expected::Any => true,
            };
            if !fits {
                return Err(CommitError::VersionConflict);
            }
        }
        if job.new_keys.iter().any(|new| facts.persons.contains(&(commit.tenant, new.subject))) {
            return Err(CommitError::VersionConflict);
        }
        for claim in &commit.claims {
            let name = name_key(commit.tenant, claim);
            let given_back = commit.releases.iter().any(|release| name_key(commit.tenant, release) == name);
            if facts.held.contains(&name) && !given_back {
                return Err(CommitError::Taken(claim.scope));
            }
        }
        // Time never runs backwards within a tenant, whatever the clock does.
        let at = head.recorded_at.map_or(now, |last| last.max(now));
        let census = head.census.admit(commit.appends.iter().flat_map(|append| &append.events), at)?;

        let budgets = take_all(&facts.budgets, commit.tenant, &commit.holds, month(at))?;

        let first = self.events.len();
        let mut position = head.position;
        for (nth, append) in job.commit.appends.iter().enumerate() {
            let mut sequence = facts.versions.get(&append.stream).copied().unwrap_or_default();
            for (event_index, event) in append.events.iter().enumerate() {
                position += 1;
                sequence += 1;
                self.append(job, (index, nth, event_index), append.stream, event, position, sequence, at);
            }
            if !append.events.is_empty() {
                facts.versions.insert(append.stream, sequence);
            }
        }
        let receipt = Receipt { position, resource: job.commit.resource, replayed: false };
        job.tried = self.events.get(first).map(|event| Tried {
            tenant: job.commit.tenant,
            first_position: event.position,
            last_position: position,
            first_event: event.id,
        });
        facts.budgets.extend(budgets);
        self.heads.entry(job.commit.tenant).or_insert((!founded).then_some(head.position));
        self.accept(index, job, facts, LogHead { position, recorded_at: Some(at), census });
        Ok(receipt)
    }

    #[expect(clippy::too_many_arguments, reason = "the place of one event, which is all there is to say")]
    fn append(
        &mut self,
        job: &Prepared,
        text: (usize, usize, usize),
        stream: StreamId,
        event: &Event,
        position: i64,
        sequence: i64,
        at: DateTime<Utc>,
    ) {
        let id = Uuid::now_v7();
        let leaf = Envelope {
            stream,
            position,
            sequence,
            event_id: id,
            event_type: event.name(),
            event_version: &event.version(),
            recorded_at: at,
            payload: &job.payloads[text.1][text.2],
            metadata: &job.metadata,
        }
        .leaf_hash();
        self.texts.push(text);
        self.leaves.push(leaf);
        self.events.push(Recorded {
            position,
            stream,
            sequence,
            id,
            recorded_at: at,
            metadata: job.commit.metadata.clone(),
            event: event.clone(),
        });
    }

    fn accept(&mut self, index: usize, job: &Prepared, facts: &mut Facts, head: LogHead) {
        let commit = &job.commit;
        facts.heads.insert(commit.tenant, head);
        for claim in &commit.releases {
            facts.held.remove(&name_key(commit.tenant, claim));
        }
        for claim in &commit.claims {
            facts.held.insert(name_key(commit.tenant, claim));
        }
        for new in &job.new_keys {
            facts.persons.insert((commit.tenant, new.subject));
        }
        if let Some(key) = &commit.idempotency {
            let answered =
                Answered { request: key.request, position: head.position, resource: commit.resource };
            facts.answered.insert((idempotency_scope(job), key.key.clone()), answered);
        }
        self.accepted.push(index);
    }
}

/// Where a name must be unique.
pub(super) fn name_key(tenant: TenantId, claim: &Claim) -> NameKey {
    let scope = if claim.scope.is_global() { Uuid::nil() } else { tenant.0 };
    (scope, claim.scope.as_str(), claim.value.clone())
}

/// Where an idempotency key must be unique: in the tenant of a known caller, else among all such requests.
pub(super) fn idempotency_scope(job: &Prepared) -> Uuid {
    let metadata = &job.commit.metadata;
    let is_known = metadata.session.is_some() || matches!(metadata.actor, Actor::ApiKey(_));
    if is_known { job.commit.tenant.0 } else { Uuid::nil() }
}

/// Whether the command brings its tenant into being.
pub(super) fn is_founding(job: &Prepared) -> bool {
    let first = job.commit.appends.first().and_then(|append| append.events.first());
    matches!(first, Some(Event::Tenant(TenantEvent::Created { .. })))
}
