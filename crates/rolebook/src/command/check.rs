//! `rolebook check`.

use std::{io::Write, process::ExitCode, sync::Arc};

use rolebook_connector::{Door, Probe, Right};
use serde_json::json;

use crate::{
    arguments::{CheckArguments, SummaryFormat},
    connection,
    failure::Failure,
    output::{finish, visible},
    summary::{self, mode_words},
};

pub(crate) async fn run(arguments: CheckArguments) -> Result<ExitCode, Failure> {
    let client = connection::client(&arguments.connection, Arc::new(|_| {}))?;
    let switches = connection::switches(&arguments.read)?;
    let read = connection::read_options(&arguments.read);
    let choice = connection::app_choice(&arguments.connection);
    let probe = rolebook_connector::check(&client, &choice, &read, &switches).await?;
    let refused = probe.lists.iter().any(|(_, right)| matches!(right, Right::No { essential: true, .. }));
    let mut out = std::io::stdout().lock();
    finish(match arguments.output {
        SummaryFormat::Text => text(&probe, &mut out),
        SummaryFormat::Json => json(&probe, &mut out),
    })?;
    Ok(if refused { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

fn text(probe: &Probe, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Org       {} ({}), {}", visible(&probe.org.name), probe.org.id, probe.org.domain)?;
    match &probe.reader {
        Some(reader) if reader.login.is_empty() => {
            writeln!(out, "Asks as   service app {}", visible(&reader.id))?
        }
        Some(reader) => writeln!(out, "Token of  {} ({})", visible(&reader.login), reader.id)?,
        None => writeln!(out, "Token of  nobody that Okta names")?,
    }
    let app = &probe.app;
    writeln!(out, "App       {} \"{}\", {}", app.id, visible(&app.label), app.status)?;
    writeln!(out, "Mode      {}", mode_words(probe.maps_groups))?;
    writeln!(out)?;
    doors(&probe.doors, out)?;
    writeln!(out, "A sync reads")?;
    for (stage, right) in &probe.lists {
        match right {
            Right::Yes => writeln!(out, "  yes  {}", stage.as_str())?,
            Right::No { why, essential } => {
                let weight = if *essential { "needed" } else { "goes on without" };
                writeln!(out, "  no   {} ({weight}): {}", stage.as_str(), visible(why))?;
            }
        }
    }
    writeln!(out)?;
    writeln!(out, "It costs {} requests, and", probe.cost.fixed)?;
    for pages in &probe.cost.pages {
        writeln!(out, "  {pages}")?;
    }
    summary::print_warnings(&probe.warnings, out)
}

/// What a snapshot of this app does not tell.
fn doors(doors: &Result<Vec<Door>, String>, out: &mut impl Write) -> std::io::Result<()> {
    match doors {
        Ok(doors) if doors.is_empty() => return Ok(()),
        Ok(doors) => {
            writeln!(out, "Not covered: other apps that lead to AWS")?;
            for door in doors {
                writeln!(out, "  {}", visible(&door.app.to_string()))?;
                writeln!(out, "       {}", visible(&door.why()))?;
            }
        }
        Err(why) => writeln!(out, "Whether other apps lead to AWS is not known: {}", visible(why))?,
    }
    writeln!(out)
}

fn json(probe: &Probe, out: &mut impl Write) -> std::io::Result<()> {
    let lists: serde_json::Map<String, serde_json::Value> = probe
        .lists
        .iter()
        .map(|(stage, right)| {
            let value = match right {
                Right::Yes => json!({ "read": true }),
                Right::No { why, essential } => json!({ "read": false, "why": why, "essential": essential }),
            };
            (stage.as_str().to_owned(), value)
        })
        .collect();
    let value = json!({
        "org": { "id": probe.org.id, "name": probe.org.name, "domain": probe.org.domain },
        "token_owner": probe.reader,
        "app": { "id": probe.app.id, "label": probe.app.label, "status": probe.app.status },
        "not_covered": probe.doors.as_ref().ok().map(|doors| doors.iter().map(|door| json!({
            "app": door.app.id, "label": door.app.label, "status": door.app.status, "why": door.why(),
        })).collect::<Vec<_>>()),
        "mode": if probe.maps_groups { "group-mapping" } else { "direct" },
        "lists": lists,
        "cost": { "fixed": probe.cost.fixed, "pages": probe.cost.pages },
        "warnings": summary::warnings_json(&probe.warnings),
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)
}
