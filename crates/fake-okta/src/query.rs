//! Query strings: what was asked, page sizes, cursors and the links to the next page.

use data_encoding::BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::options::{Options, OverMax};
use crate::refusal::Refusal;

/// What a cursor may hold unencoded in a URL; everything else is percent-encoded.
const CURSOR: &AsciiSet = NON_ALPHANUMERIC;

/// The parameters of a request, in order.
pub(crate) struct Query<'r> {
    path: &'r str,
    pairs: Vec<Pair<'r>>,
}

struct Pair<'r> {
    raw: &'r str,
    key: String,
    value: String,
}

/// A page that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) mark: Mark,
}

/// Where a page begins: what a cursor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Position of the first row.
    pub(crate) from: usize,
    /// The number of the page in its walk; the first is 1.
    pub(crate) number: usize,
}

/// The page sizes of one endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) default: usize,
    pub(crate) max: usize,
}

impl<'r> Query<'r> {
    pub(crate) fn parse(path: &'r str, query: &'r str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter(|part| !part.is_empty()).map(|raw| {
            let (key, value) = raw.split_once('=').unwrap_or((raw, ""));
            Pair { raw, key: decode(key), value: decode(value) }
        });
        Self { path, pairs: pairs.collect() }
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|pair| pair.key == key).map(|pair| pair.value.as_str())
    }

    /// Whether `expand` lists this word.
    pub(crate) fn expands(&self, word: &str) -> bool {
        self.get("expand").is_some_and(|words| words.split(',').any(|each| each.trim() == word))
    }

    /// The page that is asked for. A limit given twice is a type mismatch, as it is for Okta, since two numbers are
    /// not a number.
    pub(crate) fn page(&self, sizes: Sizes, options: &Options) -> Result<Page, Refusal> {
        let mut limits = self.pairs.iter().filter(|pair| pair.key == "limit");
        let limit = match (limits.next(), limits.next()) {
            (_, Some(_)) => return Err(Refusal::wrong_type("limit")),
            (None, None) => sizes.default,
            (Some(given), None) => {
                let number: i64 = given.value.parse().map_err(|_| Refusal::wrong_type("limit"))?;
                usize::try_from(number).ok().filter(|limit| *limit > 0).unwrap_or(sizes.default)
            }
        };
        if limit > sizes.max && options.over_max == OverMax::Reject {
            return Err(Refusal::invalid("limit", format!("limit: must be at most {}", sizes.max)));
        }
        let mark = match self.get("after") {
            Some(cursor) => self.mark(cursor).ok_or_else(Refusal::bad_paging)?,
            None => Mark { from: 0, number: 1 },
        };
        let largest = options.largest_page.unwrap_or(usize::MAX).max(1);
        Ok(Page { limit: limit.min(sizes.max).min(largest), mark })
    }

    /// The number of the page that is asked for, for faults; 1 also when the cursor is not one of ours.
    pub(crate) fn page_number(&self) -> usize {
        self.get("after").and_then(|cursor| self.mark(cursor)).map_or(1, |mark| mark.number)
    }

    /// The `self` and `next` values of the `Link` header.
    pub(crate) fn links(
        &self,
        limit: usize,
        next: Option<Mark>,
        options: &Options,
        (base, next_origin): (&str, &str),
    ) -> Vec<String> {
        let rest = |lost: Option<&str>| {
            let kept = |pair: &&Pair<'_>| {
                KEPT.contains(&pair.key.as_str()) && lost.is_none_or(|lost| lost != pair.key)
            };
            self.pairs.iter().filter(kept).map(|pair| format!("&{}", pair.raw)).collect::<String>()
        };
        let path = self.path;
        let after = match self.get("after") {
            Some(cursor) => format!("after={}&", utf8_percent_encode(cursor, CURSOR)),
            None => String::new(),
        };
        let mut links = vec![format!("<{base}{path}?{after}limit={limit}{}>; rel=\"self\"", rest(None))];
        if let Some(mark) = next {
            let app_users = path.starts_with("/api/v1/apps/") && path.ends_with("/users");
            let lost = (options.next_loses_expand && app_users).then_some("expand");
            let cursor = self.cursor(mark);
            links.push(format!(
                "<{next_origin}{path}?after={cursor}&limit={limit}{}>; rel=\"next\"",
                rest(lost)
            ));
        }
        links
    }

    /// An opaque text for a place in this list, ready for a URL: it is good for the same path and filter only.
    pub(crate) fn cursor(&self, mark: Mark) -> String {
        let mut text = format!("{:x}.{}.{}", self.fingerprint(), mark.from, mark.number);
        if text.len().is_multiple_of(3) {
            // So that there always is a `=` to escape, and a client that forgets to is found out.
            text.push('.');
        }
        utf8_percent_encode(&BASE64.encode(text.as_bytes()), CURSOR).to_string()
    }

    fn mark(&self, cursor: &str) -> Option<Mark> {
        let bytes = BASE64.decode(cursor.as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut parts = text.split('.');
        (u32::from_str_radix(parts.next()?, 16).ok()? == self.fingerprint()).then_some(())?;
        Some(Mark { from: parts.next()?.parse().ok()?, number: parts.next()?.parse().ok()? })
    }

    fn fingerprint(&self) -> u32 {
        let asked =
            ["filter", "search", "q", "sortBy", "sortOrder"].map(|key| self.get(key).unwrap_or_default());
        std::iter::once(self.path)
            .chain(asked)
            .flat_map(|text| text.bytes().chain([0]))
            .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

/// Parameters that `self` and `next` repeat; unknown ones are dropped, as Okta does.
const KEPT: [&str; 9] =
    ["expand", "filter", "search", "q", "sortBy", "sortOrder", "fields", "since", "until"];

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { default: 20, max: 200 };

    fn page(query: &str, options: &Options) -> Result<Page, std::borrow::Cow<'static, str>> {
        Query::parse("/api/v1/groups", query).page(SIZES, options).map_err(|refusal| refusal.code)
    }

    #[test]
    fn limits() {
        let clamp = Options::default();
        let reject = Options { over_max: OverMax::Reject, ..Options::default() };
        assert_eq!(page("", &clamp).unwrap().limit, 20);
        assert_eq!(page("limit=200", &reject).unwrap().limit, 200);
        assert_eq!(page("limit=201", &clamp).unwrap().limit, 200);
        assert_eq!(page("limit=201", &reject), Err("E0000001".into()));
        assert_eq!(page("limit=1", &clamp).unwrap().limit, 1);
        assert_eq!(page("limit=-1", &clamp).unwrap().limit, 20);
        assert_eq!(page("limit=many", &clamp), Err("E0000037".into()));
        assert_eq!(page("limit=5&limit=5", &clamp), Err("E0000037".into()));
    }

    #[test]
    fn a_cursor_holds_for_its_own_list_only() {
        let options = Options::default();
        let list = Query::parse("/api/v1/groups", "filter=type+eq+%22OKTA_GROUP%22");
        let escaped = list.cursor(Mark { from: 17, number: 2 });
        let follow = format!("filter=type+eq+%22OKTA_GROUP%22&after={escaped}");
        assert_eq!(page(&follow, &options).unwrap().mark, Mark { from: 17, number: 2 });
        assert_eq!(page(&format!("after={escaped}"), &options), Err("E0000029".into()));
        assert_eq!(page("after=nonsense", &options), Err("E0000029".into()));
    }

    #[test]
    fn next_keeps_the_query_and_self_drops_the_unknown() {
        let query = Query::parse("/api/v1/apps/0oa/users", "expand=user&limit=2&foo=1&q=a%20b");
        let next = Some(Mark { from: 2, number: 2 });
        let links = query.links(2, next, &Options::default(), ("http://h", "http://h"));
        assert_eq!(links[0], "<http://h/api/v1/apps/0oa/users?limit=2&expand=user&q=a%20b>; rel=\"self\"");
        assert!(links[1].ends_with("&limit=2&expand=user&q=a%20b>; rel=\"next\""), "{}", links[1]);
        let losing = Options { next_loses_expand: true, ..Options::default() };
        assert!(!query.links(2, next, &losing, ("http://h", "http://h"))[1].contains("expand"));
        let moved = query.links(2, next, &Options::default(), ("http://h", "https://acme-admin.okta.test"));
        assert!(moved[0].starts_with("<http://h/") && moved[1].starts_with("<https://acme-admin.okta.test/"));
    }
}
