//! Who can be the second person of a plan, with the accounts and ties of the moment.

use std::collections::BTreeSet;

use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::{
    hosted::Hosted,
    operation::{Context, second_person::SecondPersonRules},
    policy::{Role, Roles},
    problem::Problem,
    second_person::{Account, Excluded, Tie, excluded, is_concerned},
    store::{
        entity::{identity, plan as stored, user},
        people, vouching,
    },
};

use super::parse;

/// A Super Administrator, as second person of a plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ApproverView {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Why they cannot approve; empty when they can.
    pub excluded: String,
}

/// Accounts, and what ties them.
pub(crate) struct Approvers {
    users: Vec<user::Model>,
    identities: Vec<identity::Model>,
    ties: Vec<Tie>,
    days: i64,
}

impl Approvers {
    pub(super) async fn load(context: &Context) -> Result<Self, Problem> {
        let db = context.console.store.db();
        let rules = SecondPersonRules::load(&context.console).await?;
        let since = rules.since(context.console.now().as_millisecond());
        // With no days to look back, a tie of this very moment does not count either.
        let ties = if rules.invited_days == 0 { Vec::new() } else { vouching::since(db, since).await? };
        Ok(Self {
            users: people::all(db).await?,
            identities: vouching::identities(db).await?,
            ties: ties.into_iter().map(|row| Tie { user: row.user_id, by: row.by_id }).collect(),
            days: rules.invited_days,
        })
    }

    /// An account with its ids in the connector's org. A provider's name for somebody is Okta's id where the provider is
    /// that org.
    fn account(&self, hosted: &Hosted, user: &user::Model) -> Account {
        let org = hosted.row.org_id.as_deref().map(vouching::issuer_of);
        let is_org = |issuer: &str| {
            Some(issuer) == org.as_deref()
                || Url::parse(issuer).is_ok_and(|url| host_of(&url) == hosted.settings.domain.to_lowercase())
        };
        let okta = self
            .identities
            .iter()
            .filter(|row| row.user_id == user.id && is_org(&row.issuer))
            .map(|row| row.subject.clone())
            .collect();
        Account { id: user.id.clone(), email: user.email.clone(), okta }
    }

    /// Whether a change is about somebody's own access.
    pub(super) fn concerned(&self, hosted: &Hosted, user: &user::Model, concerns: &BTreeSet<String>) -> bool {
        is_concerned(&self.account(hosted, user), concerns)
    }

    /// Why somebody cannot approve the plan; empty when they can.
    pub(super) fn excluded(
        &self,
        hosted: &Hosted,
        user: &user::Model,
        row: &stored::Model,
    ) -> Result<String, Problem> {
        let author = self.users.iter().find(|user| user.id == row.author_id);
        let author = author.map_or_else(
            || Account { id: row.author_id.clone(), ..Account::default() },
            |author| self.account(hosted, author),
        );
        let account = self.account(hosted, user);
        Ok(match excluded(&account, &author, &parse(&row.concerns)?, &self.ties) {
            None => String::new(),
            Some(Excluded::Author) => "made it: a second person has to approve it".to_owned(),
            Some(Excluded::Alias) => "another account of the person who made it".to_owned(),
            Some(Excluded::OwnAccess) => "it changes their own access".to_owned(),
            Some(Excluded::Tied) => format!(
                "let in by the author, or by the same person, or let the author in, within {} days",
                self.days
            ),
        })
    }

    /// All Super Administrators.
    pub(super) fn views(&self, hosted: &Hosted, row: &stored::Model) -> Result<Vec<ApproverView>, Problem> {
        self.users
            .iter()
            .filter(|user| user.active && Roles::parse(&user.roles).has(Role::SuperAdministrator))
            .map(|user| {
                Ok(ApproverView {
                    name: user.name.clone(),
                    email: user.email.clone(),
                    excluded: self.excluded(hosted, user, row)?,
                })
            })
            .collect()
    }
}

/// Host and port as a connector's domain is written.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_lowercase();
    url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}
