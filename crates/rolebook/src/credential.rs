//! Where the credential comes from: an API token or the key of an OAuth service app, out of a file, stdin or (the token)
//! the environment, never the command line.

use std::{io::Read, path::Path, sync::Arc};

use rolebook_okta::{ApiToken, Credential, PrivateKey, Secret, ServiceApp, ServiceAppError};

use crate::{arguments::ConnectionArguments, command::sync::now, failure::Failure};

const TOKEN_HINT: &str = "give a file with --api-token-file (- is stdin), or set ROLEBOOK_API_TOKEN";
const KEY_HINT: &str = "give the service app's private key with --oauth-private-key-file (- is stdin)";
/// What to do about a proxy's credentials.
pub(crate) const CREDENTIALS_HINT: &str = "name a file that holds one line user:password";
/// Okta's tokens have 42 characters and large keys some thousand; a file of another order of size is another file.
const MAX_BYTES: u64 = 16 * 1024;

/// The one credential that the settings describe.
pub(crate) fn credential(arguments: &ConnectionArguments) -> Result<Credential, Failure> {
    if !is_of_service_app(arguments) {
        return api_token(arguments.api_token_file.as_deref()).map(Credential::from);
    }
    if arguments.api_token_file.is_some() || token_variable().is_ok() {
        return Err(Failure::usage(
            "both an API token and an OAuth service app are given",
            "leave one out: --api-token-file and ROLEBOOK_API_TOKEN, or the --oauth flags; see also rolebook.toml",
        ));
    }
    service_app(arguments).map(Credential::from)
}

/// Some setting speaks of a service app.
pub(crate) fn is_of_service_app(arguments: &ConnectionArguments) -> bool {
    arguments.oauth_client_id.is_some()
        || arguments.oauth_private_key_file.is_some()
        || arguments.oauth_key_id.is_some()
        || !arguments.oauth_scopes.is_empty()
}

/// Reads the token. Blanks around it are cut off.
fn api_token(file: Option<&Path>) -> Result<ApiToken, Failure> {
    let text = match file {
        Some(path) => secret_text(path, "token", TOKEN_HINT)?,
        None => token_variable().map_err(|error| {
            let what = match error {
                std::env::VarError::NotPresent => "no API token was given",
                std::env::VarError::NotUnicode(_) => "ROLEBOOK_API_TOKEN is not text",
            };
            Failure::usage(what, TOKEN_HINT)
        })?,
    };
    let secret = Secret::new(text.trim().to_owned());
    ApiToken::new(&secret).map_err(|error| Failure::usage(format!("the API token: {error}"), TOKEN_HINT))
}

fn service_app(arguments: &ConnectionArguments) -> Result<ServiceApp, Failure> {
    let Some(client_id) = &arguments.oauth_client_id else {
        return Err(Failure::usage(
            "no client id of the OAuth service app was given",
            "copy it from the app's page in Okta: --oauth-client-id 0oa…",
        ));
    };
    let Some(path) = &arguments.oauth_private_key_file else {
        return Err(Failure::usage("no private key of the OAuth service app was given", KEY_HINT));
    };
    let secret = Secret::new(secret_text(path, "private key", KEY_HINT)?);
    let key = PrivateKey::parse(&secret, arguments.oauth_key_id.as_deref())
        .map_err(|error| Failure::usage(error.to_string(), error.hint()))?;
    let build = || -> Result<ServiceApp, ServiceAppError> {
        let mut app = ServiceApp::new(client_id, key, Arc::new(now))?;
        if let Some(key_id) = &arguments.oauth_key_id {
            app = app.with_key_id(key_id)?;
        }
        if !arguments.oauth_scopes.is_empty() {
            app = app.with_scopes(arguments.oauth_scopes.iter().flat_map(|part| part.split_whitespace()))?;
        }
        Ok(app)
    };
    build().map_err(|error| Failure::usage(error.to_string(), error.hint()))
}

#[expect(clippy::disallowed_methods, reason = "a secret must not travel through the list of all settings")]
pub(crate) fn token_variable() -> Result<String, std::env::VarError> {
    std::env::var("ROLEBOOK_API_TOKEN")
}

pub(crate) fn secret_text(path: &Path, what: &str, hint: &'static str) -> Result<String, Failure> {
    if path == Path::new("-") {
        return read(std::io::stdin().lock(), what, "stdin", hint);
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::not_found(format!("cannot read the {what} file {name}: {error}"), hint))?;
    read(file, what, &name, hint)
}

fn read(source: impl Read, what: &str, name: &str, hint: &'static str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = source
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::failed(format!("cannot read the {what} from {name}: {error}"), hint))?;
    if read as u64 == MAX_BYTES {
        return Err(Failure::usage(format!("{name} is too large to hold a {what}"), hint));
    }
    Ok(text)
}
