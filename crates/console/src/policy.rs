//! Who may do what: the only place that decides.
//!
//! Every route names an [`Access`]; a route without one does not compile. The decision looks at the roles a person
//! has and at how they relate to the thing (owner of the connector, owner of its app). Connector Administrators host
//! connectors and never see who has access to AWS: the duties are separate.

use std::{collections::BTreeSet, fmt};

/// A role of the console. They add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything.
    SuperAdministrator,
    /// Connectors, not what they read.
    ConnectorAdministrator,
    /// What belongs to the apps they own.
    ApplicationAdministrator,
    /// Sees everything, changes nothing.
    ReadOnlyAdministrator,
    /// Signs in; finishes what they own.
    BasicUser,
}

impl Role {
    /// All of them, mightiest first.
    pub const ALL: [Self; 5] = [
        Self::SuperAdministrator,
        Self::ConnectorAdministrator,
        Self::ApplicationAdministrator,
        Self::ReadOnlyAdministrator,
        Self::BasicUser,
    ];

    /// The word that is stored and that the API speaks.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "super-administrator",
            Self::ConnectorAdministrator => "connector-administrator",
            Self::ApplicationAdministrator => "application-administrator",
            Self::ReadOnlyAdministrator => "read-only-administrator",
            Self::BasicUser => "basic-user",
        }
    }

    /// The name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "Super Administrator",
            Self::ConnectorAdministrator => "Connector Administrator",
            Self::ApplicationAdministrator => "Application Administrator",
            Self::ReadOnlyAdministrator => "Read-only Administrator",
            Self::BasicUser => "Basic user",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// The roles of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// Reads what is stored: words with commas between. Unknown words give nothing.
    pub(crate) fn parse(stored: &str) -> Self {
        Self(stored.split(',').filter_map(|word| Role::parse(word.trim())).collect())
    }

    pub(crate) fn of(role: Role) -> Self {
        Self([role].into())
    }

    pub(crate) fn stored(&self) -> String {
        self.0.iter().map(|role| role.word()).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }

    /// The roles that a key may use: those of its owner that the key's own role also gives.
    pub(crate) fn narrowed(&self, key: Role) -> Self {
        if self.has(Role::SuperAdministrator) {
            return Self::of(key);
        }
        if self.has(key) { Self::of(key) } else { Self::of(Role::BasicUser) }
    }
}

/// Whether a one-time link of somebody with these roles may be shown to whoever makes it. That of a Super Administrator
/// leaves by mail only, or on the host: else whoever makes it could use it, and be two people.
pub(crate) fn may_hand_out_link(roles: &Roles) -> bool {
    !roles.has(Role::SuperAdministrator)
}

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Action {
    ListConnectors,
    AddConnector,
    ReadConnector,
    ConfigureConnector,
    OwnConnector,
    RunConnector,
    ConfirmHold,
    DeleteConnector,
    ReadLogs,
    DownloadSnapshot,
    ListApps,
    PromoteApp,
    DiscoverApps,
    DiscoverByDomain,
    SeeOrgs,
    ConfirmOrg,
    SeeAccess,
    AcceptFinding,
    ManageWebhooks,
    ChangeRetention,
    ChangeSecondPerson,
    ExportReview,
    PickUsers,
    SeeUsers,
    ChangeUsers,
    SeeAudit,
    SeeSettings,
    SwitchProvisioning,
    SeePlans,
    ChangeAccess,
}

/// How somebody relates to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Relation {
    /// Owns it (or, where no connector is named, owns one).
    pub(crate) owner: bool,
    /// Owns the app it belongs to (or one).
    pub(crate) app_owner: bool,
    /// Nobody owns it.
    pub(crate) ownerless: bool,
}

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// To be somebody.
    SignedIn,
    /// The right, over everything or over what one owns.
    May(Action),
    /// The right over the connector that the path names as `{id}`.
    Connector(Action),
}

/// The roles that may, whatever they own.
pub(crate) fn roles_for(action: Action) -> &'static [Role] {
    use Role::{
        ApplicationAdministrator as AA, ConnectorAdministrator as CA, ReadOnlyAdministrator as RO,
        SuperAdministrator as SA,
    };
    match action {
        Action::ListConnectors => &[SA, CA, AA, RO],
        Action::ReadConnector | Action::ReadLogs => &[SA, CA, RO],
        Action::AddConnector
        | Action::ConfigureConnector
        | Action::OwnConnector
        | Action::RunConnector
        | Action::ConfirmHold
        | Action::DeleteConnector
        | Action::DiscoverApps
        | Action::DiscoverByDomain
        | Action::PickUsers => &[SA, CA],
        Action::ListApps => &[SA, CA, AA, RO],
        Action::SeeOrgs => &[SA, CA, RO],
        Action::PromoteApp
        | Action::ConfirmOrg
        | Action::ChangeUsers
        | Action::AcceptFinding
        | Action::ManageWebhooks
        | Action::ChangeRetention
        | Action::ChangeSecondPerson
        | Action::SwitchProvisioning
        | Action::ChangeAccess => &[SA],
        Action::DownloadSnapshot
        | Action::SeeAccess
        | Action::ExportReview
        | Action::SeeUsers
        | Action::SeeAudit
        | Action::SeePlans
        | Action::SeeSettings => &[SA, RO],
    }
}

/// Decides. `relation` is about the connector that is named, or about any one where none is.
pub(crate) fn may(roles: &Roles, relation: Relation, action: Action) -> bool {
    if roles_for(action).iter().any(|role| roles.has(*role)) {
        return true;
    }
    let own_app = relation.app_owner && roles.has(Role::ApplicationAdministrator);
    match action {
        Action::ReadConnector | Action::ReadLogs | Action::ConfigureConnector | Action::RunConnector => {
            relation.owner || own_app
        }
        Action::ListConnectors | Action::ConfirmHold => relation.owner,
        // The door only: with the token of which connector is asked as `ConfigureConnector`.
        Action::DiscoverApps => relation.owner || own_app,
        Action::OwnConnector => own_app && relation.ownerless,
        Action::SeeAccess => own_app,
        _ => false,
    }
}

/// Who may, in words for the one who may not.
pub(crate) fn who_may(action: Action) -> String {
    let roles: Vec<&str> = roles_for(action).iter().map(|role| role.title()).collect();
    let owner = matches!(
        action,
        Action::ListConnectors
            | Action::ReadConnector
            | Action::ReadLogs
            | Action::ConfigureConnector
            | Action::RunConnector
            | Action::ConfirmHold
            | Action::DiscoverApps
    );
    let owner = if owner { ", or being an owner of the connector" } else { "" };
    format!("this needs the role {}{owner}", roles.join(" or "))
}
