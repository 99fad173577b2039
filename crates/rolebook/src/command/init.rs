//! `rolebook init`: from nothing to a sync that needs no flag. Nothing is written before Okta has answered.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf, absolute},
    process::ExitCode,
    sync::Arc,
};

use rolebook_okta::{ApiToken, Credential, Domain, Secret};
use toml::{Table, Value};

use crate::{
    arguments::{AdminRolesArgument, ConnectionArguments, InitArguments, ReadArguments},
    command::check::examine,
    connection, credential,
    failure::Failure,
    output::{finish, visible},
    profile_file::{ProfileFile, token_file},
    rights_report,
};

pub(crate) async fn run(
    arguments: InitArguments,
    profile: Option<String>,
    file: PathBuf,
) -> Result<ExitCode, Failure> {
    let InitArguments { token_roles, mut connection } = arguments;
    let file = ProfileFile::open(file)?;
    let domain = match connection.domain.take() {
        Some(domain) => domain,
        None => ask("Okta domain, as in acme.okta.com: ")?,
    };
    let domain = domain.trim().to_owned();
    let (parsed, _) = Domain::parse(&domain, connection.allow_loopback)
        .map_err(|error| Failure::usage(error.to_string(), error.hint()))?;
    connection.domain = Some(domain);
    let profile = profile.unwrap_or_else(|| name_of(&parsed));
    file.refuse_taken(&profile)?;

    let token = token(&connection, &parsed)?;
    let credential =
        match &token {
            Some(token) => Credential::from(ApiToken::new(token).map_err(|error| {
                Failure::usage(format!("the API token: {error}"), "copy it whole from Okta")
            })?),
            None => credential::credential(&connection)?,
        };
    let client = connection::client_with(&connection, credential, Arc::new(|_| {}))?;
    let checked = examine(&client, &connection, &read_arguments(), &token_roles).await?;
    let mut out = std::io::stdout().lock();
    finish(rights_report::text(&checked, &mut out))?;
    if checked.is_refused() {
        let hint = "use a token whose owner is at least Read-only Administrator";
        return Err(Failure::refused("the token may not read what a sync needs, nothing was written", hint));
    }

    let mut settings = settings(&connection)?;
    if !token_roles.is_empty() {
        let roles = token_roles.iter().map(|role| Value::from(role.stated().as_str()));
        settings.insert("token-roles".to_owned(), Value::Array(roles.collect()));
    }
    if token.is_some() {
        let path = token_file(file.path(), &profile);
        settings.insert("api-token-file".to_owned(), text(&path)?);
    }
    let written = file.write(&profile, settings, token.as_ref())?;
    finish(told(&written, &profile, &mut out))?;
    Ok(ExitCode::SUCCESS)
}

fn told(written: &crate::profile_file::Written, profile: &str, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "\nWritten   profile {profile} in {}", visible(&written.file.display().to_string()))?;
    if let Some(token) = &written.token {
        writeln!(out, "          the token in {}, for you alone", visible(&token.display().to_string()))?;
    }
    if written.is_default {
        writeln!(out, "Next      rolebook sync")
    } else {
        writeln!(out, "Next      rolebook sync --profile {profile}")
    }
}

/// The token to keep; none when a file or a key of the user's own serves.
fn token(connection: &ConnectionArguments, domain: &Domain) -> Result<Option<Secret>, Failure> {
    let text = match &connection.api_token_file {
        _ if credential::is_of_service_app(connection) => return Ok(None),
        Some(path) if path != Path::new("-") => return Ok(None),
        Some(path) => credential::secret_text(path, "token", "send it on stdin")?,
        None => match credential::token_variable() {
            Ok(token) => token,
            Err(_) => ask_hidden(&format!("API token of {} (input hidden): ", domain.host()))?,
        },
    };
    Ok(Some(Secret::new(text.trim().to_owned())))
}

/// What the profile is to say, with paths that hold in every folder.
fn settings(connection: &ConnectionArguments) -> Result<Table, Failure> {
    let mut table = Table::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            table.insert(name.to_owned(), value);
        }
    };
    let plain = |text: &Option<String>| text.clone().map(Value::from);
    let list = |items: Vec<String>| (!items.is_empty()).then(|| Value::from(items));
    let path =
        |path: &Option<PathBuf>| path.as_deref().filter(|path| *path != Path::new("-")).map(text).transpose();
    set("domain", plain(&connection.domain));
    set("api-token-file", path(&connection.api_token_file)?);
    set("oauth-client-id", plain(&connection.oauth_client_id));
    set("oauth-private-key-file", path(&connection.oauth_private_key_file)?);
    set("oauth-key-id", plain(&connection.oauth_key_id));
    set("oauth-scopes", list(connection.oauth_scopes.clone()));
    // Several were refused before this.
    set("aws-okta-app-id", plain(&connection.aws_okta_app_id.first().cloned()));
    set(
        "rate-budget",
        (connection.rate_budget != 50).then(|| Value::from(i64::from(connection.rate_budget))),
    );
    set("ca-file", path(&connection.ca_file)?);
    set("proxy", plain(&connection.proxy));
    set("proxy-credentials-file", path(&connection.proxy_credentials_file)?);
    set("allow-address", list(connection.allow_address.iter().map(ToString::to_string).collect()));
    set("allow-loopback", connection.allow_loopback.then(|| Value::from(true)));
    Ok(table)
}

fn text(path: &Path) -> Result<Value, Failure> {
    let whole = absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.to_str().map(Value::from).ok_or_else(|| {
        Failure::usage(
            format!("the path {} is not text", path.display()),
            "a configuration file holds UTF-8 text: use another folder",
        )
    })
}

/// `acme` of `acme.okta.com`.
fn name_of(domain: &Domain) -> String {
    let host = domain.host();
    let first = host.split('.').next().unwrap_or_default();
    let is_name = first.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name { first.to_owned() } else { "okta".to_owned() }
}

fn read_arguments() -> ReadArguments {
    ReadArguments {
        sync_custom_roles: false,
        sync_okta_roles: AdminRolesArgument::Auto,
        skip_secondary_emails: false,
        profile_attributes: String::new(),
        no_group_names: false,
        assume: Vec::new(),
    }
}

/// Asks on the terminal; takes the next line of stdin where there is none.
fn ask(question: &str) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let mut stderr = std::io::stderr().lock();
        // A terminal that takes no question still takes the answer.
        let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| not_asked(&error))?;
    given(line, question)
}

fn ask_hidden(question: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return ask(question);
    }
    let answer = rpassword::prompt_password(question).map_err(|error| not_asked(&error))?;
    given(answer, question)
}

fn given(answer: String, question: &str) -> Result<String, Failure> {
    if answer.trim().is_empty() {
        let what = question.trim_end_matches([':', ' ']);
        return Err(Failure::usage(
            format!("no answer to: {what}"),
            "run it on a terminal, or give --domain and --api-token-file",
        ));
    }
    Ok(answer)
}

fn not_asked(error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot ask: {error}"), "give --domain and --api-token-file")
}
