//! One change and what follows from it, for people: of a difference between syncs, and of a thought.

use rolebook_insight::{Cause, Change, Delta};

use crate::{run::clean, web::page::href};

/// Lines of one list that are shown.
const SHOWN: usize = 500;

/// What one change did, or would do.
pub(super) struct Effect {
    pub(super) cause: String,
    pub(super) gained: Side,
    pub(super) lost: Side,
}

/// Those who gained, or those who lost.
pub(super) struct Side {
    pub(super) total: usize,
    pub(super) lines: Vec<Line>,
}

impl Side {
    pub(super) fn more(&self) -> usize {
        self.total - self.lines.len()
    }
}

/// One person and one role.
pub(super) struct Line {
    pub(super) person: String,
    pub(super) role: String,
    /// Other changes that had their part in it.
    pub(super) also: String,
    /// Where it is proved.
    pub(super) why: String,
}

/// Of whose snapshot the proof is asked.
#[derive(Default)]
pub(super) struct Proof<'a> {
    pub(super) connector: &'a str,
    /// The syncs in which gains and losses are proved; empty for the last good one.
    pub(super) gained_in: &'a str,
    pub(super) lost_in: &'a str,
}

impl Effect {
    pub(super) fn of(change: &Change, proof: &Proof<'_>) -> Self {
        Self {
            cause: cause(&change.cause),
            gained: side(&change.gained, proof.connector, proof.gained_in),
            lost: side(&change.lost, proof.connector, proof.lost_in),
        }
    }
}

fn side(deltas: &[Delta], connector: &str, sync: &str) -> Side {
    let line = |delta: &Delta| Line {
        person: clean(delta.person.label()),
        role: clean(&delta.role.label()),
        also: clean(&delta.also.join(", ").replace('-', " ")),
        why: href(
            "/explorer",
            &[
                ("ask", "why"),
                ("person", delta.person.label()),
                ("role", &delta.role.key()),
                ("connector", connector),
                ("sync", sync),
            ],
        ),
    };
    Side { total: deltas.len(), lines: deltas.iter().take(SHOWN).map(line).collect() }
}

/// What changed, in words.
fn cause(cause: &Cause) -> String {
    let mut text = format!("{}: {}", cause.kind.replace('-', " "), cause.name);
    if let (Some(from), Some(to)) = (&cause.from, &cause.to) {
        text.push_str(&format!(", {from} → {to}"));
    }
    clean(&text)
}
