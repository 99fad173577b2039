//! Cases H: memberships and assignments, and roles that go through them.

use rolebook_connector::{ChangeError, Outcome, TargetName};
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Group, GroupRule, Org, User};
use rolebook_federation::plan::{Obstacle, Refusal};

use crate::{
    desk::{Desk, for_group, grant, member_of, revoke, role},
    run::{group, people},
};

/// Group names decide. Staff is assigned and holds bob; ann is assigned herself; cy is nowhere.
fn org() -> Org {
    people()
        .group(group("gAdmin", "aws_111122223333_Admin", []))
        .group(group("gRead", "aws_111122223333_ReadOnly", ["00uB"]))
        .group(group("gStaff", "Staff", ["00uB"]))
        .app(
            App::aws_mapping("0oaAWS")
                .group(AppGroup::new("gStaff").priority(0))
                .user(AppUser::direct("00uA")),
        )
}

#[track_caller]
fn refusal(desk: &Desk, asked: &rolebook_connector::Asked) -> Refusal {
    match desk.refused(asked) {
        ChangeError::Refused(refusal) => *refusal,
        other => panic!("{other}"),
    }
}

#[test]
fn a_role_goes_through_the_group_that_confers_it() {
    let desk = Desk::of(org());
    let done = desk.ends(&grant(role("Admin"), "bob@acme.test"), Outcome::Done);
    assert_eq!(desk.writes(), ["PUT /api/v1/groups/gAdmin/users/00uB"]);
    assert_eq!(done.applied.steps[0].request_ids.len(), 1);
    desk.ends(&revoke(role("Admin"), "bob@acme.test"), Outcome::Done);
    assert_eq!(desk.writes()[1], "DELETE /api/v1/groups/gAdmin/users/00uB");
    desk.chain_is_whole();
}

#[test]
fn h2_of_two_groups_one_must_be_named() {
    let filter = r"(team_)?aws_(?{{accountid}}\d+)_(?{{role}}\w+)";
    let app = App::aws_mapping("0oaAWS").setting("groupFilter", filter).user(AppUser::direct("00uA"));
    let org = people()
        .group(group("gAdmin", "aws_111122223333_Admin", []))
        .group(group("gOther", "team_aws_111122223333_Admin", []))
        .app(app);
    let desk = Desk::of(org);
    let mut asked = grant(role("Admin"), "ann@acme.test");
    let refusal = refusal(&desk, &asked);
    assert!(refusal.to_string().contains("gAdmin") && refusal.to_string().contains("gOther"), "{refusal}");
    asked.via = Some("gOther".to_owned());
    desk.ends(&asked, Outcome::Done);
    assert_eq!(desk.writes(), ["PUT /api/v1/groups/gOther/users/00uA"]);
}

#[test]
fn h3_a_membership_is_one_call() {
    let desk = Desk::of(org());
    desk.ends(&grant(member_of("aws_111122223333_Admin"), "cy@acme.test"), Outcome::Done);
    assert_eq!(desk.writes(), ["PUT /api/v1/groups/gAdmin/users/00uC"]);
    assert!(desk.fake().with_org(|org| org.is_member("gAdmin", "00uC")));
}

#[test]
fn h4_groups_that_okta_does_not_let_write_are_not_tried() {
    let org = org()
        .app(App::active_directory("0oaAD"))
        .group(group("gAD", "Domain Users", []).from_app("0oaAD"))
        .group(group("gAll", "Everybody", []).built_in())
        .group(group("gRule", "Ruled", []))
        .rule(GroupRule::new("everyone in ops", "user.department==\"Ops\"").id("0prR").assigns(["gRule"]));
    let desk = Desk::of(org);
    let obstacle = |name: &str| match refusal(&desk, &grant(member_of(name), "cy@acme.test")) {
        Refusal::Group { obstacle, .. } => obstacle,
        other => panic!("{other}"),
    };
    assert_eq!(obstacle("Domain Users"), Obstacle::Imported { source: Some("active_directory".to_owned()) });
    assert_eq!(obstacle("Everybody"), Obstacle::BuiltIn);
    assert!(matches!(obstacle("Ruled"), Obstacle::Rules(rules) if rules[0].id == "0prR"));
}

#[test]
fn h6_a_conflict_is_never_success() {
    let desk = Desk::of(org());
    desk.fake()
        .add_fault(Fault::on("/api/v1/groups/gAdmin/users/00uC").method("PUT").status(409).code("E0000090"));
    let end = desk.ends(&grant(member_of("gAdmin"), "cy@acme.test"), Outcome::Refused);
    assert!(end.applied.says.contains("not managed in Okta"), "{}", end.applied.says);
    assert!(!end.applied.refused_by_okta);
    assert!(!desk.fake().with_org(|org| org.is_member("gAdmin", "00uC")));
    desk.chain_is_whole();
}

#[test]
fn h7_a_membership_goes_and_one_that_is_gone_is_gone_already() {
    let desk = Desk::of(org());
    desk.ends(&revoke(member_of("gRead"), "bob@acme.test"), Outcome::Done);
    assert_eq!(desk.writes(), ["DELETE /api/v1/groups/gRead/users/00uB"]);
    desk.ends(&revoke(member_of("gRead"), "bob@acme.test"), Outcome::AlreadySo);
    // Gone between our reading and our call: both words of Okta for it.
    for code in ["E0000007", "E0000008"] {
        let desk = Desk::of(org());
        let fault =
            Fault::on("/api/v1/groups/gRead/users/00uB").method("DELETE").status(404).code(code).done();
        desk.fake().add_fault(fault);
        desk.ends(&revoke(member_of("gRead"), "bob@acme.test"), Outcome::AlreadySo);
        desk.chain_is_whole();
    }
}

#[test]
fn h8_a_group_is_no_member() {
    let desk = Desk::of(org());
    let asked = for_group(grant(member_of("gAdmin"), ""), "Staff");
    assert!(matches!(refusal(&desk, &asked), Refusal::GroupInGroup));
}

#[test]
fn h10_an_assignment_by_groups_is_not_taken_by_itself() {
    let desk = Desk::of(org());
    let refusal = refusal(&desk, &revoke(TargetName::App, "bob@acme.test"));
    assert!(refusal.to_string().contains("Staff (gStaff)"), "{refusal}");
}

#[test]
fn h11_an_own_assignment_goes() {
    let desk = Desk::of(org());
    desk.ends(&revoke(TargetName::App, "ann@acme.test"), Outcome::Done);
    assert_eq!(desk.writes(), ["DELETE /api/v1/apps/0oaAWS/users/00uA"]);
    desk.ends(&revoke(TargetName::App, "ann@acme.test"), Outcome::AlreadySo);
    desk.ends(&grant(TargetName::App, "ann@acme.test"), Outcome::Done);
    assert_eq!(desk.writes()[1], "POST /api/v1/apps/0oaAWS/users {\"id\":\"00uA\",\"scope\":\"USER\"}");
}

#[test]
fn h12_a_group_is_assigned_and_unassigned() {
    let desk = Desk::of(org());
    desk.ends(&for_group(grant(TargetName::App, ""), "gRead"), Outcome::Done);
    desk.ends(&for_group(grant(TargetName::App, ""), "gRead"), Outcome::AlreadySo);
    desk.ends(&for_group(revoke(TargetName::App, ""), "gRead"), Outcome::Done);
    desk.ends(&for_group(revoke(TargetName::App, ""), "gRead"), Outcome::AlreadySo);
    let path = "/api/v1/apps/0oaAWS/groups/gRead";
    assert_eq!(desk.writes(), [format!("PUT {path} {{}}"), format!("DELETE {path}")]);
}

#[test]
fn a_group_gets_a_role_only_by_its_name() {
    let desk = Desk::of(org());
    let asked = for_group(grant(role("Admin"), ""), "gRead");
    assert!(matches!(refusal(&desk, &asked), Refusal::GroupNeedsName));
}

#[test]
fn a_joiner_and_a_new_group_are_found_in_okta() {
    let desk = Desk::of(org());
    desk.fake().change(|org| {
        org.put_user(User::new("zoe@acme.test").id("00uZ").name("Zoe", "New"));
        org.put_group(Group::new("aws_111122223333_Later").id("gLater"));
    });
    let mut asked = grant(role("Admin"), "zoe@acme.test");
    assert!(matches!(refusal(&desk, &asked), Refusal::NotAssigned { .. }));
    asked.with_app = Some(Some("Staff".to_owned()));
    desk.ends(&asked, Outcome::Done);
    assert_eq!(
        desk.writes(),
        ["PUT /api/v1/groups/gStaff/users/00uZ", "PUT /api/v1/groups/gAdmin/users/00uZ"]
    );
    // One request for a name that the snapshot does not know, none for one that it does; asked twice, so two.
    let asked = |part: &str| desk.fake().log().iter().filter(|asked| asked.line().contains(part)).count();
    assert_eq!(asked("/api/v1/users/zoe%40acme.test"), 2);
    assert_eq!((asked("/api/v1/users?"), asked("/api/v1/groups?")), (0, 0));
    desk.ends(&grant(member_of("aws_111122223333_Later"), "Zoe New"), Outcome::Done);
    let asked = |part: &str| desk.fake().log().iter().filter(|asked| asked.line().contains(part)).count();
    assert_eq!((asked("/api/v1/users?"), asked("/api/v1/groups?")), (1, 1));
    let mut via = grant(role("Later"), "ann@acme.test");
    assert!(matches!(desk.change(&via), Err(ChangeError::NotFound { .. })));
    via.via = Some("aws_111122223333_Later".to_owned());
    desk.ends(&via, Outcome::Done);
}

#[test]
fn an_ambiguous_name_changes_nothing_and_lists_the_candidates() {
    let org = org()
        .app(App::active_directory("0oaAD"))
        .user(User::new("ann.other@acme.test").id("00uA2").name("Ann", "Same"))
        .user(User::new("ann.third@acme.test").id("00uA3").name("Ann", "Same"))
        .group(group("gTwin", "twin", ["00uA2", "00uA3"]))
        .group(group("gTwinAD", "twin", []).from_app("0oaAD"));
    let desk = Desk::of(org);
    let error = desk.refused(&grant(member_of("twin"), "cy@acme.test"));
    let ChangeError::Ambiguous { candidates, .. } = &error else { panic!("{error}") };
    assert_eq!(candidates.len(), 2);
    let text = error.to_string();
    assert!(text.contains("gTwin ") && text.contains("OKTA_GROUP") && text.contains("APP_GROUP"), "{text}");
    let error = desk.refused(&grant(member_of("gAdmin"), "Ann Same"));
    let text = error.to_string();
    assert!(text.contains("00uA2") && text.contains("00uA3") && text.contains("ACTIVE"), "{text}");
}

#[test]
fn everything_goes_over_every_path() {
    let desk = Desk::of(org());
    desk.fake().change(|org| org.add_member("gAdmin", "00uB"));
    let done = desk.ends(&revoke(TargetName::All, "bob@acme.test"), Outcome::Done);
    assert_eq!(desk.writes().len(), 2);
    assert!(!done.applied.falls_short);
    assert!(done.applied.aws_sessions_may_last_until.is_some());
    desk.ends(&revoke(TargetName::All, "bob@acme.test"), Outcome::AlreadySo);
}

#[test]
fn done_is_said_only_when_okta_shows_the_access() {
    // The membership is there at once, the app user follows after a while.
    let desk = Desk::of(org());
    desk.fake().configure(|options| options.fan_out_lag = std::time::Duration::from_millis(150));
    let mut asked = grant(role("Admin"), "cy@acme.test");
    asked.with_app = Some(Some("Staff".to_owned()));
    desk.ends(&asked, Outcome::Done);
    // Longer than anybody waits: the calls worked, the access does not show.
    let desk = Desk::of(org());
    desk.fake().configure(|options| options.fan_out_lag = std::time::Duration::from_secs(3600));
    let end = desk.ends(&asked, Outcome::Unknown);
    assert!(end.applied.says.contains("every call worked"), "{}", end.applied.says);
    desk.chain_is_whole();
}

#[test]
fn what_follows_from_a_membership_is_waited_for() {
    // Bob loses ReadOnly with his only assignment, which Okta takes away after a while.
    let desk = Desk::of(org());
    desk.fake().configure(|options| options.fan_out_lag = std::time::Duration::from_millis(150));
    let done = desk.ends(&revoke(member_of("gStaff"), "bob@acme.test"), Outcome::Done);
    assert_eq!(done.planned.plan.loses.len(), 1);
    assert_eq!(done.applied.fresh.unwrap().situation.roles_held(), []);
    desk.ends(&grant(member_of("gStaff"), "bob@acme.test"), Outcome::Done);
    // Longer than anybody waits: what is missing is named, and the old state is not kept as the new one.
    let desk = Desk::of(org());
    desk.fake().configure(|options| options.fan_out_lag = std::time::Duration::from_secs(3600));
    let end = desk.ends(&revoke(member_of("gStaff"), "bob@acme.test"), Outcome::Unknown);
    let says = &end.applied.says;
    assert!(says.contains("pending: Okta still shows 111122223333/ReadOnly"), "{says}");
    assert!(end.applied.fresh.is_none());
}

#[test]
fn a_name_that_has_gone_to_somebody_else_changes_nothing() {
    // The snapshot knows bob and the group by names that belong to others now.
    let desk = Desk::of(org());
    desk.fake().change(|org| {
        org.put_user(User::new("bob.old@acme.test").id("00uB").name("Bob", "Old"));
        org.put_user(User::new("bob@acme.test").id("00uNew").name("Bob", "New"));
    });
    let error = desk.refused(&grant(member_of("gAdmin"), "bob@acme.test"));
    assert!(error.to_string().contains("person 00uB was bob@acme.test, is bob.old@acme.test"), "{error}");
    let desk = Desk::of(org());
    desk.fake().change(|org| org.put_group(Group::new("aws_111122223333_Root").id("gAdmin")));
    let error = desk.refused(&grant(member_of("aws_111122223333_Admin"), "cy@acme.test"));
    assert!(error.to_string().contains("group gAdmin was aws_111122223333_Admin"), "{error}");
    // As a way to a role the group is out of the question by itself.
    assert!(matches!(refusal(&desk, &grant(role("Admin"), "ann@acme.test")), Refusal::NoGroupConfers { .. }));
}
