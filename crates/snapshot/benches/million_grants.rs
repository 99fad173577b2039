//! A million grants: written, sealed, opened, asked. `cargo bench -p rolebook-snapshot` (`-- <grants>` for another
//! number). Prints seconds and the peak of memory; asserts nothing about them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks to a terminal"
)]

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rolebook_snapshot::proto::{
    Entitlement, Grant, GrantMetadata, GrantSources, Resource, ResourceId, ResourceType, grant_sources,
};
use rolebook_snapshot::{
    Error, GrantFilter, GrantPart, GrantRow, Limits, Snapshot, SnapshotWriter, SyncId, WriterOptions,
    annotation, json,
};

const ROLES: usize = 10;
const HOLDERS: usize = 500;
const USERS: usize = 10_000;

fn main() {
    // Without cargo's flag it is run among the tests, to see that it runs.
    let grants = if std::env::args().any(|word| word == "--bench") { 1_000_000 } else { 10_000 };
    let wanted = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(grants);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let target = folder.path().join("sync.c1z");
    println!("{wanted} grants");
    write(&target, wanted, 1, Make::Records, "new file");
    std::fs::remove_file(&target).unwrap();
    write(&target, wanted, 1, Make::parts(), "new file, from parts");
    read(&target, 1);
    write(&target, wanted, 2, Make::parts(), "second sync beside the first");
    println!("peak memory {}", peak_memory());
}

fn write(target: &Path, wanted: usize, seed: u8, mut make: Make, what: &str) {
    let began = Watch::start();
    let start = Timestamp::from_second(1_800_000_000).unwrap();
    let id = SyncId::new(start.as_second(), [seed; 16]);
    let mut writer = SnapshotWriter::create(WriterOptions::new(target.into(), id, start)).unwrap();
    println!("{what}: create {}", began);

    let began = Watch::start();
    let accounts = wanted.div_ceil(ROLES * HOLDERS);
    writer.resource_type(&ResourceType::new("account", "Account", &[])).unwrap();
    writer.resource_type(&ResourceType::new("user", "User", &[])).unwrap();
    for account in 0..accounts {
        writer.resource(&Resource::new(ResourceId::new("account", &account_id(account)), "acme")).unwrap();
    }
    for user in 0..USERS {
        writer.resource(&Resource::new(ResourceId::new("user", &user_id(user)), "Ann Example")).unwrap();
    }
    let mut left = wanted;
    for account in 0..accounts {
        for role in 0..ROLES {
            let of = ResourceId::new("account", &account_id(account));
            let entitlement = Entitlement::assignment(Resource::new(of.clone(), "acme"), &role_name(role));
            writer.entitlement(&entitlement).unwrap();
            let first = (account * 131 + role * 17) % (USERS - HOLDERS);
            make.write(&mut writer, &entitlement.id, &of, first..first + HOLDERS.min(left));
            left -= HOLDERS.min(left);
        }
    }
    println!("{what}: make and load {}", began);

    let began = Watch::start();
    let sealed = writer.seal(start, None).unwrap();
    println!(
        "{what}: seal {} ({} MB, database {} MB)",
        began,
        sealed.bytes / 1_000_000,
        sealed.database_bytes / 1_000_000
    );
}

/// How the grants are made.
enum Make {
    /// One message each.
    Records,
    /// From parts, with the buffer for them.
    Parts { principals: Vec<(String, GrantPart)>, rest: Vec<GrantPart>, record: Vec<u8> },
}

impl Make {
    fn parts() -> Self {
        let principal = |user| {
            let id = user_id(user);
            let part = GrantPart::principal(&Resource::stub(ResourceId::new("user", &id)));
            (id, part)
        };
        let rest = |user| {
            let grant = grant("", &ResourceId::default(), user);
            GrantPart::rest(&grant.annotations, grant.sources.as_ref())
        };
        Self::Parts {
            principals: (0..USERS).map(principal).collect(),
            rest: (0..7).map(rest).collect(),
            record: Vec::new(),
        }
    }

    fn write(
        &mut self,
        writer: &mut SnapshotWriter,
        entitlement: &str,
        of: &ResourceId,
        users: Range<usize>,
    ) {
        match self {
            Self::Records => {
                users.for_each(|user| writer.grant(&grant(entitlement, of, user)).unwrap());
            }
            Self::Parts { principals, rest, record } => {
                let head = Grant::new(entitlement, of.clone(), ResourceId::default()).entitlement.unwrap();
                let head = GrantPart::entitlement(&head);
                let mut external_id = format!("{entitlement}:user:");
                let stem = external_id.len();
                for user in users {
                    let (principal, part) = &principals[user];
                    external_id.truncate(stem);
                    external_id.push_str(principal);
                    GrantPart::assemble(record, &head, part, &external_id, &rest[user % 7]);
                    let row = GrantRow {
                        resource_type: &of.resource_type,
                        resource: &of.resource,
                        entitlement_id: entitlement,
                        principal_type: "user",
                        principal,
                        external_id: &external_id,
                        expansion: None,
                        data: record,
                    };
                    writer.grant_row(&row).unwrap();
                }
            }
        }
    }
}

fn grant(entitlement: &str, of: &ResourceId, user: usize) -> Grant {
    let mut grant = Grant::new(entitlement, of.clone(), ResourceId::new("user", &user_id(user)));
    let mut metadata = serde_json::Map::new();
    metadata.insert("source".into(), "group".into());
    annotation::put(&mut grant.annotations, &GrantMetadata { metadata: Some(json::to_struct(&metadata)) });
    let source =
        (format!("group:00g{:017}:member", user % 7), grant_sources::GrantSource { is_direct: true });
    grant.sources = Some(GrantSources { sources: [source].into() });
    grant
}

fn read(target: &Path, seed: u8) {
    let id = SyncId::new(1_800_000_000, [seed; 16]);
    let began = Watch::start();
    let snapshot = Snapshot::open(target, &Limits::default()).unwrap();
    let sync = snapshot.latest_full().unwrap();
    assert_eq!(sync.id, id);
    println!("open {}", began);
    let rows = snapshot.rows(&id);
    let user = user_id(300);
    for filter in [
        GrantFilter::Principal { resource_type: "user", resource: &user },
        GrantFilter::Principal { resource_type: "user", resource: &user },
        GrantFilter::Entitlement(&format!("account:{}:{}", account_id(1), role_name(1))),
        GrantFilter::ResourceType("account"),
        GrantFilter::All,
    ] {
        let began = Watch::start();
        let mut found = 0_u64;
        rows.grants(filter, |_| {
            found += 1;
            Ok::<_, Error>(())
        })
        .unwrap();
        println!("{filter:?}: {found} rows in {}", began);
    }
    let began = Watch::start();
    let mut decoded = 0_usize;
    rows.grants(GrantFilter::All, |row| {
        decoded += row.grant()?.annotations.len();
        Ok::<_, Error>(())
    })
    .unwrap();
    println!("all decoded ({decoded} annotations) in {}", began);
}

fn account_id(account: usize) -> String {
    format!("{:012}", 100_000_000_000_usize + account * 4_099)
}

fn role_name(role: usize) -> String {
    format!("PowerUser-{role:02}")
}

fn user_id(user: usize) -> String {
    format!("00u{:017}", user * 7_919)
}

/// Wall time, and the processor time of all threads: on a busy machine only the latter can be compared.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), cpu_time())
    }
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2?} (cpu {:.2?})", self.0.elapsed(), cpu_time() - self.1)
    }
}

/// From `/proc`, in ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".into(), |line| line.trim().into())
}
