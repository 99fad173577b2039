//! The orgs that these tests read.

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Group, GroupRule, Org, RoleTargets, User, UserStatus,
};

pub(crate) const APP: &str = "0oaAWS";

/// Three people, two accounts, one rule, one super administrator; group names decide.
pub(crate) fn small() -> Org {
    Org::new("acme")
        .user(
            User::new("ann@acme.test")
                .id("00uA")
                .name("Ann", "Lee")
                .attribute("secondEmail", "ann@home.test"),
        )
        .user(User::new("bob@acme.test").id("00uB").name("Bob", "Moe"))
        .user(User::new("cem@acme.test").id("00uC").name("Cem", "Oz").status(UserStatus::Suspended))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA"]))
        .group(Group::new("aws_111122223333_ReadOnly").id("00gRead").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("aws_444455556666_Ops").id("00gOps").members(["00uB"]))
        .group(Group::new("Staff").id("00gStaff").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("Kitchen").id("00gKitchen").members(["00uC"]))
        .rule(GroupRule::new("ops", "user.department==\"Ops\"").id("0prOps").assigns(["00gOps"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gStaff").priority(0)))
        .user_role("00uA", AdminRole::SuperAdmin, RoleTargets::all())
}

/// One account; assignments decide.
pub(crate) fn direct() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .user(User::new("bob@acme.test").id("00uB").name("Bob", "Moe"))
        .group(Group::new("Ops").id("00gOps").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly"])
                .group(AppGroup::new("00gOps").priority(0).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Admin"])),
        )
}

pub(crate) const LABEL: &str = "=HYPERLINK(\"http://evil.test\")\u{1b}[2J";

/// Names that their owners chose to harm terminals, spreadsheets and pages: id, name.
pub(crate) const HOSTILE_GROUPS: [(&str, &str); 8] = [
    ("00g1", "=cmd|' /C calc'!A0"),
    ("00g2", "@SUM(1+1)"),
    ("00g3", "-2+3"),
    ("00g4", "aws \u{202e}nimda\u{2066}x\u{2069}\u{200f}"),
    ("00g5", "two\nlines\r\nand a\ttab"),
    ("00g6", "<b onclick=\"alert(1)\">bold</b>"),
    ("00g7", "red\u{1b}[31m bell\u{7} csi\u{9b}2J nul-ish\u{1}"),
    ("00g8", "mark\u{61c} line\u{2028}paragraph\u{2029}end"),
];

/// Such people: id, login, first and last name.
pub(crate) const HOSTILE_PEOPLE: [(&str, &str, &str, &str); 4] = [
    ("00u1", "+plus@acme.test", "=cmd()", "+1"),
    ("00u2", "tag@acme.test", "<script>", "alert(1)</script>"),
    ("00u3", "bidi@acme.test", "\u{202e}olleH", "\u{1b}]0;title\u{7}"),
    ("00u4", "quote@acme.test", "O\"Brien, \"", "a;b\nc"),
];

/// An org of such names; each group is assigned, each person is in each group and has a role.
pub(crate) fn hostile() -> Org {
    let ids = || HOSTILE_PEOPLE.iter().map(|(id, ..)| *id);
    let mut org = Org::new("evil");
    for (id, login, first, last) in HOSTILE_PEOPLE {
        org = org.user(User::new(login).id(id).name(first, last));
    }
    let mut app = App::aws_mapping(APP).label(LABEL);
    for (priority, (id, name)) in HOSTILE_GROUPS.iter().enumerate() {
        org = org.group(Group::new(*name).id(*id).members(ids()));
        app = app.group(AppGroup::new(*id).priority(priority as i64));
    }
    // The role's name is what the filter lets through, and it may begin with a sign.
    org.group(Group::new("aws_111122223333_=@-+,.").id("00gR").members(ids())).app(app)
}
