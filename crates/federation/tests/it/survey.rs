//! Hints that the survey of all groups gives about the filter.

use rolebook_federation::{FilterMatch, FilterSurvey, Warning, Warnings};

use crate::org::{Org, named};

const FILTER: &str = r"^aws_(?{{accountid}}\d{12})_(?{{role}}\w+)";

fn survey(org: &Org) -> Warnings {
    let rules = org.rules();
    let mut survey = FilterSurvey::new(&rules);
    for group in &org.groups {
        survey.observe(group, &rules.verdict(group));
    }
    survey.finish(&org.app.settings.group_filter)
}

fn hint(org: &Org, code: &str) -> Option<Warning> {
    survey(org).iter().find(|warning| warning.code == code).cloned()
}

#[test]
fn groups_that_would_match_in_another_case_are_counted() {
    let mut org = Org::mapping(FILTER);
    for name in ["aws_111122223333_Admin", "Everyone", "aws_1_Admin"] {
        org = org.group(named(name));
    }
    assert_eq!(hint(&org, "filter-case"), None);
    for at in 0..5 {
        org = org.group(named(&format!("AWS_111122223333_Admin{at}")));
    }
    let hint = hint(&org, "filter-case").unwrap();
    assert_eq!((hint.count, hint.samples.len()), (5, 3));
    assert!(hint.samples.contains(&"AWS_111122223333_Admin0".to_owned()));
}

/// The hint must not promise what the reading in force would refuse in any case.
#[test]
fn the_hint_about_case_goes_by_the_reading_in_force() {
    let mut org = Org::mapping(FILTER)
        .group(named("aws_111122223333_Admin (EU)"))
        .group(named("AWS_111122223333_Admin (EU)"));
    assert_eq!(hint(&org, "filter-case").unwrap().samples, ["AWS_111122223333_Admin (EU)"]);
    org.switches.filter_match = FilterMatch::Full;
    assert_eq!(hint(&org, "filter-case"), None);
}

#[test]
fn a_filter_that_ignores_case_gives_no_hint_about_it() {
    let org =
        Org::mapping(&format!("(?i){FILTER}")).group(named("AWS_111122223333_Admin")).group(named("team"));
    assert!(survey(&org).is_empty());
}

#[test]
fn a_survey_in_assignment_mode_says_nothing() {
    let mut org = Org::mapping(FILTER)
        .group(named("team"))
        .group(named("AWS_111122223333_Admin"))
        .group(rolebook_federation::Group { name: None, ..named("") });
    assert!(!survey(&org).is_empty());
    org.app.settings.use_group_mapping = false;
    assert!(survey(&org).is_empty());
}
