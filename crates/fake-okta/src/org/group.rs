//! Groups of the org and the rules that fill them.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Where a group comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// `OKTA_GROUP`: made and filled in Okta.
    Okta,
    /// `APP_GROUP`: imported from another app, read-only in Okta. Holds the id of the source app.
    App {
        /// Id of the app that the group is imported from.
        source: String,
    },
    /// `BUILT_IN`: Everyone and its like.
    BuiltIn,
}

impl GroupKind {
    /// The word Okta uses on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Okta => "OKTA_GROUP",
            Self::App { .. } => "APP_GROUP",
            Self::BuiltIn => "BUILT_IN",
        }
    }
}

/// A group to put into an [`Org`](crate::Org).
///
/// ```
/// use rolebook_fake_okta::Group;
///
/// let role_group = Group::new("aws_111122223333_Admin").id("g1").members(["00uA", "bob@acme.test"]);
/// let imported = Group::new("aws_111122223333_Ops").from_app("0oaAD");
/// # let _ = (role_group, imported);
/// ```
#[derive(Clone, Debug)]
pub struct Group {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) kind: GroupKind,
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
    pub(crate) members: Vec<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) last_updated: Option<Timestamp>,
    pub(crate) last_membership_updated: Option<Timestamp>,
}

impl Group {
    /// An OKTA_GROUP with this name and a generated id.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            name: Some(name.into()),
            kind: GroupKind::Okta,
            attributes: None,
            members: Vec::new(),
            created: None,
            last_updated: None,
            last_membership_updated: None,
        }
    }

    /// A group whose `profile.name` is `null`, which Okta should not have but connectors must survive.
    pub fn nameless() -> Self {
        Self { name: None, ..Self::new("") }
    }

    /// Chooses the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets `profile.description`.
    #[must_use]
    pub fn description(self, text: impl Into<String>) -> Self {
        self.attribute("description", text.into())
    }

    /// Adds a profile attribute of any shape.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Makes it an APP_GROUP imported from the app with this id. Groups of an `active_directory` app get the profile
    /// of a Windows security group.
    #[must_use]
    pub fn from_app(mut self, source: impl Into<String>) -> Self {
        self.kind = GroupKind::App { source: source.into() };
        self
    }

    /// Makes it a BUILT_IN group. For the group of everybody see [`Org::everyone`](crate::Org::everyone).
    #[must_use]
    pub fn built_in(mut self) -> Self {
        self.kind = GroupKind::BuiltIn;
        self
    }

    /// Adds members by user id or login. A user who does not exist yet is made.
    #[must_use]
    pub fn members<S: Into<String>>(mut self, users: impl IntoIterator<Item = S>) -> Self {
        self.members.extend(users.into_iter().map(Into::into));
        self
    }

    /// Chooses `created`; the default is the org's time when the group is added.
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

    /// Chooses `lastMembershipUpdated`; the default is `created`.
    #[must_use]
    pub fn last_membership_updated(mut self, at: Timestamp) -> Self {
        self.last_membership_updated = Some(at);
        self
    }

    pub(crate) fn extra(&self, key: &str) -> Option<&Value> {
        self.attributes.as_ref().and_then(|attributes| attributes.get(key))
    }
}

/// A group rule. The fake does not evaluate expressions: whom the rule matches is said with [`holds`](Self::holds).
#[derive(Clone, Debug)]
pub struct GroupRule {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) expression: String,
    pub(crate) groups: Vec<String>,
    pub(crate) excluded_users: Vec<String>,
    pub(crate) holds: Vec<String>,
    pub(crate) created: Option<Timestamp>,
}

impl GroupRule {
    /// An ACTIVE rule with this name and Okta expression, such as `user.department=="Eng"`.
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            name: name.into(),
            status: "ACTIVE",
            expression: expression.into(),
            groups: Vec::new(),
            excluded_users: Vec::new(),
            holds: Vec::new(),
            created: None,
        }
    }

    /// Chooses the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The groups into which the rule puts people, by id or name.
    #[must_use]
    pub fn assigns<S: Into<String>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        self.groups.extend(groups.into_iter().map(Into::into));
        self
    }

    /// Users the rule leaves out, by id or login.
    #[must_use]
    pub fn excludes<S: Into<String>>(mut self, users: impl IntoIterator<Item = S>) -> Self {
        self.excluded_users.extend(users.into_iter().map(Into::into));
        self
    }

    /// Users whom the rule matches, by id or login: they are in its groups because of it.
    #[must_use]
    pub fn holds<S: Into<String>>(mut self, users: impl IntoIterator<Item = S>) -> Self {
        self.holds.extend(users.into_iter().map(Into::into));
        self
    }

    /// Makes the rule INACTIVE.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.status = "INACTIVE";
        self
    }

    /// Makes the rule INVALID, as Okta does when a target group was deleted.
    #[must_use]
    pub fn invalid(mut self) -> Self {
        self.status = "INVALID";
        self
    }
}
