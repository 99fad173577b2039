//! Reads an Okta org and seals it into a snapshot.
