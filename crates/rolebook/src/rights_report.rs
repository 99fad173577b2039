//! What a check prints: the way, the app, what the token may, what a sync reads and costs.

use std::io::{Result, Write};

use rolebook_connector::{Door, Right, Rights, Standing};
use serde_json::{Value, json};

use crate::{
    command::check::Checked,
    output::visible,
    summary::{self, mode_words},
    way_report,
};

pub(crate) fn text(checked: &Checked, out: &mut impl Write) -> Result<()> {
    let probe = &checked.probe;
    writeln!(out, "Org       {} ({}), {}", visible(&probe.org.name), probe.org.id, probe.org.domain)?;
    match &probe.reader {
        Some(reader) if reader.login.is_empty() => {
            writeln!(out, "Asks as   service app {}", visible(&reader.id))?
        }
        Some(reader) => writeln!(out, "Token of  {} ({})", visible(&reader.login), reader.id)?,
        None => writeln!(out, "Token of  nobody that Okta names")?,
    }
    way_report::good(&checked.way, out)?;
    let app = &probe.app;
    writeln!(out, "App       {} \"{}\", {}", app.id, visible(&app.label), app.status)?;
    writeln!(out, "Mode      {}", mode_words(probe.maps_groups))?;
    writeln!(out)?;
    matrix(&checked.rights, out)?;
    doors(&probe.doors, out)?;
    writeln!(out, "A sync reads")?;
    for (stage, right) in &probe.lists {
        match right {
            Right::Yes => writeln!(out, "  yes  {}", stage.as_str())?,
            Right::No { why, essential, .. } => {
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

/// The five rows; what is not a plain yes says why.
fn matrix(rights: &Rights, out: &mut impl Write) -> Result<()> {
    writeln!(out, "This token may")?;
    for (row, standing) in rights.rows() {
        let (word, why) = match standing {
            Standing::Yes { seen } => ("yes (seen)", seen.clone()),
            Standing::No { why, at } => ("no", format!("{why}, {at:.0}")),
            Standing::Unknown { why } => ("unknown", why.clone()),
            Standing::Stated { holds, by } => {
                (if *holds { "yes (stated)" } else { "no (stated)" }, format!("--token-roles {by}"))
            }
        };
        writeln!(out, "  {word:<12}  {}", row.as_str())?;
        if !matches!(standing, Standing::Yes { .. }) {
            writeln!(out, "                {}", visible(&why))?;
        }
    }
    if rights.rows().any(|(_, standing)| matches!(standing, Standing::Unknown { .. })) {
        writeln!(
            out,
            "  Write rights cannot be proven by reading; state them with --token-roles. --token-roles ro,app,group states the roles."
        )?;
    }
    writeln!(out)
}

/// What a snapshot of this app does not tell.
fn doors(doors: &std::result::Result<Vec<Door>, String>, out: &mut impl Write) -> Result<()> {
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

pub(crate) fn json(checked: &Checked, out: &mut impl Write) -> Result<()> {
    let probe = &checked.probe;
    let lists: serde_json::Map<String, Value> = probe
        .lists
        .iter()
        .map(|(stage, right)| {
            let value = match right {
                Right::Yes => json!({ "read": true }),
                Right::No { why, essential, .. } => {
                    json!({ "read": false, "why": why, "essential": essential })
                }
            };
            (stage.as_str().to_owned(), value)
        })
        .collect();
    let rights: serde_json::Map<String, Value> = checked
        .rights
        .rows()
        .map(|(row, standing)| (row.key().to_owned(), standing_json(standing)))
        .collect();
    let value = json!({
        "way": way_report::json(&checked.way),
        "org": { "id": probe.org.id, "name": probe.org.name, "domain": probe.org.domain },
        "token_owner": probe.reader,
        "app": { "id": probe.app.id, "label": probe.app.label, "status": probe.app.status },
        "not_covered": probe.doors.as_ref().ok().map(|doors| doors.iter().map(|door| json!({
            "app": door.app.id, "label": door.app.label, "status": door.app.status, "why": door.why(),
        })).collect::<Vec<_>>()),
        "mode": if probe.maps_groups { "group-mapping" } else { "direct" },
        "rights": rights,
        "lists": lists,
        "cost": { "fixed": probe.cost.fixed, "pages": probe.cost.pages },
        "warnings": summary::warnings_json(&probe.warnings),
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)
}

fn standing_json(standing: &Standing) -> Value {
    match standing {
        Standing::Yes { seen } => json!({ "standing": "yes", "why": seen }),
        Standing::No { why, at } => json!({ "standing": "no", "why": why, "at": format!("{at:.3}") }),
        Standing::Unknown { why } => json!({ "standing": "unknown", "why": why }),
        Standing::Stated { holds, by } => json!({ "standing": "stated", "holds": holds, "by": by }),
    }
}
