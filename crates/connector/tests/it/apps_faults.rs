//! Faults of the wire against a sync of several apps: each file is true, or its app says why there is none.

use std::path::Path;

use rolebook_connector::{AppEnd, AppsChoice, AppsOptions, AppsSync, Silent, Summary};
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Options, Org, User};
use rolebook_ledger::{Coverage, Facts, ListCoverage};
use rolebook_snapshot::{Limits, Snapshot};

use crate::run::{Run, group, mapping, unlimited};

const PATHS: [&str; 9] = [
    "/api/v1/org",
    "/api/v1/users/me",
    "/api/v1/apps",
    "/api/v1/apps/0oaAWS/users",
    "/api/v1/apps/0oaDirect/groups",
    "/api/v1/groups",
    "/api/v1/groups/*/users",
    "/api/v1/groups/rules",
    "/api/v1/meta/schemas/apps/*/default",
];

fn org() -> Org {
    let users = ["00uA", "00uB", "00uC"];
    Org::new("acme")
        .users(users.map(|id| User::new(format!("{id}@acme.test")).id(id)))
        .group(group("g1", "aws_111122223333_Admin", users))
        .group(group("g2", "aws_111122223333_Ops", ["00uA", "00uB"]))
        .group(group("g3", "other", []))
        .app(mapping().group(AppGroup::new("g1").priority(0)).user(AppUser::direct("00uC")))
        .app(
            App::aws("0oaDirect")
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .group(AppGroup::new("g1").priority(0).saml_roles(["Admin"]))
                .group(AppGroup::new("g2").priority(1).saml_roles(["Ops"]))
                .user(AppUser::direct("00uC").saml_roles(["Dev"])),
        )
}

fn run() -> Run {
    Run::with(org(), Options { largest_page: Some(2), gzip: true, ..unlimited() }).plain()
}

/// How each app ended; the whole run may fail at the entrance.
fn sync(run: &Run) -> Result<Vec<(String, AppEnd)>, rolebook_connector::SyncError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let client = run.client();
        let options = AppsOptions {
            folder: run.file().with_file_name("apps"),
            apps: AppsChoice::All,
            read: run.sync.read.clone(),
            accounts: Vec::new(),
            accounts_of: None,
            switches: run.sync.switches,
            resume_max_age: run.sync.resume_max_age,
            incremental: None,
            writer: run.sync.writer.clone(),
        };
        let clock = || run.clock();
        let mut sync = AppsSync::begin(&client, &options, &clock, &Silent).await?;
        let mut ends = Vec::new();
        while let Some(done) = sync.next([9; 16]).await {
            ends.push((done.id, done.end));
        }
        drop(sync.end());
        Ok(ends)
    })
}

fn facts(run: &Run, id: &str) -> Facts {
    let path = run.file().with_file_name("apps").join(format!("{id}.c1z"));
    let snapshot = Snapshot::open(Path::new(&path), &Limits::default()).unwrap();
    rolebook_ledger::read(&snapshot.rows(&snapshot.latest_full().unwrap().id)).unwrap()
}

/// Everything but the record of how it was read.
fn bare(facts: &Facts) -> Facts {
    Facts { coverage: Coverage::default(), ..facts.clone() }
}

fn faults(path: &str) -> Vec<Fault> {
    let on = || Fault::on(path);
    let all = [
        on().status(401).code("E0000011"),
        on().status(403).code("E0000006"),
        on().status(500),
        on().gone(),
        on().html(),
        on().body("null"),
        on().content_type("text/plain"),
        on().cut(),
        on().drop_connection(),
        on().truncated_gzip(),
    ];
    let passing = [on().status(503).count(1), on().cut().count(1), on().overlap(1).page(1), on().skew(-3600)];
    let links = [on().next_repeats(), on().next_endless(), on().next_foreign("https://evil.test")];
    let second = all.clone().map(|fault| fault.page(2));
    all.into_iter().chain(second).chain(passing).chain(links).collect()
}

/// A file that does not say that something is missing must be as if nothing had happened.
fn is_true(summary: &Summary, seen: &Facts, whole: &Facts, fault: &Fault) {
    let full = |list: &ListCoverage| matches!(list, ListCoverage::Full { .. });
    let told = !seen.coverage.lists.values().all(full)
        || !seen.coverage.partial.is_empty()
        || seen.coverage.reader.is_none();
    let warned = summary.warnings.iter().any(|warning| {
        ["list-not-read", "group-gone", "members-not-read", "entry-unreadable"].contains(&warning.code)
    });
    assert!(told || warned || bare(seen) == bare(whole), "silently: {fault:?}");
}

#[test]
fn no_fault_makes_a_file_that_is_not_true() {
    let clean = run();
    let ends = sync(&clean).unwrap();
    assert!(
        ends.iter().all(|(_, end)| matches!(end, AppEnd::Sealed(summary) if summary.held.is_none())),
        "{ends:?}"
    );
    let whole: Vec<(String, Facts)> = ends.iter().map(|(id, _)| (id.clone(), facts(&clean, id))).collect();
    for path in PATHS {
        for fault in faults(path) {
            let run = run().fault(fault.clone());
            let token = run.fake.token("read_only");
            let ends = match sync(&run) {
                Ok(ends) => ends,
                Err(error) => {
                    let text = format!("{error} {error:?} {}", error.hint());
                    assert!(!text.contains(&token) && !error.hint().is_empty(), "{fault:?}: {error}");
                    assert!(!run.file().with_file_name("apps").join("0oaAWS.c1z").exists());
                    continue;
                }
            };
            for ((id, end), (_, whole)) in ends.iter().zip(&whole) {
                match end {
                    AppEnd::Sealed(summary) if summary.held.is_none() => {
                        assert!(!format!("{summary:?}").contains(&token));
                        is_true(summary, &facts(&run, id), whole, &fault);
                    }
                    AppEnd::Sealed(summary) => {
                        assert!(summary.held.iter().all(|held| !held.reasons.is_empty()), "{fault:?}");
                    }
                    AppEnd::Failed(error) => {
                        let text = format!("{error} {error:?} {}", error.hint());
                        assert!(!text.contains(&token) && !error.hint().is_empty(), "{fault:?}: {error}");
                        assert!(!run.file().with_file_name("apps").join(format!("{id}.c1z")).exists());
                    }
                    AppEnd::NotBegun => assert!(
                        ends.iter().any(
                            |(_, end)| matches!(end, AppEnd::Failed(error) if error.is_unauthenticated())
                        ),
                        "{fault:?}"
                    ),
                    AppEnd::Before { .. } => panic!("{fault:?}: nothing was sealed before"),
                }
            }
        }
    }
}
