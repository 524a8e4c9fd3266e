use application::{Caller, NewConversation};
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::text::{Name, Utterance};
use domain::{AgentId, ConversationId, TaskId};
use projections::{
    ConversationFilter, ConversationRow, ConversationView, MessageRole, MessageRow, Page, PageRequest,
    TaskError, TaskRow, TaskStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::actor::{ActorShown, Names};
use super::page_schema;
use super::tasks::after;
use crate::ApiState;
use crate::answer::{Answer, Emptied};
use crate::extract::{Authed, JsonBody, Limit, Parameters, PathId, Visible};
use crate::problem::Problem;

page_schema!(ConversationPage, ConversationRow, "conversations");

/// How many turns the answer to a new conversation shows: it has one.
const FIRST: i64 = 1;

/// Which conversations, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `updated_at` or `created_at`, with a `-` before it for descending order.
    #[param(example = "-updated_at")]
    sort: Option<String>,
}

/// How much of a conversation.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// How many turns at most, the last ones.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// What a conversation begins with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "Which of today's mails are urgent?"}))]
pub(crate) struct CreateConversationBody {
    /// What it is called; the first line that is said in it if absent.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    title: Option<Visible<Name>>,
    /// What is said first; the agent must be running.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32000)]
    message: Option<Utterance>,
}

/// What is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content": "And which of them came first?"}))]
pub(crate) struct SendMessageBody {
    /// The words.
    #[schema(value_type = String, min_length = 1, max_length = 32000)]
    content: Utterance,
}

/// A conversation with what was said in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationWithMessages)]
pub(crate) struct ConversationShown {
    /// The conversation.
    #[serde(flatten)]
    conversation: ConversationRow,
    /// What was said in the last turns, in its order.
    messages: Vec<MessageShown>,
    /// How many turns came before those.
    earlier_turns: i64,
}

/// Something said in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
struct MessageShown {
    /// The turn.
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    /// In which part.
    role: MessageRole,
    /// By whom.
    author: ActorShown,
    /// What.
    content: String,
    /// Where the turn stands; an answer comes with `completed`.
    status: TaskStatus,
    /// Why no answer came.
    #[schema(required)]
    error: Option<TaskError>,
    /// When it was said.
    created_at: DateTime<Utc>,
}

impl MessageShown {
    fn of(said: MessageRow, names: &Names) -> Self {
        let MessageRow { task_id, role, author, content, status, error, created_at } = said;
        let author = ActorShown::of(&author, names);
        Self { task_id, role, author, content, status, error, created_at }
    }
}

/// A conversation with its last turns, at most so many, and the names of who speaks.
async fn shown(
    api: &ApiState,
    caller: &Caller,
    id: ConversationId,
    most: i64,
) -> Result<ConversationShown, Problem> {
    let ConversationView { conversation, messages, earlier_turns } =
        api.views.get_conversation(caller, id, most).await?;
    let authors = messages.iter().map(|message| &message.author);
    let names = api.names.of_acts(&api.views, caller.tenant, authors).await?;
    let messages = messages.into_iter().map(|said| MessageShown::of(said, &names)).collect();
    Ok(ConversationShown { conversation, messages, earlier_turns })
}

/// List an agent's conversations
///
/// The one in which something was said last comes first.
#[utoipa::path(get, path = "/agents/{id}/conversations", tag = "conversations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id"), ConversationsQuery),
    responses((status = 200, description = "A page of conversations", body = ConversationPage)))]
pub(crate) async fn list_conversations(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent_id): PathId<AgentId>,
    Parameters(query): Parameters<ConversationsQuery>,
) -> Result<Answer<Page<ConversationRow>>, Problem> {
    let page = PageRequest { limit: query.limit.0, cursor: query.cursor, sort: query.sort };
    let filter = ConversationFilter { agent_id };
    Ok(Answer::ok(api.views.list_conversations(&caller, filter, &page).await?))
}

/// Begin a conversation
///
/// Each turn is a task, and counts against the plan's limit of tasks a month; the first one is made at once. With a
/// `message` it is queued for a worker; without, it waits for the first message.
#[utoipa::path(post, path = "/agents/{id}/conversations", tag = "conversations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The agent's id")),
    request_body = Option<CreateConversationBody>,
    responses((status = 201, description = "The new conversation", body = ConversationShown,
        headers(("ETag", description = "Its version"), ("Location", description = "Where it is")))))]
pub(crate) async fn create_conversation(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(agent): PathId<AgentId>,
    body: Option<JsonBody<CreateConversationBody>>,
) -> Result<Answer<ConversationShown>, Problem> {
    let CreateConversationBody { title, message } = body.map(|JsonBody(body)| body).unwrap_or_default();
    let new = NewConversation { agent, title: title.map(Visible::into), message };
    let done = api.app.begin_conversation(&caller, new).await?;
    let view = shown(&api, &caller, ConversationId(done.resource), FIRST).await?;
    let (version, location) =
        (view.conversation.version, format!("/api/v1/conversations/{}", view.conversation.id));
    let position = api.position(caller.tenant, done).await?;
    Ok(Answer::created(location, view).version(version).position(position))
}

/// Get a conversation
///
/// With what was said in its last turns.
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The conversation's id"), MessagesQuery),
    responses((status = 200, description = "The conversation", body = ConversationShown,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn get_conversation(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(conversation): PathId<ConversationId>,
    Parameters(query): Parameters<MessagesQuery>,
) -> Result<Answer<ConversationShown>, Problem> {
    let view = shown(&api, &caller, conversation, query.limit.0).await?;
    let version = view.conversation.version;
    Ok(Answer::ok(view).version(version))
}

/// Say something
///
/// In one's own conversation; in anybody's as an administrator. It becomes a task, whose stream tells the answer as it
/// comes. The turn before must have come to an end (409 `conversation.busy`), and the agent be running. The agent is told
/// what was said before in turns that were answered: the last 100, as far back as whole ones fit into 64 KiB of JSON.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "conversations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The conversation's id")),
    request_body = SendMessageBody,
    responses((status = 202, description = "The turn, queued", body = TaskRow,
        headers(("ETag", description = "Its version")))))]
pub(crate) async fn send_message(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(conversation): PathId<ConversationId>,
    JsonBody(body): JsonBody<SendMessageBody>,
) -> Result<Answer<TaskRow>, Problem> {
    let done = api.app.send_message(&caller, conversation, &body.content).await?;
    after(&api, &caller, done, Answer::accepted).await
}

/// Delete a conversation
///
/// All its turns are gone from every list; their history stays. A running one is cancelled first. One's own; anybody's as
/// an administrator.
#[utoipa::path(delete, path = "/conversations/{id}", tag = "conversations", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The conversation's id")),
    responses((status = 204, description = "It is deleted")))]
pub(crate) async fn remove_conversation(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(conversation): PathId<ConversationId>,
) -> Result<Emptied, Problem> {
    let done = api.app.remove_conversation(&caller, conversation).await?;
    Ok(Emptied::at(api.position(caller.tenant, done).await?))
}
