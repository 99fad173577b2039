//! Ways from what a page shows to a plan: grant this, revoke that. Where one is shut, it says why.

use crate::{
    operation::plans::offers::{Doors, Writes},
    web::page::href,
};

/// A change that a page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) text: &'static str,
    pub(super) href: String,
    /// Why it cannot be done; empty when it can.
    pub(super) off: String,
    /// Whether the token may is not known yet.
    pub(super) unproven: bool,
}

/// A change as the page words it, and as the form for plans takes it.
pub(super) struct Wish<'a> {
    pub(super) text: &'static str,
    pub(super) writes: Writes,
    pub(super) pairs: &'a [(&'a str, &'a str)],
}

impl Deed {
    pub(super) fn new(doors: &Doors, connector: &str, wish: &Wish<'_>) -> Self {
        let mut pairs = wish.pairs.to_vec();
        pairs.push(("connector", connector));
        let offered = doors.offered(connector, wish.writes);
        Self { text: wish.text, href: href("/plans", &pairs), off: offered.off, unproven: offered.unproven }
    }
}

/// Why some are shut, each reason once.
pub(super) fn reasons<'a>(deeds: impl Iterator<Item = &'a Deed>) -> Vec<String> {
    let mut reasons: Vec<String> =
        deeds.map(|deed| deed.off.clone()).filter(|reason| !reason.is_empty()).collect();
    reasons.sort();
    reasons.dedup();
    reasons
}
