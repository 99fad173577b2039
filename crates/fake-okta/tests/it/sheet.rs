//! The sheet of endpoints: for each, who may ask, the OAuth scope, the fields, the pages and the errors. One row per
//! endpoint, reads and writes.

mod beside;
mod read_table;
mod reads;
mod write_table;
mod writes;

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, CustomRole, Group, GroupRule, Options, Org, RateLimits, ResourceSet,
    RoleTargets, ServiceApp, TokenRole, User,
};
use serde_json::{Value, json};

use crate::client::{Client, Got};
use crate::oauth::Key;
use read_table::{READS, Read};
use write_table::{WRITES, Write};

/// Tokens of the columns `who`.
const TOKENS: [&str; 5] = ["super", "read_only", "app_admin", "group_admin", "app_group_admin"];

fn org() -> Org {
    Org::new("acme")
        .everyone()
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cy@acme.test").id("00uC"))
        .group(Group::new("first").id("gX").members(["00uA"]))
        .group(Group::new("second").id("gY"))
        .rule(GroupRule::new("rule", "true").id("0pr1").assigns(["gX"]).holds(["00uA"]))
        .rule(GroupRule::new("idle", "true").id("0pr2").assigns(["gY"]).inactive())
        .app(
            App::aws("0oaAWS")
                .saml_iam_roles(["Admin"])
                .group(AppGroup::new("gX").saml_roles(["Admin"]))
                .user(AppUser::direct("00uB").saml_roles(["Admin"])),
        )
        .app(App::new("0oaOld", "bookmark", "Old").status("INACTIVE"))
        .user_role("00uB", AdminRole::AppAdmin, RoleTargets::all().apps(["amazon_aws"]))
        .group_role("gX", AdminRole::GroupAdmin, RoleTargets::all().groups(["gY"]))
        .custom_role(CustomRole::new("Reviewer").id("cr0R").permissions(["okta.apps.read"]))
        .resource_set(ResourceSet::new("AWS").id("iamS").resources(["/api/v1/groups"]).bind("cr0R", ["00uA"]))
}

fn service_app() -> (Key, ServiceApp) {
    let key = Key::new("k1");
    let scopes = READS.iter().map(|read| read.2).chain(WRITES.iter().map(|write| write.4));
    let scopes: Vec<&str> = scopes.filter(|scope| scope.starts_with("okta.")).collect();
    let app = ServiceApp::new("0oaSVC").key(key.public()).role(TokenRole::Super).grant(scopes);
    (key, app)
}

fn options() -> Options {
    let service_apps = vec![service_app().1];
    Options { frozen_clock: true, rate_limits: RateLimits::UNLIMITED, service_apps, ..Options::default() }
}

async fn client() -> Client {
    let client = Client::with(org(), options());
    // Something in the log, and a hook in the list.
    client.fake.change(|org| org.add_member("gY", "00uB"));
    let made = client.send("POST", "/api/v1/eventHooks", Some(hook())).await;
    assert_eq!(made.status, 200, "{}", made.text);
    client
}

fn hook() -> Value {
    json!({"name": "wake", "events": {"type": "EVENT_TYPE", "items": ["group.user_membership.add"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://rolebook.acme.test/hook", "headers": [],
            "authScheme": {"type": "HEADER", "key": "Authorization", "value": "CANARY"}}}})
}

fn answer_code(got: &Got) -> (u16, String) {
    (got.status, if got.text.is_empty() { String::new() } else { got.code() })
}

fn with(path: &str, parameter: &str) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{parameter}")
}
