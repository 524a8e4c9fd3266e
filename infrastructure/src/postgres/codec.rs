//! Events as text, and back.
//!
//! What is stored is what is hashed: canonical JSON (RFC 8785) with personal data sealed. On the way back it is
//! opened again as far as the keys still exist.

use application::ports::Unavailable;
use chrono::{DateTime, SecondsFormat, Utc};
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::agent::AgentEvent;
use domain::task::TaskEvent;
use domain::tenant::TenantEvent;
use domain::user::{INVITATION_LIFE, UserEvent};
use domain::{Actor, AggregateType, Event, Metadata, Recorded, SessionId, StreamId, TenantId, UserId};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::vault::{NewKey, PersonalKey, Vault, context};

/// Steps that bring a stored event to its present form, oldest first. Every event is in its first version so far; a
/// new version adds a step here and keeps the golden file of the old one in the domain's tests.
fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    vec![]
}

/// A row of the log, as stored.
#[derive(sqlx::FromRow)]
pub(super) struct EventRow {
    pub(super) position: i64,
    pub(super) aggregate_type: String,
    pub(super) aggregate_id: Uuid,
    pub(super) sequence: i64,
    pub(super) event_id: Uuid,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) payload: String,
    pub(super) metadata: String,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) leaf_hash: Vec<u8>,
}

/// The columns of [`EventRow`], for `select`.
pub(super) const EVENT_COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_id, event_type, \
    event_version, payload::text as payload, metadata::text as metadata, recorded_at, leaf_hash";

/// Seals and opens what belongs to one tenant.
pub(super) struct Codec<'a> {
    vault: &'a Vault,
    tenant: TenantId,
    /// Keys made on the way, to be stored with the commit.
    new_keys: Vec<NewKey>,
}

impl<'a> Codec<'a> {
    pub(super) const fn new(vault: &'a Vault, tenant: TenantId) -> Self {
        Self { vault, tenant, new_keys: vec![] }
    }

    /// The keys that the encoded texts need and that are not stored yet.
    pub(super) fn into_new_keys(self) -> Vec<NewKey> {
        self.new_keys
    }

    /// The payload's text.
    pub(super) async fn encode(&mut self, event: &Event) -> Result<String, Unavailable> {
        let text = match event {
            Event::Tenant(event) => serde_json_canonicalizer::to_string(event),
            Event::User(event) => serde_json_canonicalizer::to_string(event),
            Event::Agent(event) => serde_json_canonicalizer::to_string(event),
            Event::Task(event) => serde_json_canonicalizer::to_string(event),
        }
        .expect("events of strings and integers serialise");
        // A quote inside a string is escaped, so this can only be a member's name.
        if !text.contains("\"personal\":") {
            return Ok(text);
        }
        let mut value: Value = serde_json::from_str(&text).expect("what was just written reads back");
        for sealed in personal_members(&mut value) {
            let Some((subject, plain)) = take_personal(sealed) else {
                continue;
            };
            let plain = serde_json_canonicalizer::to_string(&plain).expect("JSON serialises");
            let member = match self.key(subject).await? {
                Some(key) => ("sealed", key.seal_text(&context(self.tenant, subject), &plain).into()),
                None => ("erased", true.into()),
            };
            *sealed = Map::from_iter([(member.0.to_owned(), member.1), subject_member(subject)]);
        }
        Ok(serde_json_canonicalizer::to_string(&value).expect("JSON serialises"))
    }

    /// The metadata's text: a flat object of strings. Address and program are sealed under the acting person's
    /// key, or the contact person's where nobody is signed in.
    pub(super) async fn encode_metadata(&mut self, metadata: &Metadata) -> Result<String, Unavailable> {
        let subject = match &metadata.actor {
            Actor::User(user) => user.0,
            Actor::ApiKey(_) | Actor::Agent(_) | Actor::System(_) | Actor::Anonymous => {
                metadata.on_behalf_of.map_or(self.tenant.0, |user| user.0)
            }
        };
        let mut members: Map<String, Value> = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.into());
            }
        };
        put("actor_type", Some(metadata.actor.kind().to_owned()));
        put("actor_id", metadata.actor.reference());
        put("on_behalf_of", metadata.on_behalf_of.map(|user| user.to_string()));
        put("worker", metadata.worker.clone());
        put("session_id", metadata.session.map(|session| session.to_string()));
        put("request_id", metadata.request_id.clone());
        put("correlation_id", metadata.correlation_id.clone());
        put("causation_id", metadata.causation_id.clone());
        put("trace_id", metadata.trace_id.clone());
        if (metadata.ip.is_some() || metadata.user_agent.is_some())
            && let Some(key) = self.key(subject).await?
        {
            let seal = |plain: &String| key.seal_text(&context(self.tenant, subject), plain);
            put("sealed_for", Some(subject.to_string()));
            put("ip", metadata.ip.as_ref().map(seal));
            put("user_agent", metadata.user_agent.as_ref().map(seal));
        }
        Ok(serde_json_canonicalizer::to_string(&members).expect("JSON serialises"))
    }

    /// The event of a row, opened as far as the keys exist.
    pub(super) async fn decode(&mut self, row: EventRow) -> Result<Recorded, DecodeError> {
        let event = self.decode_event(&row).await?;
        let metadata = self.decode_metadata(&row.metadata).await?;
        let aggregate = AggregateType::find(&row.aggregate_type)
            .ok_or_else(|| DecodeError::unknown(&row, "aggregate type"))?;
        Ok(Recorded {
            position: row.position,
            stream: StreamId { tenant: self.tenant, aggregate, id: row.aggregate_id },
            sequence: row.sequence,
            id: row.event_id,
            recorded_at: row.recorded_at,
            metadata,
            event,
        })
    }

    pub(super) async fn decode_event(&mut self, row: &EventRow) -> Result<Event, DecodeError> {
        let steps = upcasters();
        let mut text = std::borrow::Cow::Borrowed(row.payload.as_str());
        if steps.iter().any(|step| step.can_upcast(&row.event_type, &row.event_version)) {
            text = upcast(&steps, row).map_err(|error| DecodeError::malformed(row, &error))?.into();
        }
        if text.contains("\"sealed\":") {
            let mut value: Value =
                serde_json::from_str(&text).map_err(|error| DecodeError::malformed(row, &error))?;
            self.open(&mut value).await?;
            text = value.to_string().into();
        }
        let parsed = match AggregateType::find(&row.aggregate_type) {
            Some(AggregateType::Tenant) => serde_json::from_str::<TenantEvent>(&text).map(Event::from),
            Some(AggregateType::User) => serde_json::from_str::<UserEvent>(&text).map(Event::from),
            Some(AggregateType::Agent) => serde_json::from_str::<AgentEvent>(&text).map(Event::from),
            Some(AggregateType::Task) => serde_json::from_str::<TaskEvent>(&text).map(Event::from),
            None => return Err(DecodeError::unknown(row, "aggregate type")),
        };
        let mut event = parsed.map_err(|error| DecodeError::malformed(row, &error))?;
        if let Event::User(UserEvent::Invited { expires_at, invited_by, .. }) = &mut event {
            // What invitations did not say once: they ended by when they were recorded.
            expires_at.get_or_insert(row.recorded_at + INVITATION_LIFE);
            *invited_by = invited_by.or_else(|| acting_user(&row.metadata));
        }
        Ok(event)
    }

    /// Opens every sealed member of a payload in place; what has no key any more becomes a tombstone.
    pub(super) async fn open(&mut self, value: &mut Value) -> Result<(), DecodeError> {
        for sealed in personal_members(value) {
            let (Some(subject), Some(Value::String(text))) = (subject_of(sealed), sealed.get("sealed"))
            else {
                continue;
            };
            let plain = match self.stored_key(subject).await? {
                Some(key) => key.open_text(&context(self.tenant, subject), text).ok(),
                None => None,
            };
            let member = match plain.and_then(|plain| serde_json::from_str(&plain).ok()) {
                Some(plain) => ("personal", plain),
                None => ("erased", true.into()),
            };
            *sealed = Map::from_iter([(member.0.to_owned(), member.1), subject_member(subject)]);
        }
        Ok(())
    }

    pub(super) async fn decode_metadata(&mut self, text: &str) -> Result<Metadata, DecodeError> {
        let mut members: std::collections::HashMap<String, String> =
            serde_json::from_str(text).unwrap_or_default();
        let kind = members.remove("actor_type").unwrap_or_default();
        let actor = Actor::find(&kind, members.get("actor_id").map(String::as_str));
        let subject = members.remove("sealed_for").and_then(|text| Uuid::parse_str(&text).ok());
        let key = match subject {
            Some(subject) => self.stored_key(subject).await?,
            None => None,
        };
        let mut open = |name: &str| {
            let sealed = members.remove(name)?;
            key.as_ref()?.open_text(&context(self.tenant, subject?), &sealed).ok()
        };
        let (ip, user_agent) = (open("ip"), open("user_agent"));
        let mut id = |name: &str| members.remove(name).and_then(|text| Uuid::parse_str(&text).ok());
        let (on_behalf_of, session) = (id("on_behalf_of").map(UserId), id("session_id").map(SessionId));
        Ok(Metadata {
            actor: actor.unwrap_or(Actor::Anonymous),
            on_behalf_of,
            worker: members.remove("worker"),
            session,
            ip,
            user_agent,
            request_id: members.remove("request_id"),
            correlation_id: members.remove("correlation_id"),
            causation_id: members.remove("causation_id"),
            trace_id: members.remove("trace_id"),
        })
    }

    /// The key to seal with, made if there is none yet; nothing if the person was erased.
    async fn key(&mut self, subject: Uuid) -> Result<Option<crate::crypto::SealingKey>, Unavailable> {
        if let Some(new) = self.new_keys.iter().find(|new| new.subject == subject) {
            return Ok(Some(new.key.clone()));
        }
        Ok(match self.vault.find(self.tenant, subject).await? {
            PersonalKey::Present(key) => Some(key),
            PersonalKey::Destroyed => None,
            PersonalKey::Missing => {
                let new = self.vault.make(self.tenant, subject);
                let key = new.key.clone();
                self.new_keys.push(new);
                Some(key)
            }
        })
    }

    async fn stored_key(&self, subject: Uuid) -> Result<Option<crate::crypto::SealingKey>, DecodeError> {
        match self.vault.find(self.tenant, subject).await? {
            PersonalKey::Present(key) => Ok(Some(key)),
            PersonalKey::Destroyed | PersonalKey::Missing => Ok(None),
        }
    }
}

/// The user who acted, by the metadata as stored.
fn acting_user(metadata: &str) -> Option<UserId> {
    let members: std::collections::HashMap<String, String> = serde_json::from_str(metadata).ok()?;
    let actor = Actor::find(members.get("actor_type")?, members.get("actor_id").map(String::as_str))?;
    if let Actor::User(user) = actor { Some(user) } else { None }
}

/// Why a row of the log could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("event {position} ({event_type} {event_version}) does not read: {why}")]
    Row { position: i64, event_type: String, event_version: String, why: String },
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl DecodeError {
    fn unknown(row: &EventRow, what: &str) -> Self {
        Self::of(row, format!("unknown {what}"))
    }

    fn malformed(row: &EventRow, error: &serde_json::Error) -> Self {
        Self::of(row, error.to_string())
    }

    fn of(row: &EventRow, why: String) -> Self {
        let (event_type, event_version) = (row.event_type.clone(), row.event_version.clone());
        Self::Row { position: row.position, event_type, event_version, why }
    }
}

impl From<DecodeError> for Unavailable {
    fn from(error: DecodeError) -> Self {
        if let DecodeError::Row { .. } = error {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the log holds an event that does not read"
            );
        }
        Self
    }
}

impl From<DecodeError> for sqlx::Error {
    fn from(error: DecodeError) -> Self {
        Self::Decode(Box::new(error))
    }
}

fn upcast(steps: &[Box<dyn EventUpcaster>], row: &EventRow) -> Result<String, serde_json::Error> {
    let event = SerializedEvent {
        aggregate_id: row.aggregate_id.to_string(),
        sequence: usize::try_from(row.sequence).unwrap_or_default(),
        aggregate_type: row.aggregate_type.clone(),
        event_type: row.event_type.clone(),
        event_version: row.event_version.clone(),
        payload: serde_json::from_str(&row.payload)?,
        metadata: Value::Null,
    };
    let present = steps.iter().fold(event, |event, step| {
        if step.can_upcast(&event.event_type, &event.event_version) { step.upcast(event) } else { event }
    });
    Ok(present.payload.to_string())
}

/// Every object of a payload that holds personal data, in any of its forms: they stand directly in the event.
fn personal_members(payload: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let event = payload.as_object_mut().and_then(|tagged| tagged.values_mut().next());
    let members = event.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    members.filter_map(Value::as_object_mut).filter(|object| object.contains_key("subject"))
}

fn take_personal(object: &mut Map<String, Value>) -> Option<(Uuid, Value)> {
    Some((subject_of(object)?, object.remove("personal")?))
}

fn subject_of(object: &Map<String, Value>) -> Option<Uuid> {
    object.get("subject")?.as_str().and_then(|text| Uuid::parse_str(text).ok())
}

fn subject_member(subject: Uuid) -> (String, Value) {
    ("subject".to_owned(), subject.to_string().into())
}

/// What identifies an event's place, for its leaf.
pub(super) struct Envelope<'a> {
    pub(super) stream: StreamId,
    pub(super) position: i64,
    pub(super) sequence: i64,
    pub(super) event_id: Uuid,
    pub(super) event_type: &'a str,
    pub(super) event_version: &'a str,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) payload: &'a str,
    pub(super) metadata: &'a str,
}

impl Envelope<'_> {
    /// The canonical JSON (RFC 8785) of the whole event: member names in order, payload and metadata as stored.
    pub(super) fn canonical(&self) -> String {
        // None of the interpolated texts needs escaping: ids, fixed names, numbers and canonical JSON.
        format!(
            r#"{{"aggregate_id":"{}","aggregate_type":"{}","event_id":"{}","event_type":"{}","event_version":"{}","metadata":{},"payload":{},"position":{},"recorded_at":"{}","sequence":{},"tenant_id":"{}","v":1}}"#,
            self.stream.id,
            self.stream.aggregate.as_str(),
            self.event_id,
            self.event_type,
            self.event_version,
            self.metadata,
            self.payload,
            self.position,
            self.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            self.sequence,
            self.stream.tenant,
        )
    }

    /// The leaf of the event in its tenant's Merkle tree (RFC 6962, section 2.1).
    pub(super) fn leaf_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([0x00]);
        hash.update(self.canonical().as_bytes());
        hash.finalize().into()
    }
}
