//! What the readings of several apps of one org have in common beside the pages in their journal: answers that are no
//! pages, people who are wanted, and the count of what was asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use rolebook_okta::{Client, Error, shapes};
use tokio::sync::OnceCell;

use crate::{Stage, SyncError};

/// One for each run; a run of one app has its own.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Admins, whose user objects any list of any app may bring.
    wanted: BTreeSet<String>,
    people: Mutex<HashMap<String, shapes::User>>,
    /// Lists that Okta will not give, by their first page, and objects.
    no: Mutex<HashMap<String, Error>>,
    asked: Mutex<BTreeMap<String, (Stage, u64)>>,
    sees_nobody: OnceCell<bool>,
}

impl Shared {
    /// Keeps an eye on these people.
    pub(crate) fn watching(self, wanted: BTreeSet<String>) -> Self {
        Self { wanted, ..self }
    }

    /// A user object has come with some list; of those that are wanted the newest is kept.
    pub(crate) fn met(&self, user: &shapes::User) {
        if !self.wanted.contains(user.id.as_str()) {
            return;
        }
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let older = people.get(user.id.as_str()).is_none_or(|known| {
            crate::app::time(known.last_updated.as_deref()) < crate::app::time(user.last_updated.as_deref())
        });
        if older {
            people.insert(user.id.as_str().to_owned(), user.clone());
        }
    }

    /// Somebody who came with a list of this or another app.
    pub(crate) fn person(&self, id: &str) -> Option<shapes::User> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// What Okta has said before in place of a list or an object.
    pub(crate) fn said_no(&self, name: &str) -> Result<(), Error> {
        match self.no.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Notes how a list or an object ended: how many entries it has, or that Okta will not give it. What asking again
    /// may cure is not noted.
    pub(crate) fn ended<T>(&self, name: &str, stage: Stage, read: Result<T, &Error>, items: u64) {
        if let Err(error) = read {
            let final_word = error.is_refused() || error.is_gone() || error.is_unavailable_here();
            if !final_word {
                return;
            }
            self.no.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), error.clone());
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(name.to_owned(), (stage, items));
    }

    /// Every list and object that was asked for, with its entries.
    pub(crate) fn asked(&self) -> Vec<(Stage, u64)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect()
    }

    /// Whether it had to be asked if the token sees anybody.
    pub(crate) fn asked_for_anybody(&self) -> bool {
        self.sees_nobody.initialized()
    }

    /// Whether the token sees no user of the org. A service app without an admin role gets empty lists instead of
    /// refusals.
    pub(crate) async fn sees_nobody(&self, client: &Client) -> Result<bool, SyncError> {
        let ask = async {
            let first = match client.users(1) {
                Ok(mut users) => users.next_page().await,
                Err(error) => Err(error),
            };
            match first {
                Ok(page) => Ok(page.is_none_or(|page| page.items.is_empty() && page.skipped.is_empty())),
                Err(error) if error.is_refused() || error.is_gone() => Ok(true),
                Err(error) => Err(SyncError::reading("whether the token sees anybody")(error)),
            }
        };
        self.sees_nobody.get_or_try_init(|| ask).await.copied()
    }
}
