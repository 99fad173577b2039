//! What the console runs with.

use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use crate::{mail, problem::Problem};

/// What the console runs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct About {
    /// What people open.
    pub address: String,
    /// Where its data lie.
    pub data_folder: String,
    /// Id of the vault's key.
    pub vault_key: String,
    /// Where mail goes.
    pub mail: String,
    /// Letters that do not get through, and why.
    pub letters: Option<String>,
    /// Share of Okta's rate limit that it uses, in percent.
    pub rate_budget: u8,
    /// Name and version of the program.
    pub version: String,
}

pub(crate) async fn get(context: &Context) -> Result<About, Problem> {
    let config = &context.console.config;
    Ok(About {
        address: config.base_url.clone(),
        data_folder: config.data.display().to_string(),
        vault_key: context.console.vault.key_id().to_owned(),
        mail: config.mail.words(),
        letters: mail::trouble(&context.console).await?,
        rate_budget: config.rate_budget,
        version: config.writer.clone(),
    })
}
