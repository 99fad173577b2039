//! Groups: the two marks, groups of other kinds, flags, and references back to what a group caught.

use super::super::{ACCOUNT_GROUP, ROLE_GROUP};
use super::{Before, Flags, JavaError, Translator};

const ACCOUNT_MARK: &str = "(?{{accountid}}";
const ROLE_MARK: &str = "(?{{role}}";

/// How deep groups may nest, less than where the engines give up.
const DEPTH: usize = 24;

/// A group that is not closed yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// Where it was opened.
    pub(super) at: usize,
    /// Where the pattern has it.
    written: usize,
    kind: Kind,
    /// The flags outside of it.
    outer: Flags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// With its number.
    Capturing(usize),
    LookAhead,
    LookBehind,
}

impl Translator<'_> {
    pub(super) fn open(&mut self) -> Result<(), JavaError> {
        let rest = self.rest();
        if self.open.len() >= DEPTH {
            return self.error("groups nested this deep are not supported here");
        }
        if rest.starts_with(ACCOUNT_MARK) {
            if std::mem::replace(&mut self.out.has_account, true) {
                return self.error("the mark (?{{accountid}}…) is used twice");
            }
            return self.enter_capturing(ACCOUNT_MARK.len(), &format!("(?P<{ACCOUNT_GROUP}>"));
        }
        if rest.starts_with(ROLE_MARK) {
            if std::mem::replace(&mut self.out.has_role, true) {
                return self.error("the mark (?{{role}}…) is used twice");
            }
            return self.enter_capturing(ROLE_MARK.len(), &format!("(?P<{ROLE_GROUP}>"));
        }
        if rest.starts_with("(?{") {
            return self.error("only the marks (?{{accountid}}…) and (?{{role}}…) exist");
        }
        let special = [
            ("(?=", Kind::LookAhead),
            ("(?!", Kind::LookAhead),
            ("(?<=", Kind::LookBehind),
            ("(?<!", Kind::LookBehind),
            ("(?>", Kind::Plain),
        ];
        if let Some((text, kind)) = special.into_iter().find(|(text, _)| rest.starts_with(text)) {
            self.needs_backtracking();
            self.enter(text.len(), text, kind, self.flags);
            return Ok(());
        }
        if rest.starts_with("(?<") {
            return self.named();
        }
        if rest.starts_with("(?") {
            return self.flag_group();
        }
        self.enter_capturing(1, "(")
    }

    /// `(?<name>…)`.
    fn named(&mut self) -> Result<(), JavaError> {
        let name = self.rest().get(3..).and_then(|rest| rest.split_once('>')).map_or("", |(name, _)| name);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return self.error("a group's name has letters and digits only");
        }
        if self.names.iter().any(|(known, _)| *known == name) {
            return self.error(format!("the group name {name} is used twice"));
        }
        self.names.push((name, self.groups + 1));
        self.enter_capturing(name.len() + 4, "(")
    }

    /// `(?i)` and `(?i:…)`.
    fn flag_group(&mut self) -> Result<(), JavaError> {
        let rest = self.rest().get(2..).unwrap_or("");
        let mut flags = self.flags;
        let mut on = true;
        for (at, letter) in rest.char_indices() {
            match letter {
                'i' => flags.ignore_case = on,
                'u' => flags.unicode_case = on,
                's' => flags.dot_all = on,
                'x' => flags.comments = on,
                '-' => on = false,
                'd' | 'm' | 'U' => return self.error(format!("the flag {letter} is not supported here")),
                ':' => {
                    self.enter(at + 3, "(?:", Kind::Plain, flags);
                    return Ok(());
                }
                ')' => {
                    self.at += at + 3;
                    self.flags = flags;
                    self.before = Before::Nothing;
                    return Ok(());
                }
                _ => {
                    return self.error(format!("a group that begins with (?{letter} does not exist in Java"));
                }
            }
        }
        self.error("the group is not closed by )")
    }

    fn enter_capturing(&mut self, read: usize, text: &str) -> Result<(), JavaError> {
        if self.looks_behind() {
            return self.error("a capturing group inside a lookbehind is not supported here");
        }
        self.groups += 1;
        self.enter(read, text, Kind::Capturing(self.groups), self.flags);
        Ok(())
    }

    fn enter(&mut self, read: usize, text: &str, kind: Kind, inner: Flags) {
        self.open.push(Open { at: self.at, written: self.out.pattern.len(), kind, outer: self.flags });
        self.flags = inner;
        self.put(read, text, Before::Nothing);
    }

    pub(super) fn close(&mut self) -> Result<(), JavaError> {
        let Some(open) = self.open.pop() else { return self.error("a ) that closes no group") };
        self.flags = open.outer;
        let before = match open.kind {
            Kind::Plain | Kind::Capturing(_) => Before::Atom,
            Kind::LookAhead | Kind::LookBehind => Before::Fixed("lookaround"),
        };
        self.put(1, ")", before);
        self.group = Some(open.written..self.out.pattern.len());
        Ok(())
    }

    /// Whether a lookbehind is open.
    pub(super) fn looks_behind(&self) -> bool {
        self.open.iter().any(|open| open.kind == Kind::LookBehind)
    }

    /// `\1`: as many digits as name a group that was opened before.
    pub(super) fn numbered_reference(&mut self) -> Result<(), JavaError> {
        let mut number = 0;
        let mut read = 1;
        for digit in self.rest().chars().skip(1).map_while(|c| c.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if number > 0 && longer > self.groups {
                break;
            }
            number = longer;
            read += 1;
        }
        self.reference(read, number)
    }

    /// `\k<name>`.
    pub(super) fn named_reference(&mut self) -> Result<(), JavaError> {
        let name = self.rest().get(2..).and_then(|rest| rest.strip_prefix('<')?.split_once('>'));
        let Some((name, _)) = name else { return self.error(r"\k needs a group's name in <>") };
        match self.names.iter().find(|(known, _)| *known == name) {
            Some((_, number)) => self.reference(name.len() + 4, *number),
            None => self.error(format!("a reference to a group {name} that was not opened before")),
        }
    }

    fn reference(&mut self, read: usize, number: usize) -> Result<(), JavaError> {
        if number > self.groups {
            return self.error(format!("a reference to a group {number} that was not opened before"));
        }
        if self.open.iter().any(|open| open.kind == Kind::Capturing(number)) {
            return self.error("a reference to a group from inside it is not supported here");
        }
        if self.flags.ignore_case {
            return self.error("a reference to a group while case is ignored is not supported here");
        }
        if self.looks_behind() {
            return self.error("a reference to a group inside a lookbehind is not supported here");
        }
        self.needs_backtracking();
        // In a group, so that a digit behind it stays a digit.
        self.put(read, &format!(r"(?:\{number})"), Before::Atom);
        Ok(())
    }
}
