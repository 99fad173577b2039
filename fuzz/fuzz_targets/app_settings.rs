//! `settings.app` of an AWS app, as any JSON object: rules or a reason, and the same each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook_federation::{App, Group, GroupKind, Rules, Settings, Switches, Union, Warnings};

fuzz_target!(|data: &[u8]| {
    let Ok(serde_json::Value::Object(settings)) = serde_json::from_slice(data) else { return };
    let compile = || {
        let mut warnings = Warnings::new();
        let app = App {
            status: "ACTIVE".to_owned(),
            sign_on_mode: Some("SAML_2_0".to_owned()),
            implicit_assignment: false,
            settings: Settings::from_json(&settings, &mut warnings),
        };
        let _ = (app.settings.provider(), app.settings.fallback_partition());
        Rules::compile(&app, Union::Unknown, &Switches::default(), &mut warnings)
    };
    let (Ok(rules), Ok(again)) = (compile(), compile()) else {
        assert!(compile().err().is_some_and(|error| !error.hint().is_empty()));
        return;
    };
    let group = Group {
        name: Some("aws_111122223333_Admin".to_owned()),
        kind: GroupKind::Okta,
        origin: Default::default(),
        assignment: None,
    };
    assert_eq!(rules.verdict(&group), again.verdict(&group));
});
