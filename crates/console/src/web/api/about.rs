//! What the console runs with.

use axum::Json;
use utoipa_axum::routes;

use crate::{
    operation::{
        Context,
        about::{self, About},
    },
    policy::{Access, Action},
    problem::Problem,
    web::routes::Routes,
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes.api(Access::May(Action::SeeSettings), routes!(get_console))
}

/// What the console runs with
#[utoipa::path(get, path = "/api/console", tag = "console", responses((status = 200, body = About)))]
async fn get_console(context: Context) -> Result<Json<About>, Problem> {
    about::get(&context).await.map(Json)
}
