//! `rolebook fake-okta`: the fake as a tool for trying Rolebook, or any other Okta client, without an Okta.

use std::{io::Write, process::ExitCode};

use rolebook_fake_okta::{
    FakeOkta, Fault, FaultTextError, Options, Org, RateLimits, ServiceApp, ServiceKey, TokenRole, orgs,
};
use serde_json::json;

use crate::{
    arguments::{FakeLimits, FakeOktaArguments},
    command::sync::now,
    connection::stop_signal,
    failure::Failure,
    output::{finish, visible},
};

/// Tokens that the fake knows, by the role of their owner.
const TOKENS: [&str; 5] = ["super", "read_only", "app_admin", "group_admin", "app_group_admin"];
/// Scopes that the service apps are granted.
const SERVICE_SCOPES: [&str; 9] = [
    "okta.apps.manage",
    "okta.apps.read",
    "okta.groups.manage",
    "okta.groups.read",
    "okta.logs.read",
    "okta.orgs.read",
    "okta.roles.read",
    "okta.schemas.read",
    "okta.users.read",
];
/// The AWS app of the built-in orgs.
const APP: &str = "0oaAWS";

pub(crate) async fn run(arguments: FakeOktaArguments) -> Result<ExitCode, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(
            format!("{} is not an address of this machine alone", arguments.listen.ip()),
            "the fake's tokens protect nothing: listen on 127.0.0.1",
        ));
    }
    let rate_limits = match arguments.rate_limits {
        FakeLimits::Workforce => RateLimits::WORKFORCE,
        FakeLimits::Integrator => RateLimits::INTEGRATOR,
        FakeLimits::Unlimited => RateLimits::UNLIMITED,
    };
    let faults = faults(&arguments)?;
    let service_apps = arguments.oauth_key_out.as_ref().map(|path| service_apps(path)).transpose()?;
    let options = Options {
        service_apps: service_apps.as_ref().map(|(apps, _)| apps.clone()).unwrap_or_default(),
        listen: arguments.listen,
        tls: !arguments.http,
        start_time: now(),
        rate_limits,
        faults,
        fault_seed: Some(arguments.fault_seed),
        ..Options::default()
    };
    let fake = FakeOkta::start(org(&arguments.org)?, options).map_err(|error| {
        Failure::failed(format!("the fake cannot start: {error}"), "choose another port with --listen")
    })?;
    let ca_file = if arguments.http {
        None
    } else {
        fake.write_ca_pem(&arguments.ca_out).map_err(|error| {
            Failure::failed(
                format!("cannot write {}: {error}", arguments.ca_out.display()),
                "choose another --ca-out",
            )
        })?;
        Some(std::path::absolute(&arguments.ca_out).unwrap_or(arguments.ca_out))
    };
    let tokens: serde_json::Map<String, serde_json::Value> =
        TOKENS.iter().map(|name| ((*name).to_owned(), fake.token(name).into())).collect();
    let mut line = json!({ "url": fake.url(), "ca_file": ca_file, "app_id": APP, "tokens": tokens });
    if let (Some((_, apps)), serde_json::Value::Object(line)) = (service_apps, &mut line) {
        line.insert("service_apps".to_owned(), apps);
    }
    let mut out = std::io::stdout();
    finish(writeln!(out, "{line}").and_then(|()| out.flush()))?;
    stop_signal().await;
    Ok(ExitCode::SUCCESS)
}

/// The rules of the line, then those of the file.
fn faults(arguments: &FakeOktaArguments) -> Result<Vec<Fault>, Failure> {
    let hint = "the words of a rule are in docs/USAGE.md, under Faults of the fake";
    let wrong = |error: FaultTextError| Failure::usage(visible(&error.to_string()), hint);
    let mut faults: Vec<Fault> =
        arguments.fault.iter().map(|rule| rule.parse().map_err(wrong)).collect::<Result<_, _>>()?;
    if let Some(path) = &arguments.faults {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::not_found(
                format!("cannot read the faults {}: {error}", path.display()),
                "check --faults",
            )
        })?;
        let read = Fault::list(&text).map_err(|error| {
            Failure::usage(format!("{}: {}", path.display(), visible(&error.to_string())), hint)
        })?;
        faults.extend(read);
    }
    Ok(faults)
}

/// Service apps with one new key, which is written to a file: with and without DPoP, and one without an admin role.
fn service_apps(path: &std::path::Path) -> Result<(Vec<ServiceApp>, serde_json::Value), Failure> {
    let key = ServiceKey::generate("fake-key")
        .map_err(|error| Failure::failed(error.to_string(), "try again later"))?;
    let written = write_private(path, key.private_pem().as_bytes());
    written.map_err(|error| {
        Failure::failed(format!("cannot write {}: {error}", path.display()), "choose another --oauth-key-out")
    })?;
    let app = |id: &str, role: TokenRole, dpop: bool| {
        ServiceApp::new(id).key(key.public_jwk()).grant(SERVICE_SCOPES).role(role).dpop(dpop)
    };
    let apps = vec![
        app("0oaServiceReadOnly", TokenRole::ReadOnly, true),
        app("0oaServiceSuper", TokenRole::Super, true),
        app("0oaServiceBearer", TokenRole::ReadOnly, false),
        app("0oaServiceNoRole", TokenRole::NoRole, true),
    ];
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let line = json!({
        "private_key_file": file,
        "key_id": key.id(),
        "client_ids": {
            "read_only": "0oaServiceReadOnly",
            "super": "0oaServiceSuper",
            "read_only_without_dpop": "0oaServiceBearer",
            "no_role": "0oaServiceNoRole",
        },
    });
    Ok((apps, line))
}

/// Writes a file that only its owner can read.
fn write_private(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// A built-in org by name, else a file.
fn org(which: &str) -> Result<Org, Failure> {
    match which {
        "demo" => Ok(orgs::demo()),
        "demo-direct" => Ok(orgs::demo_direct()),
        "generated" => Ok(orgs::generated(&orgs::GeneratorSpec::default())),
        path => {
            let yaml = std::fs::read_to_string(path).map_err(|error| {
                Failure::not_found(
                    format!("cannot read the org {path}: {error}"),
                    "use demo, demo-direct, generated, or a YAML file",
                )
            })?;
            Org::from_yaml(&yaml).map_err(|error| {
                Failure::usage(
                    format!("{path}: {error}"),
                    "the documentation of rolebook-fake-okta tells the format",
                )
            })
        }
    }
}
