//! Rows leave in the order of their ids, which is the order of the file.
//!
//! Grant ids are `<entitlement id>:<principal type>:<principal id>`. Sorting entitlements by `<id>:` puts their
//! grants in order, unless one such prefix begins another (a role named `Admin` beside one named `Admin:user`);
//! those few are sorted together.

use rolebook_snapshot::{Error, SnapshotWriter, proto::Grant};

/// An entitlement's grants, not yet made.
pub(super) struct Block<T> {
    prefix: String,
    what: T,
}

impl<T> Block<T> {
    pub(super) fn new(entitlement_id: &str, what: T) -> Self {
        Self { prefix: format!("{entitlement_id}:"), what }
    }
}

/// Writes blocks in order; `grants` makes the grants of one block, groups before users and each ascending by id.
pub(super) fn write_blocks<T>(
    mut blocks: Vec<Block<T>>,
    writer: &mut SnapshotWriter,
    mut grants: impl FnMut(&T, &mut dyn FnMut(Grant) -> Result<(), Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    blocks.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    let mut rest = blocks.as_slice();
    while let Some(first) = rest.first() {
        let nested = rest.iter().take_while(|block| block.prefix.starts_with(&first.prefix)).count();
        let (run, behind) = rest.split_at(nested);
        rest = behind;
        if run.len() == 1 {
            grants(&first.what, &mut |grant| writer.grant(&grant))?;
        } else {
            let mut together = Vec::new();
            for block in run {
                grants(&block.what, &mut |grant| {
                    together.push(grant);
                    Ok(())
                })?;
            }
            together.sort_by(|a, b| a.id.cmp(&b.id));
            for grant in &together {
                writer.grant(grant)?;
            }
        }
    }
    Ok(())
}
