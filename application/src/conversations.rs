//! Conversations with agents: each turn is a task, with what was said before as a part of its input.
//!
//! The id of a turn follows from the turn before it, and a stream is begun only once: that is what lets one of two
//! messages go on and refuses the other. The commit also depends on the version of the turn before, so it cannot be
//! queued again in the same moment.

use domain::agent::{Agent, AgentRefusal};
use domain::task::{
    Amendment, MaxAttempts, Priority, Stage, Task, TaskCommand, TaskEvent, TaskKind, TaskRefusal,
    TimeoutSeconds,
};
use domain::text::{Name, Utterance};
use domain::{AgentId, ConversationId, Document, Permission, StreamId, TaskId, TenantId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::App;
use crate::caller::Caller;
use crate::commit::{Commit, CommitError, Expected};
use crate::error::AppError;
use crate::execute::{ATTEMPTS, Done};
use crate::ports::{AnsweredTurn, Standing};
use crate::setup::check_input;

/// The most bytes of JSON that a turn is told of what was said before. No text has more tokens than bytes.
const MOST_HISTORY: usize = 64 * 1024;
/// The most turns before it that a turn is told of.
const MOST_TURNS: usize = 100;
/// The longest title that is made of a first message, in characters.
const LONGEST_TITLE: usize = 60;
/// What a conversation is called before anything was said in it.
const UNTITLED: &str = "New conversation";

/// What a conversation begins with.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// With whom.
    pub agent: AgentId,
    /// What it is called; what is said first if absent.
    pub title: Option<Name>,
    /// What is said first; where nothing is, the first turn waits for it.
    pub message: Option<Utterance>,
}

/// The turn that a message becomes.
struct Turn {
    task: TaskId,
    commit: Commit,
}

impl App {
    /// Begins a conversation with an agent of the tenant. Its first turn is made at once, so that there is something that
    /// counts; it is handed to the workers with the first message.
    pub async fn begin_conversation(&self, caller: &Caller, new: NewConversation) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        if let Some(done) = caller.origin.done_before() {
            return Ok(done);
        }
        let stream = StreamId::agent(caller.tenant, new.agent);
        let (agent, version) = self.load_for::<Agent>(caller, stream).await?;
        if agent.profile().is_none() {
            return Err(AppError::NotFound);
        }
        let conversation = ConversationId(self.ids.fresh());
        let first = next_turn(conversation.0);
        let message = new.message.as_ref();
        let input = message.map_or_else(|| Ok(Document::default()), |message| input_of(&[], message))?;
        let title = new.title.unwrap_or_else(|| title_of(message));
        let mut events = create(caller, (conversation, new.agent), title, input.clone())?;
        if message.is_some() {
            self.admit(&agent, &input)?;
            events.push(TaskEvent::Queued { not_before: None });
        }
        // The guard lets whoever stops or terminates the agent first win.
        let commit = Commit::new(caller.tenant, conversation.0, caller.metadata())
            .once(caller.origin.idempotency.clone())
            .guard(stream, version)
            .append(StreamId::task(caller.tenant, first), Expected::Exactly(0), events);
        Ok(self.log.commit(commit).await?.into())
    }

    /// Says something in one's own conversation, or with the permission in anybody's. The turn before must have come to an
    /// end, and the agent be running. What was done is about the turn.
    pub async fn send_message(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        message: &Utterance,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        if let Some(done) = caller.origin.done_before() {
            return Ok(done);
        }
        let mut attempt = 1;
        loop {
            let turn = self.turn(caller, conversation, message).await?;
            match self.log.commit(turn.commit.once(caller.origin.idempotency.clone())).await {
                Ok(receipt) => return Ok(Done { resource: turn.task.0, position: Some(receipt.position) }),
                // Somebody said something in this moment, or changed the agent: whoever looks again sees which.
                Err(CommitError::VersionConflict) if attempt < ATTEMPTS => {
                    self.clock.sleep(self.jitter(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes all turns of one's own conversation off the list, or with the permission of anybody's. None may be running.
    pub async fn remove_conversation(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<Done, AppError> {
        caller.require(Permission::CreateTasks)?;
        if let Some(done) = caller.origin.done_before() {
            return Ok(done);
        }
        let standing = self.standing(caller, conversation).await?;
        let mut commit = Commit::new(caller.tenant, conversation.0, caller.metadata())
            .once(caller.origin.idempotency.clone());
        for task in self.conversations.turns(caller.tenant, conversation).await? {
            let stream = StreamId::task(caller.tenant, task);
            let (state, version) = self.load::<Task>(stream).await?;
            if state.present().is_some() {
                let withdrawn = state.decide(TaskCommand::Withdraw)?;
                commit = commit.append(stream, Expected::Exactly(version), withdrawn);
            }
        }
        // A message in this moment would leave a turn behind.
        let (last, _) = self.last_turn(caller.tenant, &standing).await?;
        commit = commit.guard(StreamId::task(caller.tenant, next_turn(last.0)), 0);
        Ok(self.log.commit(commit).await?.into())
    }

    /// Where a conversation stands that the caller may go on with.
    async fn standing(&self, caller: &Caller, conversation: ConversationId) -> Result<Standing, AppError> {
        let standing = self.conversations.standing(caller.tenant, conversation).await?;
        let standing = standing.filter(|standing| caller.reach.covers(Some(standing.agent)));
        let standing = standing.ok_or(AppError::NotFound)?;
        caller.require_own_or(standing.created_by, Permission::ManageTasks)?;
        caller.origin.require_version(standing.version)?;
        Ok(standing)
    }

    /// The turn that a message becomes, with all that it depends on.
    async fn turn(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        message: &Utterance,
    ) -> Result<Turn, AppError> {
        let tenant = caller.tenant;
        let standing = self.standing(caller, conversation).await?;
        let (last, (before, version)) = self.last_turn(tenant, &standing).await?;
        let is_first = matches!(before, Task::Present(_, Stage::Pending));
        if !is_first {
            before.admit_next_turn()?;
        }
        let agent_stream = StreamId::agent(tenant, standing.agent);
        let (agent, agent_version) = self.load::<Agent>(agent_stream).await?;
        let answered_turns = self.conversations.answered_turns(tenant, conversation, MOST_TURNS).await?;
        let input = input_of(&answered_turns, message)?;
        self.admit(&agent, &input)?;
        let commit =
            |task: TaskId| Commit::new(tenant, task.0, caller.metadata()).guard(agent_stream, agent_version);
        let before_stream = StreamId::task(tenant, last);
        if is_first {
            let name = (standing.title.as_str() == UNTITLED).then(|| title_of(Some(message)));
            let mut first = before;
            let mut events = first.decide(TaskCommand::Amend(Amendment {
                name,
                input: Some(input),
                ..Amendment::default()
            }))?;
            events.iter().cloned().for_each(|event| first.evolve(event));
            events.extend(first.decide(TaskCommand::Queue)?);
            let commit = commit(last).append(before_stream, Expected::Exactly(version), events);
            return Ok(Turn { task: last, commit });
        }
        let task = next_turn(last.0);
        let mut events = create(caller, (conversation, standing.agent), standing.title, input)?;
        events.push(TaskEvent::Queued { not_before: None });
        let commit = commit(task).guard(before_stream, version).append(
            StreamId::task(tenant, task),
            Expected::Exactly(0),
            events,
        );
        Ok(Turn { task, commit })
    }

    /// The last turn of a conversation, withdrawn or not.
    async fn last_turn(
        &self,
        tenant: TenantId,
        standing: &Standing,
    ) -> Result<(TaskId, (Task, i64)), AppError> {
        let mut last = standing.last;
        let mut loaded = self.load::<Task>(StreamId::task(tenant, last)).await?;
        loop {
            let next = next_turn(last.0);
            let after = self.load::<Task>(StreamId::task(tenant, next)).await?;
            if after.1 == 0 {
                return Ok((last, loaded));
            }
            (last, loaded) = (next, after);
        }
    }

    /// Refuses what the agent does not take now.
    fn admit(&self, agent: &Agent, input: &Document) -> Result<(), AppError> {
        match agent {
            Agent::Running(profile) => check_input(&profile.configuration, input, self.schemas.as_ref()),
            Agent::Idle(_) | Agent::Paused(_) | Agent::Error(_) | Agent::Absent | Agent::Terminated => {
                Err(AgentRefusal::NotRunning.into())
            }
        }
    }

    /// What keeps a turn from being queued again once the conversation has gone on; nothing for other tasks.
    pub(crate) async fn after_turn(
        &self,
        stream: StreamId,
        conversation: Option<ConversationId>,
    ) -> Result<Option<StreamId>, AppError> {
        if conversation.is_none() {
            return Ok(None);
        }
        let next = StreamId::task(stream.tenant, next_turn(stream.id));
        match self.load::<Task>(next).await? {
            (_, 0) => Ok(Some(next)),
            _ => Err(TaskRefusal::TurnFollowed.into()),
        }
    }
}

fn create(
    caller: &Caller,
    (conversation, agent): (ConversationId, AgentId),
    name: Name,
    input: Document,
) -> Result<Vec<TaskEvent>, AppError> {
    Ok(Task::default().decide(TaskCommand::Create {
        agent,
        name,
        kind: TaskKind::Prompt,
        input,
        priority: Priority::default(),
        timeout: TimeoutSeconds::default(),
        max_attempts: MaxAttempts::default(),
        scheduled_at: None,
        created_by: Some(caller.user),
        queue_timeout: None,
        conversation: Some(conversation),
        fork: None,
        configuration: None,
        schedule: None,
    })?)
}

/// The turn after another one, or the first of a conversation: a UUIDv7 of the conversation's time whose rest is a digest
/// of what it follows.
fn next_turn(before: Uuid) -> TaskId {
    let millis = u64::try_from(before.as_u128() >> 80).unwrap_or_default();
    let digest = Sha256::new().chain_update(b"the turn after").chain_update(before).finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    TaskId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// The input of a turn: what was said before, as far back as there is room for whole turns, and the message.
fn input_of(newest_first: &[AnsweredTurn], message: &Utterance) -> Result<Document, AppError> {
    let spoken = |role: &str, content: &str| json!({ "role": role, "content": content });
    let mut room = MOST_HISTORY;
    let mut before: Vec<Value> = vec![];
    for turn in newest_first.iter().take(MOST_TURNS) {
        let pair = [spoken("assistant", &turn.answered), spoken("user", &turn.said)];
        let bytes: usize = pair.iter().map(|one| one.to_string().len()).sum();
        let Some(left) = room.checked_sub(bytes) else { break };
        room = left;
        before.extend(pair);
    }
    let messages: Vec<Value> = before.into_iter().rev().chain([spoken("user", message.as_str())]).collect();
    Document::parse(&json!({ "messages": messages }).to_string())
        .map_err(|_| AppError::Invalid("/content", "too_long", "is too long for a turn"))
}

/// What a conversation is called after what was said first.
fn title_of(message: Option<&Utterance>) -> Name {
    let line = message.and_then(|message| message.as_str().lines().next()).unwrap_or_default();
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
    let short = match plain.char_indices().nth(LONGEST_TITLE) {
        Some((at, _)) => format!("{}…", plain[..at].trim_end()),
        None => plain,
    };
    short.parse().or_else(|_| UNTITLED.parse()).unwrap_or_else(|_| unreachable!("a name that is one"))
}

/// What the person says in the turn that has this input: its last message.
pub fn said_in(input: &str) -> String {
    let parsed: Value = serde_json::from_str(input).unwrap_or_default();
    let last = parsed["messages"].as_array().and_then(|all| all.last()?["content"].as_str());
    last.unwrap_or(input).to_owned()
}

/// What the agent answered in the turn that has this result: its text, else all of it.
pub fn answered_in(output: &str) -> String {
    let parsed: Value = serde_json::from_str(output).unwrap_or_default();
    parsed["text"].as_str().filter(|_| parsed["provider"].is_string()).unwrap_or(output).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(said: &str, answered: &str) -> AnsweredTurn {
        AnsweredTurn { said: said.to_owned(), answered: answered.to_owned() }
    }

    fn messages(before: &[AnsweredTurn]) -> Vec<(String, String)> {
        let input = input_of(before, &"And now?".parse().unwrap()).unwrap();
        let parsed: Value = serde_json::from_str(input.as_str()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = parsed["messages"].as_array().unwrap().iter();
        all.map(|one| (text(&one["role"]), text(&one["content"]))).collect()
    }

    #[test]
    fn a_turn_is_told_what_was_said_before_in_its_order() {
        let told = messages(&[turn("Second?", "Two."), turn("First?", "One.")]);
        let told: Vec<(&str, &str)> = told.iter().map(|(role, content)| (&**role, &**content)).collect();
        assert_eq!(
            told,
            [
                ("user", "First?"),
                ("assistant", "One."),
                ("user", "Second?"),
                ("assistant", "Two."),
                ("user", "And now?")
            ]
        );
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_from_the_beginning_and_in_whole_turns() {
        let long = "\"".repeat(10_000);
        let told = messages(&[turn("c", &long), turn("b", &long), turn("a", &long), turn("0", &long)]);
        // Each takes some 20,000 bytes of JSON, as each quote is two.
        assert_eq!(told.len(), 2 * 3 + 1);
        assert_eq!(told[0], ("user".to_owned(), "a".to_owned()));
        let many = vec![turn("?", "!"); 300];
        assert_eq!(messages(&many).len(), 2 * MOST_TURNS + 1);
        // The longest message beside the longest history is a document still.
        let longest = "\u{1F600}".repeat(32_000).parse().unwrap();
        assert!(input_of(&vec![turn("?", &"\"".repeat(600)); 300], &longest).is_ok());
    }

    #[test]
    fn a_turn_is_named_by_the_one_before_it_alone() {
        let conversation = Uuid::parse_str("0199d2f0-7c7e-7d52-8d0a-3a5f2f0b8a11").unwrap();
        let first = next_turn(conversation);
        assert_eq!((first, first.0.get_version_num()), (next_turn(conversation), 7));
        assert_ne!(next_turn(first.0), first);
        assert_eq!(first.0.as_u128() >> 80, conversation.as_u128() >> 80, "of the same time");
    }

    #[test]
    fn a_conversation_is_called_after_the_first_line_said() {
        let title = |text: &str| title_of(Some(&text.parse().unwrap())).as_str().to_owned();
        assert_eq!(title("What is new?\nIn short."), "What is new?");
        assert_eq!(title(&"word ".repeat(40)), format!("{}…", "word ".repeat(12).trim_end()));
        assert_eq!(title_of(None).as_str(), UNTITLED);
    }

    #[test]
    fn what_was_said_and_answered_is_read_out_of_input_and_result() {
        assert_eq!(
            said_in(r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#),
            "b"
        );
        assert_eq!(said_in(r#"{"prompt":"a"}"#), r#"{"prompt":"a"}"#);
        assert_eq!(answered_in(r#"{"provider":"echo","model":"echo","text":"b"}"#), "b");
        assert_eq!(answered_in(r#"{"text":"b","score":1}"#), r#"{"text":"b","score":1}"#);
    }
}
