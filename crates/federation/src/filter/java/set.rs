//! Sets of characters: those that Java has names for, the cases of a letter, and how a set is written.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

type Ranges = &'static [(char, char)];

pub(super) const DIGIT: Ranges = &[('0', '9')];
pub(super) const WORD: Ranges = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
pub(super) const SPACE: Ranges = &[('\t', '\r'), (' ', ' ')];
pub(super) const HORIZONTAL_SPACE: Ranges = &[
    ('\t', '\t'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];

/// A set by its ranges.
pub(super) fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)))
}

/// `\p{…}`: POSIX names are ASCII, general categories and what begins with `Is` are Unicode.
pub(super) fn property(name: &str, ignore_case: bool) -> Option<ClassUnicode> {
    let ascii: Ranges = match name {
        "Lower" | "Upper" if ignore_case => &[('A', 'Z'), ('a', 'z')],
        "Lower" => &[('a', 'z')],
        "Upper" => &[('A', 'Z')],
        "ASCII" => &[('\0', '\x7F')],
        "Alpha" => &[('A', 'Z'), ('a', 'z')],
        "Digit" => DIGIT,
        "Alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "Punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "Graph" => &[('!', '~')],
        "Print" => &[(' ', '~')],
        "Blank" => &[(' ', ' '), ('\t', '\t')],
        "Cntrl" => &[('\0', '\x1F'), ('\x7F', '\x7F')],
        "XDigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        "Space" => SPACE,
        _ => return unicode(name, ignore_case),
    };
    Some(of(ascii))
}

fn unicode(name: &str, ignore_case: bool) -> Option<ClassUnicode> {
    let (name, is) = name.strip_prefix("Is").map_or((name, false), |name| (name, true));
    match name {
        // Any of them is all of them when case is ignored.
        "Lu" | "Ll" | "Lt" if ignore_case => known(r"[\p{Lu}\p{Ll}\p{Lt}]"),
        "Lowercase" | "Uppercase" if is && ignore_case => known(r"[\p{Lowercase}\p{Uppercase}\p{Lt}]"),
        "L" | "M" | "N" | "P" | "S" | "Z" | "Lu" | "Ll" | "Lt" | "Lm" | "Lo" | "Mn" | "Mc" | "Me" | "Nd"
        | "Nl" | "No" | "Pc" | "Pd" | "Ps" | "Pe" | "Pi" | "Pf" | "Po" | "Sm" | "Sc" | "Sk" | "So" | "Zs"
        | "Zl" | "Zp" | "Cc" | "Cf" => known(&format!(r"\p{{{name}}}")),
        "Alphabetic" | "Lowercase" | "Uppercase" | "Ideographic" | "White_Space" if is => {
            known(&format!(r"\p{{{name}}}"))
        }
        _ if is && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') => {
            known(&format!(r"\p{{Script={name}}}"))
        }
        _ => None,
    }
}

/// The set that a class of our own dialect stands for.
fn known(class: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(class).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Some(set),
        // A property of a single character.
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(of(&text.chars().map(|c| (c, c)).collect::<Vec<_>>()))
        }
        _ => None,
    }
}

/// The characters of a range in all their cases: of ASCII letters only, unless `unicode`.
pub(super) fn cases(first: char, last: char, unicode: bool) -> ClassUnicode {
    let mut set = of(&[(first, last)]);
    if unicode {
        // Java goes by single characters, so that i without and I with a dot are cases of i.
        let i = of(&[('I', 'I'), ('i', 'i'), ('\u{130}', '\u{131}')]);
        let mut dotted = i.clone();
        dotted.intersect(&set);
        // An error would mean that the tables of cases are not built in; the set stays as it is then.
        let _ = set.try_case_fold_simple();
        if !dotted.ranges().is_empty() {
            set.union(&i);
        }
        return set;
    }
    for (from, to, swapped) in
        [('a', 'z', char::to_ascii_uppercase as fn(&char) -> char), ('A', 'Z', char::to_ascii_lowercase)]
    {
        let (low, high) = (first.max(from), last.min(to));
        if low <= high {
            set.union(&of(&[(swapped(&low), swapped(&high))]));
        }
    }
    set
}

/// A set as both engines read it. The signs that make an operator of two in a row (`&&`, `--`, `~~`) stand alone and
/// never end a range, and nothing nests, so that nothing looks like a POSIX bracket either.
pub(super) fn written(set: &ClassUnicode) -> String {
    if set.ranges().is_empty() {
        return r"[^\x{0}-\x{10FFFF}]".to_owned();
    }
    let mut hyphen = "";
    let mut text = String::new();
    for range in set.ranges() {
        let (mut first, last) = (range.start(), range.end());
        for (before, sign, after) in [('%', '&', '\''), (',', '-', '.'), ('}', '~', '\x7F')] {
            if first <= sign && sign <= last {
                push_range(&mut text, first, before);
                if sign == '-' {
                    hyphen = "-";
                } else {
                    push_range(&mut text, sign, sign);
                }
                first = after;
            }
        }
        push_range(&mut text, first, last);
    }
    format!("[{hyphen}{text}]")
}

fn push_range(text: &mut String, first: char, last: char) {
    if first <= last {
        push_member(text, first);
    }
    if first < last {
        text.push('-');
        push_member(text, last);
    }
}

fn push_member(text: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        text.push(c);
    } else {
        text.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
    }
}
