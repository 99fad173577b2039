//! Cases G: grants and revocations where profiles of assignments decide.

use rolebook_connector::{ChangeError, Outcome, TargetName};
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Org, UserStatus};
use rolebook_federation::plan::{LastRole, Refusal};

use crate::{
    desk::{Desk, block, converting, for_group, grant, revoke, role},
    run::{direct, group, people},
};

const ANN: &str = "/api/v1/apps/0oaAWS/users/00uA";
const BOB: &str = "/api/v1/apps/0oaAWS/users/00uB";

/// gX (first: Admin, Ops) and gY (ReadOnly) assigned, g5 not; bob in both, ann in gY with roles of her own, cy nowhere.
fn org(app: App, ann: &[&str]) -> Org {
    people()
        .group(group("gX", "ops", ["00uB"]))
        .group(group("gY", "readers", ["00uA", "00uB"]))
        .group(group("g5", "five", []))
        .app(
            app.saml_iam_roles(["Admin", "Ops", "ReadOnly", "Audit"])
                .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
                .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(ann.iter().copied())),
        )
}

fn joined() -> App {
    direct().setting("joinAllRoles", true)
}

#[track_caller]
fn refusal(desk: &Desk, asked: &rolebook_connector::Asked) -> Refusal {
    match desk.refused(asked) {
        ChangeError::Refused(refusal) => *refusal,
        other => panic!("{other}"),
    }
}

#[test]
fn g1_a_grant_assigns_who_is_not_assigned() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&grant(role("Admin"), "cy@acme.test"), Outcome::Done);
    assert_eq!(
        desk.around_write(),
        [
            "GET /api/v1/apps/0oaAWS/users/00uC",
            "POST /api/v1/apps/0oaAWS/users {\"id\":\"00uC\",\"profile\":{\"samlRoles\":[\"Admin\"]},\"scope\":\"USER\"}"
        ]
    );
    assert_eq!(desk.writes().len(), 1);
    assert_eq!(desk.assignment("00uC"), Some(("USER".to_owned(), vec!["Admin".to_owned()])));
    desk.chain_is_whole();
}

#[test]
fn g2_another_404_means_not_assigned_too() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    let path = "/api/v1/apps/0oaAWS/users/00uC";
    desk.fake().add_fault(Fault::on(path).method("GET").status(404).code("E0000008").count(2));
    desk.ends(&grant(role("Admin"), "cy@acme.test"), Outcome::Done);
    assert_eq!(desk.writes().len(), 1);
}

#[test]
fn g4_only_saml_roles_are_written() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&grant(role("Admin"), "ann@acme.test"), Outcome::Done);
    assert_eq!(
        desk.around_write(),
        [format!("GET {ANN}"), format!("POST {ANN} {{\"profile\":{{\"samlRoles\":[\"Ops\",\"Admin\"]}}}}")]
    );
    assert_eq!(desk.writes().len(), 1);
}

#[test]
fn g5_a_role_that_is_there_is_not_written() {
    let desk = Desk::of(org(direct(), &["Admin"]));
    desk.ends(&grant(role("Admin"), "ann@acme.test"), Outcome::AlreadySo);
    assert_eq!(desk.writes(), [""; 0]);
    assert!(!desk.audit_path().exists() || std::fs::read(desk.audit_path()).unwrap().is_empty());
}

#[test]
fn g6_a_group_assignment_is_not_converted_unasked() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    let refusal = refusal(&desk, &grant(role("Audit"), "bob@acme.test"));
    assert!(matches!(&refusal, Refusal::GroupScope { groups, .. } if groups[0].id == "gX"), "{refusal}");
    assert!(refusal.hint().contains("--allow-group-to-direct-conversion"));
}

#[test]
fn g8_with_join_a_conversion_writes_the_new_role_alone() {
    let desk = Desk::of(org(joined(), &["Ops"]));
    desk.ends(&converting(grant(role("Audit"), "bob@acme.test")), Outcome::Done);
    assert_eq!(
        desk.writes(),
        [format!("POST {BOB} {{\"profile\":{{\"samlRoles\":[\"Audit\"]}},\"scope\":\"USER\"}}")]
    );
}

#[test]
fn g9_with_union_a_conversion_keeps_all_roles() {
    let desk = Desk::of(org(direct().union(true), &["Ops"]));
    let done = desk.ends(&converting(grant(role("Audit"), "bob@acme.test")), Outcome::Done);
    let (scope, mut roles) = desk.assignment("00uB").unwrap();
    roles.sort();
    assert_eq!(
        (scope.as_str(), roles),
        ("USER", ["Admin", "Audit", "Ops", "ReadOnly"].map(str::to_owned).to_vec())
    );
    assert!(done.planned.plan.notes.iter().any(|note| note.contains("individual")));
}

#[test]
fn g10_with_priority_a_conversion_keeps_what_okta_shows() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&converting(grant(role("Audit"), "bob@acme.test")), Outcome::Done);
    assert_eq!(
        desk.writes(),
        [format!(
            "POST {BOB} {{\"profile\":{{\"samlRoles\":[\"Admin\",\"Ops\",\"Audit\"]}},\"scope\":\"USER\"}}"
        )]
    );
}

#[test]
fn g12_a_mapped_attribute_is_named() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.fake().add_fault(Fault::on(ANN).method("POST").status(403).code("E0000075"));
    let end = desk.ends(&grant(role("Admin"), "ann@acme.test"), Outcome::Refused);
    assert!(end.applied.refused_by_okta);
    assert!(end.applied.says.contains("profile mapping"), "{}", end.applied.says);
    assert_eq!(end.applied.steps[0].missing, None);
}

#[test]
fn g13_a_missing_right_names_the_admin_role() {
    let desk = Desk::of(org(direct(), &["Ops"])).token("read_only");
    let end = desk.ends(&grant(role("Admin"), "ann@acme.test"), Outcome::Refused);
    assert!(end.applied.refused_by_okta);
    assert!(end.applied.says.contains("Application Administrator"), "{}", end.applied.says);
    assert!(end.applied.hint.unwrap().contains("Application Administrator"));
    assert_eq!(desk.assignment("00uA").unwrap().1, ["Ops"]);
    desk.chain_is_whole();
}

#[test]
fn g14_two_grants_at_the_same_time_both_end_up_in_the_list() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    block(async {
        let (admin, audit) = (grant(role("Admin"), "ann@acme.test"), grant(role("Audit"), "ann@acme.test"));
        let (one, two) = tokio::join!(desk.change_async(&admin), desk.change_async(&audit));
        assert_eq!(one.unwrap().applied.outcome, Outcome::Done);
        assert_eq!(two.unwrap().applied.outcome, Outcome::Done);
    });
    let mut roles = desk.assignment("00uA").unwrap().1;
    roles.sort();
    assert_eq!(roles, ["Admin", "Audit", "Ops"]);
    desk.chain_is_whole();
}

#[test]
fn g16_a_group_is_assigned_with_its_role_by_one_call() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&for_group(grant(role("Admin"), ""), "five"), Outcome::Done);
    assert_eq!(
        desk.writes(),
        ["PUT /api/v1/apps/0oaAWS/groups/g5 {\"profile\":{\"samlRoles\":[\"Admin\"]}}"]
    );
}

#[test]
fn g17_a_group_that_is_assigned_is_patched() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&for_group(grant(role("ReadOnly"), ""), "gX"), Outcome::Done);
    assert_eq!(
        desk.around_write(),
        [
            "GET /api/v1/apps/0oaAWS/groups/gX",
            "PATCH /api/v1/apps/0oaAWS/groups/gX [{\"op\":\"replace\",\"path\":\"/profile/samlRoles\",\"value\":[\"Admin\",\"Ops\",\"ReadOnly\"]}]"
        ]
    );
    assert_eq!(desk.group_assignment("gX").unwrap().0, 0);
}

#[test]
fn g18_a_group_that_has_the_role_is_left_alone() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&for_group(grant(role("Admin"), ""), "gX"), Outcome::AlreadySo);
    assert_eq!(desk.writes(), [""; 0]);
}

#[test]
fn g20_only_people_and_groups_are_principals() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    for name in ["role:SUPER_ADMIN", "0oaAWS", "111122223333"] {
        assert!(matches!(desk.refused(&grant(role("Admin"), name)), ChangeError::NotFound { .. }), "{name}");
    }
}

#[test]
fn g21_a_role_of_another_account_is_not_invented() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    let far = TargetName::Role("999988887777/Admin".to_owned());
    let error = desk.refused(&grant(far, "ann@acme.test"));
    assert!(matches!(error, ChangeError::NotFound { what: "role", .. }), "{error}");
    assert!(error.hint().contains("rolebook show accounts"), "{}", error.hint());
}

#[test]
fn g22_nothing_is_given_to_whom_okta_has_deactivated() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.fake().change(|org| org.set_status("00uC", UserStatus::Deprovisioned));
    assert!(matches!(refusal(&desk, &grant(role("Admin"), "00uC")), Refusal::Status { .. }));
    desk.fake().change(|org| org.set_status("00uA", UserStatus::Suspended));
    assert!(matches!(refusal(&desk, &grant(role("Admin"), "00uA")), Refusal::Status { .. }));
}

#[test]
fn g24_a_role_that_is_not_there_is_gone_already() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&revoke(role("Admin"), "ann@acme.test"), Outcome::AlreadySo);
    assert_eq!(desk.writes(), [""; 0]);
}

#[test]
fn g25_who_is_not_assigned_has_lost_it_already() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&revoke(role("Admin"), "cy@acme.test"), Outcome::AlreadySo);
    assert_eq!(desk.writes(), [""; 0]);
}

#[test]
fn g26_the_last_role_leaves_the_assignment_unless_told_otherwise() {
    let with_default = |app: App| {
        people().app(
            app.saml_iam_roles(["Admin", "Support"])
                .user(AppUser::direct("00uA").saml_roles(["Admin"]).role("Support")),
        )
    };
    let desk = Desk::of(with_default(direct()));
    let done = desk.ends(&revoke(role("Admin"), "ann@acme.test"), Outcome::Done);
    assert_eq!(desk.writes(), [format!("POST {ANN} {{\"profile\":{{\"samlRoles\":[]}}}}")]);
    assert!(done.planned.plan.notes.iter().any(|note| note.contains("Support")), "{:?}", done.planned.plan);
    assert_eq!(done.planned.plan.gains[0].role, "Support");

    let desk = Desk::of(with_default(direct()));
    let mut asked = revoke(role("Admin"), "ann@acme.test");
    asked.last_role = LastRole::Unassign;
    desk.ends(&asked, Outcome::Done);
    assert_eq!(desk.writes(), [format!("DELETE {ANN}")]);
}

#[test]
fn g28_a_role_that_a_group_gives_is_not_gone_already() {
    let desk = Desk::of(org(joined(), &["Admin"]));
    let refusal = refusal(&desk, &revoke(role("ReadOnly"), "ann@acme.test"));
    assert!(matches!(&refusal, Refusal::FromGroups { groups, .. } if groups[0].id == "gY"), "{refusal}");
}

#[test]
fn g29_a_group_loses_one_role() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    let done = desk.ends(&for_group(revoke(role("Ops"), ""), "gX"), Outcome::Done);
    assert_eq!(
        desk.writes(),
        [
            "PATCH /api/v1/apps/0oaAWS/groups/gX [{\"op\":\"replace\",\"path\":\"/profile/samlRoles\",\"value\":[\"Admin\"]}]"
        ]
    );
    let until = done.applied.aws_sessions_may_last_until.unwrap();
    assert_eq!(until.duration_since(crate::desk::now()).as_secs(), 3600);
}

#[test]
fn g30_a_group_that_is_not_assigned_has_lost_it_already() {
    let desk = Desk::of(org(direct(), &["Ops"]));
    desk.ends(&for_group(revoke(role("Ops"), ""), "five"), Outcome::AlreadySo);
    assert_eq!(desk.writes(), [""; 0]);
}

#[test]
fn a_patch_that_is_not_taken_becomes_a_whole_assignment() {
    // Corrected G19: there is no `add`; where `replace` of an unset key is refused, everything is put.
    let org = people().group(group("gS", "support", [])).app(
        direct()
            .saml_iam_roles(["Admin", "Support"])
            .group(AppGroup::new("gS").priority(7).role("Support").attribute("email", "team@acme.test")),
    );
    let desk = Desk::of(org);
    desk.fake().configure(|options| options.patch_needs_key = true);
    desk.ends(&for_group(grant(role("Admin"), ""), "gS"), Outcome::Done);
    assert_eq!(desk.writes().len(), 2);
    assert_eq!(
        desk.writes()[1],
        "PUT /api/v1/apps/0oaAWS/groups/gS {\"priority\":7,\"profile\":{\"email\":\"team@acme.test\",\"role\":\"Support\",\"samlRoles\":[\"Support\",\"Admin\"]}}"
    );
    assert_eq!(desk.group_assignment("gS").unwrap().0, 7);
    desk.chain_is_whole();
}
