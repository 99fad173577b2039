//! `rolebook serve`: the console, until it is stopped. Also what is done on a console that is not running.

use std::{io::Write, net::SocketAddr, path::Path, process::ExitCode, sync::Arc};

use rolebook_console::{ConsoleConfig, ConsoleError, DemoOrg, MailConfig, Server, VaultKeySource};
use rolebook_okta::AddressRules;

use crate::{
    arguments::{AdminArguments, AdminTask, ServeArguments},
    command::sync::{WRITER, now},
    connection::stopping,
    failure::Failure,
    output::finish,
};

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        match &error {
            ConsoleError::Exposed(_) | ConsoleError::DatabaseKind(_) => {
                Self::usage(error.to_string(), error.hint())
            }
            _ => Self::failed(error.to_string(), error.hint()),
        }
    }
}

pub(crate) async fn run(arguments: ServeArguments) -> Result<ExitCode, Failure> {
    let config = config(&arguments)?;
    let stopped = stopping();
    let server = Server::start(config, arguments.listen).await?;
    finish(greet(&server).await?)?;
    stopped.await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Serves a fake org beside it, until it is stopped.
pub(crate) async fn run_demo(data: &Path, listen: SocketAddr, demo: DemoOrg) -> Result<(), Failure> {
    let config = ConsoleConfig {
        data: data.to_path_buf(),
        database_url: None,
        base_url: String::new(),
        secure: false,
        vault: VaultKeySource::default(),
        addresses: AddressRules { allow_loopback: true, ..AddressRules::default() },
        ca_pem: None,
        rate_budget: 50,
        writer: WRITER.to_owned(),
        mail: MailConfig::Folder(data.join("mail")),
        metrics_token: None,
        demo: Some(demo),
        clock: Arc::new(now),
    };
    let stopped = stopping();
    let server = match Server::start(config.clone(), listen).await {
        // The usual port is taken: a demo takes any.
        Err(ConsoleError::Listen { .. }) => Server::start(config, SocketAddr::new(listen.ip(), 0)).await?,
        started => started?,
    };
    finish(greet(&server).await?)?;
    stopped.await;
    server.stop().await;
    Ok(())
}

/// What is printed at the start: one address, and what there is to do first.
async fn greet(server: &Server) -> Result<std::io::Result<()>, Failure> {
    let link = server.first_link().await?;
    let mut out = std::io::stdout();
    let mut write = || -> std::io::Result<()> {
        if let Some(key) = server.made_key() {
            writeln!(
                out,
                "A vault key was made in {}; keep a copy of it apart from backups.\n",
                key.display()
            )?;
        }
        writeln!(out, "Console    {}", server.url())?;
        if let Some(link) = &link {
            writeln!(out, "\nCreate the Super Administrator with this link; it works once, for 15 minutes:")?;
            writeln!(out, "  {link}")?;
        }
        writeln!(out, "\nCtrl-C stops it.")?;
        out.flush()
    };
    Ok(write())
}

pub(crate) async fn admin(arguments: AdminArguments) -> Result<ExitCode, Failure> {
    let AdminTask::Link = arguments.task;
    let link = rolebook_console::admin_link(config(&arguments.serve)?).await?;
    let mut out = std::io::stdout();
    finish(writeln!(
        out,
        "Start rolebook serve, then open this link; it works once, for 15 minutes:\n  {link}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn doctor(arguments: ServeArguments) -> Result<ExitCode, Failure> {
    let diagnosis = rolebook_console::doctor(config(&arguments)?).await?;
    let mut out = std::io::stdout();
    let mut well = true;
    for (what, fine, text) in &diagnosis.lines {
        well &= fine;
        finish(writeln!(out, "{}  {what:<13} {text}", if *fine { "ok  " } else { "BAD " }))?;
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn config(arguments: &ServeArguments) -> Result<ConsoleConfig, Failure> {
    let ca_pem = match &arguments.ca_file {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            Failure::not_found(
                format!("cannot read the CA file {}: {error}", path.display()),
                "check --ca-file",
            )
        })?),
    };
    let base_url = match &arguments.base_url {
        Some(url) => url.clone(),
        None if arguments.listen.port() == 0 => String::new(),
        None => format!("http://{}", arguments.listen),
    };
    Ok(ConsoleConfig {
        data: arguments.data_dir.clone(),
        database_url: arguments.database_url.clone(),
        base_url,
        secure: arguments.behind_proxy,
        vault: VaultKeySource {
            file: arguments.vault_key_file.clone(),
            text: secret("ROLEBOOK_VAULT_KEY").map(Into::into),
            credentials: secret("CREDENTIALS_DIRECTORY").map(Into::into),
        },
        addresses: AddressRules {
            allow_loopback: arguments.allow_loopback,
            allow: arguments.allow_address.clone(),
        },
        ca_pem,
        rate_budget: arguments.rate_budget,
        writer: WRITER.to_owned(),
        mail: mail(arguments),
        metrics_token: secret("ROLEBOOK_METRICS_TOKEN"),
        demo: None,
        clock: Arc::new(now),
    })
}

fn mail(arguments: &ServeArguments) -> MailConfig {
    match (&arguments.mail_folder, secret("ROLEBOOK_SMTP_URL")) {
        (Some(folder), _) => MailConfig::Folder(folder.clone()),
        (None, Some(url)) => MailConfig::Smtp { url: url.into(), from: arguments.mail_from.clone() },
        (None, None) => MailConfig::Off,
    }
}

/// A secret of the environment: such values never travel through the list of all settings.
#[expect(clippy::disallowed_methods, reason = "a secret must not travel through the list of all settings")]
fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
