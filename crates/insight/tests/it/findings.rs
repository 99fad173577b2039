//! Each rule of the findings: a clean org has none, and each rule finds what is planted for it, and nothing else.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, CustomRole, Fault, Group, Org, ResourceSet, RoleTargets, User,
    UserStatus, orgs,
};
use rolebook_insight::{Finding, Findings, Policy, PolicyError, Readings, Severity, findings};

use crate::synced::{APP, Okta, read};

const TODAY: Date = date(2026, 9, 1);

/// Group mapping with nothing to find.
fn clean() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .app(App::active_directory("0oaAD"))
        .group(Group::new("aws-users").id("00gUsers").members(["00uA", "00uB"]))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA"]))
        .group(Group::new("aws_111122223333_ReadOnly").id("00gRead").members(["00uA", "00uB"]))
        .group(Group::new("Kitchen").id("00gKitchen").members(["00uB"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gUsers").priority(0)))
}

/// Direct mode with nothing to find.
fn clean_direct() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("ops").id("00gOps").members(["00uB"]))
        .group(Group::new("staff").id("00gStaff").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly"])
                .group(AppGroup::new("00gOps").priority(0).saml_roles(["Admin"]))
                .group(AppGroup::new("00gStaff").priority(1).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Admin"])),
        )
}

fn found(readings: &Readings) -> Findings {
    findings(readings, &Policy::default(), TODAY, None).unwrap()
}

fn ids(findings: &Findings) -> Vec<&str> {
    let mut ids: Vec<&str> = findings.findings.iter().map(|finding| finding.id.as_str()).collect();
    ids.sort();
    ids
}

/// What stands in an org that has just this planted.
fn planted(org: Org) -> Vec<Finding> {
    found(&read(org)).findings
}

#[track_caller]
fn only(org: Org, id: &str) -> Finding {
    let mut found = planted(org);
    let ids: Vec<String> = found.iter().map(|finding| finding.id.clone()).collect();
    assert_eq!(ids, [id]);
    let finding = found.remove(0);
    assert!(!finding.evidence.is_empty() && !finding.remedy.is_empty() && !finding.objects.is_empty());
    finding
}

#[test]
fn a_clean_org_has_none() {
    for org in [clean(), clean_direct()] {
        let found = found(&read(org));
        assert_eq!(ids(&found), [""; 0]);
        assert!(found.rules.len() > 10);
    }
}

#[test]
fn a_member_who_is_not_assigned() {
    let org = clean()
        .user(User::new("cem@acme.test").id("00uC"))
        .group(Group::new("aws_111122223333_Audit").id("00gAudit").members(["00uC"]));
    let finding = only(org, "member-not-assigned:00uC");
    assert_eq!(finding.severity, Severity::Low);
    assert_eq!(finding.reach.roles, ["111122223333/Audit"]);
}

#[test]
fn names_that_look_alike_or_nearly_match() {
    only(clean().group(Group::new("AWS-111122223333-ADMIN").id("00gLike")), "look-alike:00gLike");
    only(clean().group(Group::new("AWS_111122223333_Other").id("00gNear")), "near-miss:00gNear");
}

#[test]
fn a_partial_match() {
    let org = clean().group(Group::new("old aws_111122223333_Ops").id("00gOld").members(["00uA"]));
    only(org, "partial-match:00gOld");
}

#[test]
fn a_group_from_another_source() {
    let org = clean().group(Group::new("aws_111122223333_PowerUser").id("00gAD").from_app("0oaAD"));
    let finding = only(org, "filtered-source:00gAD");
    // It would confer a privileged role, were its source allowed.
    assert_eq!((finding.severity, finding.reach.privileged), (Severity::Medium, 1));
}

#[test]
fn two_groups_for_one_role() {
    let mut org = clean();
    org.change_app(APP, |app| {
        app.setting("groupFilter", r"^aws_(?{{accountid}}\d{12})_(?{{role}}[A-Za-z]+)(_\d)?$")
    });
    let org = org.group(Group::new("aws_111122223333_ReadOnly_2").id("00gTwo").members(["00uB"]));
    only(org, "two-groups:111122223333/ReadOnly");
}

#[test]
fn a_bogus_account() {
    only(
        clean().group(Group::new("aws_1234_Admin").id("00gBogus").members(["00uA"])),
        "bogus-account:00gBogus",
    );
    let mut org = clean_direct();
    org.change_app(APP, |app| app.setting("identityProviderArn", serde_json::Value::Null));
    only(org, "bogus-account:main");
}

#[test]
fn a_role_value_that_aws_cannot_take() {
    for pattern in ["garbage", "arn:aws:iam::${accountid}:role/${Role}"] {
        let mut org = clean();
        org.change_app(APP, |app| app.setting("roleValuePattern", pattern));
        let finding = planted(org).into_iter().find(|finding| finding.rule == "value-not-taken").unwrap();
        assert_eq!(
            (finding.id.as_str(), finding.severity),
            ("value-not-taken:roleValuePattern", Severity::Critical)
        );
        let value = pattern.replace("${accountid}", "111122223333");
        assert!(finding.evidence[0].contains(&format!("`{value}`")), "{finding:#?}");
    }
    let found = planted(clean());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn everyone_confers() {
    let mut org = clean().everyone();
    org.change_app(APP, |app| {
        app.setting("groupFilter", r"^(aws_(?{{accountid}}\d{12})_(?{{role}}[A-Za-z]+)|Everyone)$").setting(
            "roleValuePattern",
            "arn:aws:iam::111122223333:saml-provider/OKTA,arn:aws:iam::111122223333:role/R",
        )
    });
    let ids: Vec<String> = planted(org).into_iter().map(|finding| finding.rule).collect();
    assert!(ids.contains(&"everyone-confers".to_owned()), "{ids:?}");
    let mut org = clean_direct().everyone();
    org.put_app_group(APP, AppGroup::new("Everyone").priority(9).saml_roles(["ReadOnly"]));
    let rules: BTreeSet<String> = planted(org).into_iter().map(|finding| finding.rule).collect();
    assert!(rules.contains("everyone-confers"), "{rules:?}");
}

#[test]
fn a_tie_in_priority() {
    let mut org = clean_direct();
    org.put_app_group(APP, AppGroup::new("00gStaff").priority(0).saml_roles(["ReadOnly"]));
    let finding = only(org, "priority-tie:00gOps:00gStaff");
    assert_eq!(finding.reach.privileged, 1);
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_direct_assignment_beside_a_group() {
    let mut org = clean_direct();
    org.add_member("00gOps", "00uA");
    only(org, "direct-beside-group:00uA");
}

#[test]
fn a_role_that_is_not_in_the_catalogue() {
    let mut org = clean_direct();
    org.put_app_user(APP, AppUser::direct("00uA").saml_roles(["Gone"]));
    let finding = only(org, "not-in-catalogue:Gone");
    assert_eq!(finding.objects[0].id, "00uA");
}

#[test]
fn assigned_without_a_role() {
    let mut org = clean().user(User::new("cem@acme.test").id("00uC"));
    org.add_member("00gUsers", "00uC");
    only(org, "assigned-without-role:00uC");
}

#[test]
fn suspended_and_still_assigned() {
    let mut org = clean();
    org.set_status("00uA", UserStatus::Suspended);
    let finding = only(org, "inactive-assigned:00uA");
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn an_assertion_that_grows_too_large() {
    let mut org = clean();
    for n in 0..160 {
        org.put_group(Group::new(format!("aws_{}_Role", 200_000_000_000_u64 + n)).members(["00uA"]));
    }
    only(org, "assertion-size:00uA");
}

#[test]
fn admins_who_can_give_roles() {
    let admin = |role: AdminRole, targets: RoleTargets| {
        planted(clean().user_role("00uB", role, targets))
            .into_iter()
            .map(|finding| finding.id)
            .collect::<Vec<_>>()
    };
    let none: [String; 0] = [];
    assert_eq!(admin(AdminRole::SuperAdmin, RoleTargets::all()), ["admin-self-grant:00uB:SUPER_ADMIN"]);
    assert_eq!(
        admin(AdminRole::AppAdmin, RoleTargets::all().apps([APP])),
        ["admin-self-grant:00uB:APP_ADMIN"]
    );
    assert_eq!(admin(AdminRole::AppAdmin, RoleTargets::all().apps(["0oaAD"])), none);
    assert_eq!(admin(AdminRole::ReadOnlyAdmin, RoleTargets::all()), none);
    let finding = only(
        clean().user_role("00uB", AdminRole::GroupMembershipAdmin, RoleTargets::all().groups(["00gAdmin"])),
        "admin-self-grant:00uB:GROUP_MEMBERSHIP_ADMIN",
    );
    assert_eq!(finding.reach.roles, ["111122223333/Admin"]);
    assert_eq!(
        finding.objects.iter().map(|object| object.id.as_str()).collect::<Vec<_>>(),
        ["00uB", "00gAdmin"]
    );
    let kitchen = RoleTargets::all().groups(["00gKitchen"]);
    assert_eq!(admin(AdminRole::GroupMembershipAdmin, kitchen), none);
}

/// A clean org in which bob has a custom role with a permission over some resources.
fn delegated(mut org: Org, permission: &str, resource: &str) -> Vec<Finding> {
    org.put_custom_role(CustomRole::new("Helpdesk").id("cr0H").permissions([permission, "okta.users.read"]));
    org.put_resource_set(ResourceSet::new("AWS").id("iamS").resources([resource]).bind("cr0H", ["00uB"]));
    let mut okta = Okta::of(org);
    okta.custom_roles = true;
    let found = found(&okta.read("custom.c1z"));
    assert!(found.rules.iter().any(|rule| rule.rule == "custom-admin-self-grant" && rule.on));
    found.findings
}

#[test]
fn custom_admins_who_can_give_roles() {
    let ids = |permission: &str, resource: &str| -> Vec<String> {
        delegated(clean(), permission, resource).into_iter().map(|finding| finding.id).collect()
    };
    let it = ["custom-admin-self-grant:00uB:cr0H:iamS"];
    let none: [String; 0] = [];
    let finding = delegated(clean(), "okta.groups.members.manage", "/api/v1/groups/00gAdmin").remove(0);
    assert_eq!(finding.id, it[0]);
    assert_eq!(finding.reach.roles, ["111122223333/Admin"]);
    let objects: Vec<_> = finding.objects.iter().map(|object| object.id.as_str()).collect();
    assert_eq!(objects, ["00uB", "cr0H", "iamS", "00gAdmin"]);
    assert_eq!(
        finding.evidence,
        [
            "Helpdesk over resource set `AWS`: okta.groups.members.manage",
            "can add people to `aws_111122223333_Admin`"
        ]
    );
    // All groups, by path and by name; the app, by its id, its kind, or all of them.
    for resource in ["/api/v1/groups", "orn:okta:directory:00oAcme:groups"] {
        assert_eq!(ids("okta.groups.manage", resource), it, "{resource}");
    }
    for resource in ["/api/v1/apps", &format!("/api/v1/apps/{APP}"), "orn:okta:idp:00oAcme:apps:amazon_aws"] {
        assert_eq!(ids("okta.apps.manage", resource), it, "{resource}");
    }
    // Reading gives nothing; neither do other groups and apps, nor a permission over something else.
    for (permission, resource) in [
        ("okta.groups.read", "/api/v1/groups"),
        ("okta.groups.members.manage", "/api/v1/groups/00gKitchen"),
        ("okta.groups.members.manage", "/api/v1/groups/00gAdmin/users"),
        ("okta.apps.manage", "/api/v1/apps/0oaAD"),
        ("okta.apps.manage", "/api/v1/groups"),
        ("okta.groups.manage", "/api/v1/apps"),
        // Bob is assigned already, and an assignment carries no role where groups are mapped.
        ("okta.apps.assignment.manage", "/api/v1/apps"),
    ] {
        assert_eq!(ids(permission, resource), none, "{permission} over {resource}");
    }
    let direct = delegated(clean_direct(), "okta.apps.assignment.manage", "/api/v1/apps");
    assert_eq!((direct[0].id.as_str(), direct[0].reach.total), (it[0], 2));
}

#[test]
fn a_group_makes_its_members_custom_admins() {
    let mut org = clean();
    org.put_custom_role(CustomRole::new("Fillers").id("cr0F").permissions(["okta.groups.members.manage"]));
    let set = ResourceSet::new("Groups").id("iamG").resources(["/api/v1/groups"]);
    org.put_resource_set(set.bind("cr0F", ["00gRead"]));
    let mut okta = Okta::of(org);
    okta.custom_roles = true;
    let found = found(&okta.read("custom.c1z"));
    let all: Vec<&str> = found
        .findings
        .iter()
        .filter(|finding| finding.rule == "custom-admin-self-grant")
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(all, ["custom-admin-self-grant:00uA:cr0F:iamG", "custom-admin-self-grant:00uB:cr0F:iamG"]);
}

/// A service app is neither a user nor a group: Okta names it by a link only.
#[test]
fn a_service_app_is_a_custom_admin_too() {
    let members = r#"{"members":[{"id":"irb1","_links":{"self":{"href":"https://acme.okta.com/oauth2/v1/clients/0oaSVC"}}}]}"#;
    let found_with = |permission: &str, resource: &str| {
        let mut org = clean();
        org.put_custom_role(CustomRole::new("Robots").id("cr0R").permissions([permission]));
        org.put_resource_set(ResourceSet::new("AWS").id("iamS").resources([resource]).bind("cr0R", ["00uB"]));
        let mut okta = Okta::of(org);
        okta.custom_roles = true;
        let path = "/api/v1/iam/resource-sets/iamS/bindings/cr0R/members";
        okta.fake.add_fault(Fault::on(path).body(members));
        found(&okta.read("service.c1z")).findings
    };
    let filled = found_with("okta.groups.members.manage", "/api/v1/groups/00gAdmin");
    let [finding] = filled.as_slice() else { panic!("{filled:?}") };
    assert_eq!(finding.id, "custom-admin-self-grant:0oaSVC:cr0R:iamS");
    assert_eq!(finding.text, "0oaSVC can give AWS roles as Robots");
    assert_eq!(finding.reach.roles, ["111122223333/Admin"]);
    let objects: Vec<_> =
        finding.objects.iter().map(|object| (object.kind.as_str(), object.id.as_str())).collect();
    assert_eq!(objects[0], ("service-app", "0oaSVC"));
    let manages = found_with("okta.apps.manage", "/api/v1/apps");
    assert_eq!((manages.len(), manages[0].reach.total), (1, 2));
    // It cannot be waiting in a group itself, and reading gives nothing.
    assert!(found_with("okta.apps.assignment.manage", "/api/v1/apps").is_empty());
    assert!(found_with("okta.groups.read", "/api/v1/groups").is_empty());
}

#[test]
fn a_rule_whose_source_was_not_read_is_off_and_says_so() {
    let okta = Okta::of(clean()).token("read_only");
    let found = found(&okta.read("a.c1z"));
    let state = |rule: &str| found.rules.iter().find(|state| state.rule == rule).unwrap().clone();
    assert!(!state("admin-self-grant").on);
    assert!(state("admin-self-grant").why.unwrap().contains("not read"));
    assert!(!state("custom-admin-self-grant").on);
    assert!(state("custom-admin-self-grant").why.unwrap().contains("--sync-custom-roles"));
    assert!(!state("priority-tie").on);
    assert!(state("look-alike").on && state("look-alike").why.is_none());

    let okta = Okta::of(clean());
    okta.fake.add_fault("path=/api/v1/groups/00gAdmin/users,status=403".parse::<Fault>().unwrap());
    let found = self::found(&okta.read("b.c1z"));
    let state = found.rules.iter().find(|state| state.rule == "member-not-assigned").unwrap();
    assert_eq!(state.why.as_deref(), Some("the members of 1 group were not read"));
}

#[test]
fn production_raises() {
    let org = || clean().group(Group::new("old aws_111122223333_Ops").id("00gOld").members(["00uA"]));
    let readings = read(org());
    assert_eq!(found(&readings).findings[0].severity, Severity::Medium);
    let policy = Policy { production: vec!["1111*".to_owned()], ..Policy::default() };
    assert_eq!(findings(&readings, &policy, TODAY, None).unwrap().findings[0].severity, Severity::High);
}

#[test]
fn an_accepted_finding_stays_listed_and_does_not_fail() {
    let readings = read(clean().group(Group::new("AWS_111122223333_Other").id("00gNear")));
    let policy = |until: &str| {
        Policy::parse(&format!(
            "[[accept]]\nfinding = \"near-miss:*\"\nreason = \"test group\"\nby = \"ann\"\nuntil = {until}\n"
        ))
        .unwrap()
    };
    let accepted = findings(&readings, &policy("2026-09-01"), TODAY, None).unwrap();
    assert_eq!(accepted.findings[0].accepted.as_ref().unwrap().by, "ann");
    assert!(!accepted.fail_on(Severity::Low));
    let expired = findings(&readings, &policy("2026-08-31"), TODAY, None).unwrap();
    assert_eq!(ids(&expired), ["acceptance-expired:near-miss:*", "near-miss:00gNear"]);
    assert!(expired.fail_on(Severity::Low) && !expired.fail_on(Severity::Medium));
    let unused = findings(&read(clean()), &policy("2026-09-01"), TODAY, None).unwrap();
    assert_eq!(ids(&unused), ["acceptance-unused:near-miss:*"]);
}

#[test]
fn a_policy_is_checked() {
    for text in [
        "[[accept]]\nfinding = \"x\"\nreason = \"\"\nby = \"ann\"\nuntil = 2026-09-01",
        "[[accept]]\nfinding = \"x\"\nreason = \"r\"\nby = \"ann\"\nuntil = 10:00:00",
        "[[accept]]\nfinding = \"x\"\nreason = \"r\"\nby = \"ann\"",
        "[[accept]]\nfinding = \"x\"\nreason = \"r\"\nby = \"ann\"\nuntil = 2026-09-01\nforever = true",
        "accept = 1",
        "= nonsense",
    ] {
        let error: PolicyError = Policy::parse(text).unwrap_err();
        assert!(!error.to_string().is_empty() && !error.hint().is_empty(), "{text}");
    }
}

#[test]
fn only_what_is_new() {
    let okta = Okta::of(clean().group(Group::new("AWS_111122223333_Other").id("00gNear")));
    let old = okta.read("old.c1z");
    okta.fake.change(|org| org.put_group(Group::new("AWS_111122223333_More").id("00gMore")));
    let new = okta.read("new.c1z");
    let found = findings(&new, &Policy::default(), TODAY, Some(&old)).unwrap();
    assert_eq!(ids(&found), ["near-miss:00gMore"]);
    assert_eq!(found.known_before, Some(1));
}

#[test]
fn the_demo_has_what_was_put_into_it() {
    let found = found(&read(orgs::demo()));
    let rules: BTreeSet<&str> = found.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let expected = [
        "admin-self-grant",
        "bogus-account",
        "filtered-source",
        "inactive-assigned",
        "look-alike",
        "member-not-assigned",
        "partial-match",
    ];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), expected);
    let all: BTreeSet<&str> = found.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(all.len(), found.findings.len());
}
