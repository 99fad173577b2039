//! What an account is called. The only place that knows where names come from.

use rolebook_federation::Account;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Reading;

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct AccountRef {
    /// The 12 digits, else the alias or name that Okta shows, else `unknown`.
    pub id: String,
    /// Name, when one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Alias, when one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Environment, as in `production`, when one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// AWS partition.
    pub partition: String,
}

impl AccountRef {
    fn of(account: &Account) -> Self {
        Self {
            id: account.id.clone(),
            name: account.name.clone(),
            alias: account.alias.clone(),
            environment: None,
            partition: account.partition.clone(),
        }
    }

    /// What to show: the name, else the alias, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.alias.as_deref()).unwrap_or(&self.id)
    }

    /// Every text the account may be called by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.id.as_str()), self.name.as_deref(), self.alias.as_deref()].into_iter().flatten()
    }

    /// The value of a named property, for `--account environment=production`.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&str> {
        match key {
            "id" => Some(&self.id),
            "name" => self.name.as_deref(),
            "alias" => self.alias.as_deref(),
            "environment" | "env" => self.environment.as_deref(),
            "partition" => Some(&self.partition),
            _ => None,
        }
    }

    /// Whether the account is one of production: by its environment, else by its name or alias.
    #[must_use]
    pub fn is_production(&self) -> bool {
        let says_so = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "prod" | "production"))
        };
        match &self.environment {
            Some(environment) => says_so(environment),
            None => self.name.iter().chain(&self.alias).any(|text| says_so(text)),
        }
    }
}

impl Reading {
    /// The account of a resource id.
    #[must_use]
    pub fn account(&self, id: &str) -> AccountRef {
        self.accounts().get(id).cloned().unwrap_or_else(|| AccountRef {
            id: id.to_owned(),
            name: None,
            alias: None,
            environment: None,
            partition: "aws".to_owned(),
        })
    }

    pub(crate) fn name_accounts<'a>(accounts: impl Iterator<Item = &'a Account>) -> Vec<AccountRef> {
        accounts.map(AccountRef::of).collect()
    }
}
