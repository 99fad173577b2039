//! Okta's ids, one type per kind of object, so that none stands where another belongs.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! okta_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as Okta gives it.
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as Okta gives it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }
    };
}

okta_id!(
    /// `00o…`
    OrgId
);
okta_id!(
    /// `0oa…`
    AppId
);
okta_id!(
    /// `00g…`
    GroupId
);
okta_id!(
    /// `00u…`
    UserId
);
