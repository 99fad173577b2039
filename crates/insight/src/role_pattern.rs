//! Roles by name: `ACCOUNT/ROLE` with `*` and `?`, an ARN, or a choice of accounts and a pattern for the role.

use rolebook_federation::RoleIx;
use wildmatch::WildMatch;

use crate::{AccountRef, Error, Reading, Readings};

/// A text with `*` (any run of characters) and `?` (any one). AWS does not distinguish role names by case, so neither
/// does this.
#[derive(Debug, Clone)]
pub(crate) struct Glob(WildMatch);

impl Glob {
    pub(crate) fn new(text: &str) -> Self {
        Self(WildMatch::new(&text.to_lowercase()))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.matches(&text.to_lowercase())
    }
}

/// Which roles a question is about.
#[derive(Debug, Clone)]
pub struct RolePattern {
    text: String,
    account: AccountChoice,
    role: Glob,
    /// The whole text, when it is an ARN.
    arn: Option<String>,
}

#[derive(Debug, Clone)]
enum AccountChoice {
    Any,
    Named(Glob),
    /// `environment=production`.
    Property(String, Glob),
}

/// A role of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChoice {
    /// Position of the reading.
    pub reading: usize,
    /// Position of the role in it.
    pub role: RoleIx,
}

impl RolePattern {
    /// `ACCOUNT/ROLE`, where ACCOUNT is id, alias or name and both may hold `*` and `?`; a role's ARN; or a role alone,
    /// which means in any account. What follows the first slash is the role with its path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (account, role) = match text.split_once('/') {
            Some((account, role)) if !text.starts_with("arn:") => {
                (AccountChoice::Named(account_glob(account)), role)
            }
            _ => (AccountChoice::Any, text),
        };
        Self {
            text: text.to_owned(),
            account,
            role: Glob::new(role),
            arn: text.starts_with("arn:").then(|| text.to_owned()),
        }
    }

    /// `--account` and `--role`: the account by name or as `environment=production`, the role by pattern.
    #[must_use]
    pub fn of(account: Option<&str>, role: Option<&str>) -> Self {
        let choice = match account.map(|text| (text, text.split_once('='))) {
            None => AccountChoice::Any,
            Some((_, Some((key, value)))) => AccountChoice::Property(key.trim().to_owned(), Glob::new(value)),
            Some((text, None)) => AccountChoice::Named(account_glob(text)),
        };
        let role = role.unwrap_or("*");
        let text = format!("{}/{role}", account.unwrap_or("*"));
        Self { text, account: choice, role: Glob::new(role), arn: None }
    }

    /// As it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Account and role, when the pattern names just one of each.
    pub(crate) fn literal(&self) -> Option<(&str, &str)> {
        if self.text.contains(['*', '?']) || self.arn.is_some() {
            return None;
        }
        self.text.split_once('/')
    }

    pub(crate) fn takes(&self, account: &AccountRef, role: &str, arn: Option<&str>) -> bool {
        if let Some(wanted) = &self.arn {
            return arn == Some(wanted.as_str());
        }
        let account_fits = match &self.account {
            AccountChoice::Any => true,
            AccountChoice::Named(glob) => account.names().any(|name| glob.matches(name)),
            AccountChoice::Property(key, glob) => {
                account.property(key).is_some_and(|value| glob.matches(value))
            }
        };
        account_fits && self.role.matches(role)
    }
}

/// `1111-2222-3333` is how the AWS console writes an account's number.
fn account_glob(text: &str) -> Glob {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_number = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
    Glob::new(if is_number { &digits } else { text })
}

impl Reading {
    /// The roles that a pattern takes, ordered by account and name.
    pub(crate) fn roles_of(&self, pattern: &RolePattern) -> Vec<RoleIx> {
        let mut roles = Vec::new();
        for (ix, role) in (0..).zip(self.access().roles.roles()) {
            let arn = role.arns.role.as_ref().map(ToString::to_string);
            if pattern.takes(&self.account(&role.account), &role.name, arn.as_deref()) {
                roles.push(((&role.account, &role.name), ix));
            }
        }
        roles.sort_by(|a, b| a.0.cmp(&b.0));
        roles.into_iter().map(|(_, ix)| ix).collect()
    }
}

impl Readings {
    /// The roles that a pattern takes, ordered by reading, account and name.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the nearest roles when there is none.
    pub fn find_roles(&self, pattern: &RolePattern) -> Result<Vec<RoleChoice>, Error> {
        let mut found = Vec::new();
        for (at, reading) in self.all().iter().enumerate() {
            found.extend(reading.roles_of(pattern).into_iter().map(|role| RoleChoice { reading: at, role }));
        }
        if found.is_empty() {
            let keys: Vec<String> = self
                .all()
                .iter()
                .flat_map(|reading| reading.access().roles.roles())
                .map(|role| format!("{}/{}", role.account, role.name))
                .collect();
            return Err(self.unknown("role", pattern.text(), keys.iter().map(String::as_str)));
        }
        Ok(found)
    }
}
