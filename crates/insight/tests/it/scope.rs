//! Whatever is read for a question, the answer is the same; and the cache keeps to its rules.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use rolebook_fake_okta::orgs;
use rolebook_insight::{
    Cache, OpenOptions, Readings, RolePattern, Scope, open_with, predict_assertion, what, who, why,
};
use rolebook_snapshot::Limits;
use serde_json::to_value;

use crate::synced::{APP, Okta, START, opened};

fn scoped(file: &Path, scope: Scope<'_>) -> Readings {
    let options = OpenOptions { limits: Limits::default(), cache: None, scope, after: false };
    open_with(&[file.to_owned()], &options).unwrap()
}

#[test]
fn a_part_answers_like_the_whole() {
    let mut joined = orgs::demo_direct();
    joined.change_app(APP, |app| {
        app.setting("joinAllRoles", true).setting("identityProviderArn", serde_json::Value::Null)
    });
    for org in [orgs::demo(), orgs::demo_direct(), joined] {
        let file = Okta::of(org);
        let path = file.sync("a.c1z");
        let whole = opened(std::slice::from_ref(&path));
        let facts = whole.all()[0].facts();
        let any = RolePattern::parse("*");
        for user in facts.users.iter().step_by(7) {
            let name = user.person.login.as_deref().unwrap_or(user.id.as_str());
            let part = scoped(&path, Scope::Person(name));
            assert_eq!(part.all()[0].facts().users.len(), 1, "{name}");
            assert_eq!(
                to_value(what(&part, name).unwrap()).unwrap(),
                to_value(what(&whole, name).unwrap()).unwrap()
            );
            assert_eq!(
                to_value(why(&part, name, &any).unwrap()).unwrap(),
                to_value(why(&whole, name, &any).unwrap()).unwrap()
            );
            assert_eq!(
                to_value(predict_assertion(&part, name).unwrap()).unwrap(),
                to_value(predict_assertion(&whole, name).unwrap()).unwrap()
            );
        }
        for role in whole.all()[0].access().roles.roles() {
            let pattern = RolePattern::parse(&format!("{}/{}", role.account, role.name));
            let part = scoped(&path, Scope::Holders(&pattern));
            assert_eq!(
                to_value(who(&part, &pattern).unwrap()).unwrap(),
                to_value(who(&whole, &pattern).unwrap()).unwrap()
            );
        }
        // Whom nobody knows needs everybody: for the nearest names.
        let everybody = scoped(&path, Scope::Person("nobody@acme.test"));
        assert_eq!(everybody.all()[0].facts().users.len(), facts.users.len());
    }
}

struct Kept {
    okta: Okta,
    folder: PathBuf,
}

impl Kept {
    fn new() -> Self {
        let okta = Okta::of(orgs::demo());
        let folder = okta.folder().join("cache");
        Self { okta, folder }
    }

    fn open(&self, file: &Path, days: i64, max_bytes: u64) {
        let now = Timestamp::from_second(START).unwrap() + SignedDuration::from_hours(24 * days);
        let cache = Some(Cache { folder: self.folder.clone(), max_bytes, now });
        let options =
            OpenOptions { limits: Limits::default(), cache, scope: Scope::Everything, after: false };
        let readings = open_with(&[file.to_owned()], &options).unwrap();
        assert!(readings.all()[0].access().user_grants.len() > 100);
    }

    fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

const PLENTY: u64 = 1 << 30;

#[test]
fn a_copy_is_kept_by_content_and_private() {
    let kept = Kept::new();
    let file = kept.okta.sync("a.c1z");
    kept.open(&file, 0, PLENTY);
    let files = kept.files();
    assert_eq!(files.len(), 1);
    let copy = kept.folder.join(&files[0]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&copy), mode(&kept.folder)), (0o600, 0o700));
    // The same content under another name is the same copy.
    let other = kept.okta.folder().join("b.c1z");
    std::fs::copy(&file, &other).unwrap();
    kept.open(&other, 0, PLENTY);
    assert_eq!(kept.files(), files);
    // A copy that was damaged is made again.
    std::fs::write(&copy, "no database").unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).unwrap();
    kept.open(&file, 0, PLENTY);
    assert!(std::fs::metadata(&copy).unwrap().len() > 10_000);
}

#[test]
fn copies_go_when_unused_for_a_week_or_too_many() {
    let kept = Kept::new();
    let (a, b) = (kept.okta.sync("a.c1z"), kept.okta.sync("b.c1z"));
    kept.open(&a, 0, PLENTY);
    std::fs::write(kept.folder.join("notes"), "not a copy").unwrap();
    kept.open(&b, 6, PLENTY);
    assert_eq!(kept.files().len(), 3);
    kept.open(&a, 7, PLENTY);
    // b was used on day 6 and stays on day 12; on day 14 it goes.
    let c = kept.okta.sync("c.c1z");
    kept.open(&c, 14, PLENTY);
    assert_eq!(kept.files().len(), 3, "{:?}", kept.files());
    // Little room: the newest alone. Too little: none at all.
    let size = std::fs::metadata(kept.folder.join(&kept.files()[0])).unwrap().len();
    let d = kept.okta.sync("d.c1z");
    kept.open(&d, 14, size * 3 / 2);
    assert_eq!(kept.files().len(), 2, "{:?}", kept.files());
    let e = kept.okta.sync("e.c1z");
    kept.open(&e, 14, 10);
    assert_eq!(kept.files(), ["notes"]);
}

#[test]
fn a_folder_that_others_write_to_is_not_used() {
    let kept = Kept::new();
    let file = kept.okta.sync("a.c1z");
    std::fs::create_dir(&kept.folder).unwrap();
    std::fs::set_permissions(&kept.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    kept.open(&file, 0, PLENTY);
    assert_eq!(kept.files(), [""; 0]);
    std::fs::remove_dir(&kept.folder).unwrap();
    std::fs::write(&kept.folder, "a file").unwrap();
    kept.open(&file, 0, PLENTY);
}
