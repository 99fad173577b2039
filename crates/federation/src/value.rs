//! The shapes of a role value in an app-user or app-group profile.

use crate::arn::{AccountId, Arn, RoleArn, split_pair};

/// The account that a role value names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueAccount {
    /// A bare role: the account of `identityProviderArn`.
    Main,
    /// Twelve digits.
    Id(AccountId),
    /// `[alias] -- role`.
    Alias(String),
    /// `Account Name -- role`: Okta's form for a connected account without an alias.
    Name(String),
}

/// One role value, taken apart. The stored string itself stays with the caller: writes need it unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleValue {
    /// Where the role lives.
    pub account: ValueAccount,
    /// The role's name, with its path when the value is an ARN.
    pub role: String,
    /// ARNs that the value itself holds.
    pub arns: RoleArn,
}

impl RoleValue {
    /// Takes any string apart; what fits no other shape is a bare role name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(value) = Self::from_arns(text) {
            return value;
        }
        let bare = |account, role: &str| Self { account, role: role.to_owned(), arns: RoleArn::default() };
        // Two hyphens with blanks is the stored form; the single dash of Okta's help is only how it is displayed.
        if let Some((account, role)) = text.split_once(" -- ") {
            let role_name = role.trim();
            let account = account.trim();
            let alias = account.strip_prefix('[').and_then(|a| a.strip_suffix(']')).map(str::trim);
            let key = alias.unwrap_or(account);
            if !key.is_empty() && !role_name.is_empty() {
                let account = match (AccountId::parse(key), alias) {
                    (Some(id), _) => ValueAccount::Id(id),
                    (None, Some(alias)) => ValueAccount::Alias(alias.to_owned()),
                    (None, None) => ValueAccount::Name(key.to_owned()),
                };
                return bare(account, role_name);
            }
        }
        bare(ValueAccount::Main, text)
    }

    fn from_arns(text: &str) -> Option<Self> {
        let arns = RoleArn::from_halves(split_pair(text));
        let role_arn = arns.role.as_ref()?;
        let account = AccountId::parse(&role_arn.account)?;
        let role = role_arn.role()?.to_owned();
        Some(Self { account: ValueAccount::Id(account), role, arns })
    }

    /// The ARN halves, completed from the main account's identity provider where they can be known: a connected
    /// account carries the same provider name (Okta's set-up guide demands it).
    pub(crate) fn complete(
        &self,
        account: Option<&AccountId>,
        partition: &str,
        provider: Option<&Arn>,
    ) -> RoleArn {
        let mut arns = self.arns.clone();
        let Some(account) = account else { return arns };
        if arns.role.is_none() {
            arns.role = Some(Arn {
                partition: partition.to_owned(),
                service: "iam".to_owned(),
                account: account.as_str().to_owned(),
                resource: format!("role/{}", self.role),
            });
        }
        if arns.provider.is_none() {
            arns.provider = provider.map(|main| Arn { account: account.as_str().to_owned(), ..main.clone() });
        }
        arns
    }
}
