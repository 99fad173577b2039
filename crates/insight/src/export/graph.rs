//! BloodHound OpenGraph: people, groups, the app, roles and accounts, and the edges from Okta to AWS.

use std::{collections::BTreeSet, io::Write};

use serde_json::{Map, Value, json};

use super::{ExportError, apps};
use crate::{Reading, Readings};

/// Writes the graph. Node ids are Okta's ids and ARNs; properties are flat, as OpenGraph wants them.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_opengraph(readings: &Readings, mut out: impl Write) -> Result<u64, ExportError> {
    let mut nodes = List::new(&mut out, "{\"metadata\":{\"source_kind\":\"Okta\"},\"graph\":{\"nodes\":[")?;
    for reading in apps(readings) {
        write_nodes(reading, &mut nodes)?;
    }
    nodes.end("],\n\"edges\":[")?;
    let mut edges = List::new(&mut out, "")?;
    for reading in apps(readings) {
        write_edges(reading, &mut edges)?;
    }
    let count = edges.count;
    edges.end("]}}\n")?;
    out.flush()?;
    Ok(count)
}

struct List<'a, W: Write> {
    out: &'a mut W,
    seen: BTreeSet<String>,
    count: u64,
}

impl<'a, W: Write> List<'a, W> {
    fn new(out: &'a mut W, start: &str) -> Result<Self, ExportError> {
        out.write_all(start.as_bytes())?;
        Ok(Self { out, seen: BTreeSet::new(), count: 0 })
    }

    fn item(&mut self, value: &Value) -> Result<(), ExportError> {
        self.out.write_all(if self.count == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *self.out, value).map_err(std::io::Error::from)?;
        self.count += 1;
        Ok(())
    }

    /// A node, once: people stand in several readings.
    fn node(&mut self, id: &str, kind: &str, properties: Value) -> Result<(), ExportError> {
        if !self.seen.insert(id.to_owned()) {
            return Ok(());
        }
        let base = if kind.starts_with("AWS") { "AWS" } else { "Okta" };
        let properties: Map<String, Value> = match properties {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        };
        self.item(&json!({ "id": id, "kinds": [kind, base], "properties": properties }))
    }

    fn edge(&mut self, from: &str, kind: &str, to: &str, properties: Value) -> Result<(), ExportError> {
        self.item(&json!({
            "kind": kind,
            "start": { "match_by": "id", "value": from },
            "end": { "match_by": "id", "value": to },
            "properties": properties,
        }))
    }

    fn end(self, end: &str) -> Result<(), ExportError> {
        self.out.write_all(end.as_bytes())?;
        Ok(())
    }
}

/// The ARN, else a text that no other role has.
fn role_id(reading: &Reading, ix: u32) -> Option<String> {
    let role = reading.role(ix)?;
    let fallback = || format!("{}/{}", reading.facts().app.id, role.key());
    Some(role.role_arn.clone().unwrap_or_else(fallback))
}

fn account_id(id: &str) -> String {
    format!("aws-account:{id}")
}

fn write_nodes<W: Write>(reading: &Reading, nodes: &mut List<'_, W>) -> Result<(), ExportError> {
    let facts = reading.facts();
    let app = &facts.app;
    nodes.node(
        app.id.as_str(),
        "Okta_Application",
        json!({
            "name": app.label, "status": app.status, "mode": reading.mode(), "org": facts.org.domain,
            // What the cover beside the graph tells more of.
            "snapshot": reading.origin().snapshot, "snapshot_sha256": reading.origin().sha256,
            "read_until": facts.coverage.to.map(|to| to.to_string()), "complete": facts.coverage.is_complete(),
        }),
    )?;
    for (ix, user) in (0..).zip(&facts.users) {
        nodes.node(
            user.id.as_str(),
            "Okta_User",
            json!({
                "name": user.person.login.as_deref().unwrap_or(&user.person.display_name),
                "displayname": user.person.display_name, "status": user.person.status,
                "aws_roles": reading.grants_of(ix).len(),
            }),
        )?;
    }
    for group in &facts.groups {
        nodes.node(
            group.id.as_str(),
            "Okta_Group",
            json!({ "name": group.group.name, "type": group.group.kind.as_str(), "members_read": group.members_read }),
        )?;
    }
    for (ix, role) in (0..).zip(reading.access().roles.roles()) {
        if let Some(id) = role_id(reading, ix) {
            nodes.node(&id, "AWS_Role", json!({ "name": role.name, "account": role.account }))?;
        }
        let account = reading.account(&role.account);
        nodes.node(
            &account_id(&account.id),
            "AWS_Account",
            json!({ "name": account.label(), "account": account.id, "environment": account.environment }),
        )?;
    }
    Ok(())
}

fn write_edges<W: Write>(reading: &Reading, edges: &mut List<'_, W>) -> Result<(), ExportError> {
    let facts = reading.facts();
    let app = facts.app.id.as_str();
    for (ix, role) in (0..).zip(reading.access().roles.roles()) {
        if let Some(id) = role_id(reading, ix) {
            edges.edge(&id, "AWS_RoleOf", &account_id(&role.account), json!({}))?;
        }
    }
    for group in facts.groups.iter().filter(|group| group.group.assignment.is_some()) {
        edges.edge(group.id.as_str(), "Okta_AssignedTo", app, json!({}))?;
    }
    for grant in &reading.access().group_grants {
        let group = facts.groups.get(grant.group as usize).map(|group| group.id.as_str());
        if let (Some(group), Some(role)) = (group, role_id(reading, grant.role)) {
            edges.edge(group, "Okta_ConfersAWSRole", &role, json!({ "partial_match": grant.partial }))?;
        }
    }
    for (ix, user) in (0..).zip(&facts.users) {
        let id = user.id.as_str();
        if let Some(assignment) = &user.assignment {
            let scope = assignment.scope.as_deref().unwrap_or("unknown");
            edges.edge(id, "Okta_AssignedTo", app, json!({ "scope": scope, "status": assignment.status }))?;
        }
        for group in user.user.groups.iter().filter_map(|group| facts.groups.get(*group as usize)) {
            edges.edge(id, "Okta_MemberOf", group.id.as_str(), json!({}))?;
        }
        for grant in reading.grants_of(ix) {
            if let Some(role) = role_id(reading, grant.role) {
                edges.edge(id, "Okta_CanAssumeAWSRole", &role, json!({ "source": grant.source.as_str() }))?;
            }
        }
    }
    Ok(())
}
