//! The published state charts, `docs/states.md`, are what the code does: every order is given in every stage that
//! orders can lead to, and what comes of it is drawn. `UPDATE_DOCS=1` writes the page anew.

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::path::PathBuf;

use cqrs_es::DomainEvent;
use domain::Refusal;
use domain::agent::Agent;
use domain::task::{OnTimeout, Stage, Task};
use domain::tenant::{Keys, Tenant};
use domain::user::User;
use support::Staged;

const INTRODUCTION: &str = "\
# States

What may happen to a tenant, a user, an agent and a task. This page is generated from the code by
`domain/tests/state_charts.rs`, which fails when the page and the code differ; write it anew with
`UPDATE_DOCS=1 cargo test -p domain --test state_charts`.

`[*]` is the stage before the first event (Absent), and the end. An order that would change nothing is accepted
and leads to no event. A refusal shows its stable code; `not_found` also answers for what is gone.
";

#[test]
fn the_published_charts_are_those_of_the_code() {
    let page = [
        INTRODUCTION.to_owned(),
        chart::<Tenant>("Tenant", keys_and_work),
        chart::<User>("User", |_| ""),
        chart::<Agent>("Agent", schedules_of),
        chart::<Task>("Task", condition_of),
    ]
    .join("\n");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs/states.md can be written");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == page, "docs/states.md is out of date; UPDATE_DOCS=1 writes it anew:\n{page}");
}

#[test]
fn every_stage_can_be_reached() {
    fn check<A: Staged>() {
        let reached: BTreeSet<_> = explore::<A>(|_| "").iter().map(|row| row.from).collect();
        assert_eq!(reached, A::STAGES.iter().copied().collect());
    }
    check::<Tenant>();
    check::<User>();
    check::<Agent>();
    check::<Task>();
}

#[test]
fn the_charts_in_the_code_name_every_stage() {
    fn check<A: Staged>(module: &str) {
        let docs: Vec<_> = module.lines().filter(|line| line.starts_with("//!")).collect();
        let docs = docs.join("\n");
        for stage in A::STAGES {
            assert!(docs.contains(stage), "{stage} is missing in\n{docs}");
        }
    }
    check::<Tenant>(include_str!("../src/tenant/mod.rs"));
    check::<User>(include_str!("../src/user/mod.rs"));
    check::<Agent>(include_str!("../src/agent/mod.rs"));
    check::<Task>(include_str!("../src/task/mod.rs"));
}

/// What an order leads to in a stage, under a condition that stages of that name may differ in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    from: &'static str,
    condition: &'static str,
    order: &'static str,
    outcome: Outcome,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Events { names: Vec<String>, to: &'static str },
    Nothing,
    Refused(&'static str),
}

fn keys_and_work(tenant: &Tenant) -> &'static str {
    match tenant {
        Tenant::Active(organisation) if organisation.is_stopped => "all work is stopped",
        Tenant::Active(organisation) if organisation.keys == Keys::default() => "without keys",
        Tenant::Active(organisation)
            if organisation.keys.api.len() == 1 && !organisation.keys.providers.is_empty() =>
        {
            "with a key of each kind"
        }
        _ => "",
    }
}

fn schedules_of(agent: &Agent) -> &'static str {
    match agent.profile().map(|profile| profile.schedules.len()) {
        Some(0) => "without schedules",
        Some(1) => "with one",
        _ => "",
    }
}

fn condition_of(task: &Task) -> &'static str {
    match task {
        Task::Present(work, Stage::Running(_)) if work.journal.open().is_some() => "in a step",
        Task::Present(work, Stage::WaitingApproval)
            if work.question().is_some_and(|question| question.on_timeout == OnTimeout::Deny) =>
        {
            "no answer is a no"
        }
        Task::Present(work, Stage::Running(_)) if work.attempts_of_this_run() < work.max_attempts.get() => {
            "attempts are left"
        }
        Task::Present(_, Stage::Running(_)) => "last attempt",
        Task::Present(work, Stage::Queued) if work.attempts_of_this_run() > 0 => "after an attempt",
        _ => "",
    }
}

/// Gives every order in one aggregate of every stage and condition, beginning with the absent one.
fn explore<A: Staged>(condition: fn(&A) -> &'static str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut seen = BTreeSet::from([(A::STAGES[0], "")]);
    let mut waiting = VecDeque::from([A::default()]);
    while let Some(aggregate) = waiting.pop_front() {
        for (order, command) in A::orders() {
            let outcome = match A::decide(&aggregate, command) {
                Err(refusal) => Outcome::Refused(refusal.code()),
                Ok(events) if events.is_empty() => Outcome::Nothing,
                Ok(events) => {
                    let names = events.iter().map(DomainEvent::event_type).collect();
                    let mut after = aggregate.clone();
                    for event in events {
                        after.apply(event);
                    }
                    let to = after.stage();
                    if seen.insert((to, condition(&after))) {
                        waiting.push_back(after);
                    }
                    Outcome::Events { names, to }
                }
            };
            rows.push(Row { from: aggregate.stage(), condition: condition(&aggregate), order, outcome });
        }
    }
    rows
}

fn chart<A: Staged>(title: &str, condition: fn(&A) -> &'static str) -> String {
    let rows = explore::<A>(condition);
    let mut orders: Vec<&str> = Vec::new();
    for (order, _) in A::orders() {
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    let transitions = transitions::<A>(&rows, &orders);
    let mut page = format!("## {title}\n\n");
    page += &diagram::<A>(&transitions);
    page += "\n| From | Order | Events | To |\n| --- | --- | --- | --- |\n";
    for (from, order, condition, names, to) in &transitions {
        let order = labelled(order, condition);
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {from} | {order} | {} | {to} |", names.join(", "));
    }
    page += "\nAnswers of every stage (✓ accepted):\n\n";
    page + &answers::<A>(&rows, &orders)
}

type Transition = (&'static str, &'static str, &'static str, Vec<String>, &'static str);

/// The accepted orders that lead to events, each once; with its condition where the outcome hangs on it.
fn transitions<A: Staged>(rows: &[Row], orders: &[&'static str]) -> Vec<Transition> {
    let mut transitions = Vec::new();
    for from in A::STAGES {
        for order in orders {
            let mut outcomes: BTreeMap<(&[String], &str), BTreeSet<&str>> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.from == *from && row.order == *order) {
                if let Outcome::Events { names, to } = &row.outcome {
                    outcomes.entry((names, to)).or_default().insert(row.condition);
                }
            }
            let several = outcomes.len() > 1;
            for ((names, to), conditions) in outcomes {
                let condition = conditions.first().filter(|_| several).copied().unwrap_or_default();
                let condition = rows.iter().map(|row| row.condition).find(|held| *held == condition);
                let to = A::STAGES.iter().find(|stage| **stage == to).unwrap_or(from);
                transitions.push((*from, *order, condition.unwrap_or_default(), names.to_vec(), *to));
            }
        }
    }
    transitions
}

fn diagram<A: Staged>(transitions: &[Transition]) -> String {
    let mut arrows: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for (from, order, condition, _, to) in transitions {
        let label = labelled(order, condition);
        match arrows.iter_mut().find(|(a, b, _)| a == from && b == to) {
            Some((_, _, labels)) => labels.push(label),
            None => arrows.push((from, to, vec![label])),
        }
    }
    let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
    for (from, to, labels) in arrows {
        let from = if from == A::STAGES[0] { "[*]" } else { from };
        let _ = writeln!(text, "    {from} --> {to} : {}", labels.join(", "));
    }
    for end in A::STAGES.iter().filter(|stage| !transitions.iter().any(|row| row.0 == **stage)) {
        let _ = writeln!(text, "    {end} --> [*]");
    }
    text + "```\n"
}

/// One line per order, one column per stage.
fn answers<A: Staged>(rows: &[Row], orders: &[&'static str]) -> String {
    let mut table =
        format!("| Order | {} |\n|{}\n", A::STAGES.join(" | "), " --- |".repeat(A::STAGES.len() + 1));
    for order in orders {
        let cells = A::STAGES.iter().map(|stage| {
            let here = rows.iter().filter(|row| row.from == *stage && row.order == *order);
            let answers: BTreeSet<String> = here
                .map(|row| match row.outcome {
                    Outcome::Events { .. } | Outcome::Nothing => "✓".to_owned(),
                    Outcome::Refused(code) => format!("`{code}`"),
                })
                .collect();
            answers.into_iter().rev().collect::<Vec<_>>().join(" or ")
        });
        let _ = writeln!(table, "| {order} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}

fn labelled(order: &str, condition: &str) -> String {
    if condition.is_empty() { order.to_owned() } else { format!("{order} [{condition}]") }
}
