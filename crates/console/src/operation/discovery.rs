//! Which apps an Okta org has.
//!
//! What a server answers is its word alone: it changes nothing of an org that is known under another domain, and fills
//! the inventory up to a bound.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_okta::{Client, shapes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{Context, settings::known_elsewhere};
use crate::{
    checks,
    credential::Login,
    fresh,
    hosted::Hosted,
    origin::Origin,
    policy::Action,
    problem::{FieldError, Problem},
    run::clean,
    settings::Settings,
    store::{connectors, entity::app},
};

/// Pages of 200 apps that one discovery reads.
const PAGES: usize = 20;
/// Apps that are read at once, and kept of one org.
const MOST: usize = PAGES * 200;
/// Characters of a name, kind or status that are kept.
const LONGEST: usize = 200;

/// An org to look into. A connector's token goes to the connector's own domain; a token that is entered is used once and
/// not kept.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discovery {
    /// Id of a connector whose domain and token are used instead.
    #[serde(default)]
    pub connector: Option<String>,
    /// The org's address.
    #[serde(default)]
    pub domain: String,
    /// An API token.
    #[serde(default)]
    #[schema(write_only)]
    pub api_token: String,
}

impl std::fmt::Debug for Discovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Discovery").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// What a look into an org found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Discovered {
    /// The org's name.
    pub org: String,
    /// Apps it lists.
    pub found: usize,
    /// Of these, new.
    pub new: usize,
    /// Known ones that it no longer lists.
    pub gone: usize,
    /// The org lists more than a discovery reads, or than are kept of one org.
    pub more: bool,
}

/// Where to look, with what.
struct Aim {
    settings: Settings,
    login: Login,
    /// The org that it has to be, where a connector was set up for it.
    org: Option<String>,
}

/// Who may configure a connector may look with its token; only administrators of connectors look elsewhere.
async fn aim(context: &Context, wanted: Discovery) -> Result<Aim, Problem> {
    if let Some(id) = wanted.connector.as_deref().filter(|id| !id.is_empty()) {
        context.permit(Some(id), Action::ConfigureConnector).await?;
        let hosted: Hosted = super::connectors::load(context, id).await?;
        let login = hosted
            .login(&context.console.vault)
            .map_err(|error| Problem::field("connector", format!("{error}: enter its token again")))?;
        return Ok(Aim { settings: hosted.settings, login, org: hosted.row.org_id });
    }
    context.permit(None, Action::DiscoverByDomain).await?;
    let settings = Settings { domain: wanted.domain.trim().to_owned(), ..Settings::default() };
    if settings.domain.is_empty() {
        return Err(Problem::field("domain", "the Okta domain is needed, as in acme.okta.com"));
    }
    let login = Login::token(&wanted.api_token, &settings.domain);
    Ok(Aim { settings, login, org: None })
}

/// Reads the list of apps of an org.
pub(crate) async fn discover(context: &Context, wanted: Discovery) -> Result<Discovered, Problem> {
    let Aim { settings, login, org: wanted } = aim(context, wanted).await?;
    let refused = |field: &str, error: &rolebook_okta::Error| {
        Problem::field(field, format!("{error}. What to do: {}", error.hint()))
    };
    let client =
        checks::client(&context.console, &settings, &login, None, context.console.stop.child_token())?
            .map_err(|wrong| {
                Problem::invalid(vec![FieldError {
                    field: wrong.check.0.to_owned(),
                    text: format!("{}. What to do: {}", wrong.text, wrong.hint),
                }])
            })?;
    let org = client.org().await.map_err(|error| {
        refused(if error.is_unauthenticated() || error.is_refused() { "api_token" } else { "domain" }, &error)
    })?;
    let origin = Origin::of(client.domain());
    if org.id.is_empty() || org.id.len() > LONGEST || !org.id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err(Problem::field("domain", format!("{origin} does not answer as an Okta org does")));
    }
    // Before its apps are read: a server that claims another's org is asked for nothing more.
    let known = connectors::org(context.console.store.db(), &org.id).await?;
    if let Some(known) = known.filter(|known| Origin::read(&known.domain).as_ref() != Some(&origin)) {
        return Err(known_elsewhere("domain", &clean(&org.id), &known.domain, &origin));
    }
    if let Some(wanted) = wanted.filter(|wanted| *wanted != org.id) {
        let text = format!("{origin} is the org {} now, and the connector's is {wanted}", clean(&org.id));
        return Err(Problem::field("connector", text));
    }
    let (apps, more) = read(&client).await.map_err(|error| refused("api_token", &error))?;
    let name = shorten(org.company_name.as_deref().unwrap_or_default());
    take(context, &org.id, name, &origin, apps, more).await
}

/// The apps of an org, up to the bound, and whether there are more.
async fn read(client: &Client) -> Result<(Vec<shapes::App>, bool), rolebook_okta::Error> {
    let mut pager = client.list_at::<shapes::App>("/api/v1/apps?limit=200")?;
    let (mut apps, mut more) = (Vec::new(), false);
    for _ in 0..PAGES {
        let Some(page) = pager.next_page().await? else { break };
        more = page.next.is_some();
        apps.extend(page.items);
    }
    more |= apps.len() > MOST;
    apps.truncate(MOST);
    Ok((apps, more))
}

fn shorten(text: &str) -> String {
    clean(text).chars().take(LONGEST).collect()
}

async fn take(
    context: &Context,
    org_id: &str,
    org_name: String,
    origin: &Origin,
    apps: Vec<shapes::App>,
    mut more: bool,
) -> Result<Discovered, Problem> {
    let change = context.change().await?;
    // Asked again inside the change: the list took time.
    if let Some(known) = change.see_org(org_id, &org_name, origin, true).await? {
        return Err(known_elsewhere("domain", &clean(org_id), &known, origin));
    }
    let mut known: BTreeMap<String, app::Model> = connectors::apps(change.tx())
        .await?
        .into_iter()
        .filter(|app| app.org_id.as_deref() == Some(org_id))
        .filter_map(|app| app.okta_id.clone().map(|okta_id| (okta_id, app)))
        .collect();
    let room = MOST.saturating_sub(known.len());
    let (found, mut new, mut gone) = (apps.len(), 0, 0);
    let mut seen_ids = BTreeSet::new();
    for seen in apps {
        let okta_id = seen.id.as_str().to_owned();
        if !seen_ids.insert(okta_id.clone()) {
            continue;
        }
        let name = shorten(seen.label.as_deref().unwrap_or(&okta_id));
        let status = shorten(seen.status.as_deref().unwrap_or("unknown"));
        let kind = shorten(seen.name.as_deref().unwrap_or("unknown"));
        match known.remove(&okta_id) {
            Some(app) => {
                let name = if app.kind == "made-here" { app.name.clone() } else { name };
                change.keep_app(app::Model { name, provider_status: status, ..app }).await?;
            }
            None if new == room => more = true,
            None => {
                new += 1;
                change
                    .add_app(app::Model {
                        id: fresh::id("app")?,
                        org_id: Some(org_id.to_owned()),
                        okta_id: Some(okta_id),
                        name,
                        kind,
                        state: "unmanaged".to_owned(),
                        provider_status: status,
                        created_at: change.now_ms(),
                        updated_at: change.now_ms(),
                    })
                    .await?;
            }
        }
    }
    // Of a list that was not read to its end, it is not known what is gone.
    for (_, app) in known.into_iter().filter(|_| !more) {
        gone += 1;
        change.keep_app(app::Model { provider_status: "GONE".to_owned(), ..app }).await?;
    }
    let detail = json!({
        "org": org_id, "domain": origin.to_string(), "found": found, "new": new, "gone": gone, "more": more,
    });
    change.audit("apps.discovered", &format!("org/{org_id}"), detail).await?;
    change.commit().await?;
    context.console.orgs.learn(&origin.to_string(), org_id);
    Ok(Discovered { org: org_name, found, new, gone, more })
}
