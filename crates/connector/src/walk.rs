//! Walking a list with its journal: pages of an earlier run come from there, the others from Okta.

use std::future::Future;

use rolebook_okta::{Error, Page, Pager, shapes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Event, PersonRules, Stage, journal::Stored, reading::Reading};

/// An object of Okta's as the journal keeps it.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// Drops what the snapshot will not keep of a person.
    fn trim(&mut self, _people: &PersonRules) {}

    /// The user object in it.
    fn person(&self) -> Option<&shapes::User> {
        None
    }
}

impl Kept for shapes::User {
    fn trim(&mut self, people: &PersonRules) {
        self.profile.retain(|key| people.uses(key));
    }

    fn person(&self) -> Option<&shapes::User> {
        Some(self)
    }
}

impl Kept for shapes::AppUser {
    fn trim(&mut self, people: &PersonRules) {
        self.profile.retain(|key| matches!(key, "samlRoles" | "role"));
        if let Some(user) = self.user_mut() {
            user.trim(people);
        }
    }

    fn person(&self) -> Option<&shapes::User> {
        self.user()
    }
}

impl Kept for shapes::AppGroup {}
impl Kept for shapes::AppSchema {}
impl Kept for shapes::AppTypes {}
impl Kept for shapes::Group {}
impl Kept for shapes::GroupRule {}
impl Kept for shapes::RoleAssignee {}
impl Kept for shapes::RoleAssignment {}

impl Reading<'_> {
    /// Walks a list page by page; says how many objects it held. A list that an earlier run has begun is asked for
    /// its next page first: a place that Okta no longer knows means to begin the list again.
    pub(crate) async fn walk<T: Kept>(
        &self,
        stage: Stage,
        pager: Result<Pager<T>, Error>,
        take: impl FnMut(Vec<T>),
    ) -> Result<u64, Error> {
        let pager = pager?;
        let Some(first) = pager.place() else { return Ok(0) };
        self.shared.said_no(first.as_str())?;
        let read = self.pages(stage, pager, &first, take).await;
        self.shared.ended(first.as_str(), stage, read.as_ref().map(|_| ()), *read.as_ref().unwrap_or(&0));
        read
    }

    async fn pages<T: Kept>(
        &self,
        stage: Stage,
        mut pager: Pager<T>,
        first: &rolebook_okta::Cursor,
        mut take: impl FnMut(Vec<T>),
    ) -> Result<u64, Error> {
        let list = first.as_str();
        let mut items = 0;
        let mut arrived = |page: Vec<T>| {
            let on_page = page.len() as u64;
            items += on_page;
            page.iter().filter_map(Kept::person).for_each(|person| self.shared.met(person));
            take(page);
            self.progress.event(Event::Page { stage, items: on_page });
        };
        let stored = self.journal.stored(list);
        let mut page = match stored.map(|stored| (stored, &stored.next)) {
            None => pager.next_page().await?,
            Some((stored, None)) if self.replay(stored, &mut arrived) => None,
            Some((stored, Some(next))) => {
                pager = pager.from_cursor(next);
                match pager.next_page().await {
                    Ok(page) if self.replay(stored, &mut arrived) => page,
                    Err(error) if !matches!(error, Error::BadCursor(_)) => return Err(error),
                    _ => self.again(&mut pager, first).await?,
                }
            }
            Some((_, None)) => self.again(&mut pager, first).await?,
        };
        while let Some(Page { items: mut on_page, skipped, next, .. }) = page {
            let skipped: Vec<String> =
                skipped.into_iter().map(|entry| entry.id.unwrap_or(entry.reason)).collect();
            self.name_skipped(&skipped);
            on_page.iter_mut().for_each(|item| item.trim(&self.options.people));
            self.written(self.journal.add(list, next.as_ref(), skipped, &on_page));
            arrived(on_page);
            page = pager.next_page().await?;
        }
        self.progress.event(Event::ListDone { stage });
        Ok(items)
    }

    /// Reads one object, or takes it from the journal.
    pub(crate) async fn once<T: Kept>(
        &self,
        stage: Stage,
        name: &str,
        read: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let stored = self.journal.stored(name).and_then(|stored| self.journal.page::<T>(stored, 0));
        if let Some(Ok(mut page)) = stored
            && let Some(object) = page.pop()
        {
            self.shared.ended(name, stage, Ok(()), 1);
            return Ok(object);
        }
        self.shared.said_no(name)?;
        let read = read.await;
        self.shared.ended(name, stage, read.as_ref().map(|_| ()), 1);
        let mut object = read?;
        object.trim(&self.options.people);
        self.written(self.journal.add(name, None, Vec::new(), std::slice::from_ref(&object)));
        Ok(object)
    }

    /// Gives the pages of an earlier run; false when one cannot be read, and then the list has to be begun again.
    fn replay<T: Kept>(&self, stored: &Stored, arrived: &mut impl FnMut(Vec<T>)) -> bool {
        self.name_skipped(&stored.skipped);
        for number in 0.. {
            match self.journal.page(stored, number) {
                Some(Ok(page)) => arrived(page),
                Some(Err(error)) => {
                    tracing::debug!(%error, "a page of the journal cannot be read");
                    return false;
                }
                None => break,
            }
        }
        true
    }

    async fn again<T: Kept>(
        &self,
        pager: &mut Pager<T>,
        first: &rolebook_okta::Cursor,
    ) -> Result<Option<Page<T>>, Error> {
        self.written(self.journal.begin_again(first.as_str()));
        pager.go_to(first);
        pager.next_page().await
    }

    fn name_skipped(&self, skipped: &[String]) {
        for entry in skipped {
            self.warn("entry-unreadable", "an entry of a list could not be read and was left out", entry);
        }
    }

    fn written(&self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.warn(
                "journal-not-written",
                "what is read cannot be noted beside the file: a run that is cut off starts anew",
                error.to_string(),
            );
        }
    }
}
