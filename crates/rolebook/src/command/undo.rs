//! `rolebook undo`.

use std::process::ExitCode;

use crate::{
    arguments::{SummaryFormat, UndoArguments},
    change::{
        Place, applied_json, confirmed, exit_code, print_applied, print_json, print_place, print_plan,
        print_settled,
    },
    command::change::question,
    failure::Failure,
    output::finish,
};

pub(crate) async fn run(arguments: UndoArguments) -> Result<ExitCode, Failure> {
    let UndoArguments { op, write, place: at } = arguments;
    let mut place = Place::open(&at).await?;
    // The lock is held while the question waits: an undo is short, and what it takes back must not move.
    let (mut audit, settled) = place.audit(&write).await?;
    let undo = place.provisioning.undo(&audit, &op).await?;
    let text = at.output == SummaryFormat::Text;
    if text || !write.yes {
        let mut out: Box<dyn std::io::Write> =
            if text { Box::new(std::io::stdout()) } else { Box::new(std::io::stderr()) };
        finish(print_place(&place.provisioning, &mut out))?;
        finish(print_settled(&settled, &mut out))?;
        finish(print_plan(&undo.planned, &mut out))?;
    }
    if !write.yes {
        confirmed(&question(&place, undo.planned.plan.steps.len()))?;
    }
    let applied = place.carry_out(&mut audit, &write, &undo.planned, Some(&op)).await?;
    let after = place.keep(&[&applied]);
    if text {
        print_applied(&applied, after.as_deref())?;
    } else {
        print_json(&applied_json(&place.provisioning, &undo.planned, &applied, &settled, after.as_deref()))?;
    }
    Ok(exit_code(&applied))
}
