//! Signs that a token sees less than there is. They cost no request: they are contradictions between lists.

use rolebook_federation::{Group, GroupKind, GroupVerdict, Mode, Rules};
use rolebook_ledger::{Facts, MEMBERS_NOT_READ, UserRecord};

/// Each sign found, in words, with how often and the right that is probably missing.
pub(crate) fn signs(facts: &Facts, rules: &Rules) -> Vec<String> {
    let mut signs = Vec::new();
    let mut sign = |count: usize, text: &str| {
        if count > 0 {
            signs.push(format!("{count} × {text}"));
        }
    };
    let unexplained = facts.users.iter().filter(|user| comes_from_an_unseen_group(facts, user)).count();
    sign(
        unexplained,
        "a user is assigned through a group that the token does not show (a token whose owner may view all groups is \
         needed: Read-only Administrator)",
    );
    let no_status =
        facts.users.iter().filter(|user| user.assignment.is_some() && user.person.status.is_none()).count();
    sign(
        no_status,
        "a user is assigned whose status was not read; such a user counts as able to sign in (the right to view users \
         is missing, or Okta left them out)",
    );
    let unknown_source = facts.groups.iter().filter(|group| source_not_read(rules, &group.group)).count();
    sign(
        unknown_source,
        "a group matches the group filter, and the app that it comes from was not read, so that appFilter could not be \
         asked (the right to view applications is missing, or Okta left it out)",
    );
    let nameless = facts
        .groups
        .iter()
        .filter(|group| group.group.assignment.is_some() && group.group.name.is_none())
        .count();
    sign(
        nameless,
        "a group is assigned whose name the token does not show (the right to view groups is missing)",
    );
    let closed = facts
        .groups
        .iter()
        .filter(|group| !group.members_read)
        .filter(|group| group.group.assignment.is_some() || confers(rules, &group.group))
        .count();
    sign(closed, MEMBERS_NOT_READ);
    let assigned = facts.users.iter().filter(|user| user.assignment.is_some()).count();
    if rules.maps_groups() && !facts.groups.iter().any(|group| rules.verdict(&group.group).found()) {
        sign(assigned, "a user is assigned, but no group that confers a role is in sight");
    }
    signs
}

/// `appFilter` leaves the group out, though it may well list the name of its source, which Okta did not show.
fn source_not_read(rules: &Rules, group: &Group) -> bool {
    let Mode::Mapping(mapping) = rules.mode() else { return false };
    mapping.sources().beyond_okta()
        && group.origin.app_name.is_none()
        && group.kind == GroupKind::App
        && matches!(rules.verdict(group), GroupVerdict::SourceNotAllowed)
}

fn confers(rules: &Rules, group: &Group) -> bool {
    matches!(rules.verdict(group), GroupVerdict::Confers(_))
}

/// A GROUP assignment names a group that is not among the app's, or nobody of the groups read holds the user.
fn comes_from_an_unseen_group(facts: &Facts, user: &UserRecord) -> bool {
    let Some(assignment) = &user.assignment else { return false };
    if assignment.scope.as_deref() != Some("GROUP") {
        return false;
    }
    let assigned = |id: &rolebook_ledger::GroupId| {
        facts
            .groups
            .binary_search_by(|group| group.id.cmp(id))
            .ok()
            .and_then(|ix| facts.groups.get(ix))
            .is_some_and(|group| group.group.assignment.is_some())
    };
    let held = user
        .user
        .groups
        .iter()
        .filter_map(|ix| facts.groups.get(*ix as usize))
        .any(|group| group.group.assignment.is_some());
    !held || assignment.named_group.as_ref().is_some_and(|id| !assigned(id))
}
