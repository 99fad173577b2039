//! What a sync tells while it runs.

/// Lists of the reading plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Org, token owner, app.
    Probe,
    /// App users.
    AppUsers,
    /// Groups assigned to the app.
    AppGroups,
    /// All groups of the org (group mapping mode).
    Groups,
    /// Members of groups.
    Members,
    /// Group rules.
    GroupRules,
    /// The app's user schema (direct mode).
    Schema,
    /// Okta's role catalogue of the app (direct mode).
    Types,
    /// Okta admin roles.
    AdminRoles,
    /// Okta's custom admin roles, resource sets and bindings.
    CustomRoles,
    /// Resolution and writing.
    Seal,
    /// The System Log.
    Events,
}

impl Stage {
    /// Name for people and for the coverage record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::AppUsers => "app-users",
            Self::AppGroups => "app-groups",
            Self::Groups => "groups",
            Self::Members => "members",
            Self::GroupRules => "group-rules",
            Self::Schema => "schema",
            Self::Types => "types",
            Self::AdminRoles => "admin-roles",
            Self::CustomRoles => "custom-roles",
            Self::Seal => "seal",
            Self::Events => "events",
        }
    }
}

/// One step of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A stage begins; `lists` is how many lists it reads, when that is known.
    Begin {
        /// Which.
        stage: Stage,
        /// Lists to read: 1, or the number of groups whose members are read.
        lists: u64,
    },
    /// A page has arrived.
    Page {
        /// Of which stage.
        stage: Stage,
        /// Objects on it.
        items: u64,
    },
    /// One list of the stage was read to its end, or given up.
    ListDone {
        /// Which stage.
        stage: Stage,
    },
    /// The stage is over.
    End {
        /// Which.
        stage: Stage,
        /// Why it was not read, when it was not.
        skipped: Option<String>,
    },
}

/// Receives the events of a sync; called from the task that runs it.
pub trait Progress: Send + Sync {
    /// Takes note of one event.
    fn event(&self, event: Event);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: Event) {}
}
