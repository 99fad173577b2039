//! `rolebook apply`: a plan that somebody made, a list of changes, or a review that comes back.

mod list;
mod sheet;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use rolebook_connector::{Applied, Audit, ChangeError, Outcome, PlanFile, Planned, Settled, Who};
use rolebook_insight::export::Sheet;
use serde_json::{Value, json};

use self::sheet::Review;
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
    let bytes = read(&arguments.changes)?;
    let mut review =
        if Sheet::is_one(&bytes) { Some(Review::read(&arguments.changes, &bytes)?) } else { None };
    let mut place = Place::open(&arguments.place).await?;
    let (audit, settled) = place.audit(&arguments.write).await?;
    let words = arguments.place.output == SummaryFormat::Text;
    if words {
        finish(print_settled(&settled, &mut std::io::stdout().lock()))?;
    }
    // Planning and asking may take long: the lock is for writing.
    drop(audit);
    let work = match &mut review {
        Some(review) => review.plans(&place).await?,
        None => {
            let text = utf8(&arguments.changes, bytes)?;
            if text.trim_start().starts_with('{') {
                from_plan(&place, &text).await?
            } else {
                list::plans(&place, &text).await?
            }
        }
    };
    show(&place, &work, review.as_ref(), words)?;
    let calls: usize = work.planned.iter().map(|planned| planned.plan.steps.len()).sum();
    let changes = work.planned.iter().filter(|planned| !planned.plan.steps.is_empty()).count();
    if changes > arguments.max_changes {
        number_typed(&format!("{changes} changes, {}", question(&place, calls)), changes)?;
    } else if changes > 0 && !arguments.write.yes {
        confirmed(&question(&place, calls))?;
    }
    let (mut audit, _) = place.audit(&arguments.write).await?;
    let (ends, error) = carry_out(&mut place, &mut audit, &arguments, &work, words).await?;
    let after = place.keep(&ends.iter().collect::<Vec<_>>());
    if let Some(review) = &mut review {
        review.ended(&ends, error.as_ref().map(ToString::to_string).as_deref());
    }
    let done = Done { ends, settled, after, failure: error.map(Failure::from) };
    report(&place, &work, done, review, words)
}

/// Each change in its turn, up to the first that does not end well. An error is that of the change after the last end.
async fn carry_out(
    place: &mut Place,
    audit: &mut Audit,
    arguments: &ApplyArguments,
    work: &Work,
    words: bool,
) -> Result<(Vec<Applied>, Option<ChangeError>), Failure> {
    let mut ends: Vec<Applied> = Vec::new();
    let mut touched: Vec<String> = Vec::new();
    for planned in &work.planned {
        let whose = whose(planned);
        let again = !work.exact && whose.iter().any(|id| touched.contains(id));
        let op = new_op()?;
        let mut applying = place.applying(audit, &arguments.write, work.author.clone());
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
            Err(error) => return Ok((ends, Some(error))),
        };
        let stop = !matches!(applied.outcome, Outcome::Done | Outcome::AlreadySo);
        let shown = if words { print_applied(&applied, None) } else { Ok(()) };
        ends.push(applied);
        if let Err(failure) = shown {
            // Nobody reads on, but what was done is still to be written down.
            tracing::warn!("the outcome could not be shown: {failure:?}");
            break;
        }
        if stop {
            break;
        }
    }
    Ok((ends, None))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    let name = path.display();
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(
            &mut std::io::Read::take(std::io::stdin().lock(), MOST_BYTES + 1),
            &mut bytes,
        )
        .map_err(|error| Failure::failed(format!("cannot read stdin: {error}"), "name a file"))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Failure::usage("stdin is too large for a list of changes", "split it"));
        }
        return Ok(bytes);
    }
    let size = std::fs::metadata(path)
        .map_err(|error| {
            Failure::not_found(format!("cannot read {name}: {error}"), "name a plan or a CSV file")
        })?
        .len();
    if size > MOST_BYTES {
        return Err(Failure::usage(format!("{name} is too large for a list of changes"), "split it"));
    }
    std::fs::read(path).map_err(|error| {
        Failure::failed(format!("cannot read {name}: {error}"), "name a plan, a CSV or an XLSX file")
    })
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| {
        Failure::failed(format!("cannot read {}: it is not UTF-8", path.display()), "save it as UTF-8 text")
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

fn show(place: &Place, work: &Work, review: Option<&Review>, words: bool) -> Result<(), Failure> {
    let mut out: Box<dyn Write> =
        if words { Box::new(std::io::stdout()) } else { Box::new(std::io::stderr()) };
    finish(print_place(&place.provisioning, &mut out))?;
    if let Some(author) = &work.author {
        finish(writeln!(out, "Plan of    {}", visible(&author.to_string())))?;
    }
    if let Some(review) = review {
        finish(review.print(&mut out))?;
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

/// How it all ended.
struct Done {
    ends: Vec<Applied>,
    settled: Vec<Settled>,
    after: Option<PathBuf>,
    failure: Option<Failure>,
}

fn report(
    place: &Place,
    work: &Work,
    done: Done,
    mut review: Option<Review>,
    words: bool,
) -> Result<ExitCode, Failure> {
    let Done { ends, settled, after, failure } = done;
    // First of all: whatever happens to the output, the copy tells.
    let copy = review.as_mut().map(Review::give_back).transpose();
    let not_tried = work.planned.get(ends.len()..).unwrap_or_default();
    let copied = copy.as_ref().ok().and_then(Option::as_deref);
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
            finish(writeln!(out, "Saved to   {} beside the snapshot", after.display()))?;
        }
        if let Some(copy) = copied {
            finish(writeln!(out, "Copy       {}", visible(&copy.display().to_string())))?;
        }
    } else {
        let changes: Vec<Value> = work
            .planned
            .iter()
            .zip(&ends)
            .map(|(planned, end)| applied_json(&place.provisioning, planned, end, &settled, after.as_deref()))
            .collect();
        let mut value = json!({
            "author": work.author,
            "changes": changes,
            "not_tried": not_tried.iter().map(planned_json).collect::<Vec<_>>(),
        });
        if let (Some(review), Some(value)) = (&review, value.as_object_mut()) {
            let copy = copied.map(|path| path.display().to_string());
            value.insert("review".to_owned(), json!({ "copy": copy, "rows": review.json() }));
        }
        print_json(&value)?;
    }
    match (failure, copy) {
        (Some(failure), Err(other)) => return Err(failure.and(other)),
        (Some(failure), Ok(_)) | (None, Err(failure)) => return Err(failure),
        (None, Ok(_)) => {}
    }
    let last = ends.last();
    let short = ends.iter().find(|end| end.falls_short);
    Ok(match (last, short) {
        (Some(end), _) if !matches!(end.outcome, Outcome::Done | Outcome::AlreadySo) => exit_code(end),
        (_, Some(short)) => exit_code(short),
        _ if review.is_some_and(|review| review.falls_short()) => ExitCode::from(5),
        _ => ExitCode::SUCCESS,
    })
}
