//! The table of routes: each is entered together with what it asks of the caller.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    http::Method,
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::MethodRouter,
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    actor::Actor,
    console::Console,
    policy::{self, Access},
    problem::Problem,
    refusals::{self, Refused},
    web::page,
};

/// A route and what it asks of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    /// HTTP method.
    pub method: Method,
    /// Path, with `{…}` for what varies.
    pub path: String,
    /// What it asks.
    pub access: Access,
}

/// The routes while they are collected.
pub(crate) struct Routes {
    console: Option<Arc<Console>>,
    api: OpenApiRouter<Arc<Console>>,
    pages: Router<Arc<Console>>,
    entries: Vec<RouteEntry>,
}

impl Routes {
    /// Without a console, only the table and the document come of it.
    pub(crate) fn new(console: Option<Arc<Console>>, document: utoipa::openapi::OpenApi) -> Self {
        Self {
            console,
            api: OpenApiRouter::with_openapi(document),
            pages: Router::new(),
            entries: Vec::new(),
        }
    }

    /// Enters an operation of the API: one handler, with its document.
    pub(crate) fn api(
        mut self,
        access: Access,
        (schemas, paths, method_router): UtoipaMethodRouter<Arc<Console>>,
    ) -> Self {
        for (path, item) in &paths.paths {
            let operations = [
                (Method::GET, item.get.is_some()),
                (Method::POST, item.post.is_some()),
                (Method::PUT, item.put.is_some()),
                (Method::PATCH, item.patch.is_some()),
                (Method::DELETE, item.delete.is_some()),
            ];
            for (method, _) in operations.into_iter().filter(|(_, is)| *is) {
                self.entries.push(RouteEntry { method, path: path.clone(), access });
            }
        }
        let method_router = self.guard(access, method_router);
        self.api = self.api.routes((schemas, paths, method_router));
        self
    }

    /// Enters a page, or what a form on a page is sent to.
    pub(crate) fn page(
        mut self,
        method: Method,
        path: &str,
        access: Access,
        method_router: MethodRouter<Arc<Console>>,
    ) -> Self {
        self.entries.push(RouteEntry { method, path: path.to_owned(), access });
        let method_router = self.guard(access, method_router);
        self.pages = self.pages.route(path, method_router);
        self
    }

    fn guard(&self, access: Access, routes: MethodRouter<Arc<Console>>) -> MethodRouter<Arc<Console>> {
        match &self.console {
            Some(console) => routes.route_layer(from_fn_with_state((Arc::clone(console), access), guard)),
            None => routes,
        }
    }

    /// Router, document and table.
    pub(crate) fn finish(self) -> (Router<Arc<Console>>, utoipa::openapi::OpenApi, Vec<RouteEntry>) {
        let (api, document) = self.api.split_for_parts();
        (api.merge(self.pages), document, self.entries)
    }
}

type Decision<'a> = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send + 'a>>;

/// Asks the policy before any handler runs.
async fn guard(
    State((console, access)): State<(Arc<Console>, Access)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let actor = request.extensions().get::<Actor>().cloned();
    let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
    let decided: Decision<'_> = Box::pin(decide(&console, actor.as_ref(), access, id.as_deref()));
    match decided.await {
        Ok(()) => next.run(request).await,
        Err(problem) if problem.status == 401 => page::to_sign_in(&request, problem),
        Err(problem) => {
            if let Some(actor) = &actor {
                let path = refusals::cut(request.uri().path());
                let detail = serde_json::json!({ "method": request.method().as_str(), "path": path });
                refuse(&console, actor, access, detail, &problem).await;
            }
            page::problem(&console, actor.as_ref(), &request, problem)
        }
    }
}

async fn decide(
    console: &Console,
    actor: Option<&Actor>,
    access: Access,
    id: Option<&str>,
) -> Result<(), Problem> {
    let action = match access {
        Access::Public => return Ok(()),
        Access::SignedIn => return actor.map(|_| ()).ok_or_else(Problem::signed_out),
        Access::May(action) | Access::Connector(action) => action,
    };
    let actor = actor.ok_or_else(Problem::signed_out)?;
    let object = if matches!(access, Access::Connector(_)) { id } else { None };
    let relation = actor.relation(console, object).await?;
    if policy::may(&actor.roles, relation, action) { Ok(()) } else { Err(Problem::forbidden(action)) }
}

/// Records that somebody tried what they may not.
async fn refuse(
    console: &Console,
    actor: &Actor,
    access: Access,
    detail: serde_json::Value,
    problem: &Problem,
) {
    if problem.status != 403 {
        return;
    }
    let asked = match access {
        Access::May(action) | Access::Connector(action) => format!("{action:?}"),
        Access::Public | Access::SignedIn => String::new(),
    };
    let refused = Refused {
        actor: actor.user.id.clone(),
        action: "request.refused",
        asked,
        object: format!("user/{}", actor.user.id),
    };
    if let Err(error) = refusals::record(console, &actor.who(), refused, detail).await {
        tracing::error!(%error, "a refusal cannot be recorded");
    }
}
