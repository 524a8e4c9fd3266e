use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use projections::{UsageGroup, UsageReport, UsageRequest};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ApiState;
use crate::answer::Answer;
use crate::extract::{Authed, Parameters, Timestamp};
use crate::problem::Problem;

/// Which time, and by what it is added up.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// By what it is added up; days if absent.
    group_by: Option<UsageGroup>,
    /// Calls that ended then or later; 30 days before `to` if absent.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<Timestamp>,
    /// Calls that ended before then; now if absent.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<Timestamp>,
}

/// How far back where nothing is said.
const DAYS: TimeDelta = TimeDelta::days(30);
/// The longest time of one report.
const MOST_DAYS: TimeDelta = TimeDelta::days(366);

impl UsageQuery {
    fn request(&self, now: DateTime<Utc>) -> Result<UsageRequest, Problem> {
        let to = self.to.map_or(now, |time| time.0);
        let from = self.from.map_or(to - DAYS, |time| time.0);
        if from > to {
            return Err(Problem::invalid_field("/from", "out_of_range", "must not be after `to`"));
        }
        if to - from > MOST_DAYS {
            return Err(Problem::invalid_field(
                "/from",
                "out_of_range",
                "must be at most 366 days before `to`",
            ));
        }
        Ok(UsageRequest { from, to, group_by: self.group_by.unwrap_or(UsageGroup::Day) })
    }
}

/// Report what model calls consumed
///
/// Tokens and cost by day, agent or model, by the price table of the time of the call. Days are in UTC.
#[utoipa::path(get, path = "/usage", tag = "tenants", security(("bearer" = [])), params(UsageQuery),
    responses((status = 200, description = "What was consumed", body = UsageReport)))]
pub(crate) async fn report_usage(
    State(api): State<ApiState>,
    Authed(caller): Authed,
    Parameters(query): Parameters<UsageQuery>,
) -> Result<Answer<UsageReport>, Problem> {
    let request = query.request(api.app.clock.now())?;
    Ok(Answer::ok(api.views.report_usage(&caller, request).await?))
}
