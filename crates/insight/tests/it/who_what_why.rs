//! Who, what and why agree with each other and with an oracle, for every person and every role.

use std::collections::BTreeSet;

use rolebook_fake_okta::{App, AppGroup, AppUser, Group, GroupRule, Org, User, UserStatus, orgs};
use rolebook_insight::{PathKind, Readings, RolePattern, Verdict, what, what_group, who, why};

use crate::{
    oracle::{self, Triple},
    synced::{APP, read},
};

fn by_who(readings: &Readings) -> BTreeSet<Triple> {
    let answer = who(readings, &RolePattern::parse("*/*")).unwrap();
    let mut triples = BTreeSet::new();
    for role in answer.roles {
        for holder in role.people {
            assert!(
                holder.paths.iter().any(|path| path.in_force),
                "{} {}",
                holder.person.id,
                role.role.key()
            );
            triples.insert((holder.person.id, role.role.account.id.clone(), role.role.role.clone()));
        }
    }
    triples
}

fn by_what(readings: &Readings) -> BTreeSet<Triple> {
    let mut triples = BTreeSet::new();
    for user in &readings.all()[0].facts().users {
        for held in what(readings, user.id.as_str()).unwrap().roles {
            triples.insert((user.id.to_string(), held.role.account.id, held.role.role));
        }
    }
    triples
}

fn verdict(readings: &Readings, person: &str, role: &str) -> Verdict {
    why(readings, person, &RolePattern::parse(role)).unwrap().verdicts.remove(0)
}

/// For every pair: `why` says what the oracle says, ends with the rule that decides, and its paths fit.
fn why_agrees(readings: &Readings, expected: &BTreeSet<Triple>) {
    let reading = &readings.all()[0];
    let (mut can, mut cannot) = (0, 0);
    for user in &reading.facts().users {
        for verdict in why(readings, user.id.as_str(), &RolePattern::parse("*")).unwrap().verdicts {
            let triple = (user.id.to_string(), verdict.role.account.id.clone(), verdict.role.role.clone());
            assert_eq!(verdict.can_assume, expected.contains(&triple), "{triple:?}: {verdict:#?}");
            let in_force = verdict.paths.iter().filter(|path| path.in_force).count();
            assert_eq!(in_force > 0, verdict.can_assume, "{triple:?}: {verdict:#?}");
            assert_eq!(verdict.stopped_by().is_none(), verdict.can_assume, "{triple:?}: {verdict:#?}");
            assert!(verdict.paths.iter().all(|path| path.in_force == path.stopped_by.is_none()));
            assert!(verdict.paths.iter().all(|path| path.hops.len() >= 2), "{verdict:#?}");
            if verdict.can_assume { can += 1 } else { cannot += 1 }
        }
    }
    assert!(can > 20 && cannot > 20, "{can} {cannot}");
}

#[test]
fn mapping_agrees_with_the_oracle() {
    let readings = read(orgs::demo());
    let expected = oracle::mapping(readings.all()[0].facts());
    assert!(expected.len() > 100);
    assert_eq!(by_who(&readings), expected);
    assert_eq!(by_what(&readings), expected);
    why_agrees(&readings, &expected);
}

#[test]
fn direct_agrees_with_the_oracle() {
    for join in [false, true] {
        let mut org = orgs::demo_direct();
        org.change_app(APP, |app| app.setting("joinAllRoles", join));
        let readings = read(org);
        let expected = oracle::direct(readings.all()[0].facts(), "111122223333");
        assert!(expected.len() > 50);
        assert_eq!(by_who(&readings), expected, "join {join}");
        assert_eq!(by_what(&readings), expected, "join {join}");
        why_agrees(&readings, &expected);
    }
}

/// A person in two groups of one role, one of them filled by a rule.
fn mapped() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .user(User::new("bob@acme.test").id("00uB").name("Bob", "Moe"))
        .user(User::new("cem@acme.test").id("00uC").name("Cem", "Oz").status(UserStatus::Suspended))
        .app(App::active_directory("0oaAD"))
        .group(Group::new("aws-users").id("00gUsers").members(["00uA", "00uC"]))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("x aws_111122223333_Admin").id("00gSecond").members(["00uA"]))
        .group(Group::new("aws_111122223333_Root").id("00gRoot").members(["00uB"]))
        .group(Group::new("aws_444455556666_Audit").id("00gAudit").members(["00uA"]))
        .group(Group::new("AWS_111122223333_Root").id("00gCase").members(["00uA"]))
        .group(Group::new("aws_111122223333_Root ").id("00gFiltered").from_app("0oaAD").members(["00uA"]))
        .rule(GroupRule::new("Admins", "user.title==\"Admin\"").id("0prA").assigns(["00gAdmin"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gUsers").priority(0)))
}

#[test]
fn every_path_is_proved_hop_by_hop() {
    let readings = read(mapped());
    let verdict = verdict(&readings, "ann@acme.test", "111122223333/Admin");
    assert!(verdict.can_assume);
    assert_eq!(verdict.paths.len(), 2);
    let path = &verdict.paths[0];
    assert_eq!(path.kind, PathKind::GroupName);
    assert_eq!(path.group.as_ref().unwrap().id, "00gAdmin");
    assert!(!path.partial_match && verdict.paths[1].partial_match);
    let ids: Vec<&str> = path.hops.iter().map(|hop| hop.id.as_str()).collect();
    assert_eq!(ids, [APP, "00gAdmin", "00gAdmin", APP]);
    let removed = |at: usize| path.hops[at].removed_by.clone().unwrap();
    assert_eq!(removed(0), "taking the user out of `aws-users` (00gUsers)");
    assert!(removed(1).contains("a rule fills the group") && removed(1).contains("user.title==\"Admin\""));
    assert!(path.hops[2].settings.iter().any(|setting| setting.name == "groupFilter"));
    assert!(path.hops[1].since_at_latest.is_some() && path.hops[2].since_at_latest.is_some());
    assert!(path.hops[3].text.contains("arn:aws:iam::111122223333:role/Admin"));
    assert!(path.hops[3].text.contains("arn:aws:iam::111122223333:saml-provider/OKTA"));
}

#[test]
fn why_not_names_the_first_rule() {
    let readings = read(mapped());
    let stop = |person: &str, role: &str| {
        let verdict = verdict(&readings, person, role);
        assert!(!verdict.can_assume);
        (verdict.stopped_by().unwrap().rule.clone(), verdict)
    };
    assert_eq!(stop("bob@acme.test", "111122223333/Admin").0, "assigned");
    assert_eq!(stop("cem@acme.test", "111122223333/Admin").0, "user-status");
    let (rule, verdict) = stop("ann@acme.test", "111122223333/Root");
    assert_eq!(rule, "group");
    assert!(verdict.stopped_by().unwrap().text.contains("`aws_111122223333_Root`"));
    let near: Vec<_> =
        verdict.near_misses.iter().map(|miss| (miss.kind.as_str(), miss.id.as_str())).collect();
    assert!(near.contains(&("case", "00gCase")), "{near:?}");
    assert!(near.contains(&("filtered-source", "00gFiltered")), "{near:?}");
    // The members of a group that cannot confer are not read, so nothing is claimed of them.
    assert!(verdict.near_misses.iter().all(|miss| miss.member.is_none()));
}

#[test]
fn an_inactive_app_stops_everybody_first() {
    let mut org = mapped();
    org.change_app(APP, |app| app.status("INACTIVE"));
    let readings = read(org);
    assert!(by_what(&readings).is_empty());
    assert_eq!(verdict(&readings, "00uA", "111122223333/Admin").stopped_by().unwrap().rule, "app");
}

fn direct() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("first").id("00g1").members(["00uA", "00uB"]))
        .group(Group::new("second").id("00g2").members(["00uA", "00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly", "Ops"])
                .group(AppGroup::new("00g1").priority(0).saml_roles(["ReadOnly"]))
                .group(AppGroup::new("00g2").priority(1).saml_roles(["ReadOnly", "Ops"]))
                .user(AppUser::direct("00uB").saml_roles(["Admin"]).role("Ops")),
        )
}

#[test]
fn the_priority_winner_is_marked() {
    let readings = read(direct());
    let can = verdict(&readings, "ann@acme.test", "ReadOnly");
    let ways: Vec<_> = can
        .paths
        .iter()
        .map(|path| (path.group.as_ref().unwrap().id.as_str(), path.in_force, path.priority_winner))
        .collect();
    assert_eq!(ways, [("00g1", true, true), ("00g2", false, false)]);
    let cannot = verdict(&readings, "ann@acme.test", "Ops");
    assert_eq!(cannot.stopped_by().unwrap().rule, "profile");
    assert_eq!(cannot.paths[0].stopped_by.as_deref(), Some("group `first` is first in priority"));
}

#[test]
fn an_individual_assignment_stands_alone() {
    let readings = read(direct());
    let cannot = verdict(&readings, "bob@acme.test", "ReadOnly");
    assert!(cannot.stopped_by().unwrap().text.contains("counts alone while joinAllRoles is off"));
    let own = verdict(&readings, "bob@acme.test", "Admin");
    assert_eq!(own.paths[0].kind, PathKind::OwnProfile);
    assert_eq!(
        own.paths[0].hops[1].removed_by.as_deref(),
        Some("taking `Admin` out of samlRoles of the user's assignment")
    );
    let shadowed = verdict(&readings, "bob@acme.test", "Ops");
    assert_eq!(shadowed.near_misses[0].kind, "shadowed");
}

#[test]
fn a_group_tells_what_it_confers_and_on_whom() {
    let readings = read(mapped());
    let (answer, _) = what_group(&readings, "aws_111122223333_Admin").unwrap();
    assert_eq!(answer.members, 3);
    assert!(answer.members_read && !answer.assigned);
    assert_eq!(answer.filter.as_deref(), Some("match"));
    let people: Vec<&str> = answer.roles[0].people.iter().map(|person| person.id.as_str()).collect();
    // The others are members too, but not assigned, or suspended.
    assert_eq!(people, ["00uA"]);
    let (answer, _) = what_group(&readings, "00gUsers").unwrap();
    assert!(answer.assigned && answer.roles.is_empty());
}
