//! Filters explained and tried.

use proptest::prelude::*;
use rolebook_federation::{FilterMatch, Switches};
use rolebook_insight::{FilterLint, lint_filter};

use crate::oracle;

const SEED: &str = r"^aws\#\S+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$";
const DEFAULT: &str = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)";

fn lint(filter: &str, names: &[&str]) -> FilterLint {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    lint_filter(filter, None, &names, &Switches::default())
}

fn codes(lint: &FilterLint) -> Vec<&str> {
    lint.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[test]
fn the_marks_and_the_dialect_are_explained() {
    let lint = lint(
        SEED,
        &["aws#acme#Admin#111122223333", "aws#acme#SSO.Admin#111122223333", "AWS#a#b#111122223333"],
    );
    assert_eq!(lint.error, None);
    let part =
        |text: &str| lint.parts.iter().find(|part| part.text == text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(part("^").position, 1);
    assert!(part(r"\#").meaning.contains("`#` itself"));
    assert!(part("(?{{role}}").meaning.contains("Okta's mark"));
    assert!(part(r"\w").meaning.contains("ASCII"));
    assert!(codes(&lint).contains(&"role-characters"));
    assert!(codes(&lint).contains(&"account-digits"));
    assert!(!codes(&lint).contains(&"not-anchored"));
    let [admin, dotted, upper] = lint.names.as_slice() else { panic!() };
    assert_eq!((admin.account.as_deref(), admin.role.as_deref()), (Some("111122223333"), Some("Admin")));
    assert_eq!(
        admin.value.as_deref(),
        Some("arn:aws:iam::111122223333:saml-provider/OKTA,arn:aws:iam::111122223333:role/Admin")
    );
    assert_eq!((dotted.verdict.as_str(), dotted.only_without_case), ("no-match", false));
    assert_eq!((upper.verdict.as_str(), upper.only_without_case), ("no-match", true));
}

#[test]
fn a_clean_filter_has_no_warnings() {
    let lint =
        lint(r"^aws_(?{{accountid}}\d{12})_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)$", &["aws_111122223333_Admin"]);
    assert_eq!(codes(&lint), [""; 0]);
    assert_eq!(lint.names[0].verdict, "match");
}

#[test]
fn a_filter_escaped_twice_is_told() {
    let twice = SEED.replace('\\', r"\\");
    let lint = lint(&twice, &["aws#acme#Admin#111122223333"]);
    assert!(codes(&lint).contains(&"escaped-twice"));
    assert!(codes(&lint).contains(&"filter-double-escaped"), "{:?}", codes(&lint));
    assert!(lint.names[0].only_unescaped);
    assert_eq!(lint.names[0].verdict, "no-match");
}

#[test]
fn a_broken_filter_names_the_place() {
    for (filter, position) in
        [("^aws(", Some(5)), (r"(?{{role}}a)(?{{role}}b)", Some(13)), ("aws_(?{{role}}x)", None)]
    {
        let lint = lint(filter, &[]);
        let error = lint.error.unwrap_or_else(|| panic!("{filter}"));
        assert_eq!(error.position, position, "{filter}: {error:?}");
        assert!(!error.hint.is_empty());
    }
}

#[test]
fn find_and_full_are_told_apart() {
    let name = "x aws_111122223333_Admin";
    assert_eq!(lint(DEFAULT, &[name]).names[0].verdict, "partial-match");
    let full = Switches { filter_match: FilterMatch::Full, ..Switches::default() };
    assert_eq!(lint_filter(DEFAULT, None, &[name.to_owned()], &full).names[0].verdict, "no-match");
}

proptest! {
    /// No text makes it panic, and what is called a part stands where it is said to stand.
    #[test]
    fn any_text_is_taken(filter in r"[\\(){}\[\]?*+^$.|a-cé\-#<=!:]{0,24}") {
        let lint = lint(&filter, &["aws_111122223333_Admin", ""]);
        for part in lint.parts {
            let stands: String = filter.chars().skip(part.position - 1).take(part.text.chars().count()).collect();
            prop_assert_eq!(stands, part.text);
        }
    }

    #[test]
    fn names_are_read_as_the_oracle_reads_them(name in "(aws_|AWS_|x)?[0-9]{0,13}_?[a-zA-Z+ .]{0,6}(aws_111122223333_R)?") {
        let lint = lint(DEFAULT, &[&name]);
        let found = lint.names[0].account.clone().filter(|_| lint.names[0].role.is_some());
        prop_assert_eq!(found.map(|account| (account, lint.names[0].role.clone().unwrap())), oracle::default_filter(&name));
    }
}
