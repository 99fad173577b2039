//! The largest org that the fake is made for: a million people, a hundred thousand role groups.

use rolebook_fake_okta::{
    FakeOkta, Options,
    orgs::{GeneratorSpec, generated},
};

use crate::Failed;

const USERS: usize = 1_000_000;
const ACCOUNTS: usize = 100;
const ROLES_PER_ACCOUNT: usize = 1_000;

/// Generates and serves it, in this process.
pub(crate) fn job() -> Result<(), Failed> {
    let spec = GeneratorSpec {
        users: USERS,
        accounts: ACCOUNTS,
        roles_per_account: ROLES_PER_ACCOUNT,
        groups: ACCOUNTS * ROLES_PER_ACCOUNT + 1,
        memberships: 3_200_000,
        ..GeneratorSpec::default()
    };
    let fake = FakeOkta::start(generated(&spec), Options::default())?;
    let (users, groups) = fake.with_org(|org| (org.user_ids().count(), org.group_names().count()));
    // Everyone stands beside those that were asked for.
    if (users, groups) != (USERS, spec.groups + 1) {
        return Err(format!("{users} people and {groups} groups").into());
    }
    Ok(())
}
