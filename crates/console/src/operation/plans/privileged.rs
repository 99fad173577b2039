//! The facts by which a change is privileged: what its steps confer, and the Okta admin roles of the groups that somebody
//! joins by it.

use std::collections::BTreeSet;

use rolebook_connector::{Provisioning, Request};
use rolebook_federation::plan::{Plan, Situation, Step, conferred, roles_of_group};
use rolebook_ledger::{Facts, ListCoverage};
use rolebook_okta::{Client, shapes};

use crate::{
    operation::{Context, second_person::SecondPersonRules},
    privilege::{self, AdminRoles, Joined},
    problem::Problem,
    run::clean,
};

/// Why a change is privileged; empty when it is not. Reads the admin roles of groups from Okta, since a snapshot may be
/// older than they are.
pub(super) async fn reasons(
    context: &Context,
    client: &Client,
    place: &Provisioning,
    (request, plan): (&Request, &Plan),
    situation: &Situation,
) -> Result<Vec<String>, Problem> {
    let rules = SecondPersonRules::load(&context.console).await?;
    let facts = place.known().map(|known| &known.facts);
    let mut confers = conferred(situation, &plan.steps);
    let mut joined: Vec<Joined> = Vec::new();
    for step in &plan.steps {
        let Step::AddMember { group, .. } = step else { continue };
        let here = situation.groups.iter().find(|known| known.id == group.id).map(|known| &known.group);
        let of_the_app = here.is_some_and(|here| is_of_the_app(situation, here));
        let admin = admin_roles(client, facts, &group.id).await;
        joined.push(Joined { name: clean(&group.name), admin, of_the_app });
        let Some(facts) = facts else { continue };
        for (id, by) in filled(facts, &group.id, &group.name) {
            let record = facts.groups.iter().find(|record| record.id.as_str() == id);
            let admin = admin_roles(client, Some(facts), &id).await;
            let of_the_app = record.is_some_and(|record| is_of_the_app(situation, &record.group));
            joined.push(Joined { name: format!("{id}, which {by} fills,"), admin, of_the_app });
            let roles = record
                .and_then(|record| roles_of_group(&situation.rules, &situation.catalogue, &record.group));
            confers.extend(
                roles
                    .into_iter()
                    .flatten()
                    .map(|role| rolebook_federation::plan::Conferred { role: Some(role), by: by.clone() }),
            );
        }
    }
    let why = privilege::reasons(&rules.privileged, &request.wish, plan, &confers, &joined);
    Ok(why.iter().map(|text| clean(text)).collect())
}

fn is_of_the_app(situation: &Situation, group: &rolebook_federation::Group) -> bool {
    let roles = roles_of_group(&situation.rules, &situation.catalogue, group);
    group.assignment.is_some() || roles.is_some_and(|roles| !roles.is_empty())
}

/// Groups that rules of the org fill for whoever joins a group, with the rule in words; also in several steps.
fn filled(facts: &Facts, id: &str, name: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([id.to_owned()]);
    let mut open = vec![(id.to_owned(), name.to_owned())];
    while let Some((id, name)) = open.pop() {
        for at in privilege::rules_behind(&facts.group_rules, &id, &name) {
            let Some(rule) = facts.group_rules.get(at) else { continue };
            for group in &rule.groups {
                if seen.insert(group.as_str().to_owned()) {
                    found.push((group.as_str().to_owned(), format!("group rule {}", rule.name)));
                    let known = facts.groups.iter().find(|record| record.id == *group);
                    let name = known.and_then(|record| record.group.name.clone()).unwrap_or_default();
                    open.push((group.as_str().to_owned(), name));
                }
            }
        }
    }
    found
}

/// What Okta says now; where it does not, what the snapshot knows.
async fn admin_roles(client: &Client, facts: Option<&Facts>, id: &str) -> AdminRoles {
    let mut labels: BTreeSet<String> = facts.map(|facts| in_snapshot(facts, id)).unwrap_or_default();
    let read = match shapes::GroupId::new(id).map(|id| client.group_roles(&id, None)) {
        Ok(Ok(pager)) => pager.all().await.map(|(roles, _)| roles).map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its id is none of Okta's".to_owned()),
    };
    match read {
        Ok(roles) => {
            labels
                .extend(roles.into_iter().filter_map(|role| role.label.or(role.role_type).or(Some(role.id))));
        }
        Err(why) if labels.is_empty() => {
            let list = facts.and_then(|facts| facts.coverage.lists.get("admin-roles"));
            let unread = match list {
                Some(ListCoverage::Not { why }) => why.clone(),
                _ => why,
            };
            return AdminRoles::Unread(clean(&unread));
        }
        Err(_) => {}
    }
    AdminRoles::Held(labels.into_iter().map(|label| clean(&label)).collect())
}

fn in_snapshot(facts: &Facts, id: &str) -> BTreeSet<String> {
    let standard = facts.admin_roles.iter().filter(|role| {
        let through = |group: &rolebook_ledger::GroupId| group.as_str() == id;
        role.groups.keys().any(through)
            || role.users.values().any(|holder| {
                holder.groups.iter().any(through) || holder.outside.iter().any(|(group, _)| through(group))
            })
    });
    let mut labels: BTreeSet<String> = standard.map(|role| role.label.clone()).collect();
    for custom in facts.custom_roles.iter() {
        let held = custom.roles.iter().filter(|role| role.groups.keys().any(|group| group.as_str() == id));
        labels.extend(held.map(|role| role.label.clone()));
        for binding in custom.sets.iter().flat_map(|set| &set.bindings) {
            let (role, binding) = binding;
            let outside = binding.outside.keys().chain(&binding.groups);
            if outside.into_iter().any(|group| group.as_str() == id) {
                labels.insert(role.clone());
            }
        }
    }
    labels
}
