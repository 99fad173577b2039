//! Writing JSON straight into a response body: a page of ten thousand objects builds no tree.

use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// An object that is being written; keys come out in the order in which they are given.
pub(crate) struct Object<'out> {
    out: &'out mut Vec<u8>,
    empty: bool,
}

/// Writes `{…}` with whatever `fill` puts into it.
pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, empty: true });
    out.push(b'}');
}

/// Writes `[…]`, one element per item.
pub(crate) fn array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut element: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        element(out, item);
    }
    out.push(b']');
}

/// Writes a JSON string.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    // A vector takes every write and a string always serialises: there is no error to see here.
    let _ = serde_json::to_writer(out, text);
}

/// Writes any JSON value.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value) {
    let _ = serde_json::to_writer(out, value);
}

impl Object<'_> {
    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        text(self.out, key);
        self.out.push(b':');
    }

    pub(crate) fn text(&mut self, key: &str, content: &str) {
        self.key(key);
        text(self.out, content);
    }

    /// A string, or `null`.
    pub(crate) fn maybe(&mut self, key: &str, content: Option<&str>) {
        match content {
            Some(content) => self.text(key, content),
            None => self.null(key),
        }
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    pub(crate) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    pub(crate) fn number(&mut self, key: &str, number: i64) {
        self.key(key);
        let _ = write!(self.out, "{number}");
    }

    pub(crate) fn value(&mut self, key: &str, content: &Value) {
        self.key(key);
        value(self.out, content);
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(json);
    }

    /// A time in Okta's one spelling: UTC with three decimals.
    pub(crate) fn time(&mut self, key: &str, time: Timestamp) {
        self.key(key);
        let _ = write!(self.out, "\"{time:.3}\"");
    }

    pub(crate) fn maybe_time(&mut self, key: &str, time: Option<Timestamp>) {
        match time {
            Some(time) => self.time(key, time),
            None => self.null(key),
        }
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        object(self.out, fill);
    }

    pub(crate) fn array<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        element: impl FnMut(&mut Vec<u8>, T),
    ) {
        self.key(key);
        array(self.out, items, element);
    }

    pub(crate) fn texts<'a>(&mut self, key: &str, items: impl IntoIterator<Item = &'a str>) {
        self.array(key, items, text);
    }

    /// `"key":{"href":"…"}`, the commonest thing in an Okta answer.
    pub(crate) fn link(&mut self, key: &str, href: fmt::Arguments<'_>) {
        self.object(key, |link| link.text("href", &href.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_serde_json_reads() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.text("quote\"d", "a\u{1}<b>");
            o.maybe("none", None);
            o.number("n", -3);
            o.time("at", "2025-01-02T03:04:05Z".parse().unwrap());
            o.texts("list", ["x", "y"]);
            o.object("links", |o| o.link("self", format_args!("http://h/{}", 1)));
        });
        let read: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            read,
            serde_json::json!({"quote\"d": "a\u{1}<b>", "none": null, "n": -3, "at": "2025-01-02T03:04:05.000Z",
                "list": ["x", "y"], "links": {"self": {"href": "http://h/1"}}})
        );
    }
}
