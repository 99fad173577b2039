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
    told(out, "Change", &planned.request.says)?;
    if let Some(why) = &plan.already_so {
        return told(out, "No change", why);
    }
    for (number, (step, call)) in (1..).zip(plan.steps.iter().zip(planned.calls())) {
        told(out, &format!("  {number}."), &step.to_string())?;
        // As it is sent: a call is to be compared, not to be read aloud.
        writeln!(out, "{INDENT}{} {}", call.method, visible(&call.path))?;
        if let Some(body) = &call.body {
            writeln!(out, "{INDENT}{}", visible(&body.to_string()))?;
        }
    }
    if planned.request.wish.target == Target::Everything {
        for role in &plan.must_not_have {
            told(out, "Removes", &role.to_string())?;
        }
    }
    for role in &plan.gains {
        told(out, "Also gains", &role.to_string())?;
    }
    for role in &plan.loses {
        told(out, "Loses too", &role.to_string())?;
    }
    for residual in &plan.residual {
        let mark = if residual.wished_away { "STAYS" } else { "Stays" };
        told(out, mark, &format!("{} through {}", residual.role, residual.path))?;
        told(out, "", &residual.remedy)?;
    }
    for note in &plan.notes {
        told(out, "Note", note)?;
    }
    for (first, condition) in
        std::iter::once("Requires").chain(std::iter::repeat("")).zip(&plan.preconditions)
    {
        told(out, first, &format!("{}: {condition}", condition.subject()))?;
    }
    Ok(())
}

const INDENT: &str = "           ";
const WIDTH: usize = 80;

/// A word in front, and the text beside it, broken at blanks so that it fits a terminal.
pub(crate) fn told(out: &mut impl Write, label: &str, text: &str) -> std::io::Result<()> {
    let mut line = format!("{label:<10} ");
    let mut begun = false;
    for word in visible(text).split(' ') {
        if begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = INDENT.to_owned();
            begun = false;
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    writeln!(out, "{}", line.trim_end())
}

/// What an earlier run left open and what came of it.
pub(crate) fn print_settled(settled: &[Settled], out: &mut impl Write) -> std::io::Result<()> {
    for one in settled {
        told(out, "Settled", &format!("{} ({}): {}; {}", one.op, one.what, one.outcome, one.says))?;
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
    told(out, &word, &applied.says)?;
    for end in &applied.steps {
        if !end.says.is_empty() && !applied.says.starts_with(&end.says) {
            told(out, "", &end.says)?;
        }
    }
    if let Some(hint) = &applied.hint {
        told(out, "", hint)?;
    }
    let ids: Vec<&str> = applied.steps.iter().flat_map(|end| &end.request_ids).map(String::as_str).collect();
    if !ids.is_empty() {
        told(out, "Requests", &format!("{} (in Okta's System Log)", ids.join(", ")))?;
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
        writeln!(out, "NOT ALL    STAYS above names what stays, and where it can be taken away")?;
    }
    if let Some(after) = after {
        writeln!(out, "Saved to   {} beside the snapshot", after.display())?;
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
