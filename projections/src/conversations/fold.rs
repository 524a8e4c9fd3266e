use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::task::TaskEvent;
use domain::{Event, Recorded};
use infrastructure::postgres::Projector;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::array;

/// The read model. A conversation has no stream of its own: it begins with its first turn and goes on with each.
pub(crate) struct ConversationFold {
    live: String,
}

const TABLE: &str = "conversations";

/// What a batch adds to a conversation.
#[derive(Debug, PartialEq)]
struct Grown {
    agent: Uuid,
    created_by: Option<Uuid>,
    turns: i64,
    position: i64,
    /// When the first of its turns was made, and the last.
    since: DateTime<Utc>,
    at: DateTime<Utc>,
}

type Key = (Uuid, Uuid);

impl ConversationFold {
    pub(crate) fn new() -> Self {
        Self { live: save(TABLE) }
    }
}

/// What the row holds already is passed over by its position.
fn save(table: &str) -> String {
    format!(
        "insert into {table} as c (
            tenant_id, id, agent_id, created_by, position, version, created_at, updated_at
        )
        select * from unnest(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[],
            $8::timestamptz[]
        )
        on conflict (tenant_id, id) do update
        set position = excluded.position, version = c.version + excluded.version, updated_at = excluded.updated_at
        where c.position < excluded.position"
    )
}

fn fold(batch: &[Recorded]) -> BTreeMap<Key, Grown> {
    let mut grown: BTreeMap<Key, Grown> = BTreeMap::new();
    for recorded in batch {
        let Event::Task(TaskEvent::Created {
            conversation_id: Some(conversation), agent_id, created_by, ..
        }) = &recorded.event
        else {
            continue;
        };
        let (position, at) = (recorded.position, recorded.recorded_at);
        let one = grown.entry((recorded.stream.tenant.0, conversation.0)).or_insert_with(|| Grown {
            agent: agent_id.0,
            created_by: created_by.map(|user| user.0),
            turns: 0,
            position,
            since: at,
            at,
        });
        (one.turns, one.position, one.at) = (one.turns + 1, position, at);
    }
    grown
}

#[async_trait::async_trait]
impl Projector for ConversationFold {
    fn name(&self) -> &'static str {
        TABLE
    }

    async fn project(
        &self,
        conn: &mut PgConnection,
        table: &str,
        batch: &[Recorded],
    ) -> Result<(), sqlx::Error> {
        let grown: Vec<(Key, Grown)> = fold(batch).into_iter().collect();
        if grown.is_empty() {
            return Ok(());
        }
        let shadow = (table != TABLE).then(|| save(table));
        sqlx::query(shadow.as_deref().unwrap_or(&self.live))
            .bind(array(&grown, |((tenant, _), _)| *tenant))
            .bind(array(&grown, |((_, id), _)| *id))
            .bind(array(&grown, |(_, one)| one.agent))
            .bind(array(&grown, |(_, one)| one.created_by))
            .bind(array(&grown, |(_, one)| one.position))
            .bind(array(&grown, |(_, one)| one.turns))
            .bind(array(&grown, |(_, one)| one.since))
            .bind(array(&grown, |(_, one)| one.at))
            .execute(conn)
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use domain::task::{MaxAttempts, Priority, TaskKind, TimeoutSeconds};
    use domain::{AgentId, ConversationId, Document, StreamId, TaskId};

    use super::*;
    use crate::testing::{TENANT, at, recorded};

    fn turn(conversation: Option<u128>) -> TaskEvent {
        TaskEvent::Created {
            agent_id: AgentId(Uuid::from_u128(2)),
            name: "Turn".parse().unwrap(),
            task_type: TaskKind::Prompt,
            input_data: Document::default(),
            priority: Priority::default(),
            timeout_seconds: TimeoutSeconds::default(),
            max_attempts: MaxAttempts::default(),
            scheduled_at: None,
            created_by: None,
            queue_timeout_seconds: None,
            conversation_id: conversation.map(|id| ConversationId(Uuid::from_u128(id))),
            forked_from: None,
            configuration: None,
            schedule_id: None,
        }
    }

    #[test]
    fn of_a_batch_the_turns_of_each_conversation_are_counted_and_other_tasks_are_not() {
        let stream = StreamId::task(TENANT, TaskId(Uuid::from_u128(3)));
        let queued = TaskEvent::Queued { not_before: None };
        let batch = recorded(stream, 4, [turn(Some(7)), queued, turn(None), turn(Some(8)), turn(Some(7))]);
        let grown = fold(&batch);
        assert_eq!(grown.len(), 2);
        let expected = Grown {
            agent: Uuid::from_u128(2),
            created_by: None,
            turns: 2,
            position: 8,
            since: at(4),
            at: at(8),
        };
        assert_eq!(grown[&(TENANT.0, Uuid::from_u128(7))], expected);
        assert_eq!(grown[&(TENANT.0, Uuid::from_u128(8))].turns, 1);
    }
}
