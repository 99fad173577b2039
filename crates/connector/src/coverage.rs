//! Signs that a token sees less than there is. They cost no request: they are contradictions between lists.

use rolebook_federation::{Group, GroupVerdict, Rules};
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
