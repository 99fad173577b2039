//! Group mapping: names to accounts and roles.

use rolebook_federation::{
    AppUserStatus, DEFAULT_GROUP_FILTER, FilterSurvey, Group, GroupAssignment, GroupKind, GroupVerdict,
    RoleProfile, Rules, Scope, Union, User, UserStatus, Warning, Warnings,
};

use crate::filter::{F, refused};
use crate::org::{Org, assigned, named, person, profile, pushed, stranger};

fn member(groups: &[u32]) -> User {
    person(Scope::User, RoleProfile::default(), groups)
}

/// What the survey of all groups says afterwards.
fn survey(org: &Org) -> Warnings {
    let rules = org.rules();
    let mut survey = FilterSurvey::new(&rules);
    for group in &org.groups {
        survey.observe(group, &rules.verdict(group));
    }
    survey.finish(&org.app.settings.group_filter)
}

fn names_of(warnings: &Warnings) -> String {
    let word = |warning: &Warning| format!("{} ×{} {:?}; ", warning.code, warning.count, warning.samples);
    warnings.iter().map(word).collect()
}

#[test]
fn a13_group_mapping_needs_no_provider() {
    let mut org = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_Admin"));
    for provider in
        [None, Some("${aws_iam_saml_provider.okta.arn}"), Some("arn:aws:iam::999988887777:saml-provider/X")]
    {
        org.app.settings.identity_provider_arn = provider.map(str::to_owned);
        assert_eq!(org.answer().role_words(), ["111122223333/Admin"]);
        assert_eq!(org.answer().accounts.len(), 1);
    }
}

#[test]
fn b1_names_become_accounts_and_roles() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(named("aws_111122223333_Admin"))
        .group(named("aws_111122223333_ReadOnly"))
        .group(named("aws_999988887777_Admin"))
        .group(Group { kind: GroupKind::BuiltIn, ..named("Everyone") });
    let answer = org.answer();
    assert_eq!(answer.accounts.keys().collect::<Vec<_>>(), ["111122223333", "999988887777"]);
    assert_eq!(answer.role_words(), ["111122223333/Admin", "111122223333/ReadOnly", "999988887777/Admin"]);
    assert_eq!(
        answer.group_words(),
        ["0 111122223333/Admin", "1 111122223333/ReadOnly", "2 999988887777/Admin"]
    );
}

#[test]
fn b3_twelve_digits_are_twelve_digits() {
    for filter in [F[3], F[4]] {
        let org = Org::mapping(filter).group(named("aws_111122223333_Admin"));
        assert_eq!(org.answer().group_words(), ["0 111122223333/Admin"], "{filter}");
    }
}

#[test]
fn b4_an_alternation_is_all_or_nothing() {
    let org = Org::mapping(F[5])
        .group(named("aws-111122223333-Admin"))
        .group(named("aws-111122223333-ReadOnly"))
        .group(named("aws-111122223333-xAdmin"));
    assert_eq!(org.answer().group_words(), ["0 111122223333/Admin", "1 111122223333/ReadOnly"]);
}

#[test]
fn b5_other_groups_in_the_filter_do_no_harm() {
    let org = Org::mapping(F[6]).group(named("AWS_111122223333_Ops"));
    assert_eq!(org.answer().role_words(), ["111122223333/Ops"]);
}

#[test]
fn b7_the_account_may_be_fixed_in_the_pattern() {
    let org = Org::mapping(F[9])
        .pattern("arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}")
        .group(named("redshift_Etl"));
    assert_eq!(org.answer().group_words(), ["0 444455556666/Etl"]);
}

/// Okta keeps the doubly escaped text as it is, so the other reading is a hint and never access by itself.
#[test]
fn b8_a_doubly_escaped_filter_is_told() {
    let org = Org::mapping(F[10]).group(named("aws_111122223333_Admin")).user(member(&[0]));
    assert!(org.answer().role_words().is_empty());
    assert!(org.answer().user_grants.is_empty());
    let plain = survey(&Org::mapping(F[3]).group(named("nothing")));
    let told = survey(&org);
    let codes = |warnings: &Warnings| warnings.iter().map(|warning| warning.code).collect::<Vec<_>>();
    assert!(
        codes(&told).iter().any(|code| !codes(&plain).contains(code)),
        "a hint of its own: {}",
        names_of(&told)
    );
    assert!(names_of(&told).contains("aws_111122223333_Admin"), "{}", names_of(&told));
}

#[test]
fn b9_a_backslash_in_the_name() {
    let org = Org::mapping(F[11]).group(named(r"DOM\Admin_111122223333"));
    assert_eq!(org.answer().group_words(), ["0 111122223333/Admin"]);
}

#[test]
fn b11_a_broken_filter_names_itself_and_the_place() {
    for filter in [F[13], F[14]] {
        let org = Org::mapping(filter);
        let error = Rules::compile(&org.app, org.union, &org.switches, &mut Warnings::new()).unwrap_err();
        let place = refused(filter).position;
        let text = error.to_string();
        assert!(text.contains(filter) && text.contains(&place.to_string()), "{text}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn b12_a_role_of_one_letter() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_A"));
    assert_eq!(org.answer().role_words(), ["111122223333/A"]);
}

#[test]
fn b13_no_account_of_two_digits_but_a_counted_warning() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(named("aws_12_AB"))
        .group(named("aws_111122223333_A"))
        .user(member(&[0]));
    let answer = org.answer();
    assert_eq!(answer.accounts.keys().collect::<Vec<_>>(), ["111122223333"]);
    assert!(answer.user_grants.is_empty());
    let told = survey(&org);
    assert!(
        told.iter().any(|warning| warning.count == 1 && warning.samples == ["aws_12_AB"]),
        "{}",
        names_of(&told)
    );
}

#[test]
fn b15_other_digits_are_no_digits() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_١٢٣٤٥٦٧٨٩٠١٢_Admin"));
    assert_eq!(org.access().verdicts, [GroupVerdict::NoMatch]);
}

#[test]
fn b16_a_role_name_is_kept_exactly() {
    let org = Org::mapping(r"^aws_(?{{accountid}}\d{12})_(?{{role}}.+)$")
        .group(named("aws_111122223333_Ops Team/β:1"));
    assert_eq!(org.answer().role_words(), ["111122223333/Ops Team/β:1"]);
    let access = org.access();
    let role = &access.roles.roles()[0];
    assert_eq!(role.arns.role.as_ref().unwrap().to_string(), "arn:aws:iam::111122223333:role/Ops Team/β:1");
}

#[test]
fn b17_a_group_without_a_name_is_skipped() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(Group { name: None, ..named("") })
        .group(named("aws_111122223333_Admin"))
        .user(member(&[0, 1]));
    assert_eq!(org.access().verdicts[0], GroupVerdict::NoName);
    assert_eq!(org.answer().words(0), ["Admin group [1]"]);
    assert!(!survey(&org).is_empty(), "a warning");
}

#[test]
fn b19_two_names_of_one_role() {
    let org = Org::mapping(r"^\w+_(?{{accountid}}\d{12})_(?{{role}}\w+)$")
        .group(named("aws_111122223333_Admin"))
        .group(named("prod_111122223333_Admin"))
        .user(member(&[0, 1]))
        .user(member(&[1]));
    assert_eq!(org.answer().role_words(), ["111122223333/Admin"]);
    assert_eq!(org.answer().group_words(), ["0 111122223333/Admin", "1 111122223333/Admin"]);
    assert_eq!(org.answer().words(0), ["Admin group [0, 1]"]);
    assert_eq!(org.answer().words(1), ["Admin group [1]"]);
}

#[test]
fn b19_partial_only_when_every_conferring_group_is() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(named("aws_111122223333_Admin"))
        .group(named("old aws_111122223333_Admin"))
        .group(named("aws_111122223333_Admin (EU)"))
        .user(member(&[0, 1]))
        .user(member(&[1, 2]));
    assert_eq!(org.answer().words(0), ["Admin group [0, 1]"]);
    assert_eq!(org.answer().words(1), ["Admin group [1, 2] partial"]);
    assert_eq!(
        org.answer().group_words(),
        ["0 111122223333/Admin", "1 111122223333/Admin partial", "2 111122223333/Admin partial"]
    );
}

#[test]
fn b20_a_filter_that_matches_nothing_is_said_loudly() {
    let mut org = Org::mapping(DEFAULT_GROUP_FILTER);
    org.groups = (0..1000).map(|at| named(&format!("team {at}"))).collect();
    assert!(org.answer().accounts.is_empty());
    let told = survey(&org);
    let samples = |warning: &Warning| {
        warning.samples.len() == 3 && warning.samples.iter().all(|name| name.starts_with("team "))
    };
    assert!(told.iter().any(samples), "three sample names: {}", names_of(&told));
}

#[test]
fn b20_a_filter_that_matches_is_no_cause_for_alarm() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_Admin")).group(named("team"));
    assert!(survey(&org).is_empty(), "{}", names_of(&survey(&org)));
    assert!(survey(&Org::mapping(DEFAULT_GROUP_FILTER)).is_empty(), "no groups, nothing to say");
}

#[test]
fn b21_a_look_alike_of_another_source_is_ignored_and_counted() {
    let mut org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(pushed("aws_111122223333_Admin", Some("active_directory"), Some("0oaDir")))
        .group(named("aws_111122223333_ReadOnly"))
        .user(member(&[0]));
    assert_eq!(org.answer().group_words(), ["1 111122223333/ReadOnly"]);
    assert_eq!(org.answer().role_words(), ["111122223333/ReadOnly"]);
    assert!(org.answer().user_grants.is_empty());
    let told = survey(&org);
    assert!(told.iter().any(|warning| warning.samples == ["aws_111122223333_Admin"]), "{}", names_of(&told));
    org.app.settings.app_filter = "okta, active_directory".to_owned();
    assert_eq!(org.answer().words(0), ["Admin group [0]"]);
    let access = org.access();
    let writable = |name: &str| {
        let at = access.roles.find("111122223333", name).unwrap();
        access.roles.get(at).unwrap().writable_group
    };
    assert_eq!((writable("Admin"), writable("ReadOnly")), (false, true));
}

#[test]
fn b23_a_member_without_the_app_has_nothing() {
    let mut org =
        Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_Admin")).user(stranger(&[0]));
    assert!(org.answer().user_grants.is_empty());
    assert_eq!(org.answer().group_words(), ["0 111122223333/Admin"]);
    org.app.implicit_assignment = true;
    assert_eq!(org.answer().words(0), ["Admin group [0]"], "nobody needs an assignment then");
    org.users[0].status = UserStatus::CannotSignIn;
    assert!(org.answer().user_grants.is_empty(), "but a status that lets them in");
}

#[test]
fn b23_an_unusable_assignment_does_not_matter_when_none_is_needed() {
    let mut user = member(&[0]);
    user.app_user.as_mut().unwrap().status = AppUserStatus::Unusable;
    let mut org = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_Admin")).user(user);
    assert!(org.answer().user_grants.is_empty());
    org.app.implicit_assignment = true;
    assert_eq!(org.answer().words(0), ["Admin group [0]"]);
}

#[test]
fn b24_a_management_group_assigns_and_a_role_group_confers() {
    let management = Group { assignment: Some(GroupAssignment::default()), ..named("AWS users") };
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(named("aws_111122223333_Admin"))
        .group(management)
        .user(person(Scope::Group, RoleProfile::default(), &[0, 1]));
    assert_eq!(org.answer().words(0), ["Admin group [0]"]);
}

#[test]
fn b25_a_prefix_in_the_pattern_is_not_in_the_slug() {
    let org = Org::mapping(DEFAULT_GROUP_FILTER)
        .pattern("arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/OKTA-${role}")
        .group(named("aws_111122223333_Admin"));
    let access = org.access();
    let role = &access.roles.roles()[0];
    assert_eq!(role.name, "Admin");
    assert_eq!(role.arns.role.as_ref().unwrap().to_string(), "arn:aws:iam::111122223333:role/OKTA-Admin");
}

#[test]
fn b27_saml_roles_play_no_part_in_group_mapping() {
    let mut group = assigned(0, &["FromProfile"]);
    group.name = Some("aws_111122223333_Admin".to_owned());
    let org = Org::mapping(DEFAULT_GROUP_FILTER).group(group).group(assigned(1, &["Other"])).user(person(
        Scope::User,
        profile(&["Own"], &["Default"]),
        &[0, 1],
    ));
    assert_eq!(org.answer().words(0), ["Admin group [0]"]);
    assert_eq!(org.answer().role_words(), ["111122223333/Admin"]);
}

#[test]
fn b28_join_and_union_play_no_part_in_group_mapping() {
    let base = Org::mapping(DEFAULT_GROUP_FILTER)
        .group(named("aws_111122223333_Admin"))
        .group(assigned(0, &["X"]))
        .user(person(Scope::Group, profile(&["X"], &[]), &[0, 1]));
    for join in [false, true] {
        for union in [Union::Enabled, Union::Disabled, Union::Unknown] {
            assert_eq!(base.clone().join(join).union(union).answer(), base.answer());
        }
    }
}
