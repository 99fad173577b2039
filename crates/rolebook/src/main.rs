//! The `rolebook` command: arguments, output and exit codes. What it does is done by the crates below it.

mod accounts;
mod arguments;
mod change;
mod command;
mod configuration;
mod confine;
mod connection;
mod credential;
mod failure;
mod log;
mod logged;
mod memory;
mod moment;
mod output;
mod past;
mod person;
mod profile_file;
mod progress;
mod proxy;
mod question;
mod render;
mod rights_report;
mod show;
mod summary;
mod version;
mod way_report;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    arguments::{Cli, Command},
    failure::Failure,
};

fn main() -> ExitCode {
    confine::confine();
    match run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<ExitCode, Failure> {
    rolebook_okta::install_crypto_provider();
    let given: Vec<_> = std::env::args_os().collect();
    let environment = configuration::environment(std::env::vars_os())?;
    let resolved = configuration::resolve(given, &environment)?;
    let cli = Cli::try_parse_from(&resolved.arguments).unwrap_or_else(|error| error.exit());
    log::start(cli.log_level);
    for notice in &resolved.notices {
        tracing::warn!("{notice}");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(
            |error| Failure::failed(format!("cannot start: {error}"), "free some memory or threads"),
        )?;
    runtime.block_on(async {
        match cli.command {
            Command::Sync(arguments) => command::sync::run(arguments).await,
            Command::Check(arguments) => command::check::run(arguments).await,
            Command::Init(arguments) => {
                let file = configuration::target(cli.config, &environment);
                command::init::run(arguments, cli.profile, file).await
            }
            Command::Show(arguments) => command::show::run(&arguments),
            Command::Archive(arguments) => command::archive::run(&arguments),
            Command::Grant(arguments) => command::change::grant(arguments).await,
            Command::Revoke(arguments) => command::change::revoke(arguments).await,
            Command::Plan(arguments) => command::plan::run(arguments).await,
            Command::Apply(arguments) => command::apply::run(arguments).await,
            Command::Undo(arguments) => command::undo::run(arguments).await,
            Command::Audit(arguments) => command::audit::run(&arguments),
            Command::Who(arguments) => command::who::run(&arguments),
            Command::What(arguments) => command::what::run(&arguments),
            Command::Why(arguments) => command::why::run(&arguments),
            Command::Can(arguments) => command::can::run(&arguments),
            Command::Diff(arguments) => command::diff::run(&arguments),
            Command::History(arguments) => command::history::run(&arguments),
            Command::Findings(arguments) => command::findings::run(&arguments),
            Command::Assertion(arguments) => command::assertion::run(&arguments),
            Command::WhatIf(arguments) => command::whatif::run(&arguments).await,
            Command::Export(arguments) => command::export::run(&arguments),
            Command::LintFilter(arguments) => command::lint_filter::run(&arguments),
            Command::Demo(arguments) => command::demo::run(arguments).await,
            Command::FakeOkta(arguments) => command::fake_okta::run(arguments).await,
            Command::Serve(arguments) => command::serve::run(arguments).await,
            Command::Admin(arguments) => command::serve::admin(arguments).await,
            Command::Doctor(arguments) => command::serve::doctor(arguments).await,
        }
    })
}
