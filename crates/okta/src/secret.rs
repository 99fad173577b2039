//! Secrets that cannot print.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

/// A text that no formatter shows and that is wiped when dropped.
///
/// Only this crate can read it back, and does so to build the Authorization header and to read a private key.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over. The caller's copy, if any, stays the caller's concern.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Writes it out, for a file that only its owner reads; never for people.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_to(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        out.write_all(self.reveal().as_bytes())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a text cannot be an API token. Never carries any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but blanks.
    #[error("api-token: is empty")]
    Empty,
    /// A blank or line break in the middle: two values pasted, or a scheme kept in front.
    #[error("api-token: has a blank or line break inside")]
    Whitespace,
    /// A control or non-ASCII character: a damaged paste.
    #[error("api-token: has a character that no token has")]
    Character,
}

/// An Okta API token (scheme SSWS).
#[derive(Clone)]
pub struct ApiToken(Secret);

impl ApiToken {
    /// Takes a token as pasted; blanks around it are dropped.
    ///
    /// # Errors
    /// When it is empty, has blanks inside, or characters that cannot stand in a header.
    pub fn new(secret: &Secret) -> Result<Self, TokenError> {
        let text = secret.reveal().trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.chars().any(char::is_whitespace) {
            return Err(TokenError::Whitespace);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        Ok(Self(Secret::from(text)))
    }

    /// The header value, marked sensitive so that HTTP layers neither log nor index it.
    pub(crate) fn authorization(&self) -> Result<HeaderValue, TokenError> {
        let text = Zeroizing::new(format!("SSWS {}", self.0.reveal()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| TokenError::Character)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_trimmed_and_checked() {
        let rows: &[(&str, Result<&str, TokenError>)] = &[
            ("00abcDEF-_x", Ok("SSWS 00abcDEF-_x")),
            (" 00abc\r\n", Ok("SSWS 00abc")),
            ("\u{a0}00abc\u{feff}", Err(TokenError::Character)),
            ("", Err(TokenError::Empty)),
            (" \t\n", Err(TokenError::Empty)),
            ("SSWS 00abc", Err(TokenError::Whitespace)),
            ("00a\n00b", Err(TokenError::Whitespace)),
            ("00a\0b", Err(TokenError::Character)),
            ("00ä", Err(TokenError::Character)),
        ];
        for (text, expected) in rows {
            let got = ApiToken::new(&Secret::from(*text))
                .map(|token| token.authorization().unwrap().to_str().unwrap().to_owned());
            assert_eq!(got.as_deref().map_err(|error| *error), *expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::from("canary");
        let token = ApiToken::new(&secret).unwrap();
        let header = token.authorization().unwrap();
        assert!(header.is_sensitive());
        let printed = format!("{secret:?} {token:?} {header:?} {:#?}", (&secret, &token));
        assert!(!printed.contains("canary"), "{printed}");
    }
}
