//! What a plan foretells against what the fake, whose rules of scope, priority, union and join are written apart from
//! ours, makes of the same calls: in orgs of chance, for every kind of wish.

use std::collections::BTreeSet;

use rolebook_connector::{Asked, Outcome, TargetName};
use rolebook_fake_okta::{App, AppGroup, AppUser, Org};
use rolebook_federation::plan::{LastRole, RoleName, Situation};

use crate::{
    desk::{Desk, block, converting, for_group, grant, member_of, revoke, role},
    run::{direct, group, people},
};

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn some(&mut self, of: &[&'static str]) -> Vec<&'static str> {
        of.iter().copied().filter(|_| self.roll(2) == 0).collect()
    }
}

const ROLES: [&str; 4] = ["Admin", "Ops", "ReadOnly", "Audit"];
const GROUPS: [&str; 3] = ["g1", "g2", "g3"];
const USERS: [&str; 3] = ["00uA", "00uB", "00uC"];

fn direct_org(dice: &mut Dice) -> Org {
    let mut org = people();
    let mut app =
        direct().setting("joinAllRoles", dice.roll(2) == 0).union(dice.roll(2) == 0).saml_iam_roles(ROLES);
    for (priority, id) in (0..).zip(GROUPS) {
        org = org.group(group(id, id, []).members(dice.some(&USERS)));
        if dice.roll(4) > 0 {
            let assigned = AppGroup::new(id).priority(priority).saml_roles(dice.some(&ROLES));
            app = app.group(if dice.roll(3) == 0 { assigned.role("Ops") } else { assigned });
        }
    }
    for user in USERS {
        if dice.roll(2) == 0 {
            let own = AppUser::direct(user).saml_roles(dice.some(&ROLES));
            app = app.user(if dice.roll(3) == 0 { own.role("Audit") } else { own });
        }
    }
    org.app(app)
}

fn mapped_org(dice: &mut Dice) -> Org {
    let mut org = people();
    for (id, name) in GROUPS.into_iter().zip(ROLES) {
        org = org.group(group(id, &format!("aws_111122223333_{name}"), []).members(dice.some(&USERS)));
    }
    org = org.group(group("gStaff", "Staff", []).members(dice.some(&USERS)));
    let mut app = App::aws_mapping("0oaAWS").group(AppGroup::new("gStaff").priority(0));
    for user in USERS {
        if dice.roll(2) == 0 {
            app = app.user(AppUser::direct(user));
        }
    }
    org.app(app)
}

fn wish(dice: &mut Dice, maps: bool) -> Asked {
    let user = USERS[dice.roll(3)];
    let target = match dice.roll(4) {
        0 => member_of(GROUPS[dice.roll(3)]),
        1 => TargetName::App,
        _ => role(ROLES[dice.roll(if maps { 3 } else { 4 })]),
    };
    let mut asked = if dice.roll(2) == 0 { grant(target, user) } else { revoke(target, user) };
    if dice.roll(4) == 0 && !matches!(asked.target, TargetName::Group(_)) {
        asked = for_group(asked, GROUPS[dice.roll(3)]);
    } else if dice.roll(8) == 0 {
        asked = revoke(TargetName::All, user);
    }
    if dice.roll(2) == 0 {
        asked = converting(asked);
    }
    asked.last_role = [LastRole::Keep, LastRole::Unassign, LastRole::Group][dice.roll(3)];
    if maps && dice.roll(2) == 0 {
        asked.with_app = Some((dice.roll(2) == 0).then(|| "Staff".to_owned()));
    }
    asked
}

fn roles(situation: &Situation) -> BTreeSet<RoleName> {
    situation.roles_held().into_iter().collect()
}

/// Plans and carries out chance wishes; says how many were done.
fn foretold(seeds: std::ops::Range<u64>, maps: bool) -> usize {
    let mut done = 0;
    for seed in seeds {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let org = if maps { mapped_org(&mut dice) } else { direct_org(&mut dice) };
        let desk = Desk::of(org);
        for _ in 0..4 {
            let asked = wish(&mut dice, maps);
            desk.fake().clear_log();
            let Ok(changed) = desk.change(&asked) else {
                assert_eq!(desk.writes(), [""; 0], "seed {seed}: {asked:?}: a refusal writes nothing");
                continue;
            };
            let plan = &changed.planned.plan;
            let outcome = changed.applied.outcome;
            assert!(
                matches!(outcome, Outcome::Done | Outcome::AlreadySo),
                "seed {seed}: {asked:?}: {}: {:#?}",
                changed.applied.says,
                plan
            );
            assert_eq!(desk.writes().len(), plan.steps.len(), "seed {seed}: {asked:?}");
            // Every person of the org, not only the one asked about: what the plan says of its person is all there is.
            let before = &changed.planned.fresh.situation;
            let after = plan.steps.iter().fold(before.clone(), |at, step| at.after(step));
            let now = block(async { desk.place().await.fresh(&changed.planned.request).await.unwrap() });
            assert_eq!(
                roles(&after),
                roles(&now.situation),
                "seed {seed}: {asked:?}\nplan {plan:#?}\nfrom {:#?}",
                before.user
            );
            if before.user.is_some() && !plan.steps.is_empty() {
                let (had, has) = (roles(before), roles(&now.situation));
                let wished = changed.planned.request.wish.role();
                let gained: Vec<_> =
                    has.difference(&had).filter(|role| Some(*role) != wished).cloned().collect();
                assert_eq!(gained, plan.gains, "seed {seed}: {asked:?}");
                if !matches!(asked.target, TargetName::All) {
                    let lost: Vec<_> =
                        had.difference(&has).filter(|role| Some(*role) != wished).cloned().collect();
                    assert_eq!(lost, plan.loses, "seed {seed}: {asked:?}");
                }
            }
            done += usize::from(outcome == Outcome::Done);
        }
        if desk.audit_path().exists() {
            desk.chain_is_whole();
        }
    }
    done
}

#[test]
fn plans_foretell_what_happens_where_assignments_decide() {
    assert!(foretold(0..25, false) > 20);
}

#[test]
fn plans_foretell_what_happens_where_group_names_decide() {
    assert!(foretold(100..120, true) > 15);
}
