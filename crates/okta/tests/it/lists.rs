//! Every read against the fake Okta, and its lists at the borders of their pages.

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, FakeOkta, Group, GroupRule, Options, Org, RateLimits, RoleTargets,
    User,
};
use rolebook_okta::shapes::AppId;
use rolebook_okta::{Client, GroupQuery, Method, Request};
use serde::Deserialize;

use crate::quick;

fn start(org: Org, change: impl FnOnce(&mut Options)) -> FakeOkta {
    let mut options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    change(&mut options);
    FakeOkta::start(org, options).unwrap()
}

fn reader(fake: &FakeOkta) -> Client {
    Client::new(quick(fake.url(), &fake.token("super"))).unwrap()
}

fn aws() -> AppId {
    AppId::new("0oaAWS").unwrap()
}

#[tokio::test]
async fn p1_no_groups_are_one_call() {
    let fake = start(Org::new("acme"), |_| {});
    let (groups, skipped) = reader(&fake).groups(&GroupQuery::default()).unwrap().all().await.unwrap();
    assert!(groups.is_empty() && skipped.is_empty());
    assert_eq!(fake.log_lines(), ["GET /api/v1/groups?limit=200"]);
}

#[tokio::test]
async fn p2_app_groups_at_the_border_of_a_page() {
    for (count, pages) in [(200, 1), (201, 2)] {
        let mut app = App::aws("0oaAWS");
        let mut org = Org::new("acme");
        for number in 0..count {
            org = org.group(Group::new(format!("g{number}")).id(format!("00g{number}")));
            app = app.group(AppGroup::new(format!("00g{number}")).priority(number).saml_roles(["Admin"]));
        }
        let fake = start(org.app(app), |_| {});
        let (mut groups, _) = reader(&fake).app_groups(&aws(), true).unwrap().all().await.unwrap();
        assert_eq!(fake.log().len(), pages);
        assert!(groups.iter().all(|group| group.group().is_some_and(|group| group.name().starts_with('g'))));
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        groups.dedup_by(|a, b| a.id == b.id);
        assert_eq!(groups.len(), count as usize);
    }
}

#[tokio::test]
async fn p3_app_users_at_the_border_of_a_page() {
    for (count, pages, next_loses_expand) in [(500, 1, false), (501, 2, false), (501, 2, true)] {
        let mut app = App::aws("0oaAWS");
        let mut org = Org::new("acme");
        for number in 0..count {
            org = org.user(User::new(format!("u{number}@acme.test")).id(format!("00u{number}")));
            app = app.user(AppUser::direct(format!("00u{number}")).saml_roles(["Admin"]));
        }
        let fake = start(org.app(app), |options| options.next_loses_expand = next_loses_expand);
        let (mut users, _) = reader(&fake).app_users(&aws()).unwrap().all().await.unwrap();
        assert_eq!(fake.log().len(), pages);
        assert!(users.iter().all(|user| user.user().is_some()), "every page was expanded");
        users.sort_by(|a, b| a.id.cmp(&b.id));
        users.dedup_by(|a, b| a.id == b.id);
        assert_eq!(users.len(), count);
    }
}

#[tokio::test]
async fn p10_role_assignees_at_the_border_of_a_page() {
    for (count, pages) in [(100, 1), (101, 2)] {
        let mut org = Org::new("acme");
        for number in 0..count {
            org = org.user(User::new(format!("u{number}@acme.test")).id(format!("00u{number}"))).user_role(
                &format!("00u{number}"),
                AdminRole::ReadOnlyAdmin,
                RoleTargets::all(),
            );
        }
        let fake = start(org, |_| {});
        let (assignees, _) = reader(&fake).role_assignees().unwrap().all().await.unwrap();
        // The token's own owner holds a role too, if the fake counts him.
        assert!((count..=count + 1).contains(&assignees.len()), "{}", assignees.len());
        assert!((pages..=2).contains(&fake.log().len()));
    }
}

#[tokio::test]
async fn next_links_of_the_admin_console_are_read_on_the_configured_host() {
    let mut org = Org::new("acme");
    for number in 0..450 {
        org = org.group(Group::new(format!("g{number}")));
    }
    let fake = start(org, |options| options.next_origin = Some("https://acme-admin.okta.com".into()));
    let mut config = quick(fake.url(), &fake.token("super"));
    config.other_hosts = vec!["acme-admin.okta.com".into()];
    let (groups, _) =
        Client::new(config).unwrap().groups(&GroupQuery::default()).unwrap().all().await.unwrap();
    assert_eq!((groups.len(), fake.log().len()), (450, 3));
}

#[tokio::test]
async fn every_read_reads() {
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("aws-admins").id("00gX").members(["00uA", "00uB"]))
        .group(Group::new("imported").id("00gAD").from_app("0oaAD"))
        .rule(
            GroupRule::new("eng", "user.department==\"Eng\"").id("0pr1").assigns(["00gX"]).excludes(["00uB"]),
        )
        .app(App::active_directory("0oaAD"))
        .app(
            App::aws("0oaAWS")
                .setting("joinAllRoles", true)
                .setting("secretKey", "canary")
                .union(true)
                .implicit_assignment(true)
                .saml_iam_roles(["Admin", "Ops"])
                .group(AppGroup::new("00gX").priority(3).saml_roles(["Admin"]))
                .user(AppUser::direct("00uA").saml_roles(["Ops"]).user_name("ann")),
        )
        .user_role("00uA", AdminRole::AppAdmin, RoleTargets::all().apps(["amazon_aws"]))
        .group_role("00gX", AdminRole::AppAdmin, RoleTargets::all());
    let fake = start(org, |_| {});
    let okta = reader(&fake);
    let (ann, bob) = ("00uA".parse().unwrap(), "00uB".parse().unwrap());
    let (admins, imported) = ("00gX".parse().unwrap(), "00gAD".parse().unwrap());

    assert_eq!(okta.org().await.unwrap().subdomain.as_deref(), Some("acme"));
    assert!(okta.me().await.unwrap().status.is_some());
    let user = okta.user(&ann).await.unwrap();
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Name {
        first_name: String,
    }
    assert_eq!(user.profile.read::<Name>().unwrap().first_name, "Ann");
    assert!(okta.users(1).unwrap().next_page().await.unwrap().unwrap().next.is_some());
    let (groups, _) = okta.user_groups(&ann).unwrap().all().await.unwrap();
    assert_eq!(groups[0].name(), "aws-admins");

    let (apps, _) = okta.apps_named("amazon_aws").unwrap().all().await.unwrap();
    assert_eq!(apps.iter().map(|app| app.id.as_str()).collect::<Vec<_>>(), ["0oaAWS"]);
    let app = okta.app(&aws()).await.unwrap();
    assert_eq!(app.sign_on_mode.as_deref(), Some("SAML_2_0"));
    assert_eq!(app.settings.app()["joinAllRoles"], true);
    assert_eq!(app.settings.withheld(), ["secretKey"]);
    assert_eq!(app.settings.implicit_assignment, Some(true));
    let schema = okta.app_schema(&aws()).await.unwrap();
    assert_eq!(schema.base_property("samlRoles").unwrap()["union"], "ENABLE");
    assert_eq!(okta.app_types(&aws()).await.unwrap().values("SamlIamRole"), ["Admin", "Ops"]);

    let assigned = okta.app_user(&aws(), &ann).await.unwrap();
    assert_eq!((assigned.scope.as_deref(), assigned.user_name()), (Some("USER"), Some("ann")));
    let granted = okta.app_user(&aws(), &bob).await.unwrap();
    assert_eq!(granted.scope.as_deref(), Some("GROUP"));
    assert_eq!(granted.granting_group().as_ref(), Some(&admins));
    assert_eq!(okta.app_group(&aws(), &admins).await.unwrap().priority, Some(3));
    assert!(okta.app_group(&aws(), &imported).await.unwrap_err().is_gone());

    let query = GroupQuery { expand: Some("stats"), ..GroupQuery::default() };
    let (groups, _) = okta.groups(&query).unwrap().all().await.unwrap();
    assert!(groups.iter().all(|group| group.stats().is_some()));
    let query = GroupQuery { filter: Some("type eq \"APP_GROUP\"".into()), ..GroupQuery::default() };
    let (groups, _) = okta.groups(&query).unwrap().all().await.unwrap();
    assert_eq!((groups.len(), groups[0].source_id()), (1, Some("0oaAD")));
    assert_eq!(okta.group(&imported).await.unwrap().group_type.as_deref(), Some("APP_GROUP"));
    assert_eq!(okta.group_members(&admins).unwrap().all().await.unwrap().0.len(), 2);
    let (rules, _) = okta.group_rules().unwrap().all().await.unwrap();
    assert_eq!(rules[0].expression(), Some("user.department==\"Eng\""));
    assert_eq!((rules[0].target_groups(), rules[0].excluded_users()), (&[admins.clone()][..], &[bob][..]));

    let (roles, _) = okta.user_roles(&ann, Some("targets/catalog/apps")).unwrap().all().await.unwrap();
    assert!(roles.iter().any(|role| role.assignment_type.as_deref() == Some("USER")
        && role.role_type.as_deref() == Some("APP_ADMIN")
        && role.targets().is_some()));
    assert!(roles.iter().any(|role| role.assignment_type.as_deref() == Some("GROUP")));
    assert_eq!(okta.group_roles(&admins, None).unwrap().all().await.unwrap().0.len(), 1);
    assert!(!okta.role_assignees().unwrap().all().await.unwrap().0.is_empty());
}

#[tokio::test]
async fn a_read_only_token_is_refused_where_okta_refuses_it() {
    let fake = start(Org::new("acme").app(App::aws("0oaAWS")), |_| {});
    let okta = Client::new(quick(fake.url(), &fake.token("read_only"))).unwrap();
    okta.app(&aws()).await.unwrap();
    assert!(okta.role_assignees().unwrap().next_page().await.unwrap_err().is_refused());
    let stranger = Client::new(quick(fake.url(), "00nobody")).unwrap();
    assert!(stranger.org().await.unwrap_err().is_unauthenticated());
}

#[tokio::test]
async fn a_membership_is_written_and_the_log_of_the_fake_shows_one_call() {
    let org = Org::new("acme").user(User::new("ann@acme.test").id("00uA")).group(Group::new("g").id("00gX"));
    let fake = start(org, |_| {});
    let put = Request::new(Method::PUT, "/api/v1/groups/00gX/users/00uA").unwrap();
    let answer = reader(&fake).send(put).await.unwrap();
    assert_eq!((answer.status(), answer.is_empty()), (204, true));
    assert!(fake.with_org(|org| org.is_member("00gX", "00uA")));
    assert_eq!(fake.log_lines(), ["PUT /api/v1/groups/00gX/users/00uA"]);
}
