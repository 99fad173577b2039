//! Org, app, snapshot and audit of a change.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rolebook_connector::{
    Applied, Applying, Audit, Fresh, Known, Patience, Planned, Provisioning, RightsMemory, Settled, Who,
    settle, write_after,
};
use rolebook_ledger::{overlay, read_after};
use rolebook_okta::Waiting;
use rolebook_snapshot::{Limits, Snapshot};

use crate::{
    arguments::{PlaceArguments, WriteArguments},
    command::sync::{WRITER, now},
    connection,
    failure::Failure,
    person,
};

/// Where changes are made.
pub(crate) struct Place {
    pub(crate) provisioning: Provisioning,
    who: Who,
}

impl Place {
    pub(crate) async fn open(arguments: &PlaceArguments) -> Result<Self, Failure> {
        let file = file_of(&arguments.file, &arguments.connection.aws_okta_app_id)?;
        let client = connection::client(&arguments.connection, Arc::new(waiting))?;
        let known = known(&file)?;
        let mut switches = connection::assumed(&arguments.assume)?;
        if let (Some(known), true) = (&known, arguments.assume.is_empty()) {
            // The names of the snapshot were read under its own choices.
            switches = known.facts.coverage.switches;
        }
        let mut provisioning = Provisioning::open(
            client,
            &connection::app_choice(&arguments.connection)?,
            switches,
            file,
            known,
        )
        .await?;
        let stated = arguments.token_roles.iter().map(|role| role.stated()).collect();
        if let Some(memory) = rights_memory(provisioning.org.id.as_str()) {
            provisioning.remember(memory, &stated);
        }
        let who = provisioning.who(who());
        Ok(Self { provisioning, who })
    }

    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// Locks the audit and settles what an earlier run left open.
    pub(crate) async fn audit(&self, arguments: &WriteArguments) -> Result<(Audit, Vec<Settled>), Failure> {
        let org = self.provisioning.org.id.as_str();
        let path = audit_file(arguments.audit.as_deref(), org)?;
        let mut audit = Audit::open(&path, org, now(), wait(arguments.lock_wait)).await?;
        let settled = settle(&self.provisioning, &mut audit, now()).await?;
        Ok((audit, settled))
    }

    pub(crate) fn applying<'a>(
        &'a mut self,
        audit: &'a mut Audit,
        arguments: &WriteArguments,
        author: Option<Who>,
    ) -> Applying<'a> {
        Applying {
            who: self.who.clone(),
            place: &mut self.provisioning,
            audit,
            author,
            clock: &now,
            patience: Patience { show: wait(arguments.verify_wait), ..Patience::default() },
        }
    }

    /// Writes what was read at the end beside the snapshot. That it fails is worth a warning, no more: Okta has changed.
    pub(crate) fn keep(&self, applied: &[&Applied]) -> Option<PathBuf> {
        let fresh: Vec<Fresh> =
            applied.iter().filter_map(|applied| applied.fresh.as_deref().cloned()).collect();
        let written = connection::random().map_err(|_| "no random numbers".to_owned()).and_then(|random| {
            write_after(&self.provisioning, &fresh, WRITER, now(), random).map_err(|error| error.to_string())
        });
        match written {
            Ok(path) => path,
            Err(error) => {
                tracing::warn!("what was read after the change could not be kept: {error}");
                None
            }
        }
    }
}

/// Id of a change: twelve digits of chance.
pub(crate) fn new_op() -> Result<String, Failure> {
    let bytes: [u8; 6] = connection::random()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Place {
    /// Carries out one plan under a lock that is held already.
    pub(crate) async fn carry_out(
        &mut self,
        audit: &mut Audit,
        arguments: &WriteArguments,
        planned: &Planned,
        undoes: Option<&str>,
    ) -> Result<Applied, Failure> {
        let op = new_op()?;
        Ok(self.applying(audit, arguments, None).carry_out(planned, &op, undoes).await?)
    }

    /// Carries out one plan when the facts still make it.
    pub(crate) async fn apply(
        &mut self,
        audit: &mut Audit,
        arguments: &WriteArguments,
        planned: &Planned,
        author: Option<Who>,
    ) -> Result<Applied, Failure> {
        let op = new_op()?;
        let mut applying = self.applying(audit, arguments, author);
        Ok(applying.apply(&planned.request, &planned.plan, &op).await?)
    }
}

/// The snapshot with what was written since, when there is one.
pub(crate) fn known(file: &Path) -> Result<Option<Known>, Failure> {
    if !file.exists() {
        return Ok(None);
    }
    let snapshot = Snapshot::open(file, &Limits::default())?;
    let full = snapshot.latest_full()?;
    let facts = rolebook_ledger::read(&snapshot.rows(&full.id))
        .map_err(|error| Failure::failed(error.to_string(), "name a snapshot of rolebook sync with -f"))?;
    let facts = match read_after(file, &full) {
        Some(newer) => overlay(facts, &newer),
        None => facts,
    };
    Ok(Some(Known { path: file.to_owned(), facts, sync_id: full.id }))
}

/// The audit of an org.
pub(crate) fn audit_file(given: Option<&Path>, org: &str) -> Result<PathBuf, Failure> {
    match given {
        Some(path) => Ok(path.to_owned()),
        // Okta's ids are letters and digits; whatever else came would be a path.
        None if org.is_empty() || !org.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Err(
            Failure::failed(format!("the org id {org:?} cannot name a file"), "name the audit with --audit"),
        ),
        None => Ok(state_folder()?.join(format!("audit-{org}.jsonl"))),
    }
}

/// What is remembered of the rights of an org's tokens. Without it a write is tried that may be refused again: worth a
/// warning, no more. `None` where there is no place for it.
pub(crate) fn rights_memory(org: &str) -> Option<RightsMemory> {
    if org.is_empty() || !org.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let path = state_folder().ok()?.join(format!("rights-{org}.json"));
    Some(RightsMemory::read(&path).unwrap_or_else(|error| {
        tracing::warn!("{} cannot be read, so that refused writes are tried again: {error}", path.display());
        RightsMemory::empty(&path)
    }))
}

/// Where state is kept between runs.
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_STATE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("rolebook"))
        .ok_or_else(|| {
            Failure::usage(
                "there is no folder for the audit: neither XDG_STATE_HOME nor HOME is set",
                "name the audit with --audit FILE",
            )
        })
}

/// Somebody who waits for an answer is told why it does not come. Pauses that nobody notices are not told.
fn waiting(waiting: &Waiting) {
    if waiting.wait >= Duration::from_secs(2) {
        let seconds = waiting.wait.as_secs();
        // A closed stderr leaves nobody to tell.
        let _ =
            writeln!(std::io::stderr(), "waiting {seconds} s for Okta's rate limit of {}", waiting.bucket);
    }
}

fn wait(time: jiff::SignedDuration) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

/// The snapshot that is meant by a folder: that of the app that is named, else the only one.
fn file_of(path: &Path, apps: &[String]) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    if let [app] = apps {
        return Ok(path.join(format!("{app}.c1z")));
    }
    let files = rolebook_insight::snapshot_files(&[path.to_owned()])?;
    match files.as_slice() {
        [one] => Ok(one.clone()),
        several => {
            let names: Vec<String> = several.iter().map(|file| file.display().to_string()).collect();
            Err(Failure::usage(
                format!(
                    "{} holds {} snapshots, and this command is about one app",
                    path.display(),
                    names.len()
                ),
                format!("name the app with --aws-okta-app-id, or one file with -f: {}", names.join(", ")),
            ))
        }
    }
}

/// Who runs this command, for the audit.
pub(crate) fn who() -> Who {
    let person = person::at_the_keyboard();
    Who { os_user: person.name, sudo_user: person.sudo_user, host: host(), ..Who::default() }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}
