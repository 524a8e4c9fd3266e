//! What an agent's configuration says of how it is run. What concerns its model alone, the provider reads itself.

use domain::agent::{AgentKind, Profile};
use domain::task::{Failure, MAX_STEPS, OnTimeout, Work};
use domain::{Document, MicroUsd, Usage};
use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::halt::{Halt, failure};

/// How an attempt is run.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) kind: AgentKind,
    pub(super) configuration: Document,
    pub(super) capabilities: Vec<String>,
    pub(super) rules: Rules,
}

/// The members of a configuration that are this room's business; others are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rules {
    /// What the model is told about its part.
    pub(super) system_prompt: Option<String>,
    /// The most tokens of one answer.
    max_output_tokens: Option<u32>,
    /// The most steps of a run.
    max_steps: Option<u32>,
    /// The most tokens of a run, sent and received.
    max_tokens: Option<u64>,
    /// The most that a run may cost.
    max_cost_usd: Option<Money>,
    /// How long one attempt may take, where the task does not ask for less.
    pub(super) timeout_seconds: Option<u32>,
    /// The JSON Schema that results fit.
    pub(super) output_schema: Option<Box<RawValue>>,
    /// Which calls a person must approve.
    approval: Option<Approval>,
    /// What becomes of a call whose end is unknown.
    on_ambiguous: Option<OnAmbiguous>,
}

/// Which calls a person must approve.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Approval {
    /// Calls of these tools; `*` is all of them.
    tools: Vec<String>,
    /// How long a person has to answer.
    pub(super) timeout_seconds: u32,
    /// What happens when nobody does.
    pub(super) on_timeout: OnTimeout,
}

/// What becomes of an attempt in which a call was sent and no full answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnAmbiguous {
    /// The task fails: somebody must look.
    Fail,
    /// The call is made again.
    Retry,
}

/// US dollars: a number or a decimal text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Money {
    Number(Number),
    Text(String),
}

/// The most tokens of one answer where nothing is said.
const MAX_OUTPUT_TOKENS: u32 = 4_096;
/// The most steps of a run where nothing is said: a model that goes round in circles is to be noticed.
const DEFAULT_MAX_STEPS: u32 = 50;
/// How long a person has to answer where nothing is said: a day.
const APPROVAL_SECONDS: u32 = 86_400;

impl Default for Approval {
    fn default() -> Self {
        Self { tools: vec![], timeout_seconds: APPROVAL_SECONDS, on_timeout: OnTimeout::default() }
    }
}

/// Why a configuration cannot be run.
pub(crate) fn read(configuration: &Document) -> Result<(), String> {
    Rules::read(configuration).map(drop)
}

impl Setup {
    /// Of an agent for a task, which may bring a configuration of its own.
    pub(super) fn of(agent: &Profile, work: &Work) -> Result<Self, Failure> {
        let configuration = work.configuration.as_ref().unwrap_or(&agent.configuration).clone();
        let rules = Rules::read(&configuration).map_err(|why| {
            failure("agent.misconfigured", &format!("the agent's configuration does not read: {why}"))
        })?;
        let capabilities = agent.capabilities.as_slice().iter().map(ToString::to_string).collect();
        Ok(Self { kind: agent.kind.clone(), configuration, capabilities, rules })
    }
}

impl Rules {
    /// Out of a configuration; else why not.
    pub(super) fn read(configuration: &Document) -> Result<Self, String> {
        serde_json::from_str(configuration.as_str()).map_err(|error| error.to_string())
    }

    /// The most tokens of the next answer, after what the run has used.
    pub(super) fn max_output(&self, used: Usage) -> Result<u32, Halt> {
        let most = self.max_output_tokens.unwrap_or(MAX_OUTPUT_TOKENS).max(1);
        let Some(limit) = self.max_tokens else {
            return Ok(most);
        };
        let used = used.input_tokens.plus(used.output_tokens).get();
        match limit.saturating_sub(used) {
            0 => Err(limit_reached("limit.tokens", &format!("the run has used its {limit} tokens"))),
            left => Ok(most.min(u32::try_from(left).unwrap_or(u32::MAX))),
        }
    }

    /// Refuses a step beyond the most of a run.
    pub(super) fn admit_step(&self, step: u32) -> Result<(), Halt> {
        let most = self.max_steps.unwrap_or(DEFAULT_MAX_STEPS).min(MAX_STEPS);
        if step <= most {
            return Ok(());
        }
        Err(limit_reached("limit.steps", &format!("the run has taken its {most} steps")))
    }

    /// Refuses a call that could bring the run above what it may cost.
    pub(super) fn admit_cost(&self, used: Usage, reserve: MicroUsd) -> Result<(), Halt> {
        let Some(limit) = self.max_cost_usd.as_ref().and_then(Money::micro_usd) else {
            return Ok(());
        };
        if used.cost_micro_usd.plus(reserve) <= limit {
            return Ok(());
        }
        let message = format!(
            "the run has cost {} USD, and the next call may cost {} USD more than the limit of {} USD allows",
            used.cost_micro_usd.to_decimal(),
            reserve.to_decimal(),
            limit.to_decimal()
        );
        Err(limit_reached("limit.cost", &message))
    }

    /// How a person's approval is asked for.
    pub(super) fn approval(&self) -> Approval {
        self.approval.clone().unwrap_or_default()
    }

    /// Whether a person must approve calls of a tool.
    pub(super) fn needs_approval(&self, tool: &str) -> bool {
        let asked = self.approval.as_ref().map_or(&[][..], |approval| &approval.tools);
        asked.iter().any(|named| named == "*" || named == tool)
    }

    /// Whether a model call whose end is unknown is made again: unless the agent's owner says otherwise, as it changes
    /// nothing in the world.
    pub(super) fn retries_ambiguous_model(&self) -> bool {
        self.on_ambiguous != Some(OnAmbiguous::Fail)
    }

    /// Whether a call that may have changed something in the world is made again: only if the agent's owner says so.
    pub(super) fn retries_ambiguous_tool(&self) -> bool {
        self.on_ambiguous == Some(OnAmbiguous::Retry)
    }
}

impl Money {
    /// Whole millionths, rounded down; nothing if it is no amount.
    fn micro_usd(&self) -> Option<MicroUsd> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let whole: u64 = whole.parse().ok()?;
        Some(MicroUsd::from(whole.checked_mul(1_000_000)?.checked_add(fraction.parse().ok()?)?))
    }
}

fn limit_reached(code: &str, message: &str) -> Halt {
    Halt::final_failure(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(configuration: &str) -> Rules {
        serde_json::from_str(configuration).unwrap()
    }

    fn used(input: u64, output: u64, cost: u64) -> Usage {
        Usage { input_tokens: input.into(), output_tokens: output.into(), cost_micro_usd: cost.into() }
    }

    #[test]
    fn money_is_read_to_the_millionth_and_never_rounded_up() {
        let micro = |json: &str| serde_json::from_str::<Money>(json).unwrap().micro_usd().map(MicroUsd::get);
        assert_eq!(micro("1.5"), Some(1_500_000));
        assert_eq!(micro("3"), Some(3_000_000));
        assert_eq!(micro("\"0.0000019\""), Some(1));
        assert_eq!(micro("-1"), None);
        assert_eq!(micro("\"1e3\""), None);
        assert_eq!(micro("\"\""), None);
    }

    #[test]
    fn an_answer_may_have_what_is_left_of_the_tokens() {
        let rules = rules(r#"{"max_tokens": 100, "max_output_tokens": 60}"#);
        assert_eq!(rules.max_output(used(0, 0, 0)).unwrap(), 60);
        assert_eq!(rules.max_output(used(40, 20, 0)).unwrap(), 40);
        assert!(
            matches!(rules.max_output(used(90, 20, 0)), Err(Halt::Failed(why, _)) if why.code == "limit.tokens")
        );
    }

    #[test]
    fn a_call_that_could_cost_too_much_is_not_made() {
        let rules = rules(r#"{"max_cost_usd": 0.001}"#);
        assert!(rules.admit_cost(used(0, 0, 400), MicroUsd::from(600)).is_ok());
        assert!(rules.admit_cost(used(0, 0, 400), MicroUsd::from(601)).is_err());
    }

    #[test]
    fn what_is_unknown_of_a_call_is_retried_only_where_it_changes_nothing_unless_the_owner_says_otherwise() {
        let both = |configuration| {
            let rules = rules(configuration);
            (rules.retries_ambiguous_model(), rules.retries_ambiguous_tool())
        };
        assert_eq!(both("{}"), (true, false));
        assert_eq!(both(r#"{"on_ambiguous": "fail"}"#), (false, false));
        assert_eq!(both(r#"{"on_ambiguous": "retry"}"#), (true, true));
    }

    #[test]
    fn approval_is_asked_for_named_tools_or_all() {
        let named = rules(r#"{"approval": {"tools": ["http_request"], "timeout_seconds": 60}}"#);
        assert!(named.needs_approval("http_request") && !named.needs_approval("calculator"));
        assert_eq!(named.approval().timeout_seconds, 60);
        assert!(rules(r#"{"approval": {"tools": ["*"]}}"#).needs_approval("calculator"));
        assert!(!rules("{}").needs_approval("calculator"));
    }
}
