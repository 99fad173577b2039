//! One module per subcommand.

pub(crate) mod apply;
pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod fake_okta;
pub(crate) mod init;
pub(crate) mod plan;
pub(crate) mod show;
pub(crate) mod sync;
pub(crate) mod undo;
