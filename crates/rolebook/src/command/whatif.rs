//! `rolebook whatif`.

use std::{path::Path, process::ExitCode};

use rolebook_connector::PersonRules;
use rolebook_insight::{Answer, ChangeRequest, Extra, Fetched, NotRead, Reading, WhatIf, with_extra};
use rolebook_okta::Client;

use crate::{
    arguments::WhatIfArguments,
    command::sync::now,
    connection,
    failure::Failure,
    progress::Display,
    question,
    render::whatif::{rows, text},
};

pub(crate) async fn run(arguments: &WhatIfArguments) -> Result<ExitCode, Failure> {
    let changes = changes(arguments)?;
    if changes.is_empty() {
        return Err(Failure::usage(
            "no change is named",
            "name one, as in --set joinAllRoles=true or --add-to GROUP PERSON; rolebook whatif --help lists all",
        ));
    }
    let display = Display::new();
    let client =
        arguments.fetch.then(|| connection::client(&arguments.connection, display.on_wait())).transpose()?;
    let readings = question::open(&arguments.snapshot)?;
    let mut found = rolebook_insight::whatif(readings.only()?, &changes)?;
    if let Some(client) = client.filter(|_| found.lower_bound) {
        found = fetch(&client, arguments.max_requests, readings.only()?, &changes, found).await?;
    }
    question::print(&Answer::new(found, &readings, now()), &arguments.snapshot, rows, text)
}

/// Reads what the answer lacks and asks again: first the names of groups, where they are missing, then the members of
/// those that count.
async fn fetch(
    client: &Client,
    most: u64,
    reading: &Reading,
    changes: &[ChangeRequest],
    mut found: WhatIf,
) -> Result<WhatIf, Failure> {
    let (origin, org) = (reading.origin(), &reading.facts().org);
    rolebook_connector::check_org(client, Path::new(&origin.file), org.id.as_str()).await?;
    let people = PersonRules::default();
    let mut fetched =
        Fetched { at: now(), requests: 1, names: false, groups: Vec::new(), not_read: Vec::new() };
    let mut extra = Extra::default();
    if found.unread_names {
        let left = most.saturating_sub(fetched.requests);
        question::tell(&format!(
            "--fetch: reads the names of the org's groups, 1 request for each 200 of them, {left} at most"
        ));
        let (names, requests) = rolebook_connector::read_group_names(client, &people, left).await?;
        fetched.requests += requests;
        match names {
            Ok(names) => {
                fetched.names = true;
                extra.names = names;
                found = rolebook_insight::whatif(&with_extra(reading, &extra)?, changes)?;
            }
            Err(why) => fetched.not_read.push(NotRead { list: "groups".to_owned(), why }),
        }
    }
    if !found.unread_groups.is_empty() {
        let left = most.saturating_sub(fetched.requests);
        let groups: Vec<String> = found.unread_groups.iter().map(|group| group.id.clone()).collect();
        question::tell(&format!(
            "--fetch: reads the members of {} {}, 1 request for each and for each further 1000 members, {left} at \
             most",
            groups.len(),
            if groups.len() == 1 { "group" } else { "groups" }
        ));
        let read = rolebook_connector::read_members(client, &groups, &people, left).await?;
        fetched.requests += read.requests;
        fetched.groups = read.members.keys().cloned().collect();
        let missing = read.not_read.into_iter();
        fetched
            .not_read
            .extend(missing.map(|(group, why)| NotRead { list: format!("members of {group}"), why }));
        extra.members = read.members;
        found = rolebook_insight::whatif(&with_extra(reading, &extra)?, changes)?;
    }
    found.fetched = Some(fetched);
    Ok(found)
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
