//! The shapes of work: what each type of task does, step by step. A program is given its steps and decides by nothing
//! but its input, the agent's rules and what its steps come to, so that the same records lead to the same result.

mod prompt;
mod request;
mod template;
mod text;
mod workflow;

use domain::Document;
use domain::task::TaskKind;

use crate::error::AppError;
use crate::ports::Schemas;

use super::halt::Halt;
use super::setup::Rules;
use super::steps::Steps;

/// What a program works on.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) kind: TaskKind,
    pub(super) input: &'a Document,
    pub(super) rules: &'a Rules,
    pub(super) schemas: &'a dyn Schemas,
}

/// An input that a type of task can make nothing of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    field: &'static str,
    code: &'static str,
    message: &'static str,
}

/// Whether tasks of a type can make something of an input.
pub(crate) fn check(kind: TaskKind, input: &Document) -> Result<(), Misfit> {
    match kind {
        TaskKind::Prompt => Ok(()),
        TaskKind::TextProcessing => text::check(input),
        TaskKind::ApiCall => request::check(input),
        TaskKind::Workflow => workflow::check(input),
    }
}

impl Job<'_> {
    /// Takes the steps of the task's type until it comes to a result.
    pub(super) async fn run(self, steps: &mut dyn Steps) -> Result<Document, Halt> {
        match self.kind {
            TaskKind::Prompt => prompt::run(self, steps).await,
            TaskKind::TextProcessing => text::run(self, steps).await,
            TaskKind::ApiCall => request::run(self, steps).await,
            TaskKind::Workflow => workflow::run(self, steps).await,
        }
    }
}

impl From<Misfit> for AppError {
    fn from(misfit: Misfit) -> Self {
        Self::Invalid(misfit.field, misfit.code, misfit.message)
    }
}

impl From<Misfit> for Halt {
    fn from(misfit: Misfit) -> Self {
        Self::final_failure("task.unfit", &format!("{} {}", misfit.field, misfit.message))
    }
}
