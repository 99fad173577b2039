//! Faults: rules that make chosen requests go wrong in a chosen way.

mod book;
mod text;

use std::time::Duration;

pub(crate) use book::{Asking, FaultBook};
pub use text::FaultTextError;

/// What a fault does to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Status(u16),
    Code(String),
    Body(String),
    ContentType(String),
    /// The request is carried out all the same.
    Done,
    Latency(Duration),
    CutBody,
    Drop,
    TruncatedGzip,
    NextRepeats,
    NextEndless,
    NextForeign(String),
    Overlap(usize),
    EmptyLastPage,
    Skew(i64),
    NoDate,
    NoRateHeaders,
    Reset(i64),
}

/// A rule: which requests it meets, how often, and what then happens.
///
/// Rules come from code, from a compact text, or from a YAML or JSON list ([`Fault::list`]):
///
/// ```
/// use rolebook_fake_okta::Fault;
///
/// let in_code = Fault::on("/api/v1/groups").page(2).count(1).status(500);
/// let as_text: Fault = "status=500,path=/api/v1/groups,page=2,count=1".parse()?;
/// assert_eq!(in_code, as_text);
/// # Ok::<(), rolebook_fake_okta::FaultTextError>(())
/// ```
///
/// A path pattern names a path without its query; `*` stands for one segment and a final `**` for any rest. A rule
/// with several effects does them all, and so do several rules that meet the same request.
///
/// | text | in code | what happens |
/// |---|---|---|
/// | `path=`, `method=`, `token=` | [`on`](Self::on), [`method`](Self::method), [`token`](Self::token) | only these requests |
/// | `page=N` | [`page`](Self::page) | only the Nth page of a walk |
/// | `skip=N`, `count=N` | [`skip`](Self::skip), [`count`](Self::count) | spare the first N, strike at most N |
/// | `chance=P` | [`chance`](Self::chance) | strike P percent of them, by the seed |
/// | `status=N`, `code=E…` | [`status`](Self::status), [`code`](Self::code) | this answer instead; nothing is carried out |
/// | `done` | [`done`](Self::done) | … but the request is carried out |
/// | `gone`, `feature-off` | [`gone`](Self::gone), [`feature_off`](Self::feature_off) | 404 E0000007, 401 E0000015 |
/// | `html`, `null`, `empty`, `body=…` | [`html`](Self::html), [`body`](Self::body) | this body |
/// | `content-type=…` | [`content_type`](Self::content_type) | this content type |
/// | `latency=250ms` | [`latency`](Self::latency) | the answer takes so long |
/// | `cut` | [`cut`](Self::cut) | the connection breaks in mid-body |
/// | `drop` | [`drop_connection`](Self::drop_connection) | the connection breaks without an answer |
/// | `truncated-gzip` | [`truncated_gzip`](Self::truncated_gzip) | half a gzip stream |
/// | `next=repeat`, `next=endless` | [`next_repeats`](Self::next_repeats), [`next_endless`](Self::next_endless) | `next` is this page again; the list starts over at its end |
/// | `next=https://…` | [`next_foreign`](Self::next_foreign) | `next` is on another host |
/// | `overlap=N` | [`overlap`](Self::overlap) | the next page begins with the last N rows of this one |
/// | `duplicate` | [`duplicate`](Self::duplicate) | the next page begins with all rows of this one |
/// | `empty-last-page` | [`empty_last_page`](Self::empty_last_page) | after the last page an empty one |
/// | `skew=-300` | [`skew`](Self::skew) | `Date` is off by so many seconds |
/// | `no-date`, `no-rate-headers` | [`no_date`](Self::no_date), [`no_rate_headers`](Self::no_rate_headers) | headers are missing |
/// | `reset=5` | [`reset`](Self::reset) | `X-Rate-Limit-Reset` is so many seconds away |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    pub(crate) path: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) page: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) count: Option<usize>,
    pub(crate) chance: Option<u32>,
    pub(crate) effects: Vec<Effect>,
}

impl Fault {
    /// A rule for this path pattern.
    pub fn on(path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// A rule for every request.
    pub fn everywhere() -> Self {
        Self::default()
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only requests made with the token of this name.
    #[must_use]
    pub fn token(mut self, name: impl Into<String>) -> Self {
        self.token = Some(name.into());
        self
    }

    /// Only the page with this number; the first is 1.
    #[must_use]
    pub fn page(mut self, number: usize) -> Self {
        self.page = Some(number);
        self
    }

    /// Spares the first so many requests that fit.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Strikes at most so many times; without it there is no end.
    #[must_use]
    pub fn count(mut self, times: usize) -> Self {
        self.count = Some(times);
        self
    }

    /// Strikes so many percent of the requests that fit; which ones follows from
    /// [`Options::fault_seed`](crate::Options).
    #[must_use]
    pub fn chance(mut self, percent: u32) -> Self {
        self.chance = Some(percent);
        self
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Answers with this status and, where Okta has one, its error body; from 502 on an HTML page of the edge.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.with(Effect::Status(status))
    }

    /// The error code in the body, such as `E0000010`.
    #[must_use]
    pub fn code(self, code: impl Into<String>) -> Self {
        self.with(Effect::Code(code.into()))
    }

    /// The request is carried out before its answer is replaced: a write that worked and looks failed.
    #[must_use]
    pub fn done(self) -> Self {
        self.with(Effect::Done)
    }

    /// 429 E0000047, as when the bucket is empty.
    #[must_use]
    pub fn rate_limited(self) -> Self {
        self.status(429)
    }

    /// 404 E0000007, as for something deleted after it was listed.
    #[must_use]
    pub fn gone(self) -> Self {
        self.status(404)
    }

    /// 401 E0000015: the feature is off in this org, though the token is good.
    #[must_use]
    pub fn feature_off(self) -> Self {
        self.status(401).code("E0000015")
    }

    /// An HTML page with status 200, as from a proxy or a wrong host.
    #[must_use]
    pub fn html(self) -> Self {
        self.body("<!DOCTYPE html><html><body>Sign in</body></html>").content_type("text/html;charset=utf-8")
    }

    /// Exactly this body, such as `null` or nothing.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        self.with(Effect::Body(body.into()))
    }

    /// This content type; an empty one leaves the header out.
    #[must_use]
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.with(Effect::ContentType(content_type.into()))
    }

    /// The answer takes so long.
    #[must_use]
    pub fn latency(self, time: Duration) -> Self {
        self.with(Effect::Latency(time))
    }

    /// The connection breaks in the middle of the body.
    #[must_use]
    pub fn cut(self) -> Self {
        self.with(Effect::CutBody)
    }

    /// The connection breaks before anything is answered. Writes are carried out when [`done`](Self::done) is given.
    #[must_use]
    pub fn drop_connection(self) -> Self {
        self.with(Effect::Drop)
    }

    /// The body is the first half of a gzip stream and says so.
    #[must_use]
    pub fn truncated_gzip(self) -> Self {
        self.with(Effect::TruncatedGzip)
    }

    /// `next` names the page it stands on.
    #[must_use]
    pub fn next_repeats(self) -> Self {
        self.with(Effect::NextRepeats)
    }

    /// The list starts over where it should end, with ever new cursors.
    #[must_use]
    pub fn next_endless(self) -> Self {
        self.with(Effect::NextEndless)
    }

    /// `next` is on another origin, such as `https://evil.test`.
    #[must_use]
    pub fn next_foreign(self, origin: impl Into<String>) -> Self {
        self.with(Effect::NextForeign(origin.into()))
    }

    /// The next page begins with the last so many rows of this one, as when rows were added in mid-walk.
    #[must_use]
    pub fn overlap(self, rows: usize) -> Self {
        self.with(Effect::Overlap(rows))
    }

    /// The next page begins with all rows of this one. Give a [`page`](Self::page), or the walk has no end.
    #[must_use]
    pub fn duplicate(self) -> Self {
        self.overlap(usize::MAX)
    }

    /// The last page has a `next`, and that page is empty.
    #[must_use]
    pub fn empty_last_page(self) -> Self {
        self.with(Effect::EmptyLastPage)
    }

    /// `Date` is off by so many seconds.
    #[must_use]
    pub fn skew(self, seconds: i64) -> Self {
        self.with(Effect::Skew(seconds))
    }

    /// No `Date` header.
    #[must_use]
    pub fn no_date(self) -> Self {
        self.with(Effect::NoDate)
    }

    /// No rate headers.
    #[must_use]
    pub fn no_rate_headers(self) -> Self {
        self.with(Effect::NoRateHeaders)
    }

    /// `X-Rate-Limit-Reset` is so many seconds after the fake's clock.
    #[must_use]
    pub fn reset(self, seconds: i64) -> Self {
        self.with(Effect::Reset(seconds))
    }
}
