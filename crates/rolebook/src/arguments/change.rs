//! The command line of everything that changes Okta.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::BoolishValueParser};

use super::{ConnectionArguments, SummaryFormat, TokenRoleArgument, duration};

/// What is given or taken; exactly one.
#[derive(Debug, Clone, Args)]
#[group(id = "target", required = true, multiple = false)]
#[command(next_help_heading = "What")]
pub(crate) struct TargetArguments {
    /// An AWS role, as rolebook show roles lists it
    #[arg(long, value_name = "ACCOUNT/ROLE")]
    pub(crate) role: Option<String>,

    /// Membership of a group, by Okta id or exact name
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// An assignment to the AWS app
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true)]
    pub(crate) app: Option<bool>,
}

/// All that can be taken.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What")]
pub(crate) struct AllArguments {
    /// Everything, over every path
    #[arg(long, group = "target", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true)]
    pub(crate) all: Option<bool>,
}

/// How it is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How")]
pub(crate) struct WayArguments {
    /// The group through which a role goes, where several confer it
    #[arg(long, value_name = "GROUP")]
    pub(crate) via: Option<String>,

    /// Assign the person to the app as well: individually, or by this group
    #[arg(long, num_args = 0..=1, value_name = "GROUP")]
    pub(crate) with_app: Option<Option<String>>,

    /// Let an assignment that comes from groups become an individual one
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) allow_group_to_direct_conversion: bool,

    /// What becomes of an assignment that loses its last role
    #[arg(long, value_enum, default_value_t = LastRoleArgument::Keep, value_name = "WHAT")]
    pub(crate) last_role: LastRoleArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LastRoleArgument {
    /// It stays, without roles
    Keep,
    /// It goes too
    Unassign,
    /// It returns to the groups that assign the person
    Group,
}

/// Where names are looked up.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Names and output")]
pub(crate) struct PlaceArguments {
    /// Snapshot that names people, groups and roles
    #[arg(short, long, value_name = "FILE", default_value = "sync.c1z")]
    pub(crate) file: PathBuf,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = SummaryFormat::Text, value_name = "FORMAT")]
    pub(crate) output: SummaryFormat,

    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,

    /// Choose an interpretation where Okta's behaviour is undocumented, as for rolebook sync
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub(crate) assume: Vec<String>,

    /// Admin roles of the token's owner, as for rolebook check: what they do not hold is not tried
    #[arg(long, value_enum, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) token_roles: Vec<TokenRoleArgument>,
}

/// How a write is confirmed and recorded.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Confirmation and record")]
pub(crate) struct WriteArguments {
    /// Do not ask before writing
    #[arg(short = 'y', long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) yes: bool,

    /// The audit [default: audit-ORG.jsonl in rolebook's folder below $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,

    /// How long to wait for another run to finish writing
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(crate) lock_wait: jiff::SignedDuration,

    /// How long Okta may take to show what it accepted
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) verify_wait: jiff::SignedDuration,
}

/// A change in words.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChangeArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    pub(crate) way: WayArguments,
}

/// To whom.
#[derive(Debug, Clone, Args)]
#[group(id = "receiver", required = true, multiple = false)]
#[command(next_help_heading = "To whom")]
pub(crate) struct ToArguments {
    /// A person, by Okta id, login, e-mail address or exact name
    #[arg(long, value_name = "PERSON")]
    pub(crate) to: Option<String>,

    /// A group, by Okta id or exact name
    #[arg(long, value_name = "GROUP")]
    pub(crate) to_group: Option<String>,
}

/// From whom.
#[derive(Debug, Clone, Args)]
#[group(id = "giver", required = true, multiple = false)]
#[command(next_help_heading = "From whom")]
pub(crate) struct FromArguments {
    /// A person, by Okta id, login, e-mail address or exact name
    #[arg(long, value_name = "PERSON")]
    pub(crate) from: Option<String>,

    /// A group, by Okta id or exact name
    #[arg(long, value_name = "GROUP")]
    pub(crate) from_group: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct GrantArguments {
    #[command(flatten)]
    pub(crate) whom: ToArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) write: WriteArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RevokeArguments {
    #[command(flatten)]
    pub(crate) whom: FromArguments,
    #[command(flatten)]
    pub(crate) all: AllArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) write: WriteArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActionArgument {
    Grant,
    Revoke,
}

/// To or from whom.
#[derive(Debug, Clone, Args)]
#[group(id = "principal", required = true, multiple = false)]
#[command(next_help_heading = "To or from whom")]
pub(crate) struct WhomArguments {
    /// A person, by Okta id, login, e-mail address or exact name
    #[arg(long, visible_alias = "from", value_name = "PERSON")]
    pub(crate) to: Option<String>,

    /// A group, by Okta id or exact name
    #[arg(long, visible_alias = "from-group", value_name = "GROUP")]
    pub(crate) to_group: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArguments {
    /// What is planned
    #[arg(value_enum)]
    pub(crate) action: ActionArgument,

    #[command(flatten)]
    pub(crate) whom: WhomArguments,
    #[command(flatten)]
    pub(crate) all: AllArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ApplyArguments {
    /// A plan of rolebook plan -o json, a CSV with the columns action, principal, target, or a review that comes back
    #[arg(value_name = "FILE")]
    pub(crate) changes: PathBuf,

    /// Above this many changes, ask for the number to be typed in
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) max_changes: usize,

    #[command(flatten)]
    pub(crate) write: WriteArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct UndoArguments {
    /// Id of the change, as rolebook audit lists it
    #[arg(value_name = "AUDIT-ID")]
    pub(crate) op: String,

    #[command(flatten)]
    pub(crate) write: WriteArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditView {
    /// Number and hash of the last record, to be kept elsewhere
    Head,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArguments {
    /// What to show; nothing lists the changes
    #[arg(value_enum)]
    pub(crate) view: Option<AuditView>,

    /// Only changes of the last time, as in 7d
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) since: Option<jiff::SignedDuration>,

    /// Check the whole chain
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) verify: bool,

    /// With --verify: prove that the chain still contains this head
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,

    /// The audit [default: the one of the snapshot's org, or the only one there is]
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,

    /// Snapshot whose org is meant
    #[arg(short, long, value_name = "FILE", default_value = "sync.c1z")]
    pub(crate) file: PathBuf,

    /// Output format
    #[arg(short, long, value_enum, default_value_t = SummaryFormat::Text, value_name = "FORMAT")]
    pub(crate) output: SummaryFormat,
}

/// A span of time that may be days or weeks: `7d`, `2w`, or what other times look like.
fn age(text: &str) -> Result<jiff::SignedDuration, String> {
    let days = |number: &str, each: i64| {
        let hours =
            number.trim().parse::<i64>().ok().filter(|number| *number >= 0)?.checked_mul(each * 24)?;
        Some(jiff::SignedDuration::from_secs(hours.checked_mul(3600)?))
    };
    let found = match (text.strip_suffix('d'), text.strip_suffix('w')) {
        (Some(number), _) => days(number, 1),
        (_, Some(number)) => days(number, 7),
        _ => None,
    };
    found.map_or_else(|| duration(text).map_err(|_| "not a time; write 7d, 2h or 30m".to_owned()), Ok)
}
