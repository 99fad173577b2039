//! Trying settings out before they are saved: ordered checks, each saying what it proves and what to do.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rolebook_connector::{Probe, Right, Stage, Standing, SyncError};
use rolebook_federation::Switches;
use rolebook_okta::{CancellationToken, Client, ClientConfig, Domain, Error};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ConsoleError,
    console::Console,
    credential::{KEY, Login, SCOPES, TOKEN, Wrong},
    fresh,
    origin::Origin,
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
    /// AWS apps of the org, where one has to be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<AppChoice>,
}

/// An AWS app to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AppChoice {
    /// Okta's id.
    pub id: String,
    /// Label.
    pub label: String,
    /// Status.
    pub status: String,
}

/// AWS apps of the org, where one has to be chosen.
pub(crate) fn choices(checks: &[Check]) -> &[AppChoice] {
    checks.iter().find(|check| !check.choices.is_empty()).map_or(&[], |check| &check.choices)
}

/// What trying settings out gave.
pub(crate) struct Tried {
    pub(crate) checks: Vec<Check>,
    /// Set when all checks that must pass have.
    pub(crate) probe: Option<Probe>,
    pub(crate) proven: Vec<(Capability, bool)>,
    pub(crate) origin: String,
    /// It was tried with a service app.
    app: bool,
}

impl AppChoice {
    pub(crate) fn of(id: &str, label: &str, status: &str) -> Self {
        Self { id: id.to_owned(), label: crate::run::clean(label), status: status.to_owned() }
    }
}

impl Tried {
    pub(crate) fn passed(&self) -> bool {
        self.probe.is_some() && !self.checks.iter().any(|check| check.outcome == Outcome::Fail)
    }
}

const DOMAIN: (&str, &str) = ("domain", "The domain is an Okta org");
const APP: (&str, &str) = ("aws_okta_app_id", "The AWS app is found");
const LISTS: (&str, &str) = ("api_token", "The token reads what a sync needs");
const APP_LISTS: (&str, &str) = ("service_app.client_id", "The service app reads what a sync needs");
const CUSTOM: (&str, &str) = ("sync_custom_roles", "The token reads custom roles");

/// Tries settings and credential out: up to thirteen requests, none of which writes.
pub(crate) async fn try_out(
    console: &Arc<Console>,
    settings: &Settings,
    login: &Login,
    connector: Option<&str>,
    cancel: CancellationToken,
) -> Result<Tried, ConsoleError> {
    let mut tried = Tried {
        checks: Vec::new(),
        probe: None,
        proven: Vec::new(),
        origin: String::new(),
        app: login.app.is_some(),
    };
    let client = match client(console, settings, login, connector, cancel)? {
        Ok(client) => client,
        Err(Wrong { check, text, hint }) => {
            tried.fail(check, text, hint, None);
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
            let what = if about_token { tried.credential(&error) } else { DOMAIN };
            tried.fail(what, error.to_string(), hint(&error), okta(&error));
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
            let (what, okta, accepted) = match &error {
                SyncError::Essential { source, .. } if source.is_unauthenticated() => {
                    (tried.credential(source), okta(source), false)
                }
                SyncError::Essential { source, .. } => (APP, okta(source), true),
                SyncError::SeesNothing { .. } => (APP_LISTS, None, true),
                _ => (APP, None, true),
            };
            if accepted {
                tried.pass(tried.accepted(), "accepted".to_owned());
            }
            let hint = match &error {
                SyncError::SeveralApps(_) => "choose one of them in the field AWS Okta app ID".to_owned(),
                SyncError::UnknownApp { .. } | SyncError::OtherApp { .. } => {
                    "leave the field empty to let Rolebook find the app".to_owned()
                }
                SyncError::Essential { source, .. } if !accepted => hint(source).to_owned(),
                other => other.hint(),
            };
            tried.fail(what, error.to_string(), &hint, okta);
            if let (SyncError::SeveralApps(apps), Some(last)) = (&error, tried.checks.last_mut()) {
                last.choices =
                    apps.iter().map(|app| AppChoice::of(&app.id, &app.label, &app.status)).collect();
            }
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
        self.checks.push(Check {
            field,
            name,
            outcome,
            text,
            hint: hint.to_owned(),
            okta: None,
            choices: Vec::new(),
        });
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

    /// The check that the credential is one that Okta accepts.
    fn accepted(&self) -> (&'static str, &'static str) {
        if self.app { KEY } else { TOKEN }
    }

    /// The check that the credential reads what it must.
    fn lists(&self) -> (&'static str, &'static str) {
        if self.app { APP_LISTS } else { LISTS }
    }

    /// Which part of the credential Okta turned away.
    fn credential(&self, error: &Error) -> (&'static str, &'static str) {
        match error {
            Error::ScopesNotGranted { .. } => SCOPES,
            refused if refused.is_refused() && self.app => APP_LISTS,
            _ => self.accepted(),
        }
    }

    fn skip_rest(mut self) -> Self {
        for what in [DOMAIN, self.accepted(), APP, self.lists()] {
            if !self.checks.iter().any(|check| check.name == what.1) {
                self.push(what, Outcome::Skip, "not tried".to_owned(), "");
            }
        }
        self
    }

    /// Whoever switches them on means them: a sync that cannot read them ends.
    fn take_custom_roles(&mut self, right: &Right) {
        match right {
            Right::Yes => self.pass(CUSTOM, "they can be read".to_owned()),
            Right::No { why, .. } => {
                let hint = "leave Sync custom roles off, or give a token that may see Okta's roles, as a Super \
                            Administrator's may";
                self.push(CUSTOM, Outcome::Fail, why.clone(), hint);
            }
        }
    }

    async fn take(&mut self, probe: Probe, client: &Client, at: Timestamp) -> Result<(), SyncError> {
        let owner = match (client.service_app(), &probe.reader) {
            (Some(app), _) => {
                format!("it is of the service app {}; granted: {}", app.client_id(), app.scopes().join(" "))
            }
            (None, Some(reader)) => format!("it is a token of {}", reader.login),
            (None, None) => "accepted; it names no owner".to_owned(),
        };
        self.pass(self.accepted(), owner);
        let mode = if probe.maps_groups { "group names decide" } else { "profiles of assignments decide" };
        self.pass(APP, format!("{} \"{}\", {}: {mode}", probe.app.id, probe.app.label, probe.app.status));
        let mut unread = Vec::new();
        let mut broken = false;
        for (stage, right) in &probe.lists {
            if *stage == Stage::CustomRoles {
                self.take_custom_roles(right);
                continue;
            }
            if let Right::No { why, essential, .. } = right {
                broken |= essential;
                unread.push(format!("{}: {why}", stage.as_str()));
            }
        }
        if unread.is_empty() {
            self.pass(self.lists(), "all of it".to_owned());
        } else if broken {
            let hint = if self.app {
                "grant the scopes under the app's Okta API Scopes, and give the app the role Read-only Administrator"
            } else {
                "give the token's owner the role Read-only Administrator"
            };
            self.push(self.lists(), Outcome::Fail, unread.join("; "), hint);
        } else {
            self.push(self.lists(), Outcome::Warn, unread.join("; "), "a sync goes on without these");
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
    let mut proven: Vec<(Capability, bool)> = proven.collect();
    // Without the scope, no admin role lets a service app write.
    let scopes = client.service_app().map(rolebook_okta::ServiceApp::scopes);
    for (row, scope) in [
        (Capability::ProvisionGroups, "okta.groups.manage"),
        (Capability::ProvisionAssignments, "okta.apps.manage"),
    ] {
        if scopes.is_some_and(|scopes| !scopes.iter().any(|known| known == scope)) {
            proven.retain(|(known, _)| *known != row);
            proven.push((row, false));
        }
    }
    Ok(proven)
}

/// What to do about an answer, in the words of the page.
fn hint(error: &Error) -> &'static str {
    match error {
        Error::ScopesNotGranted { .. } => {
            "grant them under the app's Okta API Scopes, or name those that are granted in the field Scopes"
        }
        other => other.hint(),
    }
}

/// A client for settings and credential; what is wrong with them is said about a field. Everything that asks Okta gets
/// its client here, so a credential leaves for the origin that it was entered or sealed for, and for no other.
pub(crate) fn client(
    console: &Arc<Console>,
    settings: &Settings,
    login: &Login,
    connector: Option<&str>,
    cancel: CancellationToken,
) -> Result<Result<Client, Wrong>, ConsoleError> {
    let domain = match Domain::parse(&settings.domain, console.config.addresses.allow_loopback) {
        Ok((domain, _)) => domain,
        Err(error) => {
            return Ok(Err(Wrong { check: DOMAIN, text: error.to_string(), hint: error.hint() }));
        }
    };
    let credential = match login.credential(&console.config.clock) {
        Ok(credential) => credential,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if let Some(wrong) = login.elsewhere(&Origin::of(&domain)) {
        return Ok(Err(wrong));
    }
    let origin = domain.origin();
    let mut config = ClientConfig::new(domain, credential);
    config.governor = console.orgs.governor(&origin, connector, console)?;
    config.addresses = console.config.addresses.clone();
    config.ca_pem.clone_from(&console.config.ca_pem);
    config.seed = u64::from_ne_bytes(fresh::bytes()?);
    match Client::new(config) {
        Ok(client) => Ok(Ok(client.with_cancellation(cancel))),
        Err(error) => Ok(Err(Wrong { check: DOMAIN, text: error.to_string(), hint: error.hint() })),
    }
}

/// Which AWS app the settings name.
pub(crate) fn choice(settings: &Settings) -> rolebook_connector::AppChoice {
    match settings.aws_okta_app_id.trim() {
        "" => rolebook_connector::AppChoice::Find,
        id => rolebook_connector::AppChoice::Id(id.to_owned()),
    }
}

/// Okta's error code and request id.
fn okta(error: &Error) -> Option<String> {
    let reply = error.reply()?;
    let code = reply.code.as_deref().unwrap_or("no code");
    Some(format!("{} {code}, request {}", reply.status, reply.request_id.as_deref().unwrap_or("unknown")))
}
