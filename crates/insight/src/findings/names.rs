//! Groups whose names look like those that confer a role, and do not.

use std::collections::BTreeMap;

use rolebook_federation::{FilterMatch, GroupFilter, GroupVerdict, Mode, NameMatch, RoleIx};

use super::{Draft, ObjectRef, Rule, Severity, Watch};

const LOOK_ALIKE: Rule = Rule("look-alike", Severity::Medium);
const NEAR_MISS: Rule = Rule("near-miss", Severity::Low);

pub(super) fn look(watch: &mut Watch<'_>) {
    let reading = watch.reading;
    let Mode::Mapping(mapping) = reading.rules().mode() else {
        for rule in [LOOK_ALIKE, NEAR_MISS] {
            watch.off(rule, "group mapping is off, names play no part");
        }
        return;
    };
    let kept = !reading.facts().group_names.is_empty();
    let limit = (!kept).then(|| "the names of the org's other groups are not in the snapshot".to_owned());
    watch.on(LOOK_ALIKE, limit.clone());
    watch.on(NEAR_MISS, limit);
    let known = conferring(watch);
    let text = mapping.filter().text();
    let compiled = |text: String| GroupFilter::compile(&text, FilterMatch::Find).ok();
    let caseless = compiled(format!("(?i){text}"));
    let unescaped = text.contains(r"\\").then(|| compiled(text.replace(r"\\", r"\"))).flatten();
    let finds = |filter: &Option<GroupFilter>, name: &str| {
        filter.as_ref().is_some_and(|filter| matches!(filter.matches(name), NameMatch::Yes { .. }))
    };
    for (id, name) in others(watch) {
        let object = ObjectRef { kind: "group".to_owned(), id: id.clone(), name: name.clone() };
        if let Some((like, roles)) = known.get(&skeleton(&name)) {
            watch.add(Draft {
                rule: LOOK_ALIKE,
                key: vec![id],
                text: format!("group `{name}` looks like `{like}` and gives no role"),
                objects: vec![object],
                roles: roles.iter().filter_map(|role| reading.role(*role)).collect(),
                evidence: vec![
                    "the names differ only in case, blanks, signs or look-alike letters".to_owned(),
                ],
                remedy: "rename or delete it: whoever is put into it has no role, or is thought to have one"
                    .to_owned(),
            });
        } else if finds(&caseless, &name) || finds(&unescaped, &name) {
            let why = if finds(&unescaped, &name) {
                "if the filter were escaped once"
            } else {
                "if case were ignored"
            };
            watch.add(Draft {
                rule: NEAR_MISS,
                key: vec![id],
                text: format!("group `{name}` almost matches the group filter"),
                objects: vec![object],
                roles: Vec::new(),
                evidence: vec![format!("it would match {why}; as it is, it gives no role")],
                remedy: "rename the group, or correct the group filter".to_owned(),
            });
        }
    }
}

/// Skeletons of the names that confer, with one of the names and the roles.
fn conferring(watch: &Watch<'_>) -> BTreeMap<String, (String, Vec<RoleIx>)> {
    let reading = watch.reading;
    let mut known: BTreeMap<String, (String, Vec<RoleIx>)> = BTreeMap::new();
    for grant in &reading.access().group_grants {
        let group = reading.facts().groups.get(grant.group as usize);
        let Some(name) = group.and_then(|group| group.group.name.clone()) else { continue };
        known.entry(skeleton(&name)).or_insert_with(|| (name, Vec::new())).1.push(grant.role);
    }
    known
}

/// Id and name of every group whose name matches nothing.
fn others(watch: &Watch<'_>) -> Vec<(String, String)> {
    let facts = watch.reading.facts();
    let verdicts = &watch.reading.access().verdicts;
    let of_file = facts.groups.iter().zip(verdicts).filter(|(_, verdict)| **verdict == GroupVerdict::NoMatch);
    let of_file = of_file.filter_map(|(group, _)| Some((group.id.to_string(), group.group.name.clone()?)));
    let of_org =
        facts.group_names.iter().filter(|group| watch.reading.group_by_id(group.id.as_str()).is_none());
    let of_org = of_org.filter_map(|group| Some((group.id.to_string(), group.name.clone()?)));
    of_file.chain(of_org).collect()
}

/// A name without what the eye does not tell apart: case, blanks and signs, and some letters for others.
fn skeleton(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            'о' | 'ο' | '0' => 'o',
            'і' | 'ι' | '1' | 'l' | '|' => 'i',
            'а' | 'α' => 'a',
            'е' | 'ε' => 'e',
            'с' => 'c',
            'р' | 'ρ' => 'p',
            'ѕ' => 's',
            'у' => 'y',
            'х' => 'x',
            'ԁ' => 'd',
            'м' => 'm',
            'т' | 'τ' => 't',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::skeleton;

    #[test]
    fn names_that_look_alike() {
        let real = skeleton("aws_111122223333_Admin");
        for name in [
            "AWS-111122223333-Admin",
            "aws_111122223333_Admin ",
            "аws_111122223333_Аdmin",
            "aws_1l1122223333_Adm1n",
        ] {
            assert_eq!(skeleton(name), real, "{name}");
        }
        assert_ne!(skeleton("aws_111122223333_Admins"), real);
    }
}
