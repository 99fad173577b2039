//! The command line. Every flag `--x-y` is also `ROLEBOOK_X_Y` in the environment and `x-y` in the configuration
//! file; see `configuration`.

mod change;
mod incremental;
mod questions;
mod serve;

use std::{net::SocketAddr, path::PathBuf};

use crate::version;
use clap::{Args, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};

pub(crate) use change::{
    ActionArgument, ApplyArguments, AuditArguments, AuditView, ChangeArguments, GrantArguments,
    LastRoleArgument, PlaceArguments, PlanArguments, RevokeArguments, UndoArguments, WriteArguments,
};
pub(crate) use incremental::IncrementalArguments;
pub(crate) use questions::*;
pub(crate) use serve::{
    AdminArguments, AdminTask, DoctorArguments, OidcCreate, RunArguments, ServeArguments,
};

/// Who can assume which AWS role through Okta, why, and since when.
#[derive(Debug, Parser)]
#[command(name = "rolebook", version = version::text(), max_term_width = 100, args_override_self = true)]
#[command(
    after_help = "Every flag --x-y is also ROLEBOOK_X_Y in the environment and x-y in rolebook.toml,\n\
    but for those that say what is changed and whose it is.\n\
    Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused by Okta, 5 conflict, 6 held, incomplete or findings,\n    130 and 143 stopped by Ctrl-C and SIGTERM."
)]
pub(crate) struct Cli {
    /// How much to log to stderr, besides progress
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Auto, value_name = "LEVEL")]
    pub(crate) log_level: LogLevel,

    /// Configuration file [default: ./rolebook.toml, then rolebook/rolebook.toml in the user's config folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Named profile of the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Warnings on a terminal, progress lines elsewhere
    Auto,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads the AWS app of an Okta org and seals a snapshot
    Sync(SyncArguments),
    /// Shows who owns the token, which app and mode were found, and what a sync would read and cost
    Check(CheckArguments),
    /// Asks for domain and token, checks them, and writes a configuration: a sync then needs no flag
    Init(InitArguments),
    /// Shows what a snapshot holds
    Show(ShowArguments),
    /// Lists an archive of snapshots, or deletes old snapshots
    Archive(ArchiveArguments),
    /// Grants a role, a membership or the app: shows the plan, asks, writes, verifies
    #[command(
        override_usage = "rolebook grant --role ACCOUNT/ROLE --to PERSON | --to-group GROUP [OPTIONS]\n       \
        rolebook grant --group GROUP --to PERSON [OPTIONS]\n       \
        rolebook grant --app --to PERSON | --to-group GROUP [OPTIONS]"
    )]
    Grant(GrantArguments),
    /// Revokes a role, a membership, the app, or everything: shows the plan, asks, writes, verifies
    #[command(
        override_usage = "rolebook revoke --role ACCOUNT/ROLE --from PERSON | --from-group GROUP [OPTIONS]\n       \
        rolebook revoke --group GROUP --from PERSON [OPTIONS]\n       \
        rolebook revoke --app --from PERSON | --from-group GROUP [OPTIONS]\n       \
        rolebook revoke --all --from PERSON [OPTIONS]"
    )]
    Revoke(RevokeArguments),
    /// Plans a change and writes nothing; -o json is a plan for rolebook apply
    #[command(
        override_usage = "rolebook plan grant --role ACCOUNT/ROLE --to PERSON -o json > plan.json\n       \
        rolebook plan grant|revoke, with the flags of rolebook grant and rolebook revoke"
    )]
    Plan(PlanArguments),
    /// Applies a plan of rolebook plan, or a CSV of changes
    Apply(ApplyArguments),
    /// Takes a change back, unless its object has changed since
    Undo(UndoArguments),
    /// Shows and verifies the record of all changes
    Audit(AuditArguments),
    /// Lists everybody who can assume a role
    Who(WhoArguments),
    /// Lists every role of a person or a group
    What(WhatArguments),
    /// Proves why a person can assume a role, or names the first rule that stops them
    Why(WhyArguments),
    /// Answers yes or no: whether a person can assume a role; exit code 0 for yes, 6 for no or not known
    Can(WhyArguments),
    /// Tells who gained and lost which role between two snapshots, and through which change
    Diff(DiffArguments),
    /// Lists everybody who had a role at any time, from an archive: first and last seen, and what came and went between
    History(HistoryArguments),
    /// Lists what is wrong or soon will be; exit code 6 when there is anything, for pipelines
    Findings(FindingsArguments),
    /// Predicts the SAML assertion of a person, or checks a real one
    Assertion(AssertionArguments),
    /// Tells who would gain and lose which role if something in Okta were changed
    #[command(name = "whatif")]
    WhatIf(WhatIfArguments),
    /// Writes a snapshot as CSV, XLSX, JSON, HTML, BloodHound graph or text tree, or as review sheets
    Export(ExportArguments),
    /// Explains a group filter, and tries it on names, before anybody saves it in Okta
    LintFilter(LintFilterArguments),
    /// Starts the built-in fake Okta with a realistic org, syncs it, and goes on into the console
    Demo(DemoArguments),
    /// Runs the built-in fake Okta as a tool: prints one JSON line and serves until stopped
    FakeOkta(FakeOktaArguments),
    /// Serves the console: hosts connectors, shows in the browser who can assume which role
    Serve(RunArguments),
    /// Administers the console: a one-time link for its administrator, a new vault key, backup, restore
    Admin(AdminArguments),
    /// Checks the console's data folder (the console must be stopped)
    Doctor(DoctorArguments),
}

/// How to reach Okta.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// Okta domain, as in acme.okta.com
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,

    /// File that holds the API token; - reads it from stdin. Else ROLEBOOK_API_TOKEN is taken
    #[arg(long, value_name = "FILE")]
    pub(crate) api_token_file: Option<PathBuf>,

    /// Client id of an OAuth service app, instead of an API token
    #[arg(long, value_name = "ID")]
    pub(crate) oauth_client_id: Option<String>,

    /// File that holds the service app's private key, in PEM or as JWK; - reads it from stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) oauth_private_key_file: Option<PathBuf>,

    /// Id of the key in Okta, when the service app has several
    #[arg(long, value_name = "ID")]
    pub(crate) oauth_key_id: Option<String>,

    /// OAuth scopes to ask for [default: okta.apps.read, okta.groups.read, okta.orgs.read, okta.roles.read,
    /// okta.schemas.read, okta.users.read]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) oauth_scopes: Vec<String>,

    /// Id of the AWS Account Federation app, when the org has several. For rolebook sync it may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) aws_okta_app_id: Vec<String>,

    /// Share of Okta's rate limit to use, in percent of X-Rate-Limit-Limit
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) rate_budget: u8,

    /// Certificate authority to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    #[allow(rustdoc::bare_urls, reason = "the help shows it as it stands")]
    /// Proxy to go through, as in http://proxy.example.com:3128; none disables it. Otherwise HTTPS_PROXY and
    /// NO_PROXY apply
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// File that holds user:password for the proxy; - reads it from stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) proxy_credentials_file: Option<PathBuf>,

    /// Allow a domain that leads into this private network, as in 10.1.0.0/16
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub(crate) allow_address: Vec<ipnet::IpNet>,

    /// Allow localhost, including plain http (for testing)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) allow_loopback: bool,
}

/// What is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is read")]
pub(crate) struct ReadArguments {
    /// Okta admin roles: when the token may, required, or not at all
    #[arg(long, value_enum, default_value_t = AdminRolesArgument::Auto, value_name = "WHEN")]
    pub(crate) sync_okta_roles: AdminRolesArgument,

    /// Read Okta's custom admin roles and resource sets too; takes a Super Administrator's token
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) sync_custom_roles: bool,

    /// Leave secondary e-mail addresses out, from the profile too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) skip_secondary_emails: bool,

    /// Profile attributes to keep: all, or names separated by commas [default: names, login, e-mails, title,
    /// department, organisation, cost centre, manager, employee number, user type]
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true)]
    pub(crate) profile_attributes: String,

    /// In group mapping mode, do not keep the names of groups that play no part
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) no_group_names: bool,

    /// Choose an interpretation where Okta's behaviour is undocumented: filter-match=find|full, filter-unescape=true|false,
    /// join-default-role=only-when-nothing-else|always, join-group-scope=all-groups|profile
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub(crate) assume: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdminRolesArgument {
    Auto,
    On,
    Off,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SyncArguments {
    /// Snapshot to write; a folder (DIR/) gets one file per app, called after its id
    #[arg(short, long, value_name = "FILE", default_value = "sync.c1z")]
    pub(crate) file: PathBuf,

    /// Read every AWS Account Federation app of the org that the token sees; takes a folder as --file
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) all_aws_apps: bool,

    /// Names, owners and tags of AWS accounts: a CSV with a header line (id, name, alias, ou, environment, owner,
    /// your own columns), or the JSON of aws organizations list-accounts
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,

    /// Folder that keeps every sealed snapshot, by org, app and time, with its SHA-256 sum
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,

    /// Keep what Okta's System Log tells of access since the last sync, beside the file: when the token may, required,
    /// or not at all [default: auto with --archive, else off]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) sync_events: Option<SyncEventsArgument>,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = SummaryFormat::Text, value_name = "FORMAT")]
    pub(crate) output: SummaryFormat,

    #[command(flatten)]
    pub(crate) incremental: IncrementalArguments,

    #[command(flatten)]
    pub(crate) guard: GuardArguments,

    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,

    #[command(flatten)]
    pub(crate) read: ReadArguments,
}

/// What stands between a sync and its file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Safety")]
pub(crate) struct GuardArguments {
    /// Accept the held file as is, without asking Okta; a reason must be given
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) accept_loss: bool,

    /// Why a loss is accepted; noted in the audit and beside the file
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    /// With --accept-loss: the audit [default: as for rolebook grant]
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,

    /// Exit with 6 if many more people can assume a role than before; the file is sealed in either case
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) fail_on_gain: bool,

    /// End with 0, not 6, when the token may see less than there is; the file is sealed in either case
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) allow_partial: bool,

    /// Resume an interrupted run only if it is younger than this, as in 30m; 0s starts over
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
    pub(crate) resume_max_age: jiff::SignedDuration,
}

/// A span of time as people write it: `30m`, `2h`, `1h 30m`, or ISO 8601.
fn duration(text: &str) -> Result<jiff::SignedDuration, String> {
    let duration: jiff::SignedDuration =
        text.parse().map_err(|_| "not a time; write 30m, 2h or 1h30m".to_owned())?;
    if duration.is_negative() { Err("a time cannot be negative".into()) } else { Ok(duration) }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    /// Output format
    #[arg(short, long, value_enum, default_value_t = SummaryFormat::Text, value_name = "FORMAT")]
    pub(crate) output: SummaryFormat,

    /// Admin roles of the token's owner, where the token cannot read them itself: shown as stated, not as seen
    #[arg(long, value_enum, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) token_roles: Vec<TokenRoleArgument>,

    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,

    #[command(flatten)]
    pub(crate) read: ReadArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct InitArguments {
    /// Admin roles of the token's owner, where the token cannot read them itself
    #[arg(long, value_enum, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) token_roles: Vec<TokenRoleArgument>,

    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenRoleArgument {
    /// Read-only Administrator
    Ro,
    /// Application Administrator
    App,
    /// Group Administrator
    Group,
    /// Super Administrator
    Super,
}

impl TokenRoleArgument {
    pub(crate) fn stated(self) -> rolebook_connector::StatedRole {
        use rolebook_connector::StatedRole;
        match self {
            Self::Ro => StatedRole::ReadOnly,
            Self::App => StatedRole::App,
            Self::Group => StatedRole::Group,
            Self::Super => StatedRole::Super,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    #[value(alias = "table")]
    Text,
    Json,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArguments {
    /// What to show
    #[arg(value_enum)]
    pub(crate) what: Subject,

    /// Only what concerns this AWS account: id, name, alias, or a pattern as in prod-*. May be repeated
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Vec<String>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// AWS accounts
    Accounts,
    /// Roles and how many people can assume them
    Roles,
    /// Groups and what they confer
    Groups,
    /// People and how they are assigned
    Users,
    /// The AWS app and its settings
    Apps,
    /// Who can assume which role, and through what
    Grants,
    /// What Okta's System Log told of access, as rolebook sync --sync-events kept it
    Events,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    #[value(alias = "text")]
    Table,
    Json,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncEventsArgument {
    Auto,
    On,
    Off,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ArchiveArguments {
    /// What to do
    #[arg(value_enum)]
    pub(crate) action: ArchiveAction,

    /// Folder of the archive, as rolebook sync --archive fills it
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,

    /// Days that prune keeps; the newest snapshot of each app stays in any case
    #[arg(long, value_name = "DAYS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) keep_days: u32,

    /// Only tell what prune would remove
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) dry_run: bool,

    /// Read every file that list shows and compare its SHA-256 sum
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) verify: bool,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table, value_name = "FORMAT")]
    pub(crate) output: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArchiveAction {
    /// Every snapshot, by org, app and age
    List,
    /// Removes snapshots that are too old
    Prune,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArguments {
    /// Snapshot to write
    #[arg(short, long, value_name = "FILE", default_value = "demo.c1z")]
    pub(crate) file: PathBuf,

    /// Go on into the console: on a terminal, always, or not at all
    #[arg(long, value_enum, default_value_t = ServeArgument::Auto, value_name = "WHEN")]
    pub(crate) serve: ServeArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServeArgument {
    Auto,
    On,
    Off,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FakeOktaArguments {
    /// Org to serve: demo (group mapping), demo-direct (assignment profiles), generated (10,000 people, 5,000 groups),
    /// or a YAML file that describes one
    #[arg(long, value_name = "ORG", default_value = "demo")]
    pub(crate) org: String,

    /// Okta's rate limits to keep to
    #[arg(long, value_enum, default_value_t = FakeLimits::Workforce, value_name = "PLAN")]
    pub(crate) rate_limits: FakeLimits,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,

    /// Plain http instead of https
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) http: bool,

    /// Let chosen requests go wrong, as in status=500,path=/api/v1/groups,page=2,count=1. May be repeated; the words
    /// of a rule are in docs/USAGE.md
    #[arg(long, value_name = "RULE")]
    pub(crate) fault: Vec<String>,

    /// File with a list of such rules, in YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,

    /// Seed of rules with chance=PERCENT: the same seed strikes the same requests
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) fault_seed: u64,

    /// Make OAuth service apps, and write their private key here
    #[arg(long, value_name = "FILE")]
    pub(crate) oauth_key_out: Option<PathBuf>,

    /// Where the certificate authority is written (https only)
    #[arg(long, value_name = "FILE", default_value = "fake-okta-ca.pem")]
    pub(crate) ca_out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FakeLimits {
    /// Paid workforce plans
    Workforce,
    /// The free integrator plan
    Integrator,
    /// None: for measuring
    Unlimited,
}
