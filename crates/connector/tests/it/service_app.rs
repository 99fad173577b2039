//! The sync under an OAuth service app.

use std::sync::Arc;

use jiff::Timestamp;
use rolebook_connector::{ErrorKind, Right, Stage, SyncError};
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Options, Org, ServiceKey, TokenRole};
use rolebook_ledger::ListCoverage;
use rolebook_okta::{PrivateKey, READ_SCOPES, Secret, ServiceApp};

use crate::run::{APP, Run, direct, group, mapping, people, unlimited};

const CLIENT: &str = "0oaSVC";

/// A run as a service app with an admin role, with all read scopes granted.
fn run(org: Org, role: TokenRole, scopes: &[&str]) -> Run {
    let key = ServiceKey::generate("k1").unwrap();
    let known = rolebook_fake_okta::ServiceApp::new(CLIENT)
        .key(key.public_jwk())
        .grant(READ_SCOPES)
        .role(role)
        .dpop(true);
    let okta = Options { service_apps: vec![known], frozen_clock: true, ..unlimited() };
    let start: Timestamp = okta.start_time;
    let key = PrivateKey::parse(&Secret::from(key.private_pem()), None).unwrap();
    let app = ServiceApp::new(CLIENT, key, Arc::new(move || start)).unwrap();
    Run::with(org, okta).service_app(app.with_scopes(scopes).unwrap())
}

fn assigned() -> App {
    direct()
        .group(AppGroup::new("gX").saml_roles(["Admin"]))
        .user(AppUser::direct("00uA").saml_roles(["Ops"]))
}

fn org() -> Org {
    people().group(group("gX", "aws-admins", ["00uB"])).app(assigned())
}

#[test]
fn it_reads_what_a_token_reads_except_the_catalogue() {
    let by_token = Run::of(org()).token("super").done();
    let run = run(org(), TokenRole::Super, &READ_SCOPES);
    let done = run.done();
    assert_eq!(done.facts.users, by_token.facts.users);
    assert_eq!(done.facts.groups, by_token.facts.groups);
    assert_eq!(done.facts.admin_roles, by_token.facts.admin_roles);
    assert_eq!(done.asked("/types"), 0);
    assert_eq!(done.asked("/users/me"), 0);
    // Two more than needed, for finding out about DPoP.
    assert_eq!(done.summary.requests, done.summary.bound.requests() + 2);
    let coverage = &done.facts.coverage;
    let reader = coverage.reader.as_ref().unwrap();
    assert_eq!((reader.id.as_str(), reader.login.as_str()), (CLIENT, ""));
    let ListCoverage::Not { why } = &coverage.lists["types"] else { panic!("{:?}", coverage.lists) };
    assert!(why.contains("service apps"), "{why}");
    assert!(coverage.is_complete());
}

#[test]
fn check_says_who_asks_and_what_is_not_for_it() {
    let run = run(org(), TokenRole::ReadOnly, &READ_SCOPES);
    let probe = run.check().unwrap();
    assert_eq!(probe.reader.as_ref().unwrap().id, CLIENT);
    let right = |stage: Stage| &probe.lists.iter().find(|(listed, _)| *listed == stage).unwrap().1;
    assert_eq!(*right(Stage::Schema), Right::Yes);
    assert!(matches!(right(Stage::Types), Right::No { essential: false, .. }));
    assert_eq!(probe.cost.fixed, 5);
    assert_eq!(run.fake.log().iter().filter(|logged| logged.path.ends_with("/types")).count(), 0);
}

#[test]
fn without_an_admin_role_nothing_is_written_and_the_hint_says_why() {
    let org = people().app(mapping());
    for run in [run(org, TokenRole::NoRole, &READ_SCOPES), run(self::org(), TokenRole::NoRole, &READ_SCOPES)]
    {
        let error = run.refused();
        assert!(matches!(&error, SyncError::SeesNothing { client_id } if client_id == CLIENT), "{error}");
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.hint().contains("admin role"), "{}", error.hint());
        assert!(matches!(run.check().unwrap_err(), SyncError::SeesNothing { .. }));
    }
}

/// The list of users is refused for want of a scope; then empty lists are no proof that nobody is there.
#[test]
fn empty_lists_are_not_believed_when_nobody_was_seen() {
    let scopes: Vec<&str> = READ_SCOPES.into_iter().filter(|scope| *scope != "okta.users.read").collect();
    let empty = || people().app(direct());
    let blind = run(empty(), TokenRole::ReadOnly, &scopes);
    let summary = blind.summary_on(|| {}).unwrap();
    assert!(summary.held.is_some() && !blind.file().exists());
    // With somebody in sight the app may well be empty.
    let done = run(empty(), TokenRole::ReadOnly, &READ_SCOPES).done();
    assert_eq!(done.facts.users.len(), 0);
    // And with somebody in the lists, too.
    run(org(), TokenRole::ReadOnly, &scopes).done();
}

#[test]
fn a_missing_scope_is_named() {
    for missing in ["okta.apps.read", "okta.groups.read"] {
        let scopes: Vec<&str> = READ_SCOPES.into_iter().filter(|scope| *scope != missing).collect();
        let org = people().group(group("gX", "aws_111122223333_Admin", ["00uB"])).app(mapping());
        let error = run(org, TokenRole::ReadOnly, &scopes).refused();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains(&format!("the OAuth scope {missing} is missing")), "{error}");
    }
    // Optional lists do without.
    let scopes: Vec<&str> = READ_SCOPES.into_iter().filter(|scope| *scope != "okta.schemas.read").collect();
    let done = run(org(), TokenRole::ReadOnly, &scopes).done();
    let ListCoverage::Not { why } = &done.facts.coverage.lists["schema"] else { panic!("was read") };
    assert!(why.contains("okta.schemas.read"), "{why}");
}

/// X10 under OAuth: an access token that ends in the middle is replaced, once; a dead one ends the sync.
#[test]
fn a_401_in_the_middle_costs_one_renewal() {
    let many = || {
        (0..600).fold(org(), |org, n| {
            org.user(rolebook_fake_okta::User::new(format!("u{n}@acme.test")).id(format!("00u{n:05}")))
        })
    };
    let org = || {
        let app = (0..600)
            .fold(assigned(), |app, n| app.user(AppUser::direct(format!("00u{n:05}")).saml_roles(["Ops"])));
        many().app(app.clone())
    };
    let fault = || Fault::on(format!("/api/v1/apps/{APP}/users")).page(2).status(401);
    let expected = run(org(), TokenRole::ReadOnly, &READ_SCOPES).done();
    let run_once = run(org(), TokenRole::ReadOnly, &READ_SCOPES).fault(fault().count(1));
    let done = run_once.done();
    assert_eq!(done.facts.users, expected.facts.users);
    assert_eq!(done.summary.requests, expected.summary.requests + 2, "a token and the page again");
    let error = run(org(), TokenRole::ReadOnly, &READ_SCOPES).fault(fault()).refused();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

/// Whatever befalls the token endpoint: a true file or a truthful error, and no secret in any text.
#[test]
fn faults_of_the_token_endpoint_are_told() {
    let whole = run(org(), TokenRole::ReadOnly, &READ_SCOPES).done();
    let on = || Fault::on("/oauth2/v1/token");
    let lasting = [
        on().status(400).code("E0000001"),
        on().status(401).code("E0000011"),
        on().status(403).code("E0000006"),
        on().status(500),
        on().status(503).html(),
        on().gone(),
        on().html(),
        on().body("null"),
        on().body("{}"),
        on().body(""),
        on().content_type("text/plain"),
        on().cut(),
        on().drop_connection(),
        on().truncated_gzip(),
    ];
    for fault in lasting {
        let run = run(org(), TokenRole::ReadOnly, &READ_SCOPES).fault(fault.clone());
        match run.summary_on(|| {}) {
            Err(error) => {
                let text = format!("{error} {error:?} {}", error.hint());
                assert!(!error.hint().is_empty(), "{fault:?}: {error}");
                assert!(!text.contains("eyJ") && !text.contains("PRIVATE"), "{fault:?}: {text}");
                assert!(!run.file().exists(), "{fault:?}");
            }
            // A content type that is wrong need not matter where the body is right.
            Ok(_) => assert_eq!(run.open().0.users, whole.facts.users, "{fault:?}"),
        }
    }
    for fault in [on().status(500), on().status(503), on().cut(), on().drop_connection(), on().skew(3600)] {
        let run = run(org(), TokenRole::ReadOnly, &READ_SCOPES).fault(fault.clone().count(1));
        assert_eq!(run.done().facts.users, whole.facts.users, "{fault:?}");
    }
}
