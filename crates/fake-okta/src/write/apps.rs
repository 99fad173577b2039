//! Apps, their life and their schema.

use serde_json::{Map, Value};

use super::{Writing, empty_object, no_content};
use crate::answer::Answer;
use crate::org::App;
use crate::refusal::Refusal;
use crate::route::Route;

/// A new app gets the sign-on mode of a password app unless it asks for SAML, as recorded for `amazon_aws`.
pub(super) fn create(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let name = writing.required("/name")?;
    let label = writing.required("/label")?;
    if writing.org.apps.iter().any(|row| row.app.label == label) {
        let cause = "label: An application with this label already exists";
        return Err(Refusal::new(
            400,
            "E0000040",
            "Application label must not be the same as another existing application label.",
        )
        .because(cause));
    }
    let id = writing.org.ids.next("0oa");
    let app = App::named(&id, name);
    let active = writing.query.get("activate") != Some("false");
    let mode = writing.text("/signOnMode").unwrap_or_else(|| "BROWSER_PLUGIN".to_owned());
    let mut app =
        app.label(label).sign_on_mode(Some(&mode)).status(if active { "ACTIVE" } else { "INACTIVE" });
    app.settings.extend(writing.object("/settings/app").unwrap_or_default());
    app.sign_on.extend(writing.object("/settings/signOn").unwrap_or_default());
    writing.org.put_app(app);
    writing.shown(Route::App(&id))
}

/// A full replacement: settings that are not sent go back to what a fresh app has.
pub(super) fn replace(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    writing.app(id)?;
    let label = writing.required("/label")?;
    let sent = writing.object("/settings/app").unwrap_or_default();
    let sign_on = writing.object("/settings/signOn").unwrap_or_default();
    let implicit = writing.body.pointer("/settings/implicitAssignment").and_then(Value::as_bool);
    writing.org.change_app(id, |app| {
        let mut settings = if app.is_aws() { App::aws("").settings } else { Map::new() };
        settings.extend(sent);
        App { settings, sign_on, implicit_assignment: implicit, label, ..app }
    });
    writing.shown(Route::App(id))
}

pub(super) fn delete(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let index = writing.app(id)?;
    if writing.org.apps.get(index).is_some_and(|row| row.app.status == "ACTIVE") {
        return Err(Refusal::new(403, "E0000056", "Delete application forbidden.")
            .because("The application must be deactivated before it can be deleted"));
    }
    writing.org.remove_app(id);
    Ok(no_content())
}

pub(super) fn lifecycle(writing: &mut Writing<'_>, id: &str, action: &str) -> Result<Answer, Refusal> {
    writing.app(id)?;
    let status = match action {
        "activate" => "ACTIVE",
        "deactivate" => "INACTIVE",
        _ => return Err(Refusal::no_such_path()),
    };
    writing.org.change_app(id, |app| app.status(status));
    Ok(empty_object(200))
}

/// A partial update of the custom properties; `null` deletes one. Base properties, and so `union` of `samlRoles`,
/// cannot be changed through the API.
pub(super) fn update_schema(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let index = writing.app(id)?;
    if writing.body.pointer("/definitions/base").is_some() {
        return Err(Refusal::invalid("base", "base: Base properties cannot be modified"));
    }
    let sent = writing.object("/definitions/custom/properties").unwrap_or_default();
    let custom = writing.org.apps.get(index).map(|row| row.app.custom_properties.clone());
    let mut custom = custom.unwrap_or_default();
    for (key, property) in sent {
        if property.is_null() {
            custom.remove(&key);
        } else {
            custom.insert(key, property);
        }
    }
    writing.org.change_app(id, |app| App { custom_properties: custom, ..app });
    writing.shown(Route::Schema(id))
}
