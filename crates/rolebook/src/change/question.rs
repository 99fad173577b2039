//! The question before a write. It goes to stderr, so that stdout stays what was asked for.

use std::io::{BufRead, Write};

use crate::failure::Failure;

/// Asks for a yes. No answer at all is a no.
pub(crate) fn confirmed(what: &str) -> Result<(), Failure> {
    let answer = answer(&format!("{what} Type yes to continue: "))?;
    match answer.as_deref() {
        Some("yes" | "y" | "YES" | "Yes") => Ok(()),
        Some(_) => Err(Failure::failed("not confirmed, nothing was changed", "type yes, or give --yes")),
        None => Err(Failure::usage(
            "no answer on stdin, nothing was changed",
            "answer on a terminal, or give --yes",
        )),
    }
}

/// Asks for a number to be typed in; `--yes` does not answer this one.
pub(crate) fn number_typed(what: &str, number: usize) -> Result<(), Failure> {
    let answer = answer(&format!("{what} Type {number} to go on: "))?;
    if answer.as_deref() == Some(number.to_string().as_str()) {
        return Ok(());
    }
    Err(Failure::held(
        format!("{number} changes need their number typed in, nothing was changed"),
        "answer on a terminal, or raise --max-changes",
    ))
}

fn answer(question: &str) -> Result<Option<String>, Failure> {
    let mut stderr = std::io::stderr().lock();
    let shown = write!(stderr, "{question}").and_then(|()| stderr.flush());
    if shown.is_err() {
        return Ok(None);
    }
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::failed(format!("cannot read the answer: {error}"), "give --yes"))?;
    // The answer of a pipe leaves the cursor behind the question.
    if !line.ends_with('\n') || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let _ = writeln!(stderr);
    }
    Ok((read > 0).then(|| line.trim().to_owned()))
}
