//! `settings.app` and profiles as Okta may store them, and which sources `appFilter` lets in.

use rolebook_federation::{
    AppFilter, DEFAULT_GROUP_FILTER, DEFAULT_ROLE_VALUE_PATTERN, Group, GroupKind, RoleProfile, Rules,
    RulesError, Settings, Union, Warnings,
};
use serde_json::{Value, json};

use crate::org::{Org, PROVIDER, named, pushed};

fn read(app: &Value) -> (Settings, Warnings) {
    let mut warnings = Warnings::new();
    let settings = Settings::from_json(app.as_object().unwrap(), &mut warnings);
    (settings, warnings)
}

#[test]
fn a_full_set_of_settings() {
    let (settings, warnings) = read(&json!({
        "useGroupMapping": true, "joinAllRoles": true, "groupFilter": "^x$", "roleValuePattern": "${role}",
        "appFilter": "okta,active_directory", "identityProviderArn": PROVIDER, "sessionDuration": 7200,
        "awsEnvironmentType": "aws.amazon", "overrideAcsURL": null, "loginURL": "https://console.aws.amazon.com",
        "accountID": null, "accessKey": "x", "secretKey": "x", "webSSOAllowedClient": null
    }));
    let expected = Settings {
        use_group_mapping: true,
        join_all_roles: true,
        group_filter: "^x$".to_owned(),
        role_value_pattern: "${role}".to_owned(),
        app_filter: "okta,active_directory".to_owned(),
        identity_provider_arn: Some(PROVIDER.to_owned()),
        override_acs_url: None,
        environment: Some("aws.amazon".to_owned()),
        session_seconds: 7200,
    };
    assert_eq!(settings, expected);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.provider().unwrap().account, "111122223333");
}

/// What an app of 2017 holds.
#[test]
fn missing_keys_are_oktas_defaults_with_a_notice() {
    let (settings, warnings) = read(&json!({
        "accessKey": null, "secretKey": null, "sessionDuration": 3600, "identityProviderArn": PROVIDER,
        "awsEnvironmentType": "aws.amazon", "loginURL": null
    }));
    assert!(!settings.use_group_mapping && !settings.join_all_roles);
    assert_eq!(settings.group_filter, DEFAULT_GROUP_FILTER);
    assert_eq!(settings.role_value_pattern, DEFAULT_ROLE_VALUE_PATTERN);
    assert_eq!(settings.app_filter, "okta");
    assert!(!warnings.is_empty(), "somebody should know");
    let (empty, _) = read(&json!({}));
    assert_eq!(empty, Settings::default());
    assert_eq!(empty.session_seconds, 3600);
}

#[test]
fn nulls_and_blanks_are_oktas_defaults() {
    for value in [json!(null), json!(""), json!("  ")] {
        let (settings, _) = read(&json!({
            "useGroupMapping": null, "joinAllRoles": null, "groupFilter": value, "roleValuePattern": value,
            "appFilter": value, "identityProviderArn": value, "overrideAcsURL": value, "sessionDuration": null
        }));
        assert_eq!(settings, Settings::default(), "{value}");
    }
}

#[test]
fn values_of_the_wrong_type_are_defaults_with_a_warning() {
    for odd in [json!(5), json!([]), json!({"a": 1}), json!([true])] {
        let (settings, warnings) = read(&json!({
            "useGroupMapping": odd, "joinAllRoles": odd, "groupFilter": odd, "roleValuePattern": odd,
            "appFilter": odd, "identityProviderArn": odd, "overrideAcsURL": odd
        }));
        assert_eq!(settings, Settings::default(), "{odd}");
        assert!(!warnings.is_empty(), "{odd}");
    }
    for (text, expected) in [("true", true), ("TRUE", true), ("false", false), ("", false), ("yes", false)] {
        let (settings, _) = read(&json!({ "joinAllRoles": text, "useGroupMapping": text }));
        assert_eq!((settings.join_all_roles, settings.use_group_mapping), (expected, expected), "{text}");
    }
    for (session, expected) in
        [(json!("7200"), 7200), (json!(-1), 3600), (json!(1.5), 3600), (json!([]), 3600)]
    {
        assert_eq!(read(&json!({ "sessionDuration": session })).0.session_seconds, expected, "{session}");
    }
}

#[test]
fn a_provider_that_is_no_provider_arn_is_none() {
    for text in [
        "${aws_iam_saml_provider.okta.arn}",
        "okta",
        "arn:aws:iam::111122223333:role/Admin",
        "arn:aws:iam::111122223333",
    ] {
        let settings = Settings { identity_provider_arn: Some(text.to_owned()), ..Settings::default() };
        assert_eq!(settings.provider(), None, "{text}");
    }
}

#[test]
fn partitions_by_sign_in_address_and_environment() {
    for (acs, environment, partition) in [
        (None, None, "aws"),
        (None, Some("aws.amazon"), "aws"),
        (None, Some("amazonaws-us-gov"), "aws-us-gov"),
        (None, Some("something"), "aws"),
        (Some("https://signin.amazonaws.cn/saml"), Some("aws.amazon"), "aws-cn"),
        (Some("https://cn-north-1.signin.amazonaws.cn/saml"), None, "aws-cn"),
        (Some("https://signin.amazonaws-us-gov.com/saml"), Some("aws.amazon"), "aws-us-gov"),
        (Some("https://us-gov-west-1.signin.amazonaws-us-gov.com/saml"), None, "aws-us-gov"),
        (Some("https://eu-west-1.signin.aws.amazon.com/saml"), Some("aws.amazon"), "aws"),
    ] {
        let settings = Settings {
            override_acs_url: acs.map(str::to_owned),
            environment: environment.map(str::to_owned),
            ..Settings::default()
        };
        assert_eq!(settings.fallback_partition(), partition, "{acs:?} {environment:?}");
    }
}

#[test]
fn only_the_exact_word_switches_union_on() {
    let schema =
        |union: Value| json!({"definitions": {"base": {"properties": {"samlRoles": {"union": union}}}}});
    assert_eq!(Union::from_schema(&schema(json!("ENABLE"))), Union::Enabled);
    for other in [json!("DISABLE"), json!("enable"), json!("ENABLED"), json!(true), json!(null)] {
        assert_eq!(Union::from_schema(&schema(other)), Union::Disabled);
    }
    assert_eq!(Union::from_schema(&json!({"definitions": {"base": {"properties": {}}}})), Union::Disabled);
    let custom = json!({"definitions": {"custom": {"properties": {"samlRoles": {"union": "ENABLE"}}}}});
    assert_eq!(Union::from_schema(&custom), Union::Disabled, "the base schema counts");
}

fn profile_of(json: &Value) -> (RoleProfile, Warnings) {
    let mut warnings = Warnings::new();
    let profile = RoleProfile::from_json(json, "00uA", &mut warnings);
    (profile, warnings)
}

#[test]
fn profiles_as_okta_may_store_them() {
    for (json, saml_roles, role, clean) in [
        (json!({"role": null, "samlRoles": ["Admin", "Ops"]}), vec!["Admin", "Ops"], vec![], true),
        (json!({"role": "Admin", "samlRoles": null}), vec![], vec!["Admin"], true),
        (json!({"role": "Admin", "samlRoles": []}), vec![], vec!["Admin"], true),
        (json!({}), vec![], vec![], true),
        (json!({"role": "", "samlRoles": [""]}), vec![], vec![], true),
        (json!(null), vec![], vec![], true),
        (json!({"samlRoles": "Admin"}), vec!["Admin"], vec![], false),
        (json!({"role": ["Admin", "Ops"]}), vec![], vec!["Admin", "Ops"], false),
        (json!({"samlRoles": ["Admin", null, 5, {"x": 1}]}), vec!["Admin"], vec![], false),
        (json!({"samlRoles": 5, "role": {"x": 1}}), vec![], vec![], false),
        (json!({"samlRoles": ["Admin", "Admin", " Admin "]}), vec!["Admin", " Admin "], vec![], false),
        (json!({"samlRoles": [" ", "\t"]}), vec![], vec![], false),
        (json!({"idpRolePairs": ["x"], "email": "a@b"}), vec![], vec![], true),
    ] {
        let (profile, warnings) = profile_of(&json);
        assert_eq!((profile.saml_roles, profile.role), (owned(saml_roles), owned(role)), "{json}");
        assert_eq!(warnings.is_empty(), clean, "{json}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.samples == ["00uA"]), "{warnings:?}");
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_source_of_a_group() {
    let local = named("g");
    let everyone = Group { kind: GroupKind::BuiltIn, ..named("Everyone") };
    let directory = pushed("g", Some("active_directory"), Some("0oaDir"));
    let only_id = pushed("g", None, Some("0oaDir"));
    let anonymous = pushed("g", None, None);
    for (filter, expected) in [
        ("okta", [true, true, false, false, false]),
        ("OKTA", [true, true, false, false, false]),
        (" okta , active_directory ", [true, true, true, false, false]),
        ("active_directory", [false, false, true, false, false]),
        ("Active_Directory", [false, false, true, false, false]),
        ("0oaDir", [false, false, true, true, false]),
        ("0OADIR,", [false, false, true, true, false]),
        ("bamboohr", [false, false, false, false, false]),
        ("active", [false, false, false, false, false]),
        ("okta active_directory", [false, false, false, false, false]),
        ("", [false, false, false, false, false]),
        (",,", [false, false, false, false, false]),
    ] {
        let sources = AppFilter::parse(filter);
        let allowed =
            [&local, &everyone, &directory, &only_id, &anonymous].map(|group| sources.allows(group));
        assert_eq!(allowed, expected, "{filter:?}");
    }
    assert!(!AppFilter::parse("okta").beyond_okta());
    assert!(!AppFilter::parse(" Okta ,").beyond_okta());
    assert!(AppFilter::parse("okta,active_directory").beyond_okta());
    assert!(AppFilter::parse("active_directory").beyond_okta());
}

#[test]
fn okta_means_local_groups_and_nothing_else() {
    let odd = Group { kind: GroupKind::Okta, ..pushed("g", Some("active_directory"), Some("0oaDir")) };
    assert!(!AppFilter::parse("active_directory").allows(&odd));
    // And the other way round: an app that calls itself okta does not pass for local groups.
    assert!(!AppFilter::parse("okta").allows(&pushed("g", Some("okta"), None)));
    assert!(!AppFilter::parse("okta").allows(&pushed("g", None, Some("okta"))));
}

#[test]
fn filter_and_pattern_must_name_account_and_role() {
    let fixed = "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}";
    let constant = "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/One";
    let constant_role = "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/One";
    let (both, role, account, none) =
        (DEFAULT_GROUP_FILTER, r"^r_(?{{role}}\w+)$", r"^a_(?{{accountid}}\d+)$", "^all$");
    for (filter, pattern, expected) in [
        (both, DEFAULT_ROLE_VALUE_PATTERN, "ok"),
        (role, DEFAULT_ROLE_VALUE_PATTERN, "no account"),
        (account, DEFAULT_ROLE_VALUE_PATTERN, "no role"),
        (both, fixed, "ok"),
        (role, fixed, "ok"),
        (account, fixed, "no role"),
        (role, constant, "ok"),
        (none, constant, "ok"),
        (account, constant_role, "ok"),
        (none, constant_role, "no account"),
    ] {
        let org = Org::mapping(filter).pattern(pattern);
        let rules = Rules::compile(&org.app, org.union, &org.switches, &mut Warnings::new());
        let said = match rules {
            Ok(_) => "ok",
            Err(RulesError::NoAccount { .. }) => "no account",
            Err(RulesError::NoRole { .. }) => "no role",
            Err(RulesError::Filter(error)) => panic!("{error}"),
        };
        assert_eq!(said, expected, "{filter} with {pattern}");
    }
}
