//! `<file>.after.c1z`: what was read after writes, beside the snapshot, which is never touched. One partial sync whose
//! parent is the full one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rolebook_federation::{GroupVerdict, Rules, Switches, Warnings, resolve};
use rolebook_ledger::{
    Coverage, Facts, GroupRecord, ListCoverage, OrgSeen, after_path, overlay, read_after, write,
};
use rolebook_snapshot::{Limits, Snapshot, SnapshotWriter, SyncId, SyncKind, WriterOptions};

use crate::{ChangeError, PersonRules, intake::Intake, plan::Fresh, plan::Provisioning};

/// Removes what was written before a full sync began: that sync has read it.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn remove_after(file: &Path, began: Timestamp) -> io::Result<()> {
    let path = after_path(file);
    let Ok(snapshot) = Snapshot::open(&path, &Limits::default()) else { return Ok(()) };
    let newer = snapshot
        .syncs()
        .is_ok_and(|runs| runs.iter().any(|run| run.ended_at.is_none_or(|ended| ended > began)));
    if newer {
        return Ok(());
    }
    fs::remove_file(&path)
}

/// Writes what was read after writes beside the snapshot, together with what stands there already.
///
/// # Errors
/// [`ChangeError::Snapshot`]: what was changed in Okta stays changed.
pub fn write_after(
    of: &Provisioning,
    fresh: &[Fresh],
    writer: &str,
    now: Timestamp,
    random: [u8; 16],
) -> Result<Option<PathBuf>, ChangeError> {
    let Some(known) = &of.known else { return Ok(None) };
    let Some(last) = fresh.last() else { return Ok(None) };
    let full = Snapshot::open(&known.path, &Limits::default())?.latest_full()?;
    let mut facts = gather(of, fresh, writer, now);
    if let Some(before) = read_after(&known.path, &full) {
        let coverage = facts.coverage.clone();
        facts = Facts { coverage, ..overlay(before, &facts) };
    }
    let app = last.app.to_federation(&mut Warnings::new());
    let rules = Rules::compile(&app, last.app.union, &of.switches, &mut Warnings::new())?;
    let access = resolve(
        &rules,
        &[],
        facts.groups.iter().map(|group| &group.group),
        facts.users.iter().map(|user| &user.user),
    );
    let path = after_path(&known.path);
    let options = WriterOptions {
        kind: SyncKind::Partial,
        parent: Some(full.id),
        keep_syncs: 1,
        ..WriterOptions::new(path.clone(), SyncId::new(now.as_second(), random), now)
    };
    let mut snapshot = SnapshotWriter::create(options)?;
    write(&facts, &access, &mut snapshot)?;
    snapshot.seal(now, None)?;
    Ok(Some(path))
}

fn gather(of: &Provisioning, fresh: &[Fresh], writer: &str, now: Timestamp) -> Facts {
    let mut intake = Intake::new(PersonRules::default());
    for one in fresh {
        take(of, one, &mut intake);
    }
    let taken = intake.finish();
    let switches: Switches = of.switches;
    let mut coverage = Coverage::new(writer, switches);
    coverage.reader.clone_from(&of.reader);
    (coverage.from, coverage.to) = (Some(now), Some(now));
    coverage.org =
        OrgSeen { id: of.org.id.to_string(), name: of.org.name.clone(), domain: of.org.domain.clone() };
    let items = (taken.users.len() + taken.groups.len()) as u64;
    coverage.lists.insert("read after a change".to_owned(), ListCoverage::Full { items });
    Facts {
        org: of.org.clone(),
        app: fresh.last().map_or_else(|| of.app.clone(), |last| last.app.clone()),
        groups: taken.groups.into_iter().map(|group| with_source(of, fresh, group)).collect(),
        users: taken.users,
        coverage,
        ..Facts::default()
    }
}

/// The groups of a person come without the name of the app that they are imported from (Okta has no `expand` there).
/// What the snapshot knew of it stays known, else `appFilter` would leave the group out.
fn with_source(of: &Provisioning, fresh: &[Fresh], mut record: GroupRecord) -> GroupRecord {
    let origin = &mut record.group.origin;
    let Some(app) = origin.app_id.clone().filter(|_| origin.app_name.is_none()) else { return record };
    let known = of.known.as_ref().map(|known| &known.facts);
    let planned = fresh.iter().flat_map(|fresh| &fresh.situation.groups).map(|group| &group.group.origin);
    let kept = known.into_iter().flat_map(|facts| &facts.groups).map(|group| &group.group.origin);
    let of_app = planned
        .chain(kept)
        .filter(|origin| origin.app_id.as_ref() == Some(&app))
        .find_map(|origin| origin.app_name.clone());
    let listed = || {
        let names = known.into_iter().flat_map(|facts| &facts.group_names);
        names.filter(|name| name.id == record.id).find_map(|name| name.source.clone())
    };
    origin.app_name = of_app.or_else(|| listed().filter(|source| *source != app));
    record
}

fn take(of: &Provisioning, fresh: &Fresh, intake: &mut Intake) {
    let known = |id: &str| {
        of.known.as_ref().is_some_and(|known| known.facts.groups.iter().any(|group| group.id.as_str() == id))
    };
    let named = fresh.situation.groups.iter().map(|group| {
        let verdict = fresh.situation.rules.verdict(&group.group);
        let found = verdict.found() && !matches!(verdict, GroupVerdict::NotMapping);
        (group.id.as_str(), group.group.assignment.is_some() || found || known(&group.id))
    });
    let belongs: std::collections::BTreeSet<&str> =
        named.filter(|(_, belongs)| *belongs).map(|(id, _)| id).collect();
    for (_, reads) in fresh.groups.iter().filter(|(id, _)| belongs.contains(id.as_str())) {
        if let Some(group) = &reads.group {
            intake.group(group);
        }
        if let Some(assignment) = &reads.assignment {
            intake.app_group(assignment.clone());
        }
    }
    let Some(person) = &fresh.person else { return };
    intake.person(&person.user);
    if let Some(app_user) = &person.app_user {
        intake.app_user(app_user.clone());
    }
    for group in person.groups.iter().filter(|group| belongs.contains(group.id.as_str())) {
        intake.members(group.id.as_str(), std::slice::from_ref(&person.user));
    }
}
