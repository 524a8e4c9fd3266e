//! Conversations: the table `conversations`. What was said in them stands in their turns, which are tasks.

mod fold;

use application::ports::{AnsweredTurn, Conversations, Standing, Unavailable};
use application::{AppError, Caller, answered_in, said_in};
use chrono::{DateTime, Utc};
use domain::{Actor, AgentId, ConversationId, Metadata, Permission, TaskId, TenantId, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::columns::{Fields, text_enum};
use crate::page::{Filter, Order, Page, PageRequest, Sort, SortOf, list};
use crate::tasks::{Stage, TaskError, TaskStatus};
use crate::views::Views;

pub(crate) use fold::ConversationFold;

/// A conversation with an agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationRow {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ConversationId,
    /// The organisation it belongs to.
    #[schema(value_type = Uuid)]
    pub tenant_id: TenantId,
    /// With whom.
    #[schema(value_type = Uuid)]
    pub agent_id: AgentId,
    /// What it is called.
    pub title: String,
    /// Its last turn.
    #[schema(value_type = Uuid)]
    pub last_task_id: TaskId,
    /// Where that stands; `pending` also before anything was said.
    pub status: TaskStatus,
    /// Who began it.
    #[schema(required, value_type = Option<Uuid>)]
    pub created_by: Option<UserId>,
    /// Counts its turns, from 1.
    pub version: i64,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When its last turn was made.
    pub updated_at: DateTime<Utc>,
}

/// A conversation with what was said in it.
#[derive(Clone, Debug)]
pub struct ConversationView {
    /// The conversation.
    pub conversation: ConversationRow,
    /// What was said in the last turns, in its order.
    pub messages: Vec<MessageRow>,
    /// How many turns came before those.
    pub earlier_turns: i64,
}

text_enum! {
    /// Who says something.
    pub enum MessageRole {
        /// A person, or a program.
        User = "user",
        /// The agent.
        Assistant = "assistant",
    }
}

/// Something said in a conversation.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// The turn.
    pub task_id: TaskId,
    /// In which part.
    pub role: MessageRole,
    /// Who said it, and on whose behalf; nothing else of the circumstances.
    pub author: Metadata,
    /// What.
    pub content: String,
    /// Where the turn stands; an answer comes with `completed`.
    pub status: TaskStatus,
    /// Why no answer came.
    pub error: Option<TaskError>,
    /// When it was said.
    pub created_at: DateTime<Utc>,
}

/// Which conversations are listed.
#[derive(Clone, Copy, Debug)]
pub struct ConversationFilter {
    /// Those with this agent.
    pub agent_id: AgentId,
}

const SORTS: &[Sort] = &[
    Sort { name: "updated_at", by: "updated_at", of: SortOf::Time },
    Sort { name: "created_at", by: "created_at", of: SortOf::Time },
];

/// Of which something is left.
const SHOWN_FROM: &str = "(
    select c.*, l.title, l.last_task_id, l.stage
    from conversations c
    cross join lateral (
        select t.name as title, t.id as last_task_id, t.stage
        from tasks t
        where t.tenant_id = c.tenant_id and t.conversation_id = c.id
        order by t.created_at desc, t.id desc
        limit 1
    ) l
) as shown";

const COLUMNS: &str =
    "id, tenant_id, agent_id, title, last_task_id, stage, created_by, version, created_at, updated_at";

impl Views {
    /// One conversation with what was said in its last turns, at most `most`; [`AppError::NotFound`] once all of them are
    /// withdrawn.
    pub async fn get_conversation(
        &self,
        caller: &Caller,
        id: ConversationId,
        most: i64,
    ) -> Result<ConversationView, AppError> {
        caller.require(Permission::ReadTasks)?;
        let tenant = caller.tenant;
        let found = self.read(caller, move |conn| {
            Box::pin(async move {
                let Some(conversation) = find(conn, tenant, id).await? else {
                    return Ok(None);
                };
                let (messages, earlier_turns) = messages(conn, &conversation, most).await?;
                Ok(Some(ConversationView { conversation, messages, earlier_turns }))
            })
        });
        found.await?.ok_or(AppError::NotFound)
    }

    /// An agent's conversations, by `updated_at` or `created_at`; [`AppError::NotFound`] once it is terminated.
    pub async fn list_conversations(
        &self,
        caller: &Caller,
        filter: ConversationFilter,
        page: &PageRequest,
    ) -> Result<Page<ConversationRow>, AppError> {
        caller.require(Permission::ReadTasks)?;
        let (tenant, order) = (caller.tenant, Order::parse(page, SORTS)?);
        let read = self.read(caller, move |conn| {
            Box::pin(async move {
                let sql = "select exists (select from agents where tenant_id = $1 and id = $2)";
                let agent = sqlx::query_scalar(sql).bind(tenant.0).bind(filter.agent_id.0);
                if !agent.fetch_one(&mut *conn).await? {
                    return Ok(None);
                }
                list(conn, (SHOWN_FROM, COLUMNS), tenant, (&filter, &order), decode).await.map(Some)
            })
        });
        read.await?.ok_or(AppError::NotFound)
    }
}

impl Filter for ConversationFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>) {
        query.push(" and agent_id = ").push_bind(self.agent_id.0);
    }
}

async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ConversationId,
) -> Result<Option<ConversationRow>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from {SHOWN_FROM} where tenant_id = $1 and id = $2");
    let row = sqlx::query(&sql).bind(tenant.0).bind(id.0).fetch_optional(conn).await?;
    row.as_ref().map(decode).transpose()
}

/// The last turns in which something was said, with who queued them first: whoever queues a turn said what it holds. One
/// that was never queued is its maker's.
const TURNS: &str = "
    select t.id, t.stage, t.input_data, t.output_data, t.error_code, t.error_message, t.asked_at, t.answered_at,
        author.actor_type, author.actor_id, author.on_behalf_of, t.all_of_them
    from (
        select id, stage, input_data, output_data, error_code, error_message, created_at,
            coalesce(queued_at, created_at) as asked_at, coalesce(finished_at, updated_at) as answered_at,
            count(*) over () as all_of_them
        from tasks
        where tenant_id = $1 and conversation_id = $2 and stage <> 'pending'
        order by created_at desc, id desc
        limit $3
    ) t
    cross join lateral (
        select e.metadata ->> 'actor_type' as actor_type, e.metadata ->> 'actor_id' as actor_id,
            (e.metadata ->> 'on_behalf_of')::uuid as on_behalf_of
        from events e
        where e.tenant_id = $1 and e.aggregate_type = 'task' and e.aggregate_id = t.id
          and e.event_type in ('task.created', 'task.queued')
        order by e.event_type = 'task.queued' desc, e.sequence
        limit 1
    ) author
    order by t.created_at, t.id";

/// What was said in the last turns, and how many there are before. A first turn in which nothing was said yet is passed
/// over.
async fn messages(
    conn: &mut PgConnection,
    of: &ConversationRow,
    most: i64,
) -> Result<(Vec<MessageRow>, i64), sqlx::Error> {
    let rows = sqlx::query(TURNS).bind(of.tenant_id.0).bind(of.id.0).bind(most).fetch_all(conn).await?;
    let (mut said, mut all) = (vec![], 0);
    for row in &rows {
        let mut fields = Fields::of(row);
        let task_id = TaskId(fields.next()?);
        let status = fields.next_of(Stage::find)?.status();
        let (input, output): (String, Option<String>) = (fields.next()?, fields.next()?);
        let (code, message): (Option<String>, Option<String>) = (fields.next()?, fields.next()?);
        let error = code.zip(message).map(|(code, message)| TaskError { code, message });
        let (asked_at, answered_at) = (fields.next()?, fields.next()?);
        let author = author(&mut fields)?;
        all = fields.next()?;
        let (role, content) = (MessageRole::User, said_in(&input));
        said.push(MessageRow { task_id, role, author, content, status, error, created_at: asked_at });
        if let Some(output) = output.filter(|_| status == TaskStatus::Completed) {
            let author = Metadata::of(Actor::Agent(of.agent_id));
            let (role, content) = (MessageRole::Assistant, answered_in(&output));
            let created_at = answered_at;
            said.push(MessageRow { task_id, role, author, content, status, error: None, created_at });
        }
    }
    Ok((said, all - i64::try_from(rows.len()).unwrap_or_default()))
}

fn author(fields: &mut Fields<'_>) -> Result<Metadata, sqlx::Error> {
    let (kind, reference): (String, Option<String>) = (fields.next()?, fields.next()?);
    let actor = Actor::find(&kind, reference.as_deref())
        .ok_or_else(|| sqlx::Error::Decode(format!("no actor is a {kind} like this").into()))?;
    let on_behalf_of = fields.next::<Option<Uuid>>()?.map(UserId);
    Ok(Metadata { on_behalf_of, ..Metadata::of(actor) })
}

fn decode(row: &PgRow) -> Result<ConversationRow, sqlx::Error> {
    let mut fields = Fields::of(row);
    Ok(ConversationRow {
        id: ConversationId(fields.next()?),
        tenant_id: TenantId(fields.next()?),
        agent_id: AgentId(fields.next()?),
        title: fields.next()?,
        last_task_id: TaskId(fields.next()?),
        status: fields.next_of(Stage::find)?.status(),
        created_by: fields.next::<Option<Uuid>>()?.map(UserId),
        version: fields.next()?,
        created_at: fields.next()?,
        updated_at: fields.next()?,
    })
}

#[async_trait::async_trait]
impl Conversations for Views {
    async fn standing(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
    ) -> Result<Option<Standing>, Unavailable> {
        let read = self
            .read_all(tenant, move |conn| Box::pin(async move { find(conn, tenant, conversation).await }));
        let Some(row) = read.await.map_err(|_| Unavailable)? else {
            return Ok(None);
        };
        Ok(Some(Standing {
            agent: row.agent_id,
            created_by: row.created_by,
            title: row.title.parse().map_err(|_| Unavailable)?,
            last: row.last_task_id,
            version: row.version,
        }))
    }

    async fn answered_turns(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        most: usize,
    ) -> Result<Vec<AnsweredTurn>, Unavailable> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let read = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = "
                    select input_data, output_data from tasks
                    where tenant_id = $1 and conversation_id = $2 and stage = 'completed'
                    order by created_at desc, id desc
                    limit $3";
                let query = sqlx::query_as::<_, (String, Option<String>)>(sql);
                query.bind(tenant.0).bind(conversation.0).bind(most).fetch_all(conn).await
            })
        });
        let rows = read.await.map_err(|_| Unavailable)?;
        let turn = |(input, output): &(String, Option<String>)| {
            Some(AnsweredTurn { said: said_in(input), answered: answered_in(output.as_ref()?) })
        };
        Ok(rows.iter().filter_map(turn).collect())
    }

    async fn turns(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
    ) -> Result<Vec<TaskId>, Unavailable> {
        let read = self.read_all(tenant, move |conn| {
            Box::pin(async move {
                let sql = "
                    select id from tasks
                    where tenant_id = $1 and conversation_id = $2
                    order by created_at, id";
                let query = sqlx::query_scalar::<_, Uuid>(sql);
                query.bind(tenant.0).bind(conversation.0).fetch_all(conn).await
            })
        });
        let turns = read.await.map_err(|_| Unavailable)?;
        Ok(turns.into_iter().map(TaskId).collect())
    }
}
