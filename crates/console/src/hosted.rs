//! A connector as the console hosts it: its row with settings, life and schedule read out of it.

use crate::{
    ConsoleError,
    credential::{Login, ServiceAppName},
    life::{Event, Hold, Label, Life, Refusal, Setup},
    origin::Binding,
    report::Report,
    schedule::Schedule,
    settings::{Capability, SecretNote, Settings},
    store::{self, entity::connector, entity::sync},
    vault::Vault,
};
use jiff::Timestamp;
use rolebook_connector::Stage;

/// A connector.
#[derive(Debug, Clone)]
pub(crate) struct Hosted {
    pub(crate) row: connector::Model,
    pub(crate) settings: Settings,
    pub(crate) life: Life,
    pub(crate) schedule: Schedule,
    pub(crate) note: Option<SecretNote>,
}

impl Hosted {
    pub(crate) fn of(row: connector::Model) -> Result<Self, ConsoleError> {
        Ok(Self {
            settings: store::json("connector", &row.settings)?,
            life: store::json("connector", &row.life)?,
            schedule: store::json("connector", &row.schedule)?,
            note: row.secret_note.as_deref().map(|note| store::json("connector", note)).transpose()?,
            row,
        })
    }

    /// The row with everything written back into it.
    pub(crate) fn into_row(mut self) -> connector::Model {
        self.row.settings = store::to_json(&self.settings);
        self.row.life = store::to_json(&self.life);
        self.row.schedule = store::to_json(&self.schedule);
        self.row.secret_note = self.note.as_ref().map(store::to_json);
        self.row
    }

    /// Moves the life on, by this connector's schedule.
    pub(crate) fn apply(&mut self, event: Event, now: Timestamp) -> Result<(), Refusal> {
        self.life.apply(event, now, self.schedule.pace(now))
    }

    /// What a sync showed of the token's rights goes into the matrix.
    pub(crate) fn learn(&mut self, report: &Report) {
        let (Some(note), Some(list)) =
            (&mut self.note, report.lists.iter().find(|list| list.name == Stage::AdminRoles.as_str()))
        else {
            return;
        };
        if list.is_refused() || list.items.is_some() {
            note.learn(Capability::ReviewAdminRoles, list.items.is_some());
        }
    }

    pub(crate) fn label(&self, now: Timestamp) -> Label {
        self.life.label(now, self.schedule.pace(now).interval)
    }

    /// The sentence behind the label; empty when there is nothing to add.
    pub(crate) fn reason(&self, now: Timestamp) -> String {
        let life = &self.life;
        match self.label(now) {
            Label::NotConnected if life.setup == Setup::Incomplete => "set-up is not finished".to_owned(),
            Label::NotConnected => "no sync has brought data yet".to_owned(),
            Label::Paused if life.hold == Hold::Anomaly => {
                "a sync is held because it would remove too much".to_owned()
            }
            Label::Paused => "paused by a person".to_owned(),
            Label::Error => life.failing_since.map(|at| format!("since {}", minute(at))).unwrap_or_default(),
            Label::Retrying => life.next_at.map(|at| format!("next try {}", minute(at))).unwrap_or_default(),
            Label::Stale => {
                life.good_at.map(|at| format!("last good sync {}", minute(at))).unwrap_or_default()
            }
            Label::NeedsAttention => "the last sync has something to look at".to_owned(),
            _ => String::new(),
        }
    }

    /// Opens the stored credential, for the domain and org of the stored settings.
    pub(crate) fn login(&self, vault: &Vault) -> Result<Login, ConsoleError> {
        let sealed = self.row.secret.as_deref().ok_or(ConsoleError::Sealed("there is none"))?;
        self.binding().open(vault, sealed, self.app().cloned())
    }

    /// The service app that signs in, if it is no token.
    pub(crate) fn app(&self) -> Option<&ServiceAppName> {
        self.note.as_ref().and_then(|note| note.app.as_ref())
    }

    /// What the stored credential is sealed for.
    pub(crate) fn binding(&self) -> Binding {
        let kind = if self.app().is_some() { "oauth-key" } else { "api-token" };
        self.bound(kind)
    }

    /// What the second credential, the one that writes, is sealed for.
    pub(crate) fn write_binding(&self, is_key: bool) -> Binding {
        self.bound(if is_key { "write-key" } else { "write-token" })
    }

    fn bound(&self, kind: &str) -> Binding {
        let place = format!("connector/{}/{kind}", self.row.id);
        Binding::new(place, &self.settings.domain, self.row.org_id.as_deref())
    }

    pub(crate) fn report(sync: &sync::Model) -> Report {
        serde_json::from_str(&sync.report).unwrap_or_default()
    }
}

/// A time to the minute, in UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
