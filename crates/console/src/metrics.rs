//! Numbers for Prometheus.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    ConsoleError,
    console::Console,
    hosted::Hosted,
    store::{connectors, syncs},
};

/// Counters since the start.
#[derive(Default)]
pub(crate) struct Metrics {
    syncs: Mutex<BTreeMap<String, u64>>,
    provider_refused: AtomicU64,
}

impl Metrics {
    /// A sign-in through the provider proved nothing.
    pub(crate) fn provider_refused(&self) {
        self.provider_refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sync_ended(&self, result: &str) {
        *self.syncs.lock().unwrap_or_else(PoisonError::into_inner).entry(result.to_owned()).or_default() += 1;
    }
}

/// The text that `/metrics` answers with.
pub(crate) async fn text(console: &Console) -> Result<String, ConsoleError> {
    let mut out = String::new();
    head(&mut out, "rolebook_syncs_total", "counter", "Syncs that ended, by result.");
    for (result, count) in console.metrics.syncs.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = writeln!(out, "rolebook_syncs_total{{result=\"{result}\"}} {count}");
    }
    let name = "rolebook_provider_sign_ins_refused_total";
    head(&mut out, name, "counter", "Sign-ins through the provider that proved nothing.");
    let _ = writeln!(out, "{name} {}", console.metrics.provider_refused.load(Ordering::Relaxed));
    let now = console.now();
    let mut labels: BTreeMap<&str, u64> = BTreeMap::new();
    let mut age = String::new();
    for row in connectors::all(console.store.db()).await? {
        let hosted = Hosted::of(row)?;
        *labels.entry(hosted.label(now).text()).or_default() += 1;
        if let Some(at) = hosted.life.good_at {
            let seconds = now.duration_since(at).as_secs();
            let _ = writeln!(
                age,
                "rolebook_connector_good_age_seconds{{connector=\"{}\"}} {seconds}",
                hosted.row.id
            );
        }
    }
    head(&mut out, "rolebook_connectors", "gauge", "Connectors, by label.");
    for (label, count) in labels {
        let _ = writeln!(out, "rolebook_connectors{{label=\"{label}\"}} {count}");
    }
    head(
        &mut out,
        "rolebook_connector_good_age_seconds",
        "gauge",
        "Seconds since the sync whose data is shown.",
    );
    out.push_str(&age);
    let queued = syncs::claimable(console.store.db(), now.as_millisecond()).await?.len();
    head(&mut out, "rolebook_queue_syncs", "gauge", "Syncs that wait for a worker.");
    let _ = writeln!(out, "rolebook_queue_syncs {queued}");
    type Column = fn(&rolebook_okta::BucketStats) -> f64;
    let columns: [(&str, &str, Column); 4] = [
        ("rolebook_okta_requests_total", "Requests sent to Okta.", |s| s.requests as f64),
        ("rolebook_okta_refusals_total", "Answers 429.", |s| s.refusals as f64),
        ("rolebook_okta_waits_total", "Waits for the rate limit.", |s| s.waits as f64),
        ("rolebook_okta_waited_seconds_total", "Seconds spent waiting.", |s| s.waited.as_secs_f64()),
    ];
    let stats = console.orgs.stats();
    for (name, help, column) in columns {
        head(&mut out, name, "counter", help);
        for (org, buckets) in &stats {
            for bucket in buckets {
                let _ =
                    writeln!(out, "{name}{{org=\"{org}\",bucket=\"{}\"}} {}", bucket.bucket, column(bucket));
            }
        }
    }
    Ok(out)
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
