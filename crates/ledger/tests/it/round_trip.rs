use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;
use rolebook_federation::{Access, Rules, Switches, Warnings, resolve};
use rolebook_ledger::{Facts, read, write};
use rolebook_snapshot::{GrantFilter, Limits, Snapshot, SnapshotWriter, SyncId, WriterOptions};

use crate::facts::{facts, normalised};

pub(crate) fn access(facts: &Facts) -> Access {
    let mut warnings = Warnings::new();
    let app = facts.app.to_federation(&mut warnings);
    let rules = Rules::compile(&app, facts.app.union, &Switches::default(), &mut warnings).unwrap();
    resolve(
        &rules,
        &facts.catalogue.values,
        facts.groups.iter().map(|g| &g.group),
        facts.users.iter().map(|u| &u.user),
    )
}

pub(crate) fn seal(facts: &Facts, path: &Path) -> SyncId {
    let sync_id = SyncId::new(1_800_000_000, [7; 16]);
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let mut writer = SnapshotWriter::create(WriterOptions::new(path.to_owned(), sync_id, at)).unwrap();
    write(facts, &access(facts), &mut writer).unwrap();
    writer.seal(at, None).unwrap();
    sync_id
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Facts → rows → facts → rows: both facts and both files are the same.
    #[test]
    fn facts_survive_the_file(facts in facts()) {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.c1z"), folder.path().join("b.c1z"));
        let sync = seal(&facts, &first);
        let snapshot = Snapshot::open(&first, &Limits::default()).unwrap();
        let back = read(&snapshot.rows(&sync)).unwrap();
        prop_assert_eq!(normalised(back.clone()), normalised(facts));
        seal(&back, &second);
        prop_assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    }

    /// No grant without its principal, its entitlement and its resource in the file.
    #[test]
    fn nothing_dangles(facts in facts()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c1z");
        let sync = seal(&facts, &path);
        let snapshot = Snapshot::open(&path, &Limits::default()).unwrap();
        let rows = snapshot.rows(&sync);
        rows.grants(GrantFilter::All, |row| {
            assert!(rows.entitlement(row.entitlement_id)?.is_some(), "{}", row.external_id);
            assert!(rows.resource(row.resource_type, row.resource)?.is_some(), "{}", row.external_id);
            let grant = row.grant()?;
            let principal = grant.principal.unwrap().id.unwrap();
            assert!(rows.resource(&principal.resource_type, &principal.resource)?.is_some(), "{}", grant.id);
            for source in grant.sources.iter().flat_map(|s| s.sources.keys()) {
                assert!(rows.entitlement(source)?.is_some(), "{} {source}", grant.id);
            }
            Ok::<_, rolebook_snapshot::Error>(())
        }).unwrap();
    }
}
