# What a person types; .ci/run calls the same lines.

# Everything a change must pass.
check: fmt lint doc test

# The built-in fake Okta, a sync of it, and what to try next.
demo:
    cargo run --release -- demo

test:
    cargo test --workspace

fmt:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

deny:
    cargo deny check bans licenses sources

# Syncs through random faults for a long time; a failing run names its seed.
chaos runs="2000":
    ROLEBOOK_CHAOS_RUNS={{runs}} cargo test --release -p rolebook-connector --test it chaos -- --nocapture

# Measures the budgets and writes docs/PERFORMANCE.md.
bench:
    cargo build --release -p rolebook -p rolebook-bench
    target/release/rolebook-bench

ci:
    bash .ci/run

# Pictures of the console for docs/, made by the browser tests.
pictures:
    ROLEBOOK_SCREENSHOTS=$PWD/target/pictures ROLEBOOK_CHROMEDRIVER=$(command -v chromedriver) cargo test -p rolebook-console --test it browser
    mkdir -p docs/pictures
    for name in connected connector-settings explorer explorer-dark people-table plan-revoke difference findings findings-dark activity; do cp target/pictures/$name.png docs/pictures/; done
