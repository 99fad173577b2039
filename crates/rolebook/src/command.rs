//! One module per subcommand.

pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod fake_okta;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod sync;
