//! `Link` headers: whatever a server says, the next page is on the org's own API or nowhere.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    rolebook_okta::fuzzing::link_header(&lines);
});
