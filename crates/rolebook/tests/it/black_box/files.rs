//! Files that the command makes, and its memory: for its user only.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use rolebook_fake_okta::orgs;

use super::{
    operations::{Browser, SERVE},
    place::{Call, Place, okta, until},
    serve::Serving,
};

/// What `umask` is for nearly everyone.
const USUAL: &str = "umask 022";

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// Everything in a folder and below, with the folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found
}

/// Paths that others have rights on.
fn open(folders: &[PathBuf]) -> Vec<String> {
    let paths = folders.iter().flat_map(|folder| all(folder));
    let open = paths.filter(|path| mode(path) & 0o077 != 0);
    open.map(|path| format!("{:03o} {}", mode(&path), path.display())).collect()
}

fn usual(place: &Place, arguments: &str) -> Call {
    place.call(arguments).after(USUAL)
}

#[test]
fn whatever_the_console_writes_is_for_its_user() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let serving = Serving::of(usual(
        &place,
        &format!("{SERVE} --data-dir data --blobs elsewhere/blobs --mail-folder letters/mail"),
    ));
    let sue = Browser::sue(&serving, serving.word("for 15 minutes:"));
    let id = sue.connected(&fake);
    let ann = serde_json::json!({ "name": "Ann", "email": "ann@acme.test", "roles": ["basic-user"] });
    sue.json("POST", "/api/users", &ann).json(201);
    until("a letter is written", || {
        place.path("letters/mail").exists() && !place.files_in("letters/mail").is_empty()
    });
    let folders = ["data", "elsewhere", "letters"].map(|name| place.path(name));
    assert_eq!(open(&folders), [""; 0]);
    for (folder, name) in
        [("data", "rolebook.db-wal"), ("elsewhere/blobs/snapshots", &*id), ("elsewhere/blobs/logs", &id)]
    {
        assert!(place.files_in(folder).iter().any(|found| found == name), "{folder} has {name}");
    }
    serving.stop();
    usual(&place, "admin link --data-dir data").end().succeeded();
    assert_eq!(open(&folders), [""; 0]);

    // A folder of blobs that was there with wider rights is told, and left as it is.
    let blobs = place.path("elsewhere/blobs");
    std::fs::set_permissions(&blobs, std::fs::Permissions::from_mode(0o755)).unwrap();
    let end = usual(&place, "doctor --data-dir data --blobs elsewhere/blobs").end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.out.contains("BAD   files") && end.out.contains("elsewhere/blobs (mode 755)"), "{end:#?}");
    assert_eq!(mode(&blobs), 0o755);
    // What an earlier version left open inside of the data folder is closed.
    std::fs::set_permissions(place.path("data/rolebook.db"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let again = usual(&place, "doctor --data-dir data --blobs elsewhere/blobs").end();
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert_eq!(open(&folders[..1]), [""; 0]);
}

#[test]
fn a_backup_is_closed_while_it_is_made_and_a_killed_one_leaves_nothing() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let serving = Serving::of(usual(&place, &format!("{SERVE} --data-dir data")));
    let sue = Browser::sue(&serving, serving.word("for 15 minutes:"));
    let id = sue.connected(&fake);
    serving.stop();
    // The backup waits at a pipe that nobody writes into, with the database copied already.
    let pipe = place.path(&format!("data/snapshots/{id}/syn_pipe.events"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::create_dir(place.path("backups")).unwrap();
    let mut killed = usual(&place, "admin backup backups/b.tar --data-dir data").spawn();
    let scratch = || place.files_in("backups").into_iter().find(|name| name.starts_with(".rolebook-backup-"));
    let copied = || {
        let copy = scratch().map(|name| place.path(&format!("backups/{name}/rolebook.db")));
        copy.is_some_and(|copy| copy.metadata().is_ok_and(|known| known.len() > 0))
    };
    until("the database is copied", copied);
    let left = place.path(&format!("backups/{}", scratch().unwrap()));
    assert_eq!(open(std::slice::from_ref(&left)), [""; 0]);
    // Another start does not touch what is at work.
    usual(&place, "admin link --data-dir data").end().succeeded();
    assert!(left.exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(left.exists(), "a kill cleans nothing up");
    let serving = Serving::of(usual(&place, &format!("{SERVE} --data-dir data")));
    assert_eq!(place.files_in("backups"), [""; 0], "the next start does");
    serving.stop();
    let notes = place.files_in("data").into_iter().filter(|name| name.starts_with(".backup-in-"));
    assert_eq!(notes.count(), 0);

    std::fs::remove_file(pipe).unwrap();
    usual(&place, "admin backup backups/b.tar --data-dir data").end().succeeded();
    usual(&place, "admin restore backups/b.tar --data-dir restored").end().succeeded();
    assert_eq!(open(&[place.path("restored")]), [""; 0]);
    assert_eq!(mode(&place.path("backups/b.tar")), 0o600);
    assert_eq!(place.files_in("backups"), ["b.tar"]);
    assert!(place.path("restored").join("snapshots").join(&id).is_dir());
}

/// Who owns what the kernel shows of a process's memory: root, when others of the same user may not look into it.
#[cfg(target_os = "linux")]
#[test]
fn its_memory_is_closed_to_other_processes_of_its_user() {
    const NOBODY: u32 = 65_534;
    let place = Place::new();
    let own = std::fs::metadata("/proc/self").unwrap().uid();
    // A process of root's own shows root either way: then it runs as another user.
    let user = if own == 0 { NOBODY } else { own };
    let owner = |pid: u32| std::fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid();
    std::fs::set_permissions(place.path("."), std::fs::Permissions::from_mode(0o777)).unwrap();
    // What any other program shows.
    let mut sleeping = Command::new("sleep");
    sleeping.arg("60");
    if own == 0 {
        std::os::unix::process::CommandExt::uid(&mut sleeping, user);
    }
    let mut sleeping = sleeping.spawn().unwrap();
    until("it sleeps", || {
        let name = std::fs::read_to_string(format!("/proc/{}/comm", sleeping.id()));
        name.is_ok_and(|name| name.trim() == "sleep")
    });
    let shown = owner(sleeping.id());
    sleeping.kill().unwrap();
    sleeping.wait().unwrap();
    assert_eq!(shown, user);

    let call = place.call("serve --listen 127.0.0.1:0");
    let serving = Serving::of(if own == 0 { call.run_as(user) } else { call });
    let shown = owner(serving.child.id());
    serving.kill();
    assert_eq!(shown, 0);
}
