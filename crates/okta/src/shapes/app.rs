//! Apps, and the users and groups assigned to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{AppId, Group, GroupId, Profile, User, UserId, or_default};

/// An app instance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct App {
    /// `0oa…`.
    pub id: AppId,
    /// Key of the app in Okta's catalogue, such as `amazon_aws`.
    #[serde(default)]
    pub name: Option<String>,
    /// Name for people; may change.
    #[serde(default)]
    pub label: Option<String>,
    /// `ACTIVE` or `INACTIVE`.
    #[serde(default)]
    pub status: Option<String>,
    /// `SAML_2_0`, `BROWSER_PLUGIN`, …; absent for some agent apps.
    #[serde(default)]
    pub sign_on_mode: Option<String>,
    /// Provisioning features switched on.
    #[serde(default, deserialize_with = "or_default")]
    pub features: Vec<String>,
    /// Date of creation.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// The settings.
    #[serde(default, deserialize_with = "or_default")]
    pub settings: AppSettings,
}

/// Settings of an app.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppSettings {
    /// What the app's own catalogue entry defines. Values whose key speaks of a secret are taken out on arrival
    /// and never kept, see [`AppSettings::withheld`].
    #[serde(default, rename = "app", deserialize_with = "without_secrets")]
    app: AppOwn,
    /// Whether all users count as assigned.
    #[serde(default)]
    pub implicit_assignment: Option<bool>,
    /// Sign-on settings as Okta sent them: attribute statements, overrides of audience and so on.
    #[serde(default)]
    pub sign_on: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct AppOwn {
    kept: Map<String, Value>,
    withheld: Vec<String>,
}

/// Parts of a key, in lower case, that give away a secret value.
const SECRET_KEYS: [&str; 6] = ["secret", "password", "accesskey", "privatekey", "apikey", "token"];

fn without_secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AppOwn, D::Error> {
    let all: Map<String, Value> = or_default(deserializer)?;
    let mut own = AppOwn::default();
    for (key, value) in all {
        let lower = key.to_ascii_lowercase();
        if !SECRET_KEYS.iter().any(|part| lower.contains(part)) {
            own.kept.insert(key, value);
        } else if !value.is_null() {
            own.withheld.push(key);
        }
    }
    Ok(own)
}

impl AppSettings {
    /// What the app's own catalogue entry defines, without secrets.
    #[must_use]
    pub fn app(&self) -> &Map<String, Value> {
        &self.app.kept
    }

    /// Keys of the app's own settings that had a value which was not kept.
    #[must_use]
    pub fn withheld(&self) -> &[String] {
        &self.app.withheld
    }
}

/// A user's assignment to an app.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppUser {
    /// The user.
    pub id: UserId,
    /// `USER` for an individual assignment, `GROUP` for one that groups give. A change from GROUP to USER lasts.
    #[serde(default)]
    pub scope: Option<String>,
    /// `ACTIVE`, `PROVISIONED`, `STAGED`, … of the assignment, not of the user.
    #[serde(default)]
    pub status: Option<String>,
    /// Date of the last change of status.
    #[serde(default)]
    pub status_changed: Option<String>,
    /// Date of assignment.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// Id of the account on the app's side, with provisioning.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `DISABLED` without provisioning.
    #[serde(default)]
    pub sync_state: Option<String>,
    /// What the app's schema defines.
    #[serde(default)]
    pub profile: Profile,
    #[serde(default, deserialize_with = "or_default")]
    credentials: AppUserCredentials,
    #[serde(default, rename = "_links", deserialize_with = "or_default")]
    links: AppUserLinks,
    #[serde(default, rename = "_embedded", deserialize_with = "or_default")]
    embedded: AppUserEmbedded,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppUserCredentials {
    #[serde(default)]
    user_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct AppUserLinks {
    #[serde(default)]
    group: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct AppUserEmbedded {
    #[serde(default)]
    user: Option<User>,
}

impl AppUser {
    /// The name under which the user signs in to the app.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.credentials.user_name.as_deref()
    }

    /// The user, when asked for with `expand=user`.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.embedded.user.as_ref()
    }

    /// The user, to be changed.
    pub fn user_mut(&mut self) -> Option<&mut User> {
        self.embedded.user.as_mut()
    }

    /// Takes the user out.
    #[must_use]
    pub fn take_user(&mut self) -> Option<User> {
        self.embedded.user.take()
    }

    /// One group that gives a GROUP assignment. Others may give it too; Okta names only one.
    #[must_use]
    pub fn granting_group(&self) -> Option<GroupId> {
        let href = self.links.group.as_ref()?.get("href")?.as_str()?;
        let (_, id) = href.rsplit_once("/groups/")?;
        GroupId::new(id.split(['/', '?', '#']).next()?).ok()
    }
}

/// A group's assignment to an app.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppGroup {
    /// The group.
    pub id: GroupId,
    /// The lower number wins where groups contradict each other. Documented as 0 to 100, seen above.
    #[serde(default)]
    pub priority: Option<i64>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// What the app's schema defines.
    #[serde(default)]
    pub profile: Profile,
    #[serde(default, rename = "_embedded", deserialize_with = "or_default")]
    embedded: AppGroupEmbedded,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct AppGroupEmbedded {
    #[serde(default)]
    group: Option<Group>,
}

impl AppGroup {
    /// The group, when asked for with `expand=group`.
    #[must_use]
    pub fn group(&self) -> Option<&Group> {
        self.embedded.group.as_ref()
    }

    /// Takes the group out.
    #[must_use]
    pub fn take_group(&mut self) -> Option<Group> {
        self.embedded.group.take()
    }
}

/// The schema of an app's user profile, as Okta sent it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct AppSchema(Value);

impl AppSchema {
    /// A property that the app's catalogue entry defines (`definitions.base.properties`).
    #[must_use]
    pub fn base_property(&self, name: &str) -> Option<&Value> {
        self.0.get("definitions")?.get("base")?.get("properties")?.get(name)
    }

    /// A property that the org added (`definitions.custom.properties`).
    #[must_use]
    pub fn custom_property(&self, name: &str) -> Option<&Value> {
        self.0.get("definitions")?.get("custom")?.get("properties")?.get(name)
    }

    /// The whole schema.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

/// The enumerations that an app's API integration imported (`/internal/apps/{id}/types`, not documented).
/// What is not a list of texts is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AppTypes(BTreeMap<String, Vec<String>>);

impl AppTypes {
    /// The values of one enumeration, empty when there is none.
    #[must_use]
    pub fn values(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of all enumerations.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for AppTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all: Map<String, Value> = Map::deserialize(deserializer)?;
        let texts = |value: Value| match value {
            Value::Array(values) => Some(
                values.into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect::<Vec<_>>(),
            ),
            _ => None,
        };
        Ok(Self(all.into_iter().filter_map(|(name, value)| Some((name, texts(value)?))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_keeps_its_settings_and_not_its_secrets() {
        let app: App = serde_json::from_str(
            r#"{"id":"0oa1","orn":"orn:okta","name":"amazon_aws","label":"AWS","status":"ACTIVE","signOnMode":null,
                "features":null,"settings":{"app":{"groupFilter":"aws_(?{{role}}.+)","joinAllRoles":false,
                "accessKey":"AKIACANARY","secretKey":"canary","secretKeyEnc":null,"accountID":null},
                "implicitAssignment":null,"signOn":{"attributeStatements":[]},"notes":{"admin":null}}}"#,
        )
        .unwrap();
        assert_eq!(
            app.settings.app().keys().collect::<Vec<_>>(),
            ["accountID", "groupFilter", "joinAllRoles"]
        );
        assert_eq!(app.settings.withheld(), ["accessKey", "secretKey"]);
        assert!(app.features.is_empty() && app.sign_on_mode.is_none());
        assert!(app.settings.sign_on.is_some());
        assert!(!format!("{app:?}").to_lowercase().contains("canary"));
        // The least that is an app.
        let app: App = serde_json::from_str(r#"{"id":"0oa1","settings":null}"#).unwrap();
        assert!(app.settings.app().is_empty());
    }

    #[test]
    fn x14_app_users_are_read_leniently() {
        let mut user: AppUser = serde_json::from_str(
            r#"{"id":"00u1","externalId":null,"scope":"GROUP","status":"FOO","new":{"field":1},
                "credentials":{"userName":"ann@acme.test"},"profile":{"role":null,"samlRoles":["A","B"]},
                "_links":{"group":{"name":"g","href":"https://acme.okta.com/api/v1/groups/00g1"}},
                "_embedded":{"user":{"id":"00u1","status":"ACTIVE","profile":{"login":"ann@acme.test"}}}}"#,
        )
        .unwrap();
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Roles {
            saml_roles: Option<Vec<String>>,
            role: Option<String>,
        }
        let roles: Roles = user.profile.read().unwrap();
        assert_eq!((roles.saml_roles.unwrap().len(), roles.role), (2, None));
        assert_eq!(user.status.as_deref(), Some("FOO"));
        assert_eq!(user.granting_group().unwrap().as_str(), "00g1");
        assert_eq!(user.user_name(), Some("ann@acme.test"));
        assert_eq!(user.take_user().unwrap().profile.borrow::<Login<'_>>().unwrap().login, "ann@acme.test");
        assert!(user.user().is_none());
        #[derive(Deserialize)]
        struct Login<'a> {
            login: &'a str,
        }

        let least: AppUser = serde_json::from_str(
            r#"{"id":"00u1","profile":null,"_links":null,"_embedded":null,"credentials":null}"#,
        )
        .unwrap();
        assert_eq!(least.profile.json(), "null");
        for broken in [r#"{"id":""}"#, r#"{"id":null}"#, r#"{}"#, r#"{"id":"a b"}"#, "null"] {
            assert!(serde_json::from_str::<AppUser>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn types_and_schema_are_read_by_name() {
        let types: AppTypes =
            serde_json::from_str(r#"{"SamlIamRole":["Admin",null,"Ops"],"IamRole":null,"Other":{"a":1}}"#)
                .unwrap();
        assert_eq!(types.values("SamlIamRole"), ["Admin", "Ops"]);
        assert!(types.values("IamRole").is_empty());
        assert_eq!(types.names().collect::<Vec<_>>(), ["SamlIamRole"]);
        let schema: AppSchema = serde_json::from_str(
            r#"{"definitions":{"base":{"properties":{"samlRoles":{"union":"ENABLE"}}},"custom":null}}"#,
        )
        .unwrap();
        assert_eq!(schema.base_property("samlRoles").unwrap()["union"], "ENABLE");
        assert_eq!(schema.custom_property("x"), None);
    }
}
