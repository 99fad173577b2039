//! Scope × join × union × conversion flag, written out: what a grant of Audit and a revocation of Ops come to.
//!
//! Groups gX (first in priority: Admin, Ops) and gY (ReadOnly). Unassigned: in no group. USER: in gY, own role Ops.
//! GROUP: in both, with the profile that Okta writes under that union.

use rolebook_federation::{
    Scope, Union,
    plan::{Action, Principal, Refusal, Step, Target, Wish, plan},
};

use crate::plan_org::{PlanOrg, role};

#[derive(Clone, Copy)]
enum Cell {
    None,
    User,
    Group,
}

fn org(cell: Cell, join: bool, union: Union) -> PlanOrg {
    let org = PlanOrg::direct(join, union)
        .assigned("gX", 0, &["Admin", "Ops"])
        .assigned("gY", 1, &["ReadOnly"])
        .catalogue(&["Admin", "Ops", "ReadOnly", "Audit"]);
    match cell {
        Cell::None => org.person(&[]),
        Cell::User => org.person(&["gY"]).app_user(Scope::User, &["Ops"], &[]),
        Cell::Group => {
            let shown: &[&str] = match union {
                Union::Enabled => &["Admin", "Ops", "ReadOnly"],
                Union::Disabled | Union::Unknown => &["Admin", "Ops"],
            };
            org.person(&["gX", "gY"]).app_user(Scope::Group, shown, &[])
        }
    }
}

fn words(org: &PlanOrg, action: Action, name: &str, flag: bool) -> String {
    let mut wish = Wish::new(action, Principal::User, Target::Role(role(name)));
    wish.allow_conversion = flag;
    let ids = |groups: &[rolebook_federation::plan::Named]| {
        groups.iter().map(|group| group.id.clone()).collect::<Vec<_>>().join(", ")
    };
    let plan = match plan(&org.situation, &wish) {
        Ok(plan) => plan,
        Err(Refusal::GroupScope { groups, .. }) => {
            return format!("refused: scope GROUP by {}", ids(&groups));
        }
        Err(Refusal::FromGroups { groups, .. }) => return format!("refused: from {}", ids(&groups)),
        Err(other) => return format!("refused: {other}"),
    };
    // Whatever the cell: nobody loses by a grant, nobody gains by a revocation, and nothing but the wish happens.
    assert!(plan.gains.is_empty() && plan.loses.is_empty(), "{plan:?}");
    match plan.steps.as_slice() {
        [] if plan.already_so.is_some() => "already so".to_owned(),
        [Step::AssignUser { roles, .. }] => format!("assign [{}]", roles.join(", ")),
        [Step::SetUserRoles { before, after, convert, .. }] => format!(
            "{} [{}] to [{}]",
            if *convert { "convert" } else { "set" },
            before.join(", "),
            after.join(", ")
        ),
        other => panic!("{other:?}"),
    }
}

macro_rules! cells {
    ($($name:ident: $cell:expr, $join:expr, $union:expr, $flag:expr, $grant:expr, $revoke:expr;)*) => {
        $(#[test]
        fn $name() {
            let org = org($cell, $join, $union);
            assert_eq!(words(&org, Action::Grant, "Audit", $flag), $grant);
            assert_eq!(words(&org, Action::Revoke, "Ops", $flag), $revoke);
        })*

        #[test]
        fn no_cell_is_missing() {
            let names = [$(stringify!($name)),*];
            assert_eq!(names.len(), 3 * 2 * 3 * 2);
        }
    };
}

cells! {
unassigned_no_join_union_off_no_flag: Cell::None, false, Union::Disabled, false,
    "assign [Audit]", "already so";
unassigned_no_join_union_off_flag: Cell::None, false, Union::Disabled, true,
    "assign [Audit]", "already so";
unassigned_no_join_union_on_no_flag: Cell::None, false, Union::Enabled, false,
    "assign [Audit]", "already so";
unassigned_no_join_union_on_flag: Cell::None, false, Union::Enabled, true,
    "assign [Audit]", "already so";
unassigned_no_join_union_unknown_no_flag: Cell::None, false, Union::Unknown, false,
    "assign [Audit]", "already so";
unassigned_no_join_union_unknown_flag: Cell::None, false, Union::Unknown, true,
    "assign [Audit]", "already so";
unassigned_join_union_off_no_flag: Cell::None, true, Union::Disabled, false,
    "assign [Audit]", "already so";
unassigned_join_union_off_flag: Cell::None, true, Union::Disabled, true,
    "assign [Audit]", "already so";
unassigned_join_union_on_no_flag: Cell::None, true, Union::Enabled, false,
    "assign [Audit]", "already so";
unassigned_join_union_on_flag: Cell::None, true, Union::Enabled, true,
    "assign [Audit]", "already so";
unassigned_join_union_unknown_no_flag: Cell::None, true, Union::Unknown, false,
    "assign [Audit]", "already so";
unassigned_join_union_unknown_flag: Cell::None, true, Union::Unknown, true,
    "assign [Audit]", "already so";
user_no_join_union_off_no_flag: Cell::User, false, Union::Disabled, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_no_join_union_off_flag: Cell::User, false, Union::Disabled, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_no_join_union_on_no_flag: Cell::User, false, Union::Enabled, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_no_join_union_on_flag: Cell::User, false, Union::Enabled, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_no_join_union_unknown_no_flag: Cell::User, false, Union::Unknown, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_no_join_union_unknown_flag: Cell::User, false, Union::Unknown, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_off_no_flag: Cell::User, true, Union::Disabled, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_off_flag: Cell::User, true, Union::Disabled, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_on_no_flag: Cell::User, true, Union::Enabled, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_on_flag: Cell::User, true, Union::Enabled, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_unknown_no_flag: Cell::User, true, Union::Unknown, false,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
user_join_union_unknown_flag: Cell::User, true, Union::Unknown, true,
    "set [Ops] to [Ops, Audit]", "set [Ops] to []";
group_no_join_union_off_no_flag: Cell::Group, false, Union::Disabled, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_no_join_union_off_flag: Cell::Group, false, Union::Disabled, true,
    "convert [Admin, Ops] to [Admin, Ops, Audit]", "convert [Admin, Ops] to [Admin]";
group_no_join_union_on_no_flag: Cell::Group, false, Union::Enabled, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_no_join_union_on_flag: Cell::Group, false, Union::Enabled, true,
    "convert [Admin, Ops, ReadOnly] to [Admin, Ops, ReadOnly, Audit]", "convert [Admin, Ops, ReadOnly] to [Admin, ReadOnly]";
group_no_join_union_unknown_no_flag: Cell::Group, false, Union::Unknown, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_no_join_union_unknown_flag: Cell::Group, false, Union::Unknown, true,
    "convert [Admin, Ops] to [Admin, Ops, Audit]", "convert [Admin, Ops] to [Admin]";
group_join_union_off_no_flag: Cell::Group, true, Union::Disabled, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_join_union_off_flag: Cell::Group, true, Union::Disabled, true,
    "convert [Admin, Ops] to [Audit]", "refused: from gX";
group_join_union_on_no_flag: Cell::Group, true, Union::Enabled, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_join_union_on_flag: Cell::Group, true, Union::Enabled, true,
    "convert [Admin, Ops, ReadOnly] to [Audit]", "refused: from gX";
group_join_union_unknown_no_flag: Cell::Group, true, Union::Unknown, false,
    "refused: scope GROUP by gX, gY", "refused: from gX";
group_join_union_unknown_flag: Cell::Group, true, Union::Unknown, true,
    "convert [Admin, Ops] to [Audit]", "refused: from gX";}
