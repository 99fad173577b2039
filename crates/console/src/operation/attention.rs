//! What needs somebody now: the first page begins with it.

use rolebook_insight::Severity;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Context, access, connectors, findings, plans};
use crate::{
    policy::{Action, Relation},
    problem::Problem,
    run::clean,
    table::MOST,
};

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Need {
    /// `red`, `amber`, `blue`: how much it presses.
    pub tone: &'static str,
    /// What.
    pub text: String,
    /// The page where it can be looked at.
    pub href: String,
}

/// What needs the caller, the most pressing first.
pub(crate) async fn needs(context: &Context) -> Result<Vec<Need>, Problem> {
    let mut needs = of_connectors(context).await?;
    needs.extend(of_findings(context).await?);
    needs.extend(of_plans(context).await?);
    needs.sort_by_key(|need| match need.tone {
        "red" => 0,
        "amber" => 1,
        _ => 2,
    });
    Ok(needs)
}

async fn of_connectors(context: &Context) -> Result<Vec<Need>, Problem> {
    let relation = context.actor.relation(&context.console, None).await?;
    if !context.actor.may(relation, Action::ListConnectors) {
        return Ok(Vec::new());
    }
    let mut needs = Vec::new();
    for view in connectors::list(context).await? {
        let may = |name: &str| view.authorized_actions.contains(&name);
        let at = |rest: &str| format!("/connectors/{}{rest}", view.id);
        let mut need = |tone, text: &str, href: String| {
            needs.push(Need { tone, text: format!("{}: {text}", clean(&view.name)), href });
        };
        match (&view.held_sync, &view.token) {
            (Some(held), _) if may("confirm-hold") => {
                need(
                    "amber",
                    "a sync is held: look at what would vanish, then decide",
                    at(&format!("/syncs/{held}")),
                );
            }
            (_, None) if may("configure") => {
                need("blue", "its set-up is not finished", at("/settings?edit=1"))
            }
            (_, Some(token)) if may("configure") && !token.usable => {
                need("red", "its token cannot be opened; enter it again", at("/settings?edit=1"));
            }
            _ if matches!(view.label.tone(), "red" | "amber") => {
                let words = format!("{} {}", view.label_text, view.reason);
                need(view.label.tone(), words.trim(), at(""));
            }
            _ => {}
        }
    }
    Ok(needs)
}

async fn of_findings(context: &Context) -> Result<Vec<Need>, Problem> {
    if access::within_reach(context, "").await?.is_empty() {
        return Ok(Vec::new());
    }
    let all = findings::all(context, "").await?;
    let count = |severity: Severity| {
        let each = all.iter().flat_map(|wrong| &wrong.findings.findings);
        each.filter(|finding| finding.severity == severity && finding.accepted.is_none()).count()
    };
    let need = |severity: Severity, tone: &'static str| {
        let (count, word) = (count(severity), severity.as_str());
        let plural = if count == 1 { "" } else { "s" };
        let href = format!("/findings?state=open&severity={word}");
        (count > 0).then(|| Need { tone, text: format!("{count} {word} finding{plural}"), href })
    };
    Ok([(Severity::Critical, "red"), (Severity::High, "amber")]
        .into_iter()
        .filter_map(|(severity, tone)| need(severity, tone))
        .collect())
}

async fn of_plans(context: &Context) -> Result<Vec<Need>, Problem> {
    if !context.actor.may(Relation::default(), Action::ChangeAccess) {
        return Ok(Vec::new());
    }
    let now = context.console.now();
    let open = plans::list(context, "", 0, MOST).await?.items.into_iter();
    let open = open.filter(|plan| plan.result.is_none() && plan.already_so.is_none() && !plan.expired(now));
    Ok(open
        .filter_map(|plan| {
            let waits = plan.needs_approval && plan.approver.is_none();
            let word = match (waits, plan.no_approval.is_empty(), plan.blocked.is_empty()) {
                (true, true, _) => "waits for your approval",
                (false, _, true) => "can be applied",
                _ => return None,
            };
            let href = format!("/connectors/{}/plans/{}", plan.connector, plan.id);
            Some(Need { tone: "blue", text: format!("{}: it {word}", plan.says), href })
        })
        .collect())
}
