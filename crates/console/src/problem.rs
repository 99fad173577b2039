//! What a person, or a program, is told when a request cannot be done: what, why, what next (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ConsoleError,
    checks::Check,
    fresh,
    life::Refusal,
    policy::{Action, who_may},
};

/// The media type of problems.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// A problem, as `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `code` tells kinds apart.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: AboutBlank,
    /// HTTP status.
    pub status: u16,
    /// Stable name.
    pub code: &'static str,
    /// What happened.
    pub title: Box<str>,
    /// Why.
    pub detail: Box<str>,
    /// What to do.
    pub hint: Box<str>,
    /// Fields that are wrong.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    pub fields: Box<[FieldError]>,
    /// Checks of settings that were tried.
    #[serde(skip_serializing_if = "<[Check]>::is_empty")]
    pub checks: Box<[Check]>,
    /// Found again in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<Box<str>>,
}

/// The type of all problems.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AboutBlank;

impl Serialize for AboutBlank {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("about:blank")
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Name of the field.
    pub field: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Problem {
    /// A problem of any kind.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind: AboutBlank,
            status: status.as_u16(),
            code,
            title: title.into().into(),
            detail: detail.into().into(),
            hint: hint.into().into(),
            fields: Box::default(),
            checks: Box::default(),
            error_id: None,
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("there is no such {what}"),
            "it was deleted, or its name is misspelled",
            "go back to the list and choose it there",
        )
    }

    pub(crate) fn forbidden(action: Action) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "you may not do this",
            who_may(action),
            "ask a Super Administrator for the role",
        )
    }

    pub(crate) fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "signed-out",
            "you are not signed in",
            "there is no session, or it has ended",
            "sign in again, or send an API key as a bearer token",
        )
    }

    pub(crate) fn conflict(
        title: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", title, detail, hint)
    }

    /// The row was changed by somebody else since it was read.
    pub(crate) fn changed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            "somebody else changed this meanwhile",
            "what you saw is no longer what is stored",
            "load it again and repeat your change",
        )
    }

    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        let detail = fields.iter().map(|field| field.text.clone()).collect::<Vec<_>>().join("; ");
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "some fields cannot be taken",
            detail,
            "correct them and send it again",
        );
        problem.fields = fields.into();
        problem
    }

    pub(crate) fn field(field: &str, text: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), text: text.into() }])
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        let id = fresh::id("err").unwrap_or_else(|_| "err_unknown".to_owned());
        tracing::error!(%error, error_id = id, "a request failed");
        let mut problem = if error.is_full() {
            Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk-full",
                "nothing can be written",
                "the disk of the data folder is full, and what cannot be recorded is not done",
                "make room; the console goes on by itself",
            )
        } else if let Some(peer) = error.away() {
            Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "peer-away",
                format!("{peer} does not answer"),
                "the console goes on by itself when it comes back; the log says more, under the error id",
                "try again in a while; whoever runs this console: see /ready, and rolebook doctor",
            )
        } else {
            Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the console failed at this",
                "the log of the console says why, under the error id",
                "try again; if it stays, look the error id up in the log",
            )
        };
        problem.error_id = Some(id.into());
        problem
    }
}

impl From<sea_orm::DbErr> for Problem {
    fn from(error: sea_orm::DbErr) -> Self {
        ConsoleError::from(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let hint = match refusal {
            Refusal::NotSetUp => "enter domain and token in its settings first",
            Refusal::Paused => "resume it first",
            Refusal::Anomaly => "look at what would vanish, then confirm or discard the held sync",
            Refusal::BackOff => "wait, or start a sync yourself",
            Refusal::NotNow => "load the page again to see what is going on",
        };
        Self::conflict("the connector cannot do this now", refusal.to_string(), hint)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        response.extensions_mut().insert(self);
        response
    }
}
