//! What is wrong, or soon will be, in the last good snapshot of every connector within reach; and what somebody has
//! accepted of it for a time.

use jiff::{civil::Date, tz::TimeZone};
use rolebook_insight::{Answer, Findings, Policy};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Context,
    explore::{self, Answered, Answers, Of},
};
use crate::{
    ConsoleError,
    problem::Problem,
    run::clean,
    store::{acceptances, entity::acceptance},
};

/// The longest that a finding can be accepted.
const LONGEST_DAYS: i64 = 366;

/// Every finding, worst first.
pub(crate) async fn all(context: &Context, connector: &str) -> Result<Answers<Findings>, Problem> {
    let now = context.console.now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let of = Of { connector: connector.to_owned(), ..Of::default() };
    let mut answers = Vec::new();
    for asked in explore::asked(context, &of).await? {
        let mut policy = Policy::default();
        for row in acceptances::of(context.console.store.db(), &asked.hosted.row.id).await? {
            policy.accept(&row.finding, &row.reason, &row.user_name, day(&row)?);
        }
        let worked = move || {
            let found = rolebook_insight::findings(&asked.lens.readings, &policy, today, None)?;
            Ok::<_, rolebook_insight::Error>(Answered {
                connector: asked.hosted.row.id.clone(),
                name: asked.hosted.row.name.clone(),
                sync: asked.lens.sync.clone(),
                answer: Answer::new(found, &asked.lens.readings, now),
            })
        };
        let answered = tokio::task::spawn_blocking(worked)
            .await
            .map_err(|error| ConsoleError::Connector(error.to_string()))??;
        answers.push(answered);
    }
    Ok(Answers { answers })
}

fn day(row: &acceptance::Model) -> Result<Date, ConsoleError> {
    row.until
        .parse()
        .map_err(|error: jiff::Error| ConsoleError::Record { table: "acceptance", reason: error.to_string() })
}

/// A finding that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AcceptanceView {
    /// Its id.
    pub id: String,
    /// Connector.
    pub connector: String,
    /// Id of the finding.
    pub finding: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// The last day.
    pub until: String,
}

impl From<acceptance::Model> for AcceptanceView {
    fn from(row: acceptance::Model) -> Self {
        Self {
            id: row.id,
            connector: row.connector_id,
            finding: row.finding,
            reason: row.reason,
            by: row.user_name,
            until: row.until,
        }
    }
}

/// Accept a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct NewAcceptance {
    /// Connector.
    pub connector: String,
    /// Id of the finding, as it stands in the list.
    pub finding: String,
    /// Why.
    pub reason: String,
    /// The last day, as in `2027-01-31`; at most a year ahead.
    pub until: String,
}

/// Takes a finding out of what counts, until a day. It stays in the list.
pub(crate) async fn accept(context: &Context, new: NewAcceptance) -> Result<AcceptanceView, Problem> {
    let reason = clean(&new.reason).trim().to_owned();
    if reason.is_empty() {
        return Err(Problem::field("reason", "say why"));
    }
    let today = context.console.now().to_zoned(TimeZone::UTC).date();
    let until: Date =
        new.until.trim().parse().map_err(|_| Problem::field("until", "a day, as in 2027-01-31"))?;
    let days = today.until(until).map_or(i64::MAX, |span| i64::from(span.get_days()));
    if !(0..=LONGEST_DAYS).contains(&days) {
        return Err(Problem::field("until", "a day from today on, at most a year ahead"));
    }
    let known = all(context, &new.connector).await?;
    let is_there = known
        .answers
        .iter()
        .any(|answered| answered.answer.result.findings.iter().any(|finding| finding.id == new.finding));
    if new.connector.is_empty() || !is_there {
        return Err(Problem::not_found("finding"));
    }
    let change = context.change().await?;
    let row = change.accept(&new.connector, &new.finding, &reason, until).await?;
    change
        .audit(
            "finding.accepted",
            &format!("connector/{}", new.connector),
            json!({ "finding": new.finding, "reason": reason, "until": until.to_string() }),
        )
        .await?;
    change.commit().await?;
    Ok(row.into())
}

/// Everything that is accepted, of connectors within reach.
pub(crate) async fn accepted(context: &Context) -> Result<Vec<AcceptanceView>, Problem> {
    let mut found = Vec::new();
    for hosted in super::access::within_reach(context, "").await? {
        let rows = acceptances::of(context.console.store.db(), &hosted.row.id).await?;
        found.extend(rows.into_iter().map(AcceptanceView::from));
    }
    Ok(found)
}

/// Ends an acceptance: the finding counts again.
pub(crate) async fn end(context: &Context, id: &str) -> Result<(), Problem> {
    let row = acceptances::by_id(context.console.store.db(), id)
        .await?
        .ok_or_else(|| Problem::not_found("acceptance"))?;
    let change = context.change().await?;
    change.end_acceptance(id).await?;
    change
        .audit(
            "finding.acceptance-ended",
            &format!("connector/{}", row.connector_id),
            json!({ "finding": row.finding }),
        )
        .await?;
    change.commit().await?;
    Ok(())
}
