//! Okta's error answers.

use std::borrow::Cow;

use crate::json;

/// An answer that is not a success: HTTP status, Okta's code, a text and its causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) summary: String,
    pub(crate) causes: Vec<String>,
    form: Form,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// How a refusal is put into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Okta,
    OAuth,
    Empty,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<Cow<'static, str>>, summary: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            summary: summary.into(),
            causes: Vec::new(),
            form: Form::Okta,
            headers: Vec::new(),
        }
    }

    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// An error of the OAuth protocol: `{"error": …, "error_description": …}`.
    pub(crate) fn oauth(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { form: Form::OAuth, ..Self::new(status, error, description) }
    }

    /// A token that lacks the scope: no body at all, only a header says why.
    pub(crate) fn insufficient_scope(base: &str, path: &str, scope: &str) -> Self {
        let refusal = Self { form: Form::Empty, ..Self::new(403, "insufficient_scope", "") };
        refusal.challenge(format!(
            "Bearer authorization_uri=\"{base}/oauth2/v1/authorize\", realm=\"{base}\", scope=\"{scope}\", \
             error=\"insufficient_scope\", error_description=\"The access token provided does not contain the \
             required scopes.\", resource=\"{path}\""
        ))
    }

    /// The same refusal under another code.
    pub(crate) fn coded(mut self, code: &'static str) -> Self {
        self.code = code.into();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn challenge(self, value: impl Into<String>) -> Self {
        self.header("www-authenticate", value)
    }

    pub(crate) fn invalid(field: &str, cause: impl Into<String>) -> Self {
        Self::new(400, "E0000001", format!("Api validation failed: {field}")).because(cause)
    }

    pub(crate) fn no_session() -> Self {
        Self::new(403, "E0000005", "Invalid session")
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(403, "E0000006", "You do not have permission to perform the requested action")
    }

    pub(crate) fn no_such(id: &str, kind: &str) -> Self {
        Self::new(404, "E0000007", format!("Not found: Resource not found: {id} ({kind})"))
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "E0000008", "The requested path was not found")
    }

    pub(crate) fn bad_token() -> Self {
        Self::new(401, "E0000011", "Invalid token provided")
    }

    pub(crate) fn no_such_method() -> Self {
        Self::new(405, "E0000022", "The endpoint does not support the provided HTTP method")
    }

    pub(crate) fn bad_body() -> Self {
        Self::new(400, "E0000003", "The request body was not well-formed.")
    }

    pub(crate) fn read_only_mode() -> Self {
        Self::new(503, "E0000010", "Service is in read only mode")
    }

    pub(crate) fn bad_paging() -> Self {
        Self::new(400, "E0000029", "Invalid paging request")
    }

    pub(crate) fn bad_criteria(cause: impl Into<String>) -> Self {
        Self::new(400, "E0000031", "Invalid search criteria.").because(cause)
    }

    pub(crate) fn search_and_filter() -> Self {
        Self::new(400, "E0000033", "Can't specify a search query and filter in the same request.")
    }

    pub(crate) fn wrong_type(parameter: &str) -> Self {
        Self::new(400, "E0000037", format!("Type mismatch exception: {parameter}"))
    }

    pub(crate) fn too_many() -> Self {
        Self::new(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    }

    /// What Okta says with this status when nothing more is known; `None` where its edge would answer in its place.
    pub(crate) fn of_status(status: u16, path: &str) -> Option<Self> {
        let id = path.split('/').rfind(|part| !matches!(*part, "users" | "groups" | "apps"));
        Some(match status {
            400 => Self::new(400, "E0000001", "Api validation failed: request"),
            401 => Self::bad_token(),
            403 => Self::forbidden(),
            404 => Self::no_such(id.unwrap_or_default(), "Resource"),
            405 => Self::no_such_method(),
            429 => Self::too_many(),
            500 => Self::new(500, "E0000009", "Internal Server Error"),
            501 => Self::new(501, "E0000060", "Unsupported operation."),
            503 => Self::read_only_mode(),
            _ => return None,
        })
    }

    /// The body every refusal has.
    pub(crate) fn body(&self, error_id: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        match self.form {
            Form::Empty => return out,
            Form::OAuth => {
                json::object(&mut out, |o| {
                    o.text("error", &self.code);
                    o.text("error_description", &self.summary);
                });
                return out;
            }
            Form::Okta => {}
        }
        json::object(&mut out, |o| {
            o.text("errorCode", &self.code);
            o.text("errorSummary", &self.summary);
            o.text("errorLink", &self.code);
            o.text("errorId", error_id);
            o.array("errorCauses", &self.causes, |out, cause| {
                json::object(out, |o| o.text("errorSummary", cause));
            });
        });
        out
    }
}
