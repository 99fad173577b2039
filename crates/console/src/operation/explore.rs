//! Questions over snapshots: who, what, why, what if. The answers are `rolebook-insight`'s, one for each connector
//! within reach; as of the last good sync, or of any that is kept.

use std::sync::Arc;

use rolebook_federation::Interrupt;
use rolebook_insight::{
    Answer, ChangeRequest, Error, ErrorKind, Readings, RolePattern, Shape, What, WhatGroup, Who, Why,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Context, access, syncs};
use crate::{hosted::Hosted, lens::Lens, problem::Problem};

/// Of whom and of when is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// Only this connector's snapshot.
    pub connector: String,
    /// As of this sync of that connector; the last good one when absent.
    pub sync: String,
}

/// What one connector's snapshot answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answered<T> {
    /// Connector.
    pub connector: String,
    /// Its name.
    pub name: String,
    /// The sync that was asked.
    pub sync: String,
    /// The answer; its `shape` names a schema of `docs/schema`.
    #[schema(value_type = Object)]
    pub answer: Answer<T>,
}

/// The answers of all connectors that were asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answers<T> {
    /// One for each that knows what was asked for.
    pub answers: Vec<Answered<T>>,
}

/// A snapshot that is asked.
pub(crate) struct Asked {
    pub(crate) hosted: Hosted,
    pub(crate) lens: Arc<Lens>,
}

/// The snapshots that a question goes to.
pub(crate) async fn asked(context: &Context, of: &Of) -> Result<Vec<Asked>, Problem> {
    let mut asked = Vec::new();
    for hosted in access::within_reach(context, &of.connector).await? {
        let sync = if of.sync.is_empty() {
            hosted.row.good_sync.clone().unwrap_or_default()
        } else if of.connector.is_empty() {
            return Err(Problem::field("sync", "say of which connector"));
        } else {
            let view = syncs::get(context, &of.connector, &of.sync).await?;
            if !view.snapshot {
                return Err(Problem::not_found("snapshot"));
            }
            view.id
        };
        let lens = context.console.lens(&hosted.row.id, &sync).await?;
        asked.push(Asked { hosted, lens });
    }
    if asked.is_empty() {
        return Err(Problem::conflict(
            "there is nothing to ask",
            "no sync of a connector within your reach has brought data yet",
            "connect an Okta org first, or ask for a connector that has been read",
        ));
    }
    Ok(asked)
}

/// Asks every snapshot. One that does not know what was asked for is left out, unless none does.
async fn ask<T, F>(context: &Context, of: &Of, question: F) -> Result<Answers<T>, Problem>
where
    T: Shape + Send + 'static,
    F: Fn(&Readings, &Interrupt) -> Result<T, Error> + Send + 'static,
{
    let now = context.console.now();
    let asked = asked(context, of).await?;
    let worked = move |interrupt: &Interrupt| {
        let mut answers = Vec::new();
        let mut refused = None;
        for Asked { hosted, lens } in asked {
            match question(&lens.readings, interrupt) {
                Ok(found) => answers.push(Answered {
                    connector: hosted.row.id.clone(),
                    name: hosted.row.name.clone(),
                    sync: lens.sync.clone(),
                    answer: Answer::new(found, &lens.readings, now),
                }),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(error) if answers.is_empty() => Err(Problem::from(error)),
            _ => Ok(Answers { answers }),
        }
    };
    access::aside_until(worked).await?
}

/// Everybody who can assume the roles of a pattern.
pub(crate) async fn who(context: &Context, of: &Of, role: &str) -> Result<Answers<Who>, Problem> {
    let pattern = RolePattern::parse(needed("role", role)?);
    ask(context, of, move |readings, _| rolebook_insight::who(readings, &pattern)).await
}

/// Every role of a person.
pub(crate) async fn what(context: &Context, of: &Of, person: &str) -> Result<Answers<What>, Problem> {
    let person = needed("person", person)?.to_owned();
    ask(context, of, move |readings, _| rolebook_insight::what(readings, &person)).await
}

/// Every role that a group confers, and on whom.
pub(crate) async fn group(context: &Context, of: &Of, group: &str) -> Result<Answers<WhatGroup>, Problem> {
    let group = needed("group", group)?.to_owned();
    ask(context, of, move |readings, _| Ok(rolebook_insight::what_group(readings, &group)?.0)).await
}

/// Why a person can assume the roles of a pattern, or why not.
pub(crate) async fn why(
    context: &Context,
    of: &Of,
    person: &str,
    role: &str,
) -> Result<Answers<Why>, Problem> {
    let person = needed("person", person)?.to_owned();
    let pattern = RolePattern::parse(needed("role", role)?);
    ask(context, of, move |readings, _| rolebook_insight::why(readings, &person, &pattern)).await
}

/// A change that somebody thinks of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Thought {
    /// `add-to`, `remove-from`, `assign`, `unassign`, `assign-group`, `unassign-group`, `rename-group`,
    /// `remove-group`, `person-status`, `set`.
    pub kind: String,
    /// The group, by name or id.
    pub group: String,
    /// The person, by login, name or id.
    pub person: String,
    /// Role values with commas between, the group's new name, the status, or the setting as `name=value`.
    pub value: String,
}

/// Changes of one what-if question: each reads the whole organisation once more.
const MOST_CHANGES: usize = 100;

/// Kinds of changes: name, words, and whether they take a group, a person, a value.
pub(crate) const THOUGHTS: [(&str, &str, [bool; 3]); 10] = [
    ("add-to", "put a person into a group", [true, true, false]),
    ("remove-from", "take a person out of a group", [true, true, false]),
    ("assign", "assign a person to the app with role values", [false, true, true]),
    ("unassign", "take a person off the app", [false, true, false]),
    ("assign-group", "assign a group to the app with role values", [true, false, true]),
    ("unassign-group", "take a group off the app", [true, false, false]),
    ("rename-group", "rename a group to the value", [true, false, true]),
    ("remove-group", "delete a group", [true, false, false]),
    ("person-status", "give a person the status of the value", [false, true, true]),
    ("set", "set one of the app's settings, as name=value", [false, false, true]),
];

impl Thought {
    fn request(&self) -> Result<ChangeRequest, Problem> {
        let Some((_, _, [group, person, value])) = THOUGHTS.iter().find(|(name, ..)| *name == self.kind)
        else {
            let known: Vec<&str> = THOUGHTS.iter().map(|(name, ..)| *name).collect();
            return Err(Problem::field("kind", format!("one of {}", known.join(", "))));
        };
        let text = |field: &str, takes: bool, text: &str| -> Result<String, Problem> {
            if takes { needed(field, text).map(str::to_owned) } else { Ok(String::new()) }
        };
        let group = text("group", *group, &self.group)?;
        let person = text("person", *person, &self.person)?;
        let value = text("value", *value, &self.value)?;
        let roles =
            || value.split(',').map(|role| role.trim().to_owned()).filter(|role| !role.is_empty()).collect();
        Ok(match self.kind.as_str() {
            "add-to" => ChangeRequest::AddTo { group, person },
            "remove-from" => ChangeRequest::RemoveFrom { group, person },
            "assign" => ChangeRequest::Assign { person, roles: roles() },
            "unassign" => ChangeRequest::Unassign { person },
            "assign-group" => ChangeRequest::AssignGroup { group, roles: roles(), priority: None },
            "unassign-group" => ChangeRequest::UnassignGroup { group },
            "rename-group" => ChangeRequest::RenameGroup { group, name: value },
            "remove-group" => ChangeRequest::RemoveGroup { group },
            "person-status" => ChangeRequest::Status { person, status: value.to_uppercase() },
            _ => {
                let (key, value) =
                    value.split_once('=').ok_or_else(|| Problem::field("value", "write it as name=value"))?;
                ChangeRequest::Set { key: key.trim().to_owned(), value: value.trim().to_owned() }
            }
        })
    }
}

/// Who would gain and lose what. Nothing is written anywhere.
pub(crate) async fn what_if(
    context: &Context,
    of: &Of,
    thoughts: &[Thought],
) -> Result<Answers<rolebook_insight::WhatIf>, Problem> {
    if thoughts.is_empty() {
        return Err(Problem::field("changes", "name at least one change"));
    }
    if thoughts.len() > MOST_CHANGES {
        return Err(Problem::field("changes", format!("one question takes at most {MOST_CHANGES} changes")));
    }
    let changes: Vec<ChangeRequest> = thoughts.iter().map(Thought::request).collect::<Result<_, _>>()?;
    ask(context, of, move |readings, interrupt| {
        rolebook_insight::whatif_until(readings.only()?, &changes, interrupt)
    })
    .await
}

fn needed<'a>(field: &str, text: &'a str) -> Result<&'a str, Problem> {
    let text = text.trim();
    if text.is_empty() { Err(Problem::field(field, "this is needed")) } else { Ok(text) }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code, title) = match error.kind() {
            ErrorKind::NotFound => (404, "unknown-name", "nobody and nothing of that name was read"),
            ErrorKind::Usage => (422, "ambiguous", "this question cannot be answered as it was put"),
            ErrorKind::Failed => (409, "unreadable", "the snapshot cannot answer this"),
        };
        let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
        Self::new(
            status,
            code,
            title,
            crate::run::clean(&error.to_string()),
            crate::run::clean(&error.hint()),
        )
    }
}
