//! Plans: what granting or revoking would do, call by call; looked at, approved where that is asked for, and applied.

use std::collections::BTreeSet;

use rolebook_connector::{
    Asked, ChangeError, ErrorKind, Known as KnownSnapshot, PlanFile, PrincipalName, Provisioning, Request,
    TargetName, Who,
};
use rolebook_federation::{
    Switches,
    plan::{self, Action as Direction, LastRole, Principal, Row},
};
use rolebook_okta::{Client, shapes};
use rolebook_snapshot::{Limits, Snapshot};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Context, connectors::load, provisioning::Writer};
use crate::{
    ConsoleError, checks,
    credential::Login,
    fresh,
    hosted::Hosted,
    problem::Problem,
    run::clean,
    settings::Known,
    store::{self, entity::plan as stored, plans},
    table::Page,
};

pub(crate) mod apply;
pub(crate) mod approvers;
pub(crate) mod offers;
mod privileged;
pub(crate) mod view;

use approvers::Approvers;
use offers::{ROWS, capability, forbids};
use view::PlanView;

/// A change to plan.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewPlan {
    /// `grant` or `revoke`.
    pub action: String,
    /// Whose access: a person by login, e-mail, name or Okta id; or
    pub person: String,
    /// a group by name or Okta id.
    pub principal_group: String,
    /// What: a role as ACCOUNT/ROLE; or
    pub role: String,
    /// membership of a group by name or Okta id; or
    pub group: String,
    /// the assignment to the app; or
    pub app: bool,
    /// everything (revoke, of a person).
    pub all: bool,
    /// The group through which a role goes, where several confer it.
    pub via: String,
    /// Make a missing assignment to the app too: `own`, or the group through which.
    pub with_app: String,
    /// What becomes of an assignment that loses its last role: `keep`, `unassign`, `group`.
    pub last_role: String,
}

impl NewPlan {
    fn asked(&self, allow_conversion: bool) -> Result<Asked, Problem> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let action = match self.action.as_str() {
            "grant" => Direction::Grant,
            "revoke" => Direction::Revoke,
            _ => return Err(Problem::field("action", "grant or revoke")),
        };
        let principal = match (given(&self.person), given(&self.principal_group)) {
            (Some(person), None) => PrincipalName::User(person),
            (None, Some(group)) => PrincipalName::Group(group),
            _ => return Err(Problem::field("person", "name a person or a group, one of them")),
        };
        let mut targets = Vec::new();
        targets.extend(given(&self.role).map(TargetName::Role));
        targets.extend(given(&self.group).map(TargetName::Group));
        targets.extend(self.app.then_some(TargetName::App));
        targets.extend(self.all.then_some(TargetName::All));
        let (Some(target), true) = (targets.pop(), targets.is_empty()) else {
            return Err(Problem::field("role", "name one thing: a role, a group, the app, or everything"));
        };
        let last_role = match self.last_role.as_str() {
            "" | "keep" => LastRole::Keep,
            "unassign" => LastRole::Unassign,
            "group" => LastRole::Group,
            _ => return Err(Problem::field("last_role", "keep, unassign or group")),
        };
        let with_app = given(&self.with_app).map(|word| Some(word).filter(|word| word != "own"));
        Ok(Asked { action, principal, target, via: given(&self.via), with_app, allow_conversion, last_role })
    }
}

/// What the caller saw: exactly this is approved or applied.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Seen {
    /// The plan's digest.
    pub digest: String,
}

/// A plan as it is stored, with its connector.
struct Loaded {
    hosted: Hosted,
    writer: Writer,
    row: stored::Model,
}

impl Loaded {
    async fn get(context: &Context, connector: &str, id: &str) -> Result<Self, Problem> {
        let hosted = load(context, connector).await?;
        let row = plans::by_id(context.console.store.db(), connector, id)
            .await?
            .ok_or_else(|| Problem::not_found("plan"))?;
        let writer = Writer::load(context, &hosted).await?;
        Ok(Self { hosted, writer, row })
    }

    async fn view(&self, context: &Context) -> Result<PlanView, Problem> {
        let approvers = Approvers::load(context).await?;
        PlanView::new(context, &self.hosted, &self.writer, &self.row, &approvers)
    }

    /// The plan, when it is whole, young and the one that the caller saw.
    fn file(&self, context: &Context, seen: &Seen) -> Result<PlanFile, Problem> {
        let file = PlanFile::parse(&self.row.body, context.console.now()).map_err(|error| told(&error))?;
        if file.digest != self.row.digest {
            let (found, computed) = (self.row.digest.clone(), file.digest);
            return Err(told(&ChangeError::Edited { found, computed }));
        }
        if seen.digest.trim() != file.digest {
            return Err(Problem::field(
                "digest",
                "this is not the digest of the plan: look at the plan again",
            ));
        }
        Ok(file)
    }
}

/// Plans of a connector, or of all, newest first: so many from a position on.
pub(crate) async fn list(
    context: &Context,
    connector: &str,
    from: usize,
    limit: usize,
) -> Result<Page<PlanView>, Problem> {
    let db = context.console.store.db();
    let total = plans::count(db, connector).await?;
    let mut views = Vec::new();
    let approvers = Approvers::load(context).await?;
    for row in plans::of(db, connector, from as u64, limit as u64).await? {
        let Some(found) = store::connectors::by_id(db, &row.connector_id).await? else { continue };
        let hosted = Hosted::of(found)?;
        let writer = Writer::load(context, &hosted).await?;
        views.push(PlanView::new(context, &hosted, &writer, &row, &approvers)?);
    }
    let end = from.saturating_add(limit);
    Ok(Page { items: views, total, next_cursor: (end < total).then(|| end.to_string()) })
}

/// One plan.
pub(crate) async fn get(context: &Context, connector: &str, id: &str) -> Result<PlanView, Problem> {
    let loaded = Loaded::get(context, connector, id).await?;
    loaded.view(context).await
}

/// Why nothing can be planned now; `None` when something can.
pub(crate) fn off(writer: &Writer) -> Option<Problem> {
    (!writer.row.enabled).then(|| {
        Problem::conflict(
            "provisioning is off for this connector",
            "it only reads",
            "a Super Administrator can switch provisioning on, on the connector's tab Provisioning",
        )
    })
}

/// Plans a change, and keeps the plan.
pub(crate) async fn make(context: &Context, connector: &str, new: NewPlan) -> Result<PlanView, Problem> {
    let hosted = load(context, connector).await?;
    let writer = Writer::load(context, &hosted).await?;
    if let Some(off) = off(&writer) {
        return Err(off);
    }
    let asked = new.asked(hosted.settings.allow_conversion)?;
    // Planning only reads: the token of the syncs is enough.
    let login = hosted.login(&context.console.vault)?;
    let client = client(context, &hosted, &login)?;
    let place = open(context, &hosted, &writer, client.clone()).await?;
    let request = place.request(&asked).await.map_err(|error| told(&error))?;
    let planned = place.plan(&request).await.map_err(|error| told(&error))?;
    let concerns = concerned(&client, &planned.request).await?;
    let told_of = (&planned.request, &planned.plan);
    let reasons = privileged::reasons(context, &client, &place, told_of, &planned.fresh.situation).await?;
    let now = context.console.now();
    let file = PlanFile::new(&place, std::slice::from_ref(&planned), place.who(who(context)), now);
    let row = stored::Model {
        id: fresh::id("pln")?,
        connector_id: connector.to_owned(),
        created_at: now.as_millisecond(),
        author_id: context.actor.user.id.clone(),
        author: context.actor.user.name.clone(),
        says: clean(&planned.request.says),
        digest: file.digest.clone(),
        body: store::to_json(&file),
        concerns: store::to_json(&concerns),
        privileged: !reasons.is_empty(),
        reasons: Some(store::to_json(&reasons)),
        state: "planned".to_owned(),
        approver_id: None,
        approver: None,
        approved_at: None,
        applier: None,
        began_at: None,
        ended_at: None,
        result: None,
        worker: None,
    };
    let change = context.change().await?;
    change.add_plan(row.clone()).await?;
    let detail = json!({ "plan": row.id, "says": row.says, "digest": row.digest, "privileged": reasons });
    change.audit("plan.made", &format!("connector/{connector}"), detail).await?;
    change.commit().await?;
    Loaded { hosted, writer, row }.view(context).await
}

/// A second person says yes to exactly this plan.
pub(crate) async fn approve(
    context: &Context,
    connector: &str,
    id: &str,
    seen: &Seen,
) -> Result<PlanView, Problem> {
    let mut loaded = Loaded::get(context, connector, id).await?;
    loaded.file(context, seen)?;
    if loaded.row.state != "planned" {
        return Err(not_now(&loaded.row.state));
    }
    if loaded.row.author_id == context.actor.user.id {
        return Err(Problem::conflict(
            "you made this plan",
            "a second person has to approve it",
            "ask another Super Administrator to look at it",
        ));
    }
    not_ones_own(context, &loaded.hosted, &parse(&loaded.row.concerns)?).await?;
    let approvers = Approvers::load(context).await?;
    let why = approvers.excluded(&loaded.hosted, &context.actor.user, &loaded.row)?;
    if !why.is_empty() {
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "not-a-second-person",
            "you cannot be the second person of this plan",
            why,
            "ask another Super Administrator; the page of the plan says who can",
        ));
    }
    let change = context.change().await?;
    loaded.row.state = "approved".to_owned();
    loaded.row.approver_id = Some(context.actor.user.id.clone());
    loaded.row.approver = Some(context.actor.user.name.clone());
    loaded.row.approved_at = Some(change.now_ms());
    if !change.move_plan("planned", loaded.row.clone()).await? {
        return Err(Problem::changed());
    }
    let detail = json!({ "plan": id, "digest": loaded.row.digest });
    change.audit("plan.approved", &format!("connector/{connector}"), detail).await?;
    change.commit().await?;
    loaded.view(context).await
}

fn parse(concerns: &str) -> Result<BTreeSet<String>, ConsoleError> {
    store::json("change_plan", concerns)
}

fn not_now(state: &str) -> Problem {
    let why = match state {
        "applying" => "it is being applied",
        "ended" => "it was applied before",
        _ => "it was approved before",
    };
    Problem::conflict(
        "the plan cannot be taken now",
        why,
        "make a new plan, or look at what came of this one",
    )
}

/// Nobody changes their own access, under whichever of their accounts.
async fn not_ones_own(
    context: &Context,
    hosted: &Hosted,
    concerns: &BTreeSet<String>,
) -> Result<(), Problem> {
    if Approvers::load(context).await?.concerned(hosted, &context.actor.user, concerns) {
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "own-access",
            "this plan changes your own access",
            "nobody applies or approves such a plan",
            "ask another Super Administrator to apply it",
        ));
    }
    Ok(())
}

/// Who acts, for the chain beside the database.
fn who(context: &Context) -> Who {
    let user = &context.actor.user;
    Who { console_user: Some(format!("{} <{}>", clean(&user.name), clean(&user.email))), ..Who::default() }
}

fn client(context: &Context, hosted: &Hosted, login: &Login) -> Result<Client, Problem> {
    let stop = context.console.stop.child_token();
    let id = Some(hosted.row.id.as_str());
    checks::client(&context.console, &hosted.settings, login, id, stop)?
        .map_err(|wrong| Problem::conflict("the connector's settings do not work", wrong.text, wrong.hint))
}

/// Org and app, with the last good snapshot for names, and what is known of the token that writes.
async fn open(
    context: &Context,
    hosted: &Hosted,
    writer: &Writer,
    client: Client,
) -> Result<Provisioning, Problem> {
    let Some(good) = hosted.row.good_sync.clone() else {
        return Err(Problem::conflict(
            "nothing can be planned yet",
            "no sync of this connector has brought data",
            "start a sync, and plan when it has ended",
        ));
    };
    let path = context.console.snapshot(&hosted.row.id, &good).await?;
    let known = tokio::task::spawn_blocking({
        let path = path.clone();
        move || -> Result<KnownSnapshot, String> {
            let snapshot = Snapshot::open(&path, &Limits::default()).map_err(|error| error.to_string())?;
            let full = snapshot.latest_full().map_err(|error| error.to_string())?;
            let facts = rolebook_ledger::read(&snapshot.rows(&full.id)).map_err(|error| error.to_string())?;
            Ok(KnownSnapshot { path, facts, sync_id: full.id })
        }
    })
    .await
    .map_err(|error| ConsoleError::Connector(error.to_string()))?
    .map_err(|error| ConsoleError::Connector(format!("the snapshot of sync {good}: {error}")))?;
    let switches: Switches = known.facts.coverage.switches;
    let choice = checks::choice(&hosted.settings);
    let mut place = Provisioning::open(client, &choice, switches, path, Some(known))
        .await
        .map_err(|error| told(&error))?;
    if hosted.row.org_id.as_deref().is_some_and(|known| known != place.org.id.as_str()) {
        return Err(Problem::conflict(
            "the token is of another org",
            format!("it opens org {}", place.org.id.as_str()),
            "enter a token of the connector's org",
        ));
    }
    for row in ROWS {
        place.rights.learn(row, standing(writer, row));
    }
    Ok(place)
}

fn standing(writer: &Writer, row: Row) -> plan::Standing {
    match (forbids(writer, row), writer.known(capability(row))) {
        (Some(why), _) => plan::Standing::No { why },
        (None, Known::Yes) => plan::Standing::Yes,
        (None, _) => plan::Standing::Unknown,
    }
}

/// Ids, logins and addresses of those whose access a change is about, as Okta has them now; names in lower case.
async fn concerned(client: &Client, request: &Request) -> Result<BTreeSet<String>, Problem> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Names {
        login: Option<String>,
        email: Option<String>,
        #[serde(rename = "secondEmail")]
        second_email: Option<String>,
    }
    let unread = |error: rolebook_okta::Error| {
        Problem::conflict("it cannot be read whom this concerns", clean(&error.to_string()), error.hint())
    };
    let users: Vec<shapes::User> = match &request.wish.principal {
        Principal::User => {
            let Some(named) = &request.user else { return Ok(BTreeSet::new()) };
            let id = shapes::UserId::new(&named.id).map_err(|_| Problem::not_found("person"))?;
            vec![client.user(&id).await.map_err(unread)?]
        }
        Principal::Group(id) => {
            let path = format!("/api/v1/groups/{id}/users?limit=200");
            client.list_at::<shapes::User>(&path).map_err(unread)?.all().await.map_err(unread)?.0
        }
    };
    let mut names = BTreeSet::new();
    for user in users {
        names.insert(user.id.as_str().to_owned());
        let found: Names = user.profile.read().unwrap_or_default();
        let found = [found.login, found.email, found.second_email];
        names.extend(found.into_iter().flatten().map(|name| name.trim().to_lowercase()));
    }
    Ok(names)
}

/// Why a change was not planned or not applied, for people.
fn told(error: &ChangeError) -> Problem {
    let (title, hint) = match error {
        ChangeError::Edited { .. } | ChangeError::TooOld { .. } => {
            ("the plan cannot be used any more", "make a new plan".to_owned())
        }
        ChangeError::NoSnapshot { .. } => ("nothing can be planned yet", "start a sync".to_owned()),
        ChangeError::Stale(_) => ("the plan is stale; nothing was changed", error.hint()),
        ChangeError::Refused(_) => ("this change is not made", error.hint()),
        _ => ("the change was not made", error.hint()),
    };
    let status = match error.kind() {
        ErrorKind::Usage | ErrorKind::NotFound => http::StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Refused | ErrorKind::Conflict => http::StatusCode::CONFLICT,
        ErrorKind::Failed => http::StatusCode::BAD_GATEWAY,
    };
    Problem::new(status, "not-changed", title, clean(&error.to_string()), clean(&hint))
}
