//! Accounts by any of their names: id, name, alias or pattern. Every command that takes an account takes it through
//! [`AccountNames`], and every place that shows one shows its [label](NamedAccount::label).

use rolebook_federation::{Account, AccountId, RoleTable};
use wildmatch::WildMatchPattern;

use crate::AccountRecord;

/// How many accounts an error names.
const NAMED_IN_ERRORS: usize = 5;

/// An account with everything it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAccount {
    /// Resource id of its row, as [`Role::account`](rolebook_federation::Role) names it: the 12 digits, else what
    /// Okta shows. For an account that only the accounts file names, the 12 digits.
    pub id: String,
    /// The 12 digits, from Okta or from the accounts file.
    pub number: Option<AccountId>,
    /// Name, the file's before Okta's.
    pub name: Option<String>,
    /// Alias, the file's before Okta's.
    pub alias: Option<String>,
    /// Okta shows a role of it.
    pub in_okta: bool,
    /// What the accounts file says.
    pub record: Option<AccountRecord>,
}

impl NamedAccount {
    /// What people call it, if anything: its name, else its alias.
    #[must_use]
    pub fn called(&self) -> Option<&str> {
        self.name.as_deref().or(self.alias.as_deref()).filter(|called| *called != self.id)
    }

    /// Id and name side by side: `111122223333 (prod-eu)`. The name may hold anything: clean it for output.
    #[must_use]
    pub fn label(&self) -> String {
        let id = self.number.as_ref().map_or(self.id.as_str(), AccountId::as_str);
        match self.called() {
            Some(called) => format!("{id} ({called})"),
            None if id != self.id => format!("{id} ({})", self.id),
            None => id.to_owned(),
        }
    }

    /// Everything it answers to.
    fn names(&self) -> impl Iterator<Item = &str> {
        let number = self.number.as_ref().map(AccountId::as_str).filter(|number| *number != self.id);
        [Some(self.id.as_str()), number, self.alias.as_deref(), self.name.as_deref()].into_iter().flatten()
    }
}

/// Why a text names no account, or not just one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Nothing is called so.
    #[error("the snapshot knows no account `{text}`")]
    Unknown {
        /// What was asked for.
        text: String,
    },
    /// A number with a digit too few.
    #[error("`{text}` has 11 digits, an AWS account id has 12")]
    DroppedZero {
        /// What was asked for.
        text: String,
    },
    /// One account was wanted.
    #[error("`{text}` names {} accounts: {}", .found.len(), few(.found))]
    Several {
        /// What was asked for.
        text: String,
        /// Labels of those found.
        found: Vec<String>,
    },
}

fn few(found: &[String]) -> String {
    let mut text = found.iter().take(NAMED_IN_ERRORS).cloned().collect::<Vec<_>>().join(", ");
    if found.len() > NAMED_IN_ERRORS {
        text.push_str(", …");
    }
    text
}

impl AccountError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { .. } => {
                "rolebook show accounts lists ids and names; * stands for any characters, as in prod-*"
                    .to_owned()
            }
            Self::DroppedZero { text } => {
                format!("a spreadsheet has probably dropped the zero in front: try 0{text}")
            }
            Self::Several { .. } => "name one by its 12-digit id".to_owned(),
        }
    }
}

/// All accounts of a snapshot by their names.
#[derive(Debug, Clone, Default)]
pub struct AccountNames {
    accounts: Vec<NamedAccount>,
}

impl AccountNames {
    /// Accounts that Okta shows and accounts that an accounts file describes. An account that Okta shows by its alias
    /// or name only is the file's one of that alias or name, when there is just one.
    #[must_use]
    pub fn new(records: &[AccountRecord], table: &RoleTable) -> Self {
        let mut accounts: Vec<NamedAccount> =
            table.accounts().map(|account| named(account, records)).collect();
        let seen: std::collections::BTreeSet<AccountId> = accounts
            .iter()
            .filter_map(|account| account.record.as_ref())
            .map(|record| record.id.clone())
            .collect();
        accounts.extend(records.iter().filter(|record| !seen.contains(&record.id)).map(|record| {
            NamedAccount {
                id: record.id.as_str().to_owned(),
                number: Some(record.id.clone()),
                name: record.name.clone(),
                alias: record.alias.clone(),
                in_okta: false,
                record: Some(record.clone()),
            }
        }));
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        Self { accounts }
    }

    /// All of them, by resource id.
    pub fn iter(&self) -> impl Iterator<Item = &NamedAccount> {
        self.accounts.iter()
    }

    /// The account of a resource id, as [`Role::account`](rolebook_federation::Role) names it.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&NamedAccount> {
        self.accounts
            .binary_search_by(|account| account.id.as_str().cmp(id))
            .ok()
            .and_then(|at| self.accounts.get(at))
    }

    /// Id and name of the account of a resource id; the id alone when nothing else is known.
    #[must_use]
    pub fn label(&self, id: &str) -> String {
        self.get(id).map_or_else(|| id.to_owned(), NamedAccount::label)
    }

    /// The accounts that a text names: the 12 digits (also as `1111-2222-3333`), a name, an alias, or a pattern in
    /// which `*` stands for any characters and `?` for one. What is exact goes before what differs in case, and both
    /// before a pattern. At least one is found.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::DroppedZero`].
    pub fn find(&self, text: &str) -> Result<Vec<&NamedAccount>, AccountError> {
        let wanted = text.trim();
        let number = account_number(wanted);
        let wanted = number.as_ref().map_or(wanted, AccountId::as_str);
        let lower = wanted.to_lowercase();
        let mut found = self.named(|name| name == wanted);
        if found.is_empty() {
            found = self.named(|name| name.to_lowercase() == lower);
        }
        if found.is_empty() && is_pattern(wanted) {
            let pattern = WildMatchPattern::<'*', '?'>::new(&lower);
            found = self.named(|name| pattern.matches(&name.to_lowercase()));
        }
        if !found.is_empty() {
            return Ok(found);
        }
        let text = wanted.to_owned();
        Err(if has_lost_a_zero(wanted) {
            AccountError::DroppedZero { text }
        } else {
            AccountError::Unknown { text }
        })
    }

    /// The one account that a text names, see [`AccountNames::find`].
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn one(&self, text: &str) -> Result<&NamedAccount, AccountError> {
        match self.find(text)?.as_slice() {
            [one] => Ok(one),
            several => Err(AccountError::Several {
                text: text.trim().to_owned(),
                found: several.iter().map(|account| account.label()).collect(),
            }),
        }
    }

    fn named(&self, is: impl Fn(&str) -> bool) -> Vec<&NamedAccount> {
        self.accounts.iter().filter(|account| account.names().any(&is)).collect()
    }
}

fn named(account: &Account, records: &[AccountRecord]) -> NamedAccount {
    let record = record_of(account, records);
    NamedAccount {
        id: account.id.clone(),
        number: account.number.clone().or_else(|| record.map(|record| record.id.clone())),
        name: record.and_then(|record| record.name.clone()).or_else(|| account.name.clone()),
        alias: record.and_then(|record| record.alias.clone()).or_else(|| account.alias.clone()),
        in_okta: true,
        record: record.cloned(),
    }
}

/// What a file says of an account that Okta shows; records are ascending by id.
pub(crate) fn record_of<'a>(account: &Account, records: &'a [AccountRecord]) -> Option<&'a AccountRecord> {
    if let Some(number) = &account.number {
        return records.binary_search_by(|record| record.id.cmp(number)).ok().and_then(|at| records.get(at));
    }
    let only = |is: &dyn Fn(&AccountRecord) -> bool| {
        let mut found = records.iter().filter(|record| is(record));
        found.next().filter(|_| found.next().is_none())
    };
    let shown = account.alias.as_ref().or(account.name.as_ref())?;
    only(&|record| record.alias.as_ref() == Some(shown))
        .or_else(|| only(&|record| record.name.as_ref() == Some(shown)))
}

/// The id in a text, also in the form in which AWS's console shows it: `1111-2222-3333`.
#[must_use]
pub fn account_number(text: &str) -> Option<AccountId> {
    let groups = || text.split('-');
    let grouped = groups().count() == 3 && groups().all(|group| group.len() == 4);
    AccountId::parse(text).or_else(|| AccountId::parse(&text.replace('-', "")).filter(|_| grouped))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Eleven digits: spreadsheets read an id as a number, and numbers begin with no zero.
#[must_use]
pub fn has_lost_a_zero(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit())
}
