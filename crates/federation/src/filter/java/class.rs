//! Bracket classes: nested and intersected as in both dialects, with Java's hyphens and without POSIX brackets.

use super::{Before, JavaError, Translator, escape::Escaped, swap_case};

impl Translator<'_> {
    /// A class outside of any other.
    pub(super) fn bracket(&mut self) -> Result<(), JavaError> {
        let class = self.class()?;
        let folds = self.flags.ignore_case && self.flags.unicode_case;
        let text = if folds { format!("(?i:{class})") } else { class };
        self.put(0, &text, Before::Atom);
        Ok(())
    }

    fn class(&mut self) -> Result<String, JavaError> {
        let opened = self.at;
        let negated = self.rest().starts_with("[^");
        self.at += if negated { 2 } else { 1 };
        let mut sides: Vec<Vec<String>> = vec![Vec::new()];
        let mut first = true;
        loop {
            let Some(c) = self.peek() else {
                return Err(JavaError { at: opened, reason: "the class is not closed by ]".to_owned() });
            };
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            if self.rest().starts_with("&&") {
                self.at += 2;
                sides.push(Vec::new());
                continue;
            }
            let Some(items) = sides.last_mut() else { continue };
            if self.flags.comments && c.is_ascii_whitespace() {
                self.at += 1;
            } else if c == '[' {
                let nested = self.class()?;
                items.push(nested);
            } else {
                let text = self.item()?;
                items.push(text);
            }
        }
        let body: Vec<String> = sides.into_iter().map(side).collect();
        Ok(format!("[{}{}]", if negated { "^" } else { "" }, body.join("&&")))
    }

    /// A character, a range, or a set by its escape.
    fn item(&mut self) -> Result<String, JavaError> {
        let first = match self.class_member()? {
            Escaped::Set(set) => {
                // A hyphen behind a set is a hyphen.
                if self.rest().starts_with('-') {
                    self.at += 1;
                    return Ok(format!("{set}{}", member('-')));
                }
                return Ok(set);
            }
            Escaped::Text(text) => return Ok(text.chars().map(|c| self.cases(c, c)).collect()),
            Escaped::Char(c) => c,
        };
        let mut ahead = self.rest().chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '[')) {
            return Ok(self.cases(first, first));
        }
        self.at += 1;
        let at = self.at;
        match self.class_member()? {
            Escaped::Char(last) if first <= last => Ok(self.cases(first, last)),
            Escaped::Char(_) => Err(JavaError { at, reason: "the range ends before it begins".to_owned() }),
            _ => Err(JavaError { at, reason: "a range ends in one character".to_owned() }),
        }
    }

    fn class_member(&mut self) -> Result<Escaped, JavaError> {
        match self.peek() {
            Some('\\') => self.read_escape(true),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(Escaped::Char(c))
            }
            None => self.error("the class is not closed by ]"),
        }
    }

    /// A range, with the other case of its ASCII letters when case is ignored.
    fn cases(&self, first: char, last: char) -> String {
        let mut text = range(first, last);
        if self.flags.ignore_case && !self.flags.unicode_case {
            for (from, to) in [('a', 'z'), ('A', 'Z')] {
                let (from, to) = (first.max(from), last.min(to));
                if let (true, Some(from), Some(to)) = (from <= to, swap_case(from), swap_case(to)) {
                    text.push_str(&range(from, to));
                }
            }
        }
        text
    }
}

fn range(first: char, last: char) -> String {
    if first == last { member(first) } else { format!("{}-{}", member(first), member(last)) }
}

/// One character inside a class.
fn member(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, ':' | '_') {
        c.to_string()
    } else if c.is_ascii_graphic() && c != '<' && c != '>' {
        format!("\\{c}")
    } else {
        format!("\\x{:02X}", u32::from(c))
    }
}

/// A side of an intersection. A class that begins with a colon would be a POSIX bracket to our engines, so a colon
/// never comes first; nor does a member come twice, which two signs in a row could make an operator of.
fn side(mut items: Vec<String>) -> String {
    let mut seen = std::collections::HashSet::new();
    items.retain(|item| seen.insert(item.clone()));
    if items.first().is_some_and(|item| item.starts_with(':')) {
        items.rotate_left(1);
    }
    items.concat()
}
