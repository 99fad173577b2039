use crate::shell::{Shell, org};

const SUBJECTS: [&str; 6] = ["accounts", "roles", "groups", "users", "apps", "grants"];

#[test]
fn every_subject_in_every_format_survives_hostile_names() {
    let shell = Shell::of(org());
    assert_eq!(shell.okta(&["sync"]).code, 0);
    for subject in SUBJECTS {
        let table = shell.run(&["show", subject]);
        assert_eq!(table.code, 0, "{}", table.err);
        assert!(
            !table.out.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{subject}: {}",
            table.out
        );

        let json = shell.run(&["show", subject, "-o", "json"]).out;
        let rows: serde_json::Value = serde_json::from_str(&json).unwrap();

        let csv = shell.run(&["show", subject, "-o", "csv"]).out;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let cells: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(cells.len(), rows.as_array().unwrap().len(), "{subject}");
        for cell in cells.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{subject}: {cell}");
        }
    }
    let users: serde_json::Value =
        serde_json::from_str(&shell.run(&["show", "users", "-o", "json"]).out).unwrap();
    assert_eq!(users[0]["name"], "=cmd() <b>Lee</b>");
    assert_eq!(users[1]["name"], "Bob\u{7}\u{202e}\nx", "JSON holds the name as Okta has it");
}

#[test]
fn grants_tell_who_what_and_through_which_group() {
    let shell = Shell::of(org());
    assert_eq!(shell.okta(&["sync"]).code, 0);
    let grants: serde_json::Value =
        serde_json::from_str(&shell.run(&["show", "grants", "-o", "json"]).out).unwrap();
    assert_eq!(
        grants,
        serde_json::json!([{
            "account": "111122223333", "role": "Admin", "user": "ann@acme.test", "user_id": "00uA",
            "status": "ACTIVE", "source": "group", "groups": ["aws_111122223333_Admin"], "partial_match": false,
        }])
    );
}

#[test]
fn the_demo_ends_well_and_its_file_can_be_shown() {
    let shell = Shell::of(org());
    let told = shell.run(&["demo"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("Try next") && told.out.contains("demo.c1z"), "{}", told.out);
    assert_eq!(shell.run(&["show", "grants", "-f", "demo.c1z"]).code, 0);
}
