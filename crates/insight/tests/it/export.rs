//! Exports: evidence on the cover, every name harmless, the same again for the same org.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use calamine::{Data, Reader};
use jiff::Timestamp;
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, CustomRole, Group, Org, ResourceSet, RoleTargets, User, orgs,
};
use rolebook_federation::AccountId;
use rolebook_insight::{
    Readings,
    export::{
        Making, ReviewKind, SplitBy, Table, cover, export_json, review, tables, text_tree, write_csv,
        write_html, write_opengraph, write_xlsx,
    },
};
use rolebook_ledger::AccountRecord;
use serde_json::Value;

use crate::synced::{APP, Okta, read};

fn making() -> Making<'static> {
    Making { tool: "rolebook test", at: Timestamp::UNIX_EPOCH, filters: Vec::new() }
}

/// Names that mean harm to spreadsheets, pages and terminals; an account with a zero in front.
fn hostile() -> Org {
    Org::new("evil")
        .user(
            User::new("=cmd@acme.test")
                .id("00u1")
                .name("=cmd|' /C calc'!A0", "+1")
                .attribute("manager", "@boss"),
        )
        .user(
            User::new("tag@acme.test")
                .id("00u2")
                .name("<script>", "alert(1)</script>")
                .attribute("department", "-2"),
        )
        .user(User::new("bidi@acme.test").id("00u3").name("\u{202e}olleH", "two\nlines"))
        .group(Group::new("@SUM(1+1)").id("00gU").members(["00u1", "00u2", "00u3"]))
        .group(Group::new("aws_012345678901_=A+1").id("00gR").members(["00u1", "00u2", "00u3"]))
        .app(
            App::aws_mapping(APP)
                .label("=HYPERLINK(\"http://evil.test\")")
                .group(AppGroup::new("00gU").priority(0)),
        )
        .user_role("00u1", AdminRole::SuperAdmin, RoleTargets::all())
}

fn csvs(readings: &Readings) -> BTreeMap<String, String> {
    let text = |table: Table<'_>| {
        let name = table.name.clone();
        let mut out = Vec::new();
        write_csv(table, &mut out).unwrap();
        (name, String::from_utf8(out).unwrap())
    };
    tables(readings).into_iter().map(text).collect()
}

fn workbook(readings: &Readings) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    write_xlsx(&cover(readings, &making()), tables(readings), Some(Timestamp::UNIX_EPOCH), &mut out).unwrap();
    out.into_inner()
}

#[test]
fn the_cover_is_evidence() {
    for org in [orgs::demo(), orgs::demo_direct()] {
        let readings = read(org);
        let cover = cover(&readings, &making());
        let line = |label: &str| {
            cover.lines.iter().find(|(l, _)| l == label).unwrap_or_else(|| panic!("{label}")).1.clone()
        };
        assert_eq!(line("SHA-256 of the file").len(), 64);
        assert_eq!(line("Snapshot").len(), 27);
        assert_eq!(line("Token's owner"), "super@acme.test");
        assert_eq!(line("Made by"), "rolebook test");
        assert_eq!(line("Complete"), "yes");
        assert!(line("Read from") <= line("Read until"));
        assert!(line("Filters used").starts_with("none"));
        assert!(!line("Setting joinAllRoles").is_empty() && line("Assumed").contains('='));
        // The counts are those of the tables.
        let csvs = csvs(&readings);
        let rows = |name: &str| csv::Reader::from_reader(csvs[name].as_bytes()).records().count().to_string();
        assert_eq!(line("Number of grants"), rows("grants"));
        assert_eq!(line("Number of roles"), rows("roles"));
        assert_eq!(line("Number of groups"), rows("groups"));
        assert_eq!(line("Number of people"), rows("people"));
    }
}

#[test]
fn no_cell_of_a_csv_is_a_formula() {
    for text in csvs(&read(hostile())).values() {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            }
        }
    }
    let csvs = csvs(&read(hostile()));
    assert!(csvs["grants"].contains(",012345678901,"));
    assert!(csvs["admins"].contains("SUPER_ADMIN"));
}

#[test]
fn a_workbook_holds_text_as_text() {
    let readings = read(hostile());
    let bytes = workbook(&readings);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.clone())).unwrap();
    assert_eq!(book.sheet_names(), ["cover", "grants", "roles", "groups", "people", "admins"]);
    for name in book.sheet_names() {
        assert!(book.worksheet_formula(&name).unwrap().is_empty(), "{name}");
    }
    let grants = book.worksheet_range("grants").unwrap();
    assert_eq!(grants.get((1, 1)), Some(&Data::String("012345678901".to_owned())));
    assert_eq!(grants.get((1, 3)), Some(&Data::String("=A+1".to_owned())));
    let people = book.worksheet_range("people").unwrap();
    assert_eq!(people.get((1, 9)), Some(&Data::Float(1.0)));
    let cover = book.worksheet_range("cover").unwrap();
    assert_eq!(cover.get((0, 0)), Some(&Data::String("Made by".to_owned())));
    assert_eq!(workbook(&readings), bytes);
}

#[test]
fn a_page_runs_nothing_and_asks_nobody() {
    let readings = read(hostile());
    let mut out = Vec::new();
    write_html(&cover(&readings, &making()), tables(&readings), &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    for forbidden in ["<script", "<img", "src=", "url(", "@import", "<link", "\u{202e}"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;script&gt; alert(1)&lt;/script&gt;"));
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
    assert!(page.contains("SHA-256 of the file"));
}

#[test]
fn the_json_has_every_grant() {
    for org in [orgs::demo(), orgs::demo_direct(), hostile()] {
        let readings = read(org);
        let export = export_json(&readings, &making());
        assert_eq!(export.grants.len(), readings.all()[0].access().user_grants.len());
        let json = serde_json::to_value(&export).unwrap();
        assert!(json["cover"]["lines"].as_array().unwrap().len() > 20);
    }
}

#[test]
fn a_graph_hangs_together() {
    for org in [orgs::demo(), orgs::demo_direct(), hostile()] {
        let readings = read(org);
        let mut out = Vec::new();
        write_opengraph(&readings, &mut out).unwrap();
        let graph: Value = serde_json::from_slice(&out).unwrap();
        let nodes = graph["graph"]["nodes"].as_array().unwrap();
        let ids: std::collections::BTreeSet<&str> =
            nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), nodes.len());
        let word =
            |kind: &Value| kind.as_str().unwrap().chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        for node in nodes {
            assert!(node["kinds"].as_array().unwrap().iter().all(word));
            let flat = node["properties"].as_object().unwrap().values();
            assert!(
                flat.into_iter().all(|value| !value.is_object() && !value.is_array() && !value.is_null())
            );
        }
        let edges = graph["graph"]["edges"].as_array().unwrap();
        let ends = |edge: &Value, end: &str| ids.contains(edge[end]["value"].as_str().unwrap());
        assert!(edges.iter().all(|edge| word(&edge["kind"]) && ends(edge, "start") && ends(edge, "end")));
        let assume = edges.iter().filter(|edge| edge["kind"] == "Okta_CanAssumeAWSRole").count();
        assert_eq!(assume, readings.all()[0].access().user_grants.len());
    }
}

#[test]
fn the_text_tree_changes_only_with_access() {
    let okta = Okta::of(orgs::demo());
    let first = text_tree(&okta.read("a.c1z"));
    assert_eq!(text_tree(&okta.read("b.c1z")), first);
    okta.fake.change(|org| org.add_member("aws_111122223333_Admin", "bianca.olsen@acme.test"));
    let second = text_tree(&okta.read("c.c1z"));
    let changed: Vec<&str> =
        first.iter().zip(&second).filter(|(a, b)| a != b).map(|(_, file)| file.path.as_str()).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!(changed[0], "accounts/111122223333/Admin.txt");
    for file in text_tree(&read(hostile())) {
        assert!(
            file.path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+=@%~".contains(c)),
            "{}",
            file.path
        );
        assert!(file.text.lines().all(|line| !line.chars().any(char::is_control)), "{}", file.text);
    }
}

fn rows(table: Table<'_>) -> Vec<BTreeMap<&'static str, String>> {
    let columns = table.columns.clone();
    table
        .rows
        .map(|row| columns.iter().copied().zip(row.iter().map(|value| value.plain())).collect())
        .collect()
}

#[test]
fn a_review_has_one_stable_row_for_each_decision() {
    let okta = Okta::of(orgs::demo());
    let old = okta.read("old.c1z");
    okta.fake.change(|org| org.add_member("aws_111122223333_Admin", "bianca.olsen@acme.test"));
    let new = okta.read("new.c1z");
    for (kind, fresh) in [
        (ReviewKind::AwsRoles, 1),
        (ReviewKind::GroupMembership, 1),
        (ReviewKind::AppAssignment, 0),
        (ReviewKind::OktaRoles, 0),
    ] {
        let rows = rows(review(&new, kind, None, Some(&old)).remove("all").unwrap());
        let ids: std::collections::BTreeSet<&String> = rows.iter().map(|row| &row["row_id"]).collect();
        assert_eq!(ids.len(), rows.len(), "{kind:?}");
        assert!(
            !rows.is_empty() && rows.iter().all(|row| row["decision"].is_empty() && !row["path"].is_empty())
        );
        assert_eq!(rows.iter().filter(|row| row["new"] == "yes").count(), fresh, "{kind:?}");
    }
    let grants = new.all()[0].access().user_grants.len();
    assert_eq!(rows(review(&new, ReviewKind::AwsRoles, None, None).remove("all").unwrap()).len(), grants);
}

/// One person with three roles of their own, one through a group, and a standard role both ways.
#[test]
fn custom_admin_roles_are_reviewed_one_by_one() {
    let custom = |org: Org, id: &str| org.custom_role(CustomRole::new(format!("Role {id}")).id(id));
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("aws_111122223333_Admin").id("00gA").members(["00uA", "00uB"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gA").priority(0)))
        .user_role("00uA", AdminRole::AppAdmin, RoleTargets::all());
    let org = ["cr0A", "cr0B", "cr0G"].into_iter().fold(org, custom);
    let set = ResourceSet::new("AWS").id("iamS").resources(["/api/v1/groups"]);
    let org = org.resource_set(set.bind("cr0A", ["00uA"]).bind("cr0B", ["00uA"]).bind("cr0G", ["00gA"]));
    let mut okta = Okta::of(org);
    let plain = okta.read("plain.c1z");
    let known = |readings: &Readings, since: Option<&Readings>| {
        rows(review(readings, ReviewKind::OktaRoles, None, since).remove("all").unwrap())
    };
    let standard = "okta-roles:0oaAWS:00uA:APP_ADMIN";
    assert_eq!(known(&plain, None).iter().map(|row| &row["row_id"]).collect::<Vec<_>>(), [standard]);
    okta.custom_roles = true;
    let rows = known(&okta.read("custom.c1z"), Some(&plain));
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (row["row_id"].as_str(), row["access"].as_str(), row["path"].as_str(), row["new"].as_str())
        })
        .collect();
    let own = "assigned to the person; limited to resource-set:iamS";
    let through = "group aws_111122223333_Admin; limited to resource-set:iamS";
    assert_eq!(
        told,
        [
            (standard, "Application Administrator", "assigned to the person", "no"),
            ("okta-roles:0oaAWS:00uA:custom:cr0A", "Role cr0A", own, "yes"),
            ("okta-roles:0oaAWS:00uA:custom:cr0B", "Role cr0B", own, "yes"),
            ("okta-roles:0oaAWS:00uA:custom:cr0G", "Role cr0G", through, "yes"),
            ("okta-roles:0oaAWS:00uB:custom:cr0G", "Role cr0G", through, "yes"),
        ]
    );
}

#[test]
fn a_review_is_split_by_who_decides() {
    let mut okta = Okta::of(hostile());
    okta.accounts = vec![AccountRecord {
        owner: Some("owner@acme.test".to_owned()),
        name: Some("payments".to_owned()),
        ..AccountRecord::new(AccountId::parse("012345678901").unwrap())
    }];
    let readings = okta.read("a.c1z");
    let by = |split| {
        review(&readings, ReviewKind::AwsRoles, Some(split), None)
            .into_iter()
            .map(|(who, table)| (who, rows(table)))
            .collect::<BTreeMap<_, _>>()
    };
    let owners = by(SplitBy::AccountOwner);
    assert_eq!(owners.keys().collect::<Vec<_>>(), ["owner@acme.test"]);
    assert_eq!(owners["owner@acme.test"][0]["account_name"], "payments");
    let managers = by(SplitBy::Manager);
    assert_eq!(
        managers.iter().map(|(who, rows)| (who.as_str(), rows.len())).collect::<Vec<_>>(),
        [("@boss", 1), ("no manager", 2)]
    );
}

#[test]
fn a_review_sheet_offers_the_decisions() {
    let readings = read(hostile());
    let table = review(&readings, ReviewKind::AwsRoles, None, None).remove("all").unwrap();
    let mut out = Cursor::new(Vec::new());
    write_xlsx(&cover(&readings, &making()), vec![table], None, &mut out).unwrap();
    let mut archive = zip::ZipArchive::new(out).unwrap();
    let mut sheet = String::new();
    archive.by_name("xl/worksheets/sheet2.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert!(sheet.contains("<dataValidation ") && sheet.contains("keep,revoke"), "{sheet}");
    assert!(sheet.contains("sqref=\"N2:N4\""), "{sheet}");
}
