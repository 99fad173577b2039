//! Ready-made orgs: two for people to look at, and a generator for tests of size.

mod demo;
mod demo_direct;
mod generated;
mod people;

pub use demo::demo;
pub use demo_direct::demo_direct;
pub use generated::{GeneratorSpec, Mode, generated};
