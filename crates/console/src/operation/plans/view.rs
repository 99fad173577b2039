//! A plan as pages and API show it.

use jiff::{SignedDuration, Timestamp};
use rolebook_connector::{Applied, PlanFile, Settled};
use rolebook_federation::plan::Target;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    approvers::{ApproverView, Approvers},
    offers::{capability, forbids},
    parse,
};
use crate::{
    ConsoleError,
    hosted::Hosted,
    operation::{Context, provisioning::Writer},
    policy::{Action, Relation},
    problem::Problem,
    run::clean,
    settings::Known,
    store::{self, entity::plan as stored},
};

/// A plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Its id.
    pub id: String,
    /// Connector.
    pub connector: String,
    /// Its name.
    pub connector_name: String,
    /// When it was made.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// By whom.
    pub author: String,
    /// What is wished.
    pub says: String,
    /// SHA-256 of the plan: what is approved and applied.
    pub digest: String,
    /// `planned`, `approved`, `applying`, `ended`.
    pub state: String,
    /// It confers, or takes away, what counts as privileged.
    pub privileged: bool,
    /// Why it is privileged.
    pub reasons: Vec<String>,
    /// A second person has to approve it first.
    pub needs_approval: bool,
    /// Who approved it.
    pub approver: Option<String>,
    /// When.
    #[schema(value_type = Option<String>)]
    pub approved_at: Option<Timestamp>,
    /// Who applied it.
    pub applier: Option<String>,
    /// When that ended.
    #[schema(value_type = Option<String>)]
    pub ended_at: Option<Timestamp>,
    /// It is so already: why.
    pub already_so: Option<String>,
    /// The calls, in order.
    pub steps: Vec<StepView>,
    /// Roles that are taken away, where everything is.
    pub takes_away: Vec<String>,
    /// Roles gained beside the one that was wished for.
    pub gains: Vec<String>,
    /// Roles lost beside the one that was wished away.
    pub loses: Vec<String>,
    /// Paths by which a revoked role stays.
    pub stays: Vec<StayView>,
    /// What to know before saying yes.
    pub notes: Vec<String>,
    /// What must be so when it is applied.
    pub conditions: Vec<String>,
    /// Rights that it needs, with what is known of them.
    pub rights: Vec<RightView>,
    /// Why the caller cannot apply it now; empty when they can.
    pub blocked: String,
    /// Why the caller cannot approve it now; empty when they can.
    pub no_approval: String,
    /// The Super Administrators, while one of them has to approve it, with why some cannot.
    pub approvers: Vec<ApproverView>,
    /// What came of it.
    pub result: Option<PlanResult>,
}

/// One call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// In words.
    pub text: String,
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Body, as it is sent.
    pub body: Option<Value>,
}

impl StepView {
    /// The body on one line; empty without one.
    pub(crate) fn body_text(&self) -> String {
        self.body.as_ref().map(|body| clean(&body.to_string())).unwrap_or_default()
    }
}

/// A path by which a role stays.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StayView {
    /// Role.
    pub role: String,
    /// The path.
    pub path: String,
    /// What to do about it.
    pub remedy: String,
    /// The wish was to be rid of exactly this.
    pub wished_away: bool,
}

/// A right that a plan needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RightView {
    /// Which.
    pub text: String,
    /// What is known of it.
    pub known: Known,
}

/// What came of a plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PlanResult {
    /// `done`, `already so`, `refused`, `failed`, `unknown`.
    pub outcome: String,
    /// In words.
    pub says: String,
    /// What to do about it.
    pub hint: String,
    /// All of the wish is fulfilled.
    pub complete: bool,
    /// The steps that were tried.
    pub steps: Vec<StepResult>,
    /// Okta's ids of the calls, as its System Log has them.
    pub request_ids: Vec<String>,
    /// Id in the chain beside the database.
    pub audit_id: Option<String>,
    /// Until when AWS sessions that are open already may last.
    pub aws_sessions_may_last_until: Option<String>,
    /// What earlier changes had left open, and what came of it.
    pub settled: Vec<String>,
}

/// What came of a step.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct StepResult {
    /// In words.
    pub text: String,
    /// As for the whole.
    pub outcome: String,
    /// In words.
    pub says: String,
}

impl PlanResult {
    pub(super) fn of(applied: &Applied, settled: &[Settled]) -> Self {
        Self {
            outcome: applied.outcome.to_string(),
            says: clean(&applied.says),
            hint: clean(applied.hint.as_deref().unwrap_or_default()),
            complete: !applied.falls_short,
            steps: applied
                .steps
                .iter()
                .map(|end| StepResult {
                    text: clean(&end.step.to_string()),
                    outcome: end.outcome.to_string(),
                    says: clean(&end.says),
                })
                .collect(),
            request_ids: applied.steps.iter().flat_map(|end| end.request_ids.clone()).collect(),
            audit_id: applied.op.clone(),
            aws_sessions_may_last_until: applied.aws_sessions_may_last_until.map(|at| at.to_string()),
            settled: settled
                .iter()
                .map(|one| clean(&format!("{} ({}): {}; {}", one.op, one.what, one.outcome, one.says)))
                .collect(),
        }
    }

    /// Nothing was written, because of this.
    pub(super) fn nothing(outcome: &str, problem: &Problem) -> Self {
        Self {
            outcome: outcome.to_owned(),
            says: format!("{}: {}", problem.title, problem.detail),
            hint: problem.hint.to_string(),
            ..Self::default()
        }
    }

    /// Colour of the outcome.
    pub(crate) fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "done" | "already so" if self.complete => "green",
            "done" | "already so" | "unknown" => "amber",
            _ => "red",
        }
    }
}

/// Why a plan is privileged. Plans of older versions do not say.
pub(super) fn reasons_of(row: &stored::Model) -> Result<Vec<String>, ConsoleError> {
    match &row.reasons {
        Some(text) => store::json("change_plan", text),
        None if row.privileged => Ok(vec!["it touches a role that counts as privileged".to_owned()]),
        None => Ok(Vec::new()),
    }
}

impl PlanView {
    pub(super) fn new(
        context: &Context,
        hosted: &Hosted,
        writer: &Writer,
        row: &stored::Model,
        approvers: &Approvers,
    ) -> Result<Self, Problem> {
        // Shown even when it is too old, or was edited: then it cannot be applied.
        let file: PlanFile = store::json("change_plan", &row.body)?;
        let whole = PlanFile::parse(&row.body, context.console.now());
        let change = file.changes.first().ok_or(ConsoleError::Record {
            table: "change_plan",
            reason: "a plan without a change".to_owned(),
        })?;
        let plan = &change.plan;
        let words = |roles: &[rolebook_federation::plan::RoleName]| -> Vec<String> {
            roles.iter().map(|role| clean(&role.to_string())).collect()
        };
        let needs_approval = row.privileged && writer.row.second_person;
        let mine = approvers.concerned(hosted, &context.actor.user, &parse(&row.concerns)?);
        let shared = if !context.actor.may(Relation::default(), Action::ChangeAccess) {
            "your role only looks on".to_owned()
        } else if row.state == "applying" || row.state == "ended" {
            "it was applied".to_owned()
        } else if let Err(error) = &whole {
            clean(&error.to_string())
        } else if mine {
            "it changes your own access".to_owned()
        } else {
            String::new()
        };
        let blocked = if !shared.is_empty() {
            shared.clone()
        } else if !writer.row.enabled {
            "provisioning is off for this connector".to_owned()
        } else if let Some(why) = &plan.already_so {
            format!("nothing is to be done: {}", clean(why))
        } else if let Some(why) = plan.rows().into_iter().find_map(|row| forbids(writer, row)) {
            why
        } else if needs_approval && row.state != "approved" {
            "a second person has to approve it first".to_owned()
        } else {
            String::new()
        };
        let no_approval = if !shared.is_empty() {
            shared
        } else if row.state != "planned" {
            "it was approved".to_owned()
        } else if row.author_id == context.actor.user.id {
            "you made it: a second person has to approve it".to_owned()
        } else {
            String::new()
        };
        let no_approval = if no_approval.is_empty() {
            approvers.excluded(hosted, &context.actor.user, row)?
        } else {
            no_approval
        };
        let waits = needs_approval && row.state == "planned";
        let everything = change.request.wish.target == Target::Everything;
        Ok(Self {
            id: row.id.clone(),
            connector: row.connector_id.clone(),
            connector_name: hosted.row.name.clone(),
            created_at: store::time(row.created_at),
            author: row.author.clone(),
            says: row.says.clone(),
            digest: row.digest.clone(),
            state: row.state.clone(),
            privileged: row.privileged,
            reasons: reasons_of(row)?,
            needs_approval,
            approver: row.approver.clone(),
            approved_at: row.approved_at.map(store::time),
            applier: row.applier.clone(),
            ended_at: row.ended_at.map(store::time),
            already_so: plan.already_so.as_deref().map(clean),
            steps: plan
                .steps
                .iter()
                .zip(&change.calls)
                .map(|(step, call)| StepView {
                    text: clean(&step.to_string()),
                    method: call.method.clone(),
                    path: clean(&call.path),
                    body: call.body.clone(),
                })
                .collect(),
            takes_away: if everything { words(&plan.must_not_have) } else { Vec::new() },
            gains: words(&plan.gains),
            loses: words(&plan.loses),
            stays: plan
                .residual
                .iter()
                .map(|residual| StayView {
                    role: clean(&residual.role.to_string()),
                    path: clean(&residual.path),
                    remedy: clean(&residual.remedy),
                    wished_away: residual.wished_away,
                })
                .collect(),
            notes: plan.notes.iter().map(|note| clean(note)).collect(),
            conditions: plan
                .preconditions
                .iter()
                .map(|condition| clean(&format!("{}: {condition}", condition.subject())))
                .collect(),
            rights: plan
                .rows()
                .into_iter()
                .map(|row| RightView { text: row.to_string(), known: writer.known(capability(row)) })
                .collect(),
            blocked,
            no_approval,
            approvers: if waits { approvers.views(hosted, row)? } else { Vec::new() },
            result: row.result.as_deref().map(|text| store::json("change_plan", text)).transpose()?,
        })
    }

    /// Older than a day and never applied.
    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        matches!(self.state.as_str(), "planned" | "approved")
            && now.duration_since(self.created_at) > SignedDuration::from_hours(24)
    }
}
