//! One way to set a flag in three places: command line, environment, file; the earlier wins.
//!
//! What environment and file say is appended as flags to those that were given, so that there is one parser with one
//! set of checks. A flag that the command line gives is not taken from elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command, CommandFactory, parser::ValueSource};

use crate::{arguments::Cli, failure::Failure};

const PREFIX: &str = "ROLEBOOK_";
/// Variables that are no flags.
const OTHER_VARIABLES: [&str; 5] = [
    "ROLEBOOK_API_TOKEN",
    "ROLEBOOK_VAULT_KEY",
    "ROLEBOOK_SMTP_URL",
    "ROLEBOOK_METRICS_TOKEN",
    "ROLEBOOK_CHROMEDRIVER",
];
const TOKEN: &str = "ROLEBOOK_API_TOKEN";
const FILE_NAME: &str = "rolebook.toml";
/// The one setting of a file that is no flag.
const DEFAULT_PROFILE: &str = "default-profile";
/// What the commands below change, and whose it is, comes from the command line alone: no setting changes somebody's
/// access by itself.
const CHANGING: [&str; 4] = ["grant", "revoke", "plan", "audit"];
const ONLY_GIVEN: [&str; 11] =
    ["role", "group", "app", "all", "to", "to-group", "from", "from-group", "via", "with-app", "head"];

/// The arguments to parse, and what is worth telling about where they came from.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) notices: Vec<String>,
}

/// The environment as text. A variable of ours that is no text is a mistake; its value is not repeated, since it may be
/// a secret. Others are not our business.
pub(crate) fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        match value.into_string() {
            Ok(value) => texts.push((name, value)),
            Err(_) if name.starts_with(PREFIX) => {
                return Err(Failure::usage(
                    format!("the environment variable {name} is not text"),
                    "set it to UTF-8 text, or unset it",
                ));
            }
            Err(_) => {}
        }
    }
    Ok(texts)
}

/// Puts the three places together. Help, version and mistakes of the command line end here, as clap words them.
pub(crate) fn resolve(given: Vec<OsString>, environment: &[(String, String)]) -> Result<Resolved, Failure> {
    refuse_secrets_on_command_line(&given)?;
    let command = Cli::command();
    let matches = command.clone().try_get_matches_from(&given).unwrap_or_else(|error| error.exit());
    let Some((name, of_subcommand)) = matches.subcommand() else {
        return Ok(Resolved { arguments: given, notices: Vec::new() });
    };
    let flags = flags(&command, name);
    let mut notices = Vec::new();
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();

    let variables = variables(environment, &command, &mut notices);
    let setting =
        |flag: &str| of_subcommand.get_one::<String>(flag).cloned().or_else(|| variables.get(flag).cloned());
    // `init` makes the file and its profile; it takes nothing from one.
    let makes_file = name == "init";
    let file = match path(&matches, "config").or_else(|| variables.get("config").map(PathBuf::from)) {
        _ if makes_file => None,
        Some(path) => Some(read(&path)?),
        None => default_file(environment).map(|path| read(&path)).transpose()?,
    };
    let profile = setting("profile");
    if let Some(file) = file {
        let profile = profile.or_else(|| file.default_profile());
        for (flag, value) in file.settings(profile.as_deref(), &all_flags(&command))? {
            let paths = path_flag(&command, name, &flag);
            let based = |value: String| if let Some(list) = paths { file.based(&value, list) } else { value };
            values.insert(flag, value.into_iter().map(based).collect());
        }
        // The environment is before the file: a token there is not overruled by a token's file here.
        if environment.iter().any(|(name, value)| name == TOKEN && !value.trim().is_empty()) {
            values.remove("api-token-file");
        }
    } else if let Some(profile) = profile.filter(|_| !makes_file) {
        return Err(Failure::usage(
            format!("there is no configuration file, so no profile `{profile}`"),
            "name the file with --config",
        ));
    }
    for (flag, value) in variables {
        values.insert(flag, vec![value]);
    }

    let from_line = |flag: &str| {
        of_subcommand.value_source(flag.replace('-', "_").as_str()) == Some(ValueSource::CommandLine)
    };
    // Behind `--` everything is a name, so what is added goes before it. None of these flags was given, so their place
    // does not matter otherwise.
    let end = given.iter().position(|argument| argument == "--").unwrap_or(given.len());
    let (flagged, named) = given.split_at(end);
    let mut arguments = flagged.to_vec();
    for (flag, list) in values {
        if flags.contains(&flag) && !from_line(&flag) && !(name == "demo" && flag == "file") {
            arguments.extend(list.into_iter().map(|value| OsString::from(format!("--{flag}={value}"))));
        }
    }
    arguments.extend_from_slice(named);
    Ok(Resolved { arguments, notices })
}

/// What stands in argv is seen by every user of the machine.
fn refuse_secrets_on_command_line(given: &[OsString]) -> Result<(), Failure> {
    let names = |flag: &str| {
        given.iter().any(|argument| {
            argument
                .to_string_lossy()
                .strip_prefix(flag)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    if names("--api-token") {
        return Err(Failure::usage(
            "the token is never taken from the command line, where every user of this machine can see it",
            "use --api-token-file, ROLEBOOK_API_TOKEN, or --api-token-file - to read it from stdin",
        ));
    }
    if names("--oauth-private-key") {
        return Err(Failure::usage(
            "the private key is never taken from the command line, where every user of this machine can see it",
            "use --oauth-private-key-file; - reads it from stdin",
        ));
    }
    Ok(())
}

fn path(matches: &ArgMatches, flag: &str) -> Option<PathBuf> {
    matches.subcommand().and_then(|(_, sub)| sub.get_one::<PathBuf>(flag)).cloned()
}

fn long_flags(command: &Command) -> impl Iterator<Item = String> + '_ {
    let long = command.get_arguments().filter_map(|argument| argument.get_long());
    let changes = CHANGING.contains(&command.get_name());
    long.filter(move |flag| !(changes && ONLY_GIVEN.contains(flag))).map(str::to_owned)
}

/// The flags that a subcommand takes.
fn flags(command: &Command, name: &str) -> BTreeSet<String> {
    let sub = command.find_subcommand(name);
    long_flags(command).chain(sub.into_iter().flat_map(long_flags)).collect()
}

/// The flags of all subcommands: a file or an environment serves them all.
fn all_flags(command: &Command) -> BTreeSet<String> {
    long_flags(command).chain(command.get_subcommands().flat_map(long_flags)).collect()
}

/// Flags that the environment sets; an unknown name is a mistake worth telling.
fn variables(
    environment: &[(String, String)],
    command: &Command,
    notices: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let known = all_flags(command);
    let mut found = BTreeMap::new();
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let flag = rest.to_ascii_lowercase().replace('_', "-");
        if OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        if known.contains(&flag) && rest == flag.to_ascii_uppercase().replace('-', "_") {
            found.insert(flag, value.clone());
        } else {
            notices.push(format!("the environment variable {name} is unknown and was ignored"));
        }
    }
    found
}

/// `./rolebook.toml`, else the one in the user's config folder.
fn default_file(environment: &[(String, String)]) -> Option<PathBuf> {
    [Some(PathBuf::from(FILE_NAME)), user_file(environment)].into_iter().flatten().find(|path| path.is_file())
}

/// The one in the user's config folder, there or not.
fn user_file(environment: &[(String, String)]) -> Option<PathBuf> {
    let variable = |wanted: &str| {
        environment
            .iter()
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value))
    };
    let folder = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("APPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("rolebook").join(FILE_NAME))
}

/// The file that a new profile goes into: the one that is named, else the one in force, else the user's own.
pub(crate) fn target(named: Option<PathBuf>, environment: &[(String, String)]) -> PathBuf {
    named
        .or_else(|| default_file(environment))
        .or_else(|| user_file(environment))
        .unwrap_or_else(|| PathBuf::from(FILE_NAME))
}

struct File {
    path: PathBuf,
    table: toml::Table,
}

fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::not_found(format!("cannot read {}: {error}", path.display()), "check --config")
    })?;
    let table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map(|span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        let at = at.map(|line| format!(" line {line}")).unwrap_or_default();
        Failure::usage(
            format!("{}{at}: {}", path.display(), error.message()),
            "the file is TOML: x-y = \"value\"",
        )
    })?;
    Ok(File { path: path.to_owned(), table })
}

/// Whether a flag of a subcommand takes a path; if so, the sign between several of them, where it takes several.
fn path_flag(command: &Command, name: &str, flag: &str) -> Option<Option<char>> {
    let sub = command.find_subcommand(name);
    let mut arguments = command.get_arguments().chain(sub.into_iter().flat_map(Command::get_arguments));
    let argument = arguments.find(|argument| argument.get_long() == Some(flag))?;
    let is_path = argument.get_value_parser().type_id() == std::any::TypeId::of::<PathBuf>();
    is_path.then(|| argument.get_value_delimiter())
}

impl File {
    /// A path of the file as seen from the current folder: relative paths are relative to the file, so that a command
    /// does the same from every folder. Words that stand for no path stay.
    fn based(&self, value: &str, between: Option<char>) -> String {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let Some(folder) = folder else { return value.to_owned() };
        let one = |path: &str| match path {
            "" | "-" | "off" | "none" => path.to_owned(),
            path => folder.join(path).display().to_string(),
        };
        match between {
            Some(between) => value.split(between).map(one).collect::<Vec<_>>().join(&between.to_string()),
            None => one(value),
        }
    }

    /// The profile that counts where none is named.
    fn default_profile(&self) -> Option<String> {
        self.table.get(DEFAULT_PROFILE).and_then(toml::Value::as_str).map(str::to_owned)
    }

    /// Flags that the file sets: its top level, overridden by the named profile.
    fn settings(
        &self,
        profile: Option<&str>,
        known: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let mut settings = BTreeMap::new();
        let profiles = self.table.get("profile").and_then(toml::Value::as_table);
        self.take(&self.table, known, &mut settings)?;
        if let Some(name) = profile {
            let Some(table) =
                profiles.and_then(|profiles| profiles.get(name)).and_then(toml::Value::as_table)
            else {
                return Err(Failure::usage(
                    format!("{} has no profile `{name}`", self.path.display()),
                    format!("add a table [profile.{name}]"),
                ));
            };
            self.take(table, known, &mut settings)?;
        }
        Ok(settings)
    }

    fn take(
        &self,
        table: &toml::Table,
        known: &BTreeSet<String>,
        settings: &mut BTreeMap<String, Vec<String>>,
    ) -> Result<(), Failure> {
        for (key, value) in table {
            if key == "profile" && value.is_table() || key == DEFAULT_PROFILE && value.is_str() {
                continue;
            }
            if !known.contains(key) || matches!(key.as_str(), "config" | "profile" | "help" | "version") {
                return Err(Failure::usage(
                    format!("{}: unknown setting `{key}`", self.path.display()),
                    "settings have the names of flags without the dashes in front: api-token-file = \"token.txt\"",
                ));
            }
            let one = |value: &toml::Value| match value {
                toml::Value::String(text) => Some(text.clone()),
                toml::Value::Integer(number) => Some(number.to_string()),
                toml::Value::Boolean(flag) => Some(flag.to_string()),
                _ => None,
            };
            let list = match value {
                toml::Value::Array(items) => items.iter().map(one).collect(),
                single => one(single).map(|text| vec![text]),
            };
            let Some(list) = list else {
                return Err(Failure::usage(
                    format!(
                        "{}: `{key}` is neither text, number, true or false, nor a list of them",
                        self.path.display()
                    ),
                    "write it as x-y = \"value\" or x-y = [\"one\", \"two\"]",
                ));
            };
            settings.insert(key.clone(), list);
        }
        Ok(())
    }
}
