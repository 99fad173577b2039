//! Amazon resource names, partition-aware.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A 12-digit AWS account number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId(String);

impl TryFrom<String> for AccountId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an AWS account id of 12 digits")
    }
}

impl AccountId {
    /// Twelve ASCII digits, nothing else (AWS: account ids keep their leading zeros).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The six parts of an ARN. The account part may be empty or anything: only [`AccountId::parse`] judges it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-us-gov`, `aws-cn`.
    pub partition: String,
    /// `iam` for everything Rolebook deals with.
    pub service: String,
    /// The account part as written.
    pub account: String,
    /// Everything behind the fifth colon, for example `role/team/Admin`.
    pub resource: String,
}

impl Arn {
    /// Splits `arn:partition:service:region:account:resource`. Nothing is trimmed: a role's name may end in a blank.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        (prefix == "arn" && !partition.is_empty() && !resource.is_empty()).then(|| Self {
            partition: partition.to_owned(),
            service: service.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        })
    }

    /// The role's name with its path, when this is the ARN of an IAM role: `team/Admin` of `…:role/team/Admin`.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.iam("role/")
    }

    /// The provider's name, when this is the ARN of an IAM SAML provider.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.iam("saml-provider/")
    }

    fn iam(&self, kind: &str) -> Option<&str> {
        if self.service != "iam" {
            return None;
        }
        self.resource.strip_prefix(kind).filter(|name| !name.is_empty())
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}::{}:{}", self.partition, self.service, self.account, self.resource)
    }
}

/// The two halves of a role value as AWS wants them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleArn {
    /// ARN of the IAM role, when known.
    pub role: Option<Arn>,
    /// ARN of the SAML provider, when known.
    pub provider: Option<Arn>,
}

impl RoleArn {
    /// Sorts ARNs into role and provider, whatever their order (AWS accepts both orders in an assertion).
    pub(crate) fn from_halves<'a>(halves: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for arn in halves.into_iter().filter_map(Arn::parse) {
            if arn.role().is_some() {
                found.role.get_or_insert(arn);
            } else if arn.provider().is_some() {
                found.provider.get_or_insert(arn);
            }
        }
        found
    }
}

/// Splits `arn:…,arn:…` at the comma between two ARNs only: role names may hold commas themselves.
pub(crate) fn split_pair(text: &str) -> Vec<&str> {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(',')).map(|i| i + from) {
        let (head, tail) = (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or(""));
        if tail.trim_start().starts_with("arn:") {
            return vec![head.trim(), tail.trim()];
        }
        from = at + 1;
    }
    vec![text.trim()]
}
