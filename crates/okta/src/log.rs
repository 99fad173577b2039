//! The System Log, polled. Unlike a list it never ends: there is always a next page, and asking it again later brings
//! what has been written since. Entries come in the order in which Okta stored them, so late ones are not lost.

use http::Method;
use jiff::Timestamp;

use crate::client::Client;
use crate::error::Error;
use crate::pager::{Skipped, decode};
use crate::shapes::LogEvent;
use crate::target::{Cursor, Target};
use crate::transport::{Body, Request};

/// Okta's largest page of the log.
const LOG_ENTRIES: u32 = 1000;

/// A page of the log.
#[derive(Debug)]
#[non_exhaustive]
pub struct LogPage {
    /// The entries; an empty page ends a sweep for now. The same entry may come twice: its `uuid` tells.
    pub events: Vec<LogEvent>,
    /// Entries that could not be read.
    pub skipped: Vec<Skipped>,
    /// Where to go on, now or another day.
    pub next: Cursor,
}

/// A walk through the log.
#[derive(Debug)]
pub struct LogWalk {
    client: Client,
    next: Target,
}

impl Client {
    /// `GET /logs` from a moment on, entries that fit Okta's filter expression. Okta keeps 90 days and refuses a
    /// beginning of more than 180 days ago.
    ///
    /// # Errors
    /// [`Error::Path`], which cannot happen for this path.
    pub fn log_since(&self, since: Timestamp, filter: &str) -> Result<LogWalk, Error> {
        let next = Target::of(&["logs"])?
            .with("since", &format!("{since:.3}"))
            .with("sortOrder", "ASCENDING")
            .with("filter", filter)
            .with("limit", &LOG_ENTRIES.to_string());
        Ok(LogWalk { client: self.clone(), next })
    }

    /// The same from a stored place.
    #[must_use]
    pub fn log_from(&self, place: &Cursor) -> LogWalk {
        LogWalk { client: self.clone(), next: place.target().clone() }
    }
}

impl LogWalk {
    /// Reads on. After an error the same page can be asked for again.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::BadCursor`] when Okta no longer knows a stored place, [`Error::PagingLoop`] when a page
    /// with entries leads back to itself.
    pub async fn next_page(&mut self) -> Result<LogPage, Error> {
        let config = self.client.config();
        let request = Request { method: Method::GET, target: self.next.clone(), body: Body::None };
        let read = self.client.call(&request, config.retry.attempts, |answer| decode(&answer, None)).await?;
        let events: Vec<LogEvent> = read.items;
        let next = match read.next {
            Some(link) => self.next.follow(&link, &config.domain, &config.other_hosts)?,
            None => self.next.clone(),
        };
        let moved = next != self.next;
        if !moved && !events.is_empty() {
            return Err(Error::PagingLoop { target: next.to_string() });
        }
        self.next = next.clone();
        Ok(LogPage { events, skipped: read.skipped, next: Cursor::from(next) })
    }
}
