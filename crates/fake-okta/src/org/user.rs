//! Users of the org.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Okta's user statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Okta's own words")]
pub enum UserStatus {
    Staged,
    Provisioned,
    Active,
    Recovery,
    PasswordExpired,
    LockedOut,
    Suspended,
    Deprovisioned,
}

impl UserStatus {
    /// The word Okta uses on the wire, such as `LOCKED_OUT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }

    /// Every status, in the order of a user's life.
    pub const ALL: [Self; 8] = [
        Self::Staged,
        Self::Provisioned,
        Self::Active,
        Self::Recovery,
        Self::PasswordExpired,
        Self::LockedOut,
        Self::Suspended,
        Self::Deprovisioned,
    ];
}

/// A user to put into an [`Org`](crate::Org).
///
/// ```
/// use rolebook_fake_okta::{User, UserStatus};
///
/// let ann = User::new("ann@acme.test").id("00uA").name("Ann", "Lee").attribute("department", "Ops");
/// let old = User::new("old@acme.test").status(UserStatus::Deprovisioned);
/// # let _ = (ann, old);
/// ```
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) first_name: Cow<'static, str>,
    pub(crate) last_name: Cow<'static, str>,
    pub(crate) status: UserStatus,
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) last_updated: Option<Timestamp>,
    pub(crate) last_login: Option<Timestamp>,
}

impl User {
    /// An ACTIVE user with this login, which is also the email. The id is generated unless [`id`](Self::id) is given;
    /// the name is made from the login (`ann.lee@…` is Ann Lee).
    pub fn new(login: impl Into<String>) -> Self {
        let login = login.into();
        let local = login.split('@').next().unwrap_or_default();
        let mut words = local.split(['.', '_', '-']).map(capitalised);
        let first_name = words.next().unwrap_or_default();
        let last_name = words.next().unwrap_or_else(|| "Example".to_owned());
        Self {
            id: String::new(),
            first_name: Cow::Owned(first_name),
            last_name: Cow::Owned(last_name),
            login,
            status: UserStatus::Active,
            attributes: None,
            created: None,
            last_updated: None,
            last_login: None,
        }
    }

    /// Chooses the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Chooses first and last name.
    #[must_use]
    pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.first_name = Cow::Owned(first.into());
        self.last_name = Cow::Owned(last.into());
        self
    }

    /// Chooses the status. A DEPROVISIONED user keeps the memberships that a test spells out, but no group gives
    /// them an app.
    #[must_use]
    pub fn status(mut self, status: UserStatus) -> Self {
        self.status = status;
        self
    }

    /// Adds a profile attribute, or overrides `email`, `mobilePhone`, `secondEmail` or any other base attribute with
    /// a value of any shape.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Chooses `created`; the default is the org's time when the user is added.
    #[must_use]
    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    /// Chooses `lastUpdated`; the default is `created`.
    #[must_use]
    pub fn last_updated(mut self, at: Timestamp) -> Self {
        self.last_updated = Some(at);
        self
    }

    /// Chooses `lastLogin`; the default is `null`, as for somebody who never signed in.
    #[must_use]
    pub fn last_login(mut self, at: Timestamp) -> Self {
        self.last_login = Some(at);
        self
    }

    /// An attribute that overrides or extends the base profile.
    pub(crate) fn extra(&self, key: &str) -> Option<&Value> {
        self.attributes.as_ref().and_then(|attributes| attributes.get(key))
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_gives_a_name() {
        let user = User::new("ann.lee@acme.test");
        assert_eq!((user.first_name.as_ref(), user.last_name.as_ref()), ("Ann", "Lee"));
        assert_eq!(User::new("x").last_name, "Example");
    }
}
