//! `rolebook fake-okta`: the fake as a tool for trying Rolebook, or any other Okta client, without an Okta.

use std::{io::Write, process::ExitCode};

use rolebook_fake_okta::{FakeOkta, Options, Org, RateLimits, orgs};
use serde_json::json;

use crate::{
    arguments::{FakeLimits, FakeOktaArguments},
    command::sync::now,
    connection::stop_signal,
    failure::Failure,
    output::finish,
};

/// Tokens that the fake knows, by the role of their owner.
const TOKENS: [&str; 5] = ["super", "read_only", "app_admin", "group_admin", "app_group_admin"];
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
    let options = Options {
        listen: arguments.listen,
        tls: !arguments.http,
        start_time: now(),
        rate_limits,
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
    let line = json!({ "url": fake.url(), "ca_file": ca_file, "app_id": APP, "tokens": tokens });
    let mut out = std::io::stdout();
    finish(writeln!(out, "{line}").and_then(|()| out.flush()))?;
    stop_signal().await;
    Ok(ExitCode::SUCCESS)
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
