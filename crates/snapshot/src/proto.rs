//! The records of a snapshot: the Rust form of `proto/c1/connector/v2`.
//!
//! Maps are sorted, so equal records encode to equal bytes. Fields that hold an enum are `i32` with a typed
//! getter and setter beside them; a number unknown to this build survives a round trip.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated from the .proto files, which carry the words"
)]

include!(concat!(env!("OUT_DIR"), "/c1.connector.v2.rs"));
