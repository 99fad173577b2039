//! One module per subcommand.

pub(crate) mod apply;
pub(crate) mod archive;
pub(crate) mod assertion;
pub(crate) mod audit;
pub(crate) mod can;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod fake_okta;
pub(crate) mod findings;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod lint_filter;
pub(crate) mod plan;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod sync;
pub(crate) mod undo;
pub(crate) mod what;
pub(crate) mod whatif;
pub(crate) mod who;
pub(crate) mod why;
