//! What changed about the app itself since the last sync: its settings, its status, how Okta combines roles. One such
//! change can move everybody's access at once, so it is told before anything else.

use std::collections::BTreeSet;

use rolebook_federation::Union;
use rolebook_ledger::AppRecord;
use serde_json::Value;

/// One change of the app, old and new.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AppChange {
    /// Okta's name of the setting: `groupFilter`, `joinAllRoles`, `status`, `union`, …
    pub setting: String,
    /// What it was; `null` when it was not there.
    pub old: Value,
    /// What it is.
    pub new: Value,
}

/// Every change that access can depend on, by name.
pub(crate) fn app_changes(old: &AppRecord, new: &AppRecord) -> Vec<AppChange> {
    let mut changes = Vec::new();
    let mut compare = |setting: &str, old: Value, new: Value| {
        if old != new {
            changes.push(AppChange { setting: setting.to_owned(), old, new });
        }
    };
    compare("status", old.status.as_str().into(), new.status.as_str().into());
    compare("signOnMode", text(old.sign_on_mode.as_deref()), text(new.sign_on_mode.as_deref()));
    compare("implicitAssignment", old.implicit_assignment.into(), new.implicit_assignment.into());
    // A schema that was not read says nothing about a change.
    if old.union != Union::Unknown && new.union != Union::Unknown {
        compare("union", word(old.union), word(new.union));
    }
    let keys: BTreeSet<&String> = old.settings.keys().chain(new.settings.keys()).collect();
    let at = |app: &AppRecord, key: &str| app.settings.get(key).cloned().unwrap_or_default();
    for key in keys {
        compare(key, at(old, key), at(new, key));
    }
    let fields = |app: &AppRecord| app.sign_on.as_object().cloned().unwrap_or_default();
    let (before, after) = (fields(old), fields(new));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let at = |fields: &serde_json::Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
        compare(&format!("signOn.{key}"), at(&before), at(&after));
    }
    let features =
        |app: &AppRecord| app.features.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    compare("features", features(old), features(new));
    changes
}

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Value::from)
}

fn word(union: Union) -> Value {
    serde_json::to_value(union).unwrap_or_default()
}
