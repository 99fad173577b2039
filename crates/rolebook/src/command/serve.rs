//! `rolebook serve`: the console, until it is stopped. Also what is done on a console that is not running.

use std::{collections::BTreeSet, io::Write, net::SocketAddr, path::Path, process::ExitCode, sync::Arc};

use rolebook_console::{
    ConsoleConfig, ConsoleError, DemoOrg, Front, MailConfig, OidcConfig, Server, TlsFiles, VaultKeySource,
};
use rolebook_okta::AddressRules;

use crate::{
    arguments::{AdminArguments, AdminTask, DoctorArguments, OidcCreate, RunArguments, ServeArguments},
    command::sync::{WRITER, now},
    connection::stopping,
    credential::secret_text,
    failure::Failure,
    output::finish,
};

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        match &error {
            ConsoleError::Exposed(_)
            | ConsoleError::DatabaseKind(_)
            | ConsoleError::DatabaseUrl
            | ConsoleError::BlobPlace(_)
            | ConsoleError::NotHere { .. }
            | ConsoleError::Oidc(_) => Self::usage(error.to_string(), error.hint()),
            _ => Self::failed(error.to_string(), error.hint()),
        }
    }
}

pub(crate) async fn run(arguments: RunArguments) -> Result<ExitCode, Failure> {
    let RunArguments { rebuild, vault_key_lost, serve: arguments } = arguments;
    let config = ConsoleConfig { rebuild, vault_key_lost, ..config(&arguments)? };
    let stopped = stopping();
    full_is_an_error();
    let server = Server::start(config, arguments.listen).await?;
    finish(greet(&server).await?)?;
    stopped.await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// A file over the limit of its user is an error to be told, like a full disk, and not the end of the process.
fn full_is_an_error() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGXFSZ, on Linux and macOS. Whoever listens is not ended by it; that it came is told by the failed write.
        const FILE_TOO_LARGE: i32 = 25;
        if let Err(error) = signal(SignalKind::from_raw(FILE_TOO_LARGE)) {
            tracing::debug!(%error, "a limit on files ends this process");
        }
    }
}

/// Serves a fake org beside it, until it is stopped.
pub(crate) async fn run_demo(data: &Path, listen: SocketAddr, demo: DemoOrg) -> Result<(), Failure> {
    let config = ConsoleConfig {
        addresses: AddressRules { allow_loopback: true, ..AddressRules::default() },
        demo: Some(demo),
        ..ConsoleConfig::local(data.to_path_buf(), WRITER.to_owned(), Arc::new(now))
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
    let unopened = server.unopened().await?;
    let mut out = std::io::stdout();
    let mut write = || -> std::io::Result<()> {
        if let Some(key) = server.made_key() {
            writeln!(
                out,
                "A vault key was made in {}; keep a copy of it apart from backups.\n",
                key.display()
            )?;
        }
        if let Some(rebuilt) = server.rebuilt() {
            writeln!(
                out,
                "Rebuilt from the files: {} connectors, {} syncs. Each connector asks for its token again.",
                rebuilt.connectors, rebuilt.syncs
            )?;
            for text in &rebuilt.unreadable {
                writeln!(out, "  left out: {text}")?;
            }
            writeln!(out)?;
        }
        if !unopened.is_empty() {
            writeln!(
                out,
                "Sealed under another vault key, so these are to be given again:\n  {}\nWhat was read stays \
                 readable. Bring the old key back, or enter them.\n",
                unopened.join("\n  ")
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
    let AdminArguments { task, file, serve } = arguments;
    if matches!(task, AdminTask::RotateKey | AdminTask::Backup) {
        must_be_there(&serve)?;
    }
    let config = config(&serve)?;
    let mut out = std::io::stdout();
    match (task, file) {
        (AdminTask::Link, _) => {
            let link = rolebook_console::admin_link(config).await?;
            finish(writeln!(
                out,
                "Start rolebook serve, then open this link; it works once, for 15 minutes:\n  {link}"
            ))?;
        }
        (AdminTask::RotateKey, file) => {
            finish(out.write_all(rotated(&rolebook_console::rotate_key(config, file).await?).as_bytes()))?;
        }
        (AdminTask::Backup, Some(file)) => {
            let made = rolebook_console::backup(&config, &file).await?;
            let keys = match made.key_ids.as_slice() {
                [] => "It holds no secrets.".to_owned(),
                ids => format!(
                    "Not in it: the vault's key {}. Without that key its tokens cannot be opened; keep a copy of \
                     the\nkey apart from the backup.",
                    ids.join(", ")
                ),
            };
            let elsewhere = made.elsewhere.map_or_else(String::new, |place| {
                format!("\nNot in it either: snapshots and logs, which lie in {place}.")
            });
            let (file, files) = (file.display(), made.files);
            finish(writeln!(out, "Written    {file}, {files} files\n\n{keys}{elsewhere}"))?;
        }
        (AdminTask::Restore, Some(file)) => {
            let done = rolebook_console::restore(&config, &file).await?;
            let keys = to_give(&done.unopened, &serve.data_dir.join("vault.key"));
            finish(write!(
                out,
                "Restored   {}, {} files, as of {}\n{keys}\nStart it with rolebook serve; everybody signs in \
                 again.\n",
                serve.data_dir.display(),
                done.files,
                done.at.strftime("%Y-%m-%d %H:%M UTC")
            ))?;
        }
        (AdminTask::Backup | AdminTask::Restore, None) => {
            return Err(Failure::usage("the file is missing", "name it: rolebook admin backup FILE"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a restored console cannot open: which key would, and what is to be given again without it.
fn to_give(unopened: &[(String, String)], key: &Path) -> String {
    if unopened.is_empty() {
        return String::new();
    }
    let keys: BTreeSet<&str> = unopened.iter().map(|(_, key)| key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut text = format!(
        "\nSecrets in it are sealed under the vault key {}, which is not in a backup. Put that key into\n{} \
         before you start, or give these again:\n",
        keys.join(", "),
        key.display()
    );
    for (name, key) in unopened {
        text.push_str(&format!(
            "  {name}{}\n",
            if keys.len() > 1 { format!(" ({key})") } else { String::new() }
        ));
    }
    text
}

/// How a rotation went, and what is to be done about it.
fn rotated(done: &rolebook_console::Rotated) -> String {
    let mut text = format!(
        "Vault key  {} instead of {}, in {}\nSecrets    {} sealed anew\n",
        done.to,
        done.from,
        done.file.display(),
        done.secrets
    );
    if !done.unopened.is_empty() {
        text.push_str(&format!("Not opened, to be given again:\n  {}\n", done.unopened.join("\n  ")));
    }
    text.push_str(if done.in_place {
        "\nThe old key is destroyed. Backups made before need it: keep its copy as long as you keep them, and\n\
         keep a copy of the new one.\n"
    } else {
        "\nStart the console with this key from now on. Backups made before need the old one.\n"
    });
    text
}

pub(crate) async fn doctor(arguments: DoctorArguments) -> Result<ExitCode, Failure> {
    let DoctorArguments { head, serve: arguments } = arguments;
    let heads = match &head {
        None => None,
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            Failure::not_found(
                format!("cannot read the audit heads {}: {error}", path.display()),
                "check --head",
            )
        })?),
    };
    let config = config(&arguments)?;
    must_be_there(&arguments)?;
    let diagnosis = rolebook_console::doctor_against(config, heads.as_deref()).await?;
    let mut out = std::io::stdout();
    let mut well = true;
    for (what, fine, text) in &diagnosis.lines {
        well &= fine;
        finish(writeln!(out, "{}  {what:<13} {text}", if *fine { "ok  " } else { "BAD " }))?;
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A command that looks at a data folder does not make one: a mistyped name would look healthy. With a database
/// elsewhere, the folder need not be there.
fn must_be_there(arguments: &ServeArguments) -> Result<(), Failure> {
    if arguments.database_url.is_some() || arguments.data_dir.is_dir() {
        return Ok(());
    }
    Err(Failure::not_found(
        format!("there is no data folder {}", arguments.data_dir.display()),
        "name the console's folder with --data-dir; rolebook serve makes a new one",
    ))
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
        None if arguments.tls_key.is_some() => format!("https://{}", arguments.listen),
        None => format!("http://{}", arguments.listen),
    };
    Ok(ConsoleConfig {
        database_url: arguments.database_url.clone(),
        blobs: arguments.blobs.clone(),
        blobs_endpoint: arguments.blobs_endpoint.clone(),
        name: arguments.process_name.clone().unwrap_or_else(|| {
            if arguments.listen.port() == 0 {
                return String::new();
            }
            let host = rustix::system::uname();
            format!("{} ({})", host.nodename().to_string_lossy(), arguments.listen)
        }),
        base_url,
        front: front(arguments),
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
        mail: mail(arguments),
        oidc: oidc(arguments)?,
        metrics_token: metrics_token(arguments)?,
        ..ConsoleConfig::local(arguments.data_dir.clone(), WRITER.to_owned(), Arc::new(now))
    })
}

fn oidc(arguments: &ServeArguments) -> Result<Option<OidcConfig>, Failure> {
    let (Some(issuer), Some(client_id)) = (&arguments.oidc_issuer, &arguments.oidc_client_id) else {
        return Ok(None);
    };
    let client_secret = match &arguments.oidc_client_secret_file {
        Some(path) => {
            let text = secret_text(path, "client secret", "check --oidc-client-secret-file")?;
            Some(text.trim().to_owned().into())
        }
        None => None,
    };
    Ok(Some(OidcConfig {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret,
        create_basic: arguments.oidc_create == OidcCreate::Basic,
    }))
}

/// The token that opens the metrics, out of its file or the environment.
fn metrics_token(arguments: &ServeArguments) -> Result<Option<String>, Failure> {
    const HINT: &str = "write one line into the file of --metrics-token-file, as from `openssl rand -hex 32`";
    let Some(path) = &arguments.metrics_token_file else { return Ok(secret("ROLEBOOK_METRICS_TOKEN")) };
    let text = secret_text(path, "metrics token", HINT)?;
    match text.trim() {
        "" => Err(Failure::usage("the metrics token is empty", HINT)),
        token => Ok(Some(token.to_owned())),
    }
}

fn front(arguments: &ServeArguments) -> Front {
    match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => {
            Front::Tls(TlsFiles { certificate: certificate.clone(), key: key.clone() })
        }
        _ if arguments.behind_proxy => Front::Proxy,
        _ => Front::Open,
    }
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
