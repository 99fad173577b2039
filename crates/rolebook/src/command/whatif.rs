//! `rolebook whatif`.

use std::process::ExitCode;

use rolebook_insight::{Answer, ChangeRequest};

use crate::{
    arguments::WhatIfArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::whatif::{rows, text},
};

pub(crate) fn run(arguments: &WhatIfArguments) -> Result<ExitCode, Failure> {
    let changes = changes(arguments)?;
    if changes.is_empty() {
        return Err(Failure::usage(
            "no change is named",
            "name one, as in --set joinAllRoles=true or --add-to GROUP PERSON; rolebook whatif --help lists all",
        ));
    }
    let readings = question::open(&arguments.snapshot)?;
    let found = rolebook_insight::whatif(readings.only()?, &changes)?;
    question::print(&Answer::new(found, &readings, now()), &arguments.snapshot, rows, text)
}

/// Settings first, then groups, then people: in the order in which one would prepare them.
fn changes(arguments: &WhatIfArguments) -> Result<Vec<ChangeRequest>, Failure> {
    let mut changes = Vec::new();
    for text in &arguments.set {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--set {text}: no value"), "use --set KEY=VALUE"));
        };
        changes.push(ChangeRequest::Set { key: key.trim().to_owned(), value: value.to_owned() });
    }
    let own = |text: &String| text.clone();
    let list = |text: &String| -> Vec<String> {
        text.split(',').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned).collect()
    };
    for (group, name) in pairs(&arguments.rename_group) {
        changes.push(ChangeRequest::RenameGroup { group: own(group), name: own(name) });
    }
    changes
        .extend(arguments.remove_group.iter().map(|group| ChangeRequest::RemoveGroup { group: own(group) }));
    for group in &arguments.assign_group {
        changes.push(ChangeRequest::AssignGroup { group: own(group), roles: Vec::new(), priority: None });
    }
    for (group, roles) in pairs(&arguments.group_roles) {
        changes.push(ChangeRequest::AssignGroup { group: own(group), roles: list(roles), priority: None });
    }
    for (group, number) in pairs(&arguments.group_priority) {
        let priority = number.parse().map_err(|_| {
            Failure::usage(format!("--group-priority: `{number}` is no number"), "lower numbers win")
        })?;
        let group = own(group);
        changes.push(ChangeRequest::AssignGroup { group, roles: Vec::new(), priority: Some(priority) });
    }
    let off = arguments.unassign_group.iter();
    changes.extend(off.map(|group| ChangeRequest::UnassignGroup { group: own(group) }));
    for (group, person) in pairs(&arguments.add_to) {
        changes.push(ChangeRequest::AddTo { group: own(group), person: own(person) });
    }
    for (group, person) in pairs(&arguments.remove_from) {
        changes.push(ChangeRequest::RemoveFrom { group: own(group), person: own(person) });
    }
    for (person, roles) in pairs(&arguments.assign) {
        changes.push(ChangeRequest::Assign { person: own(person), roles: list(roles) });
    }
    changes.extend(arguments.unassign.iter().map(|person| ChangeRequest::Unassign { person: own(person) }));
    for (person, status) in pairs(&arguments.person_status) {
        changes.push(ChangeRequest::Status { person: own(person), status: own(status) });
    }
    Ok(changes)
}

fn pairs(values: &[String]) -> impl Iterator<Item = (&String, &String)> {
    values.chunks_exact(2).filter_map(|pair| match pair {
        [one, other] => Some((one, other)),
        _ => None,
    })
}
