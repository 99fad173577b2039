//! What Java means by a filter, where other engines mean something else. Every row was compared with
//! `java.util.regex` (marks written as named groups; `find` and `matches`).

use crate::filter::{found, refused};

/// `filter` holds the role mark's content; the rows are whole names and whether that content is all of them.
fn whole(content: &str, rows: &[(&str, bool)]) {
    // Both engines must agree: an empty lookahead sends the same filter to the backtracking one.
    for filter in [format!("^(?{{{{role}}}}{content})$"), format!("^(?=)(?{{{{role}}}}{content})$")] {
        for (name, matches) in rows {
            let expected = if *matches { format!("-/{name}") } else { "no".to_owned() };
            assert_eq!(found(&filter, name), expected, "{filter} on {name:?}");
        }
    }
}

#[test]
fn shorthand_classes_are_ascii() {
    whole(r"\d+", &[("12", true), ("١", false), ("１", false), ("²", false)]);
    whole(r"\w+", &[("aZ_9", true), ("é", false), ("ß", false), ("Ω", false)]);
    whole(r"\s+", &[(" \t\x0b\x0c", true), ("\u{a0}", false), ("\u{2003}", false), ("\x1c", false)]);
    whole(r"\D+", &[("é", true), ("١", true), ("1", false)]);
    whole(r"\W+", &[("é", true), ("-", true), ("a", false)]);
    whole(r"\S+", &[("aé\u{a0}Ω😀", true), ("a b", false)]);
    whole(r"[^\d]+", &[("١a", true), ("1", false)]);
    whole(r"[\w]+", &[("a", true), ("é", false)]);
    whole(r"[^\W_]+", &[("ab9", true), ("a_", false), ("é", false)]);
    whole(r"\h+", &[(" \t\u{a0}\u{2003}", true), ("a", false)]);
}

#[test]
fn word_boundaries_are_ascii() {
    assert_eq!(found(r"^(?{{role}}[a-z]+)\b", "ab cd"), "-/ab~");
    assert_eq!(found(r"^(?{{role}}[a-z]+)\B.*$", "ab"), "-/a");
    assert_eq!(found(r"^(?=a)(?{{role}}[a-z]+)\b", "ab cd"), "-/ab~");
    assert_eq!(found(r"^aws_(?{{role}}\w+)\b$", "aws_A\n"), "-/A~");
    // Java's own words since 19; before, é was a letter of them.
    for start in ["^", "^(?=a)"] {
        assert_eq!(found(&format!(r"{start}(?{{{{role}}}}a)\b.$"), "aé"), "-/a");
        assert_eq!(found(&format!(r"{start}(?{{{{role}}}}a)\B.$"), "aé"), "no");
    }
}

#[test]
fn a_hyphen_beside_a_class_escape_is_literal() {
    whole(r"[\w-.]+", &[("a-b.c", true), ("a b", false)]);
    whole(r"[\w-_.]+", &[("a-b.c", true), (",", false)]);
    whole(r"[\d-_.]+", &[("1-2", true), ("a", false)]);
    whole(r"[\w--]+", &[("a-b", true), (".", false)]);
    whole(r"[\w\-]+", &[("a-b", true)]);
    whole(r"[a-c-e]+", &[("a-e", true), ("d", false)]);
    whole(r"[a-]+", &[("a-", true), ("b", false)]);
    whole(r"[-a]+", &[("a-", true), ("b", false)]);
    whole(r"[\p{Alpha}-_]+", &[("a-_", true), ("1", false)]);
    whole(r"[+--]+", &[("+,-", true), ("a", false)]);
}

#[test]
fn a_hyphen_behind_a_unicode_class_is_literal() {
    whole(r"[\p{L}\d_-]+", &[("é-1", true), (".", false)]);
    whole(r"[\p{L}-_]+", &[("é-_", true), ("1", false)]);
}

#[test]
fn classes_nest_and_meet() {
    whole("[[a-c]x]+", &[("abx", true), ("d", false), ("[", false)]);
    whole("[a-z&&[^aeiou]]+", &[("bcd", true), ("a", false)]);
    whole("[a-z&&aeiou]+", &[("ae", true), ("b", false)]);
    whole(r"[\d&&[^5]]+", &[("12", true), ("5", false)]);
    whole("[a-c&&b-d&&c]+", &[("c", true), ("b", false)]);
    whole("[^a[b]]+", &[("c", true), ("a", false)]);
    whole("[a&b]+", &[("a&b", true), ("c", false)]);
    whole(r"[]a]+", &[("]a", true), ("b", false)]);
    whole(r"[^]a]+", &[("b", true), ("]", false)]);
    whole("[a^]+", &[("a^", true)]);
    whole("[.$(){}*+?|]+", &[(".$(){}*+?|", true), ("a", false)]);
    whole("[ #]+", &[(" #", true)]);
    // No operator in Java, though one elsewhere.
    whole("[a~~b]+", &[("a~b", true), ("c", false)]);
}

#[test]
fn there_are_no_posix_brackets() {
    whole("[[:alpha:]]+", &[("alph:", true), ("z", false), ("1", false)]);
    whole("[[:digit:]]+", &[("digt:", true), ("1", false)]);
    whole("[[:^alpha:]]+", &[("^a", true), ("1", false)]);
}

#[test]
fn posix_names_are_ascii_and_unicode_names_are_not() {
    whole(r"\p{Alpha}+", &[("aZ", true), ("é", false), ("1", false)]);
    whole(r"\p{Alnum}+", &[("aZ9", true), ("é", false), ("١", false)]);
    whole(r"\p{Upper}+", &[("AZ", true), ("É", false)]);
    whole(r"\p{Lower}+", &[("az", true), ("é", false)]);
    whole(r"\p{Digit}+", &[("09", true), ("١", false)]);
    whole(r"\p{XDigit}+", &[("09aF", true), ("g", false)]);
    whole(r"\p{Punct}+", &[("!$+<=>^`|~-_#@", true), ("a", false), ("¡", false)]);
    whole(r"\p{Graph}+", &[("a!", true), (" ", false), ("é", false)]);
    whole(r"\p{Print}+", &[("a !", true), ("é", false)]);
    whole(r"\p{Blank}+", &[(" \t", true), ("\u{a0}", false)]);
    whole(r"\p{ASCII}+", &[("a \x01", true), ("é", false)]);
    whole(r"\P{Alpha}+", &[("é1", true), ("a", false)]);
    whole(r"[\p{Alpha}\d]+", &[("a1", true), ("é", false)]);
    whole(r"\p{L}+", &[("aé", true), ("1", false)]);
    whole(r"\pL+", &[("aé", true), ("1", false)]);
    whole(r"\p{Lu}+", &[("AÉ", true), ("a", false)]);
    whole(r"\P{L}+", &[("1-", true), ("é", false)]);
    whole(r"\p{IsAlphabetic}+", &[("aé", true), ("1", false)]);
    whole(r"\p{IsLatin}+", &[("aé", true), ("Ω", false)]);
}

#[test]
fn any_character_but_line_terminators() {
    for terminator in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"] {
        let name = format!("a{terminator}b");
        whole(".+", &[(&name, false)]);
        whole("(?s).+", &[(&name, true)]);
        whole(r"[\s\S]+", &[(&name, true)]);
        assert_eq!(found("^(?{{role}}.+)", &name), "-/a~", "{name:?}");
    }
    whole(".+", &[("a\tb é😀", true), ("a\x0bb", true)]);
    whole(".", &[("😀", true), ("ab", false)]);
    whole(r"\R", &[("\n", true), ("\r\n", true), ("\u{2028}", true), ("a", false)]);
}

#[test]
fn the_end_is_also_before_a_last_line_terminator() {
    for terminator in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"] {
        let name = format!("aws_Admin{terminator}");
        assert_eq!(found(r"^aws_(?{{role}}\w+)$", &name), "-/Admin~", "{name:?}");
        assert_eq!(found(r"^aws_(?{{role}}\w+)\Z", &name), "-/Admin~", "{name:?}");
        assert_eq!(found(r"^(?=aws)aws_(?{{role}}\w+)$", &name), "-/Admin~", "{name:?}");
        assert_eq!(found(r"^aws_(?{{role}}\w+)\z", &name), "no", "{name:?}");
        assert_eq!(found(r"^aws_(?{{role}}\w+)$", &format!("{name}x")), "no", "{name:?}");
    }
    assert_eq!(found(r"^aws_(?{{role}}\w+)$", "aws_Admin\n\n"), "no");
    assert_eq!(found(r"^aws_(?{{role}}\w+)\z", "aws_Admin"), "-/Admin");
    assert_eq!(found(r"\Aaws_(?{{role}}\w+)\Z", "aws_Admin"), "-/Admin");
}

#[test]
fn quoted_text_is_literal() {
    whole(r"\Qa.b\E", &[("a.b", true), ("axb", false)]);
    whole(r"[\Qa-c]\E]+", &[("a-c]", true), ("b", false)]);
    assert_eq!(found(r"^\Qaws[\E(?{{role}}\w+)$", "aws[Admin"), "-/Admin");
    assert_eq!(found(r"^(?{{role}}\w+)\Q.x", "a.x"), "-/a", "to the end when \\E is missing");
    assert_eq!(found(r"^(?{{role}}\w+)\Q.x", "abx"), "no");
}

#[test]
fn possessive_repetition_never_gives_back() {
    for (filter, name, expected) in [
        ("^(?{{role}}a++)a?$", "aaa", "-/aaa"),
        ("^(?{{role}}a++)a$", "aaa", "no"),
        ("^(?{{role}}a*+)ab$", "aab", "no"),
        ("^(?{{role}}a?+)a$", "a", "no"),
        ("^(?{{role}}a?+)a$", "aa", "-/a"),
        ("^(?{{role}}a{1,3}+)a$", "aaa", "no"),
        ("^(?{{role}}a{1,3}+)a$", "aaaa", "-/aaa"),
        // A repeated repetition in other engines.
        ("^(?{{role}}a{2}+)$", "aa", "-/aa"),
        ("^(?{{role}}a{2}+)$", "aaaa", "no"),
        // Round by round, and a round that takes nothing is the last.
        ("^(?{{role}}(?:a+){2}+)$", "aaa", "no"),
        ("^(?{{role}}(?:a+)++)$", "aaa", "-/aaa"),
        ("^(?{{role}}(?:a?|b)*+)$", "aba", "no"),
        ("^(?>a+)(?{{role}}ab)$", "aaab", "no"),
        ("^(?>a|ab)(?{{role}}c)$", "abc", "no"),
        ("^(?>a|b)??(?{{role}}c)$", "ac", "-/c"),
    ] {
        assert_eq!(found(filter, name), expected, "{filter} on {name:?}");
    }
}

#[test]
fn lookaround_and_back_references() {
    for (filter, name, expected) in [
        (r"^(?!.*_tmp$)aws_(?{{role}}[\w.-]+)$", "aws_Admin", "-/Admin"),
        (r"^(?!.*_tmp$)aws_(?{{role}}[\w.-]+)$", "aws_Admin_tmp", "no"),
        (r"^(?{{role}}\w+)(?<!_tmp)$", "a_tmp", "no"),
        (r"^(?{{role}}\w+)(?<!_tmp)$", "a_t", "-/a_t"),
        (r"^(?{{role}}\w+)(?<=_tmp)$", "a_tmp", "-/a_tmp"),
        (r"^(?=.{3,5}$)(?{{role}}a+)$", "aa", "no"),
        (r"^(?=.{3,5}$)(?{{role}}a+)$", "aaaa", "-/aaaa"),
        (r"^(a)(?{{role}}\1b)$", "aab", "-/ab"),
        (r"^(?<x>a)(?{{role}}\k<x>)$", "aa", "-/a"),
        // As many digits as there are groups.
        (r"^(a)(?{{role}}\11)$", "aa1", "-/a1"),
        (r"^(a)(?{{role}}b|\1c)$", "aac", "-/ac"),
        // Marks count as groups, as they do where they stand for named groups.
        (r"^(?{{role}}a+)_\1$", "aa_aa", "-/aa"),
        (r"^(?{{role}}a+)_\1$", "aa_a", "no"),
        (r"^(?=\d)(?{{role}}\d+)$", "1١", "no"),
        (r"^(?=\w)(?{{role}}\w+)$", "aé", "no"),
    ] {
        assert_eq!(found(filter, name), expected, "{filter} on {name:?}");
    }
}

#[test]
fn a_group_of_the_administrators_own_is_no_mark() {
    assert_eq!(found(r"^aws_(?<env>(?{{accountid}}\d+))_(?{{role}}\w+)$", "aws_1_Admin"), "1/Admin");
}

#[test]
fn a_backslash_before_a_sign_is_that_sign() {
    for sign in "#-_<>/@!%&=~:;,'\"` .*+?()[]{}|^$\\é".chars() {
        whole(&format!("a\\{sign}b"), &[(&format!("a{sign}b"), true), ("ab", false), ("axb", false)]);
        whole(&format!("[\\{sign}]"), &[(&sign.to_string(), true), ("x", false)]);
    }
    whole(r"\<\w+\>", &[("<a>", true), ("a", false)]);
}

#[test]
fn escapes_of_single_characters() {
    whole(r"\x41\u0042\t\e\a", &[("AB\t\x1b\x07", true)]);
    whole(r"\x{1F600}", &[("😀", true)]);
    whole("[😀]", &[("😀", true), ("a", false)]);
}

/// Letters that mean nothing after a backslash are errors in Java, never literals.
#[test]
fn unknown_escapes_are_refused_where_they_stand() {
    for letter in "CFIJKLMOTUYgijlmoqy".chars() {
        let error = refused(&format!(r"^aws_(?{{{{role}}}}a\{letter}b)$"));
        assert!((17..=18).contains(&error.position), "\\{letter}: {error}");
    }
}

#[test]
fn what_java_refuses_is_refused() {
    for filter in [
        "^(?{{role}}a)(",
        "^(?{{role}}a)[",
        "^(?{{role}}[])$",
        "^(?{{role}}[^])$",
        "^(?{{role}}[z-a])$",
        "^(?{{role}}[a--z])$",
        "^(?{{role}}a)*+*",
        r"^(?{{role}}\p{Foo})$",
        r"^(?{{role}}\pq)$",
        r"^(?{{role}}\x)$",
        r"^(?{{role}}\u12)$",
        "(?{role}a)",
        "(?{{role}a)",
        "(?{{role }}a)",
        "(?{{}}a)",
    ] {
        refused(filter);
    }
}

/// `{` opens a repetition in Java wherever it stands, so a filter that lost its marks is an error, not a filter that
/// finds nothing.
#[test]
fn a_brace_that_is_no_repetition_is_refused() {
    for filter in ["aws_{accountid}_{role}", "${role}", "{{role}}", "^a{(?{{role}}b)$", "^a{,3}(?{{role}}b)$"]
    {
        let error = refused(filter);
        assert!(error.position <= filter.chars().count(), "{error}");
    }
    assert_eq!(found(r"^a\{(?{{role}}b)\}$", "a{b}"), "-/b");
    assert_eq!(found(r"^a}(?{{role}}b)$", "a}b"), "-/b");
    assert_eq!(found(r"^a](?{{role}}b)$", "a]b"), "-/b");
}

#[test]
fn dangling_repetitions_are_refused() {
    for filter in ["^(?{{role}}a**)$", "^(?{{role}}a+*)$", "(?{{role}}*a)"] {
        refused(filter);
    }
}

#[test]
fn groups_that_java_does_not_know_are_refused() {
    for filter in
        ["^(?P<x>a)(?{{role}}b)$", "^(?{{role}}a)(?#comment)$", r"^(?{{role}}[.-\w]+)$", r"^(?{{role}}[\b])$"]
    {
        refused(filter);
    }
}

#[test]
fn flags() {
    whole("(?i)admin", &[("ADMIN", true), ("Admin", true)]);
    assert_eq!(found("(?i)^aws_(?{{role}}a)$", "AWS_A"), "-/A");
    assert_eq!(found("^(?i:AWS)_(?{{role}}a)$", "aws_a"), "-/a");
    assert_eq!(found("^(?i:AWS)_(?{{role}}a)$", "aws_A"), "no");
    assert_eq!(found("^a(?i)(?{{role}}b)$", "aB"), "-/B");
    assert_eq!(found("^a(?i)(?{{role}}b)$", "Ab"), "no");
    assert_eq!(found("^(?{{role}}(?i)a)B$", "Ab"), "no", "a flag ends with its group");
    assert_eq!(found("(?x)^aws _ # prefix\n(?{{role}} a )$", "aws_a"), "-/a");
}

#[test]
fn a_flag_ends_with_its_group_in_both_engines() {
    assert_eq!(found("^(?=)(?{{role}}(?i)a)B$", "AB"), "-/A");
    assert_eq!(found("^(?=)(?{{role}}(?i)a)B$", "Ab"), "no");
}

/// Without `(?u)` Java folds ASCII letters only: look-alike letters do not match.
#[test]
fn case_folding_is_ascii() {
    whole("(?i)[a-z]+", &[("Kk", true), ("\u{212a}", false), ("\u{17f}", false)]);
    whole("(?i)k", &[("K", true), ("\u{212a}", false)]);
    whole("(?i)s", &[("S", true), ("\u{17f}", false)]);
    whole("(?i)é", &[("é", true), ("É", false)]);
    whole("(?iu)é", &[("é", true), ("É", true)]);
    whole("(?iu)i", &[("I", true), ("ı", true), ("İ", true), ("j", false)]);
    whole("(?i)[^a]", &[("b", true), ("a", false), ("A", false)]);
    whole("(?i)[Y-b]", &[("y", true), ("B", true), ("_", true), ("c", false)]);
}

#[test]
fn a_case_of_letters_is_any_case_when_case_is_ignored() {
    for name in ["Lu", "Ll", "Lt", "Lower", "Upper", "IsLowercase", "IsUppercase"] {
        whole(&format!(r"(?i)\p{{{name}}}+"), &[("aZ", true), ("1", false)]);
        whole(&format!(r"(?i)[\p{{{name}}}\d]+"), &[("aZ1", true), ("_", false)]);
        whole(&format!(r"(?i)\P{{{name}}}"), &[("1", true), ("a", false), ("Z", false)]);
    }
    whole(r"(?i)\p{Lower}", &[("é", false)]);
}

/// Java's `(?U)` makes shorthand classes Unicode; elsewhere it swaps greediness. Refusing it would do too.
#[test]
fn the_u_flag_does_not_swap_greediness() {
    use rolebook_federation::{FilterMatch, GroupFilter};
    let filter = "(?U)^(?{{role}}[a-z]+)";
    if GroupFilter::compile(filter, FilterMatch::Find).is_ok() {
        assert_eq!(found(filter, "admin"), "-/admin");
    }
}
