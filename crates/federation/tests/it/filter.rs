//! The group filter: the filters and names of the field, errors with positions, and what is never access.

use rolebook_federation::{
    FilterError, FilterMatch, GroupFilter, GroupVerdict, Interrupt, NameMatch, Rules, RulesError, Warnings,
};

use crate::org::{Org, named};

/// Filters as Okta stores them. Okta's default, its documented example, and what administrators write.
pub(crate) const F: [&str; 15] = [
    "",
    r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)",
    r"^aws\#\S+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$",
    r"^aws_(?{{accountid}}\d{12})_(?{{role}}[\w+=,.@-]+)$",
    r"^aws_(?{{accountid}}[0-9]{12})_(?{{role}}.*)$",
    r"^aws-(?{{accountid}}\d+)-(?{{role}}Admin|ReadOnly)$",
    r"^(AWS|aws)_(?{{accountid}}\d+)_(?{{role}}\w+)$",
    r"^aws_(?{{accountid}}\d+)_(?{{role}}\S+?)(_tmp)?$",
    r"^aws_(?:prod|dev)_(?{{accountid}}\d+)_(?{{role}}\w+)$",
    r"^redshift_(?{{role}}\w+)$",
    r"aws_(?{{accountid}}\\d+)_(?{{role}}[a-zA-Z0-9+=,.@\\-_]+)",
    r"^DOM\\(?{{role}}\w+)_(?{{accountid}}\d+)$",
    r"^(?=aws)\w+?_(?{{accountid}}\d{12})_(?{{role}}\w+)$",
    r"^aws_(?{{accountid}}\d+)_(?{{role}}\w+)(?{{role}}x)?$",
    r"^aws_(?{{accountid}}\d+_(?{{role}}\w+)$",
];

/// What a reading says of a name: `no`, `undecided`, or the marks as `account/role`, `-` for a mark that took no
/// part, with `~` behind when finding and matching the whole name differ.
pub(crate) fn read(filter: &str, reading: FilterMatch, name: &str) -> String {
    match GroupFilter::compile(filter, reading).unwrap().matches(name) {
        NameMatch::No => "no".to_owned(),
        NameMatch::Undecided => "undecided".to_owned(),
        NameMatch::Yes { marks, partial } => {
            let word = |mark: Option<String>| mark.unwrap_or_else(|| "-".to_owned());
            let tail = if partial { "~" } else { "" };
            format!("{}/{}{tail}", word(marks.account), word(marks.role))
        }
    }
}

pub(crate) fn found(filter: &str, name: &str) -> String {
    read(filter, FilterMatch::Find, name)
}

pub(crate) fn refused(filter: &str) -> FilterError {
    GroupFilter::compile(filter, FilterMatch::Find).expect_err(filter)
}

#[test]
fn filters_of_the_field_find_what_okta_finds() {
    for (filter, name, expected) in [
        (1, "aws_123456789012_Admin", "123456789012/Admin"),
        (1, "aws_123456789012_A", "123456789012/A"),
        (1, "aws_1_AB", "1/AB"),
        (1, "aws_12_AB", "12/AB"),
        (1, "AWS_123456789012_Admin", "no"),
        (1, "xaws_123456789012_Ops.Team-1 (EU)", "123456789012/Ops.Team-1~"),
        (1, "aws_123456789012_Ünï", "no"),
        (1, "aws_١٢٣٤٥٦٧٨٩٠١٢_Admin", "no"),
        (1, "aws_123456789012_", "no"),
        (1, "aws__Admin", "no"),
        (1, "Everyone", "no"),
        (1, "", "no"),
        (1, "aws_123456789012_+=,.@-_", "123456789012/+=,.@-_"),
        (1, "aws_1_aws_123456789012_Admin", "1/aws_123456789012_Admin"),
        (1, "aws_x_aws_123456789012_Admin", "123456789012/Admin~"),
        (1, "aws_123456789012_Admin\n", "123456789012/Admin~"),
        (2, "aws#prod#Admin#123456789012", "123456789012/Admin"),
        (2, "aws#prod#A#123456789012", "123456789012/A"),
        (2, "aws#a#b#Admin#123456789012", "123456789012/Admin"),
        (2, "aws#prod#Ops.Team#123456789012", "no"),
        (2, "aws##Admin#123456789012", "no"),
        (3, "aws_123456789012_Admin", "123456789012/Admin"),
        (3, "aws_1234567890123_Admin", "no"),
        (3, "aws_12345678901_Admin", "no"),
        (4, "aws_123456789012_Admin", "123456789012/Admin"),
        (4, "aws_123456789012_", "123456789012/"),
        (4, "aws_123456789012_Ops Team/β:1", "123456789012/Ops Team/β:1"),
        (5, "aws-123456789012-Admin", "123456789012/Admin"),
        (5, "aws-123456789012-ReadOnly", "123456789012/ReadOnly"),
        (5, "aws-123456789012-xAdmin", "no"),
        (5, "aws-123456789012-AdminReadOnly", "no"),
        (6, "aws_123456789012_Admin", "123456789012/Admin"),
        (6, "AWS_123456789012_Ops", "123456789012/Ops"),
        (6, "Aws_123456789012_Ops", "no"),
        (7, "aws_123456789012_Admin_tmp", "123456789012/Admin"),
        (7, "aws_123456789012_Admin", "123456789012/Admin"),
        (7, "aws_123456789012_tmp", "123456789012/tmp"),
        (7, "aws_123456789012__tmp", "123456789012/_tmp"),
        (8, "aws_prod_123456789012_Admin", "123456789012/Admin"),
        (8, "aws_test_123456789012_Admin", "no"),
        (9, "redshift_Admin", "-/Admin"),
        (10, "aws_123456789012_Admin", "no"),
        (10, r"aws_\ddd_a\b", r"\ddd/a\b"),
        (11, r"DOM\Admin_123456789012", "123456789012/Admin"),
        (11, "DOMAdmin_123456789012", "no"),
        (12, "aws_123456789012_Admin", "123456789012/Admin"),
        (12, "aws_prod_123456789012_Admin", "123456789012/Admin"),
        (12, "xaws_123456789012_Admin", "no"),
    ] {
        assert_eq!(found(F[filter], name), expected, "F{filter} on {name:?}");
    }
}

#[test]
fn the_whole_name_reading_wants_the_whole_name() {
    for (filter, name, expected) in [
        (F[1], "aws_123456789012_Admin", "123456789012/Admin"),
        (F[1], "xaws_123456789012_Admin", "no"),
        (F[1], "aws_123456789012_Ops (EU)", "no"),
        (F[7], "aws_123456789012_Admin_tmp", "123456789012/Admin"),
        (F[12], "aws_123456789012_Admin", "123456789012/Admin"),
        // Found lazily, the role is one letter; over the whole name it is all of it.
        (r"^aws_(?{{role}}\w+?)", "aws_Admin", "-/Admin~"),
        (r"^(?=a)aws_(?{{role}}\w+?)", "aws_Admin", "-/Admin~"),
        (r"aws_(?{{role}}a|ab)", "aws_ab", "-/ab~"),
    ] {
        assert_eq!(read(filter, FilterMatch::Full, name), expected, "{filter} on {name:?}");
    }
}

#[test]
fn a_match_is_partial_when_the_two_readings_differ() {
    for (filter, name, expected) in [
        // Only finding succeeds.
        (r"aws_(?{{role}}\w+)", "xaws_Admin", "-/Admin~"),
        (r"aws_(?{{role}}\w+)", "aws_Admin x", "-/Admin~"),
        // Both succeed with other marks.
        (r"^aws_(?{{role}}\w+?)", "aws_Admin", "-/A~"),
        (r"aws_(?{{role}}\w+?)(_tmp)?", "aws_Admin_tmp", "-/A~"),
        (r"aws_(?{{role}}a|ab)", "aws_ab", "-/a~"),
        (r"(?{{role}}b*)", "bb", "-/bb"),
        (r"(?{{role}}b*?)", "bb", "-/~"),
        // Both succeed with the same marks, though what is around them differs.
        (r"(?{{role}}aws)\w*?", "aws_x", "-/aws"),
        (r"aws_(?{{role}}\w+)", "aws_Admin", "-/Admin"),
        (r"(?!x)aws_(?{{role}}\w+)", "aws_Admin", "-/Admin"),
        (r"(?<=x)aws_(?{{role}}\w+)", "xaws_Admin", "-/Admin~"),
    ] {
        assert_eq!(found(filter, name), expected, "{filter} on {name:?}");
    }
}

#[test]
fn a_mark_that_took_no_part_is_none() {
    let filter = r"^(?:aws_(?{{role}}\w+)|all_(?{{accountid}}\d+))$";
    assert_eq!(found(filter, "aws_Admin"), "-/Admin");
    assert_eq!(found(filter, "all_1"), "1/-");
    assert_eq!(found(r"^aws(?{{role}}_\w+)?$", "aws"), "-/-");
    assert_eq!(found(r"^aws(?{{role}}\w*)$", "aws"), "-/");
}

#[test]
fn a_filter_knows_its_marks_and_its_text() {
    for (filter, account, role) in [
        (F[1], true, true),
        (F[2], true, true),
        (F[9], false, true),
        ("^aws$", false, false),
        (r"(?{{accountid}}\d+)", true, false),
    ] {
        let compiled = GroupFilter::compile(filter, FilterMatch::Find).unwrap();
        assert_eq!((compiled.has_account(), compiled.has_role()), (account, role), "{filter}");
        assert_eq!(compiled.text(), filter);
    }
}

/// Where in the filter the error is, counted in characters from 1: `at` is the text of the place.
#[test]
fn broken_filters_are_refused_at_the_place() {
    for (filter, at) in [
        (F[13], r"(?{{role}}x)"),
        (r"(?{{accountid}}\d)(?{{accountid}}\d)(?{{role}}a)", r"(?{{accountid}}\d)(?{{role}}"),
        (r"^aws_(?{{account}}\d+)_(?{{role}}\w+)$", "(?{{account}}"),
        (r"^aws_(?{{foo}}a)_(?{{role}}\w+)$", "(?{{foo}}"),
        (r"^aws_(?{{Role}}\w+)$", "(?{{Role}}"),
        (r"^(?IAM-role[\w\-]+)$", "(?IAM"),
        (r"^aws_(?accountid\d+)_x$", "(?accountid"),
        (r"^aws_(?{{role}}\y+)$", r"\y"),
        (r"^ÄÖÜ_(?{{role}}a\q)$", r"\q"),
        (r"^😀_(?{{role}}a\i)$", r"\i"),
        (r"^aws_(?{{role}}[a)$", "[a)$"),
        (r"*aws_(?{{role}}a)", "*aws"),
        (r"^aws_(?{{role}}[z-a])", "z-a"),
        (r"^aws_(?{{role}}a))$", ")$"),
    ] {
        let error = refused(filter);
        // `find` from the right: a mark used twice is wrong where it comes again.
        let place = filter[..filter.rfind(at).unwrap()].chars().count() + 1;
        // An engine may point at the sign in front or at the first sign that cannot be.
        let near = place..=place + at.chars().count().min(4);
        assert!(near.contains(&error.position), "{filter}: {} is not at {place}: {error}", error.position);
        assert_eq!(error.filter, filter);
        assert!(!error.reason.is_empty());
    }
}

#[test]
fn unbalanced_brackets_are_refused_somewhere_in_the_filter() {
    for filter in
        [F[14], "(?{{role}}", "(?{{role}}a", "((?{{role}}a)", r"^aws_(?{{role}}a)\", "[", "(?{{role}}a)["]
    {
        let error = refused(filter);
        assert!((1..=filter.chars().count() + 1).contains(&error.position), "{filter}: {error}");
        assert!(error.to_string().contains(filter), "{error}");
    }
}

#[test]
fn a_broken_filter_is_a_configuration_error_only_when_names_decide() {
    let mut org = Org::mapping(F[14]);
    let compile = |org: &Org| Rules::compile(&org.app, org.union, &org.switches, &mut Warnings::new());
    let error = compile(&org).unwrap_err();
    assert!(matches!(error, RulesError::Filter(_)), "{error:?}");
    assert!(!error.hint().is_empty());
    org.app.settings.use_group_mapping = false;
    assert!(compile(&org).is_ok(), "assignment mode does not look at the filter");
}

#[test]
fn too_large_a_filter_is_refused() {
    let error = refused(r"(\w{1000}){1000}(?{{role}}b)");
    assert!(!error.reason.is_empty());
}

#[test]
fn a_backtracking_bomb_is_given_up() {
    let name = format!("{}c", "a".repeat(60));
    for filter in [
        r"^(?:(?=a)a+)+(?{{role}}b)$",
        r"^(?=a)(?{{role}}(?:a|a(?=a)|(?!b)a)+)$",
        r"(?:(?=a)a+)+(?{{role}}b)",
    ] {
        assert_eq!(found(filter, &name), "undecided", "{filter}");
    }
    let org = Org::mapping(r"^(?:(?=a)a+)+(?{{accountid}}\d+)(?{{role}}b)$").group(named(&name));
    assert_eq!(org.access().verdicts, [GroupVerdict::Undecided]);
    assert!(org.answer().group_grants.is_empty(), "not decided is not access");
}

#[test]
fn a_bomb_for_backtracking_engines_is_none_for_the_linear_one() {
    let name = "a".repeat(5_000);
    assert_eq!(found(r"^(?{{role}}(a+)+)$", &format!("{name}b")), "no");
    assert_eq!(found(r"^(?{{role}}(a+)+)$", &name), format!("-/{name}"));
}

#[test]
fn the_unescaped_reading_is_access_only_by_switch() {
    let mut org = Org::mapping(F[10]).group(named("aws_123456789012_Admin"));
    assert_eq!(org.access().verdicts, [GroupVerdict::NoMatch]);
    assert!(org.answer().role_words().is_empty());
    org.switches.filter_unescape = true;
    assert_eq!(org.answer().group_words(), ["0 123456789012/Admin"]);
}

/// The switch says how a filter with `\\` is read; a filter without is what it is.
#[test]
fn the_unescape_switch_leaves_single_backslashes_alone() {
    for filter in [F[1], F[2], F[3], F[7], F[12]] {
        for name in ["aws_123456789012_Admin", "aws#prod#Admin#123456789012", "xaws_1_b", "Everyone"] {
            let plain = Org::mapping(filter).group(named(name));
            let mut switched = plain.clone();
            switched.switches.filter_unescape = true;
            assert_eq!(plain.access().verdicts, switched.access().verdicts, "{filter} on {name}");
        }
    }
}

#[test]
fn names_that_match_but_give_no_role() {
    let verdict = |filter: &str, name: &str| Org::mapping(filter).rules().verdict(&named(name));
    for account in ["1", "12", "12345678901", "1234567890123"] {
        let said = verdict(F[1], &format!("aws_{account}_AB"));
        assert_eq!(said, GroupVerdict::BogusAccount(account.to_owned()));
        assert!(said.found());
    }
    assert_eq!(verdict(F[4], "aws_123456789012_"), GroupVerdict::EmptyRole);
    assert_eq!(verdict(F[1], "Everyone"), GroupVerdict::NoMatch);
    assert_eq!(
        verdict(r"^aws_(?{{accountid}}\d+)_?(?{{role}}\w+)?$", "aws_123456789012"),
        GroupVerdict::EmptyRole
    );
    let odd = r"^aws_(?{{accountid}}\d+)?_(?{{role}}\w+)$";
    assert!(matches!(verdict(odd, "aws__Admin"), GroupVerdict::BogusAccount(_)));
    let wide = r"^aws_(?{{accountid}}.+)_(?{{role}}\w+)$";
    for name in ["aws_١٢٣٤٥٦٧٨٩٠١٢_A", "aws_ 23456789012_A", "aws_+23456789012_A", "aws_12345678901x_A"]
    {
        assert!(matches!(verdict(wide, name), GroupVerdict::BogusAccount(_)), "{name}");
    }
    let leading_zeros = verdict(F[1], "aws_000000000012_A");
    assert!(matches!(leading_zeros, GroupVerdict::Confers(c) if c.account.as_str() == "000000000012"));
}

/// A filter that uses up every name's bound of steps is ended by the question's asker, not after minutes: 100,000 names
/// at 200,000 steps each would take an hour.
#[test]
fn an_interrupt_ends_the_matching_of_names() {
    let hostile = Org::mapping(r"(?{{accountid}}(?:.*.*.*.*.*.*)(?=z)\d+)_(?{{role}}\w+)");
    let interrupt = Interrupt::default();
    let rules = hostile.rules().until(interrupt.clone());
    interrupt.set();
    for n in 0..100_000 {
        let verdict = rules.verdict(&named(&format!("aws_{n}_{}", "1".repeat(200))));
        assert!(matches!(verdict, GroupVerdict::Undecided), "{verdict:?}");
    }
}
