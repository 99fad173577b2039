//! What changed: each kind of change made in a fake Okta, synced, and told with its cause.

use std::collections::BTreeSet;

use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Fault, Group, Org, User, UserStatus, orgs};
use rolebook_insight::{Diff, Readings, RolePattern, diff, who};

use crate::synced::{APP, Okta};

fn mapped() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cem@acme.test").id("00uC"))
        .app(App::active_directory("0oaAD"))
        .group(Group::new("aws-users").id("00gUsers").members(["00uA", "00uB"]))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("aws_111122223333_Read").id("00gRead").members(["00uA"]))
        .group(Group::new("Other").id("00gOther").members(["00uB"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gUsers").priority(0)))
}

fn direct() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("dee@acme.test").id("00uD"))
        .group(Group::new("first").id("00g1").members(["00uA"]))
        .group(Group::new("second").id("00g2").members(["00uA", "00uB"]))
        .group(Group::new("third").id("00g3").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly", "Ops"])
                .group(AppGroup::new("00g1").priority(0).saml_roles(["Admin"]))
                .group(AppGroup::new("00g2").priority(1).saml_roles(["ReadOnly", "Ops"]))
                .user(AppUser::direct("00uD").saml_roles(["Admin"])),
        )
}

struct Changed {
    diff: Diff,
    old: Readings,
    new: Readings,
}

fn changed(org: Org, change: impl FnOnce(&FakeOkta)) -> Changed {
    let okta = Okta::of(org);
    let old = okta.read("old.c1z");
    change(&okta.fake);
    let new = okta.read("new.c1z");
    let diff = diff(&old.all()[0], &new.all()[0]).unwrap();
    let changed = Changed { diff, old, new };
    changed.is_sound();
    changed
}

fn pairs(readings: &Readings) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    if let Ok(who) = who(readings, &RolePattern::parse("*")) {
        for role in who.roles {
            pairs.extend(role.people.into_iter().map(|holder| (holder.person.id, role.role.key())));
        }
    }
    pairs
}

impl Changed {
    /// Gains and losses are those of the two answers, each told once.
    fn is_sound(&self) {
        let (old, new) = (pairs(&self.old), pairs(&self.new));
        let told = |gained: bool| -> Vec<(String, String)> {
            let of = |change: &rolebook_insight::Change| {
                if gained { change.gained.clone() } else { change.lost.clone() }
            };
            let deltas = self.diff.changes.iter().flat_map(of);
            deltas.map(|delta| (delta.person.id, delta.role.key())).collect()
        };
        let mut gained = told(true);
        gained.sort();
        assert_eq!(gained, new.difference(&old).cloned().collect::<Vec<_>>());
        let mut lost = told(false);
        lost.sort();
        assert_eq!(lost, old.difference(&new).cloned().collect::<Vec<_>>());
        assert_eq!((self.diff.gained, self.diff.lost), (gained.len(), lost.len()));
    }

    /// Each cause: kind, id, what was gained, what was lost.
    fn causes(&self) -> Vec<(&str, &str, usize, usize)> {
        self.diff
            .changes
            .iter()
            .map(|c| (c.cause.kind.as_str(), c.cause.id.as_str(), c.gained.len(), c.lost.len()))
            .collect()
    }
}

#[test]
fn nothing_changed() {
    for org in [orgs::demo(), orgs::demo_direct()] {
        let changed = changed(org, |_| {});
        assert_eq!(changed.causes(), []);
        assert_eq!(changed.diff.settings, []);
        assert_eq!(changed.diff.not_compared, []);
    }
}

#[test]
fn memberships() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| org.add_member("00gRead", "00uB"));
        okta.change(|org| org.remove_member("00gAdmin", "00uA"));
    });
    assert_eq!(changed.causes(), [("member-removed", "00gAdmin", 0, 1), ("member-added", "00gRead", 1, 0)]);
    assert!(changed.diff.changes[0].cause.changed_at.is_some());
}

#[test]
fn who_joins_the_group_that_assigns_the_app() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| org.add_member("00gUsers", "00uC"));
        okta.change(|org| org.remove_member("00gUsers", "00uB"));
    });
    assert_eq!(changed.causes(), [("member-added", "00gUsers", 1, 0), ("member-removed", "00gUsers", 0, 1)]);
}

#[test]
fn a_renamed_group_is_one_line() {
    let changed = changed(mapped(), |okta| {
        let renamed = Group::new("aws_111122223333_Owner").id("00gAdmin");
        okta.change(|org| org.put_group(renamed.members(["00uA", "00uB", "00uC"])));
    });
    assert_eq!(changed.causes(), [("group-renamed", "00gAdmin", 2, 2)]);
    let cause = &changed.diff.changes[0].cause;
    assert_eq!(cause.from.as_deref(), Some("aws_111122223333_Admin"));
    assert_eq!(cause.to.as_deref(), Some("aws_111122223333_Owner"));
}

#[test]
fn a_group_renamed_into_the_filter_was_known_by_its_old_name() {
    let changed = changed(mapped(), |okta| {
        let renamed = Group::new("aws_111122223333_Other").id("00gOther");
        okta.change(|org| org.put_group(renamed.members(["00uB"])));
    });
    assert_eq!(changed.causes(), [("group-renamed", "00gOther", 1, 0)]);
    assert_eq!(changed.diff.changes[0].cause.from.as_deref(), Some("Other"));
}

#[test]
fn new_and_deleted_groups() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| org.remove_group("00gAdmin"));
        okta.change(|org| org.put_group(Group::new("aws_111122223333_New").id("00gNew").members(["00uA"])));
    });
    assert_eq!(changed.causes(), [("group-gone", "00gAdmin", 0, 2), ("group-appeared", "00gNew", 1, 0)]);
}

#[test]
fn statuses() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| org.set_status("00uA", UserStatus::Suspended));
        okta.change(|org| org.set_status("00uB", UserStatus::Deprovisioned));
    });
    assert_eq!(changed.causes(), [("user-status", "00uA", 0, 2), ("person-gone", "00uB", 0, 1)]);
    let cause = &changed.diff.changes[0].cause;
    assert_eq!((cause.from.as_deref(), cause.to.as_deref()), (Some("ACTIVE"), Some("SUSPENDED")));
}

#[test]
fn settings_come_first() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| {
            org.change_app(APP, |app| {
                app.setting("groupFilter", r"^aws_(?{{accountid}}\d+)_(?{{role}}Read)$")
                    .setting("sessionDuration", 7200)
            })
        });
        okta.change(|org| org.add_member("00gRead", "00uB"));
    });
    let settings: Vec<&str> = changed.diff.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(settings, ["groupFilter", "sessionDuration"]);
    assert_eq!(changed.causes(), [("setting", "groupFilter", 0, 2), ("member-added", "00gRead", 1, 0)]);
}

#[test]
fn an_inactive_app() {
    let changed = changed(mapped(), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.status("INACTIVE")));
    });
    assert_eq!(changed.causes(), [("setting", "status", 0, 3)]);
}

#[test]
fn priorities_and_profiles_of_groups() {
    let swapped = changed(direct(), |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00g1").priority(5).saml_roles(["Admin"])));
    });
    assert_eq!(swapped.causes(), [("group-priority", "00g1", 2, 1)]);
    let profile = changed(direct(), |okta| {
        okta.change(|org| org.put_app_group(APP, AppGroup::new("00g2").priority(1).saml_roles(["ReadOnly"])));
    });
    assert_eq!(profile.causes(), [("group-profile", "00g2", 0, 1)]);
    assert_eq!(profile.diff.changes[0].cause.from.as_deref(), Some("ReadOnly, Ops"));
}

#[test]
fn in_direct_mode_a_membership_moves_the_profile_that_okta_writes() {
    let changed = changed(direct(), |okta| {
        okta.change(|org| org.add_member("00g1", "00uB"));
        okta.change(|org| org.remove_member("00g1", "00uA"));
    });
    assert_eq!(changed.causes(), [("member-added", "00g1", 1, 2), ("member-removed", "00g1", 2, 1)]);
}

#[test]
fn assigned_groups_and_own_profiles() {
    let changed = changed(direct(), |okta| {
        okta.change(|org| org.remove_app_group(APP, "00g2"));
        okta.change(|org| org.put_app_user(APP, AppUser::direct("00uD").saml_roles(["Ops"])));
    });
    assert_eq!(changed.causes(), [("group-unassigned", "00g2", 0, 2), ("profile", "00uD", 1, 1)]);
}

#[test]
fn individual_assignments_come_and_go() {
    let gone = changed(direct(), |okta| {
        okta.change(|org| org.remove_app_user(APP, "00uD"));
    });
    assert_eq!(gone.causes(), [("unassigned", "00uD", 0, 1)]);
}

#[test]
fn join_all_roles() {
    let changed = changed(direct(), |okta| {
        okta.change(|org| org.change_app(APP, |app| app.setting("joinAllRoles", true)));
    });
    assert_eq!(changed.causes(), [("setting", "joinAllRoles", 2, 0)]);
}

/// A list that one side could not read is neither gain nor loss.
#[test]
fn what_one_side_did_not_read_is_not_compared() {
    let okta = Okta::of(mapped());
    let old = okta.read("old.c1z");
    okta.fake.add_fault("path=/api/v1/groups/00gAdmin/users,status=403".parse::<Fault>().unwrap());
    let new = okta.read("new.c1z");
    for (from, to) in [(&old, &new), (&new, &old)] {
        let diff = diff(&from.all()[0], &to.all()[0]).unwrap();
        assert_eq!((diff.gained, diff.lost), (0, 0), "{diff:#?}");
        assert!(diff.not_compared.iter().any(|not| not.what.contains("00gAdmin")), "{:?}", diff.not_compared);
    }
}

#[test]
fn other_orgs_are_no_question() {
    let (one, other) = (Okta::of(mapped()).read("a.c1z"), Okta::of(orgs::demo()).read("b.c1z"));
    assert!(diff(&one.all()[0], &other.all()[0]).is_err());
}
