//! What is kept of changes: undo, plans in files, and the file beside the snapshot.

use jiff::SignedDuration;
use rolebook_connector::{
    Applied, Applying, Asked, ChangeError, Outcome, PlanFile, TargetName, Who, remove_after, write_after,
};
use rolebook_fake_okta::{App, AppGroup, AppUser, Org};
use rolebook_federation::plan::LastRole;
use rolebook_ledger::{after_path, overlay, read_after};
use rolebook_snapshot::{Limits, Snapshot, SyncKind};

use crate::{
    desk::{Desk, block, converting, for_group, grant, member_of, now, revoke, role},
    run::{direct, group, mapping, people},
};

fn org() -> Org {
    people()
        .group(group("gX", "ops", ["00uB"]))
        .group(group("gY", "readers", ["00uA"]))
        .group(group("gOut", "outside", []))
        .app(
            direct()
                .saml_iam_roles(["Admin", "Ops", "ReadOnly", "Audit"])
                .group(AppGroup::new("gX").priority(3).saml_roles(["Admin", "Ops"]))
                .group(AppGroup::new("gY").priority(5).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Ops"])),
        )
}

fn undo(desk: &Desk, op: &str) -> Result<Applied, ChangeError> {
    block(async {
        let mut audit = desk.audit().await;
        let mut place = desk.place().await;
        let undo = place.undo(&audit, op).await?;
        let mut applying = Applying {
            place: &mut place,
            audit: &mut audit,
            who: Who::default(),
            author: None,
            clock: &now,
            patience: desk.patience,
        };
        applying.carry_out(&undo.planned, &desk.op(), Some(op)).await
    })
}

#[test]
fn every_change_can_be_taken_back_once() {
    let last = |last_role| Asked { last_role, ..revoke(role("Ops"), "00uA") };
    let changes = [
        grant(member_of("gOut"), "00uA"),
        revoke(member_of("gX"), "00uB"),
        grant(role("Admin"), "00uC"),
        grant(role("Audit"), "00uA"),
        converting(grant(role("Audit"), "00uB")),
        last(LastRole::Group),
        for_group(grant(role("Audit"), ""), "gOut"),
        for_group(grant(role("Audit"), ""), "gX"),
        for_group(revoke(TargetName::App, ""), "gX"),
    ];
    for asked in changes {
        let desk = Desk::of(org());
        let state = || {
            let people = ["00uA", "00uB", "00uC"].map(|user| desk.assignment(user));
            let groups = ["gX", "gY", "gOut"].map(|group| desk.group_assignment(group));
            let members = ["gX", "gY", "gOut"].map(|group| {
                desk.fake()
                    .with_org(|org| org.members(group).into_iter().map(str::to_owned).collect::<Vec<_>>())
            });
            (people, groups, members)
        };
        let before = state();
        let done = desk.ends(&asked, Outcome::Done);
        assert_ne!(before, state(), "{asked:?}");
        let op = done.applied.op.unwrap();
        let undone = undo(&desk, &op).unwrap();
        assert_eq!(undone.outcome, Outcome::Done, "{asked:?}: {}", undone.says);
        assert_eq!(before, state(), "{asked:?}");
        let again = undo(&desk, &op).unwrap_err();
        assert!(matches!(again, ChangeError::NoUndo { .. }), "{again}");
        desk.chain_is_whole();
    }
}

#[test]
fn what_has_changed_since_is_not_undone() {
    let desk = Desk::of(org());
    let op = desk.ends(&grant(role("Audit"), "00uA"), Outcome::Done).applied.op.unwrap();
    desk.fake().change(|org| {
        org.put_app_user("0oaAWS", AppUser::direct("00uA").saml_roles(["Ops", "Audit", "ReadOnly"]))
    });
    let error = undo(&desk, &op).unwrap_err();
    assert!(error.to_string().contains("changed since"), "{error}");
    assert_eq!(desk.assignment("00uA").unwrap().1, ["Ops", "Audit", "ReadOnly"]);
    // Nor what was changed and changed back.
    let desk = Desk::of(org());
    let op = desk.ends(&grant(role("Audit"), "00uA"), Outcome::Done).applied.op.unwrap();
    desk.fake().advance(std::time::Duration::from_secs(5));
    desk.fake()
        .change(|org| org.put_app_user("0oaAWS", AppUser::direct("00uA").saml_roles(["Ops", "Audit"])));
    assert!(matches!(undo(&desk, &op), Err(ChangeError::NoUndo { .. })));
    assert!(matches!(undo(&desk, "nothing"), Err(ChangeError::Audit(_))));
}

#[test]
fn an_assignment_with_a_default_role_does_not_come_back_by_saml_roles_alone() {
    let org = people().app(direct().user(AppUser::direct("00uA").saml_roles(["Admin"]).role("Admin")));
    let desk = Desk::of(org);
    let op = desk.ends(&revoke(TargetName::App, "00uA"), Outcome::Done).applied.op.unwrap();
    let error = undo(&desk, &op).unwrap_err();
    assert!(error.to_string().contains("attributes"), "{error}");
}

#[test]
fn a_plan_file_is_whole_young_and_for_one_place() {
    let desk = Desk::of(org());
    let author = Who { os_user: "ann".to_owned(), host: "desk".to_owned(), ..Who::default() };
    let (file, place) = block(async {
        let place = desk.place().await;
        let request = place.request(&grant(role("Audit"), "00uA")).await.unwrap();
        let planned = place.plan(&request).await.unwrap();
        (PlanFile::new(&place, &[planned], author.clone(), now()), place)
    });
    let text = serde_json::to_string_pretty(&file).unwrap();
    let read = PlanFile::parse(&text, now() + SignedDuration::from_hours(23)).unwrap();
    assert_eq!((&read, &read.author), (&file, &author));
    read.check_place(&place).unwrap();
    for (from, to) in [("Audit", "Admin"), ("00uA", "00uB"), ("\"ann\"", "\"bob\""), ("POST", "PUT")] {
        let edited = PlanFile::parse(&text.replace(from, to), now());
        assert!(matches!(edited, Err(ChangeError::Edited { .. })), "{from}");
    }
    let late = PlanFile::parse(&text, now() + SignedDuration::from_hours(25));
    assert!(matches!(late, Err(ChangeError::TooOld { .. })));
    let early = PlanFile::parse(&text, now() - SignedDuration::from_hours(2));
    assert!(matches!(early, Err(ChangeError::TooOld { .. })));
    for no_plan in ["", "{}", "[]", "{\"format\":1}", &text.replace("\"format\": 1", "\"format\": 9")] {
        assert!(matches!(PlanFile::parse(no_plan, now()), Err(ChangeError::NoPlan(_))), "{no_plan}");
    }
    let elsewhere = PlanFile { org: "00oOTHER".to_owned(), ..file };
    assert!(matches!(elsewhere.check_place(&place), Err(ChangeError::OtherPlan { .. })));
}

#[test]
fn a_plan_is_put_into_words_by_who_applies_it() {
    let desk = Desk::of(org());
    block(async {
        let place = desk.place().await;
        let honest = place.request(&grant(role("Audit"), "00uA")).await.unwrap();
        let forged = rolebook_connector::Request { says: "grant nothing to nobody".to_owned(), ..honest };
        let planned = place.plan(&forged).await.unwrap();
        assert_eq!(planned.request.says, "grant 111122223333/Audit to ann@acme.test");
        // Notes and collateral of a file are not what anybody sees; steps and preconditions are compared.
        let mut file = planned.plan.clone();
        file.notes = vec!["harmless".to_owned()];
        planned.confirms(&file).unwrap();
        file.steps.pop();
        assert!(matches!(planned.confirms(&file), Err(ChangeError::Stale(_))));
    });
}

#[test]
fn a_plan_is_applied_only_when_the_facts_still_make_it() {
    let desk = Desk::of(org());
    block(async {
        let mut audit = desk.audit().await;
        let mut place = desk.place().await;
        let request = place.request(&grant(role("Audit"), "00uA")).await.unwrap();
        let planned = place.plan(&request).await.unwrap();
        desk.fake().change(|org| {
            org.put_app_user("0oaAWS", AppUser::direct("00uA").saml_roles(["Ops", "ReadOnly"]))
        });
        let mut applying = Applying {
            place: &mut place,
            audit: &mut audit,
            who: Who::default(),
            author: None,
            clock: &now,
            patience: desk.patience,
        };
        let error = applying.apply(&request, &planned.plan, "op").await.unwrap_err();
        let text = error.to_string();
        // Both values.
        assert!(text.contains("samlRoles [Ops]") && text.contains("samlRoles [Ops, ReadOnly]"), "{text}");
    });
    assert_eq!(desk.writes(), [""; 0]);
}

#[test]
fn what_was_read_after_a_write_lies_beside_the_snapshot() {
    let desk = Desk::of(org());
    let untouched = desk.run.bytes();
    let keep = |desk: &Desk, asked: &Asked, random: u8| {
        let done = desk.ends(asked, Outcome::Done);
        block(async {
            let place = desk.place().await;
            let fresh = vec![*done.applied.fresh.unwrap()];
            tokio::task::spawn_blocking(move || {
                write_after(&place, &fresh, "acceptance 1", now(), [random; 16]).unwrap().unwrap()
            })
            .await
            .unwrap()
        })
    };
    let path = keep(&desk, &grant(role("Audit"), "00uA"), 1);
    keep(&desk, &grant(role("Admin"), "00uC"), 2);
    assert_eq!(path, after_path(&desk.run.file()));
    assert_eq!(untouched, desk.run.bytes());

    let full = Snapshot::open(&desk.run.file(), &Limits::default()).unwrap().latest_full().unwrap();
    let after = Snapshot::open(&path, &Limits::default()).unwrap();
    let runs = after.syncs().unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((runs[0].kind.clone(), runs[0].parent), (SyncKind::Partial, Some(full.id)));
    assert!(after.latest_full().is_err(), "no reader takes it for the whole");

    // Both changes are in it, and only what was read.
    let newer = read_after(&desk.run.file(), &full).unwrap();
    let ids: Vec<&str> = newer.users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["00uA", "00uC"]);
    let base = desk.run.open().0;
    let merged = overlay(base.clone(), &newer);
    assert_eq!(merged.groups.len(), base.groups.len());
    let roles = |id: &str| {
        let user = merged.users.iter().find(|user| user.id.as_str() == id).unwrap();
        user.user.app_user.as_ref().map(|app_user| app_user.profile.saml_roles.clone())
    };
    assert_eq!(roles("00uA").unwrap(), ["Ops", "Audit"]);
    assert_eq!(roles("00uC").unwrap(), ["Admin"]);
    assert_eq!(roles("00uB"), base.users[1].user.app_user.as_ref().map(|u| u.profile.saml_roles.clone()));
    // Memberships of those who were not read again stay where they were.
    let bob = merged.users.iter().find(|user| user.id.as_str() == "00uB").unwrap();
    let held: Vec<&str> = bob.user.groups.iter().map(|ix| merged.groups[*ix as usize].id.as_str()).collect();
    assert_eq!(held, ["gX"]);

    #[cfg(unix)]
    {
        let link = desk.run.file().with_file_name("link.c1z");
        std::os::unix::fs::symlink(desk.run.file(), &link).unwrap();
        assert_eq!(read_after(&link, &full).unwrap(), newer);
    }

    // A sync that began before the change has not read it; one that began later has.
    remove_after(&desk.run.file(), now() - SignedDuration::from_secs(1)).unwrap();
    assert!(path.exists());
    remove_after(&desk.run.file(), now()).unwrap();
    assert!(!path.exists());
    remove_after(&desk.run.file(), now()).unwrap();
}

#[test]
fn a_snapshot_of_another_app_names_nobody_here() {
    let desk = Desk::of(org().app(App::aws("0oaOther").status("INACTIVE")));
    let error = block(async {
        let place = desk.place().await;
        let known = place.known().unwrap().clone();
        let client = desk.client();
        let other = rolebook_connector::AppChoice::Id("0oaOther".to_owned());
        let switches = rolebook_federation::Switches::default();
        rolebook_connector::Provisioning::open(client, &other, switches, desk.run.file(), Some(known)).await
    });
    assert!(matches!(error, Err(ChangeError::OtherSnapshot { .. })));
}

/// Okta lists a person's groups without the name of the app they are imported from. The snapshot knew it, and what is
/// laid over it must not take the role of everybody in such a group away.
#[test]
fn a_group_keeps_its_source_after_a_change() {
    let org = people()
        .app(App::active_directory("0oaAD"))
        .group(group("gAD", "aws_111122223333_Ad", ["00uA", "00uB"]).from_app("0oaAD"))
        .group(group("gOne", "aws_111122223333_One", ["00uA"]))
        .app(
            mapping()
                .setting("appFilter", "okta,active_directory")
                .user(AppUser::direct("00uA"))
                .user(AppUser::direct("00uB")),
        );
    let desk = Desk::of(org);
    let base = desk.run.open().0;
    let done = desk.ends(&revoke(role("One"), "00uA"), Outcome::Done);
    block(async {
        let place = desk.place().await;
        let fresh = vec![*done.applied.fresh.unwrap()];
        tokio::task::spawn_blocking(move || {
            write_after(&place, &fresh, "acceptance 1", now(), [1; 16]).unwrap()
        })
        .await
        .unwrap()
    });
    let full = Snapshot::open(&desk.run.file(), &Limits::default()).unwrap().latest_full().unwrap();
    let newer = read_after(&desk.run.file(), &full).unwrap();
    assert!(newer.groups.iter().any(|group| group.id.as_str() == "gAD"), "the group was read again");
    let merged = overlay(base, &newer);
    let found = merged.groups.iter().find(|group| group.id.as_str() == "gAD").unwrap();
    assert_eq!(found.group.origin.app_name.as_deref(), Some("active_directory"));
}
