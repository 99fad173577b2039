//! An entry of the System Log.

use serde_json::json;

use crate::json::{Object, object};
use crate::org::{Event, Target};

pub(crate) fn write(out: &mut Vec<u8>, event: &Event) {
    object(out, |o| {
        o.object("actor", |o| party(o, &event.actor));
        o.value(
            "client",
            &json!({"userAgent": null, "zone": "null", "device": "Unknown", "id": null, "ipAddress": null,
                "geographicalContext": null}),
        );
        o.null("device");
        o.value(
            "authenticationContext",
            &json!({"authenticationProvider": null, "credentialProvider": null,
            "credentialType": null, "issuer": null, "interface": null, "authenticationStep": 0,
            "externalSessionId": "unknown"}),
        );
        o.text("displayMessage", message(event.kind));
        o.text("eventType", event.kind);
        o.value("outcome", &json!({"result": "SUCCESS", "reason": null}));
        o.time("published", event.published);
        o.value(
            "securityContext",
            &json!({"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null}),
        );
        o.text("severity", "INFO");
        let debug = match event.request_id.as_str() {
            "" => json!({}),
            id => json!({ "requestId": id }),
        };
        o.value("debugContext", &json!({ "debugData": debug }));
        o.null("legacyEventType");
        o.object("transaction", |o| {
            o.text("type", "WEB");
            let own = event.uuid.get(..23).unwrap_or_default();
            o.text("id", if event.request_id.is_empty() { own } else { &event.request_id });
            o.value("detail", &json!({}));
        });
        o.text("uuid", &event.uuid);
        o.text("version", "0");
        o.value("request", &json!({"ipChain": []}));
        o.array("target", &event.targets, |out, target| object(out, |o| party(o, target)));
    });
}

fn party(o: &mut Object<'_>, party: &Target) {
    o.text("id", &party.id);
    o.text("type", party.kind);
    o.text("alternateId", &party.alternate_id);
    o.text("displayName", &party.display_name);
    o.null("detailEntry");
}

/// What people read; only the event type is a contract.
fn message(kind: &str) -> &str {
    match kind {
        "group.user_membership.add" => "Add user to group membership",
        "group.user_membership.remove" => "Remove user from group membership",
        "group.lifecycle.create" => "Create Okta group",
        "group.lifecycle.delete" => "Delete Okta group",
        "group.application_assignment.add" => "Add assigned application to group",
        "group.application_assignment.remove" => "Remove assigned application from group",
        "group.application_assignment.update" => "Update assigned application of group",
        "application.user_membership.add" => "Add user to application membership",
        "application.user_membership.remove" => "Remove user's application membership",
        "application.user_membership.update" => "Update user's application membership",
        "user.lifecycle.create" => "Create Okta user",
        "user.lifecycle.activate" => "Activate Okta user",
        "user.lifecycle.deactivate" => "Deactivate Okta user",
        "user.lifecycle.suspend" => "Suspend Okta user",
        "user.account.privilege.grant" => "Grant user privilege",
        "user.account.privilege.revoke" => "Revoke user privilege",
        "group.privilege.grant" => "Grant group privilege",
        "group.privilege.revoke" => "Revoke group privilege",
        other => other,
    }
}
