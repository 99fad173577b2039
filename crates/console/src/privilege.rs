//! Whether a change is privileged, and why. Pure: facts come in, reasons come out.
//!
//! What counts is what a change confers, not what it changes today: a membership of somebody who cannot sign in yet
//! works on the day on which they can.

use std::collections::BTreeSet;

use rolebook_federation::plan::{Conferred, Plan, Principal, RoleName, Target, Wish};
use rolebook_insight::Policy;
use rolebook_ledger::GroupRule;

/// Role names that count as privileged unless somebody sets others.
pub(crate) const PATTERNS: [&str; 7] = [
    "*Admin*",
    "*PowerUser*",
    "*Billing*",
    "*Break*",
    "*Administrator*",
    "OrganizationAccountAccessRole",
    "AWSControlTowerExecution",
];

/// What is known of the Okta admin roles of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdminRoles {
    /// These, by their labels.
    Held(Vec<String>),
    /// Okta did not say.
    Unread(String),
}

/// A group that somebody joins by a change, or by a group rule that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) name: String,
    pub(crate) admin: AdminRoles,
    /// It confers roles or is assigned to the app: what it is for is known.
    pub(crate) of_the_app: bool,
}

/// Why a change is privileged; empty when it is not.
pub(crate) fn reasons(
    patterns: &[String],
    wish: &Wish,
    plan: &Plan,
    conferred: &[Conferred],
    joined: &[Joined],
) -> Vec<String> {
    let policy = Policy { privileged: patterns.to_vec(), ..Policy::default() };
    let privileged = |role: &RoleName| {
        let name = role.role.rsplit('/').next().unwrap_or_default();
        policy.is_privileged(&role.role) || policy.is_privileged(name)
    };
    let mut why: Vec<String> = Vec::new();
    if matches!((&wish.principal, &wish.target), (Principal::Group(_), Target::App)) {
        why.push("it assigns or unassigns a whole group".to_owned());
    }
    let gives = wish.role().into_iter().chain(&plan.gains).chain(&plan.must_have);
    let takes = plan.loses.iter().chain(&plan.must_not_have);
    let touched: BTreeSet<&RoleName> = gives.chain(takes).filter(|role| privileged(role)).collect();
    why.extend(touched.iter().map(|role| format!("{role} counts as privileged")));
    for Conferred { role, by } in conferred {
        match role {
            Some(role) if privileged(role) => why.push(format!("{by} leads to {role}")),
            Some(_) => {}
            None => why.push(format!("it cannot be decided which role {by} leads to")),
        }
    }
    for group in joined {
        match &group.admin {
            AdminRoles::Held(roles) if roles.is_empty() => {}
            AdminRoles::Held(roles) => {
                why.push(format!("group {} holds the Okta admin roles {}", group.name, roles.join(", ")));
            }
            AdminRoles::Unread(_) if group.of_the_app => {}
            AdminRoles::Unread(reason) => why.push(format!(
                "it is not known whether group {} holds Okta admin roles: {reason}",
                group.name
            )),
        }
    }
    why.dedup();
    why
}

/// Positions of the rules that may fill further groups for whoever joins this one: their condition names it, or asks for
/// groups by a part of their names.
pub(crate) fn rules_behind(rules: &[GroupRule], id: &str, name: &str) -> Vec<usize> {
    let asks = |rule: &GroupRule| {
        let text = &rule.expression;
        text.contains(id)
            || (!name.is_empty() && text.contains(name))
            || ["isMemberOfGroupNameStartsWith", "isMemberOfGroupNameContains", "isMemberOfGroupNameRegex"]
                .iter()
                .any(|function| text.contains(function))
    };
    (0..).zip(rules).filter(|(_, rule)| rule.status == "ACTIVE" && asks(rule)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use rolebook_federation::plan::Action;

    use super::*;

    fn role(name: &str) -> RoleName {
        RoleName { account: "111122223333".to_owned(), role: name.to_owned() }
    }

    fn defaults() -> Vec<String> {
        PATTERNS.map(str::to_owned).to_vec()
    }

    fn of(conferred: &[Conferred], joined: &[Joined]) -> Vec<String> {
        let wish = Wish::new(Action::Grant, Principal::User, Target::Membership("00g1".to_owned()));
        reasons(&defaults(), &wish, &Plan::default(), conferred, joined)
    }

    #[test]
    fn names_count_whatever_their_case_and_path() {
        for (name, counts) in [
            ("OrganizationAccountAccessRole", true),
            ("organizationaccountaccessrole", true),
            ("AWSControlTowerExecution", true),
            ("team/OrganizationAccountAccessRole", true),
            ("billing-viewer", true),
            ("ReadOnly", false),
            ("OrganizationAccountAccessRole2", false),
        ] {
            let conferred = [Conferred { role: Some(role(name)), by: "group g".to_owned() }];
            assert_eq!(!of(&conferred, &[]).is_empty(), counts, "{name}");
        }
    }

    #[test]
    fn what_is_not_known_asks_for_a_second_person_where_the_group_is_not_of_the_app() {
        let joined = |admin, of_the_app| [Joined { name: "g".to_owned(), admin, of_the_app }];
        let unread = AdminRoles::Unread("refused".to_owned());
        assert!(of(&[], &joined(unread.clone(), false))[0].contains("refused"));
        assert_eq!(of(&[], &joined(unread, true)), Vec::<String>::new());
        let held = AdminRoles::Held(vec!["Super Administrator".to_owned()]);
        assert!(of(&[], &joined(held, true))[0].contains("Super Administrator"));
        assert_eq!(of(&[], &joined(AdminRoles::Held(Vec::new()), false)), Vec::<String>::new());
        let undecided = [Conferred { role: None, by: "group g".to_owned() }];
        assert_eq!(of(&undecided, &[]).len(), 1);
    }

    #[test]
    fn a_rule_that_names_the_group_is_behind_it() {
        let rule = |status: &str, expression: &str| GroupRule {
            id: "0pr1".to_owned(),
            name: "r".to_owned(),
            status: status.to_owned(),
            expression: expression.to_owned(),
            groups: Vec::new(),
        };
        let rules = [
            rule("ACTIVE", "isMemberOfGroup(\"00g1\")"),
            rule("INACTIVE", "isMemberOfGroup(\"00g1\")"),
            rule("ACTIVE", "isMemberOfGroupName(\"door\")"),
            rule("ACTIVE", "user.department == \"IT\""),
            rule("ACTIVE", "isMemberOfGroupNameRegex(\"d.*\")"),
        ];
        assert_eq!(rules_behind(&rules, "00g1", "door"), [0, 2, 4]);
    }
}
