//! What an org has beside people, groups and apps: settings of tokens and rates, event hooks, admin roles of clients.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Org, Target};
use crate::ids;
use crate::options::Options;
use crate::token::{Token, TokenRole};

/// A token that is not used for so long dies (`P30D`).
const IDLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// Ids of API tokens that were revoked.
    revoked: BTreeSet<String>,
    /// Names and networks that API tokens were given, by id.
    renamed: BTreeMap<String, Map<String, Value>>,
    /// Rate-limit settings that were changed, by name.
    rates: BTreeMap<String, Map<String, Value>>,
    pub(crate) hooks: Vec<Hook>,
    /// Admin roles that service apps were given, by client id.
    clients: BTreeMap<String, TokenRole>,
}

/// An event hook as registered.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) events: Value,
    pub(crate) channel: Value,
    pub(crate) created: Timestamp,
    pub(crate) created_by: String,
}

/// What Okta tells of an API token; never its value.
pub(crate) struct TokenFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) network: Value,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
}

/// The id of an API token's metadata.
pub(crate) fn token_id(token: &Token) -> String {
    ids::derived("00T", &[&token.name])
}

impl Org {
    /// All API tokens that live.
    pub(crate) fn api_tokens(&self, options: &Options) -> Vec<TokenFacts> {
        let own = |token: &Token| !options.tokens.iter().any(|other| other.name == token.name);
        let standard = Token::standard().into_iter().filter(own);
        let tokens = standard.chain(options.tokens.iter().cloned());
        let alive = tokens.filter(|token| !self.is_revoked(token) && !self.has_left(token));
        alive.map(|token| self.facts_of(&token)).collect()
    }

    fn facts_of(&self, token: &Token) -> TokenFacts {
        let id = token_id(token);
        let given = |key: &str| self.control.renamed.get(&id).and_then(|given| given.get(key)).cloned();
        let name = given("name").and_then(|name| name.as_str().map(str::to_owned));
        TokenFacts {
            name: name.unwrap_or_else(|| token.name.clone()),
            user: self.token_owner(token).id,
            network: given("network").unwrap_or_else(|| json!({"connection": "ANYWHERE"})),
            created: self.founded,
            expires: self.now + IDLE,
            id,
        }
    }

    /// Whether the token's life was ended.
    pub(crate) fn is_revoked(&self, token: &Token) -> bool {
        token.scopes.is_none() && self.control.revoked.contains(&token_id(token))
    }

    pub(crate) fn revoke_token(&mut self, facts: &TokenFacts) {
        self.control.revoked.insert(facts.id.clone());
        let target = Target {
            id: facts.id.clone(),
            kind: "Token",
            alternate_id: "unknown".to_owned(),
            display_name: facts.name.clone(),
        };
        self.record("system.api_token.revoke", [Some(target)]);
    }

    pub(crate) fn change_token(&mut self, id: &str, given: Map<String, Value>) {
        self.control.renamed.entry(id.to_owned()).or_default().extend(given);
    }

    /// One of the org's rate-limit settings; none of another name.
    pub(crate) fn rate_setting(&self, name: &str) -> Option<Map<String, Value>> {
        let default = match name {
            "admin-notifications" => json!({"notificationsEnabled": true}),
            "per-client" => json!({"defaultMode": "PREVIEW", "useCaseModeOverrides": {}}),
            "warning-threshold" => json!({"warningThreshold": 90}),
            _ => return None,
        };
        let mut setting = default.as_object().cloned().unwrap_or_default();
        setting.extend(self.control.rates.get(name).cloned().unwrap_or_default());
        Some(setting)
    }

    pub(crate) fn set_rate_setting(&mut self, name: &str, given: Map<String, Value>) {
        self.control.rates.entry(name.to_owned()).or_default().extend(given);
    }

    /// The admin role of a service app: as configured, unless it was given another since.
    pub(crate) fn client_role(&self, client: &str, configured: TokenRole) -> TokenRole {
        self.control.clients.get(client).copied().unwrap_or(configured)
    }

    pub(crate) fn set_client_role(&mut self, client: &str, role: TokenRole) {
        self.control.clients.insert(client.to_owned(), role);
        let target = Target {
            id: client.to_owned(),
            kind: "PublicClientApp",
            alternate_id: client.to_owned(),
            display_name: client.to_owned(),
        };
        self.record("app.oauth2.client.privilege.grant", [Some(target)]);
    }
}
