//! `demo`: the first thing that anybody runs.

use super::{place::Place, redaction::redacted};

#[test]
fn ends_well_and_its_advice_works() {
    let place = Place::new();
    let end = place.run("demo").succeeded();
    assert_eq!(place.files(), ["demo.c1z"]);
    insta::assert_snapshot!(redacted(&end.out));

    let advice = end.out.split("Try next\n").nth(1).unwrap();
    let mut ran = 0;
    for line in advice.lines().filter_map(|line| line.strip_prefix("  rolebook ")) {
        // What follows two blanks explains.
        let arguments = line.split("  ").next().unwrap();
        if arguments.contains("-f ") {
            let shown = place.run(arguments).succeeded();
            assert!(shown.out.lines().count() > 5, "{arguments}: {shown:#?}");
            ran += 1;
        }
    }
    assert_eq!(ran, 3, "{advice}");
    assert_eq!(place.files(), ["demo.c1z"]);
}

#[test]
fn writes_where_it_is_told_and_advises_so() {
    let place = Place::new();
    let end = place.run("demo --file other.c1z").succeeded();
    assert_eq!(place.files(), ["other.c1z"]);
    assert!(end.out.contains("rolebook show roles -f other.c1z"), "{end:#?}");
    assert!(!end.out.contains("demo.c1z"), "{end:#?}");
}

#[test]
fn fails_like_a_sync() {
    let place = Place::new();
    let end = place.run("demo -f absent/demo.c1z");
    assert_eq!(end.code, Some(1), "{end:#?}");
    end.says(["error: ", "hint: ", "absent"]);
    assert_eq!(place.files(), [""; 0]);
}

/// A real snapshot that the environment or the file names is not the demo's to write.
#[test]
fn leaves_the_configured_snapshot_alone() {
    let place = Place::new();
    place.write("real.c1z", "precious");
    place.write("rolebook.toml", "file = \"real.c1z\"");
    place.run("demo").succeeded();
    place.call("demo").env("ROLEBOOK_FILE", "real.c1z").end().succeeded();
    assert_eq!(place.files(), ["demo.c1z", "real.c1z", "rolebook.toml"]);
    assert_eq!(std::fs::read(place.path("real.c1z")).unwrap(), b"precious");
}
