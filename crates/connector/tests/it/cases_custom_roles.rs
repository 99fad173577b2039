//! Custom admin roles, resource sets and bindings (U8, P10).

use rolebook_connector::{AdminRoles, ErrorKind, Right, Stage};
use rolebook_fake_okta::{AdminRole, App, AppGroup, CustomRole, Fault, Org, ResourceSet, RoleTargets, User};
use rolebook_ledger::{CustomRoles, ListCoverage};

use crate::run::{Done, Run, direct, group, mapping, people};

fn org(app: App) -> Org {
    people()
        .users([User::new("dan@acme.test").id("00uD"), User::new("eve@acme.test").id("00uE")])
        .group(group("gX", "aws-admins", ["00uA", "00uB"]))
        .group(group("gOut", "Helpers", ["00uC", "00uD"]))
        .custom_role(
            CustomRole::new("Reviewer").id("cr0R").permissions(["okta.groups.read", "okta.apps.read"]),
        )
        .custom_role(CustomRole::new("Nobody's").id("cr0N").description("kept for later"))
        .resource_set(
            ResourceSet::new("AWS")
                .id("iamS")
                .resources(["/api/v1/apps/0oaAWS", "orn:okta:directory:00o1:users"])
                .bind("cr0R", ["00uE", "gX", "gOut"]),
        )
        .resource_set(
            ResourceSet::new("All groups").id("iamT").resources(["/api/v1/groups"]).bind("cr0R", ["00uA"]),
        )
        .app(app.group(AppGroup::new("gX").saml_roles(["Admin"])))
}

fn run(org: Org) -> Run {
    Run::of(org).token("super").options(|sync| sync.read.custom_roles = true)
}

fn custom(done: &Done) -> &CustomRoles {
    done.facts.custom_roles.as_ref().unwrap()
}

#[test]
fn u8_roles_sets_bindings_and_members_are_kept() {
    let done = run(org(direct())).done();
    let custom = custom(&done);
    let ids: Vec<&str> = custom.roles.iter().map(|role| role.id.as_str()).collect();
    assert_eq!(ids, ["cr0N", "cr0R"]);
    let role = &custom.roles[1];
    assert_eq!(role.permissions, ["okta.apps.read", "okta.groups.read"]);
    let set = &custom.sets[0];
    assert_eq!((set.id.as_str(), set.label.as_str()), ("iamS", "AWS"));
    assert_eq!(set.resources, ["/api/v1/apps/0oaAWS", "orn:okta:directory:00o1:users"]);
    let binding = &set.bindings["cr0R"];
    assert_eq!(binding.users.iter().map(|user| user.as_str()).collect::<Vec<_>>(), ["00uE"]);
    assert_eq!(binding.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>(), ["gX"]);
    // The group outside stands beside; in direct mode nobody has asked for its name.
    assert_eq!(
        binding.outside.iter().map(|(id, name)| (id.as_str(), name.clone())).collect::<Vec<_>>(),
        [("gOut", None)]
    );

    let holds = |id: &str| {
        let holder = role.users.iter().find(|(user, _)| user.as_str() == id).map(|(_, holder)| holder);
        holder.map(|holder| {
            let groups = holder.groups.iter().map(|group| group.as_str().to_owned());
            let outside = holder.outside.iter().map(|(group, _)| format!("outside {group}"));
            (holder.direct, groups.chain(outside).collect::<Vec<_>>(), holder.targets.clone())
        })
    };
    let via = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (s, t) = ("resource-set:iamS", "resource-set:iamT");
    assert_eq!(holds("00uE"), Some((true, via(&[]), via(&[s]))));
    assert_eq!(
        holds("00uA"),
        Some((true, via(&["gX"]), via(&[s, t]))),
        "in one set by herself, in one through gX"
    );
    assert_eq!(holds("00uB"), Some((false, via(&["gX"]), via(&[s]))));
    assert_eq!(holds("00uD"), Some((false, via(&["outside gOut"]), via(&[s]))));
    assert_eq!(role.groups.keys().map(|group| group.as_str()).collect::<Vec<_>>(), ["gX"]);
    assert_eq!(done.facts.coverage.lists["custom-roles"], ListCoverage::Full { items: 2 });
    assert_eq!(done.summary.requests, done.summary.bound.requests(), "{:?}", done.log);
}

#[test]
fn in_group_mapping_mode_the_outside_group_has_its_name() {
    let done = run(org(mapping())).done();
    let outside = &custom(&done).sets[0].bindings["cr0R"].outside;
    assert_eq!(outside.values().next().unwrap().as_deref(), Some("Helpers"));
    let quiet = run(org(mapping())).options(|sync| sync.read.no_group_names = true).done();
    assert_eq!(custom(&quiet).sets[0].bindings["cr0R"].outside.values().next().unwrap(), &None);
}

#[test]
fn without_the_admins_own_roles_only_bindings_and_known_groups_tell() {
    let done = run(org(direct())).admin_roles(AdminRoles::Off).done();
    let role = &custom(&done).roles[1];
    let users: Vec<&str> = role.users.keys().map(|user| user.as_str()).collect();
    assert_eq!(users, ["00uA", "00uB", "00uE"], "those through gOut are not known");
    assert_eq!(done.asked("/roles"), 1, "the custom roles, nobody's own");
}

#[test]
fn p10_body_pages_are_followed_to_the_end() {
    for count in [100, 101, 250] {
        let ids: Vec<String> = (0..count).map(|n| format!("00u{n:04}")).collect();
        let users = ids.iter().map(|id| User::new(format!("{id}@acme.test")).id(id.clone()));
        let org = users.fold(people(), Org::user).custom_role(CustomRole::new("R").id("cr0R"));
        let org = (0..count)
            .fold(org, |org, n| org.custom_role(CustomRole::new(format!("r{n}")).id(format!("cr1{n:04}"))));
        let set = ResourceSet::new("S")
            .id("iamS")
            .resources((0..count).map(|n| format!("/api/v1/groups/00g{n:04}")))
            .bind("cr0R", ids.clone());
        let done = run(org.resource_set(set).app(direct())).admin_roles(AdminRoles::Off).done();
        let custom = custom(&done);
        assert_eq!(custom.roles.len(), count + 1);
        assert_eq!(custom.sets[0].resources.len(), count);
        assert_eq!(custom.sets[0].bindings["cr0R"].users.len(), count);
        assert_eq!(done.asked("/members"), count.div_ceil(100));
        assert_eq!(done.summary.requests, done.summary.bound.requests());
    }
}

#[test]
fn when_they_are_not_asked_for_nothing_is() {
    let done = Run::of(org(direct())).token("super").done();
    assert!(done.facts.custom_roles.is_none());
    assert_eq!(done.log.iter().filter(|entry| entry.path.contains("/iam/r")).count(), 0);
    assert!(!done.facts.coverage.lists.contains_key("custom-roles"));
}

#[test]
fn what_cannot_be_read_is_no_empty_list() {
    let error = run(org(direct())).token("read_only").refused();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let probe = run(org(direct())).token("read_only").check().unwrap();
    let right = probe.lists.iter().find(|(stage, _)| *stage == Stage::CustomRoles).map(|(_, right)| right);
    assert!(matches!(right, Some(Right::No { essential: true, .. })));
    for list in [
        "/api/v1/iam/roles",
        "/api/v1/iam/roles/cr0R/permissions",
        "/api/v1/iam/resource-sets",
        "/api/v1/iam/resource-sets/iamS/resources",
        "/api/v1/iam/resource-sets/iamT/bindings",
        "/api/v1/iam/resource-sets/iamT/bindings/cr0R/members",
        "/api/v1/users/00uE",
    ] {
        // Admin roles would bring eve.
        let run = run(org(direct())).admin_roles(AdminRoles::Off);
        let error = run.fault(Fault::on(list).status(403).code("E0000006")).refused();
        assert_eq!(error.kind(), ErrorKind::Refused, "{list}");
        assert!(error.to_string().contains("custom admin roles"), "{error}");
    }
}

#[test]
fn what_is_gone_when_it_is_asked_for_is_left_out() {
    let gone = |list: &str| run(org(direct())).fault(Fault::on(list).gone()).done();
    let done = gone("/api/v1/iam/resource-sets/iamS/bindings");
    assert_eq!(custom(&done).sets.iter().map(|set| set.id.as_str()).collect::<Vec<_>>(), ["iamT"]);
    assert_eq!(done.samples("custom-role-gone"), ["iamS"]);
    let done = gone("/api/v1/iam/resource-sets/iamS/bindings/cr0R/members");
    assert!(custom(&done).sets[0].bindings.is_empty());
    // Permissions unknown: the role stands for its bindings only.
    let done = gone("/api/v1/iam/roles/cr0R/permissions");
    let role = custom(&done).roles.iter().find(|role| role.id == "cr0R").unwrap();
    assert!(role.permissions.is_empty() && !role.users.is_empty());
    let done =
        run(org(direct())).admin_roles(AdminRoles::Off).fault(Fault::on("/api/v1/users/00uE").gone()).done();
    assert!(custom(&done).sets[0].bindings["cr0R"].users.is_empty());
}

#[test]
fn a_member_of_another_kind_stands_with_the_binding() {
    let members = r#"{"members":[{"id":"irb1","_links":{"self":{"href":"https://acme.okta.com/oauth2/v1/clients/0oaSVC"}}}]}"#;
    let path = "/api/v1/iam/resource-sets/iamT/bindings/cr0R/members";
    let done = run(org(direct())).fault(Fault::on(path).body(members)).done();
    let others = &custom(&done).sets[1].bindings["cr0R"].others;
    assert_eq!(others.iter().collect::<Vec<_>>(), ["https://acme.okta.com/oauth2/v1/clients/0oaSVC"]);
    assert_eq!(done.warned("role-member-unknown"), 1);
}

/// Leaving the flag out later is no loss.
#[test]
fn a_sync_without_them_after_one_with_them_is_not_held() {
    let many = (0..60).fold(org(direct()), |org, n| org.custom_role(CustomRole::new(format!("r{n}"))));
    let run = run(many);
    run.done();
    let run = run.options(|sync| sync.read.custom_roles = false);
    run.later(60);
    let done = run.done();
    assert!(done.summary.held.is_none() && done.facts.custom_roles.is_none());
}

/// U6, with what the roles are limited to: groups, an app of the catalogue, one instance of it.
#[test]
fn standard_roles_carry_their_targets() {
    let targets = RoleTargets::default;
    let org = org(direct())
        .user_role("00uC", AdminRole::GroupAdmin, targets().groups(["gOut", "gX"]))
        .group_role("gX", AdminRole::AppAdmin, targets().apps(["amazon_aws", "0oaAWS"]));
    let done = Run::of(org).token("super").done();
    let role = |kind: &str| done.facts.admin_roles.iter().find(|role| role.kind == kind).unwrap();
    assert_eq!(role("USER_ADMIN").users.values().next().unwrap().targets, ["group:gOut", "group:gX"]);
    assert_eq!(role("APP_ADMIN").groups.values().next().unwrap(), &["app:0oaAWS", "app:amazon_aws"]);
    assert_eq!(role("APP_ADMIN").users.values().next().unwrap().targets, ["app:0oaAWS", "app:amazon_aws"]);
}

/// Cut off anywhere, the next run goes on and ends in the same facts.
#[test]
fn a_reading_that_was_cut_off_is_taken_up() {
    let whole = run(org(direct())).done();
    for requests in [8, 14, 19, 23] {
        let cut = run(org(direct()));
        cut.cut_off_at(requests);
        let done = cut.done();
        assert!(done.summary.resumed.is_some(), "after {requests}");
        assert_eq!(done.facts.custom_roles, whole.facts.custom_roles, "after {requests}");
    }
}
