//! Cases B: group names become accounts and roles.

use rolebook_connector::SyncError;
use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org};
use rolebook_federation::Switches;
use serde_json::json;

use crate::run::{Done, Run, group, mapping, people};

const F3: &str = r"^aws_(?{{accountid}}\d{12})_(?{{role}}[\w+=,.@-]+)$";
const F4: &str = r"^aws_(?{{accountid}}[0-9]{12})_(?{{role}}.*)$";
const F5: &str = r"^aws-(?{{accountid}}\d+)-(?{{role}}Admin|ReadOnly)$";
const F6: &str = r"^(AWS|aws)_(?{{accountid}}\d+)_(?{{role}}\w+)$";
const F9: &str = r"^redshift_(?{{role}}\w+)$";
const F10: &str = r"aws_(?{{accountid}}\\d+)_(?{{role}}[a-zA-Z0-9+=,.@\\-_]+)";
const F11: &str = r"^DOM\\(?{{role}}\w+)_(?{{accountid}}\d+)$";
const F13: &str = r"^aws_(?{{accountid}}\d+)_(?{{role}}\w+)(?{{role}}x)?$";
const F14: &str = r"^aws_(?{{accountid}}\d+_(?{{role}}\w+)$";

/// Ann assigned by herself, and groups g1, g2, … of these names that hold her.
fn named<const N: usize>(app: App, names: [&str; N]) -> Org {
    let groups = names.iter().zip(1..).map(|(name, n)| group(&format!("g{n}"), name, ["00uA"]));
    people().groups(groups).app(app.user(AppUser::direct("00uA")))
}

fn filtered<const N: usize>(filter: &str, names: [&str; N]) -> Done {
    Run::of(named(mapping().setting("groupFilter", filter), names)).plain().done()
}

#[test]
fn b1_the_default_filter() {
    let names = ["aws_111122223333_Admin", "aws_111122223333_ReadOnly", "aws_999988887777_Admin"];
    let done = Run::of(named(mapping(), names).everyone()).plain().done();
    assert_eq!(done.rows.ids("account"), ["111122223333", "999988887777"]);
    let roles = ["111122223333:Admin", "111122223333:ReadOnly", "999988887777:Admin"];
    assert_eq!(done.rows.entitlements_of("account"), roles);
    for (group, role) in ["g1", "g2", "g3"].into_iter().zip(roles) {
        assert_eq!(done.rows.group_roles(group), [role]);
        let user = format!("account:{role}:user:00uA");
        assert_eq!(done.rows.sources(&user), [format!("group:{group}:member")]);
        assert_eq!(done.rows.metadata(&user, "source"), "group");
        assert!(done.rows.is_immutable(&user));
    }
    assert_eq!(done.rows.ids("group"), ["g1", "g2", "g3"], "groups that do not matter are no rows");
    let listed: Vec<_> = done.facts.group_names.iter().filter_map(|group| group.name.as_deref()).collect();
    assert!(listed.contains(&"Everyone") && listed.len() == 4, "{listed:?}");
}

#[test]
fn b3_counted_digits_and_classes() {
    for filter in [F3, F4] {
        let done = filtered(filter, ["aws_111122223333_Admin"]);
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"], "{filter}");
    }
    assert!(filtered(F3, ["aws_1111222233334_Admin"]).rows.ids("account").is_empty());
}

#[test]
fn b4_alternatives_in_the_role() {
    let done =
        filtered(F5, ["aws-111122223333-Admin", "aws-111122223333-ReadOnly", "aws-111122223333-xAdmin"]);
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin", "111122223333:ReadOnly"]);
    assert_eq!(done.rows.ids("group"), ["g1", "g2"]);
}

#[test]
fn b5_further_groups_in_the_filter() {
    assert_eq!(filtered(F6, ["AWS_111122223333_Ops"]).rows.user_roles("00uA"), ["111122223333:Ops"]);
}

#[test]
fn b7_the_account_of_the_pattern() {
    let app = mapping().setting("groupFilter", F9).setting(
        "roleValuePattern",
        "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}",
    );
    let done = Run::of(named(app, ["redshift_Etl"])).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["444455556666:Etl"]);
}

#[test]
fn b8_a_filter_escaped_twice_gives_a_warning_and_no_access() {
    let app = || mapping().setting("groupFilter", F10);
    let done = Run::of(named(app(), ["aws_111122223333_Admin"])).plain().done();
    assert!(done.rows.ids("account").is_empty());
    assert!(done.rows.user_roles("00uA").is_empty());
    assert_eq!(done.warned("filter-double-escaped"), 1);

    let asked = Switches { filter_unescape: true, ..Switches::default() };
    let run = Run::of(named(app(), ["aws_111122223333_Admin"])).plain().options(|sync| sync.switches = asked);
    assert_eq!(run.done().rows.user_roles("00uA"), ["111122223333:Admin"]);
}

#[test]
fn b9_a_backslash_in_the_name() {
    assert_eq!(filtered(F11, [r"DOM\Admin_111122223333"]).rows.user_roles("00uA"), ["111122223333:Admin"]);
}

#[test]
fn b11_a_broken_filter_stops_before_the_first_list() {
    for filter in [F13, F14] {
        let run = Run::of(named(mapping().setting("groupFilter", filter), ["aws_111122223333_Admin"]));
        let error = run.refused();
        assert!(matches!(error, SyncError::Rules(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(filter), "{text}");
        assert!(text.chars().any(|c| c.is_ascii_digit()), "a position: {text}");
        let lists: Vec<_> = run.fake.log_lines();
        assert!(
            !lists.iter().any(|line| line.contains("/groups") || line.contains("0oaAWS/users")),
            "{lists:?}"
        );
        assert!(run.check().is_err());
    }
}

#[test]
fn b12_one_letter_is_a_role() {
    let done = Run::of(named(mapping(), ["aws_111122223333_A"])).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:A"]);
}

#[test]
fn b13_twelve_digits_make_an_account() {
    let done = Run::of(named(mapping(), ["aws_12_AB"])).plain().done();
    assert!(done.rows.ids("account").is_empty());
    assert!(done.summary.warnings.iter().any(|w| w.samples.iter().any(|s| s.contains("aws_12_AB"))));
    assert_eq!(done.rows.profile("group", "g1")["match"], "bogus-account");
}

#[test]
fn b15_digits_of_other_scripts_are_none() {
    let done = Run::of(named(mapping(), ["aws_١٢٣٤٥٦٧٨٩٠١٢_Admin"])).plain().done();
    assert!(done.rows.ids("account").is_empty() && done.rows.ids("group").is_empty());
}

#[test]
fn b16_a_role_text_stays_as_it_is() {
    let done = filtered(r"^aws_(?{{accountid}}\d{12})_(?{{role}}.+)$", ["aws_111122223333_Ops Team/β:1"]);
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Ops Team/β:1"]);
    assert_eq!(done.rows.entitlements["account:111122223333:Ops Team/β:1"].slug, "Ops Team/β:1");
}

#[test]
fn b17_a_group_without_a_name_is_skipped() {
    let org =
        named(mapping(), ["aws_111122223333_Admin"]).group(Group::nameless().id("gN").members(["00uA"]));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert_eq!(done.warned("group-no-name"), 1);
}

#[test]
fn b19_two_groups_for_one_role() {
    let done =
        Run::of(named(mapping(), ["aws_111122223333_Admin", "x_aws_111122223333_Admin"])).plain().done();
    assert_eq!(done.rows.entitlements_of("account"), ["111122223333:Admin"]);
    assert_eq!(done.rows.holders("account:111122223333:Admin"), ["group:g1", "group:g2", "user:00uA"]);
    let user = "account:111122223333:Admin:user:00uA";
    assert_eq!(done.rows.sources(user), ["group:g1:member", "group:g2:member"]);
    assert!(done.rows.metadata(user, "partial_match").is_null(), "one group matches in full");
    assert_eq!(done.rows.metadata("account:111122223333:Admin:group:g2", "partial_match"), true);
}

#[test]
fn b20_a_filter_that_finds_nothing_is_said() {
    let org = people()
        .groups((0..1000).map(|n| Group::new(format!("team-{n:04}"))))
        .app(mapping().user(AppUser::direct("00uA")));
    let done = Run::of(org).plain().done();
    assert!(done.rows.ids("account").is_empty());
    assert_eq!(done.samples("filter-finds-nothing").len(), 3);
    assert!(!done.facts.coverage.is_complete());
}

#[test]
fn b21_other_sources_count_only_when_the_app_filter_lists_them() {
    let org = |filter: &str| {
        people()
            .app(App::active_directory("0oaAD"))
            .group(group("gAD", "aws_111122223333_Admin", ["00uA"]).from_app("0oaAD"))
            .app(mapping().setting("appFilter", filter).user(AppUser::direct("00uA")))
    };
    let ignored = Run::of(org("okta")).plain().done();
    assert!(ignored.rows.ids("account").is_empty());
    assert_eq!(ignored.rows.profile("group", "gAD")["match"], "source-not-allowed");
    assert!(
        ignored
            .summary
            .warnings
            .iter()
            .any(|w| w.samples.iter().any(|s| s.contains("aws_111122223333_Admin"))),
        "it is counted: {:?}",
        ignored.summary.warnings
    );
    for filter in ["okta,active_directory", " Active_Directory ", "0oaAD"] {
        let done = Run::of(org(filter)).plain().done();
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"], "{filter}");
        assert!(
            !done.rows.entitlements["account:111122223333:Admin"].annotations.is_empty(),
            "only an unwritable group confers it"
        );
    }
}

#[test]
fn b23_a_member_who_is_not_assigned_has_no_role() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA", "00uB"]))
        .app(mapping().user(AppUser::direct("00uA")));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.holders("account:111122223333:Admin"), ["group:g1", "user:00uA"]);
    assert_eq!(done.rows.holders("group:g1:member"), ["user:00uA", "user:00uB"]);

    // Unless nobody needs to be assigned.
    done.rows.resource("user", "00uB");
    let open = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uB"]))
        .app(mapping().implicit_assignment(true));
    let done = Run::of(open).plain().done();
    assert_eq!(done.rows.user_roles("00uB"), ["111122223333:Admin"]);
    assert_eq!(done.warned("implicit-assignment"), 1);
}

#[test]
fn b24_a_management_group_assigns() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uB"]))
        .group(group("g9", "aws-users", ["00uB", "00uC"]))
        .app(mapping().group(AppGroup::new("g9").priority(0)));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.user_roles("00uB"), ["111122223333:Admin"]);
    assert!(done.rows.user_roles("00uC").is_empty());
    assert_eq!(done.rows.ids("group"), ["g1", "g9"]);
    assert_eq!(done.rows.holders("app:0oaAWS:access"), ["group:g9", "user:00uB", "user:00uC"]);
    assert_eq!(done.rows.sources("app:0oaAWS:access:user:00uB"), ["group:g9:member"]);
    assert!(done.rows.is_immutable("app:0oaAWS:access:user:00uB"));
}

#[test]
fn b25_a_prefix_in_the_pattern_shows_in_the_arn_only() {
    let app = mapping().setting(
        "roleValuePattern",
        "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/OKTA-${role}",
    );
    let done = Run::of(named(app, ["aws_111122223333_Admin"])).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    let role = &done.rows.profile("account", "111122223333")["roles"]["Admin"];
    assert_eq!(role["role_arn"], "arn:aws:iam::111122223333:role/OKTA-Admin");
    assert_eq!(role["provider_arn"], "arn:aws:iam::111122223333:saml-provider/OKTA");
}

#[test]
fn b27_profiles_play_no_part_when_names_decide() {
    let app = mapping().user(AppUser::direct("00uA").saml_roles(["Root"]).role("Root"));
    let org = people().group(group("g1", "aws_111122223333_Admin", ["00uA"])).app(app);
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.entitlements_of("account"), ["111122223333:Admin"]);
    assert_eq!(done.rows.metadata("app:0oaAWS:access:user:00uA", "saml_roles"), json!(["Root"]));
}

#[test]
fn b28_join_and_union_change_nothing_when_names_decide() {
    let rows = |join: bool, union: bool| {
        let app = mapping().setting("joinAllRoles", join).union(union);
        let done = Run::of(named(app, ["aws_111122223333_Admin", "aws_999988887777_Ops"])).plain().done();
        assert_eq!(done.asked("/default"), 0, "no schema is read");
        done.rows.grants.into_keys().collect::<Vec<_>>()
    };
    let off = rows(false, false);
    assert_eq!(off, rows(true, false));
    assert_eq!(off, rows(true, true));
}
