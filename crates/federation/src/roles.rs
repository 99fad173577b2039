//! The accounts and roles of one app: what its catalogue lists and what groups and people were seen to carry.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{AccountId, RoleArn, RoleValue, ValueAccount};

/// Position of a role in its [`RoleTable`].
pub type RoleIx = u32;

/// Where the list of roles came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Catalogue {
    /// Only roles seen on groups and people.
    #[default]
    None,
    /// Okta's internal types answer (`SamlIamRole`).
    Types,
    /// `enum` or `oneOf` of `samlRoles` in the app's user schema.
    Schema,
}

impl Catalogue {
    /// The word a snapshot carries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Types => "types",
            Self::Schema => "schema",
        }
    }
}

/// One AWS account as far as Okta shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Resource id: the 12 digits, else the alias or name that Okta shows, else `unknown`.
    pub id: String,
    /// The number, when known.
    pub number: Option<AccountId>,
    /// Alias, when a value showed `[alias] -- role`.
    pub alias: Option<String>,
    /// Name, when a value showed `Name -- role`.
    pub name: Option<String>,
    /// AWS partition.
    pub partition: String,
}

/// One role of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The account's resource id.
    pub account: String,
    /// The role's name as Okta shows it; slug of its entitlement.
    pub name: String,
    /// ARNs of role and provider, where they can be known.
    pub arns: RoleArn,
    /// The strings that Okta stores for it, unchanged: writes must use one of them.
    pub values: BTreeSet<String>,
    /// In group mapping mode: some group that confers it can be written to.
    pub writable_group: bool,
    /// In group mapping mode: some group confers it.
    pub any_group: bool,
}

/// All roles, each once per account and name.
#[derive(Debug, Clone, Default)]
pub struct RoleTable {
    accounts: BTreeMap<String, Account>,
    roles: Vec<Role>,
    by_key: HashMap<(String, String), RoleIx>,
    by_value: HashMap<String, RoleIx>,
}

/// Where values disagree, the one that sorts first counts: whatever order they come in, the table is the same.
fn lesser<T: Ord>(known: Option<T>, new: Option<T>) -> Option<T> {
    match (known, new) {
        (Some(known), Some(new)) => Some(known.min(new)),
        (known, new) => known.or(new),
    }
}

/// What stands in for the account when neither setting nor value names one.
pub(crate) const UNKNOWN_ACCOUNT: &str = "unknown";

impl RoleTable {
    /// All accounts by resource id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// All roles; their positions are their [`RoleIx`].
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The role at a position.
    #[must_use]
    pub fn get(&self, role: RoleIx) -> Option<&Role> {
        self.roles.get(role as usize)
    }

    /// The role of that account resource id and name.
    #[must_use]
    pub fn find(&self, account: &str, name: &str) -> Option<RoleIx> {
        self.by_key.get(&(account.to_owned(), name.to_owned())).copied()
    }

    /// The role that a stored value was understood as.
    #[must_use]
    pub fn by_value(&self, value: &str) -> Option<RoleIx> {
        self.by_value.get(value).copied()
    }

    pub(crate) fn add_account(&mut self, account: Account) {
        match self.accounts.get_mut(&account.id) {
            None => {
                self.accounts.insert(account.id.clone(), account);
            }
            Some(known) => {
                known.alias = lesser(known.alias.take(), account.alias);
                known.name = lesser(known.name.take(), account.name);
                if account.partition < known.partition {
                    known.partition = account.partition;
                }
            }
        }
    }

    pub(crate) fn add_role(&mut self, account: Account, name: &str, arns: RoleArn, value: &str) -> RoleIx {
        let key = (account.id.clone(), name.to_owned());
        self.add_account(account);
        let next = RoleIx::try_from(self.roles.len()).unwrap_or(RoleIx::MAX);
        let ix = *self.by_key.entry(key.clone()).or_insert(next);
        if ix == next {
            self.roles.push(Role {
                account: key.0,
                name: key.1,
                arns: RoleArn::default(),
                values: BTreeSet::new(),
                writable_group: false,
                any_group: false,
            });
        }
        if let Some(role) = self.roles.get_mut(ix as usize) {
            role.arns.role = lesser(role.arns.role.take(), arns.role);
            role.arns.provider = lesser(role.arns.provider.take(), arns.provider);
            role.values.insert(value.to_owned());
        }
        ix
    }

    /// Counts a group as one that confers the role by its name.
    pub(crate) fn conferred_by(&mut self, role: RoleIx, writable: bool) {
        if let Some(role) = self.roles.get_mut(role as usize) {
            role.any_group = true;
            role.writable_group |= writable;
        }
    }

    /// Takes a stored value in (once) and says which role it is.
    pub(crate) fn intern_value(&mut self, value: &str, main: &crate::rules::MainAccount) -> RoleIx {
        if let Some(known) = self.by_value.get(value) {
            return *known;
        }
        let parsed = RoleValue::parse(value);
        let account = main.account_of(&parsed.account, &parsed.arns);
        let arns = parsed.complete(account.number.as_ref(), &account.partition, main.provider.as_ref());
        let ix = self.add_role(account, &parsed.role, arns, value);
        self.by_value.insert(value.to_owned(), ix);
        ix
    }
}

impl crate::rules::MainAccount {
    pub(crate) fn account_of(&self, key: &ValueAccount, arns: &RoleArn) -> Account {
        let partition =
            arns.role.as_ref().map_or_else(|| self.partition.clone(), |arn| arn.partition.clone());
        let numbered = |number: AccountId| Account {
            id: number.as_str().to_owned(),
            number: Some(number),
            alias: None,
            name: None,
            partition: partition.clone(),
        };
        match key {
            ValueAccount::Id(number) => numbered(number.clone()),
            ValueAccount::Main => match &self.number {
                Some(number) => numbered(number.clone()),
                None => Account {
                    id: UNKNOWN_ACCOUNT.to_owned(),
                    number: None,
                    alias: None,
                    name: None,
                    partition,
                },
            },
            ValueAccount::Alias(alias) => {
                Account { id: alias.clone(), number: None, alias: Some(alias.clone()), name: None, partition }
            }
            ValueAccount::Name(name) => {
                Account { id: name.clone(), number: None, alias: None, name: Some(name.clone()), partition }
            }
        }
    }
}
