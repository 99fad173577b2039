//! `rolebook demo`: the whole way on this machine, with no Okta at hand.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    process::ExitCode,
};

use rolebook_connector::{AppChoice, ReadOptions, SyncOptions};
use rolebook_console::DemoOrg;
use rolebook_fake_okta::{FakeOkta, Options, orgs};
use rolebook_federation::Switches;
use rolebook_okta::{AddressRules, ApiToken, Client, ClientConfig, Domain, Secret};

use crate::{
    arguments::{DemoArguments, ServeArgument},
    command,
    command::sync::{WRITER, now},
    connection,
    failure::Failure,
    output::finish,
    progress::Display,
    summary,
};

/// Tokens of the fake that are shown in the console, by the role of their owner.
const TOKENS: [(&str, &str); 3] = [
    ("Super Administrator", "super"),
    ("Read-only Administrator", "read_only"),
    ("Application and Group Administrator", "app_group_admin"),
];

pub(crate) async fn run(arguments: DemoArguments) -> Result<ExitCode, Failure> {
    let fake = FakeOkta::start(orgs::demo(), Options { start_time: now(), ..Options::default() }).map_err(
        |error| {
            Failure::failed(
                format!("the fake Okta cannot start: {error}"),
                "it needs a free port on 127.0.0.1",
            )
        },
    )?;
    let mut out = std::io::stdout();
    finish(writeln!(out, "A fake Okta with a realistic org runs at {}; reading it.\n", fake.url()))?;

    let display = Display::new();
    let client = client(&fake)?;
    let options = SyncOptions {
        file: arguments.file.clone(),
        app: AppChoice::Find,
        read: ReadOptions::default(),
        accounts: Vec::new(),
        accounts_of: None,
        switches: Switches::default(),
        resume_max_age: rolebook_connector::RESUME_MAX_AGE,
        incremental: None,
        writer: WRITER.to_owned(),
        random: connection::random()?,
    };
    display.watch(client.governor());
    let result = rolebook_connector::sync(&client, &options, &now, display.as_ref()).await;
    display.clear();
    summary::print_text(&result?)?;
    let serve = match arguments.serve {
        ServeArgument::Auto => out.is_terminal(),
        ServeArgument::On => true,
        ServeArgument::Off => false,
    };
    finish(next_steps(&arguments, serve, &mut out))?;
    if serve {
        let tokens = TOKENS.map(|(what, name)| (what, fake.token(name)));
        let demo = DemoOrg { domain: fake.url().to_owned(), tokens: tokens.into() };
        let data = arguments.file.with_extension("data");
        command::serve::run_demo(&data, SocketAddr::from(([127, 0, 0, 1], 8686)), demo).await?;
    }
    Ok(ExitCode::SUCCESS)
}

fn client(fake: &FakeOkta) -> Result<Client, Failure> {
    let failed = |error: rolebook_okta::Error| Failure::failed(error.to_string(), error.hint());
    let (domain, _) = Domain::parse(fake.url(), true).map_err(|error| failed(error.into()))?;
    let token = ApiToken::new(&Secret::new(fake.token("super"))).map_err(|error| failed(error.into()))?;
    let mut config = ClientConfig::new(domain, token);
    config.addresses = AddressRules { allow_loopback: true, ..AddressRules::default() };
    Client::new(config).map_err(failed)
}

fn next_steps(arguments: &DemoArguments, serve: bool, out: &mut impl Write) -> std::io::Result<()> {
    let file = arguments.file.display();
    writeln!(
        out,
        "
Try next
  rolebook show roles -f {file}         every role and how many people can assume it
  rolebook show grants -f {file}        who can assume which role, and through which group
  rolebook show accounts -f {file} -o json
  rolebook fake-okta --org demo-direct    another fake org, for rolebook check and rolebook sync
  rolebook sync --domain YOURS.okta.com --api-token-file token.txt    your own org, read only
"
    )?;
    if serve {
        Ok(())
    } else {
        writeln!(out, "On a terminal, or with --serve on, the demo goes on into the console.")
    }
}
