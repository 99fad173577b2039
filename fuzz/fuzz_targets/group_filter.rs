//! Group filters and the names they are held against: a filter is compiled or refused with a place in it, and the two
//! readings agree as far as they can.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolebook_federation::{FilterMatch, GroupFilter, NameMatch};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let filter = lines.next().unwrap_or_default();
    let find = match GroupFilter::compile(filter, FilterMatch::Find) {
        Ok(find) => find,
        Err(error) => {
            assert!((1..=filter.chars().count() + 1).contains(&error.position), "{error:?}");
            assert!(GroupFilter::compile(filter, FilterMatch::Full).is_err());
            return;
        }
    };
    let full = GroupFilter::compile(filter, FilterMatch::Full).expect("the reading does not matter");
    for name in lines.take(20) {
        // Who matches the whole name finds something in it, too.
        if let (NameMatch::No, NameMatch::Yes { .. }) = (find.matches(name), full.matches(name)) {
            panic!("{filter:?} matches all of {name:?} but finds nothing in it");
        }
        assert_eq!(find.matches(name), find.matches(name));
    }
});
