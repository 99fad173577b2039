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
    /// Finds a person by Okta id, login, e-mail address (both without regard to case), exact name, login without its
    /// domain, or the beginning of login or name, in this order.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest logins, [`Error::Ambiguous`] when a name is that of several people.
    pub fn find_person(&self, text: &str) -> Result<Named, Error> {
        for kind in ByName::ALL {
            let mut places = Vec::new();
            for (reading, of) in self.all().iter().enumerate() {
                let users = (0..).zip(&of.facts().users).filter(|(_, user)| kind.names(user, text));
                places.extend(users.map(|(user, _)| PersonAt { reading, user }));
            }
            if kind.may_be_shared() {
                self.check_one_person(text, &places)?;
            }
            if let Some(person) = places.first().and_then(|at| self.get(at.reading)?.person(at.user)) {
                return Ok(Named { person, places });
            }
        }
        Err(self.unknown("person", text, self.people()))
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
        let label = |person: &PersonRef| format!("{} ({})", person.label(), person.id);
        Err(Error::Ambiguous {
            kind: "person",
            text: text.to_owned(),
            candidates: few(people.iter().map(label)),
        })
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
            [] => {
                let listed = self.all().iter().flat_map(|reading| &reading.facts().group_names);
                names.extend(listed.filter_map(|group| group.name.as_deref()));
                Err(self.unknown("group", text, names.into_iter()))
            }
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

/// A way to name a person, from the most certain to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByName {
    Id,
    Login,
    Email,
    FullName,
    LocalPart,
    Beginning,
}

impl ByName {
    const ALL: [Self; 6] =
        [Self::Id, Self::Login, Self::Email, Self::FullName, Self::LocalPart, Self::Beginning];

    /// Whether several people may have this name.
    fn may_be_shared(self) -> bool {
        !matches!(self, Self::Id | Self::Login)
    }

    fn names(self, user: &UserRecord, text: &str) -> bool {
        let person = &user.person;
        let login = person.login.as_deref();
        let begins =
            |name: &str| name.get(..text.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(text));
        match self {
            Self::Id => user.id.as_str() == text,
            Self::Login => login.is_some_and(|login| login.eq_ignore_ascii_case(text)),
            Self::Email => {
                let emails = [person.email.as_deref(), person.second_email.as_deref()];
                emails.into_iter().flatten().any(|email| email.eq_ignore_ascii_case(text))
            }
            Self::FullName => person.display_name == text,
            Self::LocalPart => login
                .and_then(|login| login.split_once('@'))
                .is_some_and(|(local, _)| local.eq_ignore_ascii_case(text)),
            Self::Beginning => {
                !text.is_empty() && (login.is_some_and(begins) || begins(&person.display_name))
            }
        }
    }
}

/// The first names, and how many more there are.
fn few(names: impl Iterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

/// One person of one file, named as for [`Readings::find_person`].
pub(crate) fn find_user(facts: &Facts, text: &str) -> Result<UserIx, Error> {
    for kind in ByName::ALL {
        let found: Vec<(UserIx, &UserRecord)> =
            (0..).zip(&facts.users).filter(|(_, user)| kind.names(user, text)).collect();
        match found.as_slice() {
            [] => {}
            [(user, _)] => return Ok(*user),
            several => {
                let label = |(_, user): &(UserIx, &UserRecord)| match &user.person.login {
                    Some(login) => format!("{login} ({})", user.id),
                    None => user.id.to_string(),
                };
                let candidates = few(several.iter().map(label));
                return Err(Error::Ambiguous { kind: "person", text: text.to_owned(), candidates });
            }
        }
    }
    Err(Error::Unknown {
        kind: "person",
        text: text.to_owned(),
        place: "the snapshot".to_owned(),
        nearest: nearest(text, facts.users.iter().filter_map(|user| user.person.login.as_deref())),
    })
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
