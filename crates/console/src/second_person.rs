//! Who may be the second person of a plan. Pure: rows come in, a decision comes out.
//!
//! A second person is one whom the author cannot be. Two accounts may be one person's when they share an Okta id or an
//! address (a `+tag` makes no other person), and when one of them, or somebody whom both lead back to, let the other in
//! a short while ago: whoever lets people in can let in a second account of their own.

use std::collections::BTreeSet;

/// An account of the console.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    /// Ids in the plan's Okta org.
    pub(crate) okta: BTreeSet<String>,
}

/// One account let another in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) user: String,
    pub(crate) by: String,
}

/// Why somebody cannot approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excluded {
    /// They wrote it.
    Author,
    /// It is another account of the author.
    Alias,
    /// It is about their own access.
    OwnAccess,
    /// The author let them in, or the other way round, or one person both.
    Tied,
}

/// An address or login as it is compared: lower case, without a tag.
pub(crate) fn plain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let Some((local, domain)) = text.rsplit_once('@') else { return text };
    let local = local.trim_matches('"');
    let local = local.split_once('+').map_or(local, |(name, _)| if name.is_empty() { local } else { name });
    format!("{local}@{}", domain.trim_end_matches('.'))
}

/// Whether a change is about this account's own access. `concerns` holds ids, logins and addresses.
pub(crate) fn is_concerned(account: &Account, concerns: &BTreeSet<String>) -> bool {
    let email = plain(&account.email);
    concerns.iter().any(|name| account.okta.contains(name) || plain(name) == email)
}

fn same_person(one: &Account, other: &Account) -> bool {
    plain(&one.email) == plain(&other.email) || !one.okta.is_disjoint(&other.okta)
}

/// All accounts that lead back to the same one, this one among them.
fn circle(of: &str, ties: &[Tie]) -> BTreeSet<String> {
    let mut circle = BTreeSet::from([of.to_owned()]);
    loop {
        let before = circle.len();
        for tie in ties {
            if circle.contains(&tie.user) || circle.contains(&tie.by) {
                circle.insert(tie.user.clone());
                circle.insert(tie.by.clone());
            }
        }
        if circle.len() == before {
            return circle;
        }
    }
}

/// Why `approver` cannot be the second person of a plan of `author`. `ties` are those of the time that is looked back.
pub(crate) fn excluded(
    approver: &Account,
    author: &Account,
    concerns: &BTreeSet<String>,
    ties: &[Tie],
) -> Option<Excluded> {
    if approver.id == author.id {
        Some(Excluded::Author)
    } else if same_person(approver, author) {
        Some(Excluded::Alias)
    } else if is_concerned(approver, concerns) {
        Some(Excluded::OwnAccess)
    } else if circle(&author.id, ties).contains(&approver.id) {
        Some(Excluded::Tied)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(id: &str, email: &str, okta: &[&str]) -> Account {
        let okta = okta.iter().map(|&id| id.to_owned()).collect();
        Account { id: id.to_owned(), email: email.to_owned(), okta }
    }

    fn tie(user: &str, by: &str) -> Tie {
        Tie { user: user.to_owned(), by: by.to_owned() }
    }

    #[test]
    fn addresses_are_compared_without_tag_and_case() {
        for (text, same) in [
            ("Eve+x@ACME.test", "eve@acme.test"),
            (" eve@acme.test. ", "eve@acme.test"),
            ("\"eve\"@acme.test", "eve@acme.test"),
            ("+x@acme.test", "+x@acme.test"),
            ("eve", "eve"),
        ] {
            assert_eq!(plain(text), same);
        }
    }

    #[test]
    fn each_way_of_being_the_first_person_is_found() {
        let author = account("a", "ann@acme.test", &["00u-ann"]);
        let concerns = BTreeSet::from(["00u-eve".to_owned(), "eve@acme.test".to_owned()]);
        let ties = [tie("sock", "a"), tie("sock2", "sock"), tie("old", "z")];
        for (approver, why) in [
            (author.clone(), Some(Excluded::Author)),
            (account("b", "ann+2@acme.test", &[]), Some(Excluded::Alias)),
            (account("b", "other@acme.test", &["00u-ann"]), Some(Excluded::Alias)),
            (account("b", "eve+x@acme.test", &[]), Some(Excluded::OwnAccess)),
            (account("b", "unlike@acme.test", &["00u-eve"]), Some(Excluded::OwnAccess)),
            (account("sock", "sock@acme.test", &[]), Some(Excluded::Tied)),
            (account("sock2", "sock2@acme.test", &[]), Some(Excluded::Tied)),
            (account("old", "old@acme.test", &[]), None),
            (account("tom", "tom@acme.test", &["00u-tom"]), None),
        ] {
            assert_eq!(excluded(&approver, &author, &concerns, &ties), why, "{approver:?}");
        }
    }

    proptest! {
        /// Whoever is excluded for one order of two accounts is excluded for the other: neither can write for the other.
        #[test]
        fn ties_hold_both_ways(pairs in prop::collection::vec((0_u8..6, 0_u8..6), 0..8), a in 0_u8..6, b in 0_u8..6) {
            prop_assume!(a != b);
            let ties: Vec<Tie> = pairs.iter().map(|(user, by)| tie(&user.to_string(), &by.to_string())).collect();
            let who = |id: u8| account(&id.to_string(), &format!("p{id}@acme.test"), &[]);
            let none = BTreeSet::new();
            prop_assert_eq!(excluded(&who(a), &who(b), &none, &ties), excluded(&who(b), &who(a), &none, &ties));
            // Further ties never make a second person.
            let fewer = ties.get(1..).unwrap_or_default();
            if excluded(&who(a), &who(b), &none, fewer).is_some() {
                prop_assert!(excluded(&who(a), &who(b), &none, &ties).is_some());
            }
        }
    }
}
