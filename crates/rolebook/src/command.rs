//! One module per subcommand.

pub(crate) mod assertion;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod fake_okta;
pub(crate) mod findings;
pub(crate) mod lint_filter;
pub(crate) mod show;
pub(crate) mod sync;
pub(crate) mod what;
pub(crate) mod whatif;
pub(crate) mod who;
pub(crate) mod why;
