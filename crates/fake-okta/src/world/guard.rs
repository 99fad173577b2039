//! Who asks, how much they may ask, and what.

use jiff::Timestamp;

use super::{Request, State};
use crate::answer;
use crate::oauth::{Presented, scope_of};
use crate::rate::Allowance;
use crate::refusal::Refusal;
use crate::route::{Bucket, Route};
use crate::token::Token;

impl State {
    /// The token of a request; `None` where none is needed.
    pub(super) fn authenticate(
        &mut self,
        request: &Request,
        route: Route<'_>,
        now: Timestamp,
        base: &str,
    ) -> Result<Option<Token>, Refusal> {
        if matches!(route, Route::WellKnown | Route::AccessToken) {
            return Ok(None);
        }
        let header = request.authorization.as_deref().ok_or_else(Refusal::no_session)?;
        // Okta's own Python client leaves out the blank after the scheme.
        if let Some(value) = header.strip_prefix("SSWS") {
            let known = self.tokens.iter().find(|(secret, _)| secret == value.trim());
            let (_, token) = known.ok_or_else(Refusal::bad_token)?;
            return if self.org.has_left(token) || self.org.is_revoked(token) {
                Err(Refusal::bad_token())
            } else {
                Ok(Some(token.clone()))
            };
        }
        match header.split_once(' ') {
            Some((scheme @ ("Bearer" | "DPoP"), value)) => {
                let url = format!("{base}{}", request.path);
                let asked = Presented { method: &request.method, url: &url, proofs: &request.proofs, now };
                let mut rights = self.oauth.rights(scheme, value.trim(), &asked)?;
                rights.role = self.org.client_role(&rights.name, rights.role);
                Ok(Some(rights))
            }
            _ => Err(Refusal::no_session()),
        }
    }

    /// Draws a request from its bucket, unless too many are being served already.
    pub(super) fn draw(&mut self, bucket: Bucket, token: &str, now: Timestamp) -> Allowance {
        let options = &self.options;
        if self.in_flight > options.concurrency {
            return Allowance { limit: 0, remaining: 0, reset: now.as_second(), exceeded: true };
        }
        let terms = (options.rate_limits.of(bucket), options.token_share, options.rate_window);
        self.rate.draw(bucket, token, now, terms)
    }

    pub(super) fn permitted(
        &self,
        request: &Request,
        route: Route<'_>,
        token: &Token,
        base: &str,
    ) -> Result<(), Refusal> {
        let denied = token.denied.iter().any(|prefix| request.path.starts_with(prefix.as_str()));
        let get = request.method == "GET";
        if let (Some(scopes), Some(area)) = (&token.scopes, answer::area(&route)) {
            let needed = scope_of(area, get).unwrap_or_default();
            if !scopes.contains(&needed) {
                return Err(Refusal::insufficient_scope(base, &request.path, &needed));
            }
        }
        let allowed = answer::area(&route).is_none_or(|area| {
            if get {
                token.role.may_read(area, self.options.types_for_read_only)
            } else {
                token.role.may_write(area)
            }
        });
        if denied || !allowed { Err(Refusal::forbidden()) } else { Ok(()) }
    }
}
