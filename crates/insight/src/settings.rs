//! The app's settings as evidence shows them.

use rolebook_federation::Union;
use rolebook_ledger::AppRecord;
use serde_json::Value;

use crate::hops::union_word;

/// Every setting in force, by name: those that access depends on and the others, without credentials, which a
/// snapshot never holds.
pub(crate) fn settings_in_force(app: &AppRecord) -> Vec<(String, String)> {
    let mut settings = vec![
        ("status".to_owned(), app.status.clone()),
        ("signOnMode".to_owned(), app.sign_on_mode.clone().unwrap_or_else(|| "none".to_owned())),
        ("implicitAssignment".to_owned(), app.implicit_assignment.to_string()),
    ];
    // Read only where it matters.
    let maps = app.settings.get("useGroupMapping").and_then(Value::as_bool) == Some(true);
    if !maps || app.union != Union::Unknown {
        settings.push(("samlRoles.union".to_owned(), union_word(app.union).to_owned()));
    }
    for (name, value) in &app.settings {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        settings.push((name.clone(), text));
    }
    settings
}
