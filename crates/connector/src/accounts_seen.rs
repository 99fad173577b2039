//! What an accounts file and Okta know of each other.

use rolebook_federation::Access;
use rolebook_ledger::{AccountNames, Facts};

/// The accounts of a sync by their names, and which only one side knows. Each is told as a label, id and name.
#[derive(Debug, Clone, Default)]
pub struct AccountsSeen {
    /// Accounts that the file describes; 0 without a file.
    pub described: usize,
    /// In the file; Okta shows no role there.
    pub only_in_file: Vec<String>,
    /// Okta shows roles there; the file does not describe them. Empty without a file.
    pub only_in_okta: Vec<String>,
    /// All of them.
    pub names: AccountNames,
}

impl AccountsSeen {
    pub(crate) fn of(facts: &Facts, access: &Access) -> Self {
        let names = facts.account_names(access);
        let labels = |wanted: &dyn Fn(&rolebook_ledger::NamedAccount) -> bool| {
            names.iter().filter(|account| wanted(account)).map(|account| account.label()).collect()
        };
        Self {
            described: facts.accounts.len(),
            only_in_file: labels(&|account| !account.in_okta),
            only_in_okta: if facts.accounts.is_empty() {
                Vec::new()
            } else {
                labels(&|account| account.record.is_none())
            },
            names,
        }
    }
}
