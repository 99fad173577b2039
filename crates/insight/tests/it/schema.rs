//! The schemas in `docs/schema` are those of the code, and real answers fit them.

use std::path::PathBuf;

use jiff::{Timestamp, civil::date};
use rolebook_fake_okta::orgs;
use rolebook_insight::{
    Answer, ChangeRequest, Policy, Response, RolePattern, Shape, check_assertion, diff,
    export::{Making, export_json},
    findings, lint_filter, predict_assertion, schemas, what, what_group, whatif, who, why,
};
use serde_json::{Value, to_value};

use crate::synced::{Okta, read};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema")
}

fn file(shape: &str) -> PathBuf {
    folder().join(format!("{}.json", shape.trim_start_matches("rolebook.").replace('/', "-")))
}

/// After a change on purpose: `UPDATE_SCHEMAS=1 cargo test -p rolebook-insight schema`, and raise the number of the
/// shape when a field changed its meaning or went away.
#[test]
fn the_documents_are_those_of_the_code() {
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_SCHEMAS");
    let mut files = Vec::new();
    for (shape, schema) in schemas() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if update {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(file(shape), &text).unwrap();
        }
        let known = std::fs::read_to_string(file(shape)).unwrap_or_default();
        assert!(known == text, "{shape} is not what docs/schema says");
        files.push(file(shape).file_name().unwrap().to_owned());
    }
    files.sort();
    let mut there: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, files);
}

/// The answer fits its schema, and a field that the schema does not know would be noticed.
#[track_caller]
fn fits(shape: &str, answer: &Value) {
    let schema = schemas().into_iter().find(|(name, _)| *name == shape).unwrap().1;
    let schema = to_value(schema).unwrap();
    assert_eq!(answer["shape"], shape);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(answer).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{shape}");
    let known = schema["properties"].as_object().unwrap();
    for key in answer.as_object().unwrap().keys() {
        assert!(known.contains_key(key), "{shape}: {key}");
    }
    let mut broken = answer.clone();
    broken["shape"] = Value::from(1);
    assert!(!validator.is_valid(&broken));
}

#[test]
fn real_answers_fit() {
    for org in [orgs::demo(), orgs::demo_direct()] {
        let okta = Okta::of(org);
        let old = okta.read("old.c1z");
        okta.fake
            .change(|org| org.set_status("ada.abel@acme.test", rolebook_fake_okta::UserStatus::Suspended));
        let readings = okta.read("new.c1z");
        let now = Timestamp::UNIX_EPOCH;
        let reading = &readings.all()[0];
        let user = reading.access().user_grants[0].user;
        let person = reading.facts().users[user as usize].id.to_string();
        let group = reading.facts().groups[0].id.to_string();
        let any = RolePattern::parse("*");
        fn wrapped<T: Shape + serde::Serialize>(
            result: T,
            of: &rolebook_insight::Readings,
            now: Timestamp,
        ) -> (String, Value) {
            (T::SHAPE.to_owned(), to_value(Answer::new(result, of, now)).unwrap())
        }
        let xml = "<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
        let answers = [
            wrapped(who(&readings, &any).unwrap(), &readings, now),
            wrapped(what(&readings, &person).unwrap(), &readings, now),
            wrapped(what_group(&readings, &group).unwrap().0, &readings, now),
            wrapped(why(&readings, &person, &any).unwrap(), &readings, now),
            wrapped(diff(&old.all()[0], reading).unwrap(), &readings, now),
            wrapped(findings(&readings, &Policy::default(), date(2026, 9, 1), None).unwrap(), &readings, now),
            wrapped(predict_assertion(&readings, &person).unwrap(), &readings, now),
            wrapped(
                check_assertion(&readings, &person, Response::parse(xml).unwrap()).unwrap().0,
                &readings,
                now,
            ),
            wrapped(
                whatif(reading, &[ChangeRequest::Set { key: "status".into(), value: "INACTIVE".into() }])
                    .unwrap(),
                &readings,
                now,
            ),
            wrapped(
                export_json(&readings, &Making { tool: "t", at: now, filters: Vec::new() }),
                &readings,
                now,
            ),
        ];
        for (shape, answer) in answers {
            fits(&shape, &answer);
        }
    }
    let lint = lint_filter(
        r"aws_(?{{accountid}}\d+)_(?{{role}}\w+)",
        None,
        &["aws_1_a".into()],
        &Default::default(),
    );
    fits("rolebook.lint-filter/1", &to_value(lint).unwrap());
}

#[test]
fn an_empty_org_fits_too() {
    let org = rolebook_fake_okta::Org::new("acme")
        .user(rolebook_fake_okta::User::new("ann@acme.test"))
        .app(rolebook_fake_okta::App::aws_mapping(crate::synced::APP));
    let readings = read(org);
    let found = findings(&readings, &Policy::default(), date(2026, 9, 1), None).unwrap();
    fits("rolebook.findings/1", &to_value(Answer::new(found, &readings, Timestamp::UNIX_EPOCH)).unwrap());
}
