//! The app's settings on both sides.

use rolebook_ledger::AppRecord;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::hops::union_word;

/// A setting that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SettingChange {
    /// Name as Okta's API has it.
    pub name: String,
    /// Before; absent when it was not set.
    pub old: Option<String>,
    /// Now; absent when it is not set.
    pub new: Option<String>,
}

pub(super) const STATUS: &str = "status";
pub(super) const SIGN_ON_MODE: &str = "signOnMode";
pub(super) const IMPLICIT: &str = "implicitAssignment";
pub(super) const UNION: &str = "samlRoles.union";
const APP: &str = "app";

/// Every setting that differs, by name. A union that one side could not read is no change.
pub(super) fn changes(old: &AppRecord, new: &AppRecord) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    let mut note = |name: &str, old: Option<String>, new: Option<String>| {
        if old != new {
            changes.push(SettingChange { name: name.to_owned(), old, new });
        }
    };
    note(APP, Some(old.id.to_string()), Some(new.id.to_string()));
    note(STATUS, Some(old.status.clone()), Some(new.status.clone()));
    note(SIGN_ON_MODE, old.sign_on_mode.clone(), new.sign_on_mode.clone());
    let flag = |app: &AppRecord| Some(app.implicit_assignment.to_string());
    note(IMPLICIT, flag(old), flag(new));
    let unknown = rolebook_federation::Union::Unknown;
    if old.union != unknown && new.union != unknown {
        let words = |app: &AppRecord| Some(union_word(app.union).to_owned());
        note(UNION, words(old), words(new));
    }
    let keys: std::collections::BTreeSet<&String> = old.settings.keys().chain(new.settings.keys()).collect();
    for key in keys {
        let text = |app: &AppRecord| app.settings.get(key).filter(|value| !value.is_null()).map(words);
        note(key, text(old), text(new));
    }
    changes
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The old app with one setting of the new one.
pub(super) fn with(old: &AppRecord, new: &AppRecord, name: &str) -> AppRecord {
    let mut app = old.clone();
    match name {
        STATUS => app.status.clone_from(&new.status),
        SIGN_ON_MODE => app.sign_on_mode.clone_from(&new.sign_on_mode),
        IMPLICIT => app.implicit_assignment = new.implicit_assignment,
        UNION => app.union = new.union,
        APP => {}
        key => match new.settings.get(key) {
            Some(value) => {
                app.settings.insert(key.to_owned(), value.clone());
            }
            None => {
                app.settings.remove(key);
            }
        },
    }
    app
}
