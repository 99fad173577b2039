//! `rolebook assertion`.

use std::{
    io::{self, Read},
    process::ExitCode,
};

use rolebook_insight::{Answer, Response, Scope};

use crate::{
    arguments::{AssertionAction, AssertionArguments},
    command::sync::now,
    failure::Failure,
    output::visible,
    question,
    render::assertion::{check_rows, check_text, predict_rows, predict_text},
};

/// No response is nearly as large; the rest is not read.
const MAX_BYTES: u64 = 1 << 20;

pub(crate) fn run(arguments: &AssertionArguments) -> Result<ExitCode, Failure> {
    match arguments.action {
        AssertionAction::Predict => {
            let readings = question::open_for(&arguments.snapshot, Scope::Person(&arguments.subject))?;
            let predictions = rolebook_insight::predict_assertion(&readings, &arguments.subject)?;
            let answer = Answer::new(predictions, &readings, now());
            question::print(&answer, &arguments.snapshot, predict_rows, predict_text)
        }
        AssertionAction::Check => {
            let response = response(&arguments.subject)?;
            let readings = question::open(&arguments.snapshot)?;
            let person = arguments.person.as_deref().unwrap_or_default();
            let (check, at) = rolebook_insight::check_assertion(&readings, person, response)?;
            let differs = !check.differences.is_empty();
            let answer = Answer::about(check, readings.get(at).into_iter(), now());
            let age = question::print(&answer, &arguments.snapshot, check_rows, check_text)?;
            Ok(if differs { ExitCode::from(question::HELD) } else { age })
        }
    }
}

fn response(file: &str) -> Result<Response, Failure> {
    let failed = |error: io::Error| {
        Failure::not_found(
            format!("cannot read {file}: {error}"),
            "name a file with the SAMLResponse that the browser posts to AWS, or - for stdin",
        )
    };
    let mut bytes = Vec::new();
    if file == "-" {
        io::stdin().take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    }
    let text = String::from_utf8_lossy(&bytes);
    Response::parse(&text).map_err(|error| Failure::usage(visible(&error.to_string()), error.hint()))
}
