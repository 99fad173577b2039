//! What a sync leaves in the history.

use rolebook_connector::{Counts, ErrorKind, Summary, SyncError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The report of one sync.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Report {
    /// How much there is, after a sync that read everything.
    pub counts: Option<Numbers>,
    /// How much there was in the sync before.
    pub before: Option<Numbers>,
    /// Requests sent to Okta.
    pub requests: u64,
    /// Size of the snapshot in bytes.
    pub bytes: u64,
    /// What the reader should know.
    pub warnings: Vec<Note>,
    /// Why the label says that it needs attention.
    pub attention: Vec<String>,
    /// What would have vanished, when it was put aside.
    pub losses: Vec<String>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Lists of the reading plan: items, or why they were not read.
    pub lists: Vec<List>,
    /// Whose token read it.
    pub reader: Option<String>,
    /// When its snapshot was removed for its age.
    #[schema(value_type = Option<String>)]
    pub removed_at: Option<jiff::Timestamp>,
    /// The app's `lastUpdated`, to tell later whether its settings have changed.
    pub app_updated: Option<String>,
}

/// A list of the reading plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct List {
    /// Which.
    pub name: String,
    /// Objects in it; nothing when it was not read.
    pub items: Option<u64>,
    /// Why it was not read.
    pub why: Option<String>,
}

impl List {
    /// Okta did not let the token read it.
    pub(crate) fn is_refused(&self) -> bool {
        self.why.as_ref().is_some_and(|why| why.starts_with("not permitted"))
    }
}

/// A warning with its count and a few samples.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Note {
    /// Stable name.
    pub code: String,
    /// Words.
    pub text: String,
    /// How often.
    pub count: u64,
    /// A few of those it is about.
    pub samples: Vec<String>,
}

/// Numbers of one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Numbers {
    pub accounts: usize,
    pub roles: usize,
    pub groups: usize,
    pub people: usize,
    pub assigned: usize,
    pub grants: usize,
    pub admin_roles: usize,
}

/// Why a sync failed: what, what to do, and Okta's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Failure {
    /// `transient` or `config`.
    pub class: String,
    /// What happened, and why.
    pub text: String,
    /// What to do.
    pub hint: String,
    /// Okta's error code.
    pub okta_code: Option<String>,
    /// Okta's request id, for its support.
    pub okta_request: Option<String>,
}

impl Numbers {
    /// Adds what another connector read.
    pub(crate) fn add(&mut self, other: &Self) {
        self.accounts += other.accounts;
        self.roles += other.roles;
        self.groups += other.groups;
        self.people += other.people;
        self.assigned += other.assigned;
        self.grants += other.grants;
        self.admin_roles += other.admin_roles;
    }
}

impl From<&Counts> for Numbers {
    fn from(counts: &Counts) -> Self {
        Self {
            accounts: counts.accounts,
            roles: counts.roles,
            groups: counts.groups,
            people: counts.users,
            assigned: counts.assigned,
            grants: counts.grants,
            admin_roles: counts.admin_roles,
        }
    }
}

impl Report {
    /// The report of a sync that sealed a snapshot.
    #[must_use]
    pub(crate) fn of(summary: &Summary, before: Option<Numbers>) -> Self {
        let counts = Numbers::from(&summary.counts);
        let mut attention = Vec::new();
        if counts.people == 0 {
            attention.push("the sync read no people: the token may see nothing of this org".to_owned());
        } else if counts.grants == 0 {
            attention.push("nobody can assume any role through this app".to_owned());
        }
        attention.extend(summary.coverage.partial.iter().cloned());
        Self {
            counts: Some(counts),
            before,
            requests: summary.requests,
            bytes: summary.sealed.bytes,
            warnings: summary
                .warnings
                .iter()
                .map(|warning| Note {
                    code: warning.code.to_owned(),
                    text: warning.text.clone(),
                    count: warning.count,
                    samples: warning.samples.clone(),
                })
                .collect(),
            attention,
            losses: summary.held.as_ref().map(|held| held.reasons.clone()).unwrap_or_default(),
            error: None,
            removed_at: None,
            lists: lists(&summary.coverage),
            reader: summary.coverage.reader.as_ref().map(|reader| reader.login.clone()),
            app_updated: summary.app.last_updated.map(|at| at.to_string()),
        }
    }

    /// Lists that an earlier sync read and that Okta refused to this one.
    pub(crate) fn refused_since<'a>(&'a self, earlier: &Self) -> Vec<&'a List> {
        let read = |name: &str| earlier.lists.iter().any(|list| list.name == name && list.items.is_some());
        self.lists.iter().filter(|list| list.is_refused() && read(&list.name)).collect()
    }

    /// The report of a sync that failed.
    #[must_use]
    pub(crate) fn failed(failure: Failure) -> Self {
        Self { error: Some(failure), ..Self::default() }
    }
}

fn lists(coverage: &rolebook_ledger::Coverage) -> Vec<List> {
    use rolebook_ledger::ListCoverage::{Full, Not};
    coverage
        .lists
        .iter()
        .map(|(name, read)| match read {
            Full { items } => List { name: name.clone(), items: Some(*items), why: None },
            Not { why } => List { name: name.clone(), items: None, why: Some(why.clone()) },
        })
        .collect()
}

/// What happened; files of the data folder mean nothing to whoever reads it in a browser.
fn said(error: &SyncError) -> String {
    match error {
        SyncError::OtherOwner { what, theirs, ours, .. } => {
            format!("the connector is of {what} {theirs}, and domain, token and app lead to {ours}")
        }
        other => other.to_string(),
    }
}

/// What to do in the console, where the error itself names a flag of the command line.
fn hint(error: &SyncError) -> String {
    match error {
        SyncError::OtherOwner { what: "org", .. } => {
            "enter the domain and a token of the connector's org, or add another connector for the other org"
                .to_owned()
        }
        SyncError::OtherOwner { .. } => {
            "enter the AWS Okta app ID that it had, or add another connector for the other app".to_owned()
        }
        SyncError::SeveralApps(_) => "choose one of them in the field AWS Okta app ID".to_owned(),
        SyncError::UnknownApp { .. } => {
            "leave the field AWS Okta app ID empty to let Rolebook find the app".to_owned()
        }
        SyncError::OtherApp { name, .. } if name != "amazon_aws_sso" => {
            "leave the field AWS Okta app ID empty to let Rolebook find the app".to_owned()
        }
        SyncError::Held { .. } => "wait until the other run is done".to_owned(),
        SyncError::Beside { .. } => "make room in the data folder, and see that it can be written".to_owned(),
        other => other.hint(),
    }
}

impl From<&SyncError> for Failure {
    fn from(error: &SyncError) -> Self {
        let reply = match error {
            SyncError::Essential { source, .. } => source.reply(),
            _ => None,
        };
        let transient = match error {
            SyncError::Essential { source, .. } => source.is_transient(),
            SyncError::Snapshot(_) | SyncError::Beside { .. } | SyncError::Held { .. } => true,
            _ => error.kind() == ErrorKind::Failed && !matches!(error, SyncError::Rules(_)),
        };
        Self {
            class: if transient { "transient" } else { "config" }.to_owned(),
            text: said(error),
            hint: hint(error),
            okta_code: reply.and_then(|reply| reply.code.clone()),
            okta_request: reply.and_then(|reply| reply.request_id.clone()),
        }
    }
}
