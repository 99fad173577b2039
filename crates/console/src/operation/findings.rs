//! What is wrong, or soon will be, in the last good snapshot of every connector within reach; and what somebody has
//! accepted of it for a time.

use std::sync::Arc;

use jiff::{civil::Date, tz::TimeZone};
use rolebook_insight::{Answer, Finding, Findings, Policy, Severity};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Context,
    access::aside,
    explore::{self, Answered, Of},
};
use crate::{
    ConsoleError,
    lens::Lens,
    problem::Problem,
    run::clean,
    store::{acceptances, entity::acceptance},
    table::{self, Cell, Column, TableQuery, Tabular, column, numbers},
};

/// The longest that a finding can be accepted.
const LONGEST_DAYS: i64 = 366;

/// What is wrong in what one connector read.
pub(crate) struct Wrong {
    pub(crate) connector: String,
    pub(crate) name: String,
    lens: Arc<Lens>,
    pub(crate) findings: Arc<Findings>,
}

/// All findings within reach, connector by connector.
pub(crate) async fn all(context: &Context, connector: &str) -> Result<Vec<Wrong>, Problem> {
    let today = context.console.now().to_zoned(TimeZone::UTC).date();
    let of = Of { connector: connector.to_owned(), ..Of::default() };
    let mut all = Vec::new();
    for asked in explore::asked(context, &of).await? {
        let policy = policy(context.console.store.db(), &asked.hosted.row.id).await?;
        let lens = Arc::clone(&asked.lens);
        let findings = aside(move || lens.findings(policy, today)).await??;
        all.push(Wrong {
            connector: asked.hosted.row.id,
            name: asked.hosted.row.name,
            lens: asked.lens,
            findings,
        });
    }
    Ok(all)
}

/// What a connector's findings are judged by.
pub(crate) async fn policy(db: &impl ConnectionTrait, connector: &str) -> Result<Policy, ConsoleError> {
    let mut policy = Policy::default();
    for row in acceptances::of(db, connector).await? {
        policy.accept(&row.finding, &row.reason, &row.user_name, day(&row)?);
    }
    Ok(policy)
}

/// Which findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only of this severity: `critical`, `high`, `medium`, `low`.
    pub severity: String,
    /// Only of this rule.
    pub rule: String,
    /// `open`: only what nobody has accepted; `accepted`: only what somebody has.
    pub state: String,
}

/// A finding in a list.
#[derive(Debug, Clone)]
pub(crate) struct FindingRow {
    /// Where it stands: which connector's, and which of those.
    pub(crate) place: (usize, usize),
    connector: String,
    finding: Arc<Findings>,
}

impl FindingRow {
    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.finding.findings.get(self.place.1)
    }
}

impl Tabular for FindingRow {
    const COLUMNS: &'static [Column] = &[
        column("severity", "Severity"),
        column("rule", "Rule"),
        column("text", "Finding"),
        numbers("roles", "Roles"),
        column("remedy", "Remedy"),
        column("accepted", "Accepted"),
        column("connector", "Connector"),
        column("id", "Id"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        let Some(finding) = self.finding() else { return Cell::Nothing };
        match column {
            "severity" => Cell::text(finding.severity.as_str()),
            "rule" => Cell::text(&finding.rule),
            "text" => Cell::text(&finding.text),
            "roles" => Cell::Number(finding.reach.total),
            "remedy" => Cell::text(&finding.remedy),
            "accepted" => finding.accepted.as_ref().map_or(Cell::Nothing, |by| Cell::text(&by.reason)),
            "connector" => Cell::text(&self.connector),
            "id" => Cell::text(&finding.id),
            _ => Cell::Nothing,
        }
    }
}

/// The findings that are wanted, worst first.
pub(crate) fn rows(all: &[Wrong], wanted: &Wanted) -> Vec<FindingRow> {
    let fits = |finding: &Finding| {
        (wanted.severity.is_empty() || finding.severity.as_str() == wanted.severity)
            && (wanted.rule.is_empty() || finding.rule == wanted.rule)
            && match wanted.state.as_str() {
                "open" => finding.accepted.is_none(),
                "accepted" => finding.accepted.is_some(),
                _ => true,
            }
    };
    let mut rows: Vec<(Severity, FindingRow)> = Vec::new();
    for (of, wrong) in all.iter().enumerate() {
        for (at, finding) in wrong.findings.findings.iter().enumerate().filter(|(_, finding)| fits(finding)) {
            let (place, connector) = ((of, at), clean(&wrong.name));
            rows.push((
                finding.severity,
                FindingRow { place, connector, finding: Arc::clone(&wrong.findings) },
            ));
        }
    }
    rows.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A page of findings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingsPage {
    /// One answer for each connector, with its findings of this page, worst first; and which rules could not be asked.
    #[schema(value_type = Vec<Answered<serde_json::Value>>)]
    pub answers: Vec<Answered<Findings>>,
    /// Findings that fit.
    pub total: usize,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// Looks through the findings.
pub(crate) async fn page(
    context: &Context,
    wanted: &Wanted,
    query: &TableQuery,
) -> Result<FindingsPage, Problem> {
    query.check::<FindingRow>()?;
    let all = all(context, &query.connector).await?;
    let rows = rows(&all, wanted);
    let page = table::page(table::plain(&rows), rows.len(), query);
    let now = context.console.now();
    let answers = all.iter().enumerate().map(|(of, wrong)| {
        let shown = page.items.iter().filter(|(_, row)| row.place.0 == of);
        let findings = Findings {
            findings: shown.filter_map(|(_, row)| row.finding().cloned()).collect(),
            rules: wrong.findings.rules.clone(),
            known_before: None,
            completeness: wrong.findings.completeness.clone(),
        };
        Answered {
            connector: wrong.connector.clone(),
            name: wrong.name.clone(),
            sync: wrong.lens.sync.clone(),
            answer: Answer::new(findings, &wrong.lens.readings, now),
        }
    });
    Ok(FindingsPage { answers: answers.collect(), total: page.total, next_cursor: page.next_cursor })
}

/// Everything that fits, as CSV.
pub(crate) async fn csv(context: &Context, wanted: &Wanted, query: &TableQuery) -> Result<String, Problem> {
    query.check::<FindingRow>()?;
    let rows = rows(&all(context, &query.connector).await?, wanted);
    Ok(table::csv(table::plain(&rows), query))
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
#[serde(default, deny_unknown_fields)]
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
    let is_there = known.iter().any(|wrong| wrong.findings.findings.iter().any(|it| it.id == new.finding));
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
