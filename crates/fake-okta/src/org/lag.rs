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
        let known = org.now - lag;
        let (_, old) = self.before.iter().find(|(changed, _)| *changed > known)?;
        Some(org.granted_as_in(old))
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
