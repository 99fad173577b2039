//! What can go wrong before a fake answers.

use std::io;
use std::net::SocketAddr;

/// Why there is no org or no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("fake okta cannot listen on {address}: choose a free port, or port 0 to get one")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An org file cannot be read.
    #[error("org file: {0}")]
    OrgFile(String),
    /// No certificate could be made.
    #[error("fake okta could not make its certificate: {0}; start it without TLS")]
    Certificate(String),
    /// No key could be made.
    #[error("fake okta could not make a key")]
    Key,
}
