//! The role value pattern: what it renders, fixes and wants.

use rolebook_federation::{
    DEFAULT_ROLE_VALUE_PATTERN, GroupVerdict, PairFault, RoleValuePattern, Rules, RulesError, Scope, Warnings,
};

use crate::org::{Org, named, person, profile};
use crate::values::{role, shown};

const A: &str = "123456789012";

#[test]
fn the_pattern_is_rendered_as_it_stands() {
    for (pattern, expected) in [
        (
            DEFAULT_ROLE_VALUE_PATTERN,
            "arn:aws:iam::123456789012:saml-provider/OKTA,arn:aws:iam::123456789012:role/Admin",
        ),
        ("${role}@${accountid}/${role}", "Admin@123456789012/Admin"),
        ("${other} ${ROLE} $role {role} ${role", "${other} ${ROLE} $role {role} ${role"),
        ("$${role}$", "$Admin$"),
        ("", ""),
        ("constant", "constant"),
    ] {
        assert_eq!(RoleValuePattern::new(pattern).render(A, "Admin"), expected, "{pattern}");
    }
    let pattern = RoleValuePattern::new("${accountid}:${role}");
    assert_eq!(pattern.render(A, "${accountid}"), "123456789012:${accountid}", "one pass");
    assert_eq!(pattern.render("${role}", "x"), "${role}:x", "one pass");
}

#[test]
fn both_halves_of_a_pattern_in_either_order() {
    for (pattern, role, provider) in [
        (
            DEFAULT_ROLE_VALUE_PATTERN,
            "arn:aws:iam::123456789012:role/Admin",
            "arn:aws:iam::123456789012:saml-provider/OKTA",
        ),
        (
            "arn:aws:iam::${accountid}:role/${role},arn:aws:iam::${accountid}:saml-provider/Okta-IdP",
            "arn:aws:iam::123456789012:role/Admin",
            "arn:aws:iam::123456789012:saml-provider/Okta-IdP",
        ),
        (
            "arn:aws-us-gov:iam::${accountid}:saml-provider/OKTA, \r\n arn:aws-us-gov:iam::${accountid}:role/OKTA-${role} ",
            "arn:aws-us-gov:iam::123456789012:role/OKTA-Admin",
            "arn:aws-us-gov:iam::123456789012:saml-provider/OKTA",
        ),
        (
            "arn:aws-cn:iam::${accountid}:role/okta/${role}/x,arn:aws-cn:iam::${accountid}:saml-provider/OKTA",
            "arn:aws-cn:iam::123456789012:role/okta/Admin/x",
            "arn:aws-cn:iam::123456789012:saml-provider/OKTA",
        ),
        (
            "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/Redshift",
            "arn:aws:iam::444455556666:role/Redshift",
            "arn:aws:iam::444455556666:saml-provider/OKTA",
        ),
        (
            "arn:aws:iam::${accountid}:saml-provider/${role},arn:aws:iam::${accountid}:role/${role}-${other}",
            "arn:aws:iam::123456789012:role/Admin-${other}",
            "arn:aws:iam::123456789012:saml-provider/Admin",
        ),
    ] {
        let arns = RoleValuePattern::new(pattern).arns(A, "Admin");
        assert_eq!(shown(&arns), (Some(role.to_owned()), Some(provider.to_owned())), "{pattern}");
    }
}

#[test]
fn role_names_with_commas_and_colons_stay_whole() {
    let pattern = RoleValuePattern::new(DEFAULT_ROLE_VALUE_PATTERN);
    for role in [
        "a,b",
        "a:b",
        "team/x",
        "a,arn:aws:iam::999988887777:role/Root",
        "a, b",
        "${accountid}",
        "Ops Team/β:1",
    ] {
        let arns = pattern.arns(A, role);
        let provider = format!("arn:aws:iam::{A}:saml-provider/OKTA");
        assert_eq!(shown(&arns), (Some(format!("arn:aws:iam::{A}:role/{role}")), Some(provider)));
        assert_eq!(arns.role.unwrap().role(), Some(role));
    }
}

#[test]
fn the_arns_keep_the_blanks_of_a_role_name() {
    let arns = RoleValuePattern::new(DEFAULT_ROLE_VALUE_PATTERN).arns(A, " Admin ");
    assert_eq!(arns.role.unwrap().to_string(), format!("arn:aws:iam::{A}:role/ Admin "));
    let swapped = "arn:aws:iam::${accountid}:role/${role} , arn:aws:iam::${accountid}:saml-provider/OKTA";
    let arns = RoleValuePattern::new(swapped).arns(A, "Admin ");
    assert_eq!(arns.role.unwrap().to_string(), format!("arn:aws:iam::{A}:role/Admin "));
    assert_eq!(arns.provider.unwrap().to_string(), format!("arn:aws:iam::{A}:saml-provider/OKTA"));
}

#[test]
fn a_pattern_says_what_it_wants_and_fixes() {
    let fixed =
        "arn:aws-us-gov:iam::444455556666:saml-provider/OKTA,arn:aws-us-gov:iam::444455556666:role/${role}";
    let half = "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}";
    for (pattern, role, account, fixed, partition) in [
        (DEFAULT_ROLE_VALUE_PATTERN, true, true, None, Some("aws")),
        (fixed, true, false, Some("444455556666"), Some("aws-us-gov")),
        (half, true, true, Some("444455556666"), Some("aws")),
        ("arn:aws:iam::444455556666:role/X", false, false, Some("444455556666"), Some("aws")),
        ("arn:aws:iam::4444:role/X", false, false, None, Some("aws")),
        ("arn:aws-cn:iam::${accountid}:role/X", false, true, None, Some("aws-cn")),
        ("${role}", true, false, None, None),
        ("", false, false, None, None),
    ] {
        let pattern_of = RoleValuePattern::new(pattern);
        assert_eq!(pattern_of.wants_role(), role, "{pattern}");
        assert_eq!(pattern_of.wants_account(), account, "{pattern}");
        assert_eq!(pattern_of.fixed_account().map(|id| id.to_string()).as_deref(), fixed, "{pattern}");
        assert_eq!(pattern_of.partition().as_deref(), partition, "{pattern}");
    }
}

#[test]
fn one_constant_role_for_several_groups() {
    let constant = "arn:aws:iam::444455556666:role/Redshift,arn:aws:iam::444455556666:saml-provider/OKTA";
    let org = Org::mapping(r"^redshift_(?{{role}}\w+)$")
        .pattern(constant)
        .group(named("redshift_a"))
        .group(named("redshift_b"))
        .group(named("other"))
        .user(person(Scope::User, profile(&[], &[]), &[0, 1, 2]));
    assert_eq!(org.answer().role_words(), ["444455556666/Redshift"]);
    assert_eq!(org.answer().group_words(), ["0 444455556666/Redshift", "1 444455556666/Redshift"]);
    assert_eq!(org.answer().words(0), ["444455556666/Redshift group [0, 1]"]);
    assert_eq!(role(&org, "444455556666", "Redshift").values.into_iter().collect::<Vec<_>>(), [constant]);
}

#[test]
fn the_account_of_the_role_arn_counts() {
    let filter = r"^aws_(?{{accountid}}\d+)_(?{{role}}\w+)$";
    let role_fixed = "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}";
    let provider_fixed =
        "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}";
    for (pattern, name, expected) in [
        (role_fixed, "aws_444455556666_Admin", "444455556666/Admin"),
        (provider_fixed, "aws_444455556666_Admin", "444455556666/Admin"),
    ] {
        let org = Org::mapping(filter).pattern(pattern).group(named(name));
        assert_eq!(org.answer().role_words(), [expected], "{pattern}");
        let org = Org::mapping(filter).pattern(pattern).group(named("aws_111122223333_Admin"));
        assert_eq!(org.answer().role_words(), [""; 0], "a provider of another account: {pattern}");
    }
}

/// Only a role ARN puts a role into an account; a provider elsewhere fixes nothing.
#[test]
fn a_provider_does_not_fix_the_account() {
    let pattern = "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}";
    assert_eq!(RoleValuePattern::new(pattern).fixed_account(), None);
    let org = Org::mapping(r"^aws_(?{{role}}\w+)$").pattern(pattern);
    let rules = Rules::compile(&org.app, org.union, &org.switches, &mut Warnings::new());
    assert!(matches!(rules, Err(RulesError::NoAccount { .. })), "{rules:?}");
}

/// AWS answers such values with `invalid SAML response`, so they give nobody anything.
#[test]
fn what_aws_cannot_take_is_no_access() {
    let provider = "arn:aws:iam::${accountid}:saml-provider/OKTA";
    let role = "arn:aws:iam::${accountid}:role/${role}";
    let joined = |by: &str| format!("{provider}{by}{role}");
    let cases = [
        ("garbage".to_owned(), PairFault::NoPair),
        (String::new(), PairFault::NoPair),
        (provider.to_owned(), PairFault::NoRole),
        (role.to_owned(), PairFault::NoProvider),
        (joined(";"), PairFault::NoPair),
        (joined(" "), PairFault::NoPair),
        (joined(",").replacen("::", ":", 1), PairFault::NoProvider),
        (format!("{provider},{}", role.replacen("::", ":", 1)), PairFault::NoRole),
        (joined(",").replace("role/", "roles/"), PairFault::NoRole),
        (joined(",").replace("${role}", "${Role}"), PairFault::Placeholder),
        (joined(",").replace("${role}", "${rolee}"), PairFault::Placeholder),
        (joined(",").replace("${role}", "{role}"), PairFault::Placeholder),
        (joined(",").replace("${accountid}", "${accountId}"), PairFault::Placeholder),
        (format!("arn:aws:iam::999988887777:saml-provider/OKTA,{role}"), PairFault::OtherAccount),
        (joined(",").replacen("arn:aws:", "arn:aws-cn:", 1), PairFault::OtherAccount),
    ];
    for (pattern, fault) in cases {
        let org = Org::mapping(r"^aws_(?{{accountid}}\d{12})_(?{{role}}\w+)$")
            .pattern(&pattern)
            .group(named("aws_111122223333_Admin"))
            .user(person(Scope::User, profile(&[], &[]), &[0]));
        assert_eq!(RoleValuePattern::new(pattern.as_str()).pair(A, "Admin"), Err(fault), "{pattern}");
        let access = org.access();
        assert!(access.user_grants.is_empty() && access.group_grants.is_empty(), "{pattern}");
        let GroupVerdict::NotTaken(sent) = &access.verdicts[0] else { panic!("{pattern}: {access:?}") };
        assert_eq!(sent.fault, fault, "{pattern}");
        assert_eq!(sent.value, RoleValuePattern::new(pattern.as_str()).render("111122223333", "Admin"));
    }
    let swapped = format!("{role} ,\n {provider}");
    for pattern in [joined(","), swapped] {
        assert!(RoleValuePattern::new(pattern.as_str()).pair(A, "Admin").is_ok(), "{pattern}");
    }
}
