//! A CSV of changes: action, principal, target.

use rolebook_connector::{Asked, PrincipalName, TargetName};
use rolebook_federation::plan::{Action, LastRole};

use super::Work;
use crate::{change::Place, failure::Failure, output::visible};

const COLUMNS: [&str; 3] = ["action", "principal", "target"];
const HINT: &str = "the columns are action (grant, revoke), principal (a person, or group:NAME), target (ACCOUNT/ROLE, group:NAME, app)";

/// Plans every line. One that cannot be planned refuses the whole, each with its line.
pub(super) async fn plans(place: &Place, text: &str) -> Result<Work, Failure> {
    let asked = parse(text)?;
    let mut planned = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    for (line, asked) in &asked {
        let plan = match place.provisioning.request(asked).await {
            Ok(request) => place.provisioning.plan(&request).await,
            Err(error) => Err(error),
        };
        match plan {
            Ok(plan) => planned.push(plan),
            Err(error) if error.is_cancelled() => return Err(error.into()),
            Err(error) => {
                let hint = error.hint();
                refused.push(format!("line {line}: {} ({})", visible(&error.to_string()), visible(&hint)));
            }
        }
    }
    if refused.is_empty() {
        return Ok(Work { planned, author: None, exact: false });
    }
    Err(Failure::conflict(
        format!(
            "{} of {} changes cannot be planned:\n  {}",
            refused.len(),
            asked.len(),
            refused.join("\n  ")
        ),
        "nothing was changed: correct these lines, or leave them out",
    ))
}

fn parse(text: &str) -> Result<Vec<(u64, Asked)>, Failure> {
    let usage = |text: String| Failure::usage(text, HINT);
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(false).from_reader(text.as_bytes());
    let headers =
        reader.headers().map_err(|error| usage(format!("the list cannot be read: {error}")))?.clone();
    let mut at = [0; 3];
    for (place, column) in at.iter_mut().zip(COLUMNS) {
        *place = headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(column))
            .ok_or_else(|| usage(format!("the list has no column `{column}`")))?;
    }
    let mut list = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| usage(format!("the list cannot be read: {error}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let [action, principal, target] = at.map(|place| record.get(place).unwrap_or_default());
        let action = match action.to_ascii_lowercase().as_str() {
            "grant" => Action::Grant,
            "revoke" => Action::Revoke,
            other => return Err(usage(format!("line {line}: `{}` is no action", visible(other)))),
        };
        let principal = match principal.strip_prefix("group:").map(str::trim) {
            Some(group) => PrincipalName::Group(group.to_owned()),
            None if principal.is_empty() => return Err(usage(format!("line {line}: nobody is named"))),
            None => PrincipalName::User(principal.to_owned()),
        };
        let target = match (target, target.strip_prefix("group:").map(str::trim)) {
            (_, Some(group)) => TargetName::Group(group.to_owned()),
            ("app", None) => TargetName::App,
            (role, None) if role.contains('/') => TargetName::Role(role.to_owned()),
            (other, None) => return Err(usage(format!("line {line}: `{}` is no target", visible(other)))),
        };
        let asked = Asked {
            action,
            principal,
            target,
            via: None,
            with_app: None,
            allow_conversion: false,
            last_role: LastRole::Keep,
        };
        list.push((line, asked));
    }
    if list.is_empty() {
        return Err(usage("the list is empty".to_owned()));
    }
    Ok(list)
}
