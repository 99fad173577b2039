//! Resolution against two deliberately naive re-implementations: sets and loops over strings, a table instead of a
//! parser, nothing shared with the crate.

use proptest::test_runner::Config;

mod direct;
mod mapping;

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() }
}
