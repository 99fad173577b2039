//! `rolebook apply`: a plan that somebody made, or a list of changes.

mod list;

use std::{io::Write, path::PathBuf, process::ExitCode};

use rolebook_connector::{Applied, Outcome, PlanFile, Planned, Settled, Who};
use serde_json::{Value, json};

use crate::{
    arguments::{ApplyArguments, SummaryFormat},
    change::{
        Place, applied_json, confirmed, exit_code, new_op, number_typed, planned_json, print_applied,
        print_json, print_place, print_plan, print_settled,
    },
    command::{change::question, sync::now},
    failure::Failure,
    output::{finish, visible},
};

/// A list of this size is a mistake.
const MOST_BYTES: u64 = 16 << 20;

/// What is to be applied.
struct Work {
    planned: Vec<Planned>,
    author: Option<Who>,
    /// Each must come out exactly as it stands here; otherwise a later change of the same person is planned anew.
    exact: bool,
}

pub(crate) async fn run(arguments: ApplyArguments) -> Result<ExitCode, Failure> {
    let text = read(&arguments.changes)?;
    let mut place = Place::open(&arguments.place).await?;
    let (audit, settled) = place.audit(&arguments.write).await?;
    let words = arguments.place.output == SummaryFormat::Text;
    if words {
        finish(print_settled(&settled, &mut std::io::stdout().lock()))?;
    }
    // Planning and asking may take long: the lock is for writing.
    drop(audit);
    let work = if text.trim_start().starts_with('{') {
        from_plan(&place, &text).await?
    } else {
        list::plans(&place, &text).await?
    };
    show(&place, &work, words)?;
    let calls: usize = work.planned.iter().map(|planned| planned.plan.steps.len()).sum();
    let changes = work.planned.iter().filter(|planned| !planned.plan.steps.is_empty()).count();
    if changes > arguments.max_changes {
        number_typed(&format!("{changes} changes, {}", question(&place, calls)), changes)?;
    } else if changes > 0 && !arguments.write.yes {
        confirmed(&question(&place, calls))?;
    }
    let (mut audit, _) = place.audit(&arguments.write).await?;
    let mut ends: Vec<Applied> = Vec::new();
    let mut touched: Vec<String> = Vec::new();
    let mut failure = None;
    for planned in &work.planned {
        let whose = whose(planned);
        let again = !work.exact && whose.iter().any(|id| touched.contains(id));
        let op = new_op()?;
        let mut applying = place.applying(&mut audit, &arguments.write, work.author.clone());
        let applied = if again {
            match applying.place.plan(&planned.request).await {
                Ok(anew) => applying.carry_out(&anew, &op, None).await,
                Err(error) => Err(error),
            }
        } else {
            applying.apply(&planned.request, &planned.plan, &op).await
        };
        touched.extend(whose);
        let applied = match applied {
            Ok(applied) => applied,
            Err(error) => {
                failure = Some(Failure::from(error));
                break;
            }
        };
        let stop = !matches!(applied.outcome, Outcome::Done | Outcome::AlreadySo);
        if words {
            print_applied(&applied, None)?;
        }
        ends.push(applied);
        if stop {
            break;
        }
    }
    let after = place.keep(&ends.iter().collect::<Vec<_>>());
    report(&place, &work, &ends, &settled, after, words, failure)
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let name = path.display();
    let size = std::fs::metadata(path)
        .map_err(|error| {
            Failure::not_found(format!("cannot read {name}: {error}"), "name a plan or a CSV file")
        })?
        .len();
    if size > MOST_BYTES {
        return Err(Failure::usage(format!("{name} is too large for a list of changes"), "split it"));
    }
    std::fs::read_to_string(path).map_err(|error| {
        Failure::failed(format!("cannot read {name}: {error}"), "the file must be UTF-8 text")
    })
}

async fn from_plan(place: &Place, text: &str) -> Result<Work, Failure> {
    let file = PlanFile::parse(text, now())?;
    file.check_place(&place.provisioning)?;
    let mut planned = Vec::new();
    for change in file.changes {
        // What is shown is planned from the facts of now: the file is only compared, so that nobody is asked to say yes
        // to words that somebody else wrote.
        let now = place.provisioning.plan(&change.request).await?;
        now.confirms(&change.plan)?;
        planned.push(now);
    }
    Ok(Work { planned, author: Some(file.author), exact: true })
}

fn show(place: &Place, work: &Work, words: bool) -> Result<(), Failure> {
    let mut out: Box<dyn Write> =
        if words { Box::new(std::io::stdout()) } else { Box::new(std::io::stderr()) };
    finish(print_place(&place.provisioning, &mut out))?;
    if let Some(author) = &work.author {
        finish(writeln!(out, "Plan of    {}", visible(&author.to_string())))?;
    }
    for planned in &work.planned {
        finish(print_plan(planned, &mut out))?;
    }
    Ok(())
}

fn whose(planned: &Planned) -> Vec<String> {
    let steps = planned.plan.steps.iter();
    steps.flat_map(|step| [step.user(), step.group()]).flatten().map(|named| named.id.clone()).collect()
}

fn report(
    place: &Place,
    work: &Work,
    ends: &[Applied],
    settled: &[Settled],
    after: Option<PathBuf>,
    words: bool,
    failure: Option<Failure>,
) -> Result<ExitCode, Failure> {
    let not_tried = work.planned.get(ends.len()..).unwrap_or_default();
    if words {
        let mut out = std::io::stdout().lock();
        if work.planned.len() > 1 {
            let done =
                ends.iter().filter(|end| matches!(end.outcome, Outcome::Done | Outcome::AlreadySo)).count();
            finish(writeln!(out, "\n{done} of {} changes are done", work.planned.len()))?;
            for planned in not_tried {
                finish(writeln!(out, "Not tried  {}", visible(&planned.request.says)))?;
            }
        }
        if let Some(after) = after {
            finish(writeln!(out, "Kept       {} beside the snapshot", after.display()))?;
        }
    } else {
        let changes: Vec<Value> = work
            .planned
            .iter()
            .zip(ends)
            .map(|(planned, end)| applied_json(&place.provisioning, planned, end, settled, after.as_deref()))
            .collect();
        print_json(&json!({
            "author": work.author,
            "changes": changes,
            "not_tried": not_tried.iter().map(planned_json).collect::<Vec<_>>(),
        }))?;
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let last = ends.last();
    let short = ends.iter().find(|end| end.falls_short);
    Ok(match (last, short) {
        (Some(end), _) if !matches!(end.outcome, Outcome::Done | Outcome::AlreadySo) => exit_code(end),
        (_, Some(short)) => exit_code(short),
        _ => ExitCode::SUCCESS,
    })
}
