//! The one place that a stored secret may be sent to.
//!
//! Each credential is sealed for its place in the database, for one origin (scheme, host, port) and for one Okta org.
//! Settings that name another origin do not open it, and neither does a row that was edited: the vault authenticates
//! all three with the ciphertext.

use std::fmt;

use rolebook_okta::Domain;

use crate::{
    ConsoleError,
    credential::{Login, ServiceAppName},
    vault::Vault,
};

/// Scheme, host and port of an Okta org, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    loopback: bool,
}

impl Origin {
    /// Reads a domain as people or the database spell it; nothing when it is no domain. Whether a loopback address may
    /// be asked is decided where a client is made.
    pub(crate) fn read(domain: &str) -> Option<Self> {
        Domain::parse(domain, true).ok().map(|(domain, _)| Self::of(&domain))
    }

    pub(crate) fn of(domain: &Domain) -> Self {
        Self { text: domain.origin(), loopback: domain.is_loopback() }
    }

    /// As settings and orgs keep it: without `https://`, which goes without saying.
    pub(crate) fn short(&self) -> &str {
        self.text.trim_start_matches("https://")
    }

    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a credential is sealed for.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    /// Which credential of which connector, as in `connector/con_1/api-token`.
    place: String,
    origin: Option<Origin>,
    org: String,
}

impl Binding {
    pub(crate) fn new(place: String, domain: &str, org: Option<&str>) -> Self {
        Self { place, origin: Origin::read(domain), org: org.unwrap_or_default().to_owned() }
    }

    /// What the vault authenticates. The org comes last, since it is text of a server; neither of the others holds a
    /// blank.
    pub(crate) fn sealed_for(&self) -> String {
        let origin = self.origin.as_ref().map_or("nowhere", |origin| origin.text.as_str());
        format!("{} at {origin} of {}", self.place, self.org)
    }

    /// What the first versions sealed for. Only the start after an upgrade opens that.
    pub(crate) fn sealed_before(&self) -> &str {
        &self.place
    }

    /// Seals; refuses where it is not known what for.
    pub(crate) fn seal(&self, vault: &Vault, secret: &str) -> Result<String, ConsoleError> {
        if self.origin.is_none() || self.org.is_empty() {
            return Err(ConsoleError::Sealed("its domain and org are not known"));
        }
        vault.seal(&self.sealed_for(), secret)
    }

    /// Opens. What comes out goes to this origin only.
    pub(crate) fn open(
        &self,
        vault: &Vault,
        sealed: &str,
        app: Option<ServiceAppName>,
    ) -> Result<Login, ConsoleError> {
        let secret = vault.open_sealed(&self.sealed_for(), sealed)?;
        Ok(Login { secret, app, origin: self.origin.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultKeySource;

    #[test]
    fn spellings_of_one_org_are_one_origin_and_others_are_not() {
        let acme = Origin::read("acme.okta.com").unwrap();
        for same in [
            "https://acme.okta.com",
            "HTTPS://ACME.Okta.COM/",
            " acme.okta.com. ",
            "acme.okta.com:443",
            "acme",
            "acme-admin.okta.com",
        ] {
            assert_eq!(Origin::read(same), Some(acme.clone()), "{same}");
        }
        for other in [
            "acme.okta.com:8443",
            "acme.oktapreview.com",
            "acme.okta.com.evil.example",
            "http://127.0.0.1:1",
            "login.acme.com",
        ] {
            assert_ne!(Origin::read(other).unwrap(), acme, "{other}");
        }
        for none in ["", "http://acme.okta.com", "acme.okta.com@evil.example", "acme.okta.com/x"] {
            assert_eq!(Origin::read(none), None, "{none}");
        }
    }

    #[test]
    fn a_secret_opens_for_its_place_origin_and_org_only() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&VaultKeySource::default(), folder.path()).unwrap();
        let bound = |place: &str, domain: &str, org: &str| Binding::new(place.to_owned(), domain, Some(org));
        let right = bound("connector/a/api-token", "acme.okta.com", "00o1");
        let sealed = right.seal(&vault, "00secret").unwrap();
        assert_eq!(*right.open(&vault, &sealed, None).unwrap().secret, "00secret");
        let same = bound("connector/a/api-token", "https://ACME.okta.com/", "00o1");
        assert!(same.open(&vault, &sealed, None).is_ok());
        for wrong in [
            bound("connector/b/api-token", "acme.okta.com", "00o1"),
            bound("connector/a/write-token", "acme.okta.com", "00o1"),
            bound("connector/a/api-token", "evil.example", "00o1"),
            bound("connector/a/api-token", "acme.okta.com:8443", "00o1"),
            bound("connector/a/api-token", "acme.okta.com", "00o2"),
            bound("connector/a/api-token", "", "00o1"),
        ] {
            assert!(wrong.open(&vault, &sealed, None).is_err(), "{wrong:?}");
        }
        assert!(vault.open_sealed(right.sealed_before(), &sealed).is_err());
        let old = vault.seal(right.sealed_before(), "00secret").unwrap();
        assert!(right.open(&vault, &old, None).is_err(), "the form of before is refused");
        assert!(bound("connector/a/api-token", "", "00o1").seal(&vault, "s").is_err());
        assert!(bound("connector/a/api-token", "acme.okta.com", "").seal(&vault, "s").is_err());
    }
}
