//! What can go wrong when a fake is started.

use std::io;
use std::net::SocketAddr;

/// Why a fake did not start.
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
    /// No certificate could be made.
    #[error("fake okta could not make its certificate: {0}; start it without TLS")]
    Certificate(String),
}
