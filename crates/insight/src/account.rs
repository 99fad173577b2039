//! What an account is called. The only place that knows where names come from.

use std::collections::BTreeMap;

use rolebook_ledger::NamedAccount;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Reading;

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct AccountRef {
    /// The 12 digits, else the alias or name that Okta shows, else `unknown`.
    pub id: String,
    /// The 12 digits, where the id is none and an accounts file tells them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name, when one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Alias, when one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Organisational unit, by the accounts file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ou: Option<String>,
    /// Environment, as in `production`, by the accounts file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Owner, by the accounts file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Tags, by the accounts file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// AWS partition.
    pub partition: String,
}

impl AccountRef {
    fn of(account: &NamedAccount, partition: &str) -> Self {
        let record = account.record.as_ref();
        Self {
            id: account.id.clone(),
            number: account.number.as_ref().map(ToString::to_string).filter(|number| *number != account.id),
            name: account.name.clone(),
            alias: account.alias.clone(),
            ou: record.and_then(|record| record.ou.clone()),
            environment: record.and_then(|record| record.environment.clone()),
            owner: record.and_then(|record| record.owner.clone()),
            tags: record.map(|record| record.tags.clone()).unwrap_or_default(),
            partition: partition.to_owned(),
        }
    }

    fn bare(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            number: None,
            name: None,
            alias: None,
            ou: None,
            environment: None,
            owner: None,
            tags: BTreeMap::new(),
            partition: "aws".to_owned(),
        }
    }

    /// What people call it: the name, else the alias; none where that is the id itself.
    #[must_use]
    pub fn called(&self) -> Option<&str> {
        self.name.as_deref().or(self.alias.as_deref()).filter(|called| *called != self.id)
    }

    /// What to show in a path: the name, else the alias, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        self.called().unwrap_or(&self.id)
    }

    /// Every text the account answers to.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.id.as_str()), self.number.as_deref(), self.name.as_deref(), self.alias.as_deref()]
            .into_iter()
            .flatten()
    }

    /// The value of a named property, for `--account environment=production`; what is no property is a tag.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&str> {
        match key {
            "id" => Some(self.number.as_deref().unwrap_or(&self.id)),
            "name" => self.name.as_deref(),
            "alias" => self.alias.as_deref(),
            "ou" => self.ou.as_deref(),
            "environment" | "env" => self.environment.as_deref(),
            "owner" => self.owner.as_deref(),
            "partition" => Some(&self.partition),
            tag => self.tags.get(tag).map(String::as_str),
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
        self.accounts().get(id).cloned().unwrap_or_else(|| AccountRef::bare(id))
    }

    pub(crate) fn name_accounts(
        facts: &rolebook_ledger::Facts,
        access: &rolebook_federation::Access,
    ) -> BTreeMap<String, AccountRef> {
        let partitions: BTreeMap<&str, &str> = access
            .roles
            .accounts()
            .map(|account| (account.id.as_str(), account.partition.as_str()))
            .collect();
        facts
            .account_names(access)
            .iter()
            .map(|account| {
                let partition = partitions.get(account.id.as_str()).copied().unwrap_or("aws");
                (account.id.clone(), AccountRef::of(account, partition))
            })
            .collect()
    }
}
