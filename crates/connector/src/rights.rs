//! What a token may do, row by row, and how that is known.
//!
//! Reads prove themselves. Writes do not: Okta has no dry run, and nothing is written to find out. Where the roles of
//! the token's owner can be read they tell; else a write right stays unknown until an administrator states the roles,
//! or a write meets a refusal. Unknown is never shown as yes or no.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rolebook_okta::{Client, Error, shapes};

use crate::{Probe, Right, Stage, SyncError};

/// A row of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// See who is in which group.
    ReviewMemberships,
    /// Add and remove members of groups.
    ProvisionMemberships,
    /// See who is assigned to the app.
    ReviewAssignments,
    /// Assign to the app and take back.
    ProvisionAssignments,
    /// See who holds Okta admin roles.
    ReviewAdminRoles,
}

impl Capability {
    /// All rows, in order.
    pub const ALL: [Self; 5] = [
        Self::ReviewMemberships,
        Self::ProvisionMemberships,
        Self::ReviewAssignments,
        Self::ProvisionAssignments,
        Self::ReviewAdminRoles,
    ];

    /// Name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReviewMemberships => "review group membership",
            Self::ProvisionMemberships => "provision group membership",
            Self::ReviewAssignments => "review application assignment",
            Self::ProvisionAssignments => "provision application assignment",
            Self::ReviewAdminRoles => "review Okta roles",
        }
    }

    /// Name for programs.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ReviewMemberships => "review-memberships",
            Self::ProvisionMemberships => "provision-memberships",
            Self::ReviewAssignments => "review-assignments",
            Self::ProvisionAssignments => "provision-assignments",
            Self::ReviewAdminRoles => "review-admin-roles",
        }
    }
}

/// Whether the token may, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Yes: seen.
    Yes {
        /// What was seen.
        seen: String,
    },
    /// No: Okta refused, or the owner's roles, as Okta shows them, do not hold it.
    No {
        /// In whose words.
        why: String,
        /// When.
        at: Timestamp,
    },
    /// Neither is proven.
    Unknown {
        /// Why not.
        why: String,
    },
    /// An administrator says so; Okta was not seen to.
    Stated {
        /// What is said.
        holds: bool,
        /// The roles that were named.
        by: String,
    },
}

/// The matrix of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    rows: [Standing; 5],
}

impl Rights {
    /// How a row stands.
    #[must_use]
    pub fn of(&self, row: Capability) -> &Standing {
        let [review_members, provision_members, review_assigned, provision_assigned, review_admins] =
            &self.rows;
        match row {
            Capability::ReviewMemberships => review_members,
            Capability::ProvisionMemberships => provision_members,
            Capability::ReviewAssignments => review_assigned,
            Capability::ProvisionAssignments => provision_assigned,
            Capability::ReviewAdminRoles => review_admins,
        }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = (Capability, &Standing)> {
        Capability::ALL.into_iter().zip(&self.rows)
    }

    /// The same matrix after Okta refused such an act at this time: stronger than anything read or stated.
    #[must_use]
    pub fn refused(mut self, row: Capability, why: impl Into<String>, at: Timestamp) -> Self {
        for (capability, standing) in Capability::ALL.into_iter().zip(&mut self.rows) {
            if capability == row {
                *standing = Standing::No { why: why.into(), at };
                break;
            }
        }
        self
    }
}

impl Rights {
    /// The same matrix after Okta took such a write.
    #[must_use]
    pub fn proven(mut self, row: Capability, seen: impl Into<String>) -> Self {
        for (capability, standing) in Capability::ALL.into_iter().zip(&mut self.rows) {
            if capability == row {
                *standing = Standing::Yes { seen: seen.into() };
                break;
            }
        }
        self
    }

    /// Both writing rows stand so; nothing is known of the others.
    #[cfg(test)]
    pub(crate) fn with_writes(standing: Standing) -> Self {
        let unknown = || Standing::Unknown { why: String::new() };
        Self { rows: [unknown(), standing.clone(), unknown(), standing, unknown()] }
    }
}

/// An admin role that an administrator states of the token's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatedRole {
    /// Read-only Administrator.
    ReadOnly,
    /// Application Administrator.
    App,
    /// Group Administrator.
    Group,
    /// Super Administrator.
    Super,
}

impl StatedRole {
    /// `ro`, `app`, `group` or `super`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "ro",
            Self::App => "app",
            Self::Group => "group",
            Self::Super => "super",
        }
    }

    /// Whether the role gives the right.
    #[must_use]
    pub fn holds(self, row: Capability) -> bool {
        match self {
            Self::Super => true,
            Self::ReadOnly => matches!(row, Capability::ReviewMemberships | Capability::ReviewAssignments),
            Self::App => matches!(row, Capability::ReviewAssignments | Capability::ProvisionAssignments),
            Self::Group => matches!(row, Capability::ReviewMemberships | Capability::ProvisionMemberships),
        }
    }
}

/// Asks what a check has not asked yet: members of one group, and the roles of the token's owner. Reads only, at most
/// three requests.
///
/// # Errors
/// [`SyncError`]: the token died meanwhile, or the caller cancelled.
pub async fn rights(
    client: &Client,
    probe: &Probe,
    stated: &BTreeSet<StatedRole>,
    at: Timestamp,
) -> Result<Rights, SyncError> {
    let memberships = read(members(client).await, at)?;
    let assignments = [Stage::AppUsers, Stage::AppGroups].map(|stage| of_list(probe, stage, at));
    let admins = match probe.lists.iter().any(|(stage, _)| *stage == Stage::AdminRoles) {
        true => of_list(probe, Stage::AdminRoles, at),
        false => read(first_admin(client).await, at)?,
    };
    let owner = owner_roles(client, probe).await?;
    let rows = [
        memberships,
        written(&owner, Capability::ProvisionMemberships, at),
        both(assignments),
        written(&owner, Capability::ProvisionAssignments, at),
        admins,
    ];
    let mut rights = Rights { rows };
    state(&mut rights, stated);
    Ok(rights)
}

/// What was stated fills what is unknown, and nothing else.
fn state(rights: &mut Rights, stated: &BTreeSet<StatedRole>) {
    if stated.is_empty() {
        return;
    }
    let by = stated.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    for (row, standing) in Capability::ALL.into_iter().zip(&mut rights.rows) {
        if matches!(standing, Standing::Unknown { .. }) {
            let holds = stated.iter().any(|role| role.holds(row));
            *standing = Standing::Stated { holds, by: by.clone() };
        }
    }
}

fn of_list(probe: &Probe, list: Stage, at: Timestamp) -> Standing {
    let right = probe.lists.iter().find(|(stage, _)| *stage == list).map(|(_, right)| right);
    match right {
        Some(Right::Yes) => Standing::Yes { seen: format!("{} could be read", list.as_str()) },
        Some(Right::No { refused: true, .. }) => {
            Standing::No { why: format!("Okta refused {}", list.as_str()), at }
        }
        Some(Right::No { why, .. }) => Standing::Unknown { why: why.clone() },
        None => Standing::Unknown { why: format!("{} was not asked for", list.as_str()) },
    }
}

/// Both lists are needed: the weaker one decides.
fn both([a, b]: [Standing; 2]) -> Standing {
    match (&a, &b) {
        (Standing::No { .. }, _) => a,
        (_, Standing::No { .. }) => b,
        (Standing::Unknown { .. }, _) => a,
        _ => b,
    }
}

fn read(asked: Result<Option<String>, Error>, at: Timestamp) -> Result<Standing, SyncError> {
    Ok(match asked {
        Ok(Some(seen)) => Standing::Yes { seen },
        Ok(None) => Standing::Unknown { why: "the token sees no group to try it on".to_owned() },
        Err(error) if ends(&error) => return Err(SyncError::reading("the token's rights")(error)),
        Err(error) if is_no(&error) => Standing::No { why: format!("Okta refused: {}", brief(&error)), at },
        Err(error) => Standing::Unknown { why: brief(&error) },
    })
}

/// Okta's answer in three words; the request's own words where there was none.
fn brief(error: &Error) -> String {
    match error.reply() {
        Some(reply) => format!("{} {}", reply.status, reply.code.as_deref().unwrap_or("without a code")),
        None => error.to_string(),
    }
}

fn ends(error: &Error) -> bool {
    error.is_unauthenticated() || matches!(error, Error::Cancelled)
}

/// Only Okta's own refusal is a no; an outage is not.
pub(crate) fn is_no(error: &Error) -> bool {
    error.is_refused()
}

/// Lists groups and the members of the first.
async fn members(client: &Client) -> Result<Option<String>, Error> {
    let groups = client.list_at::<shapes::Group>("/api/v1/groups?limit=1")?.next_page().await?;
    let Some(group) = groups.and_then(|page| page.items.into_iter().next()) else { return Ok(None) };
    client
        .list_at::<shapes::User>(&format!("/api/v1/groups/{}/users?limit=1", group.id.as_str()))?
        .next_page()
        .await?;
    Ok(Some(format!("members of group {} could be read", group.id.as_str())))
}

async fn first_admin(client: &Client) -> Result<Option<String>, Error> {
    client.role_assignees()?.next_page().await?;
    Ok(Some("admin-roles could be read".to_owned()))
}

/// What the roles of the token's owner say.
enum Owner {
    /// Active roles, each with whether it is limited to some groups or apps.
    Roles(Vec<(String, bool)>),
    /// They cannot be read.
    Closed(String),
}

async fn owner_roles(client: &Client, probe: &Probe) -> Result<Owner, SyncError> {
    if client.service_app().is_some() {
        return Ok(Owner::Closed("the roles of a service app are not read".to_owned()));
    }
    let Some(reader) = &probe.reader else {
        return Ok(Owner::Closed("Okta names no owner of this credential".to_owned()));
    };
    let asked = async {
        let id = shapes::UserId::new(reader.id.as_str()).map_err(|_| Error::Path(reader.id.clone()))?;
        client.user_roles(&id, Some("targets/groups,targets/catalog/apps"))?.all().await
    };
    match asked.await {
        Ok((roles, _)) => Ok(Owner::Roles(
            roles
                .iter()
                .filter(|role| role.status.as_deref() != Some("INACTIVE"))
                .map(|role| (role.role_type.clone().unwrap_or_default(), is_limited(role)))
                .collect(),
        )),
        Err(error) if ends(&error) => Err(SyncError::reading("the token's roles")(error)),
        Err(error) => Ok(Owner::Closed(format!("the roles of its owner cannot be read ({})", brief(&error)))),
    }
}

/// Whether targets limit the role; `{"groups": [], "catalog": {"apps": []}}` limits nothing.
fn is_limited(role: &shapes::RoleAssignment) -> bool {
    fn some(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::Array(items) => !items.is_empty(),
            serde_json::Value::Object(fields) => fields.values().any(some),
            _ => false,
        }
    }
    role.targets().is_some_and(some)
}

/// Roles of which Okta's documentation says what they may write.
const KNOWN: [&str; 5] = ["SUPER_ADMIN", "APP_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN", "REPORT_ADMIN"];

fn written(owner: &Owner, row: Capability, at: Timestamp) -> Standing {
    let roles = match owner {
        Owner::Closed(why) => {
            return Standing::Unknown { why: why.clone() };
        }
        Owner::Roles(roles) => roles,
    };
    let confers = |kind: &str| match row {
        Capability::ProvisionAssignments => matches!(kind, "SUPER_ADMIN" | "APP_ADMIN"),
        _ => matches!(kind, "SUPER_ADMIN" | "USER_ADMIN" | "GROUP_MEMBERSHIP_ADMIN"),
    };
    let holding: Vec<_> = roles.iter().filter(|(kind, _)| confers(kind)).collect();
    if let Some((kind, _)) = holding.iter().find(|(_, limited)| !limited) {
        return Standing::Yes { seen: format!("the token's owner holds {kind}") };
    }
    if let Some((kind, _)) = holding.first() {
        let why = format!("the token's owner holds {kind}, limited to some groups or apps");
        return Standing::Unknown { why };
    }
    if let Some((kind, _)) =
        roles.iter().find(|(kind, _)| !KNOWN.contains(&kind.as_str()) && kind != "GROUP_MEMBERSHIP_ADMIN")
    {
        return Standing::Unknown {
            why: format!("the token's owner holds {kind}, which may hold it or not"),
        };
    }
    let held: Vec<&str> = roles.iter().map(|(kind, _)| kind.as_str()).collect();
    let held = if held.is_empty() { "no role".to_owned() } else { held.join(", ") };
    Standing::No { why: format!("the token's owner holds {held}"), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind of role, and whether it is limited.
    type Held = &'static [(&'static str, bool)];

    fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn unknown() -> Standing {
        Standing::Unknown { why: String::new() }
    }

    fn word(standing: &Standing) -> &'static str {
        match standing {
            Standing::Yes { .. } => "yes",
            Standing::No { .. } => "no",
            Standing::Unknown { .. } => "unknown",
            Standing::Stated { holds: true, .. } => "stated yes",
            Standing::Stated { holds: false, .. } => "stated no",
        }
    }

    /// Rows: roles of the owner, then what they say of memberships and of assignments.
    #[test]
    fn roles_of_the_owner_tell_what_may_be_written() {
        let table: [(Held, &str, &str); 10] = [
            (&[("SUPER_ADMIN", false)], "yes", "yes"),
            (&[("APP_ADMIN", false)], "no", "yes"),
            (&[("USER_ADMIN", false)], "yes", "no"),
            (&[("GROUP_MEMBERSHIP_ADMIN", false)], "yes", "no"),
            (&[("READ_ONLY_ADMIN", false), ("APP_ADMIN", false), ("USER_ADMIN", false)], "yes", "yes"),
            (&[("READ_ONLY_ADMIN", false)], "no", "no"),
            (&[("APP_ADMIN", true)], "no", "unknown"),
            (&[("USER_ADMIN", true), ("USER_ADMIN", false)], "yes", "no"),
            (&[("CUSTOM", false)], "unknown", "unknown"),
            (&[], "no", "no"),
        ];
        for (roles, memberships, assignments) in table {
            let owner =
                Owner::Roles(roles.iter().map(|(kind, limited)| ((*kind).to_owned(), *limited)).collect());
            assert_eq!(
                word(&written(&owner, Capability::ProvisionMemberships, at())),
                memberships,
                "{roles:?}"
            );
            assert_eq!(
                word(&written(&owner, Capability::ProvisionAssignments, at())),
                assignments,
                "{roles:?}"
            );
        }
        assert_eq!(
            word(&written(&Owner::Closed(String::new()), Capability::ProvisionMemberships, at())),
            "unknown"
        );
    }

    #[test]
    fn what_is_stated_fills_only_what_is_unknown() {
        use StatedRole::{App, Group, ReadOnly, Super};
        let stand = |stated: &[StatedRole], rows: [Standing; 5]| {
            let mut rights = Rights { rows };
            state(&mut rights, &stated.iter().copied().collect());
            rights.rows().map(|(_, standing)| word(standing)).collect::<Vec<_>>()
        };
        let blank = || [unknown(), unknown(), unknown(), unknown(), unknown()];
        assert_eq!(stand(&[], blank()), ["unknown"; 5]);
        assert_eq!(
            stand(&[ReadOnly], blank()),
            ["stated yes", "stated no", "stated yes", "stated no", "stated no"]
        );
        let all_but_roles = ["stated yes", "stated yes", "stated yes", "stated yes", "stated no"];
        assert_eq!(stand(&[ReadOnly, App, Group], blank()), all_but_roles);
        assert_eq!(stand(&[Super], blank()), ["stated yes"; 5]);
        let yes = || Standing::Yes { seen: String::new() };
        let no = || Standing::No { why: String::new(), at: at() };
        let seen = [no(), unknown(), yes(), unknown(), no()];
        assert_eq!(stand(&[Super], seen), ["no", "stated yes", "yes", "stated yes", "no"]);
    }

    #[test]
    fn a_refused_write_is_a_no() {
        let rights = Rights { rows: [unknown(), unknown(), unknown(), unknown(), unknown()] };
        let rights = rights.refused(Capability::ProvisionMemberships, "403", at());
        assert_eq!(word(rights.of(Capability::ProvisionMemberships)), "no");
        assert_eq!(rights.rows().filter(|(_, standing)| word(standing) == "unknown").count(), 4);
    }

    #[test]
    fn the_weaker_of_two_lists_decides() {
        let yes = || Standing::Yes { seen: String::new() };
        let no = || Standing::No { why: String::new(), at: at() };
        for (a, b, expected) in [
            (yes(), yes(), "yes"),
            (yes(), no(), "no"),
            (unknown(), no(), "no"),
            (unknown(), yes(), "unknown"),
            (yes(), unknown(), "unknown"),
        ] {
            assert_eq!(word(&both([a, b])), expected);
        }
    }
}
