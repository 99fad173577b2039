//! What stands behind a backslash.

use regex_syntax::hir::ClassUnicode;

use super::{Before, Dialect, JavaError, Translator, set};

const ANCHOR: Before = Before::Fixed("anchor");
const WORD_BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";
const NO_WORD_BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";

/// An escape that stands for text or for a set of characters.
pub(super) enum Escaped {
    Char(char),
    Text(String),
    Set(ClassUnicode),
}

impl Translator<'_> {
    /// An escape outside a class.
    pub(super) fn escape(&mut self) -> Result<(), JavaError> {
        let Some(c) = self.rest().chars().nth(1) else {
            return self.error("the filter ends in a single backslash");
        };
        match c {
            'b' => self.word_boundary(),
            'B' => {
                self.needs_backtracking();
                self.put(2, NO_WORD_BOUNDARY, ANCHOR);
            }
            'A' => self.put(2, r"\A", ANCHOR),
            'z' => self.put(2, r"\z", ANCHOR),
            'Z' => self.end(2),
            'R' => self.put(2, r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])", Before::Fixed(r"\R")),
            '1'..='9' => self.numbered_reference()?,
            'k' => self.named_reference()?,
            _ => match self.read_escape(false)? {
                Escaped::Char(c) => self.literal(0, c),
                Escaped::Text(text) => text.chars().for_each(|c| self.literal(0, c)),
                Escaped::Set(set) => self.put(0, &set::written(&set), Before::Atom),
            },
        }
        Ok(())
    }

    /// Between an ASCII word and what is none. The linear engine has it, the other one only looks around.
    fn word_boundary(&mut self) {
        let text = match self.dialect {
            Dialect::Linear => r"(?-u:\b)",
            Dialect::Backtracking | Dialect::Terminated => WORD_BOUNDARY,
        };
        self.put(2, text, ANCHOR);
    }

    /// Reads an escape that means the same inside and outside a class.
    pub(super) fn read_escape(&mut self, in_class: bool) -> Result<Escaped, JavaError> {
        let Some(c) = self.rest().chars().nth(1) else {
            return self.error("the filter ends in a single backslash");
        };
        let single = |c| Ok((2, Escaped::Char(c)));
        let read = match c {
            'Q' => self.quoted(),
            'd' | 'D' => set(set::DIGIT, c == 'D'),
            'w' | 'W' => set(set::WORD, c == 'W'),
            's' | 'S' => set(set::SPACE, c == 'S'),
            'h' | 'H' => set(set::HORIZONTAL_SPACE, c == 'H'),
            't' => single('\t'),
            'n' => single('\n'),
            'r' => single('\r'),
            'f' => single('\x0C'),
            'a' => single('\x07'),
            'e' => single('\x1B'),
            'x' | 'u' => self.code_point(c),
            'p' | 'P' => self.property(c == 'P'),
            _ if c.is_ascii_alphanumeric() => {
                let place = if in_class { " inside a class" } else { "" };
                self.error(format!(r"the escape \{c}{place} does not exist in Java or is not supported here"))
            }
            _ => Ok((1 + c.len_utf8(), Escaped::Char(c))),
        };
        let (read, escaped) = read?;
        self.at += read;
        Ok(escaped)
    }

    fn quoted(&self) -> Result<(usize, Escaped), JavaError> {
        let body = self.rest().get(2..).unwrap_or("");
        let (text, read) = match body.find(r"\E") {
            Some(end) => (body.get(..end).unwrap_or(""), end + 4),
            None => (body, body.len() + 2),
        };
        Ok((read, Escaped::Text(text.to_owned())))
    }

    /// `\x41`, `\x{1F600}`, `\u0042`.
    fn code_point(&self, letter: char) -> Result<(usize, Escaped), JavaError> {
        let body = self.rest().get(2..).unwrap_or("");
        let (hex, read) =
            match body.strip_prefix('{').filter(|_| letter == 'x').and_then(|b| b.split_once('}')) {
                Some((hex, _)) => (hex, hex.len() + 4),
                None => {
                    let digits = if letter == 'x' { 2 } else { 4 };
                    (body.get(..digits).unwrap_or(""), digits + 2)
                }
            };
        let all_hex = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let point = u32::from_str_radix(hex, 16).ok().filter(|_| all_hex).and_then(char::from_u32);
        match point {
            Some(c) => Ok((read, Escaped::Char(c))),
            None => self.error(format!(r"\{letter} needs the number of a character in hexadecimal digits")),
        }
    }

    fn property(&self, negated: bool) -> Result<(usize, Escaped), JavaError> {
        let body = self.rest().get(2..).unwrap_or("");
        let (name, read) = match body.strip_prefix('{') {
            Some(inner) => match inner.split_once('}') {
                Some((name, _)) => (name, name.len() + 4),
                None => return self.error("a property name is not closed by }"),
            },
            None => {
                let one = body.chars().next().map_or(0, char::len_utf8);
                (body.get(..one).unwrap_or(""), one + 2)
            }
        };
        let Some(mut set) = set::property(name, self.flags.ignore_case) else {
            return self
                .error(format!("the property {name} does not exist in Java or is not supported here"));
        };
        if negated {
            set.negate();
        }
        Ok((read, Escaped::Set(set)))
    }
}

fn set(ranges: &[(char, char)], negated: bool) -> Result<(usize, Escaped), JavaError> {
    let mut set = set::of(ranges);
    if negated {
        set.negate();
    }
    Ok((2, Escaped::Set(set)))
}
