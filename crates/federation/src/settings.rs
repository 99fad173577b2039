//! `settings.app` of the AWS app.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Arn, Warnings};

/// Okta's filter for a new app; also what a missing key means.
pub const DEFAULT_GROUP_FILTER: &str = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)";
/// Okta's pattern for a new app; also what a missing key means.
pub const DEFAULT_ROLE_VALUE_PATTERN: &str =
    "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}";
const DEFAULT_APP_FILTER: &str = "okta";
const DEFAULT_SESSION_SECONDS: u32 = 3600;

/// `union` of `samlRoles` in the app's user schema: whether Okta combines the values of several groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Union {
    /// "Combine values across groups".
    Enabled,
    /// "Use group priority"; also what a missing property means.
    Disabled,
    /// The schema could not be read.
    #[default]
    Unknown,
}

impl Union {
    /// From the schema's answer; only the exact word `ENABLE` counts.
    #[must_use]
    pub fn from_schema(schema: &Value) -> Self {
        match schema.pointer("/definitions/base/properties/samlRoles/union").and_then(Value::as_str) {
            Some("ENABLE") => Self::Enabled,
            _ => Self::Disabled,
        }
    }
}

/// The settings that access depends on, with Okta's defaults for keys that an old app lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `useGroupMapping`: group *names* decide account and role.
    pub use_group_mapping: bool,
    /// `joinAllRoles`: own roles and the roles of all assigned groups are joined.
    pub join_all_roles: bool,
    /// `groupFilter`: Java regular expression with the marks `(?{{accountid}}…)` and `(?{{role}}…)`.
    pub group_filter: String,
    /// `roleValuePattern`: provider ARN and role ARN with `${accountid}` and `${role}`.
    pub role_value_pattern: String,
    /// `appFilter`: comma list of the sources whose groups may map.
    pub app_filter: String,
    /// `identityProviderArn`, as stored; may be no ARN at all.
    pub identity_provider_arn: Option<String>,
    /// `overrideAcsURL`.
    pub override_acs_url: Option<String>,
    /// `awsEnvironmentType`.
    pub environment: Option<String>,
    /// `sessionDuration` in seconds.
    pub session_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            use_group_mapping: false,
            join_all_roles: false,
            group_filter: DEFAULT_GROUP_FILTER.to_owned(),
            role_value_pattern: DEFAULT_ROLE_VALUE_PATTERN.to_owned(),
            app_filter: DEFAULT_APP_FILTER.to_owned(),
            identity_provider_arn: None,
            override_acs_url: None,
            environment: None,
            session_seconds: DEFAULT_SESSION_SECONDS,
        }
    }
}

impl Settings {
    /// Reads `settings.app`. Apps made before 2020 lack the mapping keys; a missing key or a null means Okta's
    /// default and is never an error, a value of the wrong type is the default with a warning.
    pub fn from_json(app: &Map<String, Value>, warnings: &mut Warnings) -> Self {
        let mut read = Reader { app, warnings };
        let default = Self::default();
        Self {
            use_group_mapping: read.flag("useGroupMapping"),
            join_all_roles: read.flag("joinAllRoles"),
            group_filter: read.text("groupFilter", true).unwrap_or(default.group_filter),
            role_value_pattern: read.text("roleValuePattern", true).unwrap_or(default.role_value_pattern),
            app_filter: read.text("appFilter", true).unwrap_or(default.app_filter),
            identity_provider_arn: read.text("identityProviderArn", false),
            override_acs_url: read.text("overrideAcsURL", false),
            environment: read.text("awsEnvironmentType", false),
            session_seconds: read.seconds("sessionDuration").unwrap_or(default.session_seconds),
        }
    }

    /// The identity provider's ARN, when the setting holds one.
    #[must_use]
    pub fn provider(&self) -> Option<Arn> {
        self.identity_provider_arn
            .as_deref()
            .map(str::trim)
            .and_then(Arn::parse)
            .filter(|arn| arn.provider().is_some())
    }

    /// The AWS partition by everything but the ARNs: the sign-in address, else the environment.
    /// China has no environment value in Okta, only an overridden ACS URL; `amazonaws-us-gov` is inferred from how
    /// Okta builds the sign-in address.
    #[must_use]
    pub fn fallback_partition(&self) -> &'static str {
        let hints = [self.override_acs_url.as_deref(), self.environment.as_deref()];
        for hint in hints.into_iter().flatten() {
            if hint.contains("amazonaws.cn") {
                return "aws-cn";
            }
            if hint.contains("amazonaws-us-gov") {
                return "aws-us-gov";
            }
        }
        "aws"
    }
}

struct Reader<'a> {
    app: &'a Map<String, Value>,
    warnings: &'a mut Warnings,
}

impl Reader<'_> {
    fn present(&mut self, key: &'static str) -> Option<&Value> {
        if !self.app.contains_key(key) {
            self.warnings.add("setting-missing", "an app setting is missing, Okta's default is used", key);
        }
        self.app.get(key).filter(|value| !value.is_null())
    }

    fn odd(&mut self, key: &'static str) {
        self.warnings.add(
            "setting-odd",
            "an app setting has an unexpected type, Okta's default is used",
            key,
        );
    }

    fn flag(&mut self, key: &'static str) -> bool {
        match self.present(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") || text.is_empty() => false,
            Some(_) => {
                self.odd(key);
                false
            }
        }
    }

    fn text(&mut self, key: &'static str, expected: bool) -> Option<String> {
        let value = if expected { self.present(key) } else { self.app.get(key).filter(|v| !v.is_null()) };
        match value {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.odd(key);
                None
            }
        }
    }

    fn seconds(&mut self, key: &'static str) -> Option<u32> {
        match self.app.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Number(n)) => n.as_u64().and_then(|n| u32::try_from(n).ok()),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => {
                self.odd(key);
                None
            }
        }
    }
}
