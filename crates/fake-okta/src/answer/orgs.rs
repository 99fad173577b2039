//! The org itself.

use super::{Answer, Asked};
use crate::json;

pub(super) fn well_known(asked: &Asked<'_>) -> Answer {
    let mut body = Vec::new();
    json::object(&mut body, |o| {
        o.text("id", &asked.org.id);
        o.text("cell", "ok12");
        o.text("pipeline", "idx");
        o.object("_links", |o| o.link("organization", format_args!("{}", asked.base)));
        o.value(
            "settings",
            &serde_json::json!({"analyticsCollectionEnabled": false, "bugReportingEnabled": true}),
        );
    });
    Answer::ok(body)
}

pub(super) fn org(asked: &Asked<'_>) -> Answer {
    let org = asked.org;
    let root = asked.root();
    let mut body = Vec::new();
    json::object(&mut body, |o| {
        o.text("id", &org.id);
        o.text("subdomain", &org.subdomain);
        o.text("companyName", &org.company);
        o.text("status", "ACTIVE");
        o.text("website", &format!("https://www.{}.test", org.subdomain));
        for key in [
            "address1",
            "address2",
            "city",
            "state",
            "country",
            "postalCode",
            "phoneNumber",
            "supportPhoneNumber",
            "endUserSupportHelpURL",
            "expiresAt",
        ] {
            o.null(key);
        }
        o.time("created", org.founded);
        o.time("lastUpdated", org.founded);
        o.object("_links", |o| {
            o.link("preferences", format_args!("{root}/org/preferences"));
            o.link("contacts", format_args!("{root}/org/contacts"));
            o.link("oktaSupport", format_args!("{root}/org/privacy/oktaSupport"));
            o.link("logo", format_args!("{root}/org/logo"));
        });
    });
    Answer::ok(body)
}
