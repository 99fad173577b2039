//! What Okta tells of an app beside the app: SAML metadata, provisioning, the catalogue, the links of a user.

use serde_json::{Map, Value, json};

use super::{Answer, Asked, apps};
use crate::ids;
use crate::json;
use crate::org::App;
use crate::refusal::Refusal;

/// XML, whatever the client accepts. The fake signs nothing, so there is no certificate in it.
pub(super) fn saml_metadata(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = &apps::find(asked, id)?.app;
    if app.sign_on_mode.as_deref() != Some("SAML_2_0") {
        return Err(Refusal::no_such(id, "AppInstance"));
    }
    let place = format!("{}/app/{}/{id}/sso/saml", asked.base, app.name);
    let service = |binding: &str| {
        format!(
            "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{place}\"/>"
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><md:EntityDescriptor entityID=\"http://www.okta.com/{id}\" \
         xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"><md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:NameIDFormat>\
         urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>{}{}</md:IDPSSODescriptor>\
         </md:EntityDescriptor>",
        service("HTTP-POST"),
        service("HTTP-Redirect")
    );
    let headers = vec![("content-type", "application/xml".to_owned())];
    Ok(Answer { headers, ..Answer::ok(text.into_bytes()) })
}

/// Features and the default connection: refused for an app without provisioning, which an AWS app is. What Okta says
/// of others is not known here.
pub(super) fn provisioning(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = &apps::find(asked, id)?.app;
    if app.features.is_empty() {
        return Err(Refusal::new(400, "E0000024", "Bad request.")
            .because("Provisioning is not supported for this application."));
    }
    Err(Refusal::new(501, "E0000052", "This endpoint has not been implemented."))
}

/// The catalogue's entry of an app that the fake can make.
pub(super) fn catalogue(asked: &Asked<'_>, name: &str) -> Result<Answer, Refusal> {
    let known = App::named("", name.to_owned());
    if !known.is_aws() {
        return Err(Refusal::no_such(name, "CatalogApplication"));
    }
    let mut body = Vec::new();
    json::object(&mut body, |o| {
        o.text("name", name);
        o.text("displayName", &known.label);
        if asked.query.expands("schema") {
            let properties: Map<String, Value> =
                known.settings.iter().map(|(key, value)| (key.clone(), property(key, value))).collect();
            let general = json!({"required": ["awsEnvironmentType"], "properties": properties});
            o.value("_embedded", &json!({"schema": {"definitions": {"general": general}}}));
        }
    });
    Ok(Answer::ok(body))
}

fn property(key: &str, value: &Value) -> Value {
    let kind = match value {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        _ => "string",
    };
    match key {
        "awsEnvironmentType" => json!({"type": kind, "enum": [value]}),
        _ => json!({"type": kind}),
    }
}

/// One link for each app that the user is assigned to, however that came about.
pub(super) fn of_user(asked: &Asked<'_>, user: &str) -> Result<Answer, Refusal> {
    let found = asked.org.find_user(user).and_then(|index| Some((index, asked.org.users.get(index)?)));
    let (index, row) = found.filter(|(_, row)| !row.gone).ok_or_else(|| Refusal::no_such(user, "User"))?;
    let assigned =
        asked.org.apps.iter().filter(|app| app.app.status == "ACTIVE" && app.users.contains_key(&index));
    let mut body = Vec::new();
    json::array(&mut body, assigned.enumerate(), |out, (place, row_of_app)| {
        let app = &row_of_app.app;
        json::object(out, |o| {
            o.text("id", &ids::derived("00u", &[&row.user.id, &app.id]));
            o.text("label", &app.label);
            o.text("linkUrl", &format!("{}/home/{}/{}/272", asked.base, app.name, app.id));
            o.text("logoUrl", &format!("https://ok12static.oktacdn.com/fs/bcg/4/{}.png", app.name));
            o.text("appName", &app.name);
            o.text("appInstanceId", &app.id);
            o.text("appAssignmentId", &ids::derived("0ua", &[&app.id, &row.user.id]));
            o.flag("credentialsSetup", false);
            o.flag("hidden", false);
            o.number("sortOrder", i64::try_from(place).unwrap_or_default());
        });
    });
    Ok(Answer::ok(body))
}
