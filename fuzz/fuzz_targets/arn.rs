//! ARNs: what is read and written again is the same, but for the region that IAM does not have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook_federation::{AccountId, Arn};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(account) = AccountId::parse(&text) {
        assert_eq!(account.as_str(), text);
    }
    if let Some(arn) = Arn::parse(&text) {
        assert_eq!(Arn::parse(&arn.to_string()).as_ref(), Some(&arn));
        for part in [arn.role(), arn.provider()].into_iter().flatten() {
            assert!(!part.is_empty() && text.ends_with(part));
        }
        assert!(arn.role().is_none() || arn.provider().is_none());
    }
});
