use std::collections::HashMap;

use application::Caller;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{AggregateType, ContentHash, TaskId};
use infrastructure::postgres::{LogFilter, LogOrder};
use projections::{Page, STEP_EVENTS, StepRow, steps};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::page_schema;
use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, Limit, Parameters, PathId};
use crate::problem::Problem;

page_schema!(StepPage, StepRow, "steps");

/// How much of the log is read at a time.
const STRETCH: i64 = 1_000;
/// The most bytes of contents in one answer; a page ends before it.
const MOST_CONTENTS: usize = 4 * 1024 * 1024;

/// Which steps, and how much of each.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StepsQuery {
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// `contents`: with what was asked and what came back.
    #[param(value_type = Option<Included>)]
    include: Option<Included>,
}

/// What comes along with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Included {
    /// What was asked and what came back.
    Contents,
}

/// List a task's steps
///
/// Every call of a model or a tool, of every attempt, in the order in which they were begun. With `include=contents`
/// a page ends early rather than hold more than 4 MiB of contents.
#[utoipa::path(get, path = "/tasks/{id}/steps", tag = "tasks", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The task's id"), StepsQuery),
    responses((status = 200, description = "A page of steps", body = StepPage)))]
pub(crate) async fn list_steps(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    PathId(task): PathId<TaskId>,
    Parameters(query): Parameters<StepsQuery>,
) -> Result<Answer<Page<StepRow>>, Problem> {
    let skip = query.cursor.as_deref().map(after).transpose()?.unwrap_or_default();
    api.views.get_task(&caller, task).await?;
    let all = steps_of(&api, &caller, task).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let limit = usize::try_from(query.limit.0).unwrap_or_default();
    let mut items: Vec<StepRow> = all.into_iter().skip(skip).take(limit).collect();
    if query.include == Some(Included::Contents) {
        include_contents(&api, &caller, &mut items).await?;
    }
    let shown = skip + items.len();
    let more = i64::try_from(shown).is_ok_and(|shown| shown < total) && !items.is_empty();
    Ok(Answer::ok(Page { items, next_cursor: more.then(|| cursor(shown)), total }))
}

async fn steps_of(api: &ApiState, caller: &Caller, task: TaskId) -> Result<Vec<StepRow>, Problem> {
    let mut recorded = vec![];
    let mut beyond = None;
    loop {
        let filter = LogFilter {
            aggregate_type: Some(AggregateType::Task),
            aggregate_id: Some(task.0),
            event_types: STEP_EVENTS.map(ToOwned::to_owned).to_vec(),
            order: LogOrder::OldestFirst,
            beyond,
            limit: STRETCH,
            ..LogFilter::default()
        };
        let page = api.feed.search(caller.tenant, filter).await?;
        recorded.extend(page.items.into_iter().map(|event| event.recorded));
        beyond = page.next;
        if beyond.is_none() {
            return Ok(steps(recorded));
        }
    }
}

/// Adds what was asked and what came back, and cuts off the steps that there is no room for; one always stays.
async fn include_contents(api: &ApiState, caller: &Caller, items: &mut Vec<StepRow>) -> Result<(), Problem> {
    let (mut shown, mut room) = (0, MOST_CONTENTS);
    for row in items.iter_mut() {
        let hashes: Vec<ContentHash> = std::iter::once(row.request_hash).chain(row.reply_hash).collect();
        let contents = api.app.contents.read(caller.tenant, &hashes).await?;
        let bytes = contents.values().map(Vec::len).sum();
        if shown > 0 && bytes > room {
            break;
        }
        room = room.saturating_sub(bytes);
        row.request = text(&contents, row.request_hash);
        row.reply = row.reply_hash.and_then(|hash| text(&contents, hash));
        shown += 1;
    }
    items.truncate(shown);
    Ok(())
}

fn text(contents: &HashMap<ContentHash, Vec<u8>>, hash: ContentHash) -> Option<Box<RawValue>> {
    let text = String::from_utf8(contents.get(&hash)?.clone()).ok()?;
    RawValue::from_string(text).ok()
}

const MARK: &str = "step:";

/// A cursor says how many steps were shown before; steps are only ever added.
fn cursor(shown: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{MARK}{shown}"))
}

fn after(cursor: &str) -> Result<usize, Problem> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.strip_prefix(MARK)?.parse().ok())
        .ok_or_else(|| Problem::invalid_field("/cursor", "invalid_cursor", "is not a cursor of this list"))
}
