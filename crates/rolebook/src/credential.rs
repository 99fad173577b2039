//! Where the API token comes from: a file, stdin or the environment, never the command line.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use rolebook_okta::{ApiToken, Secret};

use crate::failure::Failure;

const HINT: &str = "give a file with --api-token-file (- is stdin), or set ROLEBOOK_API_TOKEN";
/// Okta's tokens have 42 characters; a file of another order of size is another file.
const MAX_BYTES: u64 = 16 * 1024;

/// Reads the token. Blanks around it are cut off.
pub(crate) fn api_token(file: Option<&PathBuf>) -> Result<ApiToken, Failure> {
    let text = match file {
        Some(path) if path == Path::new("-") => read(std::io::stdin().lock(), "stdin")?,
        Some(path) => {
            let name = path.display().to_string();
            let file = std::fs::File::open(path).map_err(|error| {
                Failure::not_found(format!("cannot read the token file {name}: {error}"), HINT)
            })?;
            read(file, &name)?
        }
        None => from_environment()?,
    };
    let secret = Secret::new(text.trim().to_owned());
    ApiToken::new(&secret).map_err(|error| Failure::usage(format!("the API token: {error}"), HINT))
}

#[expect(clippy::disallowed_methods, reason = "a secret must not travel through the list of all settings")]
fn from_environment() -> Result<String, Failure> {
    std::env::var("ROLEBOOK_API_TOKEN").map_err(|error| {
        let what = match error {
            std::env::VarError::NotPresent => "no API token was given",
            std::env::VarError::NotUnicode(_) => "ROLEBOOK_API_TOKEN is not text",
        };
        Failure::usage(what, HINT)
    })
}

fn read(source: impl Read, name: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = source
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::failed(format!("cannot read the token from {name}: {error}"), HINT))?;
    if read as u64 == MAX_BYTES {
        return Err(Failure::usage(format!("{name} is too large to hold a token"), HINT));
    }
    Ok(text)
}
