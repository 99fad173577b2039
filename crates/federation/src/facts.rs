//! What Okta says, in the domain's words.

use serde::{Deserialize, Serialize};

use crate::{RoleProfile, Settings};

/// Position of a group in the slice given to [`resolve`](crate::resolve).
pub type GroupIx = u32;
/// Position of a user in the slice given to [`resolve`](crate::resolve).
pub type UserIx = u32;

/// The AWS app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Okta's app status; only `ACTIVE` lets anybody in.
    pub status: String,
    /// Okta's sign-on mode; only `SAML_2_0` federates.
    pub sign_on_mode: Option<String>,
    /// `settings.implicitAssignment` (federation broker mode): nobody needs an assignment.
    pub implicit_assignment: bool,
    /// `settings.app`.
    pub settings: Settings,
}

/// Okta's group types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupKind {
    /// Made in Okta: the only kind whose membership can be written.
    #[serde(rename = "OKTA_GROUP")]
    Okta,
    /// Comes from an app or directory; read-only in Okta.
    #[serde(rename = "APP_GROUP")]
    App,
    /// Everyone; read-only.
    #[serde(rename = "BUILT_IN")]
    BuiltIn,
    /// A type Okta has added since.
    #[serde(other, rename = "UNKNOWN")]
    Unknown,
}

impl GroupKind {
    /// From Okta's `type`; unknown words do not fail.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "OKTA_GROUP" => Self::Okta,
            "APP_GROUP" => Self::App,
            "BUILT_IN" => Self::BuiltIn,
            _ => Self::Unknown,
        }
    }

    /// Okta's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "OKTA_GROUP",
            Self::App => "APP_GROUP",
            Self::BuiltIn => "BUILT_IN",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether Okta lets anybody change the membership by hand.
    #[must_use]
    pub fn writable(self) -> bool {
        matches!(self, Self::Okta)
    }
}

/// The app or directory that an `APP_GROUP` comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupOrigin {
    /// `source.id`: the app instance.
    pub app_id: Option<String>,
    /// Catalogue name of that app (`active_directory`, `bamboohr`), when it could be read.
    pub app_name: Option<String>,
}

/// How a group is assigned to the AWS app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupAssignment {
    /// Lower wins; Okta leaves gaps and may repeat numbers.
    pub priority: Option<i64>,
    /// The roles that the assignment's profile names.
    pub profile: RoleProfile,
}

/// A group, as far as access depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `profile.name`; Okta may leave it out for a scoped administrator.
    pub name: Option<String>,
    /// Okta's `type`.
    pub kind: GroupKind,
    /// Where an `APP_GROUP` comes from.
    pub origin: GroupOrigin,
    /// Its assignment to the AWS app, if any.
    pub assignment: Option<GroupAssignment>,
}

/// `scope` of an app user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Assigned individually; the profile is the user's own.
    User,
    /// Assigned through a group; Okta writes the profile.
    Group,
    /// Missing or a word unknown to us: the profile is read as the user's own.
    Unknown,
}

impl Scope {
    /// From Okta's `scope`.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("USER") => Self::User,
            Some("GROUP") => Self::Group,
            _ => Self::Unknown,
        }
    }
}

/// `status` of an app user, reduced to what access depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppUserStatus {
    /// ACTIVE, PROVISIONED or IMPLICIT.
    Usable,
    /// Everything else: pending, suspended, revoked, imported, unknown to us.
    Unusable,
}

impl AppUserStatus {
    /// From Okta's `status`. A word unknown to us does not count, since Okta's list of usable ones is closed.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "ACTIVE" | "PROVISIONED" | "IMPLICIT" => Self::Usable,
            _ => Self::Unusable,
        }
    }
}

/// `status` of an Okta user, reduced to whether the person can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserStatus {
    /// ACTIVE, PROVISIONED, RECOVERY, PASSWORD_EXPIRED or LOCKED_OUT: in, or back in without an administrator's new
    /// decision about access.
    CanSignIn,
    /// STAGED, SUSPENDED or DEPROVISIONED.
    CannotSignIn,
    /// A word unknown to us, or a user whose status could not be read: counts, because hiding access is the worse
    /// error. Whoever reads the word from Okta warns of it, since only they know whose it is.
    Unknown,
}

impl UserStatus {
    /// From Okta's `status`.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT") => {
                Self::CanSignIn
            }
            Some("STAGED" | "SUSPENDED" | "DEPROVISIONED") => Self::CannotSignIn,
            _ => Self::Unknown,
        }
    }

    /// Whether access of such a user counts as effective.
    #[must_use]
    pub fn counts(self) -> bool {
        !matches!(self, Self::CannotSignIn)
    }
}

/// An individual record of the app for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUser {
    /// How the user came to be assigned.
    pub scope: Scope,
    /// Whether the assignment can be used.
    pub status: AppUserStatus,
    /// The roles that the profile names.
    pub profile: RoleProfile,
}

/// A user, as far as access depends on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whether the person can sign in.
    pub status: UserStatus,
    /// Assignment to the AWS app, if any.
    pub app_user: Option<AppUser>,
    /// Groups whose members were read and that hold this user, ascending, each once.
    pub groups: Vec<GroupIx>,
}
