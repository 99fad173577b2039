//! A real response beside the prediction, with a cause for each difference.

use std::collections::BTreeSet;

use rolebook_federation::Arn;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Prediction, Response, other_choices, predict};
use crate::{Error, PersonAt, PersonRef, Reading, Readings, Shape};

/// How a response compares with the prediction.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AssertionCheck {
    /// Whose response it is said to be.
    pub person: PersonRef,
    /// What the response says.
    pub response: Response,
    /// What was predicted.
    pub prediction: Prediction,
    /// Roles that both have.
    pub agreeing_roles: usize,
    /// The differences.
    pub differences: Vec<Difference>,
    /// Another choice where Okta's behaviour is not documented, under which the roles agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreeing_choice: Option<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Difference {
    /// `role-missing`, `role-extra`, `provider-differs`, `audience`, `recipient`, `session-name`, `session-duration`,
    /// `raw-variable`, `signature`.
    pub kind: String,
    /// What was predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted: Option<String>,
    /// What the response holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Why, as far as it can be told.
    pub cause: String,
}

impl Shape for AssertionCheck {
    const SHAPE: &'static str = "rolebook.assertion-check/1";
}

/// Compares a response with what is predicted for a person. Of several apps, the one is taken whose prediction shares
/// most roles with the response.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for the name; [`Error::Question`] when no app holds the person.
pub fn check_assertion(
    readings: &Readings,
    person: &str,
    response: Response,
) -> Result<(AssertionCheck, usize), Error> {
    let named = readings.find_person(person)?;
    let found: BTreeSet<&str> = response.roles.iter().map(String::as_str).collect();
    let best = named
        .places
        .iter()
        .filter_map(|place| {
            let reading = readings.get(place.reading)?;
            let prediction = predict(reading, place.user);
            let shared = predicted(&prediction).intersection(&found).count();
            Some((shared, *place, prediction))
        })
        .max_by_key(|(shared, place, _)| (*shared, std::cmp::Reverse(place.reading)));
    let no_place = || Error::Question {
        text: format!("no app holds {person}"),
        hint: "name a snapshot that does, with -f".to_owned(),
    };
    let (shared, place, prediction) = best.ok_or_else(no_place)?;
    let reading = readings.get(place.reading).ok_or_else(no_place)?;
    let mut differences = of_roles(reading, place, &prediction, &response);
    let agreeing_choice = if differences.is_empty() { None } else { choice(reading, place, &response) };
    differences.extend(of_the_rest(&prediction, &response));
    differences.sort();
    let check = AssertionCheck {
        person: named.person,
        prediction,
        agreeing_roles: shared,
        differences,
        agreeing_choice,
        response,
    };
    Ok((check, place.reading))
}

fn predicted(prediction: &Prediction) -> BTreeSet<&str> {
    prediction.roles.iter().filter_map(|note| note.value.as_deref()).collect()
}

/// Provider and role ARN of a value, in whatever order.
fn halves(value: &str) -> (Option<Arn>, Option<Arn>) {
    let mut arns: Vec<Arn> = Vec::new();
    let mut from = 0;
    for (at, _) in value.match_indices(',') {
        if value.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with("arn:")) {
            arns.extend(value.get(from..at).map(str::trim).and_then(Arn::parse));
            from = at + 1;
        }
    }
    arns.extend(value.get(from..).map(str::trim).and_then(Arn::parse));
    let provider = arns.iter().find(|arn| arn.provider().is_some()).cloned();
    (provider, arns.into_iter().find(|arn| arn.role().is_some()))
}

fn of_roles(
    reading: &Reading,
    place: PersonAt,
    prediction: &Prediction,
    response: &Response,
) -> Vec<Difference> {
    let expected = predicted(prediction);
    let found: BTreeSet<&str> = response.roles.iter().map(String::as_str).collect();
    let mut differences = Vec::new();
    let mut extra: Vec<&str> = found.difference(&expected).copied().collect();
    for value in expected.difference(&found) {
        let (provider, role) = halves(value);
        let same_role = extra.iter().position(|other| halves(other).1 == role && role.is_some());
        if let Some(at) = same_role {
            let other = extra.remove(at);
            let (of_other, _) = halves(other);
            if of_other == provider {
                // The same pair in another order: AWS takes both.
                continue;
            }
            let name = |arn: &Option<Arn>| {
                arn.as_ref().and_then(Arn::provider).map_or_else(|| "none".to_owned(), str::to_owned)
            };
            differences.push(Difference {
                kind: "provider-differs".to_owned(),
                predicted: Some((*value).to_owned()),
                found: Some(other.to_owned()),
                cause: format!(
                    "the provider is {} and not {}: the setting that names it changed, or this is another app's response",
                    name(&of_other),
                    name(&provider)
                ),
            });
            continue;
        }
        differences.push(Difference {
            kind: "role-missing".to_owned(),
            predicted: Some((*value).to_owned()),
            found: None,
            cause: "Okta did not send it: access was taken away since the snapshot was read, or Okta decides otherwise"
                .to_owned(),
        });
    }
    for value in extra {
        differences.push(unexpected(reading, place, value));
    }
    differences
}

fn unexpected(reading: &Reading, place: PersonAt, value: &str) -> Difference {
    let (_, role) = halves(value);
    let difference = |kind: &str, cause: String| Difference {
        kind: kind.to_owned(),
        predicted: None,
        found: Some(value.to_owned()),
        cause,
    };
    if value.contains("idpRolePairs") {
        let cause = "the name of Okta's variable instead of its value: the Role attribute was typed by hand";
        return difference("raw-variable", cause.to_owned());
    }
    let Some(role) = role else {
        return difference("role-extra", "the value holds no ARN of an IAM role".to_owned());
    };
    let name = role.role().unwrap_or_default();
    let cause = match reading.access().roles.find(&role.account, name) {
        None => "no group and no profile that was read names this role: it is newer than the snapshot, or comes from \
                 another app"
            .to_owned(),
        Some(ix) => {
            let stop = reading.paths(place.user, ix, false).into_iter().find_map(|path| path.stopped_by);
            match stop {
                Some(stop) => format!("the snapshot knows a path to it, which does not count there: {stop}"),
                None => "the snapshot knows no path to it for this person: granted since it was read".to_owned(),
            }
        }
    };
    difference("role-extra", cause)
}

/// The choice that makes the roles agree, if one alone does.
fn choice(reading: &Reading, place: PersonAt, response: &Response) -> Option<String> {
    let found: BTreeSet<&str> = response.roles.iter().map(String::as_str).collect();
    for (name, value, switches) in other_choices(reading.rules().switches()) {
        let Ok(other) = Reading::under(reading.facts().clone(), reading.origin().clone(), &switches) else {
            continue;
        };
        if predicted(&predict(&other, place.user)) == found {
            return Some(format!("{name}={value}"));
        }
    }
    None
}

fn of_the_rest(prediction: &Prediction, response: &Response) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |kind: &str, predicted: Option<&str>, found: Option<&str>, cause: &str| {
        if predicted != found {
            differences.push(Difference {
                kind: kind.to_owned(),
                predicted: predicted.map(str::to_owned),
                found: found.map(str::to_owned),
                cause: cause.to_owned(),
            });
        }
    };
    compare(
        "audience",
        Some(&prediction.audience),
        response.audience.as_deref(),
        "the response is meant for another service or AWS partition",
    );
    compare(
        "recipient",
        Some(&prediction.recipient),
        response.recipient.as_deref(),
        "AWS compares the recipient with SAML:aud of the role's trust policy: another partition, region or ACS URL",
    );
    if prediction.session_name.is_some() {
        compare(
            "session-name",
            prediction.session_name.as_deref(),
            response.session_name.as_deref(),
            "the app user name differs: another person's response, or the name changed since the snapshot was read",
        );
    }
    compare(
        "session-duration",
        Some(&prediction.session_seconds.to_string()),
        response.session_seconds.as_deref(),
        "sessionDuration changed since the snapshot was read",
    );
    if !response.signed {
        compare("signature", Some("signed"), Some("not signed"), "AWS takes signed responses only");
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_may_hold_a_comma() {
        let (provider, role) = halves("arn:aws:iam::1:role/a,b,arn:aws:iam::1:saml-provider/O");
        assert_eq!(role.unwrap().role(), Some("a,b"));
        assert_eq!(provider.unwrap().provider(), Some("O"));
    }
}
