//! Rolebook.
fn main() {}
