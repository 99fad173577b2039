//! Group rules are made, changed, switched and removed.

use serde_json::Value;

use super::{Writing, empty_object, no_content};
use crate::answer::Answer;
use crate::org::GroupRule;
use crate::refusal::Refusal;
use crate::route::Route;

/// The texts of a list in the body.
fn texts(writing: &Writing<'_>, pointer: &str) -> Vec<String> {
    let list = writing.body.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The rule that the body describes, INACTIVE. Its groups must exist.
fn described(writing: &Writing<'_>, id: &str) -> Result<GroupRule, Refusal> {
    let name = writing.required("/name")?;
    if name.chars().count() > 50 {
        return Err(Refusal::invalid("name", "name: The field must be at most 50 characters"));
    }
    let expression = writing.required("/conditions/expression/value")?;
    let groups = texts(writing, "/actions/assignUserToGroups/groupIds");
    for group in &groups {
        writing.group(group)?;
    }
    let mut rule = GroupRule::new(name, expression).id(id).assigns(groups).inactive();
    rule.excluded_users = texts(writing, "/conditions/people/users/exclude");
    Ok(rule)
}

fn find(writing: &Writing<'_>, id: &str) -> Result<GroupRule, Refusal> {
    let rule = writing.org.rules.iter().find(|rule| rule.id == id).cloned();
    rule.ok_or_else(|| Refusal::no_such(id, "GroupRule"))
}

/// Rules are created INACTIVE.
pub(super) fn create(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let id = writing.org.ids.next("0pr");
    let rule = described(writing, &id)?;
    writing.org.put_rule(rule);
    writing.shown(Route::Rule(&id))
}

/// Expression and groups of an ACTIVE rule stay as they are; Okta's code for the refusal is not known.
pub(super) fn replace(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let old = find(writing, id)?;
    let mut rule = described(writing, id)?;
    let same = old.expression == rule.expression && old.groups == rule.groups;
    if old.status == "ACTIVE" && !same {
        return Err(Refusal::invalid(
            "status",
            "status: An active rule cannot be changed, deactivate it first",
        ));
    }
    rule.status = old.status;
    rule.created = old.created;
    rule.holds = if same { old.holds } else { Vec::new() };
    rule.holds.retain(|user| !rule.excluded_users.contains(user));
    writing.org.put_rule(rule);
    writing.shown(Route::Rule(id))
}

pub(super) fn delete(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    if writing.org.remove_rule(id) { Ok(empty_object(202)) } else { Err(Refusal::no_such(id, "GroupRule")) }
}

pub(super) fn switch(writing: &mut Writing<'_>, id: &str, action: &str) -> Result<Answer, Refusal> {
    let status = match action {
        "activate" => "ACTIVE",
        "deactivate" => "INACTIVE",
        _ => return Err(Refusal::no_such_path()),
    };
    let mut rule = find(writing, id)?;
    rule.status = status;
    writing.org.put_rule(rule);
    Ok(no_content())
}
