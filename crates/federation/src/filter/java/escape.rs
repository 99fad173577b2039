//! What stands behind a backslash.

use super::{Before, JavaError, Translator};

/// An escape that stands for text or for a set of characters.
pub(super) enum Escaped {
    Char(char),
    Text(String),
    /// A class in brackets.
    Set(String),
}

impl Translator<'_> {
    /// An escape outside a class.
    pub(super) fn escape(&mut self) -> Result<(), JavaError> {
        let Some(c) = self.rest().chars().nth(1) else {
            return self.error("the filter ends in a single backslash");
        };
        match c {
            // Word boundaries of ASCII words; `\B` needs the other engine to be ASCII, and nobody writes it.
            'b' => self.put(2, r"(?-u:\b)", Before::Atom),
            'B' => self.put(2, r"\B", Before::Atom),
            'A' => self.put(2, r"\A", Before::Atom),
            'z' => self.put(2, r"\z", Before::Atom),
            'Z' => self.end(2),
            'R' => self.put(2, r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])", Before::Atom),
            '1'..='9' => {
                self.out.backtracking = true;
                let text = format!("\\{c}");
                self.put(2, &text, Before::Atom);
            }
            'k' => {
                let name = self.rest().get(2..).and_then(|rest| rest.strip_prefix('<')?.split_once('>'));
                let Some((name, _)) = name else { return self.error(r"\k needs a group's name in <>") };
                self.out.backtracking = true;
                self.put(name.len() + 4, &format!(r"\k<{name}>"), Before::Atom);
            }
            _ => match self.read_escape(false)? {
                Escaped::Char(c) => self.literal(0, c),
                Escaped::Text(text) => text.chars().for_each(|c| self.literal(0, c)),
                Escaped::Set(set) => self.put(0, &set, Before::Atom),
            },
        }
        Ok(())
    }

    /// Reads an escape that means the same inside and outside a class.
    pub(super) fn read_escape(&mut self, in_class: bool) -> Result<Escaped, JavaError> {
        let Some(c) = self.rest().chars().nth(1) else {
            return self.error("the filter ends in a single backslash");
        };
        let single = |c| Ok((2, Escaped::Char(c)));
        let read = match c {
            'Q' => self.quoted(),
            'd' => set("[0-9]"),
            'D' => set("[^0-9]"),
            'w' => set("[a-zA-Z0-9_]"),
            'W' => set("[^a-zA-Z0-9_]"),
            's' => set(r"[ \t\n\x0B\f\r]"),
            'S' => set(r"[^ \t\n\x0B\f\r]"),
            'h' => set(r"[ \t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"),
            'H' => set(r"[^ \t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"),
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
        let not = if negated { "^" } else { "" };
        let posix = match name {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`{-~",
            "Graph" => "!-~",
            "Print" => " -~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => r" \t\n\x0B\f\r",
            _ => {
                let unicode = format!("[{not}\\p{{{}}}]", name.strip_prefix("Is").unwrap_or(name));
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if plain && regex_syntax::Parser::new().parse(&unicode).is_ok() {
                    return Ok((read, Escaped::Set(unicode)));
                }
                return self.error("a property that does not exist or is not supported here");
            }
        };
        Ok((read, Escaped::Set(format!("[{not}{posix}]"))))
    }
}

fn set(class: &str) -> Result<(usize, Escaped), JavaError> {
    Ok((2, Escaped::Set(class.to_owned())))
}
