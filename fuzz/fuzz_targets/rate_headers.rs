//! Rate headers: any numbers, in any number, give a reading that says no more than they do, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    rolebook_okta::fuzzing::rate_headers(&lines);
});
