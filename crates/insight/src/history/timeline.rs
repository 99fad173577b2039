//! Times with a role, put together from what syncs show and what events tell between them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Period, PersonHistory, RoleHistory, Span, replay::Step};
use crate::{Completeness, EventNote, PersonRef, Reading, RolePattern, RoleRef};

/// Account id and role name, the same in every snapshot of one app.
pub(super) type RoleKey = (String, String);

/// Everybody's times with the roles in question, of one app.
#[derive(Default)]
pub(super) struct Timelines {
    lines: BTreeMap<(RoleKey, String), Vec<Span>>,
    roles: BTreeMap<RoleKey, RoleRef>,
    completeness: BTreeMap<RoleKey, Completeness>,
    people: BTreeMap<String, PersonRef>,
    /// End of the sync that was seen last.
    seen: Option<Timestamp>,
}

/// Which roles a person has by a snapshot, and through what.
fn held(reading: &Reading, user: &str, pattern: &RolePattern) -> BTreeMap<RoleKey, Vec<String>> {
    let Some(user) = reading.user_by_id(user) else { return BTreeMap::new() };
    let roles = reading.roles_of(pattern).into_iter();
    roles
        .filter_map(|role| Some((key(reading, role)?, through(reading, reading.grant(user, role)?))))
        .collect()
}

pub(super) fn key(reading: &Reading, role: u32) -> Option<RoleKey> {
    let role = reading.access().roles.get(role)?;
    Some((role.account.clone(), role.name.clone()))
}

pub(super) fn through(reading: &Reading, grant: &rolebook_federation::UserGrant) -> Vec<String> {
    let groups = grant.groups.iter().filter_map(|group| reading.group(*group));
    let mut through: Vec<String> = groups.map(|group| group.label().to_owned()).collect();
    if grant.own || through.is_empty() {
        through.push(grant.source.as_str().to_owned());
    }
    through
}

impl Timelines {
    /// Takes in what events between two snapshots tell. What happened while the later one was being read counts only
    /// where that agrees with what it shows: else it was read before, and the next window tells it.
    pub(super) fn take(
        &mut self,
        steps: &[Step],
        before: &Reading,
        after: Option<&Reading>,
        pattern: &RolePattern,
    ) {
        let mut by_person: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
        for step in steps {
            by_person.entry(&step.person.id).or_default().push(step);
        }
        let reading_since = after.and_then(|after| after.facts().coverage.from);
        for (person, steps) in by_person {
            let known = before.user_by_id(person).and_then(|user| before.person(user));
            if let Some(person) = known.or_else(|| steps.first().map(|step| step.person.clone())) {
                self.people.insert(person.id.clone(), person);
            }
            let start = held(before, person, pattern);
            let end = after.map(|after| held(after, person, pattern));
            let mut keys: Vec<&RoleKey> =
                start.keys().chain(steps.iter().flat_map(|step| step.roles.keys())).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let agrees = match (&end, steps.last()) {
                    (Some(end), Some(last)) => last.roles.contains_key(key) == end.contains_key(key),
                    _ => true,
                };
                let mut has = start.contains_key(key);
                for step in &steps {
                    if !agrees && reading_since.is_some_and(|since| step.note.at > since) {
                        break;
                    }
                    match (has, step.roles.get(key)) {
                        (false, Some(held)) => self.begin(key, person, &step.note, held),
                        (true, None) => self.end(key, person, &step.note),
                        _ => {}
                    }
                    has = step.roles.contains_key(key);
                }
            }
            for step in &steps {
                self.roles.extend(step.names.iter().map(|(key, role)| (key.clone(), role.clone())));
            }
        }
    }

    fn begin(&mut self, key: &RoleKey, person: &str, note: &EventNote, held: &super::replay::HeldRole) {
        let not_before = self.seen.filter(|seen| *seen < note.at);
        self.lines.entry((key.clone(), person.to_owned())).or_default().push(Span {
            first_seen: note.at,
            not_before,
            began: Some(note.clone()),
            last_seen: note.at,
            gone_by: None,
            ended: None,
            lasts: true,
            seen_in: 0,
            uncertain: held.uncertain,
            through: held.through.clone(),
        });
    }

    fn end(&mut self, key: &RoleKey, person: &str, note: &EventNote) {
        let line = self.lines.get_mut(&(key.clone(), person.to_owned()));
        if let Some(span) = line.and_then(|spans| spans.last_mut()).filter(|span| span.lasts) {
            span.lasts = false;
            span.last_seen = note.at.max(span.first_seen);
            span.ended = Some(note.clone());
        }
    }

    /// Takes in what a snapshot shows.
    pub(super) fn sight(&mut self, reading: &Reading, seen: Timestamp, pattern: &RolePattern) {
        let mut shown: BTreeMap<(RoleKey, String), Vec<String>> = BTreeMap::new();
        let mut unread: BTreeSet<RoleKey> = BTreeSet::new();
        for ix in reading.roles_of(pattern) {
            let (Some(key), Some(role)) = (key(reading, ix), reading.role(ix)) else { continue };
            self.roles.insert(key.clone(), role);
            let here = reading.completeness_of_role(ix);
            if !here.complete {
                unread.insert(key.clone());
                let known = self.completeness.remove(&key).unwrap_or_default();
                self.completeness.insert(key.clone(), known.and(here));
            }
            for grant in reading.grants_on(ix) {
                let Some(person) = reading.person(grant.user) else { continue };
                shown.insert((key.clone(), person.id.clone()), through(reading, grant));
                self.people.insert(person.id.clone(), person);
            }
        }
        for (at, spans) in &mut self.lines {
            // Who is not seen while members were not read may still be there.
            let is_gone = !shown.contains_key(at) && !unread.contains(&at.0);
            if let Some(span) = spans.last_mut().filter(|span| span.lasts && is_gone) {
                span.lasts = false;
                span.gone_by = Some(seen);
            }
        }
        for (at, through) in shown {
            let spans = self.lines.entry(at).or_default();
            match spans.last_mut().filter(|span| span.lasts) {
                Some(span) => {
                    span.last_seen = seen;
                    span.seen_in += 1;
                    span.uncertain = false;
                    span.through = through;
                }
                None => spans.push(Span {
                    first_seen: seen,
                    not_before: self.seen,
                    began: None,
                    last_seen: seen,
                    gone_by: None,
                    ended: None,
                    lasts: true,
                    seen_in: 1,
                    uncertain: false,
                    through,
                }),
            }
        }
        self.seen = Some(seen);
    }

    /// What falls into the time in question. Every role that a snapshot knows is told, also when nobody had it.
    pub(super) fn finish(mut self, last: &Reading, between: Period) -> Vec<RoleHistory> {
        let within = |span: &Span| {
            let end = span.ended.as_ref().map(|event| event.at).or(span.gone_by);
            span.first_seen <= between.to && end.is_none_or(|end| end > between.from)
        };
        let mut roles = Vec::new();
        for (key, role) in self.roles {
            let mut people = Vec::new();
            for ((_, person), spans) in
                self.lines.range_mut((key.clone(), String::new())..).take_while(|((of, _), _)| *of == key)
            {
                spans.retain(within);
                if let Some(person) = self.people.get(person).filter(|_| !spans.is_empty()) {
                    people.push(PersonHistory { person: person.clone(), spans: std::mem::take(spans) });
                }
            }
            people.sort_by(|a, b| (a.person.label(), &a.person.id).cmp(&(b.person.label(), &b.person.id)));
            let completeness = self.completeness.remove(&key).unwrap_or_default();
            roles.push(RoleHistory { app: last.app(), role, people, completeness });
        }
        roles
    }
}
