//! Flags of the commands that ask a snapshot.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::BoolishValueParser};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::{ConnectionArguments, TableFormat};
use crate::moment;

/// Which snapshots are asked, and how the answer is given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Snapshot and answer")]
pub(crate) struct SnapshotArguments {
    /// Snapshots to ask, separated by commas; a folder stands for the .c1z files in it
    #[arg(short, long, value_name = "FILE", value_delimiter = ',', default_value = "sync.c1z")]
    pub(crate) file: Vec<PathBuf>,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table, value_name = "FORMAT")]
    pub(crate) output: TableFormat,

    /// Warn when a snapshot is older than this, as in 26h or 3d
    #[arg(long, value_name = "DURATION", default_value = "26h", value_parser = age)]
    pub(crate) max_age: SignedDuration,

    /// Where decompressed snapshots are kept for a week, or off [default: rolebook in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// End with exit code 6 when a snapshot is older than --max-age, or what was asked was not read in full
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) strict: bool,
}

/// A day is 24 hours.
fn age(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.parse().map_err(|_| "write it as 26h, 90m or 3d".to_owned())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "write it in weeks, days, hours and minutes".to_owned())
}

/// Whether an archive is asked, and for which moment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The past")]
pub(crate) struct PastArguments {
    /// Answer as of this moment, from the archive: a day (its end, UTC) or a time as in 2026-07-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = moment::end)]
    pub(crate) at: Option<Timestamp>,

    /// With --at, folder of the archive, as rolebook sync --archive fills it
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct WhoArguments {
    /// ACCOUNT/ROLE, with * and ? for any text; the account by number, alias or name
    #[arg(value_name = "ACCOUNT/ROLE", required_unless_present_any = ["account", "role"], conflicts_with_all = ["account", "role"])]
    pub(crate) pattern: Option<String>,

    /// Accounts by number, alias or name, or by a property, as in environment=production
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,

    /// Roles by name, with * and ?
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,

    #[command(flatten)]
    pub(crate) past: PastArguments,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct WhatArguments {
    /// Person, by Okta id, login, e-mail address, name, or a beginning that only one has
    #[arg(value_name = "PERSON", required_unless_present = "group")]
    pub(crate) person: Option<String>,

    /// Group, by Okta id or exact name
    #[arg(long, value_name = "GROUP", conflicts_with = "person")]
    pub(crate) group: Option<String>,

    #[command(flatten)]
    pub(crate) past: PastArguments,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct WhyArguments {
    /// Person, by Okta id, login, e-mail address, name, or a beginning that only one has
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,

    /// ACCOUNT/ROLE, with * and ? for any text
    #[arg(value_name = "ACCOUNT/ROLE")]
    pub(crate) role: String,

    #[command(flatten)]
    pub(crate) past: PastArguments,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LintFilterArguments {
    /// Group filter as Okta holds it; quote it for the shell
    #[arg(value_name = "FILTER", allow_hyphen_values = true)]
    pub(crate) filter: String,

    /// File with one group name per line to try the filter on; - reads stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) names: Option<PathBuf>,

    /// Role value pattern [default: Okta's own]
    #[arg(long, value_name = "PATTERN")]
    pub(crate) role_value_pattern: Option<String>,

    /// Read the filter as Okta might: filter-match=find|full, filter-unescape=true|false
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub(crate) assume: Vec<String>,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table, value_name = "FORMAT")]
    pub(crate) output: TableFormat,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArguments {
    /// Snapshot that counts as before
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// Snapshot that counts as after
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// Snapshot beside which the events lie that tell who made a change [default: NEW, else OLD]
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table, value_name = "FORMAT")]
    pub(crate) output: TableFormat,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct HistoryArguments {
    /// ACCOUNT/ROLE, with * and ? for any text; the account by number, alias or name
    #[arg(value_name = "ACCOUNT/ROLE", required_unless_present_any = ["account", "role"], conflicts_with_all = ["account", "role"])]
    pub(crate) pattern: Option<String>,

    /// Accounts by number, alias or name, or by a property, as in environment=production
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,

    /// Roles by name, with * and ?
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,

    /// Time in question: days, both included, or times as in 2026-07-01T12:00:00Z; either may be left out
    /// [default: all that is archived]
    #[arg(long, value_name = "FROM..TO", value_parser = moment::period)]
    pub(crate) between: Option<(Option<Timestamp>, Option<Timestamp>)>,

    /// Folder of the archive, as rolebook sync --archive fills it
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,

    /// Snapshots beside which events lie, as rolebook sync --sync-events keeps them, separated by commas
    #[arg(short, long, value_name = "FILE", value_delimiter = ',', default_value = "sync.c1z")]
    pub(crate) file: Vec<PathBuf>,

    /// Where decompressed snapshots are kept for a week, or off [default: rolebook in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table, value_name = "FORMAT")]
    pub(crate) output: TableFormat,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FindingsArguments {
    /// End with exit code 6 when a finding of this severity or above stands
    #[arg(long, value_enum, default_value_t = FailOn::Low, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,

    /// What counts as privileged, and findings that somebody has accepted (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) accepted: Option<PathBuf>,

    /// Only findings that this older snapshot does not show
    #[arg(long, value_name = "FILE")]
    pub(crate) new_since: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    /// Never
    Never,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct AssertionArguments {
    /// What to do
    #[arg(value_enum)]
    pub(crate) action: AssertionAction,

    /// predict: a person. check: a file that holds the response, in base64 or XML; - reads stdin
    #[arg(value_name = "PERSON|FILE")]
    pub(crate) subject: String,

    /// check: whose response it is, by Okta id, login or exact name
    #[arg(long = "for", value_name = "PERSON", required_if_eq("action", "check"))]
    pub(crate) person: Option<String>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AssertionAction {
    /// Role values, session name and duration that Okta would send
    Predict,
    /// Compares a real SAML response with the prediction
    Check,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct WhatIfArguments {
    /// Sets a setting of the app: joinAllRoles, useGroupMapping, groupFilter, appFilter, roleValuePattern,
    /// identityProviderArn, status, implicitAssignment, samlRoles.union
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Renames a group
    #[arg(long, num_args = 2, value_names = ["GROUP", "NAME"])]
    pub(crate) rename_group: Vec<String>,

    /// Deletes a group
    #[arg(long, value_name = "GROUP")]
    pub(crate) remove_group: Vec<String>,

    /// Assigns a group to the app
    #[arg(long, value_name = "GROUP")]
    pub(crate) assign_group: Vec<String>,

    /// Assigns a group with these roles, separated by commas, as Okta stores them
    #[arg(long, num_args = 2, value_names = ["GROUP", "ROLES"])]
    pub(crate) group_roles: Vec<String>,

    /// Gives the assignment of a group this priority
    #[arg(long, num_args = 2, value_names = ["GROUP", "NUMBER"])]
    pub(crate) group_priority: Vec<String>,

    /// Takes a group off the app
    #[arg(long, value_name = "GROUP")]
    pub(crate) unassign_group: Vec<String>,

    /// Puts a person into a group
    #[arg(long, num_args = 2, value_names = ["GROUP", "PERSON"])]
    pub(crate) add_to: Vec<String>,

    /// Takes a person out of a group
    #[arg(long, num_args = 2, value_names = ["GROUP", "PERSON"])]
    pub(crate) remove_from: Vec<String>,

    /// Assigns a person individually with these roles, separated by commas, as Okta stores them
    #[arg(long, num_args = 2, value_names = ["PERSON", "ROLES"])]
    pub(crate) assign: Vec<String>,

    /// Removes a person's assignment
    #[arg(long, value_name = "PERSON")]
    pub(crate) unassign: Vec<String>,

    /// Gives a person another Okta status, as in SUSPENDED
    #[arg(long, num_args = 2, value_names = ["PERSON", "STATUS"])]
    pub(crate) person_status: Vec<String>,

    /// Read from Okta what the snapshot does not hold and the answer needs: members of groups, names of groups
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) fetch: bool,

    /// Maximum number of requests with --fetch
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: u64,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,

    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArguments {
    /// How it is written; with --review csv or xlsx
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ExportFormat::Xlsx)]
    pub(crate) format: ExportFormat,

    /// Folder to write into; made when it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Review sheets instead of the whole: one row for each decision
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) review: Option<ReviewArgument>,

    /// With --review, a sheet for each of these
    #[arg(long, value_enum, value_name = "WHO", requires = "review")]
    pub(crate) split_by: Option<SplitArgument>,

    /// With --review, tell which rows this older snapshot does not have
    #[arg(long, value_name = "FILE", requires = "review")]
    pub(crate) since: Option<PathBuf>,

    /// Snapshots to export, separated by commas; a folder stands for the .c1z files in it
    #[arg(short, long, value_name = "FILE", value_delimiter = ',', default_value = "sync.c1z")]
    pub(crate) file: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A file for each table
    Csv,
    /// One workbook
    Xlsx,
    /// One document
    Json,
    /// One page that needs no network
    Html,
    /// BloodHound OpenGraph
    Opengraph,
    /// Small text files for Git
    Git,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReviewArgument {
    GroupMembership,
    AppAssignment,
    OktaRoles,
    AwsRoles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitArgument {
    AccountOwner,
    Manager,
}
