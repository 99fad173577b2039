//! Shapes of stored role values, ARNs, and the accounts that follow from them.

use rolebook_federation::{
    AccountId, Arn, DEFAULT_ROLE_VALUE_PATTERN, Role, RoleArn, RoleValue, Scope, ValueAccount,
};

use crate::org::{Org, PROVIDER, assigned, person, profile, strings};

/// Account word and role of a value: `main`, 12 digits, `[alias]` or `name`.
fn taken_apart(value: &str) -> (String, String) {
    let value = RoleValue::parse(value);
    let account = match value.account {
        ValueAccount::Main => "main".to_owned(),
        ValueAccount::Id(id) => id.to_string(),
        ValueAccount::Alias(alias) => format!("[{alias}]"),
        ValueAccount::Name(name) => name,
    };
    (account, value.role)
}

#[test]
fn shapes_of_a_role_value() {
    for (value, account, role) in [
        ("Admin", "main", "Admin"),
        (" Admin ", "main", " Admin "),
        ("Team/Admin", "main", "Team/Admin"),
        ("Ops,Dev", "main", "Ops,Dev"),
        ("a:b", "main", "a:b"),
        ("a--b", "main", "a--b"),
        ("[Admin]", "main", "[Admin]"),
        ("β", "main", "β"),
        ("[okta-prod-pup] -- platform", "[okta-prod-pup]", "platform"),
        ("[articulate-dev] -- platform", "[articulate-dev]", "platform"),
        ("[prod-eu] -- team/x", "[prod-eu]", "team/x"),
        ("[prod-eu] -- a -- b", "[prod-eu]", "a -- b"),
        ("[123456789012] -- Admin", "123456789012", "Admin"),
        ("000000000000 -- oin-lab-role", "000000000000", "oin-lab-role"),
        ("[12345678901] -- Admin", "[12345678901]", "Admin"),
        ("[١٢٣٤٥٦٧٨٩٠١٢] -- Admin", "[١٢٣٤٥٦٧٨٩٠١٢]", "Admin"),
        ("Production Europe -- Admin", "Production Europe", "Admin"),
        ("Prod - Europe -- Admin", "Prod - Europe", "Admin"),
        ("arn:aws:iam::444455556666:role/x", "444455556666", "x"),
        ("arn:aws:iam::444455556666:role/team/x", "444455556666", "team/x"),
        ("  arn:aws:iam::444455556666:role/x  ", "444455556666", "x"),
        ("arn:aws-us-gov:iam::444455556666:role/x", "444455556666", "x"),
        ("arn:aws-cn:iam::444455556666:role/x", "444455556666", "x"),
        (
            "arn:aws:iam::444455556666:role/x,arn:aws:iam::444455556666:saml-provider/OKTA",
            "444455556666",
            "x",
        ),
        (
            "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/x",
            "444455556666",
            "x",
        ),
        (
            "arn:aws:iam::444455556666:saml-provider/OKTA, arn:aws:iam::444455556666:role/x",
            "444455556666",
            "x",
        ),
        ("arn:aws:iam::444455556666:role/a,b=c@d+e", "444455556666", "a,b=c@d+e"),
        (
            "arn:aws:iam::444455556666:role/a,b,arn:aws:iam::444455556666:saml-provider/P",
            "444455556666",
            "a,b",
        ),
    ] {
        assert_eq!(taken_apart(value), (account.to_owned(), role.to_owned()), "{value:?}");
    }
}

#[test]
fn what_only_looks_like_an_arn_is_a_bare_name() {
    for value in [
        "arn:aws:iam::444455556666:saml-provider/OKTA",
        "arn:aws:iam::444455556666:user/x",
        "arn:aws:iam::444455556666:role/",
        "arn:aws:iam::444455556666",
        "arn:aws:iam::4444:role/x",
        "arn:aws:iam::${accountid}:role/x",
        "arn:",
        " -- Admin",
        "[] -- Admin",
        "[prod] -- ",
        "prod -- ",
        " -- ",
    ] {
        assert_eq!(taken_apart(value), ("main".to_owned(), value.to_owned()));
    }
}

#[test]
fn a_value_keeps_the_arns_it_holds() {
    let role = "arn:aws-us-gov:iam::444455556666:role/team/x";
    let provider = "arn:aws-us-gov:iam::444455556666:saml-provider/Okta-IdP";
    let pair = |value: &str| shown(&RoleValue::parse(value).arns);
    assert_eq!(pair(role), (Some(role.to_owned()), None));
    for value in [
        format!("{role},{provider}"),
        format!("{provider},{role}"),
        format!("{provider} ,\n  {role}"),
        format!(" {role},{provider} "),
    ] {
        assert_eq!(pair(&value), (Some(role.to_owned()), Some(provider.to_owned())), "{value:?}");
    }
    assert_eq!(pair("Admin"), (None, None));
    assert_eq!(pair("[prod] -- Admin"), (None, None));
}

pub(crate) fn shown(arns: &RoleArn) -> (Option<String>, Option<String>) {
    (arns.role.as_ref().map(ToString::to_string), arns.provider.as_ref().map(ToString::to_string))
}

#[test]
fn account_ids_are_twelve_ascii_digits() {
    for good in ["123456789012", "000000000000"] {
        assert_eq!(AccountId::parse(good).unwrap().as_str(), good);
        assert_eq!(AccountId::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "12345678901",
        "1234567890123",
        "12345678901x",
        "١٢٣٤٥٦٧٨٩٠١٢",
        " 123456789012",
        "123456789012\n",
        "+12345678901",
    ] {
        assert_eq!(AccountId::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn arns_come_apart_and_together() {
    let arn = Arn::parse("arn:aws-cn:iam::123456789012:role/a/b:c").unwrap();
    assert_eq!(
        (arn.partition.as_str(), arn.service.as_str(), arn.account.as_str()),
        ("aws-cn", "iam", "123456789012")
    );
    assert_eq!(arn.resource, "role/a/b:c");
    assert_eq!(arn.role(), Some("a/b:c"));
    assert_eq!(arn.provider(), None);
    assert_eq!(arn.to_string(), "arn:aws-cn:iam::123456789012:role/a/b:c");
    let provider = Arn::parse(PROVIDER).unwrap();
    assert_eq!((provider.provider(), provider.role()), (Some("OKTA"), None));
    for bad in [
        "",
        "arn",
        "arn:aws:iam::123456789012",
        "ARN:aws:iam::123456789012:role/x",
        "xarn:aws:iam::1:role/x",
        "not an arn",
    ] {
        assert_eq!(Arn::parse(bad), None, "{bad}");
    }
    // Other services have roles and providers too, which are not these.
    let foreign = Arn::parse("arn:aws:ec2::123456789012:role/x").unwrap();
    assert_eq!((foreign.role(), foreign.provider()), (None, None));
}

pub(crate) fn role(org: &Org, account: &str, name: &str) -> Role {
    let access = org.access();
    let at =
        access.roles.find(account, name).unwrap_or_else(|| panic!("{account}/{name} in {:?}", access.roles));
    access.roles.get(at).unwrap().clone()
}

#[test]
fn a_connected_account_has_the_provider_of_the_same_name() {
    let org = Org::direct().group(assigned(
        0,
        &["Admin", "[444455556666] -- Ops", "arn:aws:iam::777788889999:role/x", "[prod-eu] -- Admin"],
    ));
    for (account, name, role_arn, provider) in [
        ("111122223333", "Admin", Some("arn:aws:iam::111122223333:role/Admin"), Some(PROVIDER)),
        (
            "444455556666",
            "Ops",
            Some("arn:aws:iam::444455556666:role/Ops"),
            Some("arn:aws:iam::444455556666:saml-provider/OKTA"),
        ),
        (
            "777788889999",
            "x",
            Some("arn:aws:iam::777788889999:role/x"),
            Some("arn:aws:iam::777788889999:saml-provider/OKTA"),
        ),
        ("prod-eu", "Admin", None, None),
    ] {
        let (role_arn, provider) = (role_arn.map(str::to_owned), provider.map(str::to_owned));
        assert_eq!(shown(&role(&org, account, name).arns), (role_arn, provider), "{account}/{name}");
    }
}

#[test]
fn an_arn_pair_keeps_its_own_provider() {
    let pair = "arn:aws:iam::444455556666:role/x,arn:aws:iam::444455556666:saml-provider/Other";
    let org = Org::direct().group(assigned(0, &[pair]));
    let role = role(&org, "444455556666", "x");
    assert_eq!(shown(&role.arns).1.as_deref(), Some("arn:aws:iam::444455556666:saml-provider/Other"));
    assert_eq!(role.values.into_iter().collect::<Vec<_>>(), [pair]);
}

#[test]
fn values_of_one_role_are_kept_each_as_stored() {
    let values = ["Admin", "[111122223333] -- Admin", "arn:aws:iam::111122223333:role/Admin"];
    let mut org = Org::direct().group(assigned(0, &values[..2])).group(assigned(1, &values[2..]));
    org.catalogue = strings(&["Admin", "Admin", "ReadOnly"]);
    let org = org.user(person(Scope::User, profile(&values, &[]), &[]));
    let mut stored = strings(&values);
    stored.sort();
    assert_eq!(role(&org, "111122223333", "Admin").values.into_iter().collect::<Vec<_>>(), stored);
    assert_eq!(org.answer().words(0), ["Admin own+own []"], "one grant for three spellings");
    let access = org.access();
    for value in values {
        assert_eq!(access.roles.by_value(value), access.roles.find("111122223333", "Admin"), "{value}");
    }
    assert_eq!(access.roles.by_value("never seen"), None);
}

#[test]
fn the_account_of_bare_names() {
    let fixed = "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}";
    let one = ["Admin", "arn:aws:iam::777788889999:role/x", "arn:aws:iam::777788889999:role/y"];
    let two = ["Admin", "arn:aws:iam::777788889999:role/x", "arn:aws:iam::888899990000:role/x"];
    for (provider, pattern, values, account) in [
        (Some(PROVIDER), fixed, &one[..], "111122223333"),
        (Some(" arn:aws-cn:iam::111122223333:saml-provider/OKTA "), fixed, &one, "111122223333"),
        (None, fixed, &one, "444455556666"),
        (Some("${aws_iam_saml_provider.okta.arn}"), fixed, &one, "444455556666"),
        (Some("arn:aws:iam::111122223333:role/NoProvider"), fixed, &one, "444455556666"),
        (None, DEFAULT_ROLE_VALUE_PATTERN, &one, "777788889999"),
        (None, DEFAULT_ROLE_VALUE_PATTERN, &two, "unknown"),
        (None, DEFAULT_ROLE_VALUE_PATTERN, &["Admin", "[123456789012] -- x"], "unknown"),
        (None, DEFAULT_ROLE_VALUE_PATTERN, &["Admin"], "unknown"),
    ] {
        let mut org = Org::direct().pattern(pattern).group(assigned(0, values));
        org.app.settings.identity_provider_arn = provider.map(str::to_owned);
        let access = org.access();
        assert!(access.roles.find(account, "Admin").is_some(), "{provider:?} {values:?}: {:?}", access.roles);
        assert_eq!(access.warnings.is_empty(), account != "unknown", "{provider:?}: {:?}", access.warnings);
    }
}

#[test]
fn partitions_of_accounts() {
    let govcloud = "arn:aws-us-gov:iam::111122223333:saml-provider/OKTA";
    let mut org =
        Org::direct().group(assigned(0, &["Admin", "[prod] -- x", "arn:aws-cn:iam::444455556666:role/x"]));
    org.app.settings.identity_provider_arn = Some(govcloud.to_owned());
    let partition = |org: &Org, id: &str| org.answer().accounts[id].3.clone();
    assert_eq!(partition(&org, "111122223333"), "aws-us-gov");
    assert_eq!(partition(&org, "444455556666"), "aws-cn");
    assert_eq!(
        partition(&org, "prod"),
        "aws-us-gov",
        "connected accounts are of the main account's partition"
    );
    org.app.settings.identity_provider_arn = None;
    org.app.settings.override_acs_url = Some("https://signin.amazonaws.cn/saml".to_owned());
    org.groups = vec![assigned(0, &["Admin"])];
    org.app.settings.role_value_pattern = "${role}".to_owned();
    assert_eq!(partition(&org, "unknown"), "aws-cn");
}
