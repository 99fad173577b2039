//! Which lists are essential, and what their failure does: no snapshot, or one that says what it lacks.

use rolebook_connector::{AdminRoles, ErrorKind, SyncError};
use rolebook_fake_okta::{AdminRole, App, AppGroup, AppUser, Fault, Org, RoleTargets};
use rolebook_ledger::ListCoverage;

use crate::run::{Run, direct, group, mapping, people};

fn org(app: App) -> Org {
    people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA", "00uB"]))
        .group(group("g2", "aws_111122223333_Ops", ["00uB"]))
        .app(
            app.group(AppGroup::new("g1").priority(0).saml_roles(["Admin"]))
                .user(AppUser::direct("00uC").saml_roles(["Ops"])),
        )
}

const ENTRANCE: [&str; 2] = ["/api/v1/org", "/api/v1/apps"];
const LISTS: [&str; 2] = ["/api/v1/apps/*/users", "/api/v1/apps/*/groups"];

/// Every essential list with an app in the mode that reads it.
fn essentials() -> Vec<(&'static str, App)> {
    let both = |path| [(path, mapping()), (path, direct())];
    ENTRANCE.into_iter().chain(LISTS).flat_map(both).chain([("/api/v1/groups", mapping())]).collect()
}

#[test]
fn a_refusal_of_an_essential_list_ends_the_sync() {
    for (path, app) in essentials() {
        for (status, code) in [(401, "E0000011"), (403, "E0000006"), (404, "E0000007"), (404, "E0000008")] {
            let fault = Fault::on(path).status(status).code(code);
            let error = Run::of(org(app.clone())).plain().fault(fault).refused();
            assert_eq!(error.kind(), ErrorKind::Refused, "{path} {status} {code}: {error}");
            assert!(!error.hint().is_empty(), "{path} {status}");
        }
    }
}

#[test]
fn a_refusal_leaves_the_earlier_file_byte_for_byte() {
    for (path, app) in essentials() {
        let run = Run::of(org(app)).plain();
        run.done();
        run.later(60);
        for status in [401, 403, 404, 500] {
            run.fake.clear_faults();
            run.fake.add_fault(Fault::on(path).status(status));
            // It compares the file before and after.
            run.refused();
        }
    }
}

#[test]
fn an_answer_that_is_no_list_ends_the_sync_too() {
    for (path, app) in essentials() {
        for fault in [
            Fault::on(path).html(),
            Fault::on(path).status(200).body(""),
            Fault::on(path).status(200).body("{"),
            Fault::on(path).status(200).body("7"),
            Fault::on(path).status(500),
            Fault::on(path).cut(),
        ] {
            let error = Run::of(org(app.clone())).plain().fault(fault).refused();
            assert_ne!(error.kind(), ErrorKind::NotFound, "{path}: {error}");
        }
    }
}

#[test]
fn an_app_that_is_not_there_is_not_found_and_one_that_is_closed_is_refused() {
    for (status, kind) in [(404, ErrorKind::NotFound), (403, ErrorKind::Refused), (401, ErrorKind::Refused)] {
        let fault = Fault::on("/api/v1/apps/0oaAWS").status(status);
        let error = Run::of(org(mapping())).plain().app("0oaAWS").fault(fault).refused();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert_eq!(matches!(error, SyncError::UnknownApp { .. }), status == 404);
    }
}

#[test]
fn a_token_that_dies_in_any_list_ends_the_sync() {
    let lists = [
        ("/api/v1/users/me", mapping()),
        ("/api/v1/groups/*/users", mapping()),
        ("/api/v1/groups/*/users", direct()),
        ("/api/v1/groups/rules", mapping()),
        ("/api/v1/meta/**", direct()),
        ("/api/v1/internal/**", direct()),
        ("/api/v1/iam/assignees/users", direct()),
        ("/api/v1/users/*/roles", direct()),
    ];
    for (path, app) in lists {
        let admins = org(app).user_role("00uA", AdminRole::OrgAdmin, RoleTargets::all());
        let fault = Fault::on(path).status(401).code("E0000011");
        let error = Run::of(admins).token("super").fault(fault).refused();
        assert_eq!(error.kind(), ErrorKind::Refused, "{path}: {error}");
    }
}

#[test]
fn an_unknown_owner_of_the_token_is_no_obstacle() {
    for status in [403, 404] {
        let done = Run::of(org(mapping())).plain().fault(Fault::on("/api/v1/users/me").status(status)).done();
        assert!(done.facts.coverage.reader.is_none(), "{status}");
    }
    assert!(Run::of(org(mapping())).plain().done().facts.coverage.reader.is_some());
}

#[test]
fn an_optional_list_that_fails_is_one_warning_and_a_line_in_the_record() {
    let lists = [
        ("/api/v1/meta/schemas/apps/0oaAWS/default", "schema", direct()),
        ("/api/v1/internal/apps/0oaAWS/types", "types", direct()),
        ("/api/v1/groups/rules", "group-rules", direct()),
        ("/api/v1/groups/rules", "group-rules", mapping()),
        ("/api/v1/iam/assignees/users", "admin-roles", mapping()),
    ];
    for (path, name, app) in lists {
        for fault in [
            Fault::on(path).status(403).code("E0000006"),
            Fault::on(path).status(404).code("E0000008"),
            Fault::on(path).feature_off(),
            Fault::on(path).html(),
            Fault::on(path).status(500),
            Fault::on(path).status(400),
        ] {
            let described = format!("{name}: {fault:?}");
            let done = Run::of(org(app.clone())).token("super").fault(fault).done();
            assert_eq!(done.warned("list-not-read"), 1, "{described}");
            let sample = &done.samples("list-not-read")[0];
            assert!(sample.contains(name), "{described}: {sample}");
            let lists = &done.facts.coverage.lists;
            assert!(
                matches!(lists.get(name), Some(ListCoverage::Not { why }) if !why.is_empty()),
                "{described}"
            );
            let others = lists.iter().filter(|(other, _)| other.as_str() != name);
            assert!(others.clone().count() >= 3, "{described}");
            for (other, read) in others {
                assert!(matches!(read, ListCoverage::Full { .. }), "{described}: {other} {read:?}");
            }
            assert!(done.facts.coverage.is_complete(), "{described}");
            assert!(!done.rows.user_roles("00uA").is_empty(), "{described}: access is known all the same");
        }
    }
}

#[test]
fn an_unread_schema_leaves_the_union_unknown() {
    let run = Run::of(org(direct())).plain().fault(Fault::on("/api/v1/meta/**").status(403));
    assert_eq!(run.done().rows.profile("app", "0oaAWS")["union"], "unknown");
    assert_eq!(Run::of(org(direct())).plain().done().rows.profile("app", "0oaAWS")["union"], "disabled");
}

#[test]
fn members_that_are_refused_leave_a_named_group_and_a_partial_file() {
    for app in [mapping(), direct()] {
        let fault = Fault::on("/api/v1/groups/g1/users").status(403).code("E0000006");
        let done = Run::of(org(app)).plain().fault(fault).done();
        assert!(done.summary.warnings.iter().any(|w| w.samples.contains(&"g1".to_owned())));
        assert!(!done.facts.coverage.partial.is_empty());
        assert!(!done.facts.coverage.is_complete());
        assert_eq!(done.rows.profile("group", "g1")["members_read"], false);
        assert!(done.rows.holders("group:g1:member").is_empty());
        assert!(matches!(done.facts.coverage.lists.get("members"), Some(ListCoverage::Not { .. })));
    }
}

#[test]
fn members_of_a_group_that_is_gone_leave_the_file_without_it() {
    for app in [mapping(), direct()] {
        let done = Run::of(org(app)).plain().fault(Fault::on("/api/v1/groups/g1/users").gone()).done();
        assert!(done.summary.warnings.iter().any(|w| w.samples.contains(&"g1".to_owned())));
        assert!(!done.rows.ids("group").contains(&"g1"));
        assert!(!done.rows.holders("app:0oaAWS:access").contains(&"group:g1".to_owned()));
    }
}

#[test]
fn members_that_fail_otherwise_end_the_sync() {
    for fault in [
        Fault::on("/api/v1/groups/g1/users").status(500),
        Fault::on("/api/v1/groups/g1/users").html(),
        Fault::on("/api/v1/groups/g1/users").status(200).body("{\"a\":1}"),
        Fault::on("/api/v1/groups/g1/users").cut(),
        Fault::on("/api/v1/groups/g1/users").status(429).reset(100_000),
    ] {
        let error = Run::of(org(mapping())).plain().fault(fault).refused();
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
        // an exhausted bucket stops its other lists too, and the first to notice is named
        assert!(error.to_string().contains("the members of group"), "{error}");
    }
}

#[test]
fn admin_roles_that_were_asked_for_are_essential() {
    for status in [403, 404, 500] {
        let fault = Fault::on("/api/v1/iam/assignees/users").status(status);
        let error = Run::of(org(mapping())).token("super").admin_roles(AdminRoles::On).fault(fault).refused();
        let kind = if status == 500 { ErrorKind::Failed } else { ErrorKind::Refused };
        assert_eq!(error.kind(), kind, "{status}: {error}");
    }
}

#[test]
fn a_token_that_sees_no_apps_says_so() {
    let error = Run::of(org(mapping())).plain().token("group_admin").refused();
    assert!(matches!(error.kind(), ErrorKind::Refused | ErrorKind::NotFound), "{error}");
}
