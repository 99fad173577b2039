//! Who has what, worked out afresh from the facts of a file: slowly, and with none of the rules' own code.

use std::collections::BTreeSet;

use rolebook_ledger::{Facts, UserRecord};

/// User id, account, role.
pub(crate) type Triple = (String, String, String);

fn may_sign_in(user: &UserRecord) -> bool {
    !matches!(user.person.status.as_deref(), Some("STAGED" | "SUSPENDED" | "DEPROVISIONED"))
}

fn assigned(user: &UserRecord) -> bool {
    user.assignment
        .as_ref()
        .is_some_and(|a| matches!(a.status.as_str(), "ACTIVE" | "PROVISIONED" | "IMPLICIT"))
}

/// Group mapping with Okta's default filter, local groups only.
pub(crate) fn mapping(facts: &Facts) -> BTreeSet<Triple> {
    let mut triples = BTreeSet::new();
    for user in facts.users.iter().filter(|user| may_sign_in(user) && assigned(user)) {
        for group in user.user.groups.iter().map(|ix| &facts.groups[*ix as usize]) {
            let kind = group.group.kind.as_str();
            let name = group.group.name.as_deref().unwrap_or("");
            if let (true, Some((account, role))) =
                (matches!(kind, "OKTA_GROUP" | "BUILT_IN"), default_filter(name))
            {
                triples.insert((user.id.to_string(), account, role));
            }
        }
    }
    triples
}

/// `aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)`, found by hand.
pub(crate) fn default_filter(name: &str) -> Option<(String, String)> {
    let mut from = 0;
    while let Some(at) = name[from..].find("aws_").map(|at| at + from) {
        let rest = &name[at + 4..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Some(role) = rest[digits.len()..].strip_prefix('_').filter(|_| !digits.is_empty()) {
            let role: String =
                role.chars().take_while(|c| c.is_ascii_alphanumeric() || "+=,.@-_".contains(*c)).collect();
            if !role.is_empty() {
                return (digits.len() == 12).then_some((digits, role));
            }
        }
        from = at + 1;
    }
    None
}

/// Direct mode with bare role names of one account and `[alias] -- role`, by the table of scopes.
pub(crate) fn direct(facts: &Facts, main: &str) -> BTreeSet<Triple> {
    let join = facts.app.settings.get("joinAllRoles").and_then(serde_json::Value::as_bool) == Some(true);
    let mut triples = BTreeSet::new();
    for user in facts.users.iter().filter(|user| may_sign_in(user) && assigned(user)) {
        let app_user = user.user.app_user.as_ref().unwrap();
        let mut values: BTreeSet<&str> = BTreeSet::new();
        let groups: Vec<_> = user
            .user
            .groups
            .iter()
            .filter_map(|ix| facts.groups[*ix as usize].group.assignment.as_ref())
            .collect();
        if join {
            values.extend(groups.iter().flat_map(|g| effective(&g.profile)));
        }
        let by_group = user.assignment.as_ref().unwrap().scope.as_deref() == Some("GROUP");
        let own_default = app_user.profile.saml_roles.is_empty();
        if !join || values.is_empty() || !own_default {
            values.extend(effective(&app_user.profile));
        }
        assert!(
            !join || !by_group || !groups.is_empty(),
            "the orgs of these tests assign by groups they hold"
        );
        for value in values {
            let (account, role) = match value.split_once(" -- ") {
                Some((account, role)) => (account.trim_start_matches('[').trim_end_matches(']'), role),
                None => (main, value),
            };
            triples.insert((user.id.to_string(), account.to_owned(), role.to_owned()));
        }
    }
    triples
}

fn effective(profile: &rolebook_federation::RoleProfile) -> Vec<&str> {
    let list = if profile.saml_roles.is_empty() { &profile.role } else { &profile.saml_roles };
    list.iter().map(String::as_str).collect()
}
