//! Help: how to prepare Okta, and the keyboard.

use askama::Template;
use axum::{
    extract::Query,
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};

use super::{or_problem, shell};
use crate::{
    operation::{
        Context,
        catalog::{self, CatalogEntry},
    },
    policy::Access,
    problem::Problem,
    web::{
        page::{Shell, draw},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes.page(Method::GET, "/help/okta", Access::SignedIn, get(okta))
}

#[derive(Template)]
#[template(path = "help_okta.html")]
struct OktaPage {
    shell: Shell,
    entry: CatalogEntry,
    /// Admin console of the org that was named, for links into it.
    admin: Option<String>,
    domain: String,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct About {
    domain: String,
}

async fn okta(context: Context, Query(about): Query<About>) -> Response {
    let drawn = async {
        let entry = catalog::entry(catalog::KIND).ok_or_else(|| Problem::not_found("kind of connector"))?;
        let domain = rolebook_okta::Domain::parse(&about.domain, false).ok().map(|(domain, _)| domain);
        let admin = domain.filter(rolebook_okta::Domain::is_okta_owned).map(|domain| {
            let (org, rest) = domain.host().split_once('.').unwrap_or((domain.host(), ""));
            format!("https://{org}-admin.{rest}")
        });
        let shell = shell(&context, "Prepare Okta", "/connectors").await?;
        Ok(draw(StatusCode::OK, &OktaPage { shell, entry, admin, domain: about.domain }))
    };
    or_problem(&context, drawn.await)
}
