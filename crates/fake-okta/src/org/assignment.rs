//! Who and what is assigned to an app: app users, app groups and their profiles.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// How an app user came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Assigned individually.
    User,
    /// Granted by an assigned group.
    Group,
}

impl Scope {
    /// The word Okta uses on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Group => "GROUP",
        }
    }
}

/// The profile of an assignment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Profile {
    /// Nothing was set: app users show every property as `null` (or what their groups give), app groups show `{}`.
    #[default]
    Unset,
    /// Set properties; the ones left out are `null`.
    Attributes(Map<String, Value>),
    /// Shown exactly as it is, whatever shape it has.
    Raw(Value),
}

impl Profile {
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        match self {
            Self::Attributes(attributes) | Self::Raw(Value::Object(attributes)) => {
                attributes.insert(key.to_owned(), value);
            }
            other => *other = Self::Attributes(Map::from_iter([(key.to_owned(), value)])),
        }
    }

    /// The properties that were set, when the profile is an object at all.
    pub(crate) fn attributes(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Attributes(attributes) | Self::Raw(Value::Object(attributes)) => Some(attributes),
            Self::Unset | Self::Raw(_) => None,
        }
    }
}

fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Value {
    Value::Array(items.into_iter().map(|item| Value::String(item.into())).collect())
}

/// An app user spelled out by a test. App users that groups grant need not be written: the fake makes them.
///
/// ```
/// use rolebook_fake_okta::AppUser;
///
/// let own = AppUser::direct("00uA").saml_roles(["Admin"]);
/// let hostile = AppUser::direct("00uB").attribute("samlRoles", "Admin");
/// let odd = AppUser::by_group("00uC").raw_profile(serde_json::json!({"samlRoles": ["Admin", null, 5]}));
/// # let _ = (own, hostile, odd);
/// ```
#[derive(Clone, Debug)]
pub struct AppUser {
    pub(crate) user: String,
    pub(crate) scope: Option<Scope>,
    pub(crate) status: Cow<'static, str>,
    pub(crate) profile: Profile,
    pub(crate) user_name: Option<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) last_updated: Option<Timestamp>,
}

impl AppUser {
    fn new(user: impl Into<String>, scope: Option<Scope>) -> Self {
        Self {
            user: user.into(),
            scope,
            status: Cow::Borrowed("ACTIVE"),
            profile: Profile::Unset,
            user_name: None,
            created: None,
            last_updated: None,
        }
    }

    /// An individual assignment (scope USER) of the user with this id or login. It wins over what groups grant.
    pub fn direct(user: impl Into<String>) -> Self {
        Self::new(user, Some(Scope::User))
    }

    /// A GROUP-scope app user that a test overrides: its status or profile stays as given here even where the groups
    /// say otherwise, and it stays when no group grants it.
    pub fn by_group(user: impl Into<String>) -> Self {
        Self::new(user, Some(Scope::Group))
    }

    /// An app user whose `scope` is missing on the wire.
    pub fn unscoped(user: impl Into<String>) -> Self {
        Self::new(user, None)
    }

    /// Chooses the status, such as `SUSPENDED`; any word goes.
    #[must_use]
    pub fn status(mut self, status: impl Into<Cow<'static, str>>) -> Self {
        self.status = status.into();
        self
    }

    /// Sets `profile.samlRoles`.
    #[must_use]
    pub fn saml_roles<S: Into<String>>(self, roles: impl IntoIterator<Item = S>) -> Self {
        self.attribute("samlRoles", strings(roles))
    }

    /// Sets `profile.role`.
    #[must_use]
    pub fn role(self, role: impl Into<Value>) -> Self {
        self.attribute("role", role)
    }

    /// Sets a profile property to a value of any shape; properties not set are `null` on the wire.
    #[must_use]
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.profile.set(key, value.into());
        self
    }

    /// Makes the profile exactly this value: nothing is added, so properties can be missing.
    #[must_use]
    pub fn raw_profile(mut self, profile: impl Into<Value>) -> Self {
        self.profile = Profile::Raw(profile.into());
        self
    }

    /// Chooses `credentials.userName`; the default is the user's login.
    #[must_use]
    pub fn user_name(mut self, name: impl Into<String>) -> Self {
        self.user_name = Some(name.into());
        self
    }

    /// Chooses `created`.
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
}

/// A group assigned to an app.
///
/// ```
/// use rolebook_fake_okta::AppGroup;
///
/// let first = AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]);
/// let last = AppGroup::new("gY"); // no roles, priority after the others
/// # let _ = (first, last);
/// ```
#[derive(Clone, Debug)]
pub struct AppGroup {
    pub(crate) group: String,
    pub(crate) priority: Option<i64>,
    pub(crate) profile: Profile,
    pub(crate) last_updated: Option<Timestamp>,
}

impl AppGroup {
    /// Assigns the group with this id or name. A group that does not exist yet is made.
    pub fn new(group: impl Into<String>) -> Self {
        Self { group: group.into(), priority: None, profile: Profile::Unset, last_updated: None }
    }

    /// Chooses the priority; the lowest number wins. Without it the group comes last.
    #[must_use]
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets `profile.samlRoles`.
    #[must_use]
    pub fn saml_roles<S: Into<String>>(self, roles: impl IntoIterator<Item = S>) -> Self {
        self.attribute("samlRoles", strings(roles))
    }

    /// Sets `profile.role`.
    #[must_use]
    pub fn role(self, role: impl Into<Value>) -> Self {
        self.attribute("role", role)
    }

    /// Sets a profile property to a value of any shape.
    #[must_use]
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.profile.set(key, value.into());
        self
    }

    /// Makes the profile exactly this value.
    #[must_use]
    pub fn raw_profile(mut self, profile: impl Into<Value>) -> Self {
        self.profile = Profile::Raw(profile.into());
        self
    }

    /// Chooses `lastUpdated`.
    #[must_use]
    pub fn last_updated(mut self, at: Timestamp) -> Self {
        self.last_updated = Some(at);
        self
    }
}
