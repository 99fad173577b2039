//! Lists, page by page.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::client::Client;
use crate::error::Error;
use crate::foreign_text::tame;
use crate::link::next_link;
use crate::target::{Cursor, Target};
use crate::transport::{Body, Request};

/// An entry of a page that could not be read. The rest of the page is fine; whoever counts must count these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its place on the page, from 0.
    pub index: usize,
    /// Its `id`, where it has one.
    pub id: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// A page of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The entries, in Okta's order. Okta promises no snapshot: an entry can come up on two pages, or on none, when
    /// the list changes while it is read. Removing repetitions is the caller's part.
    pub items: Vec<T>,
    /// Entries that could not be read.
    pub skipped: Vec<Skipped>,
    /// Where the next page begins; nothing after the last. Store it to go on from here later.
    pub next: Option<Cursor>,
    /// `X-Okta-Request-Id` of this page.
    pub request_id: Option<String>,
}

/// What distinguishes one list from another.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) first: Target,
    /// The key of the list in the body, where the body is an object that also holds the next link.
    pub(crate) key: Option<&'static str>,
}

/// Walks a list. A short or empty page is not the end; only a missing `next` is.
///
/// A page that Okta cannot produce in time (500 or 504, again and again) is asked for with half the `limit`, down
/// to a floor.
pub struct Pager<T> {
    client: Client,
    list: List,
    next: Option<Target>,
    /// Hashes of the pages asked for, with the limit set aside.
    seen: HashSet<u64>,
    barren: usize,
    /// Hashes of the bodies read: a list without end repeats itself, if not at once.
    bodies: HashSet<u64>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Pager<T> {
    pub(crate) fn new(client: Client, list: List) -> Self {
        let next = Some(list.first.clone());
        Self {
            client,
            list,
            next,
            seen: HashSet::new(),
            barren: 0,
            bodies: HashSet::new(),
            item: PhantomData,
        }
    }

    /// The walk from a stored place instead of the start.
    #[must_use]
    pub fn from_cursor(mut self, cursor: &Cursor) -> Self {
        self.go_to(cursor);
        self
    }

    /// Goes to a place of the list, as if the walk began there.
    pub fn go_to(&mut self, cursor: &Cursor) {
        self.next = Some(cursor.target().clone());
        self.seen.clear();
        self.bodies.clear();
        self.barren = 0;
    }

    /// The page that is read next; nothing after the last. Of a fresh walk it names the list.
    #[must_use]
    pub fn place(&self) -> Option<Cursor> {
        self.next.clone().map(Cursor::from)
    }

    /// Reads the next page; nothing after the last. After an error the same page can be asked for again.
    ///
    /// # Errors
    /// Any [`Error`]; those of paging itself are [`Error::BadCursor`], [`Error::PagingLoop`],
    /// [`Error::EndlessPages`] and [`Error::ForeignNext`].
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        let Some(mut target) = self.next.clone() else { return Ok(None) };
        let read = loop {
            match self.read(&target).await {
                Err(error) if timed_out_in_okta(&error) => match smaller(&target) {
                    Some(smaller) => {
                        tracing::debug!(%target, limit = smaller.limit(), "asking for a smaller page");
                        target = smaller;
                        self.next = Some(target.clone());
                    }
                    None => return Err(error),
                },
                read => break read?,
            }
        };
        self.seen.insert(digest(target.with_limit(0)));
        let next = match read.next {
            None => None,
            Some(link) => {
                let config = self.client.config();
                let next = target.follow(&link, &config.domain, &config.other_hosts)?;
                if self.seen.contains(&digest(next.with_limit(0))) {
                    return Err(Error::PagingLoop { target: next.to_string() });
                }
                self.watch_progress(&target, read.items.is_empty(), read.body)?;
                Some(next)
            }
        };
        self.next.clone_from(&next);
        Ok(Some(Page {
            items: read.items,
            skipped: read.skipped,
            next: next.map(Cursor::from),
            request_id: read.request_id,
        }))
    }

    /// Reads all pages. For lists that are known to be short.
    ///
    /// # Errors
    /// As [`Pager::next_page`].
    pub async fn all(mut self) -> Result<(Vec<T>, Vec<Skipped>), Error> {
        let (mut items, mut skipped) = (Vec::new(), Vec::new());
        while let Some(page) = self.next_page().await? {
            items.extend(page.items);
            skipped.extend(page.skipped);
        }
        Ok((items, skipped))
    }

    async fn read(&self, target: &Target) -> Result<Read<T>, Error> {
        let policy = self.client.config().retry;
        let request = Request { method: Method::GET, target: target.clone(), body: Body::None };
        let key = self.list.key;
        if smaller(target).is_none() {
            return self.client.call(&request, policy.attempts, |answer| decode(&answer, key)).await;
        }
        let few = policy.attempts_per_page_size.min(policy.attempts);
        match self.client.call(&request, few, |answer| decode(&answer, key)).await {
            // Not a matter of size: the rest of the attempts is due.
            Err(error) if error.is_transient() && !timed_out_in_okta(&error) && policy.attempts > few => {
                self.client.call(&request, policy.attempts - few, |answer| decode(&answer, key)).await
            }
            read => read,
        }
    }

    /// A page without entries, or with exactly the bytes of an earlier one, brings nothing new.
    fn watch_progress(&mut self, target: &Target, empty: bool, body: u64) -> Result<(), Error> {
        let same = !self.bodies.insert(body);
        self.barren = if empty || same { self.barren + 1 } else { 0 };
        if self.barren >= self.client.config().max_barren_pages {
            return Err(Error::EndlessPages { target: target.to_string(), pages: self.barren });
        }
        Ok(())
    }
}

impl<T> std::fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pager").field("next", &self.next).finish_non_exhaustive()
    }
}

/// A page before its `next` is judged.
pub(crate) struct Read<T> {
    pub(crate) items: Vec<T>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) next: Option<String>,
    body: u64,
    request_id: Option<String>,
}

fn timed_out_in_okta(error: &Error) -> bool {
    matches!(error, Error::Server(reply) if matches!(reply.status, 500 | 504))
}

/// The smallest `limit` worth asking for when large pages fail; Okta takes no less for app groups.
const SMALLEST_PAGE: u32 = 20;

/// The same page at half the limit, if that is not too small.
fn smaller(target: &Target) -> Option<Target> {
    let limit = target.limit()?;
    let half = (limit / 2).max(SMALLEST_PAGE);
    (half < limit).then(|| target.with_limit(half))
}

fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn decode<T: DeserializeOwned>(answer: &Answer, key: Option<&str>) -> Result<Read<T>, Error> {
    answer.check_json()?;
    let (list, next) = match key {
        None => (std::str::from_utf8(&answer.body).map_err(|_| answer.shape("the body is not UTF-8"))?, None),
        Some(key) => {
            let envelope: Envelope<'_> =
                serde_json::from_slice(&answer.body).map_err(|error| answer.malformed(&error))?;
            let list = envelope.0.get(key).ok_or_else(|| answer.shape(&format!("no {key} in the body")))?;
            (list.get(), envelope.next())
        }
    };
    let (items, skipped) = entries(list, answer)?;
    Ok(Read {
        items,
        skipped,
        next: next.or_else(|| next_link(&answer.headers)),
        // Without the envelope: its `next` is another each time, however much the list repeats itself.
        body: digest(list),
        request_id: answer.request_id(),
    })
}

/// The body of a `/iam/*` list.
#[derive(Deserialize)]
struct Envelope<'a>(#[serde(borrow)] std::collections::HashMap<String, &'a RawValue>);

impl Envelope<'_> {
    fn next(&self) -> Option<String> {
        let links: serde_json::Value = serde_json::from_str(self.0.get("_links")?.get()).ok()?;
        Some(links.get("next")?.get("href")?.as_str()?.to_owned())
    }
}

/// Reads a list at once; only if an entry resists, one by one.
fn entries<T: DeserializeOwned>(list: &str, answer: &Answer) -> Result<(Vec<T>, Vec<Skipped>), Error> {
    if let Ok(items) = serde_json::from_str(list) {
        return Ok((items, Vec::new()));
    }
    let raw: Vec<&RawValue> = serde_json::from_str(list).map_err(|error| answer.malformed(&error))?;
    let mut items = Vec::with_capacity(raw.len());
    let mut skipped = Vec::new();
    for (index, entry) in raw.into_iter().enumerate() {
        match serde_json::from_str(entry.get()) {
            Ok(item) => items.push(item),
            Err(error) => skipped.push(Skipped { index, id: id_of(entry), reason: tame(&error.to_string()) }),
        }
    }
    Ok((items, skipped))
}

fn id_of(entry: &RawValue) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(entry.get()).ok()?;
    entry.get("id")?.as_str().map(tame).filter(|id| !id.is_empty())
}
