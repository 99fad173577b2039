//! Apps of the org: the AWS app and its neighbours.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{AppGroup, AppUser};

/// Okta's default `groupFilter` of a fresh AWS app.
pub const DEFAULT_GROUP_FILTER: &str = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)";

/// Okta's default `roleValuePattern` of a fresh AWS app.
pub const DEFAULT_ROLE_VALUE_PATTERN: &str =
    "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}";

/// An app to put into an [`Org`](crate::Org).
///
/// ```
/// use rolebook_fake_okta::{App, AppGroup, AppUser};
///
/// let aws = App::aws("0oaAWS")
///     .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
///     .setting("joinAllRoles", true)
///     .without_setting("appFilter")
///     .union(true)
///     .saml_iam_roles(["Admin", "Ops", "ReadOnly"])
///     .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
///     .user(AppUser::direct("00uA").saml_roles(["ReadOnly"]));
/// # let _ = aws;
/// ```
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) status: String,
    pub(crate) sign_on_mode: Option<String>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) sign_on: Map<String, Value>,
    pub(crate) implicit_assignment: Option<bool>,
    pub(crate) features: Vec<String>,
    pub(crate) union: bool,
    pub(crate) schema: Option<Value>,
    pub(crate) custom_properties: Map<String, Value>,
    pub(crate) types: Value,
    pub(crate) users: Vec<AppUser>,
    pub(crate) groups: Vec<AppGroup>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) last_updated: Option<Timestamp>,
}

impl App {
    /// An ACTIVE SAML app of any catalogue name with empty settings.
    pub fn new(id: impl Into<String>, name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            label: label.into(),
            status: "ACTIVE".to_owned(),
            sign_on_mode: Some("SAML_2_0".to_owned()),
            settings: Map::new(),
            sign_on: Map::new(),
            implicit_assignment: None,
            features: Vec::new(),
            union: false,
            schema: None,
            custom_properties: Map::new(),
            types: json!({"AWSEnvironmentEnum": ["aws.amazon"], "SamlIamRole": [], "IamRole": []}),
            users: Vec::new(),
            groups: Vec::new(),
            created: None,
            last_updated: None,
        }
    }

    /// The AWS Account Federation app (`amazon_aws`) as Okta makes it: all default settings, group mapping off.
    pub fn aws(id: impl Into<String>) -> Self {
        let settings = [
            ("appFilter", json!("okta")),
            ("groupFilter", json!(DEFAULT_GROUP_FILTER)),
            ("useGroupMapping", json!(false)),
            ("joinAllRoles", json!(false)),
            ("identityProviderArn", Value::Null),
            ("overrideAcsURL", Value::Null),
            ("sessionDuration", json!(3600)),
            ("roleValuePattern", json!(DEFAULT_ROLE_VALUE_PATTERN)),
            ("awsEnvironmentType", json!("aws.amazon")),
            ("loginURL", json!("https://console.aws.amazon.com/ec2/home")),
            ("accountID", Value::Null),
            ("accessKey", Value::Null),
            ("secretKey", Value::Null),
            ("secretKeyEnc", Value::Null),
            ("webSSOAllowedClient", Value::Null),
        ];
        let app = Self::new(id, "amazon_aws", "AWS Account Federation");
        Self { settings: settings.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(), ..app }
    }

    /// The AWS app in group mapping mode (`useGroupMapping` on), everything else as Okta makes it.
    pub fn aws_mapping(id: impl Into<String>) -> Self {
        Self::aws(id).setting("useGroupMapping", true)
    }

    /// An AWS IAM Identity Center app (`amazon_aws_sso`), which is not the federation app.
    pub fn aws_identity_center(id: impl Into<String>) -> Self {
        Self::new(id, "amazon_aws_sso", "AWS IAM Identity Center")
    }

    /// A directory app that groups can be imported from (`signOnMode` is `null`).
    pub fn active_directory(id: impl Into<String>) -> Self {
        let app = Self::new(id, "active_directory", "corp.acme.test");
        Self { sign_on_mode: None, ..app }
    }

    /// An app as Okta makes one of this catalogue name.
    pub(crate) fn named(id: impl Into<String>, name: String) -> Self {
        match name.as_str() {
            "amazon_aws" => Self::aws(id),
            "amazon_aws_sso" => Self::aws_identity_center(id),
            "active_directory" => Self::active_directory(id),
            _ => Self::new(id, name.clone(), name),
        }
    }

    /// Sets a key of `settings.app` to a value of any shape, `null` included.
    #[must_use]
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// Removes a key of `settings.app`, as on apps made long ago.
    #[must_use]
    pub fn without_setting(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self
    }

    /// Sets a key of `settings.signOn`, such as `ssoAcsUrl` of an app that an admin made.
    #[must_use]
    pub fn sign_on(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.sign_on.insert(key.into(), value.into());
        self
    }

    /// Chooses the label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Chooses the status, such as `INACTIVE`.
    #[must_use]
    pub fn status(mut self, status: impl Into<String>) -> Self {
        self.status = status.into();
        self
    }

    /// Chooses the sign-on mode; `None` is `null`. `BROWSER_PLUGIN` gives the shape of a password app.
    #[must_use]
    pub fn sign_on_mode(mut self, mode: Option<&str>) -> Self {
        self.sign_on_mode = mode.map(str::to_owned);
        self
    }

    /// Adds `settings.implicitAssignment` (Federation Broker Mode) with this value.
    #[must_use]
    pub fn implicit_assignment(mut self, on: bool) -> Self {
        self.implicit_assignment = Some(on);
        self
    }

    /// Chooses `features`, such as `PUSH_NEW_USERS` when the API integration is on.
    #[must_use]
    pub fn features<S: Into<String>>(mut self, features: impl IntoIterator<Item = S>) -> Self {
        self.features = features.into_iter().map(Into::into).collect();
        self
    }

    /// Switches `union` of `samlRoles` in the app user schema: `true` is ENABLE (combine values across groups).
    #[must_use]
    pub fn union(mut self, on: bool) -> Self {
        self.union = on;
        self
    }

    /// Adds a property to the app user schema, as an admin does in the Profile Editor:
    /// `.custom_property("team", json!({"type": "string"}))`.
    #[must_use]
    pub fn custom_property(mut self, key: impl Into<String>, property: impl Into<Value>) -> Self {
        self.custom_properties.insert(key.into(), property.into());
        self
    }

    /// Replaces the whole answer of the schema endpoint.
    #[must_use]
    pub fn raw_schema(mut self, schema: impl Into<Value>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// The role names that the API integration imported (`SamlIamRole` and `IamRole` of the types endpoint).
    #[must_use]
    pub fn saml_iam_roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        self.types = json!({"AWSEnvironmentEnum": ["aws.amazon"], "SamlIamRole": roles, "IamRole": roles});
        self
    }

    /// Replaces the whole answer of the internal types endpoint.
    #[must_use]
    pub fn raw_types(mut self, types: impl Into<Value>) -> Self {
        self.types = types.into();
        self
    }

    /// Adds an app user; the user is made when it does not exist yet.
    #[must_use]
    pub fn user(mut self, user: AppUser) -> Self {
        self.users.push(user);
        self
    }

    /// Adds an app group; the group is made when it does not exist yet.
    #[must_use]
    pub fn group(mut self, group: AppGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Chooses `created`.
    #[must_use]
    pub fn created(mut self, at: Timestamp) -> Self {
        self.created = Some(at);
        self
    }

    /// Whether the schema of its app users' profile is another one.
    pub(crate) fn has_other_schema(&self, other: &Self) -> bool {
        (self.union, &self.schema, &self.custom_properties)
            != (other.union, &other.schema, &other.custom_properties)
    }

    /// Whether the profile of its app users is that of the AWS app.
    pub(crate) fn is_aws(&self) -> bool {
        self.name == "amazon_aws"
    }
}
