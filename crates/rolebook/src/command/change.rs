//! `rolebook grant` and `rolebook revoke`.

use std::process::ExitCode;

use rolebook_connector::{Asked, PrincipalName, Settled, TargetName};
use rolebook_federation::plan::{Action, LastRole};

use crate::{
    arguments::{
        ActionArgument, ChangeArguments, GrantArguments, LastRoleArgument, PlaceArguments, RevokeArguments,
        SummaryFormat, WriteArguments,
    },
    change::{
        Place, applied_json, confirmed, exit_code, print_applied, print_json, print_place, print_plan,
        print_settled,
    },
    failure::Failure,
    output::{finish, visible},
};

pub(crate) async fn grant(arguments: GrantArguments) -> Result<ExitCode, Failure> {
    let whom = principal(arguments.whom.to, arguments.whom.to_group)?;
    let asked = asked(ActionArgument::Grant, whom, arguments.change, None)?;
    run(asked, &arguments.place, &arguments.write).await
}

pub(crate) async fn revoke(arguments: RevokeArguments) -> Result<ExitCode, Failure> {
    let whom = principal(arguments.whom.from, arguments.whom.from_group)?;
    let asked = asked(ActionArgument::Revoke, whom, arguments.change, arguments.all.all)?;
    run(asked, &arguments.place, &arguments.write).await
}

pub(crate) fn principal(user: Option<String>, group: Option<String>) -> Result<PrincipalName, Failure> {
    match (user, group) {
        (Some(user), _) => Ok(PrincipalName::User(user)),
        (None, Some(group)) => Ok(PrincipalName::Group(group)),
        (None, None) => Err(Failure::usage("nobody was named", "name a person with --to or --from")),
    }
}

pub(crate) fn asked(
    action: ActionArgument,
    principal: PrincipalName,
    change: ChangeArguments,
    all: Option<bool>,
) -> Result<Asked, Failure> {
    let target = change.target;
    let target = match (target.role, target.group, target.app, all) {
        (Some(role), ..) => TargetName::Role(role),
        (_, Some(group), ..) => TargetName::Group(group),
        (_, _, Some(true), _) => TargetName::App,
        (_, _, _, Some(true)) => TargetName::All,
        _ => {
            return Err(Failure::usage(
                "nothing was named to give or take",
                "use --role ACCOUNT/ROLE, --group GROUP, --app, or with revoke --all",
            ));
        }
    };
    Ok(Asked {
        action: match action {
            ActionArgument::Grant => Action::Grant,
            ActionArgument::Revoke => Action::Revoke,
        },
        principal,
        target,
        via: change.way.via,
        with_app: change.way.with_app.map(|group| group.filter(|group| !group.is_empty())),
        allow_conversion: change.way.allow_group_to_direct_conversion,
        last_role: match change.way.last_role {
            LastRoleArgument::Keep => LastRole::Keep,
            LastRoleArgument::Unassign => LastRole::Unassign,
            LastRoleArgument::Group => LastRole::Group,
        },
    })
}

async fn run(asked: Asked, at: &PlaceArguments, write: &WriteArguments) -> Result<ExitCode, Failure> {
    let mut place = Place::open(at).await?;
    // Under --yes the lock is held from here on, so that the plan cannot grow stale by another run of ours.
    let (audit, settled) = place.audit(write).await?;
    let mut audit = Some(audit).filter(|_| write.yes);
    let request = place.provisioning.request(&asked).await?;
    let text = at.output == SummaryFormat::Text;
    let shown = |out: &mut dyn std::io::Write| -> std::io::Result<()> {
        let mut out = out;
        print_place(&place.provisioning, &mut out)?;
        print_settled(&settled, &mut out)
    };
    if text {
        finish(shown(&mut std::io::stdout().lock()))?;
    } else if !write.yes {
        finish(shown(&mut std::io::stderr().lock()))?;
    }
    let planned = place.provisioning.plan(&request).await?;
    if text {
        finish(print_plan(&planned, &mut std::io::stdout().lock()))?;
    } else if !write.yes {
        finish(print_plan(&planned, &mut std::io::stderr().lock()))?;
    }
    let applied = if planned.plan.steps.is_empty() {
        let mut locked = match audit.take() {
            Some(audit) => audit,
            None => place.audit(write).await?.0,
        };
        place.carry_out(&mut locked, write, &planned, None).await?
    } else if let Some(audit) = &mut audit {
        place.carry_out(audit, write, &planned, None).await?
    } else {
        confirmed(&question(&place, planned.plan.steps.len()))?;
        let (mut audit, _): (_, Vec<Settled>) = place.audit(write).await?;
        place.apply(&mut audit, write, &planned, None).await?
    };
    let after = place.keep(&[&applied]);
    if text {
        if !planned.plan.steps.is_empty() {
            print_applied(&applied, after.as_deref())?;
        }
    } else {
        print_json(&applied_json(&place.provisioning, &planned, &applied, &settled, after.as_deref()))?;
    }
    Ok(exit_code(&applied))
}

pub(crate) fn question(place: &Place, calls: usize) -> String {
    let of = &place.provisioning;
    format!(
        "{} to org {} ({}), app \"{}\".",
        if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") },
        visible(&of.org.name),
        of.org.domain,
        visible(&of.app.label),
    )
}
