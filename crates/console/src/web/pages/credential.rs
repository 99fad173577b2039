//! The fields with which a credential is entered: a token, or a service app.

use super::field_error;
use crate::{
    credential::{KEY, SCOPES, ServiceAppEntry, TOKEN},
    operation::connectors::TokenView,
    problem::Problem,
    web::form::Fields,
};

/// What the fields show. Secrets are never among it.
pub(super) struct CredentialForm {
    /// The service app is chosen.
    pub(super) app: bool,
    pub(super) client_id: String,
    pub(super) key_id: String,
    pub(super) scopes: String,
    /// A token is stored: an empty field keeps it.
    pub(super) has_token: bool,
    /// A key is stored: an empty field keeps it.
    pub(super) has_key: bool,
    pub(super) token_error: String,
    pub(super) app_error: String,
    pub(super) client_id_error: String,
    pub(super) key_id_error: String,
    pub(super) scopes_error: String,
    pub(super) key_error: String,
}

impl CredentialForm {
    /// What was typed, else what is stored.
    pub(super) fn new(stored: Option<&TokenView>, typed: Option<&Fields>, problem: Option<&Problem>) -> Self {
        let known = stored.and_then(|token| token.service_app.clone());
        let has_key = known.is_some();
        let app = typed.map_or(has_key, is_app);
        let known = known.unwrap_or_default();
        let text = |name: &str, before: String| {
            typed.filter(|_| app).map_or(before, |fields| fields.get(name).to_owned())
        };
        let error = |field: &str| field_error(problem, field);
        Self {
            app,
            client_id: text("client_id", known.client_id),
            key_id: text("key_id", known.key_id),
            scopes: text("scopes", known.scopes.join(" ")),
            has_token: stored.is_some() && !has_key,
            has_key,
            token_error: error(TOKEN.0),
            app_error: error("service_app"),
            client_id_error: error("service_app.client_id"),
            key_id_error: error("service_app.key_id"),
            scopes_error: error(SCOPES.0),
            key_error: error(KEY.0),
        }
    }
}

fn is_app(fields: &Fields) -> bool {
    fields.get("sign_in_with") == "service-app"
}

/// What was entered: token and service app, of which one.
pub(super) fn entered(fields: &Fields) -> (Option<String>, Option<ServiceAppEntry>) {
    if !is_app(fields) {
        return (Some(fields.get("api_token").to_owned()), None);
    }
    let app = ServiceAppEntry {
        client_id: fields.get("client_id").to_owned(),
        key_id: fields.get("key_id").to_owned(),
        scopes: fields.get("scopes").to_owned(),
        private_key: fields.get("private_key").to_owned(),
    };
    (None, Some(app))
}
