//! `rolebook can`: the verdict of `rolebook why` as an exit code.

use std::process::ExitCode;

use rolebook_insight::{Scope, Verdict, Why};

use crate::{
    arguments::WhyArguments,
    failure::Failure,
    output::visible,
    past, question,
    render::{Page, why::rows},
};

pub(crate) fn run(arguments: &WhyArguments) -> Result<ExitCode, Failure> {
    let pattern = rolebook_insight::RolePattern::parse(&arguments.role);
    let scope = Scope::Person(&arguments.person);
    let (readings, at) = past::open(&arguments.snapshot, &arguments.past, scope)?;
    let why = rolebook_insight::why(&readings, &arguments.person, &pattern)?;
    let yes = why.verdicts.iter().any(|verdict| verdict.can_assume);
    let code = question::print(&past::answer(why, &readings, at), &arguments.snapshot, rows, text)?;
    Ok(if yes { code } else { ExitCode::from(question::HELD) })
}

/// One line for each role: the word first, so that a script can read it.
fn text(why: &Why, page: &mut Page) -> std::io::Result<()> {
    why.verdicts.iter().try_for_each(|verdict| page.line(&visible(&line(verdict))))
}

fn line(verdict: &Verdict) -> String {
    let role = verdict.role.key();
    let because = verdict.stopped_by().map(|check| format!(": {}", check.text)).unwrap_or_default();
    match (verdict.can_assume, verdict.completeness.complete) {
        (true, _) => format!("yes  {role}"),
        (false, true) => format!("no   {role}{because}"),
        (false, false) => format!("not known  {role}{because}"),
    }
}
