//! Fresh secrets and ids, and the hashes under which secrets are kept.

use aws_lc_rs::digest;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use crate::ConsoleError;

/// Random bytes from the system.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ConsoleError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| ConsoleError::Random)?;
    Ok(bytes)
}

/// An id that says of what: `con_k3v…`, 80 random bits.
pub(crate) fn id(kind: &str) -> Result<String, ConsoleError> {
    Ok(format!("{kind}_{}", BASE32_NOPAD.encode(&bytes::<10>()?).to_ascii_lowercase()))
}

/// A secret that is shown once: 256 random bits.
pub(crate) fn secret() -> Result<String, ConsoleError> {
    Ok(BASE64URL_NOPAD.encode(&bytes::<32>()?))
}

/// What is kept of such a secret. It is random, so a plain hash is enough.
pub(crate) fn hash(secret: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}
