//! A faithful Okta in a box.
