//! What a sync did, for people and for programs.

mod apps;

use std::io::Write;

use jiff::Timestamp;
use rolebook_connector::{Accepted, AccountsSeen, Since, Summary, held_path};
use rolebook_federation::Warnings;
use rolebook_ledger::Org;
use rolebook_okta::BucketStats;
use serde_json::{Value, json};

use crate::{
    arguments::SummaryFormat,
    failure::Failure,
    output::{finish, visible},
};

pub(crate) use apps::{OneApp, SeveralApps};

/// Accounts listed one by one; a file may describe thousands.
const ACCOUNTS_LISTED: usize = 10;

/// How the app decides, in words.
pub(crate) fn mode_words(maps_groups: bool) -> &'static str {
    if maps_groups { "group mapping: group names decide" } else { "direct: profiles of assignments decide" }
}

pub(crate) fn print_text(summary: &Summary) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    finish(text(summary, &mut out))
}

fn text(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(since) = &summary.since {
        print_app_changes(since, out)?;
    }
    print_org(&summary.org, out)?;
    print_contents(summary, out)?;
    writeln!(out)?;
    print_resumed(summary, out)?;
    print_requests(summary.requests, summary.bound.requests(), &summary.buckets, out)?;
    print_time(summary.from, summary.to, out)?;
    print_written(summary, out)
}

fn print_org(org: &Org, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Org        {} ({})", visible(&org.name), org.domain)
}

/// App, numbers, and what is to be said about them.
fn print_contents(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    let counts = &summary.counts;
    writeln!(
        out,
        "App        {} \"{}\", {}",
        summary.app.id,
        visible(&summary.app.label),
        mode_words(summary.maps_groups)
    )?;
    writeln!(out, "Accounts   {} with {} roles", counts.accounts, counts.roles)?;
    writeln!(
        out,
        "People     {}, of whom {} are assigned and {} have a role",
        counts.users, counts.assigned, counts.with_role
    )?;
    writeln!(out, "Groups     {}", counts.groups)?;
    writeln!(out, "Grants     {} (person-role pairs Okta would send today)", counts.grants)?;
    if counts.admin_roles > 0 {
        writeln!(
            out,
            "Admins     Okta admin roles of {} {}",
            counts.admin_roles,
            if counts.admin_roles == 1 { "kind" } else { "kinds" }
        )?;
    }
    if let Some(custom) = counts.custom_roles {
        writeln!(out, "Custom     {custom} custom admin {}", if custom == 1 { "role" } else { "roles" })?;
    }
    if let Some(since) = &summary.since {
        print_since(since, out)?;
    }
    if counts.assigned == 0 && summary.held.is_none() {
        writeln!(out, "           nobody is assigned yet")?;
    }
    print_accounts(&summary.accounts, kept_names(summary), out)?;
    print_warnings(&summary.warnings, out)?;
    print_partial(summary, out)
}

fn print_resumed(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(resumed) = &summary.resumed {
        let pages = if resumed.pages == 1 { "page" } else { "pages" };
        writeln!(out, "Resumed    {} {pages} of a run cut off, begun {:.0}", resumed.pages, resumed.begun)?;
    }
    print_reach(summary, out)
}

fn print_requests(
    sent: u64,
    bound: u64,
    buckets: &[BucketStats],
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "Requests   {sent} (minimum possible: {bound})")?;
    for bucket in buckets {
        let waits = match bucket.waits {
            0 => String::new(),
            waits => format!(", waited {waits} times, {} s in all", bucket.waited.as_secs()),
        };
        let refused =
            if bucket.refusals > 0 { format!(", {} times 429", bucket.refusals) } else { String::new() };
        let limit = bucket.limit.map(|limit| format!(" of {limit} a minute")).unwrap_or_default();
        writeln!(out, "           {:>5}{limit} {}{waits}{refused}", bucket.requests, bucket.bucket)?;
    }
    Ok(())
}

fn print_time(from: Timestamp, to: Timestamp, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Time       {:.1} s", to.duration_since(from).as_secs_f64())
}

fn print_written(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "Wrote      {} ({} kB, sync {})",
        summary.sealed.path.display(),
        summary.sealed.bytes.div_ceil(1000),
        summary.sync_id
    )?;
    print_held(summary, out)
}

/// Whether everything was read, where that was not a matter of course.
fn print_reach(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(why) = &summary.why_full {
        writeln!(out, "Full       everything was read:\n           {}", visible(why))?;
    }
    let Some(since) = &summary.coverage.incremental else { return Ok(()) };
    let entries = if since.entries == 1 { "entry" } else { "entries" };
    writeln!(
        out,
        "Changes    {} {entries} of Okta's log since {:.0},\n           on top of sync {}",
        since.entries, since.log_since, since.based_on
    )?;
    writeln!(out, "           the last full sync began at {:.0}", since.full)
}

/// What changed about the app stands before everything else: it can move everybody at once.
fn print_app_changes(since: &Since, out: &mut impl Write) -> std::io::Result<()> {
    if since.app.is_empty() {
        return Ok(());
    }
    writeln!(out, "CHANGED    the app's settings, since the sync of {:.0}:", since.ended)?;
    for change in &since.app {
        let value = |value: &Value| match value {
            Value::Null => "not set".to_owned(),
            Value::String(text) => format!("\"{}\"", visible(text)),
            other => visible(&other.to_string()),
        };
        writeln!(out, "  {}: {} → {}", visible(&change.setting), value(&change.old), value(&change.new))?;
    }
    writeln!(out, "  {} grants gained, {} lost\n", since.gained, since.lost)
}

fn print_since(since: &Since, out: &mut impl Write) -> std::io::Result<()> {
    if since.app.is_empty() {
        writeln!(out, "           {} gained and {} lost since {:.0}", since.gained, since.lost, since.ended)?;
    }
    if since.gains.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "GAINED     many more than before can assume")?;
    for gain in &since.gains {
        writeln!(out, "  {}: {} grants before, {} now", visible(&gain.role), gain.before, gain.now)?;
        for cause in &gain.causes {
            writeln!(out, "    {}", visible(cause))?;
        }
    }
    Ok(())
}

fn print_held(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    let Some(held) = &summary.held else { return Ok(()) };
    writeln!(out)?;
    if held.file.exists() {
        writeln!(out, "HELD       {} stays as it was; the new file waits beside it:", held.file.display())?;
    } else {
        writeln!(out, "HELD       {} was not written; the new file waits beside it:", held.file.display())?;
    }
    for reason in &held.reasons {
        writeln!(out, "  {}", visible(reason))?;
    }
    writeln!(out, "  If this is right: rolebook sync --accept-loss --reason TEXT -f {}", held.file.display())
}

/// What was put in force.
pub(crate) fn print_accepted(
    file: &std::path::Path,
    accepted: &Accepted,
    format: SummaryFormat,
) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let file = file.display();
    finish(match format {
        SummaryFormat::Json => {
            let value = json!({ "file": file.to_string(), "accepted": accepted });
            writeln!(out, "{value:#}")
        }
        SummaryFormat::Text => writeln!(
            out,
            "Accepted   {file} is now sync {}\n           by {}: {}",
            accepted.sync,
            visible(&accepted.by),
            visible(&accepted.reason)
        ),
    })
}

/// When the accounts file was read, where an earlier sync read it.
fn kept_names(summary: &Summary) -> Option<Timestamp> {
    summary.coverage.accounts_of.filter(|at| *at < summary.from)
}

/// What the accounts file and Okta know of each other; nothing without a file.
fn print_accounts(
    accounts: &AccountsSeen,
    kept: Option<Timestamp>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    if accounts.described == 0 {
        return Ok(());
    }
    let known = accounts.described.saturating_sub(accounts.only_in_file.len());
    writeln!(out, "Names      {} in the accounts file, {known} of them in Okta", accounts.described)?;
    if let Some(at) = kept {
        writeln!(out, "           kept from the accounts file of {at:.0}; --accounts FILE reads it again,")?;
        writeln!(out, "           --accounts none drops them")?;
    }
    for (list, heading) in [
        (&accounts.only_in_okta, "Only in Okta, without a line in the accounts file"),
        (&accounts.only_in_file, "Only in the accounts file, without a role in Okta"),
    ] {
        if list.is_empty() {
            continue;
        }
        writeln!(out, "\n{heading}: {}", list.len())?;
        for label in list.iter().take(ACCOUNTS_LISTED) {
            writeln!(out, "  {}", visible(label))?;
        }
        if list.len() > ACCOUNTS_LISTED {
            writeln!(out, "  … and {} more; -o json lists all", list.len() - ACCOUNTS_LISTED)?;
        }
    }
    Ok(())
}

fn print_partial(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    let coverage = &summary.coverage;
    if coverage.is_complete() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "PARTIAL    this token may see less than there is:")?;
    for sign in &coverage.partial {
        writeln!(out, "  {}", visible(sign))?;
    }
    Ok(())
}

/// Warnings with counts and samples; nothing when there are none.
pub(crate) fn print_warnings(warnings: &Warnings, out: &mut impl Write) -> std::io::Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "Warnings")?;
    for warning in warnings.iter() {
        writeln!(out, "  {:>4} × {} [{}]", warning.count, visible(&warning.text), warning.code)?;
        if !warning.samples.is_empty() {
            let samples: Vec<String> = warning.samples.iter().map(|sample| visible(sample)).collect();
            writeln!(out, "         {}", samples.join(", "))?;
        }
    }
    Ok(())
}

/// `memory` is what was kept beside the file.
pub(crate) fn print_json(summary: &Summary, memory: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written =
        serde_json::to_writer_pretty(&mut out, &value(summary, memory)).map_err(std::io::Error::from);
    finish(written.and_then(|()| writeln!(out)))
}

fn value(summary: &Summary, memory: &Value) -> Value {
    let counts = &summary.counts;
    json!({
        "org": { "id": summary.org.id, "name": summary.org.name, "domain": summary.org.domain },
        "app": { "id": summary.app.id, "label": summary.app.label, "status": summary.app.status },
        "mode": if summary.maps_groups { "group-mapping" } else { "direct" },
        "counts": {
            "accounts": counts.accounts, "roles": counts.roles, "groups": counts.groups, "users": counts.users,
            "assigned": counts.assigned, "with_role": counts.with_role, "grants": counts.grants,
            "admin_roles": counts.admin_roles, "custom_roles": counts.custom_roles,
        },
        "accounts": {
            "described": summary.accounts.described,
            "only_in_okta": summary.accounts.only_in_okta,
            "only_in_file": summary.accounts.only_in_file,
            "kept_from": kept_names(summary).map(|at| at.to_string()),
        },
        "warnings": warnings_json(&summary.warnings),
        "complete": summary.coverage.is_complete(),
        "coverage": summary.coverage,
        "requests": {
            "sent": summary.requests,
            "bound": summary.bound.requests(),
            "buckets": buckets_json(&summary.buckets),
        },
        "from": summary.from.to_string(),
        "to": summary.to.to_string(),
        "file": summary.sealed.path.display().to_string(),
        "bytes": summary.sealed.bytes,
        "sync_id": summary.sync_id.to_string(),
        "memory": memory,
        "since": summary.since,
        "resumed": summary.resumed.map(|resumed| json!({ "begun": resumed.begun, "pages": resumed.pages })),
        "why_full": summary.why_full,
        "held": summary.held.as_ref().map(|held| json!({
            "file": held.file.display().to_string(),
            "waiting": held_path(&held.file).display().to_string(),
            "reasons": held.reasons,
        })),
    })
}

fn buckets_json(buckets: &[BucketStats]) -> Value {
    buckets
        .iter()
        .map(|bucket| {
            json!({
                "bucket": bucket.bucket.to_string(), "sent": bucket.requests, "retries": bucket.retries,
                "refused_429": bucket.refusals, "waits": bucket.waits, "waited_ms": bucket.waited.as_millis() as u64,
                "limit": bucket.limit,
            })
        })
        .collect()
}

pub(crate) fn warnings_json(warnings: &Warnings) -> Value {
    warnings
        .iter()
        .map(|warning| {
            json!({ "code": warning.code, "text": warning.text, "count": warning.count, "samples": warning.samples })
        })
        .collect()
}
