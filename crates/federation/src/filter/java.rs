//! From Java's dialect to ours, with the way back for error positions.
//!
//! What differs: Java's `\d`, `\w`, `\s` and `(?i)` are ASCII unless a flag says otherwise; `.` stops at every line
//! terminator and `$` also stands before the last one; `\Q…\E`, `\h`, `\R`, `\uXXXX` and POSIX `\p{Alpha}` exist;
//! `\<` is a plain `<`; an unknown letter escape, a brace that is no repetition and a dangling repetition are errors;
//! `++` is possessive and not a repeated repetition.
//!
//! Flags are worked in here and never reach an engine, so that both engines read the result alike. What cannot be
//! said in our dialect is refused with its place; nothing is read differently in silence.

use super::{ACCOUNT_GROUP, ROLE_GROUP};

mod class;
mod escape;

const ACCOUNT_MARK: &str = "(?{{accountid}}";
const ROLE_MARK: &str = "(?{{role}}";
/// Java's `$`, for the engine that can look ahead and behind.
const BEFORE_LAST_TERMINATOR: &str = r"(?=(?:\r\n|(?<!\r)\n|[\r\x{85}\x{2028}\x{2029}])?\z)";
/// The same for names that end in no line terminator.
const AT_THE_END: &str = r"\z";

/// A filter in our dialect.
#[derive(Debug, Default)]
pub(super) struct Translated {
    /// For names that end in no line terminator.
    pub(super) pattern: String,
    pub(super) has_account: bool,
    pub(super) has_role: bool,
    /// Holds something that only a backtracking engine reads as Java does.
    pub(super) backtracking: bool,
    /// Where `pattern` says [`AT_THE_END`] for Java's `$`.
    ends: Vec<usize>,
    /// (byte offset in `pattern`, byte offset in the filter), ascending.
    offsets: Vec<(usize, usize)>,
}

impl Translated {
    /// The place in the filter that produced a place in the pattern.
    pub(super) fn origin(&self, at: usize) -> usize {
        let after = self.offsets.partition_point(|(out, _)| *out <= at);
        self.offsets.get(after.saturating_sub(1)).map_or(0, |(_, origin)| *origin)
    }

    /// The pattern for names that end in a line terminator, where it is another one. Needs lookaround.
    pub(super) fn terminated(&self) -> Option<String> {
        if self.ends.is_empty() {
            return None;
        }
        let mut pattern = self.pattern.clone();
        for at in self.ends.iter().rev() {
            pattern.replace_range(*at..*at + AT_THE_END.len(), BEFORE_LAST_TERMINATOR);
        }
        Some(pattern)
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
    let mut translator = Translator {
        filter,
        at: 0,
        out: Translated::default(),
        flags: Flags::default(),
        outer: Vec::new(),
        before: Before::Nothing,
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
    /// A repetition that may still be made lazy or possessive.
    Repetition,
    Finished,
}

struct Translator<'a> {
    filter: &'a str,
    at: usize,
    out: Translated,
    flags: Flags,
    /// Flags in force outside each open group.
    outer: Vec<Flags>,
    before: Before,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), JavaError> {
        while let Some(c) = self.peek() {
            self.out.offsets.push((self.out.pattern.len(), self.at));
            match c {
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => self.open()?,
                ')' => self.close(),
                '|' => self.put(1, "|", Before::Nothing),
                '.' if self.flags.dot_all => self.put(1, "(?s:.)", Before::Atom),
                '.' => self.put(1, r"[^\n\r\x{85}\x{2028}\x{2029}]", Before::Atom),
                '^' => self.put(1, "^", Before::Atom),
                '$' => self.end(1),
                '*' | '+' | '?' => self.repeat(c)?,
                '{' => self.repeat_counted()?,
                _ if self.flags.comments && c.is_ascii_whitespace() => self.at += 1,
                '#' if self.flags.comments => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => self.literal(c.len_utf8(), c),
            }
        }
        Ok(())
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
    }

    fn error<T>(&self, reason: impl Into<String>) -> Result<T, JavaError> {
        Err(JavaError { at: self.at, reason: reason.into() })
    }

    /// Writes one character that stands for itself.
    fn literal(&mut self, read: usize, c: char) {
        let plain = regex::escape(c.encode_utf8(&mut [0; 4]));
        let swapped = swap_case(c);
        let text = match swapped {
            _ if !self.flags.ignore_case => plain,
            _ if self.flags.unicode_case => format!("(?i:{plain})"),
            Some(other) => format!("[{c}{other}]"),
            None => plain,
        };
        self.put(read, &text, Before::Atom);
    }

    /// `$` and `\Z`.
    fn end(&mut self, read: usize) {
        self.out.ends.push(self.out.pattern.len());
        self.put(read, AT_THE_END, Before::Atom);
    }

    fn repeat(&mut self, c: char) -> Result<(), JavaError> {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        match (self.before, c) {
            (Before::Atom, _) => self.put(1, &text, Before::Repetition),
            (Before::Repetition, '?') => self.put(1, &text, Before::Finished),
            (Before::Repetition, '+') => {
                self.out.backtracking = true;
                self.put(1, &text, Before::Finished);
            }
            _ => return self.error(format!("the repetition {c} repeats nothing")),
        }
        Ok(())
    }

    fn repeat_counted(&mut self) -> Result<(), JavaError> {
        let body = self.rest().get(1..).unwrap_or("");
        let count = body.split_once('}').map(|(count, _)| count).filter(|count| {
            let (least, most) = count.split_once(',').unwrap_or((count, ""));
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            !least.is_empty() && digits(least) && digits(most)
        });
        match count {
            Some(count) if self.before == Before::Atom => {
                self.put(count.len() + 2, &format!("{{{count}}}"), Before::Repetition);
                Ok(())
            }
            Some(_) => self.error("the repetition in braces repeats nothing"),
            None => self.error(r"a brace that opens no repetition: write \{, or a mark as (?{{role}}…)"),
        }
    }

    fn open(&mut self) -> Result<(), JavaError> {
        let rest = self.rest();
        if rest.starts_with(ACCOUNT_MARK) {
            if std::mem::replace(&mut self.out.has_account, true) {
                return self.error("the mark (?{{accountid}}…) is used twice");
            }
            self.enter(ACCOUNT_MARK.len(), &format!("(?P<{ACCOUNT_GROUP}>"), self.flags);
        } else if rest.starts_with(ROLE_MARK) {
            if std::mem::replace(&mut self.out.has_role, true) {
                return self.error("the mark (?{{role}}…) is used twice");
            }
            self.enter(ROLE_MARK.len(), &format!("(?P<{ROLE_GROUP}>"), self.flags);
        } else if rest.starts_with("(?{") {
            return self.error("only the marks (?{{accountid}}…) and (?{{role}}…) exist");
        } else if let Some(intro) =
            ["(?=", "(?!", "(?<=", "(?<!", "(?>"].into_iter().find(|i| rest.starts_with(i))
        {
            self.out.backtracking = true;
            self.enter(intro.len(), intro, self.flags);
        } else if rest.starts_with("(?<") {
            let name = rest.get(3..).and_then(|rest| rest.split_once('>')).map_or("", |(name, _)| name);
            let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !fits {
                return self.error("a group's name has letters and digits only");
            }
            self.enter(name.len() + 4, &format!("(?P<{name}>"), self.flags);
        } else if rest.starts_with("(?") {
            self.flag_group()?;
        } else {
            self.enter(1, "(", self.flags);
        }
        Ok(())
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
                ':' => {
                    self.enter(at + 3, "(?:", flags);
                    return Ok(());
                }
                ')' => {
                    self.at += at + 3;
                    self.flags = flags;
                    self.before = Before::Nothing;
                    return Ok(());
                }
                _ => {
                    return self.error(format!(
                        "a group that begins with (?{letter} does not exist or is not supported here"
                    ));
                }
            }
        }
        self.error("the group is not closed")
    }

    fn enter(&mut self, read: usize, text: &str, inner: Flags) {
        self.outer.push(self.flags);
        self.flags = inner;
        self.put(read, text, Before::Nothing);
    }

    fn close(&mut self) {
        // One that closes nothing is the engine's to refuse, with its place.
        self.flags = self.outer.pop().unwrap_or(self.flags);
        self.put(1, ")", Before::Atom);
    }
}

/// The other case of an ASCII letter.
fn swap_case(c: char) -> Option<char> {
    match c {
        'a'..='z' => Some(c.to_ascii_uppercase()),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        _ => None,
    }
}
