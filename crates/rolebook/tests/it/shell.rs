//! A folder, a fake Okta and the binary.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Group, Options, Org, RateLimits, User};

pub(crate) struct Shell {
    pub(crate) fake: FakeOkta,
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Hostile names, a person by group and one by their own assignment.
pub(crate) fn org() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("=cmd()", "<b>Lee</b>"))
        .user(User::new("bob@acme.test").id("00uB").attribute("displayName", "Bob\u{7}\u{202e}\nx"))
        .group(Group::new("aws_111122223333_Admin").id("g1").members(["00uA"]))
        .group(Group::new("management").id("g9").members(["00uA", "00uB"]))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("g9")).user(AppUser::direct("00uB")))
}

impl Shell {
    pub(crate) fn of(org: Org) -> Self {
        let fake = FakeOkta::start(org, Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() })
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), format!("  {}\n\n", fake.token("read_only"))).unwrap();
        Self { fake, folder, environment: Vec::new() }
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Names of what is in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Told {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Told {
        let mut child = Command::new(Path::new(env!("CARGO_BIN_EXE_rolebook")))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The command may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Told {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// With the flags that reach the fake.
    pub(crate) fn okta(&self, arguments: &[&str]) -> Told {
        let mut all = arguments.to_vec();
        all.extend(["--allow-loopback", "--domain", self.fake.url(), "--api-token-file", "token"]);
        self.run(&all)
    }
}

impl Told {
    /// What, why and what to do, on stderr alone.
    pub(crate) fn assert_error(&self, code: i32) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains("error: "), "{}", self.err);
        assert!(self.out.is_empty(), "{}", self.out);
    }
}
