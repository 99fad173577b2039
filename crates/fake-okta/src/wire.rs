//! The JSON shapes of Okta's objects, written field by field the way Okta shows them.

pub(crate) mod app;
pub(crate) mod assignment;
pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod iam;
pub(crate) mod role;
pub(crate) mod user;

/// The API root behind a base URL, where links point.
pub(crate) struct Root<'a>(pub(crate) &'a str);

impl std::fmt::Display for Root<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/api/v1", self.0)
    }
}
