//! People and groups are found by the names that people use.

use rolebook_fake_okta::User;

use super::{
    orgs,
    place::{Place, okta},
};

#[test]
fn a_person_is_found_by_address_local_part_and_beginning() {
    let org = orgs::small()
        .user(User::new("cyd@acme.test").id("00uCyd").name("Cy", "Young").attribute("email", "cy@ext.test"))
        .user(User::new("cyn@acme.test").id("00uCyn").name("Cyn", "Old"));
    let place = Place::new();
    let org = org.app(
        rolebook_fake_okta::App::aws_mapping("0oaAWS")
            .user(rolebook_fake_okta::AppUser::direct("00uCyd"))
            .user(rolebook_fake_okta::AppUser::direct("00uCyn")),
    );
    place.synced(&okta(org), "super");
    for name in ["cy@ext.test", "CYD", "cyd@ac"] {
        let what = place.run(&format!("what {name} -o json")).succeeded().json();
        assert_eq!(what["person"]["id"], "00uCyd", "{name}");
    }
    place.run("what cy").failed(2).says(["`cy` names several people", "cyd@acme.test (00uCyd)"]);
    place.run("what nobody").failed(3);
}

/// The snapshot knows the names of groups that play no part; *no such group* would be false.
#[test]
fn a_group_that_gives_nothing_is_no_unknown_group() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let end = place.run("what --group Kitchen").succeeded();
    assert!(end.out.contains("not assigned to the app"), "{}", end.out);
    assert!(end.out.contains("confers no role"), "{}", end.out);
    place.run("what --group Nope").failed(3);
}

#[test]
fn can_is_an_exit_code() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let end = place.run("can ann@acme.test 111122223333/Admin").succeeded();
    assert!(end.out.contains("yes  111122223333/Admin"), "{}", end.out);
    let end = place.run("can bob@acme.test 111122223333/Admin");
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert!(end.out.contains("no   111122223333/Admin"), "{}", end.out);
    place.run("can dora 111122223333/Admin").failed(3);
}
