//! `roleValuePattern`: how Okta writes the value that AWS reads.

use crate::{
    AccountId,
    arn::{Arn, RoleArn, split_pair},
};

const ACCOUNT: &str = "${accountid}";
const ROLE: &str = "${role}";

/// The pattern and its two halves. Okta renders it verbatim, so either order and blanks around the comma occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleValuePattern {
    text: String,
}

impl RoleValuePattern {
    /// Any text is a pattern; what it lacks shows when it is rendered.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Whether the role's name comes from the group.
    #[must_use]
    pub fn wants_role(&self) -> bool {
        self.text.contains(ROLE)
    }

    /// Whether the account comes from the group.
    #[must_use]
    pub fn wants_account(&self) -> bool {
        self.text.contains(ACCOUNT)
    }

    /// The account that the pattern's role ARN fixes by itself, when it fixes one. A fixed provider does not fix the
    /// account of the role.
    #[must_use]
    pub fn fixed_account(&self) -> Option<AccountId> {
        let arns = RoleArn::from_halves(split_pair(&self.text));
        arns.role.and_then(|arn| AccountId::parse(&arn.account))
    }

    /// The partition that the pattern names, when it holds an ARN.
    #[must_use]
    pub fn partition(&self) -> Option<String> {
        split_pair(&self.text).into_iter().find_map(Arn::parse).map(|arn| arn.partition)
    }

    /// The value Okta sends for that account and role.
    #[must_use]
    pub fn render(&self, account: &str, role: &str) -> String {
        substitute(&self.text, account, role)
    }

    /// The same value as ARNs. Split before substituting: role names may hold commas and colons.
    #[must_use]
    pub fn arns(&self, account: &str, role: &str) -> RoleArn {
        let halves: Vec<String> =
            split_pair(&self.text).into_iter().map(|half| substitute(half, account, role)).collect();
        RoleArn::from_halves(halves.iter().map(String::as_str))
    }
}

/// Why AWS cannot take a value of the `Role` attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PairFault {
    /// The value has no comma between two ARNs.
    #[error("it is no pair of two ARNs with a comma between them")]
    NoPair,
    /// None of its ARNs is one of an IAM role.
    #[error("it names no IAM role (arn:aws:iam::ACCOUNT:role/NAME)")]
    NoRole,
    /// None of its ARNs is one of a SAML provider.
    #[error("it names no SAML provider (arn:aws:iam::ACCOUNT:saml-provider/NAME)")]
    NoProvider,
    /// A part of the pattern that Okta does not fill in is sent as it stands.
    #[error("it holds a placeholder that Okta does not fill in: Okta knows ${{accountid}} and ${{role}}")]
    Placeholder,
    /// The account of an ARN is not 12 digits.
    #[error("its account is not 12 digits")]
    Account,
    /// Role and provider are of different accounts or partitions.
    #[error("its role and its provider are not of the same account")]
    OtherAccount,
}

impl RoleValuePattern {
    /// The role and provider that AWS reads in the value, in either order (AWS: *Configure SAML assertions*).
    ///
    /// # Errors
    /// [`PairFault`]: AWS answers such a value with `invalid SAML response`, so nobody gets in by it.
    pub fn pair(&self, account: &str, role: &str) -> Result<RoleArn, PairFault> {
        let halves = split_pair(&self.text);
        if halves.iter().any(|half| substitute(half, "", "").contains(['$', '{', '}'])) {
            return Err(PairFault::Placeholder);
        }
        let arns = self.arns(account, role);
        if halves.len() < 2 && (arns.role.is_none() || arns.provider.is_none()) {
            let lone = arns.role.is_some() || arns.provider.is_some();
            // `;` and a blank leave one half that goes on after its first ARN.
            let several = self.text.matches("arn:").count() > 1;
            return Err(match (lone && !several, &arns.role) {
                (false, _) => PairFault::NoPair,
                (true, None) => PairFault::NoRole,
                (true, Some(_)) => PairFault::NoProvider,
            });
        }
        let role = arns.role.as_ref().ok_or(PairFault::NoRole)?;
        let provider = arns.provider.as_ref().ok_or(PairFault::NoProvider)?;
        if AccountId::parse(&role.account).is_none() || AccountId::parse(&provider.account).is_none() {
            return Err(PairFault::Account);
        }
        if (&role.account, &role.partition) != (&provider.account, &provider.partition) {
            return Err(PairFault::OtherAccount);
        }
        Ok(arns)
    }
}

/// One pass, so that a role named `${accountid}` stays what it is.
fn substitute(text: &str, account: &str, role: &str) -> String {
    let mut out = String::with_capacity(text.len() + role.len() + account.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        if let Some(after) = tail.strip_prefix(ACCOUNT) {
            out.push_str(account);
            rest = after;
        } else if let Some(after) = tail.strip_prefix(ROLE) {
            out.push_str(role);
            rest = after;
        } else {
            out.push_str("${");
            rest = tail.strip_prefix("${").unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}
