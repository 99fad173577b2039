//! What would happen is what then happens: each kind of change predicted, made in a fake Okta, synced and compared.

use std::collections::BTreeSet;

use rolebook_connector::{PersonRules, read_group_names, read_members};
use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Fault, Group, Org, User, UserStatus, orgs};
use rolebook_insight::{ChangeRequest, Error, Extra, WhatIf, diff, whatif, with_extra};

use crate::synced::{APP, Okta, read};

type Told = BTreeSet<(bool, String, String)>;

fn told(changes: &[rolebook_insight::Change]) -> Told {
    let mut told = BTreeSet::new();
    for change in changes {
        for (gained, deltas) in [(true, &change.gained), (false, &change.lost)] {
            told.extend(deltas.iter().map(|d| (gained, d.person.id.clone(), d.role.key())));
        }
    }
    told
}

/// Predicts a change, makes it, and compares with what a new sync shows.
#[track_caller]
fn comes_true(org: Org, change: ChangeRequest, made: impl FnOnce(&FakeOkta)) -> WhatIf {
    let okta = Okta::of(org);
    let before = okta.read("before.c1z");
    let predicted = whatif(&before.all()[0], std::slice::from_ref(&change)).unwrap();
    made(&okta.fake);
    let after = okta.read("after.c1z");
    let real = diff(&before.all()[0], &after.all()[0]).unwrap();
    assert_eq!(told(&predicted.changes), told(&real.changes), "{change}");
    assert_eq!((predicted.gained, predicted.lost), (real.gained, real.lost));
    assert!(!predicted.lower_bound, "{predicted:#?}");
    predicted
}

fn mapped() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cem@acme.test").id("00uC"))
        .group(Group::new("aws-users").id("00gUsers").members(["00uA", "00uB"]))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("aws_111122223333_Read").id("00gRead").members(["00uA"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gUsers").priority(0)))
}

fn direct() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("dee@acme.test").id("00uD"))
        .user(User::new("eve@acme.test").id("00uE"))
        .group(Group::new("first").id("00g1").members(["00uA"]))
        .group(Group::new("second").id("00g2").members(["00uA", "00uB", "00uD"]))
        .group(Group::new("third").id("00g3").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly", "Ops", "Third"])
                .group(AppGroup::new("00g1").priority(0).saml_roles(["Admin"]))
                .group(AppGroup::new("00g2").priority(1).saml_roles(["ReadOnly", "Ops"]))
                .group(AppGroup::new("00g3").priority(2).role("Third"))
                .user(AppUser::direct("00uD").saml_roles(["Admin"]))
                .user(AppUser::direct("00uE").saml_roles(["Admin"])),
        )
}

fn set(key: &str, value: &str) -> ChangeRequest {
    ChangeRequest::Set { key: key.to_owned(), value: value.to_owned() }
}

fn s(text: &str) -> String {
    text.to_owned()
}

#[test]
fn settings_of_group_mapping() {
    let filter = r"^aws_(?{{accountid}}\d+)_(?{{role}}Read)$";
    let told = comes_true(mapped(), set("groupFilter", filter), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("groupFilter", filter)));
    });
    assert_eq!((told.gained, told.lost), (0, 2));
    assert_eq!(told.settings[0].name, "groupFilter");
    comes_true(mapped(), set("appFilter", "active_directory"), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("appFilter", "active_directory")));
    });
    comes_true(mapped(), set("status", "inactive"), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.status("INACTIVE")));
    });
    let implicit = comes_true(mapped(), set("implicitAssignment", "true"), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.implicit_assignment(true)));
    });
    assert_eq!((implicit.gained, implicit.lost), (1, 0));
    let pattern = "arn:aws:iam::999999999999:saml-provider/O,arn:aws:iam::999999999999:role/${role}";
    let moved = comes_true(mapped(), set("roleValuePattern", pattern), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("roleValuePattern", pattern)));
    });
    assert_eq!((moved.gained, moved.lost), (3, 3));
}

#[test]
fn a_pattern_that_aws_cannot_take() {
    let pattern = "arn:aws:iam::${accountid}:saml-provider/O,arn:aws:iam::${accountid}:role/${rolee}";
    let told = comes_true(mapped(), set("roleValuePattern", pattern), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("roleValuePattern", pattern)));
    });
    assert_eq!((told.gained, told.lost), (0, 3));
    assert!(told.warnings[0].contains("role/${rolee}`, which AWS cannot take"), "{:?}", told.warnings);
}

#[test]
fn settings_of_direct_mode() {
    let join = comes_true(direct(), set("joinAllRoles", "true"), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("joinAllRoles", true)));
    });
    assert!(join.gained > 0 && join.lost == 0);
    let union = comes_true(direct(), set("samlRoles.union", "true"), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.union(true)));
    });
    assert!(union.gained > 0);
}

#[test]
fn memberships() {
    for (group, person) in [("00gRead", "00uB"), ("00gUsers", "00uC"), ("00gAdmin", "00uC")] {
        comes_true(mapped(), ChangeRequest::AddTo { group: s(group), person: s(person) }, |okta| {
            okta.change(|org| org.add_member(group, person));
        });
    }
    for (group, person) in [("00gRead", "00uA"), ("00gUsers", "00uA"), ("00gAdmin", "00uC")] {
        comes_true(mapped(), ChangeRequest::RemoveFrom { group: s(group), person: s(person) }, |okta| {
            okta.change(|org| org.remove_member(group, person));
        });
    }
    for (group, person) in [("00g1", "00uB"), ("00g3", "00uA"), ("00g1", "00uE")] {
        comes_true(direct(), ChangeRequest::AddTo { group: s(group), person: s(person) }, |okta| {
            okta.change(|org| org.add_member(group, person));
        });
    }
    for (group, person) in [("00g1", "00uA"), ("00g2", "00uB"), ("00g2", "00uD")] {
        comes_true(direct(), ChangeRequest::RemoveFrom { group: s(group), person: s(person) }, |okta| {
            okta.change(|org| org.remove_member(group, person));
        });
    }
}

#[test]
fn groups() {
    for (org, group) in
        [(mapped(), "00gAdmin"), (mapped(), "00gUsers"), (direct(), "00g1"), (direct(), "00g2")]
    {
        comes_true(org, ChangeRequest::RemoveGroup { group: s(group) }, |okta| {
            okta.change(|org| org.remove_group(group));
        });
    }
    let name = "aws_444455556666_Owner";
    comes_true(
        mapped(),
        ChangeRequest::RenameGroup { group: s("aws_111122223333_Admin"), name: s(name) },
        |okta| {
            let group = Group::new(name).id("00gAdmin").members(["00uA", "00uB", "00uC"]);
            okta.change(|org| org.put_group(group));
        },
    );
    for (org, group) in [(mapped(), "00gUsers"), (direct(), "00g1"), (direct(), "00g3")] {
        comes_true(org, ChangeRequest::UnassignGroup { group: s(group) }, |okta| {
            okta.change(|org| org.remove_app_group(APP, group));
        });
    }
    let assign = |group: &str, roles: &[&str], priority| ChangeRequest::AssignGroup {
        group: s(group),
        roles: roles.iter().copied().map(s).collect(),
        priority,
    };
    comes_true(mapped(), assign("00gAdmin", &[], None), |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00gAdmin")));
    });
    comes_true(direct(), assign("00g2", &["Ops"], None), |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00g2").saml_roles(["Ops"])));
    });
    comes_true(direct(), assign("00g1", &["Admin"], Some(7)), |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00g1").priority(7).saml_roles(["Admin"])));
    });
}

#[test]
fn people() {
    for (org, person) in [(mapped(), "00uA"), (direct(), "00uA"), (direct(), "00uD")] {
        for (word, status) in
            [("SUSPENDED", UserStatus::Suspended), ("deprovisioned", UserStatus::Deprovisioned)]
        {
            comes_true(org.clone(), ChangeRequest::Status { person: s(person), status: s(word) }, |okta| {
                okta.change(|org| org.set_status(person, status));
            });
        }
    }
    comes_true(direct(), ChangeRequest::Assign { person: s("00uB"), roles: vec![s("Admin")] }, |okta| {
        okta.change(|org| org.put_app_user(APP, AppUser::direct("00uB").saml_roles(["Admin"])));
    });
    comes_true(mapped(), ChangeRequest::Assign { person: s("00uC"), roles: vec![] }, |okta| {
        okta.change(|org| org.put_app_user(APP, AppUser::direct("00uC")));
    });
    for person in ["00uE", "00uD", "00uA"] {
        comes_true(direct(), ChangeRequest::Unassign { person: s(person) }, |okta| {
            okta.change(|org| org.remove_app_user(APP, person));
        });
    }
}

#[test]
fn one_change_after_the_other() {
    let readings = read(mapped());
    let changes = [
        ChangeRequest::AddTo { group: s("aws-users"), person: s("cem@acme.test") },
        ChangeRequest::RemoveFrom { group: s("aws-users"), person: s("cem@acme.test") },
    ];
    let nothing = whatif(&readings.all()[0], &changes).unwrap();
    assert_eq!((nothing.gained, nothing.lost), (0, 0));
    assert_eq!(nothing.changes_asked[0], "put cem@acme.test into aws-users");
}

/// Members that the file does not hold are never *nobody*.
#[test]
fn a_wider_filter_is_a_lower_bound() {
    let org = mapped().group(Group::new("gcp_111122223333_Owner").id("00gGcp").members(["00uA"]));
    let okta = Okta::of(org);
    let before = okta.read("a.c1z");
    let filter = r"^(aws|gcp)_(?{{accountid}}\d+)_(?{{role}}\w+)$";
    let predicted = whatif(&before.all()[0], &[set("groupFilter", filter)]).unwrap();
    assert!(predicted.lower_bound);
    assert_eq!(predicted.requests, 1);
    let unread = &predicted.unread_groups[0];
    assert_eq!((unread.id.as_str(), unread.role.as_deref()), ("00gGcp", Some("111122223333/Owner")));

    let assigned =
        ChangeRequest::AssignGroup { group: s("gcp_111122223333_Owner"), roles: vec![], priority: None };
    let predicted = whatif(&before.all()[0], &[assigned]).unwrap();
    assert!(predicted.lower_bound && predicted.unread_groups[0].role.is_none());
}

/// Predicts with what the snapshot lacks read from Okta, makes the change, and compares.
#[track_caller]
fn comes_true_with_fetch(org: Org, changes: &[ChangeRequest], made: impl FnOnce(&FakeOkta)) -> WhatIf {
    let okta = Okta::of(org);
    let before = okta.read("before.c1z");
    let reading = &before.all()[0];
    let mut predicted = whatif(reading, changes).unwrap();
    assert!(predicted.lower_bound, "{predicted:#?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, people) = (okta.client(), PersonRules::default());
    let mut extra = Extra::default();
    if predicted.unread_names {
        let (names, _) = runtime.block_on(read_group_names(&client, &people, 9)).unwrap();
        extra.names = names.unwrap();
        predicted = whatif(&with_extra(reading, &extra).unwrap(), changes).unwrap();
    }
    let groups: Vec<String> = predicted.unread_groups.iter().map(|group| group.id.clone()).collect();
    extra.members = runtime.block_on(read_members(&client, &groups, &people, 9)).unwrap().members;
    let predicted = whatif(&with_extra(reading, &extra).unwrap(), changes).unwrap();
    assert!(!predicted.lower_bound, "{predicted:#?}");
    made(&okta.fake);
    let after = okta.read("after.c1z");
    let real = diff(reading, &after.all()[0]).unwrap();
    assert_eq!(told(&predicted.changes), told(&real.changes), "{changes:?}");
    assert_eq!((predicted.gained, predicted.lost), (real.gained, real.lost));
    predicted
}

/// With the members read, prediction and reality agree where the snapshot alone gives a lower bound only.
#[test]
fn what_is_read_beyond_the_snapshot_makes_it_exact() {
    let wider = || {
        mapped()
            .user(User::new("dan@acme.test").id("00uD"))
            .group(Group::new("gcp_111122223333_Owner").id("00gGcp").members(["00uA", "00uC", "00uD"]))
            .group(Group::new("Kitchen").id("00gKitchen").members(["00uB", "00uD"]))
    };
    let filter = r"^(aws|gcp)_(?{{accountid}}\d+)_(?{{role}}\w+)$";
    let set_filter = |okta: &FakeOkta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("groupFilter", filter)));
    };
    let told = comes_true_with_fetch(wider(), &[set("groupFilter", filter)], set_filter);
    assert_eq!((told.gained, told.lost), (1, 0));
    // Nobody needs an assignment: then everybody counts who is in the group, whoever the snapshot knows.
    let both = [set("groupFilter", filter), set("implicitAssignment", "true")];
    let told = comes_true_with_fetch(wider(), &both, |okta| {
        set_filter(okta);
        okta.change(|org| org.change_app(APP, |app| app.implicit_assignment(true)));
    });
    assert!(told.gained > 3, "{told:#?}");
    let name = "aws_111122223333_Cook";
    let renamed = ChangeRequest::RenameGroup { group: s("Kitchen"), name: s(name) };
    comes_true_with_fetch(wider(), &[renamed], |okta| {
        let group = Group::new(name).id("00gKitchen").members(["00uB", "00uD"]);
        okta.change(|org| org.put_group(group));
    });
    // The group assigns the app, and with it come the roles of the groups they are in already.
    let assigned = ChangeRequest::AssignGroup { group: s("00gGcp"), roles: vec![], priority: None };
    let told = comes_true_with_fetch(wider(), &[assigned], |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00gGcp")));
    });
    assert_eq!(told.gained, 1);
    // Group mapping is turned on: the snapshot knows no group by name.
    let mapping = direct()
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA", "00uE"]))
        .group(Group::new("Kitchen").id("00gKitchen").members(["00uB"]));
    let told = comes_true_with_fetch(mapping, &[set("useGroupMapping", "true")], |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("useGroupMapping", true)));
    });
    assert!(told.lost > 0);
}

/// A limit of requests, and what Okta refuses, leave a lower bound and say why.
#[test]
fn what_could_not_be_read_stays_a_lower_bound() {
    let org = mapped()
        .group(Group::new("gcp_111122223333_Owner").id("00gGcp").members(["00uA"]))
        .group(Group::new("gcp_111122223333_Other").id("00gOther").members(["00uA"]));
    let okta = Okta::of(org);
    let before = okta.read("before.c1z");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, people) = (okta.client(), PersonRules::default());
    let groups = [s("00gGcp"), s("00gOther"), s("00gGone")];
    let one = runtime.block_on(read_members(&client, &groups, &people, 1)).unwrap();
    assert_eq!((one.members.len(), one.not_read.len(), one.requests), (1, 2, 1));
    okta.fake.add_fault("path=/api/v1/groups/00gGcp/users,status=403".parse::<Fault>().unwrap());
    let read = runtime.block_on(read_members(&client, &groups, &people, 9)).unwrap();
    assert_eq!(read.members.keys().collect::<Vec<_>>(), ["00gOther"]);
    assert_eq!(read.not_read.keys().collect::<Vec<_>>(), ["00gGcp", "00gGone"]);
    let extra = Extra { members: read.members, ..Extra::default() };
    let filter = r"^(aws|gcp)_(?{{accountid}}\d+)_(?{{role}}\w+)$";
    let reading = with_extra(&before.all()[0], &extra).unwrap();
    let predicted = whatif(&reading, &[set("groupFilter", filter)]).unwrap();
    assert!(predicted.lower_bound);
    assert_eq!(predicted.unread_groups.len(), 1);
    assert_eq!(predicted.gained, 1);
}

/// Turning group mapping on asks for groups that a direct snapshot does not name.
#[test]
fn another_mode_is_a_lower_bound() {
    let predicted = whatif(&read(direct()).all()[0], &[set("useGroupMapping", "true")]).unwrap();
    assert!(predicted.lower_bound && predicted.limits.len() == 1);
    assert_eq!(predicted.gained, 0);
    assert!(predicted.lost > 0);
}

#[test]
fn what_cannot_be_is_told() {
    let readings = read(orgs::demo());
    let ask = |change: ChangeRequest| whatif(&readings.all()[0], &[change]).unwrap_err();
    assert!(matches!(ask(set("groupFilter", "aws_(")), Error::Rules(_)));
    for change in [
        set("joinAllRoles", "perhaps"),
        set("sessionDuration", "long"),
        set("colour", "red"),
        ChangeRequest::Status { person: s("ada.abel@acme.test"), status: s("GONE") },
    ] {
        let error = ask(change);
        assert!(matches!(&error, Error::Question { hint, .. } if !hint.is_empty()), "{error:?}");
    }
    let unknown = ask(ChangeRequest::RemoveGroup { group: s("aws-user") });
    assert!(matches!(&unknown, Error::Unknown { nearest, .. } if nearest[0] == "aws-users"), "{unknown:?}");
    let unknown = ask(ChangeRequest::Unassign { person: s("ada.able@acme.test") });
    assert!(
        matches!(&unknown, Error::Unknown { nearest, .. } if nearest[0] == "ada.abel@acme.test"),
        "{unknown:?}"
    );
}
