//! Style sheet and script: part of the program, so that nothing comes from elsewhere.

use axum::{
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{policy::Access, web::routes::Routes};

const STYLE: &str = include_str!("../../assets/console.css");
const SCRIPT: &str = include_str!("../../assets/console.js");
const ICON: &str = include_str!("../../assets/icon.svg");

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .page(
            Method::GET,
            "/assets/console.css",
            Access::Public,
            get(|| async { asset("text/css; charset=utf-8", STYLE) }),
        )
        .page(
            Method::GET,
            "/assets/console.js",
            Access::Public,
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .page(Method::GET, "/assets/icon.svg", Access::Public, get(|| async { asset("image/svg+xml", ICON) }))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
