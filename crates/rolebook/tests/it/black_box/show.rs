//! `show`: every subject in every form, of an org whose names are meant to do harm.

use std::sync::LazyLock;

use super::{
    orgs::{self, HOSTILE_GROUPS, HOSTILE_PEOPLE},
    place::{Place, okta},
};

const SUBJECTS: [&str; 6] = ["accounts", "roles", "groups", "users", "apps", "grants"];

static HOSTILE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    place.synced(&okta(orgs::hostile()), "super");
    place
});

fn shown(subject: &str, format: &str) -> String {
    HOSTILE.run(&format!("show {subject} -o {format}")).succeeded().out
}

#[test]
fn tables() {
    for subject in SUBJECTS {
        let table = shown(subject, "table");
        assert_eq!(table, HOSTILE.run(&format!("show {subject}")).succeeded().out);
        for c in table.chars().filter(|c| *c != '\n') {
            let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let breaks = matches!(c, '\u{2028}' | '\u{2029}');
            assert!(!c.is_control() && !turns && !breaks, "{subject}: {c:?} in {table:?}");
        }
        insta::assert_snapshot!(format!("show_{subject}_table"), table);
    }
}

#[test]
fn one_line_a_row() {
    for subject in SUBJECTS {
        let rows =
            HOSTILE.run(&format!("show {subject} -o json")).succeeded().json().as_array().unwrap().len();
        assert!(rows > 0, "{subject}");
        assert_eq!(shown(subject, "table").lines().count(), rows + 1, "{subject}");
    }
}

#[test]
fn csv_is_no_formula() {
    for subject in SUBJECTS {
        let text = shown(subject, "csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        let mut rows = 0;
        for record in reader.records() {
            let record = record.unwrap();
            rows += 1;
            assert_eq!(record.len(), columns.len());
            for cell in &record {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{subject}: {cell:?}");
            }
        }
        assert_eq!(rows + 1, shown(subject, "table").lines().count());
        // Names are kept as they are, line ends and control characters too: a debug form keeps the snapshot readable.
        let lines: Vec<String> = text.split_inclusive('\n').map(|line| format!("{line:?}\n")).collect();
        insta::assert_snapshot!(format!("show_{subject}_csv"), lines.concat());
    }
}

#[test]
fn json_is_exact() {
    for subject in SUBJECTS {
        insta::assert_snapshot!(
            format!("show_{subject}_json"),
            shown(subject, "json")
                .escape_debug()
                .to_string()
                .replace("\\n", "\n")
                .replace("\\\"", "\"")
                .replace("\\\\", "\\")
        );
    }
    let rows = |subject: &str| HOSTILE.run(&format!("show {subject} -o json")).succeeded().json();
    let groups = rows("groups");
    let find = |rows: &serde_json::Value, id: &str| {
        let found = rows.as_array().unwrap().iter().find(|row| row["id"] == id);
        found.unwrap_or_else(|| panic!("no {id} in {rows}")).clone()
    };
    for (id, name) in HOSTILE_GROUPS {
        assert_eq!(find(&groups, id)["name"], name);
    }
    let users = rows("users");
    for (id, login, first, last) in HOSTILE_PEOPLE {
        let user = find(&users, id);
        assert_eq!(user["login"], login);
        let name = user["name"].as_str().unwrap();
        assert!(name.contains(first.trim()) && name.contains(last.trim()), "{name:?}");
    }
    assert_eq!(rows("apps")[0]["label"], orgs::LABEL);
    assert_eq!(rows("roles")[0]["role"], "=@-+,.");
    assert_eq!(rows("grants")[0]["groups"], serde_json::json!(["aws_111122223333_=@-+,."]));
}

#[test]
fn an_ordinary_org() {
    for (name, org) in [("small", orgs::small()), ("direct", orgs::direct())] {
        let place = Place::new();
        place.synced(&okta(org), "super");
        let all: String = SUBJECTS
            .iter()
            .map(|subject| {
                format!("# {subject}\n{}\n", place.run(&format!("show {subject}")).succeeded().out)
            })
            .collect();
        insta::assert_snapshot!(format!("show_{name}"), all);
    }
}

#[test]
fn nothing_to_show() {
    let place = Place::new();
    let org = rolebook_fake_okta::Org::new("acme")
        .user(rolebook_fake_okta::User::new("ann@acme.test"))
        .app(rolebook_fake_okta::App::aws_mapping(orgs::APP));
    place.synced(&okta(org), "super");
    for subject in ["accounts", "roles", "groups", "users", "grants"] {
        assert_eq!(place.run(&format!("show {subject}")).succeeded().out.lines().count(), 1);
        assert_eq!(place.run(&format!("show {subject} -o json")).succeeded().out, "[]\n");
        assert_eq!(place.run(&format!("show {subject} -o csv")).succeeded().out.lines().count(), 1);
    }
}

/// A snapshot is read, nothing else: the file, its folder and the network stay alone.
#[test]
fn leaves_no_trace() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    for subject in SUBJECTS {
        let end = place.run(&format!("show {subject} --log-level trace")).succeeded();
        assert_eq!(end.words(), "");
    }
    assert_eq!(place.files(), ["sync.c1z"]);
    assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before);
}
