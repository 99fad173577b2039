//! From Java's dialect to one that our engines read as Java does.
//!
//! What differs: Java's `\d`, `\w`, `\s`, `\b` and `(?i)` are ASCII unless a flag says otherwise; `.` stops at every
//! line terminator and `$` also stands before the last one; `\Q…\E`, `\h`, `\R`, `\uXXXX` and POSIX `\p{Alpha}` exist;
//! `\<` is a plain `<`; an unknown letter escape, a brace that is no repetition and a dangling repetition are errors;
//! `++` is possessive and not a repeated repetition.
//!
//! Flags and classes are worked out here and never reach an engine. What cannot be said in our dialect is refused with
//! its place; nothing is read differently in silence.

use std::ops::Range;

mod class;
mod escape;
mod group;
mod set;

use group::Open;

/// Whom a translation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The engine that takes linear time and cannot look around.
    Linear,
    /// The engine that can, for names that end in no line terminator: `$` is the end.
    Backtracking,
    /// The same engine for names that end in a line terminator: `$` is also before it.
    Terminated,
}

/// A filter in our dialect.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) has_account: bool,
    pub(super) has_role: bool,
    /// Holds `$` or `\Z`, so that names with a line terminator at the end need a translation of their own.
    pub(super) has_end: bool,
    /// Where the first construct stands that the linear engine does not know.
    pub(super) backtracking: Option<usize>,
}

/// What is wrong, and at which byte of the filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JavaError {
    pub(super) at: usize,
    pub(super) reason: String,
}

/// Translates a filter; see the module's text for what changes. Whether it can be translated does not depend on the
/// dialect.
pub(super) fn translate(filter: &str, dialect: Dialect) -> Result<Translated, JavaError> {
    let mut translator = Translator {
        filter,
        dialect,
        at: 0,
        out: Translated::default(),
        flags: Flags::default(),
        open: Vec::new(),
        groups: 0,
        names: Vec::new(),
        before: Before::Nothing,
        group: None,
    };
    translator.run()?;
    Ok(translator.out)
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    ignore_case: bool,
    unicode_case: bool,
    dot_all: bool,
    comments: bool,
}

/// What a repetition would repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Atom,
    /// Something that Java repeats in a way of its own.
    Fixed(&'static str),
    /// A repetition that may still be made lazy or possessive.
    Repetition,
    Finished,
}

struct Translator<'a> {
    filter: &'a str,
    dialect: Dialect,
    at: usize,
    out: Translated,
    flags: Flags,
    /// The groups that are open, outermost first.
    open: Vec<Open>,
    /// How many capturing groups were opened.
    groups: usize,
    /// The administrator's own names, with their groups' numbers.
    names: Vec<(&'a str, usize)>,
    before: Before,
    /// Where the pattern holds the group that stands before, itself or repeated.
    group: Option<Range<usize>>,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), JavaError> {
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => self.put(1, "|", Before::Nothing),
                '.' if self.flags.dot_all => self.put(1, "(?s:.)", Before::Atom),
                '.' => self.put(1, r"[^\n\r\x{85}\x{2028}\x{2029}]", Before::Atom),
                '^' => self.put(1, r"\A", Before::Fixed("anchor")),
                '$' => self.end(1),
                '*' | '+' | '?' => self.repeat(c)?,
                '{' => self.repeat_counted()?,
                '\t'..='\r' | ' ' if self.flags.comments => self.at += 1,
                '#' if self.flags.comments => {
                    let line = self.rest().find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
                    self.at += line.unwrap_or(self.rest().len());
                }
                _ => self.literal(c.len_utf8(), c),
            }
        }
        match self.open.last() {
            Some(open) => Err(JavaError { at: open.at, reason: "the group is not closed by )".to_owned() }),
            None => Ok(()),
        }
    }

    fn rest(&self) -> &'a str {
        self.filter.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Consumes `read` bytes of the filter and writes `text`.
    fn put(&mut self, read: usize, text: &str, before: Before) {
        self.at += read;
        self.out.pattern.push_str(text);
        self.before = before;
        self.group = None;
    }

    fn error<T>(&self, reason: impl Into<String>) -> Result<T, JavaError> {
        Err(JavaError { at: self.at, reason: reason.into() })
    }

    /// Notes that what stands here is nothing for the linear engine.
    fn needs_backtracking(&mut self) {
        self.out.backtracking.get_or_insert(self.at);
    }

    /// Writes one character that stands for itself.
    fn literal(&mut self, read: usize, c: char) {
        let text = if self.flags.ignore_case {
            set::written(&set::cases(c, c, self.flags.unicode_case))
        } else {
            regex::escape(c.encode_utf8(&mut [0; 4]))
        };
        self.put(read, &text, Before::Atom);
    }

    /// `$` and `\Z`.
    fn end(&mut self, read: usize) {
        self.out.has_end = true;
        let text = match self.dialect {
            Dialect::Linear | Dialect::Backtracking => r"\z",
            Dialect::Terminated => r"(?=(?:\r\n|(?<!\r)\n|[\r\x{85}\x{2028}\x{2029}])?\z)",
        };
        self.put(read, text, Before::Fixed("anchor"));
    }

    fn repeat(&mut self, c: char) -> Result<(), JavaError> {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        match (self.before, c) {
            (Before::Repetition, '?') => self.put(1, &text, Before::Finished),
            (Before::Repetition, '+') => {
                self.needs_backtracking();
                // Java never goes back into a round of a group that is repeated so.
                if let Some(group) = self.group.take() {
                    self.out.pattern.insert(group.end, ')');
                    self.out.pattern.insert_str(group.start, "(?>");
                }
                self.put(1, &text, Before::Finished);
            }
            _ => {
                self.repeatable(c != '?')?;
                self.put_repetition(1, &text);
            }
        }
        Ok(())
    }

    fn repeat_counted(&mut self) -> Result<(), JavaError> {
        let body = self.rest().get(1..).unwrap_or("");
        let count = body.split_once('}').map_or("", |(count, _)| count);
        let (least, most) = count.split_once(',').unwrap_or((count, count));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if least.is_empty() || !digits(least) || !digits(most) {
            return self.error(r"a brace that opens no repetition: write \{, or a mark as (?{{role}}…)");
        }
        self.repeatable(most.is_empty())?;
        let (Ok(least), Ok(most)) =
            (least.parse::<u16>(), if most.is_empty() { Ok(u16::MAX) } else { most.parse() })
        else {
            return self.error("a repetition of more than 65535 times is not supported here");
        };
        if most < least {
            return self.error("the repetition ends before it begins");
        }
        self.put_repetition(count.len() + 2, &format!("{{{count}}}"));
        Ok(())
    }

    fn put_repetition(&mut self, read: usize, text: &str) {
        let group = self.group.take();
        self.put(read, text, Before::Repetition);
        self.group = group;
    }

    /// Whether what stands before may be repeated here.
    fn repeatable(&self, unbounded: bool) -> Result<(), JavaError> {
        match self.before {
            Before::Nothing => self.error("the repetition repeats nothing"),
            Before::Fixed(what) => self.error(format!("a repeated {what} is not supported here")),
            Before::Repetition | Before::Finished => {
                self.error("a repetition of a repetition: put the inner one in a group (?:…)")
            }
            Before::Atom if unbounded && self.looks_behind() => {
                self.error("a repetition without end inside a lookbehind is not supported here")
            }
            Before::Atom => Ok(()),
        }
    }
}
