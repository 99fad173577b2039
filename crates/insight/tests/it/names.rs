//! Names: of people, groups, roles and accounts.

use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org, User};
use rolebook_insight::{Error, ErrorKind, RolePattern, what, what_group, who};

use crate::synced::{APP, read};

fn org() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .user(User::new("ann.lee@acme.test").id("00uL").name("Ann", "Lee"))
        .user(User::new("bob@acme.test").id("00uB").name("Bob", "Moe"))
        .group(Group::new("Ops").id("00gOps").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "team/Admin", "[prod-eu] -- Admin", "[prod-us] -- PowerUser"])
                .group(AppGroup::new("00gOps").priority(0).saml_roles(["Admin"]))
                .user(AppUser::direct("00uA").saml_roles(["team/Admin"]))
                .user(AppUser::direct("00uL").saml_roles(["[prod-eu] -- Admin"])),
        )
}

#[test]
fn people_by_id_login_or_exact_name() {
    let readings = read(org());
    for text in ["00uB", "bob@acme.test", "BOB@acme.test", "Bob Moe"] {
        assert_eq!(what(&readings, text).unwrap().person.id, "00uB", "{text}");
    }
    let error = what(&readings, "Ann Lee").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let Error::Ambiguous { candidates, .. } = &error else { panic!("{error:?}") };
    assert_eq!(candidates, &["ann.lee@acme.test (00uL)", "ann@acme.test (00uA)"]);
}

#[test]
fn an_unknown_name_lists_the_three_nearest() {
    let readings = read(org());
    let error = what(&readings, "anne@acme.test").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let Error::Unknown { nearest, .. } = &error else { panic!("{error:?}") };
    assert_eq!(nearest.len(), 3);
    assert_eq!(nearest[0], "ann@acme.test");
    assert!(error.to_string().contains("acme.c1z (as of 2026-09-01"), "{error}");

    let error = what_group(&readings, "Opps").unwrap_err();
    assert!(matches!(&error, Error::Unknown { nearest, .. } if nearest == &["Ops"]), "{error:?}");
    let error = who(&readings, &RolePattern::parse("111122223333/Admn")).unwrap_err();
    assert!(
        matches!(&error, Error::Unknown { nearest, .. } if nearest[0] == "111122223333/Admin"),
        "{error:?}"
    );
}

#[test]
fn roles_by_pattern() {
    let readings = read(org());
    let found = |pattern: RolePattern| -> Vec<String> {
        who(&readings, &pattern).unwrap().roles.iter().map(|role| role.role.key()).collect()
    };
    let parsed = |text: &str| found(RolePattern::parse(text));
    assert_eq!(parsed("111122223333/Admin"), ["111122223333/Admin"]);
    assert_eq!(parsed("prod-*/*Admin*"), ["prod-eu/Admin"]);
    assert_eq!(parsed("prod-??/*"), ["prod-eu/Admin", "prod-us/PowerUser"]);
    assert_eq!(parsed("*/admin"), ["111122223333/Admin", "prod-eu/Admin"]);
    assert_eq!(parsed("111122223333/team/Admin"), ["111122223333/team/Admin"]);
    assert_eq!(parsed("PowerUser"), ["prod-us/PowerUser"]);
    assert_eq!(parsed("arn:aws:iam::111122223333:role/Admin"), ["111122223333/Admin"]);
    assert_eq!(found(RolePattern::of(Some("prod-eu"), None)), ["prod-eu/Admin"]);
    assert_eq!(found(RolePattern::of(None, Some("power*"))), ["prod-us/PowerUser"]);
    assert_eq!(found(RolePattern::of(Some("alias=prod-*"), Some("Admin"))), ["prod-eu/Admin"]);
    assert!(who(&readings, &RolePattern::of(Some("environment=production"), None)).is_err());
}
