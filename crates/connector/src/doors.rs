//! The other doors to AWS that an org has: apps that a sync does not read, so that nobody takes a snapshot for all
//! access to AWS.

use rolebook_okta::{Client, Error, shapes};
use serde_json::{Map, Value};

use crate::{AWS_APP, FoundApp, app};

/// Catalogue name of AWS IAM Identity Center.
const IDENTITY_CENTER: &str = "amazon_aws_sso";
/// Where AWS takes SAML assertions, by partition; regional hosts stand in front of them.
const SIGN_IN_HOSTS: [&str; 3] =
    ["signin.aws.amazon.com", "signin.amazonaws-us-gov.com", "signin.amazonaws.cn"];
/// Audience of AWS in an assertion, by partition with a suffix.
const AUDIENCE: &str = "urn:amazon:webservices";
/// Attributes that only an assertion for AWS carries.
const ATTRIBUTES: &str = "https://aws.amazon.com/saml/attributes/";

/// An app that leads to AWS past the one that a sync reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The app.
    pub app: FoundApp,
    /// What kind of door it is.
    pub kind: DoorKind,
}

/// How an app leads to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorKind {
    /// A further AWS Account Federation app: a sync of its own reads it.
    Federation,
    /// AWS IAM Identity Center: AWS holds the assignments.
    IdentityCenter,
    /// Any app whose assertions go to AWS.
    Saml {
        /// The setting that says so: `ssoAcsUrl https://signin.aws.amazon.com/saml`.
        sign: String,
    },
}

impl Door {
    /// What a sync's reader should know of it.
    #[must_use]
    pub fn why(&self) -> String {
        match &self.kind {
            DoorKind::Federation => {
                format!("another AWS Account Federation app: sync it with --aws-okta-app-id {}", self.app.id)
            }
            DoorKind::IdentityCenter => "AWS IAM Identity Center: AWS holds its assignments".to_owned(),
            DoorKind::Saml { sign } => format!("SAML to AWS: {sign}"),
        }
    }
}

/// Looks through all apps that the token sees; one request per 200.
pub(crate) async fn find(client: &Client, read: &str) -> Result<Vec<Door>, Error> {
    let mut pages = client.apps()?;
    let mut doors = Vec::new();
    while let Some(page) = pages.next_page().await? {
        for app in page.items.into_iter().filter(|app| app.id.as_str() != read) {
            if let Some(kind) = kind(&app) {
                doors.push(Door { app: app::found(app), kind });
            }
        }
    }
    doors.sort_by(|a, b| a.app.id.cmp(&b.app.id));
    doors.dedup_by(|a, b| a.app.id == b.app.id);
    Ok(doors)
}

fn kind(app: &shapes::App) -> Option<DoorKind> {
    match app.name.as_deref() {
        Some(AWS_APP) => return Some(DoorKind::Federation),
        Some(IDENTITY_CENTER) => return Some(DoorKind::IdentityCenter),
        _ => {}
    }
    let sign = sign_in(app.settings.sign_on.as_ref()?)?;
    Some(DoorKind::Saml { sign })
}

/// The first setting of a sign-on that only AWS explains.
fn sign_in(sign_on: &Map<String, Value>) -> Option<String> {
    sign_on.iter().find_map(|(key, value)| {
        texts(value).find_map(|text| leads_to_aws(text).then(|| format!("{key} {text}")))
    })
}

/// A text, or the texts one and two levels below: endpoints and attribute statements are lists of objects.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => {
            Box::new(items.iter().flat_map(|item| {
                item.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str)
            }))
        }
        _ => Box::new(std::iter::empty()),
    }
}

fn leads_to_aws(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    if text == AUDIENCE || text.starts_with(&format!("{AUDIENCE}:")) || text.starts_with(ATTRIBUTES) {
        return true;
    }
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    SIGN_IN_HOSTS
        .iter()
        .any(|known| host == *known || host.strip_suffix(known).is_some_and(|before| before.ends_with('.')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use serde_json::json;

    use super::*;

    fn sign(settings: Value) -> Option<String> {
        sign_in(settings.as_object().unwrap())
    }

    #[test]
    fn what_leads_to_aws() {
        for settings in [
            json!({ "ssoAcsUrl": "https://signin.aws.amazon.com/saml" }),
            json!({ "ssoAcsUrlOverride": "https://eu-west-1.signin.aws.amazon.com/saml" }),
            json!({ "destination": "https://signin.amazonaws.cn/saml/acs/SAMLSPX" }),
            json!({ "recipient": "HTTPS://signin.amazonaws-us-gov.com/saml" }),
            json!({ "acsEndpoints": [{ "url": "https://us-east-1.signin.aws.amazon.com/platform/saml/acs/x", "index": 0 }] }),
            json!({ "audience": "urn:amazon:webservices" }),
            json!({ "audienceOverride": "urn:amazon:webservices:govcloud" }),
            json!({ "attributeStatements": [{ "name": "https://aws.amazon.com/SAML/Attributes/Role", "values": ["x"] }] }),
        ] {
            assert!(sign(settings.clone()).is_some(), "{settings}");
        }
    }

    #[test]
    fn what_does_not() {
        for settings in [
            json!({}),
            json!({ "ssoAcsUrl": null, "audience": "urn:amazon:cognito:sp:x" }),
            json!({ "ssoAcsUrl": "https://signin.aws.amazon.com.evil.test/saml" }),
            json!({ "ssoAcsUrl": "https://evilsignin.aws.amazon.com.test/saml" }),
            json!({ "ssoAcsUrl": "https://notsignin.aws.amazon.com/saml" }),
            json!({ "audience": "urn:amazon:webservicesx", "attributeStatements": [{ "name": "Role" }] }),
        ] {
            assert_eq!(sign(settings.clone()), None, "{settings}");
        }
    }
}
