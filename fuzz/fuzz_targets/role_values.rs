//! Role values: any text is a role of some account, and a name is never lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook_federation::{RoleValue, RoleValuePattern, ValueAccount};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let value = RoleValue::parse(&text);
    assert!(text.contains(&value.role), "{text:?}: {value:?}");
    if let ValueAccount::Alias(name) | ValueAccount::Name(name) = &value.account {
        assert!(!name.is_empty() && text.contains(name.as_str()), "{text:?}: {value:?}");
    }
    let pattern = RoleValuePattern::new(text.as_ref());
    let rendered = pattern.render("111122223333", "Admin");
    assert_eq!(rendered == text, !pattern.wants_account() && !pattern.wants_role());
    let _ = (pattern.fixed_account(), pattern.partition(), pattern.arns("111122223333", "Admin"));
});
