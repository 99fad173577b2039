//! Plans beyond the table: memberships, assignments, defaults, everything at once, and every refusal.

use rolebook_federation::{
    GroupKind, Scope, Union,
    plan::{
        LastRole, Obstacle, Refusal, Rights, RoleName, Row, Standing, Step, Target, WithApp, plan_steps,
        preconditions,
    },
};

use crate::plan_org::{PlanOrg, for_group, grant, revoke, role};

fn a_role(name: &str) -> Target {
    Target::Role(role(name))
}

fn member(group: &str) -> Target {
    Target::Membership(group.to_owned())
}

/// Two accounts, a management group that is assigned, and pat in nothing.
fn mapped() -> PlanOrg {
    PlanOrg::mapping()
        .group("gAdmin", "aws_111122223333_Admin")
        .group("gRead", "aws_111122223333_ReadOnly")
        .group("gStaff", "Staff")
        .assign(0, &[], &[])
        .person(&[])
}

#[test]
fn a_role_becomes_a_membership_and_needs_the_app() {
    let wish = grant(a_role("Admin"));
    let refusal = mapped().plan(&wish).unwrap_err();
    assert!(matches!(refusal, Refusal::NotAssigned { .. }), "{refusal}");
    assert!(refusal.hint().contains("--with-app"));

    let mut own = wish.clone();
    own.with_app = Some(WithApp::Own);
    assert_eq!(
        mapped().steps(&own),
        ["assign pat@acme.test to the app individually", "add pat@acme.test to group aws_111122223333_Admin"]
    );
    let mut through = wish.clone();
    through.with_app = Some(WithApp::Group("gStaff".to_owned()));
    assert_eq!(
        mapped().steps(&through),
        ["add pat@acme.test to group Staff", "add pat@acme.test to group aws_111122223333_Admin"]
    );
    through.with_app = Some(WithApp::Group("gRead".to_owned()));
    assert!(matches!(mapped().plan(&through), Err(Refusal::WithAppNotAssigned { .. })));

    let assigned = mapped().app_user(Scope::User, &[], &[]);
    let plan = assigned.plan(&wish).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.must_have, [role("Admin")]);
}

#[test]
fn a_role_group_that_is_assigned_itself_needs_nothing_more() {
    let org = PlanOrg::mapping().group("gAdmin", "aws_111122223333_Admin").assign(0, &[], &[]).person(&[]);
    assert_eq!(org.steps(&grant(a_role("Admin"))), ["add pat@acme.test to group aws_111122223333_Admin"]);
}

#[test]
fn who_is_in_the_role_group_only_lacks_the_app() {
    let mut wish = grant(a_role("Admin"));
    wish.with_app = Some(WithApp::Own);
    let org = mapped().person(&["gAdmin"]);
    assert_eq!(org.steps(&wish), ["assign pat@acme.test to the app individually"]);
    let org = org.app_user(Scope::User, &[], &[]);
    assert!(org.plan(&wish).unwrap().already_so.unwrap().contains("aws_111122223333_Admin"));
}

#[test]
fn of_several_groups_one_must_be_named() {
    let org =
        mapped().group("gOther", "team_aws_111122223333_Admin").person(&[]).app_user(Scope::User, &[], &[]);
    let mut wish = grant(a_role("Admin"));
    let refusal = org.plan(&wish).unwrap_err();
    let Refusal::SeveralGroups { candidates, .. } = &refusal else { panic!("{refusal}") };
    assert_eq!(candidates.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), ["gAdmin", "gOther"]);
    wish.via = Some("gAdmin".to_owned());
    assert_eq!(org.steps(&wish), ["add pat@acme.test to group aws_111122223333_Admin"]);
    wish.via = Some("gRead".to_owned());
    assert!(matches!(org.plan(&wish), Err(Refusal::ViaConfersOther { .. })));
}

#[test]
fn groups_out_of_reach_are_refused_with_the_place() {
    let one = |org: PlanOrg| org.person(&[]).app_user(Scope::User, &[], &[]).plan(&grant(a_role("Admin")));
    let group = || PlanOrg::mapping().group("gAdmin", "aws_111122223333_Admin");
    let table: [(PlanOrg, &str, &str); 3] = [
        (group().kind(GroupKind::BuiltIn, None), "is built in", "another group"),
        (group().ruled("Platform"), "rule \"Platform\" (0prPlatform)", "change the rule"),
        (
            PlanOrg::mapping().group("gAdmin", "aws_111122223333_Admin and more"),
            "only in part",
            "anchor the group filter",
        ),
    ];
    for (org, reason, way_out) in table {
        let refusal = one(org).unwrap_err();
        assert!(refusal.to_string().contains(reason), "{refusal}");
        assert!(refusal.hint().contains(way_out), "{}", refusal.hint());
    }
    // An imported group does not even map, unless appFilter lists its source; as a membership it is refused.
    let imported = group().kind(GroupKind::App, Some("active_directory")).person(&[]);
    let refusal = imported.plan(&grant(member("gAdmin"))).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Group {
            group: imported.situation.groups[0].named(),
            obstacle: Obstacle::Imported { source: Some("active_directory".to_owned()) },
        }
    );
    assert!(refusal.hint().contains("Active Directory"));
    let refusal = imported.plan(&grant(a_role("Admin"))).unwrap_err();
    assert!(matches!(refusal, Refusal::NoGroupConfers { .. }), "{refusal}");
}

#[test]
fn okta_s_word_about_who_is_held_counts_more_than_the_group_s_rules() {
    let org = mapped().group("gRuled", "Ruled").ruled("all").person(&["gRuled"]);
    let wish = revoke(member("gRuled"));
    assert!(matches!(org.plan(&wish), Err(Refusal::Group { obstacle: Obstacle::Rules(_), .. })));
    assert!(org.clone().held_by("gRuled", &["all"]).plan(&wish).is_err());
    assert_eq!(org.held_by("gRuled", &[]).steps(&wish), ["remove pat@acme.test from group Ruled"]);
}

#[test]
fn a_revoked_role_leaves_all_groups_that_confer_it() {
    let org = mapped()
        .group("gOther", "team_aws_111122223333_Admin")
        .group("gRuled", "x_aws_111122223333_Admin")
        .ruled("all")
        .person(&["gAdmin", "gOther", "gRuled", "gRead"])
        .app_user(Scope::User, &[], &[]);
    let plan = org.plan(&revoke(a_role("Admin"))).unwrap();
    assert_eq!(plan.steps.len(), 2);
    assert!(plan.falls_short());
    assert_eq!(plan.residual[0].role, role("Admin"));
    assert!(plan.residual[0].remedy.contains("0prall"), "{:?}", plan.residual);
    assert!(plan.must_not_have.is_empty());
    let mut one = revoke(a_role("Admin"));
    one.via = Some("gOther".to_owned());
    assert_eq!(org.steps(&one), ["remove pat@acme.test from group team_aws_111122223333_Admin"]);
    assert!(mapped().plan(&revoke(a_role("Admin"))).unwrap().already_so.is_some());
}

#[test]
fn a_revocation_sees_access_that_lies_idle() {
    let org = mapped().person(&["gAdmin"]).app_user(Scope::User, &[], &[]).status("SUSPENDED");
    assert_eq!(org.steps(&revoke(a_role("Admin"))).len(), 1);
    let org = PlanOrg::direct(false, Union::Disabled)
        .catalogue(&["Admin"])
        .person(&[])
        .app_user(Scope::User, &["Admin"], &[])
        .app_status("INACTIVE");
    assert_eq!(org.steps(&revoke(a_role("Admin"))).len(), 1);
    assert!(matches!(org.plan(&grant(a_role("Admin"))), Err(Refusal::AppUnusable(_))));
}

#[test]
fn nothing_is_given_to_whom_okta_does_not_let_in() {
    for (status, to_group) in [("SUSPENDED", false), ("DEPROVISIONED", false), ("STAGED", true)] {
        let org = mapped().app_user(Scope::User, &[], &[]).status(status);
        let refusal = org.plan(&grant(a_role("Admin"))).unwrap_err();
        assert!(matches!(refusal, Refusal::Status { .. }), "{status}: {refusal}");
        assert_eq!(org.plan(&grant(member("gAdmin"))).is_ok(), to_group, "{status}");
    }
    let direct = PlanOrg::direct(false, Union::Disabled).catalogue(&["Admin"]).person(&[]);
    let wish = grant(a_role("Admin"));
    assert!(matches!(direct.status("SUSPENDED").plan(&wish), Err(Refusal::Status { .. })));
}

#[test]
fn a_membership_that_changes_priority_shows_what_is_lost() {
    let org = PlanOrg::direct(false, Union::Disabled)
        .assigned("gX", 0, &["Admin"])
        .assigned("gY", 1, &["ReadOnly", "Ops"])
        .person(&["gY"])
        .app_user(Scope::Group, &["ReadOnly", "Ops"], &[]);
    let plan = org.plan(&grant(member("gX"))).unwrap();
    assert_eq!(plan.gains, [role("Admin")]);
    assert_eq!(plan.loses, [role("Ops"), role("ReadOnly")]);
    let plan = org.plan(&revoke(member("gY"))).unwrap();
    assert_eq!(plan.loses, [role("Ops"), role("ReadOnly")]);
}

#[test]
fn a_membership_that_goes_shows_what_stays() {
    let org = PlanOrg::direct(true, Union::Disabled)
        .assigned("gX", 0, &["Admin"])
        .assigned("gY", 1, &["Admin", "Ops"])
        .person(&["gX", "gY"])
        .app_user(Scope::Group, &["Admin"], &[]);
    let plan = org.plan(&revoke(member("gY"))).unwrap();
    assert_eq!(plan.loses, [role("Ops")]);
    assert_eq!(plan.residual.len(), 1);
    assert_eq!((&plan.residual[0].role, plan.residual[0].path.as_str()), (&role("Admin"), "group gX"));
    // The wish was the membership, and that goes.
    assert!(!plan.falls_short());
}

#[test]
fn an_own_role_that_a_group_gives_too_stays_and_says_so() {
    let org = PlanOrg::direct(true, Union::Disabled).assigned("gX", 0, &["Admin"]).person(&["gX"]).app_user(
        Scope::User,
        &["Admin", "Ops"],
        &[],
    );
    let plan = org.plan(&revoke(a_role("Admin"))).unwrap();
    assert!(plan.falls_short());
    assert!(plan.residual[0].remedy.contains("rolebook revoke --group gX"), "{:?}", plan.residual);
    assert!(matches!(&plan.steps[..], [Step::SetUserRoles { after, .. }] if after == &["Ops"]));
}

#[test]
fn the_role_default_is_neither_lost_nor_left_behind() {
    let org = |roles: &[&str], default: &[&str]| {
        PlanOrg::direct(false, Union::Disabled).catalogue(&["Admin", "Ops", "Support"]).person(&[]).app_user(
            Scope::User,
            roles,
            default,
        )
    };
    // A grant beside a default writes the default along.
    let plan = org(&[], &["Support"]).plan(&grant(a_role("Admin"))).unwrap();
    assert!(matches!(&plan.steps[..], [Step::SetUserRoles { after, .. }] if after == &["Support", "Admin"]));
    assert!(plan.loses.is_empty());
    // The last role gives way to the default: shown.
    let plan = org(&["Admin"], &["Support"]).plan(&revoke(a_role("Admin"))).unwrap();
    assert_eq!(plan.gains, [role("Support")]);
    // The default is the same role: it would come back.
    let refusal = org(&["Admin"], &["Admin"]).plan(&revoke(a_role("Admin"))).unwrap_err();
    assert!(matches!(refusal, Refusal::FromDefault { .. }), "{refusal}");
    let refusal = org(&[], &["Admin"]).plan(&revoke(a_role("Admin"))).unwrap_err();
    assert!(matches!(refusal, Refusal::FromDefault { .. }), "{refusal}");
    // Beside another role the default does not count.
    assert!(org(&["Admin", "Ops"], &["Admin"]).plan(&revoke(a_role("Admin"))).is_ok());
    let mut gone = revoke(a_role("Admin"));
    gone.last_role = LastRole::Unassign;
    assert_eq!(org(&["Admin"], &["Admin"]).steps(&gone), ["remove the assignment of pat@acme.test"]);
}

#[test]
fn a_last_role_can_return_the_assignment_to_its_groups() {
    let org = PlanOrg::direct(false, Union::Disabled)
        .assigned("gX", 0, &["ReadOnly"])
        .catalogue(&["Admin"])
        .person(&["gX"])
        .app_user(Scope::User, &["Admin"], &[]);
    let mut wish = revoke(a_role("Admin"));
    wish.last_role = LastRole::Group;
    let plan = org.plan(&wish).unwrap();
    assert!(matches!(&plan.steps[..], [Step::ReturnToGroups { .. }]));
    assert_eq!(plan.gains, [role("ReadOnly")]);
    wish.last_role = LastRole::Unassign;
    assert!(matches!(org.plan(&wish), Err(Refusal::AssignedByGroups { .. })));
}

#[test]
fn groups_get_and_lose_roles_by_their_assignment() {
    let org = PlanOrg::direct(false, Union::Disabled)
        .catalogue(&["Admin", "Ops", "Support"])
        .group("g5", "team five")
        .group("gX", "team x")
        .assign(3, &["Admin", "Ops"], &[])
        .group("gS", "support")
        .assign(4, &[], &["Support"]);
    let of = |wish, group| org.plan(&for_group(wish, group));
    let steps =
        |wish, group| of(wish, group).unwrap().steps.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(steps(grant(a_role("Admin")), "g5"), ["assign group team five to the app, with Admin"]);
    assert_eq!(
        steps(grant(a_role("Support")), "gX"),
        ["set the roles of group team x from Admin, Ops to Admin, Ops, Support"]
    );
    assert_eq!(
        steps(grant(a_role("Admin")), "gS"),
        ["set the roles of group support from no role to Support, Admin"]
    );
    assert!(of(grant(a_role("Admin")), "gX").unwrap().already_so.is_some());
    assert_eq!(
        steps(revoke(a_role("Ops")), "gX"),
        ["set the roles of group team x from Admin, Ops to Admin"]
    );
    assert!(of(revoke(a_role("Ops")), "g5").unwrap().already_so.is_some());
    assert!(matches!(of(revoke(a_role("Support")), "gS"), Err(Refusal::FromDefault { .. })));
    assert_eq!(steps(grant(Target::App), "g5"), ["assign group team five to the app"]);
    assert!(of(grant(Target::App), "gX").unwrap().already_so.is_some());
    assert_eq!(steps(revoke(Target::App), "gX"), ["remove the assignment of group team x"]);
    assert!(matches!(of(grant(a_role("Nothing")), "g5"), Err(Refusal::UnknownRole { .. })));
    let far = RoleName { account: "999988887777".to_owned(), role: "Admin".to_owned() };
    assert!(matches!(of(grant(Target::Role(far)), "g5"), Err(Refusal::UnknownRole { .. })));
    assert!(matches!(of(grant(member("gX")), "g5"), Err(Refusal::GroupInGroup)));
    assert!(matches!(of(revoke(Target::Everything), "g5"), Err(Refusal::EverythingOfGroup)));
    let refusal = mapped().plan(&for_group(grant(a_role("Admin")), "gAdmin")).unwrap_err();
    assert!(matches!(refusal, Refusal::GroupNeedsName));
}

#[test]
fn the_app_is_given_and_taken() {
    let steps = |org: &PlanOrg, wish| org.steps(&wish);
    assert_eq!(steps(&mapped(), grant(Target::App)), ["assign pat@acme.test to the app individually"]);
    let own = mapped().app_user(Scope::User, &[], &[]);
    assert!(own.plan(&grant(Target::App)).unwrap().already_so.is_some());
    assert_eq!(steps(&own, revoke(Target::App)), ["remove the assignment of pat@acme.test"]);
    assert!(mapped().plan(&revoke(Target::App)).unwrap().already_so.is_some());
    let by_group = mapped().person(&["gStaff"]).app_user(Scope::Group, &[], &[]);
    let refusal = by_group.plan(&revoke(Target::App)).unwrap_err();
    assert!(refusal.to_string().contains("Staff (gStaff)"), "{refusal}");
    assert!(refusal.hint().contains("--group gStaff"));
    // Okta would refuse to remove an own assignment while a group gives one (E0000046).
    let both = mapped().person(&["gStaff"]).app_user(Scope::User, &[], &[]);
    assert!(matches!(both.plan(&revoke(Target::App)), Err(Refusal::AssignedByGroups { .. })));
    // The group is joined, the assignment does not show yet.
    let early = mapped().person(&["gStaff"]);
    assert!(matches!(early.plan(&grant(Target::App)), Err(Refusal::NotSettled { .. })));
}

#[test]
fn everything_goes_over_every_path_and_the_rest_is_named() {
    let org = mapped()
        .group("gAD", "aws_111122223333_Root")
        .ruled("all")
        .person(&["gAdmin", "gRead", "gAD"])
        .app_user(Scope::User, &[], &[]);
    let wish = revoke(Target::Everything);
    let plan = org.plan(&wish).unwrap();
    // Without the own assignment even the group out of reach gives nothing any more.
    assert_eq!(plan.steps.len(), 3);
    assert!(!plan.falls_short(), "{:?}", plan.residual);
    assert_eq!(plan.must_not_have, [role("Admin"), role("ReadOnly"), role("Root")]);

    let org = mapped()
        .group("gAD", "aws_111122223333_Root")
        .ruled("all")
        .person(&["gAdmin", "gAD", "gStaff"])
        .app_user(Scope::Group, &[], &[]);
    let plan = org.plan(&wish).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert!(plan.falls_short());
    assert_eq!(plan.residual[0].role, role("Root"));
    assert!(plan.residual[0].remedy.contains("change the rule"));

    let org = mapped().group("gAD", "aws_111122223333_Root").ruled("all");
    let org = org.person(&["gAD", "gStaff"]).app_user(Scope::Group, &[], &[]);
    assert!(matches!(org.plan(&wish), Err(Refusal::NothingInReach(_))));
    assert!(mapped().plan(&wish).unwrap().already_so.is_some());
    assert!(matches!(mapped().plan(&grant(Target::Everything)), Err(Refusal::EverythingGranted)));

    // Direct mode: groups first, then the own assignment; what groups out of reach give, join keeps.
    let direct = |join| {
        PlanOrg::direct(join, Union::Disabled)
            .assigned("gX", 0, &["Admin"])
            .assigned("gAD", 1, &["ReadOnly"])
            .kind(GroupKind::App, Some("active_directory"))
            .person(&["gX", "gAD"])
            .app_user(Scope::User, &["Ops"], &[])
    };
    let plan = direct(false).plan(&wish).unwrap();
    assert_eq!(plan.steps.len(), 2);
    assert!(!plan.falls_short());
    let plan = direct(true).plan(&wish).unwrap();
    assert!(plan.falls_short());
    assert!(plan.residual[0].remedy.contains("Active Directory"), "{:?}", plan.residual);
}

#[test]
fn a_right_that_is_missing_refuses_and_an_unknown_one_does_not() {
    let mut org = mapped().app_user(Scope::User, &[], &[]);
    let wish = grant(a_role("Admin"));
    assert!(org.plan(&wish).is_ok());
    org.situation.rights = Rights::default();
    org.situation
        .rights
        .learn(Row::GroupMembership, Standing::No { why: "Okta refused it before".to_owned() });
    let refusal = org.plan(&wish).unwrap_err();
    assert_eq!(refusal.to_string(), "the token may not provision group membership: Okta refused it before");
    assert!(refusal.hint().contains("Group Administrator"));
    // The other row is not touched by it.
    assert!(org.plan(&revoke(Target::App)).is_ok());
}

#[test]
fn a_role_without_value_is_not_invented() {
    let org = PlanOrg::direct(false, Union::Disabled)
        .catalogue(&["arn:aws:iam::444455556666:role/team/x", "[prod-eu] -- platform"])
        .person(&[]);
    let wish = |account: &str, name: &str| {
        grant(Target::Role(RoleName { account: account.to_owned(), role: name.to_owned() }))
    };
    let written = |wish| match org.plan(&wish).unwrap().steps.remove(0) {
        Step::AssignUser { roles, .. } => roles,
        other => panic!("{other:?}"),
    };
    assert_eq!(written(wish("444455556666", "team/x")), ["arn:aws:iam::444455556666:role/team/x"]);
    assert_eq!(written(wish("prod-eu", "platform")), ["[prod-eu] -- platform"]);
    assert!(matches!(org.plan(&wish("prod-eu", "other")), Err(Refusal::UnknownRole { .. })));
}

#[test]
fn preconditions_name_what_must_be_so() {
    let org = mapped().app_user(Scope::User, &[], &[]);
    let plan = org.plan(&grant(a_role("Admin"))).unwrap();
    let lines: Vec<String> =
        plan.preconditions.iter().map(|one| format!("{}: {one}", one.subject())).collect();
    assert_eq!(
        lines,
        [
            "app AWS (0oaAWS): ACTIVE, group mapping, join off",
            "user pat@acme.test (00uP): ACTIVE",
            "assignment of pat@acme.test (00uP): scope USER, ACTIVE, samlRoles []",
            "group aws_111122223333_Admin (gAdmin): OKTA_GROUP",
            "membership of pat@acme.test in aws_111122223333_Admin (gAdmin): not a member",
        ]
    );
    let later = org.clone().person(&["gAdmin"]).app_user(Scope::User, &[], &[]);
    let now = preconditions(&later.situation, &plan.steps);
    let differ = plan.preconditions.iter().zip(&now).filter(|(a, b)| a != b).count();
    assert_eq!(differ, 1);
}

#[test]
fn every_step_has_a_way_back() {
    let org = PlanOrg::direct(false, Union::Disabled)
        .assigned("gX", 0, &["Admin", "Ops"])
        .catalogue(&["Audit"])
        .person(&["gX"])
        .app_user(Scope::Group, &["Admin", "Ops"], &[]);
    let mut wish = grant(a_role("Audit"));
    wish.allow_conversion = true;
    let plan = org.plan(&wish).unwrap();
    let back = plan.steps[0].inverse();
    assert!(matches!(back, Step::ReturnToGroups { .. }));
    let after = org.situation.after(&plan.steps[0]);
    let returned = after.after(&back);
    assert_eq!(returned.roles_held(), org.situation.roles_held());
    let undo = plan_steps(&after, vec![back]).unwrap();
    assert_eq!(undo.loses, [role("Audit")]);
}
