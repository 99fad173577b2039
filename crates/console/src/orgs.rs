//! One rate governor per Okta org, shared by everything that talks to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rolebook_okta::{Governor, GovernorConfig};

use crate::{ConsoleError, fresh, hub::Hub};

/// The governors of all orgs.
pub(crate) struct Orgs {
    budget: u8,
    hub: Hub,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By org id once it is known, by origin before.
    governors: HashMap<String, Governor>,
    /// Origin → org id: custom domains and plain ones lead to the same org.
    ids: HashMap<String, String>,
    /// Which connectors hear of waits, by governor.
    listeners: HashMap<String, Vec<String>>,
}

impl Orgs {
    pub(crate) fn new(budget: u8, hub: Hub) -> Self {
        Self { budget, hub, state: Mutex::default() }
    }

    /// The governor for an origin such as `https://acme.okta.com`; `connector` will hear of its waits.
    pub(crate) fn governor(
        self: &Orgs,
        origin: &str,
        connector: Option<&str>,
        this: &Arc<crate::console::Console>,
    ) -> Result<Governor, ConsoleError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = state.ids.get(origin).cloned().unwrap_or_else(|| origin.to_owned());
        if let Some(connector) = connector {
            let listeners = state.listeners.entry(key.clone()).or_default();
            if !listeners.iter().any(|known| known == connector) {
                listeners.push(connector.to_owned());
            }
        }
        if let Some(known) = state.governors.get(&key) {
            return Ok(known.clone());
        }
        let mut config = GovernorConfig::default();
        config.rate_budget = self.budget;
        config.seed = u64::from_ne_bytes(fresh::bytes()?);
        let (hub, org, console) = (self.hub.clone(), key.clone(), Arc::downgrade(this));
        config.on_wait = Some(Arc::new(move |waiting| {
            let Some(console) = console.upgrade() else { return };
            for connector in console.orgs.listeners(&org) {
                let seconds = waiting.wait.as_secs().max(1);
                hub.tell(
                    &connector,
                    "wait",
                    serde_json::json!({ "bucket": waiting.bucket.to_string(), "seconds": seconds }),
                );
                if let Some(running) = console.running(&connector) {
                    running.waits(&waiting.bucket.to_string(), seconds);
                }
            }
        }));
        let governor = Governor::new(config);
        state.governors.insert(key, governor.clone());
        Ok(governor)
    }

    /// Learns which org an origin leads to. The first governor of an org stays the one.
    pub(crate) fn learn(&self, origin: &str, org_id: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ids.insert(origin.to_owned(), org_id.to_owned()).as_deref() == Some(org_id) {
            return;
        }
        if let Some(governor) = state.governors.remove(origin) {
            state.governors.entry(org_id.to_owned()).or_insert(governor);
        }
        let moved = state.listeners.remove(origin).unwrap_or_default();
        let listeners = state.listeners.entry(org_id.to_owned()).or_default();
        for connector in moved {
            if !listeners.contains(&connector) {
                listeners.push(connector);
            }
        }
    }

    fn listeners(&self, key: &str) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = state.ids.get(key).map_or(key, String::as_str);
        state.listeners.get(key).cloned().unwrap_or_default()
    }

    /// What each org's buckets were used for, for metrics.
    pub(crate) fn stats(&self) -> Vec<(String, Vec<rolebook_okta::BucketStats>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            state.governors.iter().map(|(org, governor)| (org.clone(), governor.stats())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}
