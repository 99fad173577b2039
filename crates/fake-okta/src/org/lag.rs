//! Okta carries changes of groups over to app users with a delay: the org as its app lists show it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{AppRow, AppUserRow, Org, Scope};

/// The org as it was before each of its latest changes.
#[derive(Debug, Default)]
pub(crate) struct History {
    before: Vec<(Timestamp, Org)>,
}

impl History {
    /// Keeps the org as it is, just before a change.
    pub(crate) fn keep(&mut self, org: &Org, lag: SignedDuration) {
        let known = org.now - lag;
        self.before.retain(|(changed, _)| *changed > known);
        self.before.push((org.now, org.clone()));
    }

    /// The org as app lists show it: what groups grant is as old as `lag`, all else is of now. `None` when there is no
    /// difference.
    pub(crate) fn seen(&self, org: &Org, lag: SignedDuration) -> Option<Org> {
        Some(org.granted_as_in(self.as_of(org.now - lag)?))
    }

    /// The org as lists of groups show it: all is of now, but the dates of groups are as old as `lag`.
    pub(crate) fn dated(&self, org: &Org, lag: SignedDuration) -> Option<Org> {
        let old = self.as_of(org.now - lag)?;
        let mut seen = org.clone();
        for (row, old) in seen.groups.iter_mut().zip(&old.groups) {
            row.last_updated = old.last_updated;
            row.last_membership_updated = old.last_membership_updated;
        }
        Some(seen)
    }

    /// What the org was like at a time, unless nothing has changed since.
    fn as_of(&self, time: Timestamp) -> Option<&Org> {
        self.before.iter().find(|(changed, _)| *changed > time).map(|(_, org)| org)
    }
}

impl Org {
    fn granted_as_in(&self, old: &Self) -> Self {
        let mut seen = self.clone();
        for (index, row) in seen.users.iter_mut().enumerate() {
            row.groups = old.users.get(index).map_or_else(Default::default, |row| row.groups.clone());
        }
        for app in &mut seen.apps {
            if let Some(old) = old.app_by_id(&app.app.id) {
                app.users = granted_before(app, old);
                app.groups = old.groups.clone();
            }
        }
        seen
    }
}

/// App users that groups granted then, under those that are assigned individually now.
fn granted_before(app: &AppRow, old: &AppRow) -> BTreeMap<usize, AppUserRow> {
    let by_group = |row: &AppUserRow| row.scope == Some(Scope::Group);
    let then = old.users.iter().filter(|(_, row)| by_group(row));
    let now = app.users.iter().filter(|(_, row)| !by_group(row));
    then.chain(now).map(|(user, row)| (*user, row.clone())).collect()
}
