//! Bracket classes, worked out to the set of their characters: Java's unions, intersections and hyphens.

use regex_syntax::hir::ClassUnicode;

use super::{Before, JavaError, Translator, escape::Escaped, set};

/// How deep classes may nest; nobody writes more than two or three.
const DEPTH: usize = 32;

impl Translator<'_> {
    /// A class outside of any other.
    pub(super) fn bracket(&mut self) -> Result<(), JavaError> {
        let class = self.class(0)?;
        self.put(0, &set::written(&class), Before::Atom);
        Ok(())
    }

    fn class(&mut self, depth: usize) -> Result<ClassUnicode, JavaError> {
        let opened = self.at;
        if depth > DEPTH {
            return self.error("classes nested this deep are not supported here");
        }
        let negated = self.rest().starts_with("[^");
        self.at += if negated { 2 } else { 1 };
        let mut sides = Vec::new();
        let mut side = ClassUnicode::empty();
        let mut begun = false;
        loop {
            let Some(c) = self.peek() else {
                return Err(JavaError { at: opened, reason: "the class is not closed by ]".to_owned() });
            };
            let operator = self.rest().starts_with("&&");
            if operator || (c == ']' && (begun || !sides.is_empty())) {
                // Java reads a third & in ways of its own.
                if !begun || self.rest().starts_with("&&&") {
                    return self.error("a && with nothing at its side is not supported here");
                }
                self.at += if operator { 2 } else { 1 };
                sides.push(std::mem::replace(&mut side, ClassUnicode::empty()));
                begun = false;
                if !operator {
                    break;
                }
            } else {
                let item = if c == '[' { self.class(depth + 1)? } else { self.item()? };
                side.union(&item);
                begun = true;
            }
        }
        let mut sides = sides.into_iter();
        let mut class = sides.next().unwrap_or_else(ClassUnicode::empty);
        sides.for_each(|side| class.intersect(&side));
        if negated {
            class.negate();
        }
        Ok(class)
    }

    /// A character, a range, or a set by its escape.
    fn item(&mut self) -> Result<ClassUnicode, JavaError> {
        let at = self.at;
        let first = match self.member()? {
            Escaped::Set(set) => return Ok(set),
            Escaped::Text(text) => {
                if self.rest().starts_with('-') {
                    return self.error(r"a hyphen behind \Q…\E in a class is not supported here: write \-");
                }
                if text.is_empty() {
                    return self.error(r"an empty \Q…\E in a class is not supported here");
                }
                let mut set = ClassUnicode::empty();
                for c in text.chars() {
                    set.union(&self.range(at, c, c)?);
                }
                return Ok(set);
            }
            Escaped::Char(c) => c,
        };
        let mut ahead = self.rest().chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '[')) {
            return self.range(at, first, first);
        }
        self.at += 1;
        match self.member()? {
            Escaped::Char(last) => self.range(at, first, last),
            _ => Err(JavaError { at, reason: "a range ends in one character".to_owned() }),
        }
    }

    fn member(&mut self) -> Result<Escaped, JavaError> {
        match self.peek() {
            Some('\\') => self.read_escape(true),
            Some('\t'..='\r' | ' ' | '#') if self.flags.comments => {
                self.error(r"a blank or # in a class under the flag x is not supported here: write a backslash before it")
            }
            Some(c) => {
                self.at += c.len_utf8();
                Ok(Escaped::Char(c))
            }
            None => self.error("the class is not closed by ]"),
        }
    }

    /// A range that stands at `at`, with the other cases of its letters when case is ignored.
    fn range(&self, at: usize, first: char, last: char) -> Result<ClassUnicode, JavaError> {
        let fail = |reason: &str| Err(JavaError { at, reason: reason.to_owned() });
        if last < first {
            return fail("the range ends before it begins");
        }
        let plain = set::of(&[(first, last)]);
        if !self.flags.ignore_case {
            return Ok(plain);
        }
        let cases = set::cases(first, last, self.flags.unicode_case);
        // Java takes other letters for [k] than for [a-z] and [A-Z] then.
        if self.flags.unicode_case && cases != plain {
            return fail(
                "a letter in a class under the flags iu is not supported here: write out both cases",
            );
        }
        Ok(cases)
    }
}
