//! `rolebook check`.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc};

use rolebook_connector::{Probe, Right, Rights, StatedRole, Way};
use rolebook_okta::Client;

use crate::{
    arguments::{CheckArguments, ConnectionArguments, ReadArguments, SummaryFormat, TokenRoleArgument},
    change::rights_memory,
    command::sync::now,
    connection,
    failure::Failure,
    output::finish,
    rights_report, way_report,
};

/// All that a check finds.
pub(crate) struct Checked {
    pub(crate) way: Way,
    pub(crate) probe: Probe,
    pub(crate) rights: Rights,
}

impl Checked {
    /// A list without which there is no sync was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.probe.lists.iter().any(|(_, right)| matches!(right, Right::No { essential: true, .. }))
    }
}

pub(crate) async fn run(arguments: CheckArguments) -> Result<ExitCode, Failure> {
    let client = connection::client(&arguments.connection, Arc::new(|_| {}))?;
    let mut checked =
        examine(&client, &arguments.connection, &arguments.read, &arguments.token_roles).await?;
    checked.rights = remembered(&checked.probe, checked.rights);
    let mut out = std::io::stdout().lock();
    finish(match arguments.output {
        SummaryFormat::Text => rights_report::text(&checked, &mut out),
        SummaryFormat::Json => rights_report::json(&checked, &mut out),
    })?;
    Ok(if checked.is_refused() { ExitCode::from(4) } else { ExitCode::SUCCESS })
}

/// Goes the whole way. Nothing is written, here or in Okta.
pub(crate) async fn examine(
    client: &Client,
    connection: &ConnectionArguments,
    read: &ReadArguments,
    token_roles: &[TokenRoleArgument],
) -> Result<Checked, Failure> {
    let switches = connection::switches(read)?;
    let options = connection::read_options(read);
    let choice = connection::app_choice(connection)?;
    let asked = match rolebook_connector::check(client, &choice, &options, &switches).await {
        Err(error) if error.is_cancelled() => return Err(error.into()),
        asked => asked,
    };
    let way = rolebook_connector::way(client, asked.as_ref().map(drop)).await;
    let probe = match asked {
        Ok(probe) => probe,
        Err(error) => return Err(way_report::failure(&way, error)),
    };
    let stated: BTreeSet<StatedRole> = token_roles.iter().map(|role| role.stated()).collect();
    let rights = rolebook_connector::rights(client, &probe, &stated, now()).await?;
    Ok(Checked { way, probe, rights })
}

/// What writes have taught belongs into the matrix, and what the check saw into the memory.
fn remembered(probe: &Probe, rights: Rights) -> Rights {
    let Some(mut memory) = rights_memory(probe.org.id.as_str()) else { return rights };
    let before = memory.clone();
    let owner = probe.reader.as_ref().map(|reader| reader.id.as_str());
    let rights = memory.checked(owner, rights, now());
    if memory != before
        && let Err(error) = memory.keep()
    {
        tracing::warn!("what was seen of the token's rights could not be kept: {error}");
    }
    rights
}
