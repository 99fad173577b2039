//! A folder of its own, in which the binary runs.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{JoinHandle, sleep},
    time::Duration,
};

use rolebook_fake_okta::{FakeOkta, Options, Org, RateLimits};
use tempfile::TempDir;

/// How often a wait of 50 ms is repeated before a test gives up; far above what any run needs.
const PATIENCE: usize = 3600;

/// The current folder of the runs of one test.
pub(crate) struct Place {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A run to be.
pub(crate) struct Call {
    command: Command,
    stdin: Option<Vec<u8>>,
    stdout: Option<File>,
}

/// A run under way.
pub(crate) struct Running {
    child: Child,
    out: JoinHandle<Vec<u8>>,
    err: JoinHandle<Vec<u8>>,
}

/// The fake without rate limits, over plain http.
pub(crate) fn okta(org: Org) -> FakeOkta {
    FakeOkta::start(org, unlimited()).unwrap()
}

pub(crate) fn unlimited() -> Options {
    Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Names of everything in the folder, hidden files too.
    pub(crate) fn files(&self) -> Vec<String> {
        self.files_in(".")
    }

    /// Names of everything in a folder within it.
    pub(crate) fn files_in(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The binary with these arguments, separated by blanks, and nothing else.
    pub(crate) fn call(&self, arguments: &str) -> Call {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolebook"));
        command.env_clear().current_dir(self.folder.path()).args(arguments.split_whitespace());
        Call { command, stdin: None, stdout: None }
    }

    pub(crate) fn run(&self, arguments: &str) -> End {
        self.call(arguments).end()
    }

    /// The binary with what it needs to reach the fake as the owner of a token.
    pub(crate) fn connected(&self, fake: &FakeOkta, token: &str, arguments: &str) -> Call {
        self.call(arguments)
            .arg("--allow-loopback")
            .arg("--domain")
            .arg(fake.url())
            .env("ROLEBOOK_API_TOKEN", &fake.token(token))
    }

    /// Syncs the org into `sync.c1z`, which must succeed.
    pub(crate) fn synced(&self, fake: &FakeOkta, token: &str) -> End {
        self.connected(fake, token, "sync").end().succeeded()
    }
}

impl Call {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// A variable that need not be text.
    pub(crate) fn env_os(mut self, name: impl AsRef<OsStr>, value: &OsStr) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it by a shell that has done this before.
    #[cfg(unix)]
    pub(crate) fn after(mut self, shell: &str) -> Self {
        let mut by_shell = Command::new("/bin/sh");
        by_shell.args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")]).arg(self.command.get_program());
        by_shell.args(self.command.get_args()).env_clear();
        by_shell.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        by_shell.current_dir(self.command.get_current_dir().unwrap());
        self.command = by_shell;
        self
    }

    /// Runs it as another user of the machine, which only root can.
    #[cfg(unix)]
    pub(crate) fn run_as(mut self, id: u32) -> Self {
        std::os::unix::process::CommandExt::uid(&mut self.command, id);
        self
    }

    /// Sends stdout elsewhere.
    pub(crate) fn stdout(mut self, to: File) -> Self {
        self.stdout = Some(to);
        self
    }

    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(text.as_ref().to_vec());
        self
    }

    pub(crate) fn start(mut self) -> Running {
        self.command.stdout(self.stdout.take().map_or_else(Stdio::piped, Stdio::from));
        self.command.stderr(Stdio::piped());
        self.command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = self.command.spawn().unwrap();
        if let Some(text) = self.stdin {
            let mut stdin = child.stdin.take().unwrap();
            // Who reads less than is sent closes the pipe.
            std::thread::spawn(move || drop(stdin.write_all(&text)));
        }
        let out = child.stdout.take().map_or_else(|| std::thread::spawn(Vec::new), reader);
        let err = reader(child.stderr.take().unwrap());
        Running { child, out, err }
    }

    pub(crate) fn end(self) -> End {
        self.start().end()
    }

    /// Runs without capturing stdout: the test reads it.
    pub(crate) fn spawn(mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }
}

impl Running {
    pub(crate) fn terminate(&self) {
        terminate(&self.child);
    }

    pub(crate) fn end(mut self) -> End {
        let status = ended(&mut self.child);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        End { code: status.code(), out: text(self.out.join().unwrap()), err: text(self.err.join().unwrap()) }
    }
}

fn reader(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if so() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("waited in vain until {what}");
}

/// Waits for the end of a process; one that does not end is killed.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    for _ in 0..PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("the command did not end");
}

/// Sends SIGTERM.
pub(crate) fn terminate(child: &Child) {
    let status = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap();
    assert!(status.success());
}

impl End {
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// An error as every error should be: this exit code, what and a hint on stderr, nothing on stdout.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.out, "", "{self:#?}");
        let said = |start: &str| self.err.lines().any(|line| line.trim_start().starts_with(start));
        assert!(said("error: "), "no error: line in {self:#?}");
        // The argument parser's own words end with where to look.
        assert!(said("hint: ") || said("For more information, try '--help'"), "no hint: line in {self:#?}");
        self
    }

    /// That stderr holds all of these.
    #[track_caller]
    pub(crate) fn says<'a>(self, words: impl IntoIterator<Item = &'a str>) -> Self {
        for words in words {
            assert!(self.err.contains(words), "stderr lacks {words:?}: {self:#?}");
        }
        self
    }

    /// stderr without the progress and log lines, which are JSON.
    pub(crate) fn words(&self) -> String {
        self.err.lines().filter(|line| !line.starts_with('{')).map(|line| format!("{line}\n")).collect()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The operating system's name of the user who runs these tests.
pub(crate) fn os_user() -> String {
    let said = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}
