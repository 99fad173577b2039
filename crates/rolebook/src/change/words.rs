//! Plans and outcomes for people and programs.

use std::{io::Write, path::Path, process::ExitCode};

use rolebook_connector::{Applied, Outcome, Planned, Provisioning, Settled};
use rolebook_federation::plan::Target;
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    output::{finish, visible},
    summary::mode_words,
};

/// Org and app, before anything else.
pub(crate) fn print_place(of: &Provisioning, out: &mut impl Write) -> std::io::Result<()> {
    let app = of.app.to_federation(&mut rolebook_federation::Warnings::new());
    writeln!(out, "Org        {} ({})", visible(&of.org.name), of.org.domain)?;
    writeln!(
        out,
        "App        {} \"{}\", {}",
        of.app.id,
        visible(&of.app.label),
        mode_words(app.settings.use_group_mapping)
    )?;
    match &of.reader {
        Some(reader) => writeln!(out, "Token of   {} ({})", visible(&reader.login), reader.id),
        None => Ok(()),
    }
}

/// A plan, with every call.
pub(crate) fn print_plan(planned: &Planned, out: &mut impl Write) -> std::io::Result<()> {
    let plan = &planned.plan;
    writeln!(out, "Change     {}", visible(&planned.request.says))?;
    if let Some(why) = &plan.already_so {
        return writeln!(out, "Already so {}", visible(why));
    }
    for (number, (step, call)) in (1..).zip(plan.steps.iter().zip(planned.calls())) {
        writeln!(out, "  {number}. {}", visible(&step.to_string()))?;
        writeln!(out, "     {} {}", call.method, visible(&call.path))?;
        if let Some(body) = &call.body {
            writeln!(out, "     {}", visible(&body.to_string()))?;
        }
    }
    if planned.request.wish.target == Target::Everything {
        for role in &plan.must_not_have {
            writeln!(out, "Takes away {}", visible(&role.to_string()))?;
        }
    }
    for role in &plan.gains {
        writeln!(out, "Also gains {}", visible(&role.to_string()))?;
    }
    for role in &plan.loses {
        writeln!(out, "Also loses {}", visible(&role.to_string()))?;
    }
    for residual in &plan.residual {
        let mark = if residual.wished_away { "STAYS" } else { "Stays" };
        writeln!(
            out,
            "{mark:<10} {} through {}",
            visible(&residual.role.to_string()),
            visible(&residual.path)
        )?;
        writeln!(out, "           {}", visible(&residual.remedy))?;
    }
    for note in &plan.notes {
        writeln!(out, "Note       {}", visible(note))?;
    }
    writeln!(out, "Provided that")?;
    for condition in &plan.preconditions {
        writeln!(out, "  {}: {}", visible(&condition.subject()), visible(&condition.to_string()))?;
    }
    Ok(())
}

/// What an earlier run left open and what came of it.
pub(crate) fn print_settled(settled: &[Settled], out: &mut impl Write) -> std::io::Result<()> {
    for one in settled {
        writeln!(
            out,
            "Settled    {} ({}): {}; {}",
            one.op,
            visible(&one.what),
            one.outcome,
            visible(&one.says)
        )?;
    }
    Ok(())
}

/// How a change ended.
pub(crate) fn print_applied(applied: &Applied, after: Option<&Path>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    finish(applied_text(applied, after, &mut out))
}

fn applied_text(applied: &Applied, after: Option<&Path>, out: &mut impl Write) -> std::io::Result<()> {
    let word = applied.outcome.to_string();
    let word = word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default();
    writeln!(out, "{word:<10} {}", visible(&applied.says))?;
    for end in &applied.steps {
        if !end.says.is_empty() && end.says != applied.says {
            writeln!(out, "           {}", visible(&end.says))?;
        }
    }
    if let Some(hint) = &applied.hint {
        writeln!(out, "           {}", visible(hint))?;
    }
    let ids: Vec<&str> = applied.steps.iter().flat_map(|end| &end.request_ids).map(String::as_str).collect();
    if !ids.is_empty() {
        writeln!(out, "Requests   {} (in Okta's System Log)", visible(&ids.join(", ")))?;
    }
    if let Some(op) = &applied.op {
        writeln!(out, "Audit      {op}")?;
    }
    if let Some(until) = applied.aws_sessions_may_last_until {
        writeln!(
            out,
            "AWS        sessions that are open already may last until {}",
            until.strftime("%FT%TZ")
        )?;
    }
    if applied.falls_short {
        writeln!(out, "NOT ALL    what STAYS above cannot be taken away here")?;
    }
    if let Some(after) = after {
        writeln!(out, "Kept       {} beside the snapshot", after.display())?;
    }
    Ok(())
}

pub(crate) fn exit_code(applied: &Applied) -> ExitCode {
    let code = match applied.outcome {
        Outcome::Done | Outcome::AlreadySo if applied.falls_short => 5,
        Outcome::Done | Outcome::AlreadySo => 0,
        Outcome::Refused if applied.refused_by_okta => 4,
        Outcome::Refused => 5,
        Outcome::Failed | Outcome::Unknown => 1,
    };
    ExitCode::from(code)
}

/// A plan as a program reads it.
pub(crate) fn planned_json(planned: &Planned) -> Value {
    json!({
        "change": planned.request.says,
        "request": planned.request,
        "plan": planned.plan,
        "calls": planned.calls(),
    })
}

/// An outcome as a program reads it.
pub(crate) fn applied_json(
    of: &Provisioning,
    planned: &Planned,
    applied: &Applied,
    settled: &[Settled],
    after: Option<&Path>,
) -> Value {
    let steps: Vec<Value> = applied
        .steps
        .iter()
        .map(|end| {
            json!({
                "step": end.step, "call": end.call, "outcome": end.outcome, "says": end.says,
                "request_ids": end.request_ids, "before": end.before, "after": end.after,
                "missing_right": end.missing.map(|row| json!({
                    "row": row, "standing": "no", "admin_role": row.admin_role(),
                })),
            })
        })
        .collect();
    json!({
        "org": { "id": of.org.id, "name": of.org.name, "domain": of.org.domain },
        "app": { "id": of.app.id, "label": of.app.label },
        "change": planned.request.says,
        "plan": planned.plan,
        "calls": planned.calls(),
        "outcome": applied.outcome,
        "says": applied.says,
        "hint": applied.hint,
        "refused_by_okta": applied.refused_by_okta,
        "complete": !applied.falls_short,
        "audit_id": applied.op,
        "steps": steps,
        "aws_sessions_may_last_until": applied.aws_sessions_may_last_until,
        "settled": settled.iter().map(|one| json!({
            "audit_id": one.op, "what": one.what, "outcome": one.outcome, "says": one.says,
        })).collect::<Vec<_>>(),
        "after_file": after.map(|path| path.display().to_string()),
    })
}

pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from);
    finish(written.and_then(|()| writeln!(out)))
}
