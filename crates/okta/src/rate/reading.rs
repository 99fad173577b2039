//! What the headers of an answer tell about its bucket.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use jiff::fmt::rfc2822::DateTimeParser;

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// The state of a bucket as one answer gives it. Times are epoch seconds of Okta's clock; the local clock plays
/// no part, so it may be wrong by hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Requests allowed in the window; 0 marks a refusal for too many at once, not an empty bucket.
    pub(crate) limit: u32,
    /// Requests left in the window.
    pub(crate) remaining: u32,
    /// When the window ends.
    pub(crate) reset: Option<i64>,
    /// When Okta sent the answer.
    pub(crate) date: Option<i64>,
}

impl Reading {
    /// Reads the headers; nothing when they do not speak of a limit. An answer may carry several values, for the
    /// org's limit and the client's: the tighter counts, that is the least left and the latest reset.
    /// `server_now` stands in for a missing `Date`.
    pub(crate) fn from_headers(headers: &HeaderMap, server_now: Option<i64>) -> Option<Self> {
        let limit = numbers(headers, &LIMIT).min()?;
        let remaining = numbers(headers, &REMAINING).min()?;
        Some(Self {
            limit: u32::try_from(limit).ok()?,
            remaining: u32::try_from(remaining).ok()?,
            reset: numbers(headers, &RESET).max(),
            date: server_date(headers).or(server_now),
        })
    }

    /// Time from the answer to the end of the window; zero when that lies behind. `Date` is cut to whole seconds,
    /// so this may be up to a second too long, never too short.
    pub(crate) fn until_reset(&self) -> Option<Duration> {
        let seconds = self.reset?.saturating_sub(self.date?);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// Okta answers so when too many requests are under way at once.
    pub(crate) fn is_concurrency(&self) -> bool {
        self.limit == 0
    }
}

fn numbers(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = i64> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|value| value.trim().parse::<i64>().ok())
        .filter(|number| *number >= 0)
}

/// The `Date` header in epoch seconds.
pub(crate) fn server_date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTimeParser::new().parse_timestamp(text).ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in rows {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn one_set_of_headers() {
        let reading = Reading::from_headers(
            &headers(&[
                ("X-Rate-Limit-Limit", "100"),
                ("X-Rate-Limit-Remaining", "97"),
                ("X-Rate-Limit-Reset", "784111837"),
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ]),
            None,
        )
        .unwrap();
        assert_eq!(reading.limit, 100);
        assert_eq!(reading.remaining, 97);
        assert_eq!(reading.until_reset(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn of_several_values_the_tighter_counts() {
        let rows = [
            ("x-rate-limit-limit", "600"),
            ("x-rate-limit-limit", "60"),
            ("x-rate-limit-remaining", "500, 12"),
            ("x-rate-limit-reset", "1000,1010"),
        ];
        let reading = Reading::from_headers(&headers(&rows), Some(1000)).unwrap();
        assert_eq!((reading.limit, reading.remaining, reading.reset), (60, 12, Some(1010)));
        assert_eq!(reading.until_reset(), Some(Duration::from_secs(10)));
    }

    #[test]
    fn missing_and_odd_headers() {
        assert_eq!(Reading::from_headers(&headers(&[]), None), None);
        assert_eq!(Reading::from_headers(&headers(&[("x-rate-limit-limit", "many")]), None), None);
        let no_reset =
            [("x-rate-limit-limit", "10"), ("x-rate-limit-remaining", "-1"), ("x-rate-limit-remaining", "3")];
        let reading = Reading::from_headers(&headers(&no_reset), Some(5)).unwrap();
        assert_eq!((reading.remaining, reading.reset, reading.until_reset()), (3, None, None));
        let past =
            [("x-rate-limit-limit", "0"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "4")];
        let reading = Reading::from_headers(&headers(&past), Some(5)).unwrap();
        assert_eq!(reading.until_reset(), Some(Duration::ZERO));
        assert!(reading.is_concurrency());
    }
}
