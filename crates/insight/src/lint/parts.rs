//! The parts of a filter that mean something else than they look like, or something else than elsewhere.

use schemars::JsonSchema;
use serde::Serialize;

/// A part of the filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Part {
    /// Where it stands, in characters from 1.
    pub position: usize,
    /// The text.
    pub text: String,
    /// What it means.
    pub meaning: String,
}

const LOOKS: [(&str, &str); 5] = [
    ("(?<=", "looks behind without taking: needs the backtracking engine, which has a limit of steps"),
    ("(?<!", "looks behind without taking: needs the backtracking engine, which has a limit of steps"),
    ("(?=", "looks ahead without taking: needs the backtracking engine, which has a limit of steps"),
    ("(?!", "looks ahead without taking: needs the backtracking engine, which has a limit of steps"),
    ("(?>", "never goes back into what it took: needs the backtracking engine, which has a limit of steps"),
];

/// The text of a mark's group, without the mark.
pub(super) fn mark<'a>(filter: &'a str, name: &str) -> Option<&'a str> {
    let opening = format!("(?{{{{{name}}}}}");
    let from = filter.find(&opening)? + opening.len();
    let rest = filter.get(from..)?;
    let (mut depth, mut class, mut escaped) = (0, false, false);
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class && depth == 0 => return rest.get(..at),
            ')' if !class => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Goes through the filter once. The same part is explained where it stands first.
pub(super) fn parts(filter: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = filter;
    let mut position = 1;
    let mut class = false;
    while let Some(first) = rest.chars().next() {
        let (length, meaning) = part(rest, first, &mut class);
        let length = length.clamp(1, rest.chars().count());
        let text: String = rest.chars().take(length).collect();
        if let Some(meaning) = meaning
            && !parts.iter().any(|part| part.text == text)
        {
            parts.push(Part { position, text, meaning });
        }
        position += length;
        rest = rest.char_indices().nth(length).and_then(|(at, _)| rest.get(at..)).unwrap_or("");
    }
    parts
}

/// How many characters stand together, and what is to be said of them.
fn part(rest: &str, first: char, class: &mut bool) -> (usize, Option<String>) {
    let said = |length: usize, meaning: &str| (length, Some(meaning.to_owned()));
    if rest.starts_with("(?{{") {
        let length =
            rest.find("}}").map_or(4, |at| rest.get(..at).map_or(4, |head| head.chars().count()) + 2);
        let name: String = rest.chars().skip(4).take(length.saturating_sub(6)).collect();
        let meaning = match name.as_str() {
            "accountid" => "Okta's mark: what this group takes is the AWS account",
            "role" => {
                "Okta's mark: what this group takes is the role; it is read by name, whatever the order"
            }
            _ => "a mark that Okta does not know",
        };
        return said(length, meaning);
    }
    if let Some((text, meaning)) = LOOKS.iter().find(|(text, _)| !*class && rest.starts_with(text)) {
        return said(text.len(), meaning);
    }
    match first {
        '\\' => escape(rest),
        '[' => {
            *class = true;
            (1, None)
        }
        ']' => {
            *class = false;
            (1, None)
        }
        _ if *class => (1, None),
        '^' => said(1, "the beginning of the name"),
        '$' => said(1, "the end of the name; in Java also before a last line break"),
        '.' => said(1, "any character but a line break"),
        '*' | '+' | '?' | '}' if rest.chars().nth(1) == Some('+') => {
            said(2, "possessive: takes all it can and gives nothing back; needs the backtracking engine")
        }
        '(' if rest.starts_with("(?i") => {
            said(3, "ignores case, of ASCII letters only unless (?u) stands too")
        }
        '(' if rest.starts_with("(?") => (2, None),
        _ => (1, None),
    }
}

fn escape(rest: &str) -> (usize, Option<String>) {
    let Some(next) = rest.chars().nth(1) else { return (1, None) };
    let meaning = match next {
        'd' => "a digit, of ASCII only in Java",
        'w' => {
            "a letter, digit or underscore, of ASCII only in Java: no hyphen, dot, plus, comma, at or equals sign"
        }
        's' => "a blank, tab or line break",
        'S' => "anything but a blank, tab or line break",
        'D' => "anything but a digit",
        'W' => "anything but a letter, digit or underscore",
        'b' => "the edge of a word",
        'Q' => "all up to \\E stands for itself",
        '\\' => "a backslash, which group names hardly hold: is the filter escaped twice?",
        c if c.is_ascii_punctuation() => {
            let text = format!("`{c}` itself");
            return (
                2,
                Some(if matches!(c, '#' | '-' | '_' | '/' | ':' | '@' | '<' | '>') {
                    format!("{text}; the backslash is not needed and does no harm in Java")
                } else {
                    text
                }),
            );
        }
        _ => return (2, None),
    };
    (2, Some(meaning.to_owned()))
}
