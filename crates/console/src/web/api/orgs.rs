//! Okta orgs.

use axum::{
    Json,
    extract::{Path, Query},
};
use utoipa_axum::routes;

use super::{Mode, Paging};
use crate::{
    operation::{
        Context,
        orgs::{self, ConfirmedDomain, OrgView},
    },
    policy::{Access, Action},
    problem::Problem,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeOrgs), routes!(list_orgs))
        .api(Access::May(Action::ConfirmOrg), routes!(confirm_org_domain))
}

/// Orgs by domain
#[utoipa::path(get, path = "/api/orgs", params(Paging), tag = "apps", responses((status = 200, body = Page<OrgView>)))]
async fn list_orgs(context: Context, Query(paging): Query<Paging>) -> Result<Json<Page<OrgView>>, Problem> {
    orgs::list(&context).await.map(|all| paging.cut(all))
}

/// Confirm that an org is known under another domain from now on
#[utoipa::path(post, path = "/api/orgs/{org}/domain", params(("org" = String, Path, description = "Org"), Mode),
    request_body = ConfirmedDomain, tag = "apps", responses((status = 200, body = OrgView)))]
async fn confirm_org_domain(
    context: Context,
    Path(org): Path<String>,
    Body(wanted): Body<ConfirmedDomain>,
) -> Result<Json<OrgView>, Problem> {
    orgs::confirm(&context, &org, &wanted).await.map(Json)
}
