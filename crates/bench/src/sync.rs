//! A sync of a mid-sized org from the fake Okta on loopback, as a user would run it, and the help text.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    Failed,
    process::{self, Took},
};

/// A fake Okta of its own process; it ends with this value.
pub(crate) struct Fake {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Fake {
    pub(crate) fn start(rolebook: &Path) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(rolebook)
            .args(["fake-okta", "--org", "generated", "--http", "--listen", "127.0.0.1:0"])
            .args(["--rate-limits", "unlimited"])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the fake has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let told: serde_json::Value = serde_json::from_str(&line)?;
        let text = |pointer: &str| told.pointer(pointer).and_then(|v| v.as_str()).map(str::to_owned);
        let url = text("/url").ok_or("the fake tells no url")?;
        let token = text("/tokens/super").ok_or("the fake tells no token")?;
        std::fs::write(folder.path().join("token"), token)?;
        Ok(Self { child, url, folder })
    }

    /// One sync into a new file; Okta roles are left out, as in the older programs' numbers.
    pub(crate) fn sync(&self, rolebook: &Path) -> Result<Took, Failed> {
        let _ = std::fs::remove_file(self.file());
        process::run(
            Command::new(rolebook)
                .args(["sync", "--allow-loopback", "--sync-okta-roles", "off", "--rate-budget", "100"])
                .args(["--domain", &self.url, "-o", "json"])
                .arg("--api-token-file")
                .arg(self.folder.path().join("token"))
                .arg("-f")
                .arg(self.file()),
        )
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("bench.c1z")
    }

    /// Requests of one sync, sent and at least needed.
    pub(crate) fn requests(&self, rolebook: &Path) -> Result<(u64, u64), Failed> {
        let _ = std::fs::remove_file(self.file());
        let out = Command::new(rolebook)
            .args(["sync", "--allow-loopback", "--sync-okta-roles", "off", "--rate-budget", "100"])
            .args(["--domain", &self.url, "-o", "json"])
            .arg("--api-token-file")
            .arg(self.folder.path().join("token"))
            .arg("-f")
            .arg(self.file())
            .output()?;
        let summary: serde_json::Value = serde_json::from_slice(&out.stdout)?;
        let number =
            |pointer: &str| summary.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap_or(0);
        Ok((number("/requests/sent"), number("/requests/bound")))
    }
}

/// `rolebook --help`.
pub(crate) fn help(rolebook: &Path) -> Result<Took, Failed> {
    process::run(Command::new(rolebook).arg("--help"))
}
