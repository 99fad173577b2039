//! What Okta answered, before anything is read: a hint, which what Okta shows confirms or not.

use rolebook_federation::plan::{Row, Step};
use rolebook_okta::{Answer, Error};

use super::StepEnd;
use crate::Outcome;

/// What an answer says, before anything is read.
pub(super) enum Heard {
    /// 2xx.
    Accepted,
    /// It may have worked.
    Unsure {
        /// In words.
        says: String,
        /// Okta answered, so nothing is under way any more.
        answered: bool,
    },
    /// It did not work.
    No(No),
    /// We were told to stop.
    Stopped,
}

pub(super) struct No {
    pub(super) outcome: Outcome,
    pub(super) says: String,
    pub(super) by_okta: bool,
    pub(super) missing: Option<Row>,
    /// The object was not there.
    pub(super) gone: bool,
    /// Okta found something wrong with the request itself.
    pub(super) invalid: bool,
}

pub(super) fn hear(step: &Step, sent: Result<Answer, Error>) -> Heard {
    let error = match sent {
        Ok(_) => return Heard::Accepted,
        Err(error) => error,
    };
    let no = |outcome, says: String| No {
        outcome,
        says,
        by_okta: false,
        missing: None,
        gone: false,
        invalid: false,
    };
    let refused = |says: String| Heard::No(No { by_okta: true, ..no(Outcome::Refused, says) });
    match &error {
        Error::Cancelled => Heard::Stopped,
        Error::NotPermitted(reply) => match reply.code.as_deref() {
            Some("E0000046") => {
                Heard::No(no(Outcome::Refused, format!("groups still give the assignment: {error}")))
            }
            Some("E0000038") => {
                Heard::No(no(Outcome::Refused, format!("the person's status does not allow it: {error}")))
            }
            Some("E0000039") => Heard::No(no(Outcome::Refused, format!("the app does not take it: {error}"))),
            Some("E0000075") => refused(format!(
                "the attribute is controlled by a profile mapping (Provisioning, To App, of the AWS app): {error}"
            )),
            _ => Heard::No(No {
                by_okta: true,
                missing: Some(step.row()),
                ..no(
                    Outcome::Refused,
                    format!(
                        "refused by Okta, nothing changed; {} or Super Administrator is needed: {error}",
                        step.row().admin_role()
                    ),
                )
            }),
        },
        Error::MissingScope { .. } => Heard::No(No {
            by_okta: true,
            missing: Some(step.row()),
            ..no(Outcome::Refused, format!("refused by Okta, nothing changed: {error}"))
        }),
        Error::InvalidToken(_) | Error::NoSession(_) => {
            refused(format!("refused by Okta, nothing changed: {error}"))
        }
        Error::NotFound(_) | Error::UnknownPath(_) => {
            Heard::No(No { gone: true, ..no(Outcome::Failed, format!("Okta does not find it: {error}")) })
        }
        Error::Conflict(_) if matches!(step.row(), Row::GroupMembership) => {
            Heard::No(no(Outcome::Refused, format!("the membership is not managed in Okta: {error}")))
        }
        Error::Conflict(_) | Error::Unsupported(_) | Error::FeatureOff(_) => {
            Heard::No(no(Outcome::Refused, error.to_string()))
        }
        Error::Validation(_) => Heard::No(No {
            invalid: true,
            ..no(Outcome::Failed, format!("nothing changed: {error}{}", likely_cause(step)))
        }),
        Error::TooLarge { .. } => Heard::Unsure { says: error.to_string(), answered: true },
        error if error.outcome_unknown() => {
            Heard::Unsure { says: error.to_string(), answered: matches!(error, Error::Server(_)) }
        }
        _ => Heard::No(no(Outcome::Failed, format!("nothing changed: {error}"))),
    }
}

/// What mostly is wrong with a request that Okta finds invalid.
fn likely_cause(step: &Step) -> &'static str {
    match step {
        Step::AssignGroup { roles, .. } if roles.is_empty() => {
            "; Okta does not let groups be assigned while the app's API integration (Provisioning) is on"
        }
        Step::AssignUser { .. }
        | Step::SetUserRoles { .. }
        | Step::AssignGroup { .. }
        | Step::SetGroupRoles { .. } => "; an app whose schema has no samlRoles is not the AWS app",
        Step::ReturnToGroups { .. } => "; no group that is assigned holds the person any more",
        _ => "",
    }
}

/// What to do about a step that did not end well.
pub(super) fn hint(end: &StepEnd) -> Option<String> {
    match end.outcome {
        Outcome::Done | Outcome::AlreadySo => None,
        Outcome::Unknown => Some(
            "look at it in Okta (Directory, or the AWS app's Assignments); the next change that rolebook makes settles what is open"
                .to_owned(),
        ),
        Outcome::Refused => Some(match end.missing {
            Some(row) => format!(
                "give the token's owner {}; groups and people with admin roles are in reach of Super Administrators only",
                row.admin_role()
            ),
            None => "nothing was changed by this step; the message names Okta's reason".to_owned(),
        }),
        Outcome::Failed => Some("nothing was changed by this step; run the command again".to_owned()),
    }
}
