//! From Java's dialect to ours, character by character, with the way back for error positions.
//!
//! What differs: Java's `\d`, `\w`, `\s` are ASCII unless a flag says otherwise; `.` stops at every line terminator;
//! `\Q…\E`, `\h`, `\R`, `\uXXXX` and POSIX `\p{Alpha}` exist; `\<` is a plain `<`; an unknown letter escape is an
//! error; `++` is a possessive quantifier and not a repeated repetition.

use super::{ACCOUNT_GROUP, ROLE_GROUP};

const ACCOUNT_MARK: &str = "(?{{accountid}}";
const ROLE_MARK: &str = "(?{{role}}";
const LINE_TERMINATORS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

/// A filter in our dialect.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) has_account: bool,
    pub(super) has_role: bool,
    /// Holds something that only a backtracking engine reads as Java does.
    pub(super) backtracking: bool,
    /// (byte offset in `pattern`, byte offset in the filter), ascending.
    offsets: Vec<(usize, usize)>,
}

impl Translated {
    /// The place in the filter that produced a place in the pattern.
    pub(super) fn origin(&self, at: usize) -> usize {
        let after = self.offsets.partition_point(|(out, _)| *out <= at);
        self.offsets.get(after.saturating_sub(1)).map_or(0, |(_, origin)| *origin)
    }
}

/// What is wrong, and at which byte of the filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JavaError {
    pub(super) at: usize,
    pub(super) reason: String,
}

/// Translates a filter; see the module's text for what changes.
pub(super) fn translate(filter: &str) -> Result<Translated, JavaError> {
    Translator {
        filter,
        at: 0,
        out: Translated::empty(),
        classes: 0,
        quantified: false,
        dot_all: dot_all(filter),
    }
    .run()
}

impl Translated {
    fn empty() -> Self {
        Self {
            pattern: String::new(),
            has_account: false,
            has_role: false,
            backtracking: false,
            offsets: Vec::new(),
        }
    }
}

struct Translator<'a> {
    filter: &'a str,
    at: usize,
    out: Translated,
    /// Depth of `[` brackets.
    classes: usize,
    /// The last thing written was a quantifier.
    quantified: bool,
    dot_all: bool,
}

impl<'a> Translator<'a> {
    fn run(mut self) -> Result<Translated, JavaError> {
        while let Some(c) = self.rest().chars().next() {
            self.out.offsets.push((self.out.pattern.len(), self.at));
            let was_quantified = std::mem::take(&mut self.quantified);
            match c {
                '\\' => self.escape()?,
                _ if self.classes > 0 => self.in_class(c),
                '[' => self.open_class(),
                '(' => self.group()?,
                '.' if !self.dot_all => self.put(1, &format!("[^{LINE_TERMINATORS}]")),
                '+' if was_quantified => {
                    self.out.backtracking = true;
                    self.put(1, "+");
                }
                '*' | '+' | '?' | '}' => {
                    self.put(1, c.encode_utf8(&mut [0; 4]));
                    // a `?` behind a quantifier only makes it lazy; a further `+` would be an error in Java too
                    self.quantified = !(was_quantified && c == '?');
                }
                _ => self.put(c.len_utf8(), c.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(self.out)
    }

    fn rest(&self) -> &'a str {
        self.filter.get(self.at..).unwrap_or("")
    }

    /// Consumes `read` bytes of the filter and writes `text`.
    fn put(&mut self, read: usize, text: &str) {
        self.at += read;
        self.out.pattern.push_str(text);
    }

    fn error<T>(&self, reason: impl Into<String>) -> Result<T, JavaError> {
        Err(JavaError { at: self.at, reason: reason.into() })
    }

    fn group(&mut self) -> Result<(), JavaError> {
        let rest = self.rest();
        if rest.starts_with(ACCOUNT_MARK) {
            if std::mem::replace(&mut self.out.has_account, true) {
                return self.error("the mark (?{{accountid}}…) is used twice");
            }
            self.put(ACCOUNT_MARK.len(), &format!("(?P<{ACCOUNT_GROUP}>"));
        } else if rest.starts_with(ROLE_MARK) {
            if std::mem::replace(&mut self.out.has_role, true) {
                return self.error("the mark (?{{role}}…) is used twice");
            }
            self.put(ROLE_MARK.len(), &format!("(?P<{ROLE_GROUP}>"));
        } else if rest.starts_with("(?{") {
            return self.error("only the marks (?{{accountid}}…) and (?{{role}}…) exist");
        } else {
            // `(?:`, lookaround, flags and named groups: the question mark here is no quantifier.
            let intro = if rest.starts_with("(?") { "(?" } else { "(" };
            self.put(intro.len(), intro);
        }
        Ok(())
    }

    fn open_class(&mut self) {
        self.classes += 1;
        let negated = self.rest().starts_with("[^");
        let intro = if negated { "[^" } else { "[" };
        self.put(intro.len(), intro);
        if self.rest().starts_with(':') {
            self.put(1, r"\:"); // `[[:alpha:]]` is no POSIX class in Java
        }
    }

    fn in_class(&mut self, c: char) {
        match c {
            '[' => self.open_class(),
            ']' => {
                self.classes -= 1;
                self.put(1, "]");
            }
            // set difference exists only in our dialect
            '-' | '~' if self.out.pattern.ends_with(c) => {
                let escaped = if c == '-' { r"\-" } else { r"\~" };
                self.put(1, escaped);
            }
            _ => self.put(c.len_utf8(), c.encode_utf8(&mut [0; 4])),
        }
    }

    fn escape(&mut self) -> Result<(), JavaError> {
        let Some(c) = self.rest().chars().nth(1) else {
            return self.error("the filter ends in a single backslash");
        };
        match c {
            'Q' => {
                let body = self.rest().get(2..).unwrap_or("");
                let (quoted, read) = match body.find(r"\E") {
                    Some(end) => (body.get(..end).unwrap_or(""), end + 4),
                    None => (body, body.len() + 2),
                };
                let literal = regex::escape(quoted);
                self.put(read, &literal);
            }
            'd' | 'w' | 's' | 'h' | 'D' | 'W' | 'S' | 'H' => {
                let set = match c.to_ascii_lowercase() {
                    'd' => "0-9",
                    'w' => "a-zA-Z0-9_",
                    's' => r" \t\n\x0B\f\r",
                    _ => r" \t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
                };
                // always a class of its own, so that a `-` behind it stays a plain hyphen
                let class = if c.is_ascii_uppercase() { format!("[^{set}]") } else { format!("[{set}]") };
                self.put(2, &class);
            }
            'R' => self.put(2, r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
            'Z' => self.put(2, r"\z"),
            'e' => self.put(2, r"\x1B"),
            'u' => {
                let hex = self.rest().get(2..6).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(hex) = hex else { return self.error(r"\u needs four hexadecimal digits") };
                let text = format!(r"\x{{{hex}}}");
                self.put(6, &text);
            }
            'p' | 'P' => self.property(c)?,
            // known to both dialects (back-references and \k make the linear engine refuse, the other one reads them)
            'b' | 'B' | 'A' | 'z' | 't' | 'n' | 'r' | 'f' | 'a' | 'x' | 'k' | '1'..='9' => {
                let mut text = String::from('\\');
                text.push(c);
                self.put(2, &text);
            }
            _ if c.is_ascii_alphanumeric() => {
                return self
                    .error(format!(r"the escape \{c} does not exist in Java or is not supported here"));
            }
            _ => {
                let literal = regex::escape(c.encode_utf8(&mut [0; 4]));
                self.put(1 + c.len_utf8(), &literal);
            }
        }
        Ok(())
    }

    fn property(&mut self, letter: char) -> Result<(), JavaError> {
        let body = self.rest().get(2..).unwrap_or("");
        let (name, read) = if let Some(inner) = body.strip_prefix('{') {
            let Some(end) = inner.find('}') else { return self.error("a property name is not closed by }") };
            (inner.get(..end).unwrap_or(""), end + 4)
        } else {
            let one = body.chars().next().map_or(0, char::len_utf8);
            (body.get(..one).unwrap_or(""), one + 2)
        };
        let posix = match name {
            "Lower" => Some("a-z"),
            "Upper" => Some("A-Z"),
            "ASCII" => Some(r"\x00-\x7F"),
            "Alpha" => Some("a-zA-Z"),
            "Digit" => Some("0-9"),
            "Alnum" => Some("a-zA-Z0-9"),
            "Punct" => Some(r"!-/:-@\[-`{-~"),
            "Graph" => Some("!-~"),
            "Print" => Some(" -~"),
            "Blank" => Some(r" \t"),
            "Cntrl" => Some(r"\x00-\x1F\x7F"),
            "XDigit" => Some("0-9a-fA-F"),
            "Space" => Some(r" \t\n\x0B\f\r"),
            _ => None,
        };
        let text = match posix {
            Some(set) if letter == 'p' => format!("[{set}]"),
            Some(set) => format!("[^{set}]"),
            None => format!(r"\{letter}{{{}}}", name.strip_prefix("Is").unwrap_or(name)),
        };
        self.put(read, &text);
        Ok(())
    }
}

/// Whether any inline flag group switches `s` on; then `.` is left to the engine.
fn dot_all(filter: &str) -> bool {
    filter.match_indices("(?").any(|(at, _)| {
        let flags = filter.get(at + 2..).unwrap_or("");
        let end = flags.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(flags.len());
        let (letters, stop) = flags.split_at(end);
        letters.contains('s') && letters.len() < 8 && (stop.starts_with(')') || stop.starts_with(':'))
    })
}
