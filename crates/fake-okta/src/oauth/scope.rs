//! Which scope an operation needs. The specification names exactly one for each, so `manage` does not open reads.

use crate::token::Area;

/// The scope, or `None` where OAuth is not taken at all.
pub(crate) fn scope_of(area: Area, read: bool) -> Option<String> {
    let family = match area {
        Area::Org => "orgs",
        Area::Apps => "apps",
        Area::Groups | Area::Rules => "groups",
        Area::Users => "users",
        Area::Schema => "schemas",
        Area::Roles => "roles",
        Area::Logs => "logs",
        Area::EventHooks => "eventHooks",
        Area::ApiTokens => "apiTokens",
        Area::RateLimits => "rateLimits",
        Area::PrincipalLimits => "principalRateLimits",
        Area::Types => return None,
    };
    Some(format!("okta.{family}.{}", if read { "read" } else { "manage" }))
}
