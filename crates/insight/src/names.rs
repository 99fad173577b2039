//! Names that people use, and what they name.

use rolebook_federation::{GroupIx, UserIx};
use rolebook_ledger::{Facts, UserRecord};

use crate::{Error, PersonRef, Readings};

/// A user of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonAt {
    /// Position of the reading.
    pub reading: usize,
    /// Position of the user in it.
    pub user: UserIx,
}

/// What a name names: the same person may stand in several readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The person, as the first reading shows them.
    pub person: PersonRef,
    /// Where they stand.
    pub places: Vec<PersonAt>,
}

/// How many names are offered when one is unknown.
const NEAREST: usize = 3;

impl Readings {
    /// Finds a person by Okta id, login (without regard to case) or exact name, in this order.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest logins, [`Error::Ambiguous`] when a name is that of several people.
    pub fn find_person(&self, text: &str) -> Result<Named, Error> {
        let by = |is: &dyn Fn(&UserRecord) -> bool| {
            let mut found = Vec::new();
            for (reading, of) in self.all().iter().enumerate() {
                let users = (0..).zip(&of.facts().users).filter(|(_, user)| is(user));
                found.extend(users.map(|(user, _)| PersonAt { reading, user }));
            }
            found
        };
        let mut places = by(&|user| user.id.as_str() == text);
        if places.is_empty() {
            places = by(&|user| user.person.login.as_deref().is_some_and(|l| l.eq_ignore_ascii_case(text)));
        }
        if places.is_empty() {
            places = by(&|user| user.person.display_name == text);
            self.check_one_person(text, &places)?;
        }
        let first = places.first().and_then(|at| self.get(at.reading)?.person(at.user));
        match first {
            Some(person) => Ok(Named { person, places }),
            None => Err(self.unknown("person", text, self.people())),
        }
    }

    /// The same name may be the same person in several apps, or several people.
    fn check_one_person(&self, text: &str, places: &[PersonAt]) -> Result<(), Error> {
        let mut people: Vec<PersonRef> =
            places.iter().filter_map(|at| self.get(at.reading)?.person(at.user)).collect();
        people.sort_by(|a, b| a.label().cmp(b.label()));
        people.dedup_by(|a, b| a.id == b.id || (a.login.is_some() && a.login == b.login));
        if people.len() < 2 {
            return Ok(());
        }
        let candidates = people.iter().map(|person| format!("{} ({})", person.label(), person.id)).collect();
        Err(Error::Ambiguous { kind: "person", text: text.to_owned(), candidates })
    }

    /// Finds a group by Okta id or exact name; positions of reading and group.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest names, [`Error::Ambiguous`] when a name is that of several groups.
    pub fn find_group(&self, text: &str) -> Result<(usize, GroupIx), Error> {
        let mut found = Vec::new();
        let mut candidates = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for (reading, of) in self.all().iter().enumerate() {
            if let Some(group) = of.group_by_id(text) {
                return Ok((reading, group));
            }
            for (ix, group) in (0..).zip(&of.facts().groups) {
                names.extend(group.group.name.as_deref());
                if group.group.name.as_deref() == Some(text) {
                    found.push((reading, ix));
                    candidates.push(format!("{} ({text})", group.id));
                }
            }
        }
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.unknown("group", text, names.into_iter())),
            _ => Err(Error::Ambiguous { kind: "group", text: text.to_owned(), candidates }),
        }
    }

    fn people(&self) -> impl Iterator<Item = &str> {
        self.all()
            .iter()
            .flat_map(|reading| &reading.facts().users)
            .flat_map(|user| [user.person.login.as_deref(), Some(user.person.display_name.as_str())])
            .flatten()
            .filter(|name| !name.is_empty())
    }

    pub(crate) fn unknown<'a>(
        &self,
        kind: &'static str,
        text: &str,
        names: impl Iterator<Item = &'a str>,
    ) -> Error {
        let mut place = self.place();
        if kind == "person" {
            place.push_str(", so no assignment to the app and in no AWS group that was read");
        }
        Error::Unknown { kind, text: text.to_owned(), place, nearest: nearest(text, names) }
    }

    /// The snapshots and their time, in words.
    fn place(&self) -> String {
        let said = |reading: &crate::Reading| {
            let file = &reading.origin().file;
            match reading.facts().coverage.to {
                Some(to) => format!("{file} (as of {})", to.strftime("%Y-%m-%d %H:%MZ")),
                None => file.clone(),
            }
        };
        match self.all() {
            [one] => said(one),
            several => format!("any of {} snapshots", several.len()),
        }
    }
}

/// One person of one file: by Okta id, login or exact name, in this order.
pub(crate) fn find_user(facts: &Facts, text: &str) -> Result<UserIx, Error> {
    let by = |is: &dyn Fn(&UserRecord) -> bool| -> Vec<(UserIx, &UserRecord)> {
        (0..).zip(&facts.users).filter(|(_, user)| is(user)).collect()
    };
    let mut found = by(&|user| user.id.as_str() == text);
    if found.is_empty() {
        found = by(&|user| user.person.login.as_deref().is_some_and(|l| l.eq_ignore_ascii_case(text)));
    }
    if found.is_empty() {
        found = by(&|user| user.person.display_name == text);
    }
    match found.as_slice() {
        [(user, _)] => Ok(*user),
        [] => Err(Error::Unknown {
            kind: "person",
            text: text.to_owned(),
            place: "the snapshot".to_owned(),
            nearest: nearest(text, facts.users.iter().filter_map(|user| user.person.login.as_deref())),
        }),
        several => Err(Error::Ambiguous {
            kind: "person",
            text: text.to_owned(),
            candidates: several.iter().map(|(_, user)| user.id.to_string()).collect(),
        }),
    }
}

/// The names most like a text, best first.
pub(crate) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = text.to_lowercase();
    let mut best: Vec<(f64, &str)> = Vec::new();
    for name in names {
        if best.iter().any(|(_, known)| *known == name) {
            continue;
        }
        let score = strsim::jaro_winkler(&wanted, &name.to_lowercase());
        let at = best.partition_point(|(known, other)| *known > score || (*known == score && *other < name));
        best.insert(at, (score, name));
        best.truncate(NEAREST);
    }
    best.into_iter().map(|(_, name)| name.to_owned()).collect()
}
