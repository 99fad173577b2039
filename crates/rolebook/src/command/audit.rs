//! `rolebook audit`: what was changed, and the proof that nobody changed the record.

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::Timestamp;
use rolebook_connector::{AuditEvent, Chain, Entry, Outcome, read_audit};
use rolebook_snapshot::{Limits, Snapshot};
use serde_json::{Value, json};

use crate::{
    arguments::{AuditArguments, AuditView, SummaryFormat},
    change::{audit_file, print_json, state_folder},
    command::sync::now,
    failure::Failure,
    output::{finish, visible},
};

pub(crate) fn run(arguments: &AuditArguments) -> Result<ExitCode, Failure> {
    let path = path(arguments)?;
    if !path.exists() {
        return Err(Failure::not_found(
            format!("there is no audit {}", path.display()),
            "nothing was changed yet, or name another file with --audit",
        ));
    }
    let chain = read_audit(&path)?;
    if arguments.verify || arguments.head.is_some() {
        return verify(&path, &chain, arguments);
    }
    if arguments.view == Some(AuditView::Head) {
        return head(&chain, arguments.output);
    }
    let since = arguments.since.map(|time| now() - time);
    match arguments.output {
        SummaryFormat::Json => {
            let entries: Vec<Value> = chain
                .entries
                .iter()
                .zip(chain.hashes())
                .filter(|(entry, _)| since.is_none_or(|since| entry.at >= since))
                .map(|(entry, hash)| {
                    let mut value = serde_json::to_value(entry).unwrap_or_default();
                    if let Some(value) = value.as_object_mut() {
                        value.insert("hash".to_owned(), hash.as_str().into());
                    }
                    value
                })
                .collect();
            print_json(&Value::from(entries))?;
        }
        SummaryFormat::Text => finish(list(&chain, since, &mut std::io::stdout().lock()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The file that is meant: given, of the snapshot's org, or the only one there is.
fn path(arguments: &AuditArguments) -> Result<PathBuf, Failure> {
    if let Some(path) = &arguments.audit {
        return Ok(path.clone());
    }
    if arguments.file.exists() {
        let snapshot = Snapshot::open(&arguments.file, &Limits::default())?;
        let sync = snapshot.latest_full()?;
        if let Ok(head) = rolebook_ledger::head(&snapshot.rows(&sync.id)) {
            return audit_file(None, head.org.id.as_str());
        }
    }
    let folder = state_folder()?;
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with("audit-") && name.ends_with(".jsonl")
        })
        .collect();
    found.sort();
    match found.len() {
        0 => Err(Failure::not_found(
            format!("there is no audit in {}", folder.display()),
            "nothing was changed yet, or name the file with --audit",
        )),
        1 => Ok(found.remove(0)),
        _ => Err(Failure::usage(
            format!("there are several audits in {}", folder.display()),
            "name one with --audit, or a snapshot of its org with -f",
        )),
    }
}

fn head(chain: &Chain, format: SummaryFormat) -> Result<ExitCode, Failure> {
    let head = &chain.head;
    match format {
        SummaryFormat::Json => print_json(&json!({ "records": head.count, "hash": head.hash }))?,
        SummaryFormat::Text => finish(writeln!(std::io::stdout().lock(), "{} {}", head.count, head.hash))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(path: &Path, chain: &Chain, arguments: &AuditArguments) -> Result<ExitCode, Failure> {
    let contained = match arguments.head.as_deref() {
        None => None,
        Some(hash) => Some(chain.position_of(hash).ok_or_else(|| {
            Failure::conflict(
                format!("the audit {} does not contain the head {}", path.display(), visible(hash)),
                "records were removed or changed since that head was noted, or it is of another audit",
            )
        })?),
    };
    match arguments.output {
        SummaryFormat::Json => print_json(&json!({
            "holds": true, "records": chain.head.count, "hash": chain.head.hash,
            "contains_head_at": contained, "torn_end": chain.is_torn(),
        }))?,
        SummaryFormat::Text => {
            let mut out = std::io::stdout().lock();
            finish(writeln!(out, "the chain holds: {} records, head {}", chain.head.count, chain.head.hash))?;
            if let Some(at) = contained {
                finish(writeln!(out, "it contains the given head as record {at}"))?;
            }
            if chain.is_torn() {
                finish(writeln!(out, "a crash left a part of a line at its end; the next change seals it"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line per change.
fn list(chain: &Chain, since: Option<Timestamp>, out: &mut impl Write) -> std::io::Result<()> {
    let mut order: Vec<&str> = Vec::new();
    let mut changes: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in chain.entries.iter().filter(|entry| !entry.op.is_empty()) {
        let entries = changes.entry(&entry.op).or_default();
        if entries.is_empty() {
            order.push(&entry.op);
        }
        entries.push(entry);
    }
    for op in order {
        let entries = changes.remove(op).unwrap_or_default();
        let Some(first) = entries.first() else { continue };
        if since.is_some_and(|since| first.at < since) {
            continue;
        }
        writeln!(
            out,
            "{}  {op}  {:<10} {}",
            first.at.strftime("%F %T"),
            outcome(&entries).map_or("open", Outcome::as_str),
            who(&entries)
        )?;
        for entry in &entries {
            if let AuditEvent::Intent { write, undoes, attempt: 1, .. } = &entry.event {
                let undo = undoes.as_ref().map(|op| format!(" (undoes {op})")).unwrap_or_default();
                writeln!(out, "    {}{undo}", visible(&write.to_string()))?;
            }
            if let AuditEvent::AcceptLoss { reason, file, sync, .. } = &entry.event {
                let file = file.display().to_string();
                writeln!(out, "    accept the loss in {}, sync {sync}", visible(&file))?;
                writeln!(out, "      because: {}", visible(reason))?;
            }
        }
    }
    Ok(())
}

fn who(entries: &[&Entry]) -> String {
    let found = entries.iter().find_map(|entry| match &entry.event {
        AuditEvent::Intent { who, author, .. } => Some((who, author.as_ref())),
        AuditEvent::AcceptLoss { who, .. } => Some((who, None)),
        _ => None,
    });
    match found {
        Some((who, Some(author))) => visible(&format!("{who}, by the plan of {author}")),
        Some((who, None)) => visible(&who.to_string()),
        None => String::new(),
    }
}

/// The end's word; of a change that a crash cut off, the last settled one.
fn outcome(entries: &[&Entry]) -> Option<Outcome> {
    entries.iter().rev().find_map(|entry| match entry.event {
        AuditEvent::End { outcome, .. } | AuditEvent::Outcome { outcome, .. } => Some(outcome),
        _ => None,
    })
}
