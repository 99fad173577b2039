//! Who has access: tables over the last good snapshot of every connector within reach, and what is exported of it.

use std::{
    num::NonZero,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
    time::Duration,
};

use axum::http::StatusCode;
use jiff::Timestamp;
use rolebook_federation::Interrupt;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{
    Context,
    attention::{self, Need},
};
use crate::{
    ConsoleError,
    hosted::Hosted,
    lens::{Lens, Listed},
    life::Run,
    policy::{Action, Relation, Role},
    problem::Problem,
    report::Numbers,
    run::clean,
    settings::{Capability, known},
    store::{connectors, syncs},
    table::{self, Page, TableQuery},
};

/// Whose data a page shows, and of when.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Freshness {
    /// Connector.
    pub connector: String,
    /// Its name.
    pub name: String,
    /// When the sync ended whose data is shown.
    #[schema(value_type = Option<String>)]
    pub good_at: Option<Timestamp>,
    /// Why that may be old: held, failing, stale; empty when it is not.
    pub warning: String,
}

impl Freshness {
    fn of(hosted: &Hosted, now: Timestamp) -> Self {
        // A retry under way mends nothing yet.
        let mut hosted = hosted.clone();
        hosted.life.run = Run::Idle;
        let label = hosted.label(now);
        let troubled = matches!(label.tone(), "red" | "amber");
        Self {
            connector: hosted.row.id.clone(),
            name: hosted.row.name.clone(),
            good_at: hosted.life.good_at,
            warning: if troubled {
                format!("{}: {}", label.text(), hosted.reason(now))
            } else {
                String::new()
            },
        }
    }
}

/// Whether somebody sees access everywhere.
pub(crate) fn sees_all(context: &Context) -> bool {
    context.actor.may(Relation::default(), Action::SeeAccess)
}

/// The connectors whose data the caller may see, and has been read.
pub(crate) async fn within_reach(context: &Context, only: &str) -> Result<Vec<Hosted>, Problem> {
    let db = context.console.store.db();
    let own = connectors::apps_owned(db, &context.actor.user.id).await?;
    let mut found = Vec::new();
    for row in connectors::all(db).await? {
        if !only.is_empty() && row.id != only {
            continue;
        }
        let relation = Relation { app_owner: own.contains(&row.app_id), ..Relation::default() };
        if row.good_sync.is_some() && context.actor.may(relation, Action::SeeAccess) {
            found.push(Hosted::of(row)?);
        }
    }
    Ok(found)
}

/// What is within reach, and may be old.
pub(crate) async fn troubled(context: &Context) -> Result<Vec<Freshness>, Problem> {
    let now = context.console.now();
    let all = within_reach(context, "").await?;
    let fresh = all.iter().map(|hosted| Freshness::of(hosted, now));
    Ok(fresh.filter(|source| !source.warning.is_empty()).collect())
}

/// The lenses over what is within reach.
pub(crate) async fn lenses(
    context: &Context,
    only: &str,
) -> Result<(Vec<Arc<Lens>>, Vec<Freshness>), Problem> {
    let now = context.console.now();
    let (mut lenses, mut fresh) = (Vec::new(), Vec::new());
    for hosted in within_reach(context, only).await? {
        if let Some(good) = &hosted.row.good_sync {
            lenses.push(context.console.lens(&hosted.row.id, good).await?);
        }
        fresh.push(Freshness::of(&hosted, now));
    }
    Ok((lenses, fresh))
}

/// A row, and the connector whose sync read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReadBy<T> {
    /// Connector.
    pub connector: String,
    #[serde(flatten)]
    pub row: T,
}

/// Rows of all lenses, and how many there are.
fn rows<T: Listed>(lenses: &[Arc<Lens>]) -> (impl Iterator<Item = table::Of<'_, T>>, usize) {
    let of = |lens: &'_ Arc<Lens>| T::of(lens).len();
    let rows = lenses.iter().flat_map(|lens| T::of(lens).iter().map(|row| (lens.connector.as_str(), row)));
    (rows, lenses.iter().map(of).sum())
}

/// One page of a table, over all lenses within reach.
pub(crate) async fn page<T: Listed>(
    context: &Context,
    query: &TableQuery,
) -> Result<(Page<ReadBy<T>>, Vec<Freshness>), Problem> {
    query.check::<T>()?;
    let (lenses, fresh) = lenses(context, &query.connector).await?;
    let query = query.clone();
    // A search through a hundred thousand rows does not hold up other requests.
    let page = aside(move || {
        let (rows, count) = rows::<T>(&lenses);
        let page = table::page(rows, count, &query);
        let items = page.items.into_iter();
        Page {
            items: items
                .map(|(connector, row)| ReadBy { connector: connector.to_owned(), row: row.clone() })
                .collect(),
            total: page.total,
            next_cursor: page.next_cursor,
        }
    });
    Ok((page.await?, fresh))
}

/// Why no account is there, connector by connector: how the app gives roles, and by which pattern.
pub(crate) async fn why_none(context: &Context) -> Result<Vec<String>, Problem> {
    let (lenses, fresh) = lenses(context, "").await?;
    let mut lines = Vec::new();
    for (lens, source) in lenses.iter().zip(fresh) {
        for reading in lens.readings.all() {
            let setting = |name: &str| {
                let value = reading.facts().app.settings.get(name).and_then(|value| value.as_str());
                clean(value.unwrap_or("not set"))
            };
            lines.push(if reading.rules().maps_groups() {
                format!(
                    "{}: roles come from the names of groups; groupFilter is {}, roleValuePattern is {}",
                    source.name,
                    setting("groupFilter"),
                    setting("roleValuePattern")
                )
            } else {
                format!("{}: roles come from the assignments to the app, and none names a role", source.name)
            });
        }
    }
    Ok(lines)
}

/// The whole filtered table as CSV.
pub(crate) async fn csv<T: Listed>(context: &Context, query: &TableQuery) -> Result<String, Problem> {
    query.check::<T>()?;
    let (lenses, _) = lenses(context, &query.connector).await?;
    let query = query.clone();
    aside(move || table::csv(rows::<T>(&lenses).0, &query)).await
}

/// Questions that are worked out at a time: as many as there are cores.
static WORKERS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(2, NonZero::get))));

/// An asker waits so long for a worker and its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Works something out beside the requests, with a bounded number of workers and a deadline.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    aside_until(|_| work()).await
}

/// The same for work that can be ended: it is when the deadline has passed or the asker has hung up.
pub(crate) async fn aside_until<T: Send + 'static>(
    work: impl FnOnce(&Interrupt) -> T + Send + 'static,
) -> Result<T, Problem> {
    let interrupt = Interrupt::default();
    let _asker = SetOnDrop(interrupt.clone());
    within(Arc::clone(&WORKERS), PATIENCE, move || work(&interrupt)).await
}

/// Lives as long as somebody waits for the answer.
struct SetOnDrop(Interrupt);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// An asker who hangs up while waiting for a worker leaves the queue; work that has begun keeps its worker to its end,
/// so that questions whose askers are gone cannot take more cores than there are.
async fn within<T: Send + 'static>(
    workers: Arc<Semaphore>,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let answer = async {
        let worker =
            workers.acquire_owned().await.map_err(|error| ConsoleError::Connector(error.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _worker = worker;
            work()
        });
        done.await.map_err(|error| ConsoleError::Connector(error.to_string()))
    };
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-costly",
            "this question takes too long",
            format!("there was no answer within {} seconds", patience.as_secs()),
            "ask for less: one connector, fewer words or changes, a simpler group filter; or ask again later",
        )),
    }
}

/// What can be exported for a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Groups,
    Assignments,
    AdminRoles,
    AwsRoles,
}

impl Scope {
    pub(crate) const ALL: [(Self, &'static str, &'static str, Option<Capability>); 4] = [
        (Self::Groups, "group-membership", "Group membership", Some(Capability::ReviewGroups)),
        (
            Self::Assignments,
            "application-assignment",
            "Application assignment",
            Some(Capability::ReviewAssignments),
        ),
        (Self::AdminRoles, "okta-roles", "Okta roles", Some(Capability::ReviewAdminRoles)),
        (Self::AwsRoles, "aws-roles", "AWS roles in effect", None),
    ];
}

/// An export that is offered, or not and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ReviewOffer {
    /// Name in the URL.
    pub scope: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// It can be had.
    pub available: bool,
    /// Why not, or how many rows it has.
    pub text: String,
    /// Rows.
    pub rows: usize,
}

/// What can be exported of one connector.
pub(crate) async fn offers(context: &Context, id: &str) -> Result<Vec<ReviewOffer>, Problem> {
    let hosted = super::connectors::load(context, id).await?;
    let lens = match &hosted.row.good_sync {
        Some(good) => Some(context.console.lens(id, good).await?),
        None => None,
    };
    Ok(Scope::ALL
        .into_iter()
        .map(|(scope, name, title, capability)| {
            let allowed =
                capability.map(|capability| known(hosted.note.as_ref(), hosted.settings.stated, capability));
            let rows = lens.as_ref().map_or(0, |lens| count(lens, scope));
            let (available, text) = match (&lens, allowed) {
                (None, _) => (false, "no sync has brought data yet".to_owned()),
                (Some(_), Some(known)) if !known.allows() => (
                    false,
                    format!(
                        "the token may not read this ({}): a Super Administrator's token can",
                        known.text()
                    ),
                ),
                (Some(_), _) if rows == 0 => (false, "there is nothing to review".to_owned()),
                (Some(_), _) => (true, format!("{rows} rows")),
            };
            ReviewOffer { scope: name, title, available, text, rows }
        })
        .collect())
}

fn assigned(lens: &Lens) -> impl Iterator<Item = &crate::lens::PersonRow> {
    lens.people.iter().filter(|person| !person.assigned.is_empty())
}

fn count(lens: &Lens, scope: Scope) -> usize {
    match scope {
        Scope::Groups => lens.memberships.len(),
        Scope::Assignments => assigned(lens).count(),
        Scope::AdminRoles => lens.admins.len(),
        Scope::AwsRoles => lens.grants.len(),
    }
}

/// Exports one scope as CSV.
pub(crate) async fn export(context: &Context, id: &str, name: &str) -> Result<String, Problem> {
    let scope = Scope::ALL
        .into_iter()
        .find(|(_, known, _, _)| *known == name)
        .map(|(scope, ..)| scope)
        .ok_or_else(|| Problem::not_found("scope"))?;
    let offer = offers(context, id).await?.into_iter().find(|offer| offer.scope == name);
    if let Some(offer) = offer.filter(|offer| !offer.available) {
        return Err(Problem::conflict(
            format!("{} cannot be exported", offer.title),
            offer.text,
            "give the connector a token that may read it, or sync it first",
        ));
    }
    let hosted = super::connectors::load(context, id).await?;
    let good = hosted.row.good_sync.clone().ok_or_else(|| Problem::not_found("snapshot"))?;
    let lens = context.console.lens(id, &good).await?;
    let all = TableQuery::default();
    let text = match scope {
        Scope::Groups => table::csv(table::plain(&lens.memberships), &all),
        Scope::Assignments => table::csv(assigned(&lens).map(|row| ("", row)), &all),
        Scope::AdminRoles => table::csv(table::plain(&lens.admins), &all),
        Scope::AwsRoles => table::csv(table::plain(&lens.grants), &all),
    };
    let change = context.change().await?;
    change
        .audit(
            "review.exported",
            &format!("connector/{id}"),
            json!({ "scope": name, "sync": good, "rows": count(&lens, scope) }),
        )
        .await?;
    change.commit().await?;
    Ok(text)
}

/// What the console's first page tells.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// Accounts, roles, groups, people and grants of everything within reach.
    pub numbers: Numbers,
    /// What needs the caller, the most pressing first.
    pub needs: Vec<Need>,
    /// Whose data, and of when.
    pub freshness: Vec<Freshness>,
    /// Numbers are hidden by the caller's role.
    pub hidden: bool,
}

/// Numbers over everything within reach, as the syncs counted them: the first page opens no snapshot.
pub(crate) async fn overview(context: &Context) -> Result<Overview, Problem> {
    let now = context.console.now();
    let mut numbers = Numbers::default();
    let mut freshness = Vec::new();
    for hosted in within_reach(context, "").await? {
        numbers.add(&counted(context, &hosted).await?);
        freshness.push(Freshness::of(&hosted, now));
    }
    let hidden = !sees_all(context) && !context.actor.roles.has(Role::ApplicationAdministrator);
    Ok(Overview { numbers, needs: attention::needs(context).await?, freshness, hidden })
}

/// How much there is in a connector's last good sync.
pub(crate) async fn counted(context: &Context, hosted: &Hosted) -> Result<Numbers, Problem> {
    let Some(good) = &hosted.row.good_sync else { return Ok(Numbers::default()) };
    let row = syncs::by_id(context.console.store.db(), good).await?;
    Ok(row.and_then(|row| Hosted::report(&row).counts).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn workers_are_bounded_waiting_ends_and_a_worker_comes_back() {
        let workers = Arc::new(Semaphore::new(1));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, ended) = mpsc::channel::<()>();
        let asker = tokio::spawn(within(Arc::clone(&workers), PATIENCE, move || {
            begun.send(()).unwrap();
            let _ = ended.recv();
        }));
        has_begun.await.unwrap();
        // The asker hangs up: the work that has begun keeps its worker, and the next asker waits to the deadline.
        asker.abort();
        assert!(asker.await.unwrap_err().is_cancelled());
        let refused = within(Arc::clone(&workers), Duration::ZERO, || ()).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE.as_u16());
        // It ends, and the next is answered.
        end.send(()).unwrap();
        assert_eq!(within(Arc::clone(&workers), PATIENCE, || 7).await.unwrap(), 7);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_ends_when_its_asker_hangs_up() {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let asker = tokio::spawn(aside_until(move |interrupt| {
            begun.send(()).unwrap();
            while !interrupt.is_set() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        }));
        has_begun.await.unwrap();
        asker.abort();
        has_ended.await.unwrap();
    }
}
