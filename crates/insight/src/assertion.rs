//! What Okta would put into the SAML assertion, and how a real one compares.

use rolebook_federation::{Arn, GroupVerdict, Mode, Switches, UserIx, Warnings};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{AppRef, Check, Error, PersonRef, Reading, Readings, RoleRef, Shape, hops::SettingNote};

mod check;
mod response;

pub use check::{AssertionCheck, Difference, check_assertion};
pub use response::{Response, ResponseError};

/// AWS: a `SAMLAssertion` has at most 100,000 characters.
const MAX_CHARACTERS: usize = 100_000;
/// Signature, certificate, conditions and the other attributes of an ordinary Okta response.
const FRAME_BYTES: usize = 6_000;
/// `<saml2:AttributeValue …>` with its namespaces around one value.
const VALUE_FRAME_BYTES: usize = 190;

/// The predictions for one person.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Predictions {
    /// Who.
    pub person: PersonRef,
    /// One for each app that holds the person.
    pub predictions: Vec<Prediction>,
}

/// What Okta would send if the person signed in now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Prediction {
    /// Through which app.
    pub app: AppRef,
    /// The rule that keeps the person from signing in to the app, when one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<Check>,
    /// The values of the `Role` attribute, sorted. Okta's order is not documented.
    pub roles: Vec<RoleValueNote>,
    /// `RoleSessionName`: the app user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// `SessionDuration` in seconds.
    pub session_seconds: u32,
    /// `Recipient` and destination: where the browser posts the response.
    pub recipient: String,
    /// `Audience`.
    pub audience: String,
    /// Characters of the encoded response, estimated; AWS takes at most 100,000.
    pub estimated_characters: usize,
    /// Settings that decide.
    pub settings: Vec<SettingNote>,
    /// What AWS would refuse or what is not known.
    pub warnings: Vec<String>,
}

/// One value of the `Role` attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RoleValueNote {
    /// The value; absent when account or provider cannot be known from Okta.
    pub value: Option<String>,
    /// The role.
    pub role: RoleRef,
}

impl Shape for Predictions {
    const SHAPE: &'static str = "rolebook.assertion-predict/1";
}

/// What Okta would send for a person, for each app that holds them.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for the name.
pub fn predict_assertion(readings: &Readings, person: &str) -> Result<Predictions, Error> {
    let named = readings.find_person(person)?;
    let predictions = named
        .places
        .iter()
        .filter_map(|place| Some(predict(readings.get(place.reading)?, place.user)))
        .collect();
    Ok(Predictions { person: named.person, predictions })
}

pub(crate) fn predict(reading: &Reading, user: UserIx) -> Prediction {
    let facts = reading.facts();
    let settings = facts.app.to_federation(&mut Warnings::new()).settings;
    let record = facts.users.get(user as usize);
    let roles = values(reading, user);
    let partition = roles
        .iter()
        .find_map(|note| Arn::parse(note.role.role_arn.as_deref()?))
        .map_or_else(|| settings.fallback_partition().to_owned(), |arn| arn.partition);
    let session_name = record.and_then(|user| {
        let of_app = user.assignment.as_ref().and_then(|assignment| assignment.user_name.clone());
        of_app.or_else(|| user.person.login.clone())
    });
    let sign_on =
        |key: &str| facts.app.sign_on.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let recipient = sign_on("recipientOverride")
        .or(sign_on("ssoAcsUrlOverride"))
        .map(str::to_owned)
        .or_else(|| settings.override_acs_url.clone())
        .unwrap_or_else(|| acs(&partition).to_owned());
    let audience = sign_on("audienceOverride").unwrap_or_else(|| audience(&partition)).to_owned();
    let mut prediction = Prediction {
        app: reading.app(),
        stopped_by: crate::why::gates(reading, user).into_iter().find(|check| !check.passed),
        estimated_characters: characters(&roles),
        roles,
        session_name,
        session_seconds: settings.session_seconds,
        recipient,
        audience,
        settings: notes(reading, &settings),
        warnings: Vec::new(),
    };
    prediction.warnings = warnings(&prediction);
    prediction.warnings.extend(crate::whatif::not_taken(reading));
    prediction
}

/// `Recipient` of each partition (AWS: sign-in endpoints).
fn acs(partition: &str) -> &'static str {
    match partition {
        "aws-us-gov" => "https://signin.amazonaws-us-gov.com/saml",
        "aws-cn" => "https://signin.amazonaws.cn/saml",
        _ => "https://signin.aws.amazon.com/saml",
    }
}

fn audience(partition: &str) -> &'static str {
    match partition {
        "aws-us-gov" => "urn:amazon:webservices:govcloud",
        "aws-cn" => "urn:amazon:webservices:cn-north-1",
        _ => "urn:amazon:webservices",
    }
}

/// In group mapping mode the pattern as rendered for each group, else provider ARN and role ARN in this order (seen in
/// every recorded assertion of direct mode).
fn values(reading: &Reading, user: UserIx) -> Vec<RoleValueNote> {
    let mut notes = Vec::new();
    for grant in reading.grants_of(user) {
        let Some(role) = reading.role(grant.role) else { continue };
        if let Mode::Mapping(_) = reading.rules().mode() {
            for group in &grant.groups {
                if let Some(GroupVerdict::Confers(conferral)) = reading.access().verdicts.get(*group as usize)
                {
                    notes.push(RoleValueNote { value: Some(conferral.value.clone()), role: role.clone() });
                }
            }
        } else {
            let value = match (&role.provider_arn, &role.role_arn) {
                (Some(provider), Some(role)) => Some(format!("{provider},{role}")),
                _ => None,
            };
            notes.push(RoleValueNote { value, role });
        }
    }
    notes.sort();
    notes.dedup();
    notes
}

fn characters(roles: &[RoleValueNote]) -> usize {
    let values: usize = roles
        .iter()
        .map(|note| note.value.as_deref().unwrap_or(&note.role.role).len() + VALUE_FRAME_BYTES)
        .sum();
    (FRAME_BYTES + values).div_ceil(3) * 4
}

fn notes(reading: &Reading, settings: &rolebook_federation::Settings) -> Vec<SettingNote> {
    let note = |name: &str, value: &str| SettingNote { name: name.to_owned(), value: value.to_owned() };
    let mut notes = vec![note("sessionDuration", &settings.session_seconds.to_string())];
    if reading.rules().maps_groups() {
        notes.push(note("roleValuePattern", &settings.role_value_pattern));
    } else {
        notes.push(note("identityProviderArn", settings.identity_provider_arn.as_deref().unwrap_or("")));
        notes.push(note("joinAllRoles", &settings.join_all_roles.to_string()));
    }
    notes
}

fn warnings(prediction: &Prediction) -> Vec<String> {
    let mut warnings = Vec::new();
    if prediction.stopped_by.is_none() && prediction.roles.is_empty() {
        warnings.push("no role at all: Okta signs in, and AWS answers `invalid SAML response`".to_owned());
    }
    let unknown = prediction.roles.iter().filter(|note| note.value.is_none()).count();
    if unknown > 0 {
        warnings.push(format!("of {unknown} roles account or provider cannot be known from Okta alone"));
    }
    let fits = |name: &str| {
        (2..=64).contains(&name.chars().count())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    };
    match &prediction.session_name {
        None => {
            warnings.push("the app user name was not read, so the session's name is not known".to_owned())
        }
        Some(name) if !fits(name) => warnings.push(format!(
            "AWS refuses the session name `{name}`: it takes 2 to 64 letters, digits and _ + = , . @ -"
        )),
        Some(_) => {}
    }
    if !(900..=43_200).contains(&prediction.session_seconds) {
        warnings.push(format!(
            "AWS refuses a duration of {} s: it takes 900 to 43200",
            prediction.session_seconds
        ));
    }
    if prediction.estimated_characters > MAX_CHARACTERS {
        warnings.push(format!(
            "about {} characters: AWS takes at most {MAX_CHARACTERS}",
            prediction.estimated_characters
        ));
    }
    warnings
}

/// Whether an assertion comes near what AWS takes: three quarters of the characters, or 150 roles.
pub(crate) fn near_limit(prediction: &Prediction) -> bool {
    prediction.roles.len() >= 150 || prediction.estimated_characters > MAX_CHARACTERS / 4 * 3
}

/// Every single other choice where Okta's behaviour is not documented: name, value, switches.
pub(crate) fn other_choices(switches: &Switches) -> Vec<(String, String, Switches)> {
    let json = |switches: &Switches| serde_json::to_value(switches).unwrap_or_default();
    let now = json(switches);
    let mut choices = Vec::new();
    let words = [
        ("filter-match", ["find", "full"]),
        ("join-default-role", ["only-when-nothing-else", "always"]),
        ("join-group-scope", ["all-groups", "profile"]),
    ];
    let values = words
        .into_iter()
        .flat_map(|(name, values)| values.map(|value| (name, Value::from(value))))
        .chain([true, false].map(|value| ("filter-unescape", Value::from(value))));
    for (name, value) in values {
        if now.get(name) == Some(&value) {
            continue;
        }
        let mut changed = now.clone();
        if let Some(map) = changed.as_object_mut() {
            map.insert(name.to_owned(), value.clone());
        }
        if let Ok(switches) = serde_json::from_value(changed) {
            let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            choices.push((name.to_owned(), word, switches));
        }
    }
    choices
}
