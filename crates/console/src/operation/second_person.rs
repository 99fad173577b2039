//! The rules of second-person approval, and who somebody is in an Okta org.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Context;
use crate::{
    ConsoleError,
    console::Console,
    mail::letter,
    notice,
    privilege::PATTERNS,
    problem::{FieldError, Problem},
    seen::state,
    store::{self, connectors, oidc, people, settings, vouching},
};

/// Name under which the database keeps the rules.
const RULES: &str = "second-person";
const MOST_PATTERNS: usize = 100;
const LONGEST_PATTERN: usize = 128;
const MOST_DAYS: i64 = 365;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What counts as privileged, and how long somebody who was let in cannot be the second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondPersonRules {
    /// Names of AWS roles that count as privileged, with `*` and `?`; case makes no difference.
    pub privileged: Vec<String>,
    /// Days in which accounts that let each other in do not approve each other's plans, 0 to 365.
    pub invited_days: i64,
}

impl Default for SecondPersonRules {
    fn default() -> Self {
        Self { privileged: PATTERNS.map(str::to_owned).to_vec(), invited_days: 30 }
    }
}

impl SecondPersonRules {
    pub(crate) async fn load(console: &Console) -> Result<Self, ConsoleError> {
        match settings::get(console.store.db(), RULES).await? {
            Some(text) => store::json("console_setting", &text),
            None => Ok(Self::default()),
        }
    }

    /// From when on it counts who let whom in.
    pub(crate) fn since(&self, now: i64) -> i64 {
        now.saturating_sub(self.invited_days.saturating_mul(DAY_MS))
    }

    fn check(mut self) -> Result<Self, Problem> {
        let mut fields = Vec::new();
        let mut wrong = |field: &str, text: String| fields.push(FieldError { field: field.to_owned(), text });
        for pattern in &mut self.privileged {
            *pattern = pattern.trim().to_owned();
        }
        self.privileged.retain(|pattern| !pattern.is_empty());
        let bad = |pattern: &String| {
            pattern.chars().count() > LONGEST_PATTERN || pattern.chars().any(char::is_control)
        };
        if self.privileged.len() > MOST_PATTERNS || self.privileged.iter().any(bad) {
            wrong(
                "privileged",
                format!("up to {MOST_PATTERNS} patterns of up to {LONGEST_PATTERN} characters"),
            );
        }
        if !(0..=MOST_DAYS).contains(&self.invited_days) {
            wrong("invited_days", format!("0 to {MOST_DAYS}"));
        }
        if fields.is_empty() { Ok(self) } else { Err(Problem::invalid(fields)) }
    }
}

pub(crate) async fn get(context: &Context) -> Result<SecondPersonRules, Problem> {
    Ok(SecondPersonRules::load(&context.console).await?)
}

/// Changes the rules; every Super Administrator hears of it, as it changes what one of them can do alone.
pub(crate) async fn set(context: &Context, rules: SecondPersonRules) -> Result<SecondPersonRules, Problem> {
    let rules = rules.check()?;
    let change = context.change().await?;
    let before = get(context).await?;
    context.expect(&state(&before))?;
    settings::set(change.tx(), RULES, &store::to_json(&rules)).await?;
    change.audit("second-person.changed", "console", json!({ "from": before, "to": rules })).await?;
    let letter = letter(
        "The rules of second-person approval were changed",
        &[
            format!("{} changed them in Rolebook.", context.actor.user.name),
            format!("Privileged before: {}", before.privileged.join(", ")),
            format!("Privileged now: {}", rules.privileged.join(", ")),
            format!(
                "Days in which accounts that let each other in do not approve each other's plans: {} before, {} now",
                before.invited_days, rules.invited_days
            ),
        ],
        &format!("{}/settings", context.console.config.base_url),
        "Open the settings",
    );
    notice::to_supers(&change, "second-person/", &letter).await?;
    change.commit().await?;
    Ok(rules)
}

/// Who somebody is in an Okta org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OktaPerson {
    /// Id of the org, as in `00o…`.
    pub org: String,
    /// Id of the user there, as in `00u…`; empty forgets it.
    pub okta_id: String,
}

/// What second-person approval knows of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Ties {
    /// Who the account is in Okta orgs, as Super Administrators entered it.
    pub okta: Vec<OktaPerson>,
    /// Who let it in, newest first.
    pub let_in: Vec<LetIn>,
}

/// Somebody let an account in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LetIn {
    /// Name; the id of an account that is gone.
    pub by: String,
    /// `invited`, `raised`, `activated`, `link`.
    pub how: String,
    /// When, the last time.
    #[schema(value_type = String)]
    pub at: jiff::Timestamp,
}

/// What second-person approval knows of an account.
pub(crate) async fn ties(context: &Context, id: &str) -> Result<Ties, Problem> {
    let db = context.console.store.db();
    people::by_id(db, id).await?.ok_or_else(|| Problem::not_found("user"))?;
    let users = people::all(db).await?;
    let name = |id: &str| {
        users.iter().find(|user| user.id == id).map_or_else(|| id.to_owned(), |user| user.name.clone())
    };
    let entered = |row: store::entity::identity::Model| {
        let org = row.issuer.strip_prefix(&vouching::issuer_of(""))?.to_owned();
        (row.user_id == id).then_some(OktaPerson { org, okta_id: row.subject })
    };
    Ok(Ties {
        okta: vouching::identities(db).await?.into_iter().filter_map(entered).collect(),
        let_in: vouching::since(db, 0)
            .await?
            .into_iter()
            .filter(|row| row.user_id == id)
            .map(|row| LetIn { by: name(&row.by_id), how: row.how, at: store::time(row.at) })
            .collect(),
    })
}

/// Enters, once, who an account is in an Okta org; or forgets it. Not of one's own account.
pub(crate) async fn bind(context: &Context, id: &str, person: OktaPerson) -> Result<Ties, Problem> {
    if id == context.actor.user.id {
        return Err(Problem::conflict(
            "this is your own account",
            "whom an account belongs to decides what its owner can approve",
            "ask another Super Administrator to enter it",
        ));
    }
    let okta_id = person.okta_id.trim();
    let shaped = okta_id.len() <= 40 && okta_id.chars().all(|c| c.is_ascii_alphanumeric());
    if !shaped {
        return Err(Problem::field("okta_id", "this is no id of an Okta user"));
    }
    let change = context.change().await?;
    let user = people::by_id(change.tx(), id).await?.ok_or_else(|| Problem::not_found("user"))?;
    if !connectors::orgs(change.tx()).await?.iter().any(|org| org.id == person.org) {
        return Err(Problem::field("org", "there is no such org"));
    }
    let issuer = vouching::issuer_of(&person.org);
    let detail = json!({ "email": user.email, "org": person.org, "okta_id": okta_id });
    let object = format!("user/{id}");
    if okta_id.is_empty() {
        change.unbind(&issuer, id).await?;
        change.audit("user.okta-unbound", &object, detail).await?;
    } else {
        if oidc::is_bound(change.tx(), &issuer, id).await?
            || oidc::identity(change.tx(), &issuer, okta_id).await?.is_some()
        {
            return Err(Problem::conflict(
                "account or Okta user is bound already",
                "one account belongs to one Okta user of an org",
                "forget the other binding first",
            ));
        }
        change.bind(&issuer, okta_id, id).await?;
        change.audit("user.okta-bound", &object, detail).await?;
    }
    change.commit().await?;
    ties(context, id).await
}

/// Orgs that somebody can be known in: id and domain.
pub(crate) async fn orgs(context: &Context) -> Result<Vec<(String, String)>, Problem> {
    let orgs = connectors::orgs(context.console.store.db()).await?;
    Ok(orgs.into_iter().map(|org| (org.id, org.domain)).collect())
}

/// Accounts that are bound to an Okta user: id, and the Okta id.
pub(crate) async fn bound(context: &Context) -> Result<Vec<(String, String)>, Problem> {
    let rows = vouching::identities(context.console.store.db()).await?;
    let entered = rows.into_iter().filter(|row| row.issuer.starts_with(&vouching::issuer_of("")));
    Ok(entered.map(|row| (row.user_id, row.subject)).collect())
}
