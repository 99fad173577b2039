//! What is shown of an answer: the drawn paths, the list that says the same, proofs and effects.

use rolebook_insight::{Path, PersonRef, RoleRef, SnapshotNote, Verdict, WhatGroup};

use super::Question;
use crate::{
    graph::{Graph, Route, Stop},
    operation::{
        Context,
        explore::{self, Answered, Of, Thought},
        plans::offers::{Doors, Writes},
    },
    problem::Problem,
    run::clean,
    web::{
        page::{When, href},
        pages::{
            deed::{Deed, Wish},
            effect::{Effect, Proof as ProofOf},
        },
    },
};

/// Rows of a list that are shown at once.
const ROWS: usize = 200;

/// The answer of one connector as it is shown.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) evidence: Evidence,
    pub(super) graph: Graph,
    pub(super) summary: String,
    pub(super) rows: Vec<Row>,
    pub(super) more: usize,
    pub(super) proofs: Vec<Proof>,
    pub(super) effects: Vec<Effect>,
    pub(super) limits: Vec<String>,
    /// What can be granted and revoked on this page.
    pub(super) deeds: Vec<Deed>,
    /// Roles that nobody has through the group that is asked for.
    pub(super) idle: Vec<(String, String)>,
}

impl Shown {
    pub(super) fn all_deeds(&self) -> impl Iterator<Item = &Deed> {
        self.deeds.iter().chain(self.rows.iter().flat_map(|row| &row.deed))
    }
}

/// As of when, from what, how complete.
pub(super) struct Evidence {
    pub(super) as_of: Option<When>,
    pub(super) snapshot: String,
    pub(super) sha256: String,
    pub(super) partial: Vec<String>,
}

/// A person and a role.
pub(super) struct Row {
    pub(super) person: String,
    pub(super) person_href: String,
    pub(super) status: String,
    pub(super) role: String,
    pub(super) role_href: String,
    pub(super) through: Vec<(String, bool)>,
    pub(super) why_href: String,
    pub(super) deed: Option<Deed>,
}

/// Why, or why not.
pub(super) struct Proof {
    pub(super) role: String,
    pub(super) can: bool,
    pub(super) checks: Vec<(bool, String)>,
    pub(super) ways: Vec<Way>,
    pub(super) near: Vec<String>,
}

/// One path hop by hop.
pub(super) struct Way {
    pub(super) title: String,
    pub(super) in_force: bool,
    pub(super) stopped_by: Option<String>,
    pub(super) hops: Vec<HopLine>,
}

pub(super) struct HopLine {
    pub(super) text: String,
    pub(super) id: String,
    pub(super) settings: Vec<String>,
    pub(super) since: Option<When>,
    pub(super) removed_by: Option<String>,
}

/// Asks, and makes what is shown of the answers.
pub(super) async fn answer(context: &Context, of: &Of, question: &Question) -> Result<Vec<Shown>, Problem> {
    let show = Show { context, question, doors: &Doors::load(context).await? };
    Ok(match question.ask.as_str() {
        "who" => {
            let found = explore::who(context, of, &question.role).await?;
            found.answers.iter().map(|answered| show.who(answered)).collect()
        }
        "what" => {
            let found = explore::what(context, of, &question.person).await?;
            found.answers.iter().map(|answered| show.what(answered)).collect()
        }
        "group" => {
            let found = explore::group(context, of, &question.group).await?;
            found.answers.iter().map(|answered| show.group(answered)).collect()
        }
        "why" => {
            let found = explore::why(context, of, &question.person, &question.role).await?;
            found.answers.iter().map(|answered| show.why(answered)).collect()
        }
        _ => {
            let thought = Thought {
                kind: question.kind.clone(),
                group: question.group.clone(),
                person: question.person.clone(),
                value: question.value.clone(),
            };
            let found = explore::what_if(context, of, &[thought]).await?;
            found.answers.iter().map(|answered| show.what_if(answered)).collect()
        }
    })
}

struct Show<'a> {
    context: &'a Context,
    question: &'a Question,
    doors: &'a Doors,
}

impl Show<'_> {
    /// A change that is offered. Of an older sync none is: it would be planned on what is no longer so.
    fn deed(
        &self,
        connector: &str,
        text: &'static str,
        writes: Writes,
        pairs: &[(&str, &str)],
    ) -> Option<Deed> {
        let now = self.question.sync.is_empty();
        now.then(|| Deed::new(self.doors, connector, &Wish { text, writes, pairs }))
    }

    fn shown<T>(&self, answered: &Answered<T>, summary: String) -> Shown {
        let now = self.context.console.now();
        let note = answered.answer.snapshots.first();
        Shown {
            name: answered.name.clone(),
            evidence: Evidence {
                as_of: When::some(answered.answer.as_of, now),
                snapshot: note.map(|note| note.snapshot.clone()).unwrap_or_default(),
                sha256: note.map(|note| note.sha256.clone()).unwrap_or_default(),
                partial: note.map(missing).unwrap_or_default(),
            },
            graph: Graph::default(),
            summary,
            rows: Vec::new(),
            more: 0,
            proofs: Vec::new(),
            effects: Vec::new(),
            limits: Vec::new(),
            deeds: Vec::new(),
            idle: Vec::new(),
        }
    }

    fn row(&self, connector: &str, person: &PersonRef, role: &RoleRef, paths: &[Path]) -> Row {
        let (key, label) = (role.key(), person.label());
        let wish = [("action", "revoke"), ("person", label), ("role", &key)];
        Row {
            person: clean(person.label()),
            person_href: self.question.other("what", person.label(), ""),
            status: clean(person.status.as_deref().unwrap_or("not read")),
            role: clean(&role.label()),
            role_href: self.question.other("who", "", &role.key()),
            through: paths.iter().map(|path| (clean(&path.brief()), path.in_force)).collect(),
            why_href: self.question.other("why", person.label(), &role.key()),
            deed: self.deed(connector, "revoke", Writes::Role, &wish),
        }
    }

    /// The drawn ways of a person to a role.
    fn routes(&self, person: &PersonRef, role: &RoleRef, paths: &[Path]) -> Vec<Route> {
        let stop =
            |key: &str, text: &str, href: String| Stop { key: key.to_owned(), text: clean(text), href };
        let whose = |path: &Path| match &path.group {
            Some(group) => stop(&group.id, group.label(), self.question.group(&group.id)),
            None => stop("own", &path.brief(), String::new()),
        };
        let account = &role.account;
        let roles = href("/roles", &[("only", "account"), ("is", &account.id)]);
        paths
            .iter()
            .map(|path| Route {
                stops: [
                    stop(&person.id, person.label(), self.question.other("what", person.label(), "")),
                    whose(path),
                    stop(&role.key(), &role.role, self.question.other("who", "", &role.key())),
                    stop(&account.id, account.label(), roles.clone()),
                ],
                in_force: path.in_force,
            })
            .collect()
    }

    fn who(&self, answered: &Answered<rolebook_insight::Who>) -> Shown {
        let found = &answered.answer.result;
        let people: usize = found.roles.iter().map(|role| role.people.len()).sum();
        let mut shown = self.shown(
            answered,
            format!("{} of {}", counted(people, "grant"), counted(found.roles.len(), "role")),
        );
        let mut routes = Vec::new();
        let all = found.roles.iter().flat_map(|role| role.people.iter().map(move |holder| (role, holder)));
        for (role, holder) in all.clone().take(ROWS) {
            shown.rows.push(self.row(&answered.connector, &holder.person, &role.role, &holder.paths));
            routes.extend(self.routes(&holder.person, &role.role, &holder.paths));
        }
        shown.more = people.saturating_sub(ROWS);
        shown.graph = Graph::of(&routes);
        if let [one] = found.roles.as_slice() {
            let wish = [("action", "grant"), ("role", &*one.role.key())];
            shown.deeds.extend(self.deed(&answered.connector, "Grant this role", Writes::Role, &wish));
        }
        shown
    }

    fn what(&self, answered: &Answered<rolebook_insight::What>) -> Shown {
        let found = &answered.answer.result;
        let summary =
            format!("{} can assume {}", clean(&found.person.name), counted(found.roles.len(), "role"));
        let mut shown = self.shown(answered, summary);
        let mut routes = Vec::new();
        for held in found.roles.iter().take(ROWS) {
            shown.rows.push(self.row(&answered.connector, &found.person, &held.role, &held.paths));
            routes.extend(self.routes(&found.person, &held.role, &held.paths));
        }
        shown.more = found.roles.len().saturating_sub(ROWS);
        shown.graph = Graph::of(&routes);
        let person = ("person", found.person.label());
        let (connector, all) = (&answered.connector, [("action", "revoke"), person, ("all", "1")]);
        shown.deeds.extend(self.deed(
            connector,
            "Grant a role",
            Writes::Role,
            &[("action", "grant"), person],
        ));
        shown.deeds.extend(self.deed(connector, "Revoke everything", Writes::Role, &all));
        shown
    }

    fn group(&self, answered: &Answered<WhatGroup>) -> Shown {
        let found = &answered.answer.result;
        let (id, connector) = (found.group.id.as_str(), answered.connector.as_str());
        let members = if found.members_read {
            counted(found.members, "member")
        } else {
            "its members were not read".to_owned()
        };
        let assigned = if found.assigned { "assigned to the app" } else { "not assigned to the app" };
        let filter = found.filter.as_ref().map(|verdict| format!("; the group filter: {verdict}"));
        let summary = format!(
            "{} confers {}; {members}, {assigned}{}",
            clean(found.group.label()),
            counted(found.roles.len(), "role"),
            clean(&filter.unwrap_or_default())
        );
        let mut shown = self.shown(answered, summary);
        let all = found.roles.iter().flat_map(|role| role.people.iter().map(move |person| (role, person)));
        for (role, person) in all.clone().take(ROWS) {
            let wish = [("action", "revoke"), ("person", person.label()), ("group", id)];
            let mut row = self.row(connector, person, &role.role, &[]);
            row.through.push((clean(found.group.label()), true));
            row.deed = self.deed(connector, "take out of the group", Writes::Membership, &wish);
            shown.rows.push(row);
        }
        shown.more = all.count().saturating_sub(ROWS);
        shown.idle = found
            .roles
            .iter()
            .filter(|role| role.people.is_empty())
            .map(|role| (clean(&role.role.label()), self.question.other("who", "", &role.role.key())))
            .collect();
        let wish = [("action", "grant"), ("group", id)];
        shown.deeds.extend(self.deed(connector, "Put somebody in", Writes::Membership, &wish));
        let (text, action) = if found.assigned {
            ("Take it off the app", "revoke")
        } else {
            ("Assign it to the app", "grant")
        };
        let wish = [("action", action), ("principal_group", id), ("app", "1")];
        shown.deeds.extend(self.deed(connector, text, Writes::Assignment, &wish));
        shown
    }

    fn why(&self, answered: &Answered<rolebook_insight::Why>) -> Shown {
        let found = &answered.answer.result;
        let can = found.verdicts.iter().filter(|verdict| verdict.can_assume).count();
        let summary = format!(
            "{} can assume {can} of {}",
            clean(&found.person.name),
            counted(found.verdicts.len(), "role")
        );
        let mut shown = self.shown(answered, summary);
        let mut routes = Vec::new();
        for verdict in found.verdicts.iter().take(ROWS) {
            routes.extend(self.routes(&found.person, &verdict.role, &verdict.paths));
            shown.proofs.push(self.proof(verdict));
        }
        shown.more = found.verdicts.len().saturating_sub(ROWS);
        shown.graph = Graph::of(&routes);
        shown
    }

    fn proof(&self, verdict: &Verdict) -> Proof {
        let now = self.context.console.now();
        let way = |path: &Path| Way {
            title: clean(&path.brief()),
            in_force: path.in_force,
            stopped_by: path.stopped_by.as_deref().map(clean),
            hops: path
                .hops
                .iter()
                .map(|hop| HopLine {
                    text: clean(&hop.text),
                    id: clean(&hop.id),
                    settings: hop
                        .settings
                        .iter()
                        .map(|setting| clean(&format!("{} = {}", setting.name, setting.value)))
                        .collect(),
                    since: When::some(hop.since_at_latest, now),
                    removed_by: hop.removed_by.as_deref().map(clean),
                })
                .collect(),
        };
        Proof {
            role: clean(&verdict.role.label()),
            can: verdict.can_assume,
            checks: verdict.checks.iter().map(|check| (check.passed, clean(&check.text))).collect(),
            ways: verdict.paths.iter().map(way).collect(),
            near: verdict
                .near_misses
                .iter()
                .map(|miss| clean(&format!("{}: {}", miss.name, miss.text)))
                .collect(),
        }
    }

    fn what_if(&self, answered: &Answered<rolebook_insight::WhatIf>) -> Shown {
        let found = &answered.answer.result;
        let least = if found.lower_bound { "at least " } else { "" };
        let summary = format!(
            "To {}: {least}{} gained, {least}{} lost",
            clean(&found.changes_asked.join("; then ")),
            found.gained,
            found.lost
        );
        let mut shown = self.shown(answered, summary);
        let proof = ProofOf { connector: &answered.connector, ..ProofOf::default() };
        shown.effects = found.changes.iter().map(|change| Effect::of(change, &proof)).collect();
        shown.limits = found.limits.iter().map(|limit| clean(limit)).collect();
        if !found.unread_groups.is_empty() {
            let names: Vec<String> = found.unread_groups.iter().map(|group| clean(&group.name)).collect();
            shown.limits.push(format!(
                "members of these groups were not read and may gain access too: {} (reading them takes {} requests or more)",
                names.join(", "),
                found.requests
            ));
        }
        shown
    }
}

/// What keeps a snapshot from being the whole truth.
fn missing(note: &SnapshotNote) -> Vec<String> {
    let unread = note.coverage.not_read.iter().map(|list| format!("{} not read: {}", list.list, list.why));
    note.coverage.partial.iter().cloned().chain(unread).map(|text| clean(&text)).collect()
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
