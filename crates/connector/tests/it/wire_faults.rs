//! Every fault of the wire at every endpoint that a sync asks, in both modes: the file is true, or the error is. Never
//! is anything lost without a word, and no text holds the token.
//!
//! Every list has several pages here, because the fake is told to give two entries at a time.

use std::time::Duration;

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, CustomRole, Fault, GroupRule, Options, Org, ResourceSet, RoleTargets,
    User,
};
use rolebook_ledger::{Coverage, Facts, ListCoverage};

use crate::run::{Run, direct, group, mapping, unlimited};

/// Endpoints of both modes.
const BOTH: [&str; 17] = [
    "/api/v1/org",
    "/api/v1/users/me",
    "/api/v1/apps",
    "/api/v1/apps/*/users",
    "/api/v1/apps/*/groups",
    "/api/v1/groups/*/users",
    "/api/v1/groups/rules",
    "/api/v1/iam/assignees/users",
    "/api/v1/users/*/roles",
    "/api/v1/groups/*/roles",
    "/api/v1/users/00uZ",
    "/api/v1/iam/roles",
    "/api/v1/iam/roles/*/permissions",
    "/api/v1/iam/resource-sets",
    "/api/v1/iam/resource-sets/*/resources",
    "/api/v1/iam/resource-sets/*/bindings",
    "/api/v1/iam/resource-sets/*/bindings/*/members",
];
const MAPPING: [&str; 1] = ["/api/v1/groups"];
const DIRECT: [&str; 2] = ["/api/v1/meta/schemas/apps/*/default", "/api/v1/internal/apps/*/types"];

fn org(app: App) -> Org {
    let users = ["00uA", "00uB", "00uC", "00uD", "00uE", "00uZ"];
    let mut org = Org::new("acme").users(users.map(|id| User::new(format!("{id}@acme.test")).id(id)));
    let mut app = app.saml_iam_roles(["Admin", "Ops", "Never"]);
    for (n, name) in ["Admin", "Ops", "Dev"].into_iter().enumerate() {
        let id = format!("g{n}");
        org = org
            .group(group(&id, &format!("aws_111122223333_{name}"), ["00uA", "00uB", "00uC"]))
            .group(group(&format!("x{n}"), &format!("other {n}"), []))
            .rule(GroupRule::new(name, "true").id(format!("0pr{n}")).assigns([id.clone()]))
            .custom_role(CustomRole::new(name).id(format!("cr{n}")).permissions(["okta.apps.read"]));
        app = app.group(AppGroup::new(id).priority(i64::try_from(n).unwrap()).saml_roles([name]));
    }
    let set =
        |id: &str| ResourceSet::new(id).id(id).resources((0..3).map(|n| format!("/api/v1/groups/g{n}")));
    org.resource_set(
        set("iam1").bind("cr0", ["00uD", "00uE", "g0"]).bind("cr1", ["00uA"]).bind("cr2", ["00uB"]),
    )
    .resource_set(set("iam2").bind("cr0", ["00uZ"]))
    .resource_set(set("iam3"))
    .user_role("00uA", AdminRole::SuperAdmin, RoleTargets::all())
    .user_role("00uD", AdminRole::ReadOnlyAdmin, RoleTargets::all())
    .group_role("g1", AdminRole::AppAdmin, RoleTargets::all())
    .app(
        ["00uD", "00uE"]
            .into_iter()
            .fold(app, |app, user| app.user(AppUser::direct(user).saml_roles(["Ops"]))),
    )
}

fn run(app: &App) -> Run {
    let okta = Options { largest_page: Some(2), gzip: true, ..unlimited() };
    Run::with(org(app.clone()), okta).token("super").options(|sync| sync.read.custom_roles = true)
}

/// Faults that a sync must get over without a trace: what is asked again comes whole.
fn passing(path: &str) -> Vec<Fault> {
    let on = || Fault::on(path);
    let once = |fault: Fault| [fault.clone().count(1), fault.page(2).count(1)];
    let again = [
        on().status(500),
        on().status(502).html(),
        on().status(503).code("E0000009"),
        on().status(504),
        on().rate_limited().reset(0),
        on().cut(),
        on().drop_connection(),
        on().truncated_gzip(),
    ];
    let always = [
        on().latency(Duration::from_millis(2)),
        on().duplicate().page(1),
        on().overlap(1).page(1),
        on().empty_last_page().count(1),
        on().skew(3600),
        on().skew(-3600),
        on().no_date(),
        on().no_rate_headers(),
    ];
    again.into_iter().flat_map(once).chain(always).collect()
}

/// Faults that nothing can be made of.
fn lasting(path: &str) -> Vec<Fault> {
    let on = || Fault::on(path);
    let whole = [
        on().status(400).code("E0000001"),
        on().status(401).code("E0000011"),
        on().status(403).code("E0000006"),
        on().status(403).html(),
        on().status(404).code("E0000008"),
        on().status(500),
        on().gone(),
        on().feature_off(),
        on().html(),
        on().body("null"),
        on().body("{}"),
        on().body(""),
        on().content_type("text/plain"),
        on().cut(),
        on().drop_connection(),
        on().truncated_gzip(),
    ];
    let from_second_page = whole.clone().map(|fault| fault.page(2));
    let links = [on().next_repeats(), on().next_endless(), on().next_foreign("https://evil.test")];
    whole.into_iter().chain(from_second_page).chain(links).collect()
}

/// Everything but the record of how it was read.
fn bare(facts: &Facts) -> Facts {
    Facts { coverage: Coverage::default(), ..facts.clone() }
}

fn endpoints(own: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    BOTH.into_iter().chain(own.iter().copied())
}

fn passes(app: &App, own: &'static [&'static str]) {
    let whole = run(app).done();
    let asked = |path: &str| whole.log.iter().any(|entry| pattern_fits(path, &entry.path));
    for path in endpoints(own) {
        assert!(asked(path), "{path} is not asked at all");
        for fault in passing(path) {
            let done = run(app).fault(fault.clone()).done();
            assert_eq!(bare(&done.facts), bare(&whole.facts), "{fault:?}");
            assert_eq!(
                done.facts.coverage.lists.keys().collect::<Vec<_>>(),
                whole.facts.coverage.lists.keys().collect::<Vec<_>>()
            );
            let full = |list: &ListCoverage| matches!(list, ListCoverage::Full { .. });
            assert!(
                done.facts.coverage.lists.values().all(full),
                "{fault:?}: {:?}",
                done.facts.coverage.lists
            );
            assert_eq!(done.summary.warnings, whole.summary.warnings, "{fault:?}");
        }
    }
}

fn pattern_fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern.zip(path).all(|(want, part)| want == "*" || want == part)
}

fn is_told(app: &App, own: &'static [&'static str]) {
    let whole = run(app).done();
    for path in endpoints(own) {
        for fault in lasting(path) {
            let run = run(app).fault(fault.clone());
            let token = run.fake.token("super");
            match run.summary_on(|| {}) {
                Err(error) => {
                    let text = format!("{error} {error:?} {}", error.hint());
                    assert!(!text.contains(&token), "{fault:?}");
                    assert!(!error.hint().is_empty(), "{fault:?}: {error}");
                    assert!(!run.file().exists(), "{fault:?}: {error}");
                }
                Ok(summary) => {
                    assert!(!format!("{summary:?}").contains(&token), "{fault:?}");
                    if let Some(held) = &summary.held {
                        assert!(!held.reasons.is_empty() && !run.file().exists(), "{fault:?}");
                        continue;
                    }
                    let (facts, _) = run.open();
                    let lists = facts.coverage.lists.values();
                    let silent = lists.clone().all(|list| matches!(list, ListCoverage::Full { .. }))
                        && summary.warnings == whole.summary.warnings
                        && facts.coverage.reader.is_some();
                    if silent {
                        assert_eq!(bare(&facts), bare(&whole.facts), "silently: {fault:?}");
                    }
                    // Whatever is there was there without the fault, too.
                    let ids =
                        |facts: &Facts| facts.users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
                    assert!(ids(&facts).iter().all(|id| ids(&whole.facts).contains(id)), "{fault:?}");
                }
            }
        }
    }
}

#[test]
fn what_passes_leaves_no_trace_in_group_mapping_mode() {
    passes(&mapping(), &MAPPING);
}

#[test]
fn what_passes_leaves_no_trace_in_direct_mode() {
    passes(&direct(), &DIRECT);
}

#[test]
fn what_lasts_is_told_in_group_mapping_mode() {
    is_told(&mapping(), &MAPPING);
}

#[test]
fn what_lasts_is_told_in_direct_mode() {
    is_told(&direct(), &DIRECT);
}
