//! Rules about groups and what they confer.

use std::collections::BTreeMap;

use rolebook_federation::{
    Catalogue, GroupIx, GroupKind, GroupVerdict, Mode, PairFault, RoleIx, Union, Warnings,
};
use rolebook_ledger::GroupRecord;

use super::{Draft, ObjectRef, Rule, Severity, Watch, few};
use crate::{Error, Origin, Reading};

const PARTIAL_MATCH: Rule = Rule("partial-match", Severity::Medium);
const FILTERED_SOURCE: Rule = Rule("filtered-source", Severity::Low);
const BOGUS_ACCOUNT: Rule = Rule("bogus-account", Severity::Medium);
const VALUE_NOT_TAKEN: Rule = Rule("value-not-taken", Severity::Critical);
const TWO_GROUPS: Rule = Rule("two-groups", Severity::Low);
const EVERYONE: Rule = Rule("everyone-confers", Severity::High);
const PRIORITY_TIE: Rule = Rule("priority-tie", Severity::Medium);
const NOT_IN_CATALOGUE: Rule = Rule("not-in-catalogue", Severity::Medium);

pub(super) fn look(watch: &mut Watch<'_>) -> Result<(), Error> {
    if watch.reading.rules().maps_groups() {
        by_name(watch)?;
        watch.off(PRIORITY_TIE, "group names decide, priority plays no part");
        watch.off(NOT_IN_CATALOGUE, "group names decide, Okta's catalogue plays no part");
    } else {
        for rule in [PARTIAL_MATCH, FILTERED_SOURCE, VALUE_NOT_TAKEN] {
            watch.off(rule, "group mapping is off, names play no part");
        }
        bogus_in_profiles(watch);
        ties(watch);
        catalogue(watch);
    }
    two_groups(watch);
    everyone(watch);
    Ok(())
}

fn groups<'a>(watch: &Watch<'a>) -> impl Iterator<Item = (GroupIx, &'a GroupRecord, &'a GroupVerdict)> + 'a {
    let reading = watch.reading;
    let groups = reading.facts().groups.iter().zip(&reading.access().verdicts);
    (0..).zip(groups).map(|(ix, (record, verdict))| (ix, record, verdict))
}

fn label(group: &GroupRecord) -> &str {
    group.group.name.as_deref().unwrap_or(group.id.as_str())
}

/// The same facts with every source allowed: what groups from other sources would confer.
fn all_sources(reading: &Reading) -> Result<Reading, Error> {
    let mut facts = reading.facts().clone();
    let app_filter = facts.app.to_federation(&mut Warnings::new()).settings.app_filter;
    let mut words = vec![app_filter];
    for group in &facts.groups {
        let origin = &group.group.origin;
        words.extend(origin.app_name.iter().chain(&origin.app_id).cloned());
        if group.group.kind == GroupKind::Okta || group.group.kind == GroupKind::BuiltIn {
            words.push("okta".to_owned());
        }
    }
    words.dedup();
    facts.app.settings.insert("appFilter".to_owned(), words.join(",").into());
    Reading::under(facts, Origin::default(), reading.rules().switches())
}

fn by_name(watch: &mut Watch<'_>) -> Result<(), Error> {
    for rule in [PARTIAL_MATCH, FILTERED_SOURCE, BOGUS_ACCOUNT] {
        watch.on(rule, None);
    }
    let mut open = None;
    let mut not_taken: BTreeMap<(String, PairFault), Vec<ObjectRef>> = BTreeMap::new();
    for (ix, record, verdict) in groups(watch) {
        let Some(object) = watch.group(ix) else { continue };
        let key = vec![record.id.to_string()];
        match verdict {
            GroupVerdict::Confers(conferral) if conferral.partial => watch.add(Draft {
                rule: PARTIAL_MATCH,
                key,
                text: format!("group `{}` matches the group filter only in part", label(record)),
                roles: watch.roles_of_group(ix),
                evidence: vec![format!(
                    "as it is read now it gives {}/{}; whether Okta finds a match or wants the whole name is not documented",
                    conferral.account, conferral.role
                )],
                objects: vec![object],
                remedy: "put ^ in front of the group filter and $ behind it, and rename the group to fit".to_owned(),
            }),
            GroupVerdict::SourceNotAllowed => {
                if open.is_none() {
                    open = Some(all_sources(watch.reading)?);
                }
                let source = &record.group.origin;
                let source = source.app_name.as_deref().or(source.app_id.as_deref());
                let roles = open.as_ref().map_or_else(Vec::new, |open| {
                    open.conferred_by(ix).iter().filter_map(|grant| open.role(grant.role)).collect()
                });
                watch.add(Draft {
                    rule: FILTERED_SOURCE,
                    key,
                    text: format!("group `{}` has a role's name but comes from {}", label(record), source.unwrap_or(record.group.kind.as_str())),
                    roles,
                    evidence: vec!["the group filter finds a match; appFilter leaves its source out".to_owned()],
                    objects: vec![object],
                    remedy: "rename the group where it comes from: one word more in appFilter and it confers the role"
                        .to_owned(),
                });
            }
            GroupVerdict::NotTaken(sent) => {
                not_taken.entry((sent.value.clone(), sent.fault)).or_default().push(object);
            }
            GroupVerdict::BogusAccount(account) => watch.add(Draft {
                rule: BOGUS_ACCOUNT,
                key,
                text: format!("group `{}` names `{account}`, which is no 12-digit account", label(record)),
                roles: Vec::new(),
                evidence: vec!["the group filter finds a match, and Okta would send a role that cannot be".to_owned()],
                objects: vec![object],
                remedy: "rename the group, and write \\d{12} in the group filter".to_owned(),
            }),
            _ => {}
        }
    }
    values_not_taken(watch, not_taken);
    Ok(())
}

/// One finding for the pattern, since one correction there mends every group.
fn values_not_taken(watch: &mut Watch<'_>, sent: BTreeMap<(String, PairFault), Vec<ObjectRef>>) {
    watch.on(VALUE_NOT_TAKEN, None);
    let Some(((value, fault), _)) = sent.first_key_value() else { return };
    let pattern = watch.reading.facts().app.to_federation(&mut Warnings::new()).settings.role_value_pattern;
    let setting = ObjectRef {
        kind: "setting".to_owned(),
        id: "roleValuePattern".to_owned(),
        name: "roleValuePattern".to_owned(),
    };
    let groups: Vec<ObjectRef> = sent.values().flatten().cloned().collect();
    let evidence = vec![
        format!("Okta would send `{value}`: {fault}"),
        format!("roleValuePattern is `{pattern}`"),
        format!("{} groups match: {}", groups.len(), few(groups.iter().map(|group| group.name.as_str()))),
    ];
    watch.add(Draft {
        rule: VALUE_NOT_TAKEN,
        key: vec!["roleValuePattern".to_owned()],
        text: format!("AWS cannot take what Okta sends for {} groups: nobody gets in by them", groups.len()),
        roles: Vec::new(),
        evidence,
        objects: std::iter::once(setting).chain(groups).collect(),
        remedy: "correct the role value pattern in Okta: the ARN of the SAML provider and the ARN of the role, of the \
                 same account, with a comma between them"
            .to_owned(),
    });
}

/// In direct mode, roles whose account no setting and no value names.
fn bogus_in_profiles(watch: &mut Watch<'_>) {
    watch.on(BOGUS_ACCOUNT, None);
    let reading = watch.reading;
    let unknown: Vec<RoleIx> = (0..)
        .zip(reading.access().roles.roles())
        .filter(|(_, role)| role.account == "unknown")
        .map(|(ix, _)| ix)
        .collect();
    if unknown.is_empty() {
        return;
    }
    let names: Vec<_> = unknown.iter().filter_map(|ix| reading.role(*ix)).collect();
    watch.add(Draft {
        rule: BOGUS_ACCOUNT,
        key: vec!["main".to_owned()],
        text: "bare role names belong to no known account".to_owned(),
        evidence: vec![few(names.iter().map(|role| role.role.as_str()))],
        roles: names,
        objects: vec![ObjectRef {
            kind: "setting".to_owned(),
            id: "identityProviderArn".to_owned(),
            name: "identityProviderArn".to_owned(),
        }],
        remedy: "set the identity provider ARN in the app's sign-on settings".to_owned(),
    });
}

fn two_groups(watch: &mut Watch<'_>) {
    watch.on(TWO_GROUPS, None);
    let reading = watch.reading;
    let mut by_role: BTreeMap<RoleIx, Vec<GroupIx>> = BTreeMap::new();
    for grant in &reading.access().group_grants {
        by_role.entry(grant.role).or_default().push(grant.group);
    }
    for (role, groups) in by_role.into_iter().filter(|(_, groups)| groups.len() > 1) {
        let Some(role) = reading.role(role) else { continue };
        let objects: Vec<ObjectRef> = groups.iter().filter_map(|ix| watch.group(*ix)).collect();
        watch.add(Draft {
            rule: TWO_GROUPS,
            key: vec![role.key()],
            text: format!("{} groups give {}", groups.len(), role.label()),
            evidence: vec![few(objects.iter().map(|object| object.name.as_str()))],
            roles: vec![role],
            objects,
            remedy: "keep one: whoever is taken out of one group may keep the role by the other".to_owned(),
        });
    }
}

fn everyone(watch: &mut Watch<'_>) {
    watch.on(EVERYONE, None);
    for (ix, record, _) in groups(watch) {
        let roles = watch.roles_of_group(ix);
        if record.group.kind != GroupKind::BuiltIn || roles.is_empty() {
            continue;
        }
        watch.add(Draft {
            rule: EVERYONE,
            key: vec![record.id.to_string()],
            text: format!("the built-in group `{}` gives a role to everybody", label(record)),
            evidence: vec![few(roles.iter().map(|role| role.role.as_str()))],
            roles,
            objects: watch.group(ix).into_iter().collect(),
            remedy: "give the role to a group of its own".to_owned(),
        });
    }
}

fn ties(watch: &mut Watch<'_>) {
    let reading = watch.reading;
    let facts = reading.facts();
    if matches!(reading.rules().mode(), Mode::Direct(direct) if direct.join()) {
        return watch.off(PRIORITY_TIE, "joinAllRoles is on, priority plays no part");
    }
    match facts.app.union {
        Union::Enabled => return watch.off(PRIORITY_TIE, "Okta combines the groups, priority plays no part"),
        Union::Unknown => return watch.off(PRIORITY_TIE, "the app's schema was not read"),
        Union::Disabled => watch.on(PRIORITY_TIE, None),
    }
    let mut by_number: BTreeMap<Option<i64>, Vec<GroupIx>> = BTreeMap::new();
    for (ix, group) in (0..).zip(&facts.groups) {
        if let Some(assignment) = &group.group.assignment {
            by_number.entry(assignment.priority).or_default().push(ix);
        }
    }
    for (number, groups) in by_number.into_iter().filter(|(_, groups)| groups.len() > 1) {
        let objects: Vec<ObjectRef> = groups.iter().filter_map(|ix| watch.group(*ix)).collect();
        let mut key: Vec<String> = objects.iter().map(|object| object.id.clone()).collect();
        key.sort();
        let number = number.map_or_else(|| "no priority".to_owned(), |number| format!("priority {number}"));
        watch.add(Draft {
            rule: PRIORITY_TIE,
            key,
            text: format!("{} groups have {number}", groups.len()),
            evidence: vec![
                few(objects.iter().map(|object| object.name.as_str())),
                "whose roles somebody in two of them gets is not documented".to_owned(),
            ],
            roles: groups.iter().flat_map(|ix| watch.roles_of_group(*ix)).collect(),
            objects,
            remedy: "put the groups in an order: Applications, the app, Assignments, Groups".to_owned(),
        });
    }
}

/// Values that groups or people carry and Okta's own list of roles lacks.
fn catalogue(watch: &mut Watch<'_>) {
    let reading = watch.reading;
    let facts = reading.facts();
    if facts.catalogue.source == Catalogue::None {
        return watch.off(NOT_IN_CATALOGUE, "Okta's list of roles was not read, or there is none");
    }
    watch.on(NOT_IN_CATALOGUE, None);
    let mut carriers: BTreeMap<&str, Vec<ObjectRef>> = BTreeMap::new();
    let listed = |value: &str| facts.catalogue.values.iter().any(|known| known == value);
    for (ix, group) in (0..).zip(&facts.groups) {
        let values = group.group.assignment.iter().flat_map(|assignment| assignment.profile.effective());
        for value in values.filter(|value| !listed(value)) {
            carriers.entry(value).or_default().extend(watch.group(ix));
        }
    }
    for (ix, user) in (0..).zip(&facts.users) {
        let values = user.user.app_user.iter().flat_map(|app_user| app_user.profile.effective());
        for value in values.filter(|value| !listed(value)) {
            carriers.entry(value).or_default().extend(watch.user(ix));
        }
    }
    for (value, objects) in carriers {
        let role = reading.access().roles.by_value(value).and_then(|ix| reading.role(ix));
        watch.add(Draft {
            rule: NOT_IN_CATALOGUE,
            key: vec![value.to_owned()],
            text: format!("role `{value}` is assigned but not in Okta's list of roles"),
            evidence: vec![format!("carried by {}", few(objects.iter().map(|object| object.name.as_str())))],
            roles: role.into_iter().collect(),
            objects,
            remedy: "if the role is gone from AWS take the value out; else refresh application data in Okta"
                .to_owned(),
        });
    }
}
