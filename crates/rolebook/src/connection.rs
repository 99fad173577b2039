//! A client of Okta from the connection flags.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use rolebook_connector::{AdminRoles, AppChoice, PersonRules, ProfileAttributes, ReadOptions};
use rolebook_federation::Switches;
use rolebook_okta::{
    AddressRules, CancellationToken, Client, ClientConfig, Credential, Domain, Governor, GovernorConfig,
    Waiting,
};

use crate::{
    arguments::{AdminRolesArgument, ConnectionArguments, ReadArguments},
    credential,
    failure::Failure,
    proxy,
};

/// Told whenever a request waits for Okta's rate limit.
pub(crate) type OnWait = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// Makes the client of the credential that the settings name; Ctrl-C and SIGTERM end its requests.
pub(crate) fn client(arguments: &ConnectionArguments, on_wait: OnWait) -> Result<Client, Failure> {
    make(arguments, || credential::credential(arguments), on_wait)
}

/// The same with another credential.
pub(crate) fn client_with(
    arguments: &ConnectionArguments,
    credential: Credential,
    on_wait: OnWait,
) -> Result<Client, Failure> {
    make(arguments, || Ok(credential), on_wait)
}

fn make(
    arguments: &ConnectionArguments,
    credential: impl FnOnce() -> Result<Credential, Failure>,
    on_wait: OnWait,
) -> Result<Client, Failure> {
    let Some(domain) = &arguments.domain else {
        return Err(Failure::usage("no Okta domain was given", "use --domain acme.okta.com"));
    };
    let (domain, notice) = Domain::parse(domain, arguments.allow_loopback)
        .map_err(|error| Failure::usage(error.to_string(), error.hint()))?;
    if let Some(notice) = notice {
        tracing::warn!("{notice}");
    }
    let credential = credential()?;
    let mut governor = GovernorConfig::default();
    governor.rate_budget = arguments.rate_budget;
    governor.seed = seed()?;
    governor.on_wait = Some(on_wait);
    let proxy = proxy::proxy(arguments, &domain)?;
    let mut config = ClientConfig::new(domain, credential);
    config.proxy = proxy;
    config.governor = Governor::new(governor);
    config.addresses =
        AddressRules { allow_loopback: arguments.allow_loopback, allow: arguments.allow_address.clone() };
    config.seed = seed()?;
    if let Some(path) = &arguments.ca_file {
        config.ca_pem = Some(std::fs::read(path).map_err(|error| {
            Failure::not_found(
                format!("cannot read the CA file {}: {error}", path.display()),
                "check --ca-file",
            )
        })?);
    }
    let client = Client::new(config).map_err(|error| match error {
        rolebook_okta::Error::Proxy(error) => Failure::usage(error.to_string(), error.hint()),
        error => Failure::failed(error.to_string(), error.hint()),
    })?;
    Ok(client.with_cancellation(cancelled_by_signal()))
}

/// Random bits for jitter.
fn seed() -> Result<u64, Failure> {
    Ok(u64::from_ne_bytes(random()?))
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::failed(format!("the system gives no random numbers: {error}"), ""))?;
    Ok(bytes)
}

fn cancelled_by_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        stop_signal().await;
        cancel.cancel();
    });
    token
}

/// Exit codes by convention: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// The exit code of the signal that stopped this process; 0 as long as none did.
static STOPPED: AtomicU8 = AtomicU8::new(0);

fn stopped_by(code: u8) {
    STOPPED.store(code, Ordering::Relaxed);
}

/// The exit code for a run that was stopped.
pub(crate) fn stop_code() -> u8 {
    match STOPPED.load(Ordering::Relaxed) {
        0 => 1,
        code => code,
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn stop_signal() {
    stopping().await;
}

/// Ends with Ctrl-C or SIGTERM, and hears them from now on, not only once it is waited for.
pub(crate) fn stopping() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())
    };
    async move {
        #[cfg(unix)]
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => stopped_by(INTERRUPTED),
                _ = terminate.recv() => stopped_by(TERMINATED),
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            stopped_by(INTERRUPTED);
        }
    }
}

/// The one app of a command that looks at one app.
pub(crate) fn app_choice(arguments: &ConnectionArguments) -> Result<AppChoice, Failure> {
    match arguments.aws_okta_app_id.as_slice() {
        [] => Ok(AppChoice::Find),
        [id] => Ok(AppChoice::Id(id.clone())),
        several => Err(Failure::usage(
            format!("{} apps are named, and this command looks at one", several.len()),
            "name one with --aws-okta-app-id on the command line; rolebook sync -f DIR/ reads several",
        )),
    }
}

fn admin_roles(argument: AdminRolesArgument) -> AdminRoles {
    match argument {
        AdminRolesArgument::Auto => AdminRoles::Auto,
        AdminRolesArgument::On => AdminRoles::On,
        AdminRolesArgument::Off => AdminRoles::Off,
    }
}

pub(crate) fn read_options(arguments: &ReadArguments) -> ReadOptions {
    ReadOptions {
        admin_roles: admin_roles(arguments.sync_okta_roles),
        custom_roles: arguments.sync_custom_roles,
        people: PersonRules {
            attributes: ProfileAttributes::parse(&arguments.profile_attributes),
            skip_secondary_emails: arguments.skip_secondary_emails,
        },
        no_group_names: arguments.no_group_names,
    }
}

/// The `--assume` flags; names and values are those that a snapshot's coverage record carries.
pub(crate) fn switches(arguments: &ReadArguments) -> Result<Switches, Failure> {
    assumed(&arguments.assume)
}

/// The same from the flags' values.
pub(crate) fn assumed(assumptions: &[String]) -> Result<Switches, Failure> {
    let mut record = serde_json::Map::new();
    for assumption in assumptions {
        let Some((name, value)) = assumption.split_once('=') else {
            return Err(Failure::usage(
                format!("--assume {assumption}: no value"),
                "use --assume NAME=VALUE",
            ));
        };
        let value = value.parse::<bool>().map_or_else(|_| value.into(), serde_json::Value::Bool);
        record.insert(name.trim().to_owned(), value);
    }
    serde_json::from_value(record.into()).map_err(|error| {
        Failure::usage(format!("--assume: {error}"), "rolebook sync --help lists names and values")
    })
}
