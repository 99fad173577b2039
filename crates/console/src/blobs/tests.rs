#![expect(clippy::disallowed_methods, reason = "the environment says whether there is an S3")]

use super::*;

#[path = "../../tests/it/buckets.rs"]
mod buckets;

/// Every kind of place, each with a data folder of its own.
async fn places(test: &str) -> Vec<(tempfile::TempDir, Blobs)> {
    rolebook_okta::install_crypto_provider();
    let folder = || tempfile::tempdir().unwrap();
    let (own, beside) = (folder(), folder());
    let place = beside.path().join("blobs").display().to_string();
    let mut all = vec![(beside, Blobs::open(Some(&place), None, &folder().keep()).unwrap())];
    let blobs = Blobs::open(None, None, own.path()).unwrap();
    all.push((own, blobs));
    if let Some((place, endpoint)) = buckets::fresh(test).await {
        let own = folder();
        let blobs = Blobs::open(Some(&format!("{place}/some/prefix")), Some(&endpoint), own.path()).unwrap();
        all.push((own, blobs));
    }
    all
}

fn write(blobs: &Blobs, name: &str, bytes: &[u8]) {
    let path = blobs.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_comes_back_from_another_process_until_it_is_removed() {
    for (_folder, blobs) in places("blobs").await {
        // Larger than what goes in one piece.
        let large: Vec<u8> = (0..12_000_000_u32).map(|at| (at % 251) as u8).collect();
        for (name, bytes) in
            [("snapshots/con_a/syn_a.c1z", large.as_slice()), ("logs/con_a/syn_a.ndjson", b"{}")]
        {
            write(&blobs, name, bytes);
            blobs.put(name).await.unwrap();
            if !blobs.here() {
                std::fs::remove_file(blobs.path(name)).unwrap();
            }
            assert_eq!(std::fs::read(blobs.fetch(name).await.unwrap()).unwrap(), bytes, "{}", blobs.place);
        }
        blobs.put_text("snapshots/con_a/good", "one").await.unwrap();
        blobs.put_text("snapshots/con_a/good", "two").await.unwrap();
        assert_eq!(blobs.text("snapshots/con_a/good").await.unwrap().as_deref(), Some("two"));
        assert_eq!(
            blobs.list("snapshots").await.unwrap(),
            ["snapshots/con_a/good", "snapshots/con_a/syn_a.c1z"],
            "{}",
            blobs.place
        );
        blobs.delete("snapshots/con_a/syn_a.c1z").await.unwrap();
        blobs.delete("snapshots/con_a/syn_a.c1z").await.unwrap();
        let error = blobs.fetch("snapshots/con_a/syn_a.c1z").await.unwrap_err();
        assert_eq!(error.to_string(), format!("snapshots/con_a/syn_a.c1z is missing in {}", blobs.place));
        assert_eq!(blobs.text("nothing").await.unwrap(), None);
        assert!(blobs.list("logs/con_b").await.unwrap().is_empty());
        blobs.probe().await.unwrap();
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_is_refused_before_anything_is_asked() {
    rolebook_okta::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    for (place, endpoint, word) in [
        ("gs://bucket", None, "neither a folder nor s3"),
        ("s3://", None, "names no bucket"),
        ("s3://key@bucket", None, "neither a folder"),
        ("s3://bucket", Some("http://10.0.0.1:9000"), "plain http"),
        ("s3://bucket", Some("http://store.acme.test"), "plain http"),
    ] {
        let error = Blobs::open(Some(place), endpoint, folder.path()).err().unwrap();
        assert!(matches!(&error, ConsoleError::BlobPlace(why) if why.contains(word)), "{place}: {error}");
    }
    let blobs = Blobs::open(Some("s3://b/p"), Some("http://127.0.0.1:1"), folder.path()).unwrap();
    let error = blobs.fetch("snapshots/con_a/syn_a.c1z").await.unwrap_err();
    assert!(error.to_string().starts_with("cannot get snapshots/con_a/syn_a.c1z in s3://b/p: "), "{error}");
}

#[test]
fn files_of_snapshots_say_their_sync() {
    assert_eq!(snapshot_file("syn_a1", 1), "syn_a1.c1z");
    assert_eq!(snapshot_file("syn_a1", 3), "syn_a1-3.c1z");
    for (file, sync) in [
        ("syn_a1.c1z", Some("syn_a1")),
        ("syn_a1-3.c1z", Some("syn_a1")),
        ("current.c1z", None),
        ("syn_a1-x.c1z", None),
        ("syn_.c1z", None),
        ("syn_a1.c1z.held", None),
    ] {
        assert_eq!(sync_of(file), sync, "{file}");
    }
}
