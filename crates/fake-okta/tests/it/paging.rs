//! Page sizes at their boundaries, cursors and links.

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Group, GroupRule, Options, Org, OverMax, RoleTargets, User, UserStatus,
};

use crate::client::Client;

const APP: &str = "/api/v1/apps/0oaAWS";

fn users(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("u{n}@acme.test")).collect()
}

fn org_with_groups(count: usize) -> Org {
    Org::new("acme").groups((0..count).map(|n| Group::new(format!("g{n}"))))
}

fn org_with_members(count: usize) -> Org {
    Org::new("acme").group(Group::new("all").id("gX").members(users(count)))
}

fn org_with_app_users(count: usize) -> Org {
    let app = users(count).into_iter().fold(App::aws("0oaAWS"), |app, user| app.user(AppUser::direct(user)));
    Org::new("acme").app(app)
}

fn org_with_app_groups(count: usize) -> Org {
    let app = (0..count).fold(App::aws("0oaAWS"), |app, n| app.group(AppGroup::new(format!("g{n}"))));
    Org::new("acme").app(app)
}

fn org_with_user_groups(count: usize) -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .groups((0..count).map(|n| Group::new(format!("g{n}")).members(["00uA"])))
}

fn org_with_rules(count: usize) -> Org {
    (0..count).fold(Org::new("acme"), |org, n| org.rule(GroupRule::new(format!("r{n}"), "true")))
}

fn org_with_apps(count: usize) -> Org {
    (0..count)
        .fold(Org::new("acme"), |org, n| org.app(App::new(format!("0oa{n}"), "bookmark", format!("App {n}"))))
}

/// Path, page it is asked with, default page and maximum, and an org with so many rows.
type Row = (&'static str, usize, usize, fn(usize) -> Org);

const LISTS: [Row; 8] = [
    ("/api/v1/groups", 10_000, 10_000, org_with_groups),
    ("/api/v1/groups/gX/users", 1000, 1000, org_with_members),
    ("/api/v1/apps/0oaAWS/users", 50, 500, org_with_app_users),
    ("/api/v1/apps/0oaAWS/groups", 20, 200, org_with_app_groups),
    ("/api/v1/users/00uA/groups", 200, 200, org_with_user_groups),
    ("/api/v1/groups/rules", 50, 200, org_with_rules),
    ("/api/v1/apps", 20, 200, org_with_apps),
    ("/api/v1/users", 200, 200, |count| Org::new("acme").users(users(count).into_iter().map(User::new))),
];

#[tokio::test]
async fn every_list_breaks_at_its_own_sizes() {
    for (path, default, max, org) in LISTS {
        let joined = |query: &str| format!("{path}{query}");
        let none = Client::new(org(0));
        // A member list of nothing belongs to a group without members; the other lists are simply empty.
        assert_eq!(none.page_sizes(path).await, [0], "{path}");
        assert_eq!(Client::new(org(default)).page_sizes(path).await, [default], "{path}");
        assert_eq!(Client::new(org(default + 1)).page_sizes(path).await, [default, 1], "{path}");
        let full = Client::new(org(max));
        assert_eq!(full.page_sizes(&joined(&format!("?limit={max}"))).await, [max], "{path}");
        let over = Client::new(org(max + 1));
        assert_eq!(over.page_sizes(&joined(&format!("?limit={max}"))).await, [max, 1], "{path}");
        assert_eq!(
            over.page_sizes(&joined(&format!("?limit={}", max + 1))).await,
            [max, 1],
            "{path}: clamped"
        );
        over.fake.configure(|options| options.over_max = OverMax::Reject);
        let refused = over.get(&joined(&format!("?limit={}", max + 1))).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "E0000001"), "{path}");
    }
}

#[tokio::test]
async fn pages_bring_everything_once_and_in_order() {
    let client = Client::new(org_with_app_groups(47));
    let pages = client.pages(&format!("{APP}/groups?limit=10&expand=group")).await;
    let names: Vec<String> = pages
        .iter()
        .flatten()
        .map(|row| row["_embedded"]["group"]["profile"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, (0..47).map(|n| format!("g{n}")).collect::<Vec<_>>());
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 10, 10, 7]);
}

#[tokio::test]
async fn links_are_separate_lines_and_keep_the_query() {
    let client = Client::new(org_with_app_users(3));
    let got = client.get(&format!("{APP}/users?expand=user&limit=2&unknown=1")).await;
    assert_eq!(got.headers.get_all("link").iter().count(), 2);
    assert_eq!(got.self_link().unwrap(), format!("{}{APP}/users?limit=2&expand=user", client.fake.url()));
    let next = got.next().unwrap();
    assert!(next.contains("expand=user") && next.contains("%3D"), "{next}");
    assert!(client.get(&next).await.json()[0]["_embedded"]["user"]["id"].is_string());
    let twice = client.get(&format!("{next}&limit=2")).await;
    assert_eq!((twice.status, twice.code().as_str()), (400, "E0000037"));
    client.fake.configure(|options| options.next_loses_expand = true);
    assert!(
        !client.get(&format!("{APP}/users?expand=user&limit=2")).await.next().unwrap().contains("expand")
    );
}

#[tokio::test]
async fn next_may_name_another_host() {
    let options = Options { next_origin: Some("https://acme.okta.test".to_owned()), ..Options::default() };
    let client = Client::with(org_with_groups(3), options);
    let got = client.get("/api/v1/groups?limit=2").await;
    assert!(got.next().unwrap().starts_with("https://acme.okta.test/api/v1/groups?after="));
    assert!(got.self_link().unwrap().starts_with(client.fake.url()));
    client.fake.change(|org| {
        for user in ["00uX", "00uY"] {
            org.put_user_role(user, AdminRole::AppAdmin, RoleTargets::all());
        }
    });
    let page = client.json("/api/v1/iam/assignees/users?limit=1").await;
    assert!(
        page["_links"]["next"]["href"].as_str().unwrap().starts_with("https://acme.okta.test/api/v1/iam/")
    );
    assert!(page["_links"]["self"]["href"].as_str().unwrap().starts_with(client.fake.url()));
}

#[tokio::test]
async fn a_cursor_is_no_good_for_another_list() {
    let client = Client::new(org_with_groups(3));
    let next = client.get("/api/v1/groups?limit=2").await.next().unwrap();
    let stolen = next.replace("/api/v1/groups?", "/api/v1/users?");
    assert_eq!(client.get(&stolen).await.code(), "E0000029");
}

#[tokio::test]
async fn groups_can_be_limited_to_200() {
    let client = Client::new(org_with_groups(201));
    client.fake.configure(|options| options.groups_max = 200);
    assert_eq!(client.page_sizes("/api/v1/groups").await, [200, 1]);
}

#[tokio::test]
async fn role_assignees_page_in_the_body() {
    for (holders, expected) in [(0, vec![0]), (100, vec![100]), (101, vec![100, 1])] {
        let org = Org::new("acme").group(Group::new("admins").members(users(holders)));
        let client = Client::new(org.group_role("admins", AdminRole::AppAdmin, RoleTargets::all()));
        let mut url = "/api/v1/iam/assignees/users".to_owned();
        let mut sizes = Vec::new();
        loop {
            let got = client.get(&url).await;
            assert!(got.headers.get("link").is_none());
            let page = got.json();
            sizes.push(page["value"].as_array().unwrap().len());
            match page["_links"]["next"]["href"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => break,
            }
        }
        assert_eq!(sizes, expected);
    }
}

#[tokio::test]
async fn a_change_in_mid_walk_neither_breaks_nor_repeats_the_walk() {
    let client = Client::new(org_with_members(6));
    let first = client.get("/api/v1/groups/gX/users?limit=3").await;
    client.fake.change(|org| org.remove_member("gX", "u0@acme.test"));
    let second = client.pages(&first.next().unwrap()).await;
    assert_eq!(second.concat().len(), 3);
}

#[tokio::test]
async fn users_leave_out_the_deprovisioned_unless_searched() {
    let org = Org::new("acme")
        .user(User::new("old@acme.test").status(UserStatus::Deprovisioned))
        .user(User::new("ann@acme.test"));
    let client = Client::new(org);
    let count = async |path: &str| client.json(path).await.as_array().unwrap().len();
    assert_eq!(count("/api/v1/users").await, 1);
    assert_eq!(count("/api/v1/users?q=old").await, 0);
    assert_eq!(count("/api/v1/users?search=status%20pr").await, 2);
    assert_eq!(count("/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22").await, 1);
    let both = client.get("/api/v1/users?search=status%20pr&filter=status%20eq%20%22ACTIVE%22").await;
    assert_eq!(both.code(), "E0000033");
}
