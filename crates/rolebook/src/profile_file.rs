//! A configuration file that gains a profile. What stands in it stays as it is, to the letter; the file is replaced in
//! one step.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rolebook_okta::Secret;
use toml::Table;

use crate::failure::Failure;

/// The file as it was found, or will be.
pub(crate) struct ProfileFile {
    path: PathBuf,
    text: String,
    table: Table,
}

/// What was written where.
pub(crate) struct Written {
    pub(crate) file: PathBuf,
    pub(crate) token: Option<PathBuf>,
    /// The profile counts where none is named.
    pub(crate) is_default: bool,
}

/// Where the token of a profile is kept: beside the configuration.
pub(crate) fn token_file(configuration: &Path, profile: &str) -> PathBuf {
    configuration.with_file_name(format!("{profile}.token"))
}

impl ProfileFile {
    /// Reads the file, if there is one.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Failure> {
        // A link stays a link: what it names is what gains the profile.
        let path = path.canonicalize().unwrap_or(path);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(Failure::failed(
                    format!("cannot read {}: {error}", path.display()),
                    "check --config",
                ));
            }
        };
        let table = text.parse().map_err(|error: toml::de::Error| {
            Failure::usage(
                format!("{}: {}", path.display(), error.message()),
                "correct it, or name another --config",
            )
        })?;
        Ok(Self { path, text, table })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a name that is none, and one that is taken: here, or by a token file.
    pub(crate) fn refuse_taken(&self, profile: &str) -> Result<(), Failure> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if profile.is_empty() || !profile.chars().all(fits) {
            let hint = "use letters, digits, - and _";
            return Err(Failure::usage(format!("--profile {profile}: not a name of a profile"), hint));
        }
        let profiles = self.table.get("profile").and_then(toml::Value::as_table);
        if profiles.is_some_and(|profiles| profiles.contains_key(profile)) {
            return Err(Failure::conflict(
                format!("{} has a profile `{profile}` already", self.path.display()),
                "choose another name with --profile, or edit the file",
            ));
        }
        let token = token_file(&self.path, profile);
        if token.symlink_metadata().is_ok() {
            return Err(Failure::conflict(
                format!("{} is there already", token.display()),
                "choose another name with --profile, or remove the file",
            ));
        }
        Ok(())
    }

    /// Adds the profile, and keeps the token in a file that only its owner reads. It counts where no profile is named,
    /// unless the file says otherwise already.
    pub(crate) fn write(
        self,
        profile: &str,
        settings: Table,
        token: Option<&Secret>,
    ) -> Result<Written, Failure> {
        let is_default = !["default-profile", "domain"].iter().any(|key| self.table.contains_key(*key));
        let mut text = String::new();
        if is_default {
            text.push_str(&format!("default-profile = \"{profile}\"\n\n"));
        }
        text.push_str(&self.text);
        if !text.is_empty() && !text.ends_with("\n\n") {
            text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
        }
        text.push_str(&format!("[profile.{profile}]\n{settings}"));
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::failed(
                format!("cannot write {}: {error}", path.display()),
                "check the folder, or name another --config",
            )
        };
        // What cannot be read back is not written.
        text.parse::<Table>().map_err(|error| {
            Failure::failed(
                format!("{} cannot take the profile: {}", self.path.display(), error.message()),
                "name another --config",
            )
        })?;

        let folder =
            self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed(folder, &error))?;
        let token_path = match token {
            Some(token) => {
                let path = token_file(&self.path, profile);
                keep(&path, token).map_err(|error| failed(&path, &error))?;
                Some(path)
            }
            None => None,
        };
        if let Err(error) = replace(&self.path, folder, &text) {
            if let Some(path) = &token_path {
                // A token that no configuration names would lie about for nothing.
                let _ = std::fs::remove_file(path);
            }
            return Err(failed(&self.path, &error));
        }
        Ok(Written { file: self.path, token: token_path, is_default })
    }
}

fn keep(path: &Path, token: &Secret) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    token.write_to(&mut file)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Writes a new file beside the old one and puts it in its place.
fn replace(path: &Path, folder: &Path, text: &str) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".rolebook").suffix(".toml").tempfile_in(folder)?;
    if let Ok(old) = path.metadata() {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
