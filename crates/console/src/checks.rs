//! Trying settings out before they are saved: ordered checks, each saying what it proves and what to do.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rolebook_connector::{AppChoice, Probe, Right, Standing, SyncError};
use rolebook_federation::Switches;
use rolebook_okta::{ApiToken, CancellationToken, Client, ClientConfig, Domain, Error, Secret};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ConsoleError,
    console::Console,
    fresh,
    settings::{Capability, Settings},
    worker,
};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It holds.
    Pass,
    /// It does not, and it must.
    Fail,
    /// It does not, and a sync goes on without.
    Warn,
    /// Not tried, because one before it failed.
    Skip,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Check {
    /// Which field it is about.
    pub field: &'static str,
    /// What is checked.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub text: String,
    /// What to do about it; empty when there is nothing to do.
    pub hint: String,
    /// Okta's error code and request id, where Okta refused.
    pub okta: Option<String>,
}

/// What trying settings out gave.
pub(crate) struct Tried {
    pub(crate) checks: Vec<Check>,
    /// Set when all checks that must pass have.
    pub(crate) probe: Option<Probe>,
    pub(crate) proven: Vec<(Capability, bool)>,
    pub(crate) origin: String,
    /// AWS apps to choose from, when there are several.
    pub(crate) choices: Vec<rolebook_connector::FoundApp>,
}

impl Tried {
    pub(crate) fn passed(&self) -> bool {
        self.probe.is_some() && !self.checks.iter().any(|check| check.outcome == Outcome::Fail)
    }
}

const DOMAIN: (&str, &str) = ("domain", "The domain is an Okta org");
const TOKEN: (&str, &str) = ("api_token", "Okta accepts the token");
const APP: (&str, &str) = ("aws_okta_app_id", "The AWS app is found");
const LISTS: (&str, &str) = ("api_token", "The token reads what a sync needs");

/// Tries settings and token out: up to thirteen requests, none of which writes.
pub(crate) async fn try_out(
    console: &Arc<Console>,
    settings: &Settings,
    token: &str,
    connector: Option<&str>,
    cancel: CancellationToken,
) -> Result<Tried, ConsoleError> {
    let mut tried = Tried {
        checks: Vec::new(),
        probe: None,
        proven: Vec::new(),
        origin: String::new(),
        choices: Vec::new(),
    };
    let client = match client(console, settings, token, connector, cancel)? {
        Ok(client) => client,
        Err((what, text, hint)) => {
            tried.fail(what, text, hint, None);
            return Ok(tried.skip_rest());
        }
    };
    tried.origin = client.domain().origin();
    match client.org().await {
        Ok(org) => {
            let name = org.company_name.unwrap_or_default();
            tried.pass(DOMAIN, format!("{} ({name})", client.domain().host()));
        }
        Err(error) => {
            let about_token = error.is_unauthenticated() || error.is_refused();
            if about_token {
                tried.pass(DOMAIN, client.domain().host().to_owned());
            }
            tried.fail(
                if about_token { TOKEN } else { DOMAIN },
                error.to_string(),
                error.hint(),
                okta(&error),
            );
            return Ok(tried.skip_rest());
        }
    }
    let choice = choice(settings);
    let read = worker::read_options(settings);
    let asked = async {
        let probe = rolebook_connector::check(&client, &choice, &read, &Switches::default()).await?;
        tried.take(probe, &client, (console.config.clock)()).await
    };
    match asked.await {
        Ok(()) => {}
        Err(error) => {
            let (what, okta) = match &error {
                SyncError::Essential { source, .. } if source.is_unauthenticated() => (TOKEN, okta(source)),
                SyncError::Essential { source, .. } => (APP, okta(source)),
                _ => (APP, None),
            };
            if what != TOKEN {
                tried.pass(TOKEN, "accepted".to_owned());
            }
            if let SyncError::SeveralApps(apps) = &error {
                tried.choices.clone_from(apps);
            }
            let hint = match &error {
                SyncError::SeveralApps(_) => "choose one of them in the field AWS Okta app ID".to_owned(),
                SyncError::UnknownApp { .. } | SyncError::OtherApp { .. } => {
                    "leave the field empty to let Rolebook find the app".to_owned()
                }
                other => other.hint(),
            };
            tried.fail(what, error.to_string(), &hint, okta);
        }
    }
    Ok(tried.skip_rest())
}

impl Tried {
    fn push(
        &mut self,
        (field, name): (&'static str, &'static str),
        outcome: Outcome,
        text: String,
        hint: &str,
    ) {
        self.checks.push(Check { field, name, outcome, text, hint: hint.to_owned(), okta: None });
    }

    fn pass(&mut self, what: (&'static str, &'static str), text: String) {
        self.push(what, Outcome::Pass, text, "");
    }

    fn fail(&mut self, what: (&'static str, &'static str), text: String, hint: &str, okta: Option<String>) {
        self.push(what, Outcome::Fail, text, hint);
        if let Some(last) = self.checks.last_mut() {
            last.okta = okta;
        }
    }

    fn skip_rest(mut self) -> Self {
        for what in [DOMAIN, TOKEN, APP, LISTS] {
            if !self.checks.iter().any(|check| check.name == what.1) {
                self.push(what, Outcome::Skip, "not tried".to_owned(), "");
            }
        }
        self
    }

    async fn take(&mut self, probe: Probe, client: &Client, at: Timestamp) -> Result<(), SyncError> {
        let owner = probe.reader.as_ref().map_or_else(
            || "accepted; it names no owner (a service app)".to_owned(),
            |reader| format!("it is a token of {}", reader.login),
        );
        self.pass(TOKEN, owner);
        let mode = if probe.maps_groups { "group names decide" } else { "profiles of assignments decide" };
        self.pass(APP, format!("{} \"{}\", {}: {mode}", probe.app.id, probe.app.label, probe.app.status));
        let mut unread = Vec::new();
        let mut broken = false;
        for (stage, right) in &probe.lists {
            if let Right::No { why, essential, .. } = right {
                broken |= essential;
                unread.push(format!("{}: {why}", stage.as_str()));
            }
        }
        if unread.is_empty() {
            self.pass(LISTS, "all of it".to_owned());
        } else if broken {
            let hint = "give the token's owner the role Read-only Administrator";
            self.push(LISTS, Outcome::Fail, unread.join("; "), hint);
        } else {
            self.push(LISTS, Outcome::Warn, unread.join("; "), "a sync goes on without these");
        }
        self.proven = proven(&probe, client, at).await?;
        self.probe = Some(probe);
        Ok(())
    }
}

/// What Okta's answers prove of the matrix; what they do not prove is left out.
async fn proven(probe: &Probe, client: &Client, at: Timestamp) -> Result<Vec<(Capability, bool)>, SyncError> {
    let rights = rolebook_connector::rights(client, probe, &BTreeSet::new(), at).await?;
    let proven = rights.rows().filter_map(|(row, standing)| match standing {
        Standing::Yes { .. } => Some((row.into(), true)),
        Standing::No { .. } => Some((row.into(), false)),
        Standing::Unknown { .. } | Standing::Stated { .. } => None,
    });
    Ok(proven.collect())
}

/// A client for settings and token; what is wrong with them is said about a field.
#[expect(clippy::type_complexity, reason = "what, text and hint of one failed check")]
pub(crate) fn client(
    console: &Arc<Console>,
    settings: &Settings,
    token: &str,
    connector: Option<&str>,
    cancel: CancellationToken,
) -> Result<Result<Client, ((&'static str, &'static str), String, &'static str)>, ConsoleError> {
    let domain = match Domain::parse(&settings.domain, console.config.addresses.allow_loopback) {
        Ok((domain, _)) => domain,
        Err(error) => return Ok(Err((DOMAIN, error.to_string(), error.hint()))),
    };
    let token = match ApiToken::new(&Secret::new(token.to_owned())) {
        Ok(token) => token,
        Err(error) => {
            return Ok(Err((
                TOKEN,
                error.to_string(),
                "copy the whole token from Okta, Security > API > Tokens",
            )));
        }
    };
    let origin = domain.origin();
    let mut config = ClientConfig::new(domain, token);
    config.governor = console.orgs.governor(&origin, connector, console)?;
    config.addresses = console.config.addresses.clone();
    config.ca_pem.clone_from(&console.config.ca_pem);
    config.seed = u64::from_ne_bytes(fresh::bytes()?);
    match Client::new(config) {
        Ok(client) => Ok(Ok(client.with_cancellation(cancel))),
        Err(error) => Ok(Err((DOMAIN, error.to_string(), error.hint()))),
    }
}

/// Which AWS app the settings name.
pub(crate) fn choice(settings: &Settings) -> AppChoice {
    match settings.aws_okta_app_id.trim() {
        "" => AppChoice::Find,
        id => AppChoice::Id(id.to_owned()),
    }
}

/// Okta's error code and request id.
fn okta(error: &Error) -> Option<String> {
    let reply = error.reply()?;
    let code = reply.code.as_deref().unwrap_or("no code");
    Some(format!("{} {code}, request {}", reply.status, reply.request_id.as_deref().unwrap_or("unknown")))
}
