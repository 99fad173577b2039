//! How fast the fake makes and serves a mid-sized org: it must not be what a sync benchmark measures.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::{Bencher, black_box};
use rolebook_fake_okta::orgs::{GeneratorSpec, generated};
use rolebook_fake_okta::{FakeOkta, Options, RateLimits};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5)]
fn generate_10k_users() {
    black_box(generated(&GeneratorSpec::default()));
}

#[divan::bench(sample_count = 3)]
fn generate_1m_users() {
    let spec =
        GeneratorSpec { users: 1_000_000, groups: 100_000, memberships: 3_200_000, ..Default::default() };
    black_box(generated(&spec));
}

#[divan::bench(args = [
    "/api/v1/groups?limit=200",
    "/api/v1/groups?limit=10000",
    "/api/v1/groups/00gManagement0000001/users?limit=1000",
    "/api/v1/apps/0oaAWS/users?limit=500",
    "/api/v1/apps/0oaAWS/users?limit=500&expand=user",
    "/api/v1/users?limit=200",
])]
fn page(bencher: Bencher, path: &str) {
    let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    let fake = FakeOkta::start(generated(&GeneratorSpec::default()), options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let authorization = format!("SSWS {}", fake.token("super"));
    let url = format!("{}{path}", fake.url());
    bencher.bench_local(|| {
        let request = http.get(&url).header("authorization", &authorization);
        fake.clear_log();
        runtime.block_on(async { request.send().await.unwrap().bytes().await.unwrap().len() })
    });
}
