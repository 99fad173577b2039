//! Facts for a plan, read right before: a few requests, never a list of everything.

mod call;
mod document;
mod reads;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use rolebook_federation::{
    Rules, Switches, Union, Warnings,
    plan::{
        Action, Named, Plan, Principal, Rights, RoleName, Row, Situation, Standing, Target, Via, Wish,
        WithApp,
    },
};
use rolebook_ledger::{AppRecord, Facts, Org, Reader};
use rolebook_okta::{Client, shapes};
use rolebook_snapshot::SyncId;
use serde::{Deserialize, Serialize};

pub use call::Call;
pub use document::{PlanFile, PlannedChange};
pub use reads::Fresh;
pub(crate) use reads::profile;

use crate::{
    AppChoice, Capability, ChangeError, Mismatch, RightsMemory, StatedRole, Who, app, entrance, lookup,
};

/// The snapshot that names people, groups and roles.
#[derive(Debug, Clone)]
pub struct Known {
    /// The file.
    pub path: PathBuf,
    /// Its newest full sync, with what was written since.
    pub facts: Facts,
    /// Id of that sync.
    pub sync_id: SyncId,
}

/// Whom a change is about, as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalName {
    /// A person by id, login, e-mail or exact name.
    User(String),
    /// A group by id or exact name.
    Group(String),
}

/// What a change is about, as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetName {
    /// `ACCOUNT/ROLE`.
    Role(String),
    /// A group by id or exact name.
    Group(String),
    /// The app.
    App,
    /// Everything.
    All,
}

/// A change as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// To or fro.
    pub action: Action,
    /// Whose access.
    pub principal: PrincipalName,
    /// What.
    pub target: TargetName,
    /// The group through which.
    pub via: Option<String>,
    /// Assign to the app as well: by itself, or through a group.
    pub with_app: Option<Option<String>>,
    /// See [`Wish::allow_conversion`].
    pub allow_conversion: bool,
    /// See [`Wish::last_role`].
    pub last_role: rolebook_federation::plan::LastRole,
}

/// A change with all names turned into ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is wished.
    pub wish: Wish,
    /// The person whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Named>,
    /// The groups that it names, as they were called when they were looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Named>,
    /// The wish in words; a plan puts it into words anew, by the names of that moment.
    pub says: String,
}

/// A plan with the facts that it was made from.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What was asked.
    pub request: Request,
    /// What is to be done.
    pub plan: Plan,
    /// The facts.
    pub fresh: Fresh,
}

impl Planned {
    /// That an earlier plan still comes out of these facts, with the same preconditions and steps.
    ///
    /// # Errors
    /// [`ChangeError::Stale`] names both values of whatever differs.
    pub fn confirms(&self, earlier: &Plan) -> Result<(), ChangeError> {
        crate::apply::still_so(earlier, self)
    }

    /// The calls that applying would make, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.plan.steps.iter().map(|step| Call::of(step, &self.fresh.situation.app.id)).collect()
    }
}

/// One org and app to plan changes for.
#[derive(Debug)]
pub struct Provisioning {
    pub(crate) client: Client,
    pub(crate) app_id: shapes::AppId,
    /// The org.
    pub org: Org,
    /// The token's owner; `None` for a service app.
    pub reader: Option<Reader>,
    /// The app as it was first read.
    pub app: AppRecord,
    first_read: Mutex<bool>,
    pub(crate) switches: Switches,
    pub(crate) known: Option<Known>,
    known_path: PathBuf,
    /// What the token may write, as far as it is known; refusals add to it.
    pub rights: Rights,
    memory: Option<RightsMemory>,
}

impl Provisioning {
    /// Reads org, token owner and app (three requests), and checks that the snapshot is of the same org and app.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn open(
        client: Client,
        choice: &AppChoice,
        switches: Switches,
        snapshot: PathBuf,
        known: Option<Known>,
    ) -> Result<Self, ChangeError> {
        let entrance = entrance::enter(&client, choice).await?;
        let (org, app) = (entrance.org, entrance.app);
        if let Some(known) = &known {
            let of = |org: &str, app: &str| format!("app {app} of org {org}");
            let there = (known.facts.org.id.as_str(), known.facts.app.id.as_str());
            if there != (org.id.as_str(), app.id.as_str()) {
                return Err(ChangeError::OtherSnapshot {
                    path: known.path.clone(),
                    of: of(there.0, there.1),
                    wanted: of(org.id.as_str(), app.id.as_str()),
                });
            }
        }
        let app_id = shapes::AppId::new(app.id.as_str())
            .map_err(|_| crate::SyncError::UnknownApp { id: app.id.as_str().to_owned() })?;
        Ok(Self {
            client,
            app_id,
            org,
            reader: entrance.reader,
            app,
            first_read: Mutex::new(true),
            switches,
            known,
            known_path: snapshot,
            rights: Rights::default(),
            memory: None,
        })
    }

    /// The snapshot in use.
    #[must_use]
    pub fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }

    /// Takes in what earlier runs learnt of this token's rights, and what was stated of its owner. What was seen counts
    /// for more than what was stated; a stated *yes* is tried like an unknown. From now on what writes teach is kept.
    /// No request is made.
    pub fn remember(&mut self, memory: RightsMemory, stated: &BTreeSet<StatedRole>) {
        self.rights = memory.rights(self.owner());
        self.memory = Some(memory);
        if stated.is_empty() {
            return;
        }
        let by = stated.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(",");
        for (row, capability) in [
            (Row::GroupMembership, Capability::ProvisionMemberships),
            (Row::ApplicationAssignment, Capability::ProvisionAssignments),
        ] {
            let holds = stated.iter().any(|role| role.holds(capability));
            if !holds && *self.rights.of(row) == Standing::Unknown {
                let why = format!("its owner is stated to hold no such role (--token-roles {by})");
                self.rights.learn(row, Standing::No { why });
            }
        }
    }

    fn owner(&self) -> Option<&str> {
        self.reader.as_ref().map(|reader| reader.id.as_str())
    }

    /// Okta took a write, or refused one for want of a right.
    pub(crate) fn wrote(&mut self, row: Row, refused: Option<&str>, at: Timestamp) {
        let owner = self.reader.as_ref().map(|reader| reader.id.as_str());
        let Some(memory) = &mut self.memory else {
            let standing = match refused {
                None => Standing::Yes,
                Some(why) => Standing::No { why: why.to_owned() },
            };
            self.rights.learn(row, standing);
            return;
        };
        // Another run may have learnt something meanwhile.
        if let Ok(now) = RightsMemory::read(memory.path()) {
            *memory = now;
        }
        let known = memory.of(owner, row).is_some_and(|lesson| lesson.holds);
        if known && refused.is_none() {
            return;
        }
        memory.wrote(owner, row, refused, at);
        self.rights.learn(row, memory.rights(owner).of(row).clone());
        if let Err(error) = memory.keep() {
            tracing::warn!("what was learnt of the token's rights could not be kept: {error}");
        }
    }

    /// Who acts, with the token's owner filled in.
    #[must_use]
    pub fn who(&self, who: Who) -> Who {
        let token_owner =
            self.reader.as_ref().map(|reader| Named { id: reader.id.clone(), name: reader.login.clone() });
        Who { token_owner, ..who }
    }

    /// Turns names into ids.
    ///
    /// # Errors
    /// [`ChangeError::Ambiguous`], [`ChangeError::NotFound`], [`ChangeError::NoSnapshot`], or what reading ends in.
    pub async fn request(&self, asked: &Asked) -> Result<Request, ChangeError> {
        let facts = self.known.as_ref().map(|known| &known.facts);
        let client = &self.client;
        let mut groups: Vec<Named> = Vec::new();
        let (principal, user) = match &asked.principal {
            PrincipalName::User(name) => {
                let user = lookup::person(client, facts, name).await?;
                (Principal::User, Some(user))
            }
            PrincipalName::Group(name) => {
                let group = lookup::group(client, facts, name).await?;
                groups.push(group.clone());
                (Principal::Group(group.id), None)
            }
        };
        let target = match &asked.target {
            TargetName::Role(name) => Target::Role(self.role(name, asked.via.is_some())?),
            TargetName::Group(name) => {
                let group = lookup::group(client, facts, name).await?;
                groups.push(group.clone());
                Target::Membership(group.id)
            }
            TargetName::App => Target::App,
            TargetName::All => Target::Everything,
        };
        let via: Option<Via> = match &asked.via {
            Some(name) => {
                let group = lookup::group(client, facts, name).await?;
                groups.push(group.clone());
                Some(group.id)
            }
            None => None,
        };
        let with_app = match &asked.with_app {
            None => None,
            Some(None) => Some(WithApp::Own),
            Some(Some(name)) => {
                let group = lookup::group(client, facts, name).await?;
                groups.push(group.clone());
                Some(WithApp::Group(group.id))
            }
        };
        let wish = Wish {
            action: asked.action,
            principal,
            target,
            via,
            with_app,
            allow_conversion: asked.allow_conversion,
            last_role: asked.last_role,
        };
        Ok(Request { wish, user, groups, says: String::new() })
    }

    fn role(&self, name: &str, via: bool) -> Result<RoleName, ChangeError> {
        let Some(known) = &self.known else {
            return Err(ChangeError::NoSnapshot { path: self.known_path.clone() });
        };
        let app = self.app.to_federation(&mut Warnings::new());
        let rules = Rules::compile(&app, Union::Unknown, &self.switches, &mut Warnings::new())?;
        lookup::role(&known.facts, &rules, name, via)
    }

    /// Reads the facts and plans.
    ///
    /// # Errors
    /// [`ChangeError::Refused`], or what reading ends in.
    pub async fn plan(&self, request: &Request) -> Result<Planned, ChangeError> {
        let fresh = self.fresh(request).await?;
        same_names(request, &fresh)?;
        let plan = rolebook_federation::plan::plan(&fresh.situation, &request.wish)?;
        let request = Request { says: words(&request.wish, &fresh.situation), ..request.clone() };
        Ok(Planned { request, plan, fresh })
    }

    /// Reads the facts that a wish needs.
    ///
    /// # Errors
    /// What reading ends in.
    pub async fn fresh(&self, request: &Request) -> Result<Fresh, ChangeError> {
        reads::read(self, request).await
    }

    /// The app: as it was read at the entrance the first time, afresh from then on.
    async fn fresh_app(&self) -> Result<AppRecord, ChangeError> {
        let first = {
            let mut first = self.first_read.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *first, false)
        };
        if first {
            return Ok(self.app.clone());
        }
        Ok(app::find(&self.client, &AppChoice::Id(self.app_id.as_str().to_owned())).await?)
    }
}

/// A wish in words.
fn words(wish: &Wish, situation: &Situation) -> String {
    let group = |id: &str| {
        let known = situation.groups.iter().find(|group| group.id == id);
        known.map_or_else(|| id.to_owned(), |group| group.named().to_string())
    };
    let what = match &wish.target {
        Target::Role(role) => role.to_string(),
        Target::Membership(id) => format!("membership of {}", group(id)),
        Target::App => format!("assignment to {}", situation.app),
        Target::Everything => "everything".to_owned(),
    };
    let whose = match &wish.principal {
        Principal::User => situation.user.as_ref().map_or_else(String::new, |user| user.named().to_string()),
        Principal::Group(id) => format!("group {}", group(id)),
    };
    match wish.action {
        Action::Grant => format!("grant {what} to {whose}"),
        Action::Revoke => format!("revoke {what} from {whose}"),
    }
}

/// A name that has gone to somebody else since it was looked up would change the wrong access.
fn same_names(request: &Request, fresh: &Fresh) -> Result<(), ChangeError> {
    let situation = &fresh.situation;
    let user = request.user.iter().filter_map(|named| {
        let now = situation.user.as_ref()?;
        (now.id == named.id).then(|| (format!("person {}", named.id), named.name.clone(), now.login.clone()))
    });
    let groups = request.groups.iter().filter_map(|named| {
        let now = situation.groups.iter().find(|group| group.id == named.id)?;
        let name = now.group.name.clone().unwrap_or_default();
        Some((format!("group {}", named.id), named.name.clone(), name))
    });
    let mismatches: Vec<Mismatch> = user
        .chain(groups)
        .filter(|(_, then, now)| !then.eq_ignore_ascii_case(now))
        .map(|(subject, planned, found)| Mismatch { subject, planned, found })
        .collect();
    if mismatches.is_empty() { Ok(()) } else { Err(ChangeError::Stale(mismatches)) }
}
