//! OAuth 2.0 service apps: the org's token endpoint, and what its tokens may ask.

mod assertion;
mod key;
mod proof;
mod scope;

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::answer::Answer;
use crate::ids::IdSource;
use crate::json;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::token::{Token, TokenRole};
pub use key::ServiceKey;
use proof::{Bearer, ProofFault};
pub(crate) use scope::scope_of;

/// How long an access token lives; Okta does not let it be changed.
const LIFE: SignedDuration = SignedDuration::from_hours(1);

/// A service app (`client_credentials` with `private_key_jwt`).
///
/// ```
/// use rolebook_fake_okta::{ServiceApp, TokenRole};
/// use serde_json::json;
///
/// let public_key = json!({"kty": "RSA", "kid": "k1", "n": "…", "e": "AQAB"});
/// let app = ServiceApp::new("0oaSVC")
///     .key(public_key)
///     .grant(["okta.apps.read", "okta.groups.read"])
///     .role(TokenRole::ReadOnly)
///     .dpop(true);
/// # let _ = app;
/// ```
#[derive(Clone, Debug)]
pub struct ServiceApp {
    keys: Vec<Value>,
    granted: BTreeSet<String>,
    dpop: bool,
    rights: Token,
}

impl ServiceApp {
    /// An app with this client id, without keys, scopes or admin role.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            keys: Vec::new(),
            granted: BTreeSet::new(),
            dpop: false,
            rights: Token::new(client_id, TokenRole::NoRole),
        }
    }

    /// Registers a public key as JWK.
    #[must_use]
    pub fn key(mut self, jwk: impl Into<Value>) -> Self {
        self.keys.push(jwk.into());
        self
    }

    /// Grants scopes such as `okta.apps.read`.
    #[must_use]
    pub fn grant<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.granted.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Gives the app an admin role; scopes alone open next to nothing.
    #[must_use]
    pub fn role(mut self, role: TokenRole) -> Self {
        self.rights.role = role;
        self
    }

    /// Whether its tokens are bound to a key (DPoP), as those of newly made apps are.
    #[must_use]
    pub fn dpop(mut self, required: bool) -> Self {
        self.dpop = required;
        self
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.rights.name
    }

    /// What its admin role allows, as configured.
    pub(crate) fn rights_role(&self) -> TokenRole {
        self.rights.role
    }
}

/// A request as far as OAuth looks at it.
pub(crate) struct Presented<'a> {
    pub(crate) method: &'a str,
    /// Where it went: the fake's origin and the path.
    pub(crate) url: &'a str,
    /// Values of all `DPoP` headers.
    pub(crate) proofs: &'a [String],
    pub(crate) now: Timestamp,
}

/// Access tokens that were issued, and everything that may be used only once.
#[derive(Debug)]
pub(crate) struct OAuth {
    seed: u64,
    ids: IdSource,
    issued: HashMap<String, Issued>,
    spent: HashSet<String>,
}

#[derive(Clone, Debug)]
struct Issued {
    rights: Token,
    ends: Timestamp,
    thumbprint: Option<String>,
}

impl OAuth {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ids: IdSource::new(seed ^ 0x0a07), issued: HashMap::new(), spent: HashSet::new() }
    }

    /// `POST /oauth2/v1/token`.
    pub(crate) fn issue(
        &mut self,
        apps: &[ServiceApp],
        form: &str,
        asked: &Presented<'_>,
    ) -> Result<Answer, Refusal> {
        let form = Query::parse("", form);
        if form.get("grant_type") != Some("client_credentials") {
            let text = "The authorization grant type is not supported by the authorization server.";
            return Err(Refusal::oauth(400, "unsupported_grant_type", text));
        }
        let app = self.client(apps, &form, asked)?;
        let scopes = asked_scopes(app, form.get("scope").unwrap_or_default())?;
        // The assertion is spent by now: who is asked for a nonce must make a new one.
        // A proof that nobody asked for is passed over: Okta's own Node.js client sends one with every request.
        let thumbprint = if app.dpop {
            Some(self.prove(asked, Bearer::None).map_err(|fault| self.proof_refusal(fault, asked.now))?)
        } else {
            None
        };
        let token = format!("eyJ{}{}{}", self.ids.next("0"), self.ids.next("."), self.ids.next("."));
        let rights = app.rights.clone().scoped(scopes.iter().cloned());
        let kind = if thumbprint.is_some() { "DPoP" } else { "Bearer" };
        self.issued.insert(token.clone(), Issued { rights, ends: asked.now + LIFE, thumbprint });
        let mut body = Vec::new();
        json::object(&mut body, |o| {
            o.text("token_type", kind);
            o.number("expires_in", LIFE.as_secs());
            o.text("access_token", &token);
            o.text("scope", &scopes.join(" "));
        });
        Ok(Answer::ok(body))
    }

    /// The rights behind `Authorization: Bearer …` or `DPoP …`.
    pub(crate) fn rights(
        &mut self,
        scheme: &str,
        value: &str,
        asked: &Presented<'_>,
    ) -> Result<Token, Refusal> {
        let issued = self.issued.get(value).filter(|issued| asked.now < issued.ends).cloned();
        let invalid = || Refusal::bad_token().challenge("Bearer error=\"invalid_token\"");
        let issued = issued.ok_or_else(invalid)?;
        match (&issued.thumbprint, scheme) {
            (None, "Bearer") => Ok(issued.rights),
            (Some(key), "DPoP") => {
                let proved = self.prove(asked, Bearer::Token(value));
                match proved.map_err(|fault| self.proof_refusal(fault, asked.now))? {
                    thumbprint if thumbprint == *key => Ok(issued.rights),
                    _ => Err(not_proved("the token is bound to another key")),
                }
            }
            _ => Err(not_proved("the token does not go with this scheme")),
        }
    }

    /// The nonce of a day, by the fake's clock; the ones of the three days before are good too.
    fn nonce(&self, day: i64) -> String {
        crate::ids::derived("", &[&self.seed.to_string(), &day.to_string()])
    }

    fn proof_refusal(&self, fault: ProofFault, now: Timestamp) -> Refusal {
        match fault {
            ProofFault::Bad(text) => not_proved(text),
            ProofFault::NeedsNonce => {
                Refusal::oauth(400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
                    .header("dpop-nonce", self.nonce(day(now)))
            }
        }
    }

    /// False when this was used before.
    fn spend(&mut self, what: String) -> bool {
        self.spent.insert(what)
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(86_400)
}

fn not_proved(text: &str) -> Refusal {
    Refusal::oauth(400, "invalid_dpop_proof", format!("The DPoP proof JWT is invalid: {text}"))
        .challenge("DPoP error=\"invalid_dpop_proof\"")
}

fn asked_scopes(app: &ServiceApp, text: &str) -> Result<Vec<String>, Refusal> {
    let scopes: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let known = |scope: &String| {
        let mut parts = scope.split('.');
        parts.next() == Some("okta")
            && parts.next().is_some_and(|part| !part.is_empty())
            && matches!(parts.next(), Some("read" | "manage"))
    };
    if scopes.is_empty() || !scopes.iter().all(known) {
        return Err(Refusal::oauth(
            400,
            "invalid_scope",
            "One or more scopes are not configured for the server.",
        ));
    }
    if !scopes.iter().all(|scope| app.granted.contains(scope)) {
        return Err(Refusal::oauth(
            400,
            "consent_required",
            "You are not allowed any of the requested scopes.",
        ));
    }
    Ok(scopes)
}
