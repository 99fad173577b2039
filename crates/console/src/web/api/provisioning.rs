//! Whether a connector may write, and with what.

use axum::{Json, extract::Path};
use utoipa_axum::routes;

use super::{Mode, OneConnector};
use crate::{
    operation::{
        Context,
        provisioning::{self, ProvisioningView, Switch, WriteToken},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    let switch = Access::Connector(Action::SwitchProvisioning);
    routes
        .api(Access::Connector(Action::ReadConnector), routes!(get_provisioning))
        .api(switch, routes!(switch_provisioning))
        .api(switch, routes!(set_write_token))
        .api(switch, routes!(clear_write_token))
}

/// Whether a connector may write
#[utoipa::path(get, path = "/api/connectors/{id}/provisioning", params(OneConnector),
    tag = "provisioning", responses((status = 200, body = ProvisioningView)))]
async fn get_provisioning(
    context: Context,
    Path(id): Path<String>,
) -> Result<Json<ProvisioningView>, Problem> {
    provisioning::get(&context, &id).await.map(Json)
}

/// Switch provisioning, or the second person, on or off
#[utoipa::path(patch, path = "/api/connectors/{id}/provisioning",
    params(OneConnector, Mode), request_body = Switch, tag = "provisioning",
    responses((status = 200, body = ProvisioningView), (status = 412, body = Problem)))]
async fn switch_provisioning(
    context: Context,
    Path(id): Path<String>,
    Body(switch): Body<Switch>,
) -> Result<Json<ProvisioningView>, Problem> {
    provisioning::switch(&context, &id, switch).await.map(Json)
}

/// Set the second credential, which only applying a plan opens
#[utoipa::path(put, path = "/api/connectors/{id}/provisioning/token",
    params(OneConnector, Mode), request_body = WriteToken, tag = "provisioning",
    responses((status = 200, body = ProvisioningView), (status = 412, body = Problem)))]
async fn set_write_token(
    context: Context,
    Path(id): Path<String>,
    Body(token): Body<WriteToken>,
) -> Result<Json<ProvisioningView>, Problem> {
    provisioning::set_token(&context, &id, &token).await.map(Json)
}

/// Destroy the second credential
#[utoipa::path(delete, path = "/api/connectors/{id}/provisioning/token",
    params(OneConnector, Mode), tag = "provisioning",
    responses((status = 200, body = ProvisioningView), (status = 412, body = Problem)))]
async fn clear_write_token(
    context: Context,
    Path(id): Path<String>,
) -> Result<Json<ProvisioningView>, Problem> {
    provisioning::clear_token(&context, &id).await.map(Json)
}
