//! Baton snapshot files.
