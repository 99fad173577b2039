//! The rows of a sync as Baton sees them, in shapes that assertions read well in.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_snapshot::proto::{Entitlement, Grant, GrantImmutable, GrantMetadata, Resource};
use rolebook_snapshot::{Error, GrantFilter, SyncRows, annotation, json, prost::Message};
use serde_json::Value;

/// Everything a sync holds, by id.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) types: BTreeSet<String>,
    pub(crate) resources: BTreeMap<(String, String), Resource>,
    pub(crate) entitlements: BTreeMap<String, Entitlement>,
    pub(crate) grants: BTreeMap<String, Grant>,
    pub(crate) expandable: usize,
    /// The rows as bytes, in file order: equal means equal to the last bit.
    pub(crate) encoded: Vec<Vec<u8>>,
}

impl Rows {
    pub(crate) fn read(rows: &SyncRows<'_>) -> Self {
        let mut all = Self::default();
        rows.resource_types(|kind| {
            all.encoded.push(kind.encode_to_vec());
            assert!(all.types.insert(kind.id), "a type twice");
            Ok::<_, Error>(())
        })
        .unwrap();
        rows.resources(None, |resource| {
            all.encoded.push(resource.encode_to_vec());
            let id = resource.id.clone().unwrap();
            let before = all.resources.insert((id.resource_type, id.resource), resource);
            assert!(before.is_none(), "a resource twice");
            Ok::<_, Error>(())
        })
        .unwrap();
        rows.entitlements(None, |entitlement| {
            all.encoded.push(entitlement.encode_to_vec());
            assert!(all.entitlements.insert(entitlement.id.clone(), entitlement).is_none());
            Ok::<_, Error>(())
        })
        .unwrap();
        rows.grants(GrantFilter::All, |row| {
            all.expandable += usize::from(row.expandable()?.is_some());
            all.encoded.push(row.data.to_vec());
            assert!(all.grants.insert(row.external_id.to_owned(), row.grant()?).is_none());
            Ok::<_, Error>(())
        })
        .unwrap();
        all.hold_together();
        all
    }

    /// What holds for every file: types are declared, grants point at rows that are there, nothing is expandable.
    fn hold_together(&self) {
        assert!(
            ["account", "app", "group", "role", "user"].iter().all(|kind| self.types.contains(*kind)),
            "every declared type has its row: {:?}",
            self.types
        );
        assert_eq!(self.expandable, 0, "nothing is left to expansion");
        for (kind, _) in self.resources.keys() {
            assert!(self.types.contains(kind), "{kind}");
        }
        for (id, grant) in &self.grants {
            let entitlement = &grant.entitlement.as_ref().unwrap().id;
            assert!(self.entitlements.contains_key(entitlement), "{id}: no entitlement {entitlement}");
            let principal = grant.principal.as_ref().unwrap().id.clone().unwrap();
            assert!(
                self.resources.contains_key(&(principal.resource_type, principal.resource)),
                "{id}: no principal"
            );
            for source in grant.sources.iter().flat_map(|sources| sources.sources.keys()) {
                assert!(self.entitlements.contains_key(source), "{id}: no source {source}");
            }
        }
    }

    /// Ids of the resources of a type, ascending.
    pub(crate) fn ids(&self, kind: &str) -> Vec<&str> {
        self.resources.keys().filter(|(of, _)| of == kind).map(|(_, id)| id.as_str()).collect()
    }

    /// Entitlements of a type's resources, without the type: `111122223333:Admin`.
    pub(crate) fn entitlements_of(&self, kind: &str) -> Vec<&str> {
        let prefix = format!("{kind}:");
        self.entitlements.keys().filter_map(|id| id.strip_prefix(&prefix)).collect()
    }

    /// Holders of an entitlement as `user:00uA`, ascending.
    pub(crate) fn holders(&self, entitlement: &str) -> Vec<String> {
        let of = self.grants.values().filter(|grant| grant.entitlement.as_ref().unwrap().id == entitlement);
        let mut holders: Vec<String> = of
            .map(|grant| grant.principal.as_ref().unwrap().id.as_ref().unwrap())
            .map(|id| format!("{}:{}", id.resource_type, id.resource))
            .collect();
        holders.sort();
        holders
    }

    /// Account roles of a principal as `111122223333:Admin`, ascending.
    pub(crate) fn roles(&self, kind: &str, id: &str) -> Vec<&str> {
        let suffix = format!(":{kind}:{id}");
        let of = |grant: &str| grant.ends_with(&suffix);
        self.grants
            .iter()
            .filter(|(id, _)| of(id))
            .filter_map(|(_, grant)| grant.entitlement.as_ref().unwrap().id.strip_prefix("account:"))
            .collect()
    }

    pub(crate) fn user_roles(&self, user: &str) -> Vec<&str> {
        self.roles("user", user)
    }

    pub(crate) fn group_roles(&self, group: &str) -> Vec<&str> {
        self.roles("group", group)
    }

    /// `account:111122223333:Admin:user:00uA` and the like.
    pub(crate) fn grant(&self, id: &str) -> &Grant {
        self.grants.get(id).unwrap_or_else(|| panic!("no grant {id} among {:?}", self.grants.keys()))
    }

    /// Entitlements that explain a grant.
    pub(crate) fn sources(&self, id: &str) -> Vec<&str> {
        let sources = self.grant(id).sources.as_ref();
        let sources: BTreeMap<&str, bool> = sources
            .iter()
            .flat_map(|sources| &sources.sources)
            .map(|(entitlement, source)| (entitlement.as_str(), source.is_direct))
            .collect();
        assert!(sources.values().all(|direct| *direct), "{id}");
        sources.into_keys().collect()
    }

    /// One entry of a grant's metadata; null when absent.
    pub(crate) fn metadata(&self, id: &str, key: &str) -> Value {
        let found: Option<GrantMetadata> = annotation::find(&self.grant(id).annotations).unwrap();
        let object = found.and_then(|metadata| metadata.metadata).map(|object| json::from_struct(&object));
        object.and_then(|object| object.get(key).cloned()).unwrap_or_default()
    }

    pub(crate) fn is_immutable(&self, id: &str) -> bool {
        annotation::has::<GrantImmutable>(&self.grant(id).annotations)
    }

    pub(crate) fn resource(&self, kind: &str, id: &str) -> &Resource {
        let found = self.resources.get(&(kind.to_owned(), id.to_owned()));
        found.unwrap_or_else(|| panic!("no {kind} {id} among {:?}", self.resources.keys()))
    }

    /// A resource's profile.
    pub(crate) fn profile(&self, kind: &str, id: &str) -> Value {
        Value::Object(json::from_struct(self.resource(kind, id).profile.as_ref().unwrap()))
    }
}
