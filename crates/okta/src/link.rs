//! The `Link` header (RFC 8288), as much of it as paging needs.
//!
//! Okta sends one header line per relation, but whatever stands in between may fold them into one list. Targets
//! contain commas and semicolons, parameters may be quoted, names come in any case. So this reads the grammar and
//! does not search for substrings.

use http::{HeaderMap, header};

/// The target of the first link whose relations include `next`.
pub(crate) fn next_link(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::LINK).iter().find_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        links(&text).find(|link| link.is("next")).map(|link| link.target.to_owned())
    })
}

/// One link of a list.
#[derive(Debug, PartialEq, Eq)]
struct Link<'a> {
    target: &'a str,
    /// Value of the first `rel` parameter, unquoted.
    rel: String,
}

impl Link<'_> {
    fn is(&self, relation: &str) -> bool {
        self.rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case(relation))
    }
}

fn links(text: &str) -> impl Iterator<Item = Link<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // Anything before the next target is separators, or damage to step over.
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (rel, after) = parameters(after);
        rest = after;
        Some(Link { target: target.trim(), rel: rel.unwrap_or_default() })
    })
}

/// Reads `; name=value` up to the comma that ends the link. Gives the first `rel` and what follows.
fn parameters(text: &str) -> (Option<String>, &str) {
    let mut rest = text;
    let mut rel = None;
    loop {
        rest = rest.trim_start();
        let Some(after) = rest.strip_prefix(';') else {
            let end = rest.find(',').map_or(rest.len(), |comma| comma + 1);
            return (rel, rest.get(end..).unwrap_or_default());
        };
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => value(after.trim_start()),
            None => (String::new(), after),
        };
        if rel.is_none() && name.trim().eq_ignore_ascii_case("rel") {
            rel = Some(value);
        }
        rest = after;
    }
}

/// A quoted string or a token.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (token, after) = text.split_at(end);
        return (token.trim().to_owned(), after);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            _ if escaped => {
                value.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            _ => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn next(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::LINK, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        next_link(&headers)
    }

    #[test]
    fn the_next_link_is_found_in_every_spelling() {
        let rows: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&["<https://a/1>; rel=\"self\""], None),
            (&["<https://a/1>; rel=\"self\"", "<https://a/2>; rel=\"next\""], Some("https://a/2")),
            (&["<https://a/2>; rel=\"next\"", "<https://a/1>; rel=\"self\""], Some("https://a/2")),
            (&["<https://a/1>; rel=\"self\", <https://a/2>; rel=\"next\""], Some("https://a/2")),
            (&["<https://a/1>;rel=self,<https://a/2>;rel=next"], Some("https://a/2")),
            (&["<https://a/2> ; REL = \"NEXT\""], Some("https://a/2")),
            (&["<https://a/2>; rel=\"last next\""], Some("https://a/2")),
            (&["<https://a/2>; rel=\"nextish\""], None),
            (&["<https://a/2>; title=\"a, b; rel=next\"; rel=\"self\""], None),
            (&["<https://a/2>; title=\"quote \\\" , <https://b>; rel=next\"; rel=next"], Some("https://a/2")),
            (&["<https://a/2>; rel=\"self\"; rel=\"next\""], None),
            (
                &["<https://a/?q=a,b;c&after=x%2By%3D>; rel=\"next\""],
                Some("https://a/?q=a,b;c&after=x%2By%3D"),
            ),
            (&["<https://a/1>; rel=\"self\",\t<https://a/2>;\trel=\"next\""], Some("https://a/2")),
            (&["<https://a/1>, <https://a/2>; crossorigin; rel=next"], Some("https://a/2")),
            (&[", ,<https://a/2>; rel=next,"], Some("https://a/2")),
            (&["<https://a/2"], None),
            (&["https://a/2; rel=next"], None),
            (&["<https://a/2>; rel=\"next"], Some("https://a/2")),
        ];
        for (lines, expected) in rows {
            assert_eq!(next(lines).as_deref(), *expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(text in "[ -~]{0,80}") {
            let _ = next(&[&text]);
        }

        /// Written by the grammar, folded or not, in any order, it reads back.
        #[test]
        fn what_is_written_is_read(
            targets in prop::collection::vec("[a-z0-9,;=%\"/?&]{1,20}", 1..5),
            at in 0usize..5,
            folded: bool,
        ) {
            let at = at % targets.len();
            let lines: Vec<String> = targets.iter().enumerate()
                .map(|(index, target)| format!("<{target}>; rel=\"{}\"", if index == at { "next" } else { "self" }))
                .collect();
            let lines = if folded { vec![lines.join(", ")] } else { lines };
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(next(&lines), Some(targets[at].clone()));
        }
    }
}
