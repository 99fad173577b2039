//! Which bucket a request falls into.

use std::fmt;

use http::Method;

/// A set of paths that Okta counts together, after the last table it published.
///
/// Okta chooses by exact path first, then by longest prefix, and by method. Where an org counts otherwise, the
/// governor still learns from the headers; it is then merely less exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BucketName {
    /// `/api/v1/apps` and everything below an app: its users, groups, features.
    Apps,
    /// `/api/v1/apps/{id}` itself.
    App,
    /// `/api/v1/groups`, everything below a group, and the rules.
    Groups,
    /// `/api/v1/groups/{id}` itself.
    Group,
    /// `/api/v1/users` and everything below a user.
    Users,
    /// Reading `/api/v1/users/{id}` itself.
    User,
    /// Changing or deleting `/api/v1/users/{id}` itself.
    UserWrite,
    /// `/api/v1/logs`.
    Logs,
    /// `/api/v1/iam` and below.
    Iam,
    /// `/oauth2/v1/clients` and below.
    Clients,
    /// `/oauth2/v1/token`.
    Token,
    /// `/api/v1/principal-rate-limits`.
    PrincipalRateLimits,
    /// All other paths: org, schemas, internal.
    Rest,
}

impl BucketName {
    /// The bucket of a request. `target` is its path, with or without query.
    #[must_use]
    pub fn of(method: &Method, target: &str) -> Self {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next()) {
            (Some("api"), Some("v1")) => {}
            (Some("oauth2"), Some("v1")) => {
                return match segments.next() {
                    Some("clients") => Self::Clients,
                    Some("token") => Self::Token,
                    _ => Self::Rest,
                };
            }
            _ => return Self::Rest,
        }
        let (family, id, below) = (segments.next(), segments.next(), segments.next());
        match (family, id, below) {
            (Some("apps"), Some(_), None) => Self::App,
            (Some("apps"), ..) => Self::Apps,
            (Some("groups"), Some(id), None) if id != "rules" => Self::Group,
            (Some("groups"), ..) => Self::Groups,
            (Some("users"), Some(_), None) if method.is_safe() => Self::User,
            (Some("users"), Some(_), None) => Self::UserWrite,
            (Some("users"), ..) => Self::Users,
            (Some("logs"), ..) => Self::Logs,
            (Some("iam"), ..) => Self::Iam,
            (Some("principal-rate-limits"), ..) => Self::PrincipalRateLimits,
            _ => Self::Rest,
        }
    }

    /// The name for people and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::App => "app",
            Self::Groups => "groups",
            Self::Group => "group",
            Self::Users => "users",
            Self::User => "user",
            Self::UserWrite => "user-write",
            Self::Logs => "logs",
            Self::Iam => "iam",
            Self::Clients => "clients",
            Self::Token => "token",
            Self::PrincipalRateLimits => "principal-rate-limits",
            Self::Rest => "rest",
        }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_their_buckets() {
        use BucketName as B;
        let rows = [
            ("/api/v1/apps?limit=200", B::Apps),
            ("/api/v1/apps/0oa1", B::App),
            ("/api/v1/apps/0oa1/", B::App),
            ("/api/v1/apps/0oa1/users?limit=500&expand=user", B::Apps),
            ("/api/v1/apps/0oa1/users/00u1", B::Apps),
            ("/api/v1/apps/0oa1/groups", B::Apps),
            ("/api/v1/groups?limit=200", B::Groups),
            ("/api/v1/groups/00g1", B::Group),
            ("/api/v1/groups/00g1?expand=stats", B::Group),
            ("/api/v1/groups/00g1/users", B::Groups),
            ("/api/v1/groups/00g1/users/00u1", B::Groups),
            ("/api/v1/groups/rules?limit=200", B::Groups),
            ("/api/v1/groups/rules/0pr1", B::Groups),
            ("/api/v1/users?limit=1", B::Users),
            ("/api/v1/users/me", B::User),
            ("/api/v1/users/00u1/groups", B::Users),
            ("/api/v1/users/00u1/roles", B::Users),
            ("/api/v1/logs?since=x/y", B::Logs),
            ("/api/v1/iam/assignees/users", B::Iam),
            ("/api/v1/org", B::Rest),
            ("/api/v1/meta/schemas/apps/0oa1/default", B::Rest),
            ("/api/v1/internal/apps/0oa1/types", B::Rest),
            ("/api/v1/principal-rate-limits", B::PrincipalRateLimits),
            ("/oauth2/v1/clients/0oa1/roles", B::Clients),
            ("/oauth2/v1/token", B::Token),
            ("/oauth2/v1/keys", B::Rest),
            ("/", B::Rest),
        ];
        for (target, bucket) in rows {
            assert_eq!(BucketName::of(&Method::GET, target), bucket, "{target}");
        }
        assert_eq!(BucketName::of(&Method::POST, "/api/v1/users/00u1"), B::UserWrite);
        assert_eq!(BucketName::of(&Method::DELETE, "/api/v1/users/00u1"), B::UserWrite);
        assert_eq!(BucketName::of(&Method::PUT, "/api/v1/groups/00g1/users/00u1"), B::Groups);
    }
}
