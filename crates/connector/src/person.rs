//! An Okta user object becomes a person of the snapshot.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rolebook_federation::{UserStatus, Warnings};
use rolebook_ledger::Person;
use serde_json::{Map, Value};

/// Attributes a snapshot carries unless told otherwise: what a reviewer needs to recognise a person, no more.
const DEFAULT_ATTRIBUTES: [&str; 18] = [
    "login",
    "email",
    "secondEmail",
    "firstName",
    "middleName",
    "lastName",
    "displayName",
    "nickName",
    "title",
    "department",
    "division",
    "organization",
    "costCenter",
    "userType",
    "manager",
    "managerId",
    "employeeNumber",
    "employeeId",
];

/// Profile keys, in lower case, that hold an employee number.
const EMPLOYEE_KEYS: [&str; 6] = [
    "employeenumber",
    "employeeid",
    "employeeidnumber",
    "employee_number",
    "employee_id",
    "employee_idnumber",
];

const SECOND_EMAIL: &str = "secondEmail";

/// Which profile attributes go into the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProfileAttributes {
    /// Names, login, e-mails, title, department, organisation, cost centre, manager, employee number, user type.
    #[default]
    Default,
    /// Everything Okta shows.
    All,
    /// Exactly these, by Okta's attribute name.
    Only(BTreeSet<String>),
}

impl ProfileAttributes {
    /// Reads `all`, or names separated by commas; an empty text means the default.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let names: BTreeSet<String> =
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        match names.first().map(String::as_str) {
            None => Self::Default,
            Some("all") if names.len() == 1 => Self::All,
            Some(_) => Self::Only(names),
        }
    }

    fn allows(&self, key: &str) -> bool {
        match self {
            Self::Default => {
                DEFAULT_ATTRIBUTES.contains(&key)
                    || EMPLOYEE_KEYS.contains(&key.to_ascii_lowercase().as_str())
            }
            Self::All => true,
            Self::Only(names) => names.contains(key),
        }
    }
}

/// What of a person is taken over.
#[derive(Debug, Clone, Default)]
pub struct PersonRules {
    /// Profile attributes that go into the snapshot.
    pub attributes: ProfileAttributes,
    /// Leave second e-mail addresses out, from the profile too.
    pub skip_secondary_emails: bool,
}

/// The parts of an Okta user object that a person is made of.
#[derive(Debug, Default)]
pub(crate) struct OktaPerson<'a> {
    pub(crate) id: &'a str,
    pub(crate) status: Option<&'a str>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) last_login: Option<Timestamp>,
    pub(crate) profile: Map<String, Value>,
}

impl PersonRules {
    /// Whether a profile attribute leaves any mark in the snapshot.
    pub(crate) fn uses(&self, key: &str) -> bool {
        const READ: [&str; 5] = ["login", "email", "displayName", "firstName", "lastName"];
        match key {
            SECOND_EMAIL => !self.skip_secondary_emails,
            key => READ.contains(&key) || self.attributes.allows(key),
        }
    }

    /// Maps one user. Nothing in a profile can make this fail: what is odd is counted and kept where it fits.
    pub(crate) fn map(&self, mut okta: OktaPerson<'_>, warnings: &mut Warnings) -> Person {
        if self.skip_secondary_emails {
            okta.profile.remove(SECOND_EMAIL);
        }
        if okta.status.is_some() && UserStatus::parse(okta.status) == UserStatus::Unknown {
            warnings.add(
                "user-status-unknown",
                "a user has a status unknown to Rolebook, their access counts",
                okta.id,
            );
        }
        let text = |key: &str| okta.profile.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let mut address = |key: &str| {
            let address = text(key)?;
            if is_email(address) {
                return Some(address.to_owned());
            }
            warnings.add(
                "email-invalid",
                "an address is no e-mail address, it is kept in the profile only",
                okta.id,
            );
            None
        };
        let (email, second_email) = (address("email"), address(SECOND_EMAIL));
        let login = text("login").map(str::to_owned);
        let (given_name, family_name) =
            (text("firstName").map(str::to_owned), text("lastName").map(str::to_owned));
        let display_name = match (text("displayName"), &given_name, &family_name) {
            (Some(name), _, _) => name.to_owned(),
            (None, None, None) => login.clone().unwrap_or_else(|| okta.id.to_owned()),
            (None, given, family) => {
                let or_unknown = |name: &Option<String>| name.clone().unwrap_or_else(|| "unknown".to_owned());
                format!("{} {}", or_unknown(given), or_unknown(family))
            }
        };
        okta.profile.retain(|key, value| self.attributes.allows(key) && !value.is_null());
        Person {
            display_name,
            status: okta.status.map(str::to_owned),
            login,
            email,
            second_email,
            employee_ids: employee_ids(&okta.profile),
            given_name,
            family_name,
            created: okta.created,
            last_login: okta.last_login,
            profile: serde_json::to_string(&okta.profile).unwrap_or_else(|_| "{}".to_owned()).into(),
        }
    }
}

fn employee_ids(profile: &Map<String, Value>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (key, value) in profile {
        if !EMPLOYEE_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
            continue;
        }
        let id = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Baton checks addresses on upload; what would be refused there must not become a trait e-mail here.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| {
                c.is_ascii_graphic()
                    && !matches!(c, '@' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '[' | ']' | '\\')
            })
    };
    text.len() <= 254
        && plain(local)
        && plain(domain)
        && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63)
}
