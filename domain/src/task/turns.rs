//! Tasks as turns of a conversation.

use super::aggregate::{Stage, Task};
use super::refusal::TaskRefusal;

impl Task {
    /// Whether another turn of the conversation may follow this one: it has come to an end, one way or another.
    pub const fn admit_next_turn(&self) -> Result<(), TaskRefusal> {
        match self {
            Self::Present(_, Stage::Pending | Stage::Queued | Stage::Running(_) | Stage::WaitingApproval) => {
                Err(TaskRefusal::TurnOpen)
            }
            Self::Present(_, Stage::Completed | Stage::Failed | Stage::Cancelled)
            | Self::Absent
            | Self::Withdrawn => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use crate::document::Document;
    use crate::id::{AgentId, AttemptId, ConversationId};
    use crate::task::{MaxAttempts, Priority, TaskEvent, TaskKind, TimeoutSeconds};
    use crate::usage::Usage;

    use super::*;

    const ATTEMPT: AttemptId = AttemptId(Uuid::nil());

    fn created() -> TaskEvent {
        TaskEvent::Created {
            agent_id: AgentId(Uuid::nil()),
            name: "Turn".parse().unwrap(),
            task_type: TaskKind::Prompt,
            input_data: Document::default(),
            priority: Priority::default(),
            timeout_seconds: TimeoutSeconds::default(),
            max_attempts: MaxAttempts::default(),
            scheduled_at: None,
            created_by: None,
            queue_timeout_seconds: None,
            conversation_id: Some(ConversationId(Uuid::nil())),
            forked_from: None,
            configuration: None,
            schedule_id: None,
        }
    }

    fn after(events: Vec<TaskEvent>) -> Result<(), TaskRefusal> {
        let mut task = Task::default();
        for event in events {
            task.evolve(event);
        }
        task.admit_next_turn()
    }

    #[test]
    fn the_next_turn_waits_for_the_end_of_the_one_before_whatever_it_is() {
        let queued = TaskEvent::Queued { not_before: None };
        let started = TaskEvent::AttemptStarted { attempt_id: ATTEMPT, number: 1, agent_version: None };
        let completed = TaskEvent::Completed {
            attempt_id: ATTEMPT,
            output_data: Document::default(),
            usage: Usage::default(),
        };
        let cancelled = TaskEvent::Cancelled { reason: "".parse().unwrap() };
        for open in [
            vec![created()],
            vec![created(), queued.clone()],
            vec![created(), queued.clone(), started.clone()],
            vec![created(), queued.clone(), cancelled.clone(), TaskEvent::Retried {}],
        ] {
            assert_eq!(after(open), Err(TaskRefusal::TurnOpen));
        }
        for over in [
            vec![created(), queued.clone(), started, completed],
            vec![created(), queued, cancelled],
            vec![created(), TaskEvent::Withdrawn {}],
        ] {
            assert_eq!(after(over), Ok(()));
        }
    }
}
