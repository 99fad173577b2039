//! A review that comes back: rows marked *revoke* become one plan, and a copy says what became of each row.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use rolebook_connector::{Applied, Asked, ChangeError, Outcome, PrincipalName, TargetName};
use rolebook_federation::plan::{Action, LastRole};
use rolebook_insight::export::{Decided, ReviewRow, RowOutcome, Sheet, SheetForm, Subject, write_returned};
use serde_json::{Value, json};

use super::Work;
use crate::{change::Place, failure::Failure, output::visible};

/// A review, what it asks for, and what became of it so far.
pub(super) struct Review {
    sheet: Sheet,
    /// By row.
    outcomes: Vec<RowOutcome>,
    /// The row of each planned change.
    rows: Vec<usize>,
    copy: Copy,
    given_back: bool,
}

impl Drop for Review {
    /// Nothing came of it: no empty copy stays.
    fn drop(&mut self) {
        if !self.given_back {
            let _ = std::fs::remove_file(&self.copy.path);
        }
    }
}

/// The copy's file: taken before anything is written to Okta, so that what is done can be told.
struct Copy {
    path: PathBuf,
    file: File,
}

const REFUSED: &str = "refused";
const GONE: &str = "gone already";
const UNDECIDED: &str = "no decision";
const ELSEWHERE: &str = "not here";

impl Review {
    /// Reads a review.
    pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let sheet = Sheet::read(bytes)
            .map_err(|error| Failure::usage(visible_lines(&error.to_string()), error.hint()))?;
        let outcomes = vec![RowOutcome::default(); sheet.rows.len()];
        let copy = Copy::take(path, sheet.form)?;
        Ok(Self { sheet, outcomes, rows: Vec::new(), copy, given_back: false })
    }

    /// Plans what is to be revoked. A row that cannot be planned keeps its reason; the others are not held up by it.
    pub(super) async fn plans(&mut self, place: &Place) -> Result<Work, Failure> {
        let app = place.provisioning.app.id.as_str().to_owned();
        let mut planned = Vec::new();
        for (number, row) in self.sheet.rows.iter().enumerate() {
            let Some(outcome) = self.outcomes.get_mut(number) else { continue };
            let told = |word: &str, note: String| RowOutcome {
                outcome: word.to_owned(),
                note,
                audit_id: String::new(),
            };
            *outcome = match (row.decided, &row.repeats) {
                (_, Some(earlier)) => told("repeats", format!("the same as {earlier}")),
                (Decided::Nothing, None) => told(UNDECIDED, String::new()),
                (Decided::Keep, None) => told("kept", String::new()),
                (Decided::Revoke, None) if row.app != app => {
                    told(ELSEWHERE, format!("it is of app {}: apply the sheet there as well", row.app))
                }
                (Decided::Revoke, None) => match asked(row) {
                    None => told(
                        ELSEWHERE,
                        "take it away in Okta: Security, Administrators; Okta admin roles are not written here"
                            .to_owned(),
                    ),
                    Some(asked) => match plan(place, row, &asked).await? {
                        Wish::Planned(plan) => {
                            planned.push(*plan);
                            self.rows.push(number);
                            told("not tried", String::new())
                        }
                        Wish::Gone(why) => told(GONE, why),
                        Wish::Refused(why) => told(REFUSED, why),
                    },
                },
            };
        }
        Ok(Work { planned, author: None, exact: false })
    }

    /// How many rows were decided how, and what is not done for which reason.
    pub(super) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let count = |decided| self.sheet.rows.iter().filter(|row| row.decided == decided).count();
        writeln!(
            out,
            "Review     {} rows: {} revoke, {} keep, {} without a decision",
            self.sheet.rows.len(),
            count(Decided::Revoke),
            count(Decided::Keep),
            count(Decided::Nothing)
        )?;
        for (row, outcome) in self.sheet.rows.iter().zip(&self.outcomes) {
            let word = match outcome.outcome.as_str() {
                REFUSED => "Refused",
                GONE => "Gone",
                ELSEWHERE => "Not here",
                UNDECIDED => "Undecided",
                _ => continue,
            };
            let note = if outcome.note.is_empty() { String::new() } else { format!(": {}", outcome.note) };
            let line = format!("{} ({}){note}", row.place, about(row));
            crate::change::told(out, word, &line)?;
        }
        Ok(())
    }

    /// What became of the changes that were tried, in their order; the next one may have ended in an error.
    pub(super) fn ended(&mut self, ends: &[Applied], error: Option<&str>) {
        for (row, end) in self.rows.iter().zip(ends) {
            let Some(outcome) = self.outcomes.get_mut(*row) else { continue };
            outcome.outcome = match end.outcome {
                Outcome::AlreadySo => GONE,
                Outcome::Done if end.falls_short => "done in part",
                other => other.as_str(),
            }
            .to_owned();
            outcome.note = end.says.clone();
            outcome.audit_id = end.op.clone().unwrap_or_default();
        }
        let next = self.rows.get(ends.len()).and_then(|row| self.outcomes.get_mut(*row));
        if let (Some(outcome), Some(error)) = (next, error) {
            outcome.outcome = "failed".to_owned();
            error.clone_into(&mut outcome.note);
        }
    }

    /// Writes the copy and names it.
    pub(super) fn give_back(&mut self) -> Result<PathBuf, Failure> {
        self.given_back = true;
        let path = self.copy.path.clone();
        let written = write_returned(&self.sheet, &self.outcomes, BufWriter::new(&self.copy.file))
            .map_err(|error| error.to_string())
            .and_then(|()| self.copy.file.sync_all().map_err(|error| error.to_string()));
        written.map_err(|error| {
            Failure::failed(
                format!("the copy {} cannot be written: {error}", path.display()),
                "rolebook audit tells what was done",
            )
        })?;
        Ok(path)
    }

    /// Some rows could not be revoked here.
    pub(super) fn falls_short(&self) -> bool {
        let short = |word: &str| word == REFUSED || word == ELSEWHERE;
        self.outcomes.iter().any(|outcome| short(&outcome.outcome))
    }

    /// The rows as a program reads them.
    pub(super) fn json(&self) -> Value {
        let rows = self.sheet.rows.iter().zip(&self.outcomes).map(|(row, outcome)| {
            json!({
                "place": row.place, "row_id": row.id, "outcome": outcome.outcome,
                "note": outcome.note, "audit_id": outcome.audit_id,
            })
        });
        rows.collect()
    }
}

fn about(row: &ReviewRow) -> String {
    let what = match &row.subject {
        Subject::Role { account, role } => format!("{account}/{role}"),
        Subject::Group { name, .. } => format!("member of {name}"),
        Subject::App => "the app".to_owned(),
        Subject::OktaRole => "an Okta admin role".to_owned(),
    };
    format!("{what} of {}", row.login)
}

enum Wish {
    Planned(Box<rolebook_connector::Planned>),
    Gone(String),
    Refused(String),
}

async fn plan(place: &Place, row: &ReviewRow, asked: &Asked) -> Result<Wish, Failure> {
    let refused = |error: &ChangeError| format!("{error}; {}", error.hint());
    let request = match place.provisioning.request(asked).await {
        Ok(request) => request,
        Err(error) if error.is_cancelled() => return Err(error.into()),
        Err(error @ ChangeError::NotFound { .. }) => return Ok(Wish::Gone(error.to_string())),
        Err(error) => return Ok(Wish::Refused(refused(&error))),
    };
    // What was decided on was shown by name: an id that means something else by now, or was edited, decides nothing.
    let person = request.user.as_ref().map(|user| (&user.name, &row.login));
    let group = match &row.subject {
        Subject::Group { name, .. } => request.groups.first().map(|group| (&group.name, name)),
        _ => None,
    };
    for (now, shown) in person.into_iter().chain(group) {
        if !now.eq_ignore_ascii_case(shown) {
            return Ok(Wish::Refused(format!("the row shows `{shown}`, its id is of `{now}`")));
        }
    }
    match place.provisioning.plan(&request).await {
        Ok(planned) if planned.plan.steps.is_empty() => {
            let why = planned.plan.already_so.unwrap_or_else(|| "nothing is to be done".to_owned());
            Ok(Wish::Gone(why))
        }
        Ok(planned) => Ok(Wish::Planned(Box::new(planned))),
        Err(error) if error.is_cancelled() => Err(error.into()),
        Err(error) => Ok(Wish::Refused(refused(&error))),
    }
}

fn asked(row: &ReviewRow) -> Option<Asked> {
    let target = match &row.subject {
        Subject::Role { account, role } => TargetName::Role(format!("{account}/{role}")),
        Subject::Group { id, .. } => TargetName::Group(id.clone()),
        Subject::App => TargetName::App,
        Subject::OktaRole => return None,
    };
    Some(Asked {
        action: Action::Revoke,
        principal: PrincipalName::User(row.user.clone()),
        target,
        via: None,
        with_app: None,
        allow_conversion: false,
        last_role: LastRole::Keep,
    })
}

impl Copy {
    /// `review.xlsx` becomes `review.applied.xlsx`; a copy that is there already is never written over.
    fn take(of: &Path, form: SheetForm) -> Result<Self, Failure> {
        let ending = match form {
            SheetForm::Xlsx => "xlsx",
            SheetForm::Csv(_) => "csv",
        };
        let stem = of.file_stem().unwrap_or_default().to_string_lossy();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        for number in 1..1000 {
            let name = match number {
                1 => format!("{stem}.applied.{ending}"),
                _ => format!("{stem}.applied-{number}.{ending}"),
            };
            let path = of.with_file_name(name);
            match options.open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(Failure::failed(
                        format!("the copy {} cannot be written: {error}", path.display()),
                        "nothing was changed: put the sheet where a copy can lie beside it",
                    ));
                }
            }
        }
        Err(Failure::failed("there are too many copies of the sheet", "clear them away"))
    }
}

fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}
