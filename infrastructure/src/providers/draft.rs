//! An answer as it comes.

use std::collections::BTreeMap;

use application::ports::{Live, ModelCall, ModelFailure, ModelReply, StopReason, ToolCall};
use domain::{TokenCount, Usage};
use secrecy::SecretString;
use serde_json::Value;

use super::fault::Fault;
use super::redact::Redactor;
use super::refusal;
use super::remote::Remote;
use super::tokens::{estimate, estimate_messages};

/// The most characters of text, arguments and names together.
const MAX_CHARACTERS: usize = 1024 * 1024;
/// The most tools that a model may ask for at once.
const MAX_CALLS: usize = 128;
/// More tokens than any call has: who says so does not count.
const MAX_TOKENS: u64 = 1_000_000_000;
/// The longest name of a tool, a call or a model.
const MAX_NAME: usize = 128;

/// What has come so far.
pub(super) struct Draft<'a> {
    live: &'a dyn Live,
    key: Option<&'a SecretString>,
    redactor: Redactor,
    text: String,
    calls: BTreeMap<u64, ToolCall>,
    characters: usize,
    /// Tokens sent, once the provider has told a number that can be true.
    pub(super) input: Option<TokenCount>,
    /// Tokens received, likewise.
    pub(super) output: Option<TokenCount>,
    /// Why it stopped; an answer that breaks off after that is whole.
    pub(super) stop: Option<StopReason>,
    /// Whether nothing more will come.
    pub(super) is_ended: bool,
    model: Option<String>,
}

/// A number of tokens, if it can be true.
pub(super) fn tokens(told: Option<&Value>) -> Option<TokenCount> {
    told?.as_u64().filter(|count| *count <= MAX_TOKENS).map(TokenCount::from)
}

impl<'a> Draft<'a> {
    pub(super) fn new(live: &'a dyn Live, key: Option<&'a SecretString>) -> Self {
        Self {
            live,
            key,
            redactor: Redactor::new(key),
            text: String::new(),
            calls: BTreeMap::new(),
            characters: 0,
            input: None,
            output: None,
            stop: None,
            is_ended: false,
            model: None,
        }
    }

    /// The next piece of the text.
    pub(super) fn say(&mut self, piece: &str) -> Result<(), Fault> {
        self.count(piece)?;
        let piece = self.redactor.push(piece);
        self.show(&piece);
        Ok(())
    }

    fn show(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.live.text(piece);
            self.text.push_str(piece);
        }
    }

    /// Which model says that it answers.
    pub(super) fn answered_by(&mut self, model: &str) {
        if !model.is_empty() {
            self.model = Some(self.name(model));
        }
    }

    /// A part of a call of a tool, at its place among the calls; name and id come once.
    pub(super) fn ask(
        &mut self,
        place: u64,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
    ) -> Result<(), Fault> {
        self.count(arguments)?;
        if self.calls.len() >= MAX_CALLS && !self.calls.contains_key(&place) {
            return Err(Fault::TooLarge);
        }
        let (id, name) = (id.map(|id| self.name(id)), name.map(|name| self.name(name)));
        let call = self.calls.entry(place).or_insert_with(|| ToolCall {
            id: String::new(),
            name: String::new(),
            arguments: String::new(),
        });
        for (part, told) in [(&mut call.id, id), (&mut call.name, name)] {
            if let Some(told) = told.filter(|_| part.is_empty()) {
                *part = told;
            }
        }
        call.arguments.push_str(arguments);
        Ok(())
    }

    fn count(&mut self, piece: &str) -> Result<(), Fault> {
        self.characters += piece.chars().count();
        if self.characters > MAX_CHARACTERS { Err(Fault::TooLarge) } else { Ok(()) }
    }

    fn name(&self, text: &str) -> String {
        let plain = text.chars().filter(|c| !c.is_control()).take(MAX_NAME);
        self.redactor.whole(&plain.collect::<String>())
    }

    /// The provider tells of an error in place of the rest.
    pub(super) fn told(&self, error: &Value) -> ModelFailure {
        refusal::in_answer(error, self.key)
    }

    /// The whole answer.
    pub(super) fn reply(mut self, remote: &Remote, call: &ModelCall) -> ModelReply {
        let rest = self.redactor.finish();
        self.show(&rest);
        let usage = self.usage(self.output, remote, call);
        let told = self.stop.unwrap_or(StopReason::Done);
        let is_cut = told == StopReason::Length;
        let calls = std::mem::take(&mut self.calls).into_iter().map(|(place, call)| ToolCall {
            id: if call.id.is_empty() { format!("call_{place}") } else { call.id },
            name: call.name,
            arguments: if call.arguments.is_empty() {
                "{}".to_owned()
            } else {
                self.redactor.whole(&call.arguments)
            },
        });
        // Where an answer was cut, so are the arguments of its last call.
        let calls: Vec<ToolCall> = calls.filter(|call| !is_cut || is_json(&call.arguments)).collect();
        let stop = match told {
            StopReason::Done | StopReason::Tools if calls.is_empty() => StopReason::Done,
            StopReason::Done | StopReason::Tools => StopReason::Tools,
            StopReason::Length | StopReason::Filtered => told,
        };
        ModelReply {
            text: self.text,
            calls,
            stop,
            usage,
            provider: remote.quote.provider.clone(),
            model: self.model.unwrap_or_else(|| remote.quote.model.clone()),
        }
    }

    /// The answer came to no good end: what had come was consumed all the same.
    pub(super) fn failure(self, fault: Fault, remote: &Remote, call: &ModelCall) -> ModelFailure {
        let has_begun = self.characters > 0 || self.input.is_some() || self.output.is_some();
        // What was told of the output before its end is only the beginning.
        let output = self.output.max(Some(estimate(self.characters)));
        let usage = if has_begun { self.usage(output, remote, call) } else { Usage::default() };
        ModelFailure { usage, ..fault.into() }
    }

    /// As the provider told; what it did not tell is estimated.
    fn usage(&self, output: Option<TokenCount>, remote: &Remote, call: &ModelCall) -> Usage {
        let input = self.input.unwrap_or_else(|| estimate_messages(call));
        let output = output.unwrap_or_else(|| estimate(self.characters));
        Usage { input_tokens: input, output_tokens: output, cost_micro_usd: remote.quote.cost(input, output) }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
