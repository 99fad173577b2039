//! `plan.json`: one plans, another looks and applies. The file needs no trust beyond its digest: applying plans anew from
//! fresh facts and goes on only when the same plan comes out.

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::plan::Plan;
use serde::{Deserialize, Serialize};

use super::{Call, Planned, Provisioning, Request};
use crate::{ChangeError, Who, audit_digest};

const FORMAT: u32 = 1;
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// One change of a plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedChange {
    /// What was asked.
    pub request: Request,
    /// What is to be done.
    pub plan: Plan,
    /// How.
    pub calls: Vec<Call>,
}

/// A plan to be applied later, by whomever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// Version of this format.
    pub format: u32,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub author: Who,
    /// Org id.
    pub org: String,
    /// The org's name and address, for readers.
    pub org_name: String,
    /// See `org_name`.
    pub domain: String,
    /// App id.
    pub app: String,
    /// The app's label, for readers.
    pub app_label: String,
    /// The changes.
    pub changes: Vec<PlannedChange>,
    /// SHA-256 of all the rest.
    #[serde(default)]
    pub digest: String,
}

impl PlanFile {
    /// Writes plans down.
    #[must_use]
    pub fn new(of: &Provisioning, planned: &[Planned], author: Who, created: Timestamp) -> Self {
        let changes = planned
            .iter()
            .map(|planned| PlannedChange {
                request: planned.request.clone(),
                plan: planned.plan.clone(),
                calls: planned.calls(),
            })
            .collect();
        let mut file = Self {
            format: FORMAT,
            created,
            author,
            org: of.org.id.as_str().to_owned(),
            org_name: of.org.name.clone(),
            domain: of.org.domain.clone(),
            app: of.app.id.as_str().to_owned(),
            app_label: of.app.label.clone(),
            changes,
            digest: String::new(),
        };
        file.digest = file.computed();
        file
    }

    fn computed(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        audit_digest(&serde_json::to_vec(&bare).unwrap_or_default())
    }

    /// Reads a file and checks that it is whole and young.
    ///
    /// # Errors
    /// [`ChangeError::NoPlan`], [`ChangeError::Edited`], [`ChangeError::TooOld`].
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, ChangeError> {
        let file: Self = serde_json::from_str(text)
            .map_err(|error| ChangeError::NoPlan(format!("the file is no plan of rolebook: {error}")))?;
        if file.format != FORMAT {
            return Err(ChangeError::NoPlan(format!("the plan has the unknown format {}", file.format)));
        }
        let computed = file.computed();
        if computed != file.digest {
            return Err(ChangeError::Edited { found: file.digest, computed });
        }
        let age = now.duration_since(file.created);
        // A clock that is behind by minutes is no reason; a plan from tomorrow is.
        if age > LIFE || age < SignedDuration::from_hours(-1) {
            return Err(ChangeError::TooOld { made: file.created });
        }
        Ok(file)
    }

    /// That it is for this org and app.
    ///
    /// # Errors
    /// [`ChangeError::OtherPlan`].
    pub fn check_place(&self, at: &Provisioning) -> Result<(), ChangeError> {
        let place = |org: &str, app: &str| format!("app {app} of org {org}");
        let wanted = (at.org.id.as_str(), at.app.id.as_str());
        if (self.org.as_str(), self.app.as_str()) != wanted {
            return Err(ChangeError::OtherPlan {
                of: place(&self.org, &self.app),
                wanted: place(wanted.0, wanted.1),
            });
        }
        Ok(())
    }
}
