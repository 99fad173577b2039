//! The settings of a connector, and what is known of its token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::credential::ServiceAppName;

/// What the Settings area holds, the token apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// The org's address, as in `acme.okta.com`.
    pub domain: String,
    /// Id of the AWS Account Federation app; empty: the only one is taken.
    pub aws_okta_app_id: String,
    /// Read Okta's custom admin roles, resource sets and who is bound to them.
    pub sync_custom_roles: bool,
    /// Leave secondary e-mail addresses out.
    pub skip_secondary_emails: bool,
    /// Let a grant turn a group assignment into an individual one.
    pub allow_conversion: bool,
    /// What kind of token this is, as somebody says.
    pub stated: TokenKind,
}

/// A kind of token of the capability matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TokenKind {
    /// Nobody said.
    #[default]
    Unknown,
    /// Read-only Administrator.
    ReadOnly,
    /// Read-only, Application and Group Administrator together.
    AppAndGroup,
    /// Super Administrator.
    Super,
}

impl TokenKind {
    /// All kinds with their words.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Unknown, "unknown", "I do not know"),
        (Self::ReadOnly, "read-only", "Read-only Administrator"),
        (Self::AppAndGroup, "app-and-group", "Read-only + Application + Group Administrator"),
        (Self::Super, "super", "Super Administrator"),
    ];

    /// Reads the word of a form.
    #[must_use]
    pub(crate) fn parse(word: &str) -> Self {
        Self::ALL.iter().find(|(_, known, _)| *known == word).map_or(Self::Unknown, |(kind, _, _)| *kind)
    }
}

/// A row of the capability matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Capability {
    /// Who is in which group.
    ReviewGroups,
    /// Put people into groups and take them out.
    ProvisionGroups,
    /// Who is assigned to the app.
    ReviewAssignments,
    /// Assign people to the app and take them off.
    ProvisionAssignments,
    /// Who holds which Okta admin role.
    ReviewAdminRoles,
}

impl Capability {
    /// Rows of the matrix with their words and the kinds of token that reach them.
    pub(crate) const ALL: [(Self, &'static str, [bool; 3]); 5] = [
        (Self::ReviewGroups, "Review group membership", [true, true, true]),
        (Self::ProvisionGroups, "Provision group membership", [false, true, true]),
        (Self::ReviewAssignments, "Review application assignment", [true, true, true]),
        (Self::ProvisionAssignments, "Provision application assignment", [false, true, true]),
        (Self::ReviewAdminRoles, "Review Okta roles", [false, false, true]),
    ];

    /// Whether a kind of token reaches it by the matrix.
    #[must_use]
    pub(crate) fn reached_by(self, kind: TokenKind) -> Option<bool> {
        let column = match kind {
            TokenKind::Unknown => return None,
            TokenKind::ReadOnly => 0,
            TokenKind::AppAndGroup => 1,
            TokenKind::Super => 2,
        };
        Self::ALL.iter().find(|(row, _, _)| *row == self).and_then(|(_, _, reach)| reach.get(column)).copied()
    }
}

impl From<rolebook_connector::Capability> for Capability {
    fn from(row: rolebook_connector::Capability) -> Self {
        use rolebook_connector::Capability as Row;
        match row {
            Row::ReviewMemberships => Self::ReviewGroups,
            Row::ProvisionMemberships => Self::ProvisionGroups,
            Row::ReviewAssignments => Self::ReviewAssignments,
            Row::ProvisionAssignments => Self::ProvisionAssignments,
            Row::ReviewAdminRoles => Self::ReviewAdminRoles,
        }
    }
}

/// What is known of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Known {
    /// Okta answered.
    Yes,
    /// Okta refused, or the service app lacks the scope.
    No,
    /// Somebody said so.
    StatedYes,
    /// Somebody said not.
    StatedNo,
    /// Neither.
    NotProven,
}

impl Known {
    /// Words.
    #[must_use]
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::StatedYes => "stated yes",
            Self::StatedNo => "stated no",
            Self::NotProven => "not proven",
        }
    }

    /// Whether an action that needs it may be offered.
    #[must_use]
    pub(crate) fn allows(self) -> bool {
        !matches!(self, Self::No | Self::StatedNo)
    }
}

/// What is known of the stored credential, none of it secret beyond a token's last four characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretNote {
    /// When it was entered.
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: String,
    /// The last four characters of a token.
    pub ends: String,
    /// The service app whose key it is; nothing for a token.
    #[serde(default)]
    pub app: Option<ServiceAppName>,
    /// Login of the person whose token it is; nothing for a service app.
    pub owner: Option<String>,
    /// What Okta answered when the token was tried, by capability.
    pub proven: Vec<(Capability, bool)>,
    /// Org that it opens.
    pub org_id: String,
}

impl SecretNote {
    /// Okta showed whether the token can do this.
    pub(crate) fn learn(&mut self, capability: Capability, holds: bool) {
        self.proven.retain(|(known, _)| *known != capability);
        self.proven.push((capability, holds));
    }
}

/// One line of the matrix for a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MatrixRow {
    /// Which capability.
    pub capability: Capability,
    /// In words.
    pub text: &'static str,
    /// Whether the three kinds of token of the guide reach it: read-only, with app and group admin, super.
    pub kinds: [bool; 3],
    /// What is known of this connector's token.
    pub known: Known,
}

/// The matrix, with what is known of one token.
#[must_use]
pub(crate) fn matrix(note: Option<&SecretNote>, stated: TokenKind) -> Vec<MatrixRow> {
    Capability::ALL
        .into_iter()
        .map(|(capability, text, kinds)| MatrixRow {
            capability,
            text,
            kinds,
            known: known(note, stated, capability),
        })
        .collect()
}

/// What is known of one capability: what Okta showed goes before what people say.
#[must_use]
pub(crate) fn known(note: Option<&SecretNote>, stated: TokenKind, capability: Capability) -> Known {
    let proven = note.and_then(|note| note.proven.iter().find(|(known, _)| *known == capability));
    match (proven, capability.reached_by(stated)) {
        (Some((_, true)), _) => Known::Yes,
        (Some((_, false)), _) => Known::No,
        (None, Some(true)) if note.is_some() => Known::StatedYes,
        (None, Some(false)) if note.is_some() => Known::StatedNo,
        _ => Known::NotProven,
    }
}
