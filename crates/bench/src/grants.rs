//! A million grants of account roles: resolve, write, seal.

use std::path::Path;

use jiff::Timestamp;
use rolebook_federation::{
    AppUser, AppUserStatus, Group, GroupAssignment, GroupKind, GroupOrigin, RoleProfile, Rules, Scope,
    Switches, Union, User, UserStatus, Warnings, resolve,
};
use rolebook_ledger::{
    AppId, AssignmentRecord, Facts, GroupId, GroupRecord, Org, OrgId, Person, UserId, UserRecord, write,
};
use rolebook_snapshot::{SnapshotWriter, SyncId, WriterOptions};
use serde_json::json;

use crate::Failed;

const USERS: u32 = 50_000;
const ROLES: u32 = 1_000;
const ROLES_PER_USER: u32 = 20;

/// Runs the job in this process. Every user has twenty roles: through as many groups as told, which share them.
pub(crate) fn job(groups_per_user: u32) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    write_file(groups_per_user, &folder.path().join("grants.c1z"))
}

/// Seals such a snapshot.
pub(crate) fn write_file(groups_per_user: u32, path: &Path) -> Result<(), Failed> {
    let facts = facts(groups_per_user);
    let mut warnings = Warnings::new();
    let app = facts.app.to_federation(&mut warnings);
    let rules = Rules::compile(&app, Union::Disabled, &Switches::default(), &mut warnings)?;
    let access =
        resolve(&rules, &[], facts.groups.iter().map(|g| &g.group), facts.users.iter().map(|u| &u.user));
    if access.user_grants.len() != (USERS * ROLES_PER_USER) as usize {
        return Err(format!("{} grants instead of a million", access.user_grants.len()).into());
    }
    let at = Timestamp::UNIX_EPOCH;
    let options = WriterOptions::new(path.to_owned(), SyncId::new(1_800_000_000, [7; 16]), at);
    let mut writer = SnapshotWriter::create(options)?;
    write(&facts, &access, &mut writer)?;
    writer.seal(at, None)?;
    Ok(())
}

/// Direct mode with `joinAllRoles`.
fn facts(groups_per_user: u32) -> Facts {
    let roles_per_group = ROLES_PER_USER / groups_per_user;
    let groups = ROLES / roles_per_group;
    let mut facts = Facts {
        org: Org { id: OrgId::new("00oBench"), name: "Bench".to_owned(), domain: "bench.test".to_owned() },
        ..Facts::default()
    };
    facts.app.id = AppId::new("0oaAWS00000000000001");
    facts.app.name = "amazon_aws".to_owned();
    facts.app.status = "ACTIVE".to_owned();
    facts.app.sign_on_mode = Some("SAML_2_0".to_owned());
    let settings = json!({
        "joinAllRoles": true, "identityProviderArn": "arn:aws:iam::111122223333:saml-provider/OKTA",
    });
    facts.app.settings = settings.as_object().cloned().unwrap_or_default();
    facts.groups = (0..groups).map(|n| group(n, roles_per_group)).collect();
    facts.users = (0..USERS).map(|n| user(n, groups, groups_per_user)).collect();
    facts
}

fn group(n: u32, roles: u32) -> GroupRecord {
    let role =
        |r: u32| format!("arn:aws:iam::{:012}:role/Role{:02}", 100_000_000_000 + u64::from(r / 20), r % 20);
    let saml_roles = (n * roles..(n + 1) * roles).map(role).collect();
    GroupRecord {
        id: GroupId::new(format!("00g{n:017}")),
        group: Group {
            name: Some(format!("aws-role-{n}")),
            kind: GroupKind::Okta,
            origin: GroupOrigin::default(),
            assignment: Some(GroupAssignment {
                priority: Some(i64::from(n)),
                profile: RoleProfile { saml_roles, role: Vec::new() },
            }),
        },
        created: None,
        last_updated: None,
        last_membership_updated: None,
        assignment_updated: None,
        members_read: true,
    }
}

fn user(n: u32, groups: u32, groups_per_user: u32) -> UserRecord {
    let mut groups: Vec<u32> =
        (0..groups_per_user).map(|k| (n * 7 + k * (groups / groups_per_user)) % groups).collect();
    groups.sort_unstable();
    let login = format!("user{n}@bench.test");
    UserRecord {
        id: UserId::new(format!("00u{n:017}")),
        user: User {
            status: UserStatus::CanSignIn,
            app_user: Some(AppUser {
                scope: Scope::Group,
                status: AppUserStatus::Usable,
                profile: RoleProfile::default(),
            }),
            groups,
        },
        person: Person {
            display_name: format!("User {n}"),
            status: Some("ACTIVE".to_owned()),
            login: Some(login.clone()),
            email: Some(login.clone()),
            profile: json!({ "login": login, "department": "Engineering", "title": "Engineer" })
                .to_string()
                .into(),
            ..Person::default()
        },
        assignment: Some(AssignmentRecord {
            scope: Some("GROUP".to_owned()),
            status: "ACTIVE".to_owned(),
            ..AssignmentRecord::default()
        }),
    }
}
