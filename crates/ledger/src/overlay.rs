//! What was read after a write, laid over a full sync: people and groups that were read again count as they are now.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use rolebook_snapshot::{Error, Limits, Snapshot, SyncKind, SyncRun};

use crate::{Facts, GroupRecord, UserRecord, read};

/// Where what was read after writes stands: `<file>.after.c1z`. Beside the file itself, where `file` is a link to it.
#[must_use]
pub fn after_path(file: &Path) -> PathBuf {
    let linked = std::fs::symlink_metadata(file).is_ok_and(|found| found.file_type().is_symlink());
    let file =
        if linked { std::fs::canonicalize(file).ok() } else { None }.unwrap_or_else(|| file.to_owned());
    let mut name = OsString::from(file.as_os_str());
    name.push(".after.c1z");
    PathBuf::from(name)
}

/// The newest partial sync that belongs to the full one: it names it as its parent, or began after it.
fn belonging(snapshot: &Snapshot, full: &SyncRun) -> Result<Option<SyncRun>, Error> {
    let belongs = |run: &SyncRun| {
        run.kind == SyncKind::Partial
            && run.ended_at.is_some()
            && (run.parent == Some(full.id) || run.started_at > full.started_at)
    };
    Ok(snapshot.syncs()?.into_iter().rfind(belongs))
}

/// Reads what was written since the full sync, if anything was. A file that cannot be read is as good as none: the
/// snapshot itself is whole.
#[must_use]
pub fn read_after(file: &Path, full: &SyncRun) -> Option<Facts> {
    let snapshot = Snapshot::open(&after_path(file), &Limits::default()).ok()?;
    let run = belonging(&snapshot, full).ok()??;
    read(&snapshot.rows(&run.id)).ok()
}

/// Lays newer facts over a full sync. A person of `newer` replaces the one of `base` with assignment and groups, a group
/// replaces its namesake by id; whoever was not read again stays as they were.
#[must_use]
pub fn overlay(base: Facts, newer: &Facts) -> Facts {
    let mut groups: BTreeMap<String, GroupRecord> = BTreeMap::new();
    for record in &base.groups {
        groups.insert(record.id.as_str().to_owned(), record.clone());
    }
    for record in &newer.groups {
        let members_read =
            groups.get(record.id.as_str()).map_or(record.members_read, |known| known.members_read);
        groups.insert(record.id.as_str().to_owned(), GroupRecord { members_read, ..record.clone() });
    }
    let positions: BTreeMap<&str, u32> = (0..).zip(groups.keys()).map(|(ix, id)| (id.as_str(), ix)).collect();
    let moved = |user: &UserRecord, of: &[GroupRecord]| {
        let mut user = user.clone();
        user.user.groups = user
            .user
            .groups
            .iter()
            .filter_map(|ix| positions.get(of.get(*ix as usize)?.id.as_str()).copied())
            .collect();
        user.user.groups.sort_unstable();
        user
    };
    let mut users: BTreeMap<String, UserRecord> = BTreeMap::new();
    for user in &base.users {
        users.insert(user.id.as_str().to_owned(), moved(user, &base.groups));
    }
    for user in &newer.users {
        users.insert(user.id.as_str().to_owned(), moved(user, &newer.groups));
    }
    Facts {
        app: newer.app.clone(),
        users: users.into_values().collect(),
        groups: groups.into_values().collect(),
        ..base
    }
}
