//! Acceptance cases for resolution, each under its number: A settings, B group mapping, N assignment mode.
//! Base state: provider OKTA in 111122223333, the default filter and pattern, sources `okta`.

mod assignment;
mod mapping;
