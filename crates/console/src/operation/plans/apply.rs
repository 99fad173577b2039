//! Applying a plan: recorded before the first call, carried out by the connector's own engine, verified by reading.

use std::{path::PathBuf, time::Duration};

use rolebook_connector::{Applied, Applying, Audit, Outcome, Patience, PlanFile, Settled, settle};
use rolebook_federation::plan::Row;
use serde_json::json;

use super::{Loaded, Seen, capability, client, concerned, not_now, not_ones_own, off, open, told, who};
use crate::{
    ConsoleError,
    console::Console,
    hosted::Hosted,
    operation::{Context, provisioning::Writer},
    problem::Problem,
    settings::SecretNote,
    store::{self, Change, Who, connectors, entity::plan as stored, plans, provisioning, shared},
    worker,
};

use super::view::{PlanResult, PlanView, reasons_of};

/// How long another change of the same org is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(30);
/// How long it is waited before what could not be written is written again.
const AGAIN: Duration = Duration::from_secs(2);

/// Applies exactly the plan that the caller saw.
pub(crate) async fn apply(
    context: &Context,
    connector: &str,
    id: &str,
    seen: &Seen,
) -> Result<PlanView, Problem> {
    let mut loaded = Loaded::get(context, connector, id).await?;
    if !matches!(loaded.row.state.as_str(), "planned" | "approved") {
        return Err(not_now(&loaded.row.state));
    }
    if let Some(off) = off(&loaded.writer) {
        return Err(off);
    }
    let file = loaded.file(context, seen)?;
    let Some(change) = file.changes.first() else { return Err(Problem::not_found("change")) };
    if loaded.row.privileged && loaded.writer.row.second_person && loaded.row.state != "approved" {
        return Err(Problem::conflict(
            "the plan waits for a second person",
            reasons_of(&loaded.row)?.join("; "),
            "ask another Super Administrator to look at it and to approve it",
        ));
    }
    if let Some(why) = change.plan.rows().into_iter().find_map(|row| super::forbids(&loaded.writer, row)) {
        return Err(Problem::conflict(
            "the plan cannot be applied",
            why,
            "give the token that writes the right",
        ));
    }
    // Who is concerned may have changed since the plan was made, as members of a group do.
    let reading = client(context, &loaded.hosted, &loaded.hosted.login(&context.console.vault)?)?;
    let mut concerns = super::parse(&loaded.row.concerns)?;
    concerns.extend(concerned(&reading, &change.request).await?);
    not_ones_own(context, &loaded.hosted, &concerns).await?;
    if context.dry_run {
        return loaded.view(context).await;
    }
    let was = std::mem::replace(&mut loaded.row.state, "applying".to_owned());
    let begin = context.change().await?;
    // Looked at again inside the change: the switch may have been turned meanwhile.
    loaded.writer = Writer::of(provisioning::of(begin.tx(), connector).await?, &loaded.hosted)?;
    if let Some(off) = off(&loaded.writer) {
        return Err(off);
    }
    if let Some(other) = in_other_process(context, &begin, &loaded).await? {
        return Err(Problem::conflict(
            "another change of this org is being made",
            format!("by {other}; changes of one org take turns"),
            "try again when it has ended",
        ));
    }
    loaded.row.applier = Some(context.actor.user.name.clone());
    loaded.row.worker = Some(context.console.worker.clone());
    loaded.row.began_at = Some(begin.now_ms());
    if !begin.move_plan(&was, loaded.row.clone()).await? {
        return Err(Problem::changed());
    }
    let detail = json!({
        "plan": id, "says": loaded.row.says, "digest": loaded.row.digest, "author": loaded.row.author,
        "approver": loaded.row.approver, "calls": change.calls,
    });
    begin.audit("plan.applying", &format!("connector/{connector}"), detail).await?;
    begin.commit().await?;
    // From here on it goes through, whether the browser waits or not.
    let going = tokio::spawn(carry_through(context.clone(), loaded, file));
    going.await.map_err(|error| ConsoleError::Connector(error.to_string()))?
}

/// Who is changing the same org through another process: within one, the org's audit file makes them take turns.
async fn in_other_process(
    context: &Context,
    change: &Change<'_>,
    loaded: &Loaded,
) -> Result<Option<String>, ConsoleError> {
    for row in plans::applying(change.tx()).await? {
        if row.worker.as_deref() == Some(context.console.worker.as_str()) {
            continue;
        }
        let Some(connector) = connectors::by_id(change.tx(), &row.connector_id).await? else { continue };
        if connector.org_id == loaded.hosted.row.org_id {
            return Ok(Some(row.applier.unwrap_or(row.author)));
        }
    }
    Ok(None)
}

async fn carry_through(context: Context, mut loaded: Loaded, file: PlanFile) -> Result<PlanView, Problem> {
    let came = match carry_out(&context, &loaded, &file).await {
        Ok((applied, settled)) => {
            Came { result: PlanResult::of(&applied, &settled), applied: Some(applied), settled }
        }
        Err(problem) => {
            Came { result: PlanResult::nothing("refused", &problem), applied: None, settled: Vec::new() }
        }
    };
    loaded.row.state = "ended".to_owned();
    loaded.row.result = Some(store::to_json(&came.result));
    if let Err(problem) = record(&context, &mut loaded, &came).await {
        if !problem.status().is_server_error() {
            return Err(problem);
        }
        let says = came.result.says.clone();
        tokio::spawn(record_later(context, loaded, came));
        return Err(Problem::new(
            problem.status(),
            "not-recorded",
            "what came of the plan could not be recorded yet",
            says,
            "make room, or bring the database back: the console records it by itself; do not make the change again",
        ));
    }
    context.console.nudge.notify_one();
    worker::tell_label(&context.console, &loaded.row.connector_id).await;
    loaded.view(&context).await
}

/// What came of the calls.
struct Came {
    result: PlanResult,
    applied: Option<Applied>,
    settled: Vec<Settled>,
}

/// The calls were made, so this is written down however long it takes. A console that is stopped before finds the plan at
/// its next start.
async fn record_later(context: Context, mut loaded: Loaded, came: Came) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = context.console.stop.cancelled() => return,
        }
        match record(&context, &mut loaded, &came).await {
            Err(problem) if problem.status().is_server_error() => {}
            _ => break,
        }
    }
    context.console.nudge.notify_one();
    worker::tell_label(&context.console, &loaded.row.connector_id).await;
}

/// Writes down what came of a plan.
async fn record(context: &Context, loaded: &mut Loaded, came: &Came) -> Result<(), Problem> {
    let Came { result, applied, settled } = came;
    let connector = loaded.row.connector_id.clone();
    let change = context.change().await?;
    loaded.row.ended_at = Some(change.now_ms());
    if !change.move_plan("applying", loaded.row.clone()).await? {
        return Err(Problem::changed());
    }
    let detail = json!({
        "plan": loaded.row.id, "outcome": result.outcome, "says": result.says,
        "request_ids": result.request_ids, "audit_id": result.audit_id,
    });
    change.audit("plan.applied", &format!("connector/{connector}"), detail).await?;
    for one in settled {
        let detail = json!({ "op": one.op, "what": one.what, "outcome": one.outcome, "says": one.says });
        change.audit("plan.settled", &format!("connector/{connector}"), detail).await?;
        settle_row(&change, &connector, one).await?;
    }
    if let Some(applied) = applied {
        learn(&change, &connector, applied).await?;
    }
    // A connector that is paused or held has its reasons: the next sync shows the change.
    let _ = worker::want(&change, &connector, "plan", false).await?;
    change.commit().await?;
    Ok(())
}

async fn carry_out(
    context: &Context,
    loaded: &Loaded,
    file: &PlanFile,
) -> Result<(Applied, Vec<Settled>), Problem> {
    let console = &context.console;
    let Some(change) = file.changes.first() else { return Err(Problem::not_found("change")) };
    let login = loaded.writer.login(&loaded.hosted, &console.vault)?;
    let writing = client(context, &loaded.hosted, &login)?;
    let mut place = open(context, &loaded.hosted, &loaded.writer, writing).await?;
    file.check_place(&place).map_err(|error| told(&error))?;
    let org = place.org.id.as_str().to_owned();
    let path = chain(console, &org);
    let now = || console.now();
    let mut audit = Audit::open(&path, &org, now(), LOCK_WAIT).await.map_err(|error| told(&error.into()))?;
    let settled = settle(&place, &mut audit, now()).await.map_err(|error| told(&error))?;
    let mut applying = Applying {
        who: place.who(who(context)),
        place: &mut place,
        audit: &mut audit,
        author: Some(file.author.clone()),
        clock: &now,
        patience: Patience::default(),
    };
    let applied =
        applying.apply(&change.request, &change.plan, &loaded.row.id).await.map_err(|error| told(&error))?;
    Ok((applied, settled))
}

/// A change that a stop had cut off, of which Okta now shows what came of it.
async fn settle_row(change: &Change<'_>, connector: &str, settled: &Settled) -> Result<(), ConsoleError> {
    let Some(mut row) = plans::by_id(change.tx(), connector, &settled.op).await? else { return Ok(()) };
    let before: PlanResult = match &row.result {
        Some(text) => store::json("change_plan", text)?,
        None => PlanResult::default(),
    };
    let came = crate::run::clean(&format!("{}: {}; {}", settled.what, settled.outcome, settled.says));
    let file: PlanFile = store::json("change_plan", &row.body)?;
    let whole = file.changes.first().is_some_and(|change| change.plan.steps.len() == 1);
    row.result = Some(store::to_json(&match settled.outcome {
        // One step of several says nothing of the others.
        Outcome::Done if !whole => PlanResult { settled: vec![came], ..before },
        outcome => PlanResult {
            outcome: outcome.to_string(),
            says: came.clone(),
            hint: String::new(),
            settled: vec![came],
            ..before
        },
    }));
    change.move_plan("ended", row).await?;
    Ok(())
}

/// What writes taught of the token's rights goes into the matrix. A refusal where the right was known may be about this
/// object alone, so the right is open again.
async fn learn(change: &Change<'_>, connector: &str, applied: &Applied) -> Result<(), ConsoleError> {
    let lessons: Vec<(Row, bool)> = applied
        .steps
        .iter()
        .filter_map(|end| match end.missing {
            Some(row) => Some((row, false)),
            None if end.outcome == Outcome::Done && end.attempts > 0 => Some((end.step.row(), true)),
            None => None,
        })
        .collect();
    let teach = |note: &mut SecretNote| {
        let before = note.proven.clone();
        for (row, holds) in &lessons {
            let row = capability(*row);
            if *holds || !note.proven.contains(&(row, true)) {
                note.learn(row, *holds);
            } else {
                note.proven.retain(|(known, _)| *known != row);
            }
        }
        note.proven != before
    };
    let mut own = provisioning::of(change.tx(), connector).await?;
    if let Some(text) = &own.secret_note {
        let mut note: SecretNote = store::json("provisioning", text)?;
        if teach(&mut note) {
            own.secret_note = Some(store::to_json(&note));
            change.keep_provisioning(own).await?;
        }
        return Ok(());
    }
    let Some(row) = connectors::by_id(change.tx(), connector).await? else { return Ok(()) };
    let mut hosted = Hosted::of(row)?;
    if hosted.note.as_mut().is_some_and(teach) {
        change.keep_connector(hosted.into_row()).await?;
    }
    Ok(())
}

/// Plans that were being applied when their process went away. Each call stands in the org's chain before it is made: without
/// one, nothing was changed. Else what came of it is unknown until somebody looks, or the next change of that org reads it.
pub(crate) async fn recover(console: &Console) -> Result<(), ConsoleError> {
    if plans::applying(console.store.db()).await?.is_empty() {
        return Ok(());
    }
    let change = console.store.change(Who::console(), false).await?;
    let at_work = shared::at_work(change.tx(), change.now_ms()).await?;
    for mut row in plans::applying(change.tx()).await? {
        let worker = row.worker.as_deref().unwrap_or_default();
        if worker == console.worker || (console.store.shared() && at_work.contains_key(worker)) {
            continue;
        }
        // The chain of another process lies with that process.
        let called = console.store.shared() || may_have_called(console, &change, &row).await?;
        let result = if called {
            PlanResult {
                outcome: Outcome::Unknown.to_string(),
                says: "the console stopped while it was applied: Okta may show it or not".to_owned(),
                hint: "look at the access after the next sync; the next change of this org settles it"
                    .to_owned(),
                complete: true,
                ..PlanResult::default()
            }
        } else {
            PlanResult {
                outcome: Outcome::Failed.to_string(),
                says: "the console stopped before the first call: nothing was changed".to_owned(),
                hint: "make a new plan".to_owned(),
                ..PlanResult::default()
            }
        };
        row.state = "ended".to_owned();
        row.ended_at = Some(change.now_ms());
        row.result = Some(store::to_json(&result));
        let (id, connector) = (row.id.clone(), row.connector_id.clone());
        keep_lost(&change, row).await?;
        change.audit("plan.lost", &format!("connector/{connector}"), json!({ "plan": id })).await?;
        let _ = worker::want(&change, &connector, "plan", false).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Whether a call of a plan stands in the chain of its org, or cannot be ruled out.
async fn may_have_called(
    console: &Console,
    change: &Change<'_>,
    row: &stored::Model,
) -> Result<bool, ConsoleError> {
    let connector = connectors::by_id(change.tx(), &row.connector_id).await?;
    let Some(org) = connector.and_then(|connector| connector.org_id) else { return Ok(true) };
    Ok(match tokio::fs::read(chain(console, &org)).await {
        Ok(chain) => chain.windows(row.id.len()).any(|part| part == row.id.as_bytes()),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    })
}

/// The chain of everything that was changed in an org, beside the database.
fn chain(console: &Console, org: &str) -> PathBuf {
    console.config.data.join(format!("audit-{org}.jsonl"))
}

async fn keep_lost(change: &Change<'_>, row: stored::Model) -> Result<(), ConsoleError> {
    change.move_plan("applying", row).await?;
    Ok(())
}
