//! Compiles the records in `proto/` without a `protoc` on the machine.

use std::error::Error;

const FILES: [&str; 5] = [
    "c1/connector/v2/resource.proto",
    "c1/connector/v2/entitlement.proto",
    "c1/connector/v2/grant.proto",
    "c1/connector/v2/traits.proto",
    "c1/connector/v2/annotations.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    prost_build::Config::new()
        // Sorted maps: equal records must have equal bytes, because diffs compare bytes.
        .btree_map(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .compile_fds(descriptors)?;
    Ok(())
}
