//! App groups: assignment, priority, profile.

use serde_json::{Map, Value};

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::Profile;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::wire;

/// `PUT`: an upsert that replaces the whole assignment; a priority that is not sent is given anew, after all others.
pub(super) fn put(writing: &mut Writing<'_>, app: &str, group: &str) -> Result<Answer, Refusal> {
    let (index, row) = (writing.app(app)?, writing.group(group)?);
    let priority = match writing.body.get("priority") {
        None | Some(Value::Null) => None,
        Some(value) => Some(priority(value)?),
    };
    let sent = writing.object("/profile").unwrap_or_default();
    check(writing, index, &sent)?;
    let profile = if sent.is_empty() { Profile::Unset } else { Profile::Attributes(sent) };
    let now = writing.org.now;
    writing.org.with_app_group(index, row, |groups| groups.replace(row, priority, profile, now));
    writing.shown(Route::AppGroup(app, group))
}

fn priority(value: &Value) -> Result<i64, Refusal> {
    value.as_i64().ok_or_else(|| Refusal::invalid("priority", "priority: must be a number"))
}

fn check(writing: &Writing<'_>, app: usize, profile: &Map<String, Value>) -> Result<(), Refusal> {
    writing.org.apps.get(app).map_or(Ok(()), |row| wire::app::check_profile(row, profile))
}

/// One step of a PATCH.
enum Step {
    Priority(i64),
    Set(String, Value),
    Unset(String),
}

/// `PATCH`: `replace` and `remove` of `/priority` and `/profile/{property}`; there is no `add`.
pub(super) fn patch(writing: &mut Writing<'_>, app: &str, group: &str) -> Result<Answer, Refusal> {
    let (index, row) = (writing.app(app)?, writing.group(group)?);
    let assigned = writing.org.apps.get(index).is_some_and(|at| at.groups.place(row).is_some());
    if !assigned {
        return Err(Refusal::no_such(group, "AppGroup"));
    }
    let steps = writing.body.as_array().ok_or_else(|| Refusal::invalid("patch", "patch: must be a list"))?;
    let steps = steps.iter().map(step).collect::<Result<Vec<_>, _>>()?;
    let mut profile = writing
        .org
        .apps
        .get(index)
        .and_then(|at| at.groups.get(row))
        .map_or_else(Map::new, |at| at.profile.attributes().cloned().unwrap_or_default());
    let mut moved = None;
    for step in steps {
        match step {
            Step::Priority(priority) => moved = Some(priority),
            Step::Set(key, value) => {
                if writing.options.patch_needs_key && !profile.contains_key(&key) {
                    return Err(Refusal::invalid(
                        "patch",
                        format!("/profile/{key}: there is nothing to replace"),
                    ));
                }
                profile.insert(key, value);
            }
            Step::Unset(key) => _ = profile.remove(&key),
        }
    }
    check(writing, index, &profile)?;
    let now = writing.org.now;
    writing.org.with_app_group(index, row, |groups| {
        if let Some(priority) = moved {
            groups.prioritise(row, priority);
        }
        groups.set_profile(
            row,
            if profile.is_empty() { Profile::Unset } else { Profile::Attributes(profile) },
            now,
        );
    });
    writing.shown(Route::AppGroup(app, group))
}

fn step(step: &Value) -> Result<Step, Refusal> {
    let bad = |text: String| Refusal::invalid("patch", text);
    let op = step.get("op").and_then(Value::as_str).unwrap_or_default();
    let path = step.get("path").and_then(Value::as_str).unwrap_or_default();
    let value = step.get("value").cloned().unwrap_or_default();
    match (op, path, path.strip_prefix("/profile/")) {
        ("replace", "/priority", _) => Ok(Step::Priority(priority(&value)?)),
        ("replace", _, Some(key)) => Ok(Step::Set(key.to_owned(), value)),
        ("remove", _, Some(key)) => Ok(Step::Unset(key.to_owned())),
        ("replace" | "remove", ..) => Err(bad(format!("path: {path} cannot be changed"))),
        _ => Err(bad(format!("op: {op} is none of replace, remove"))),
    }
}

/// `DELETE`: app users that nothing else grants are gone.
pub(super) fn remove(writing: &mut Writing<'_>, app: &str, group: &str) -> Result<Answer, Refusal> {
    writing.app(app)?;
    writing.group(group)?;
    if writing.org.remove_app_group(app, group) {
        Ok(no_content())
    } else {
        Err(Refusal::no_such(group, "AppGroup"))
    }
}
