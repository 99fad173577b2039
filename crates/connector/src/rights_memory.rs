//! What was learnt of a token's rights to write, kept between runs: a refusal is not run into twice, and a check that
//! could read the owner's roles is not made again for each change.
//!
//! One small file for each org, by owner of the token. It holds no evidence (that is the audit's): without it, a write
//! is tried and refused once more.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rolebook_federation::plan::{self, Row};
use serde::{Deserialize, Serialize};

use crate::{Capability, Rights, Standing};

/// A token whose owner Okta does not name.
const NAMELESS: &str = "-";
const MOST_BYTES: u64 = 1 << 20;

/// What is remembered of one right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Whether the token has it.
    pub holds: bool,
    /// How that is known.
    pub why: String,
    /// Since when it is known.
    pub at: Timestamp,
    /// What taught it.
    pub from: Teacher,
}

/// What taught a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teacher {
    /// A write that Okta took or refused.
    Write,
    /// `rolebook check` read the roles of the token's owner.
    Check,
}

/// Lessons of one org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsMemory {
    path: PathBuf,
    owners: BTreeMap<String, BTreeMap<Row, Lesson>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    owners: BTreeMap<String, BTreeMap<Row, Lesson>>,
}

impl RightsMemory {
    /// Reads the memory; none is an empty one.
    ///
    /// # Errors
    /// The file cannot be read, or is none of ours. [`Self::empty`] goes on without it.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::empty(path)),
            Err(error) => return Err(error),
            Ok(found) if found.len() > MOST_BYTES => return Err(io::Error::other("it is too large")),
            Ok(_) => fs::read(path)?,
        };
        let document: Document = serde_json::from_slice(&bytes).map_err(io::Error::from)?;
        Ok(Self { path: path.to_owned(), owners: document.owners })
    }

    /// An empty memory that will be kept there.
    #[must_use]
    pub fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), owners: BTreeMap::new() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of a right of this owner's token.
    #[must_use]
    pub fn of(&self, owner: Option<&str>, row: Row) -> Option<&Lesson> {
        self.owners.get(owner.unwrap_or(NAMELESS))?.get(&row)
    }

    /// What a plan has to know.
    #[must_use]
    pub fn rights(&self, owner: Option<&str>) -> plan::Rights {
        let mut rights = plan::Rights::default();
        for row in [Row::GroupMembership, Row::ApplicationAssignment] {
            match self.of(owner, row) {
                Some(Lesson { holds: true, .. }) => rights.learn(row, plan::Standing::Yes),
                Some(lesson) => rights.learn(row, plan::Standing::No { why: lesson.to_string() }),
                None => {}
            }
        }
        rights
    }

    /// Okta took a write, or refused one. What a refusal means for the right as a whole depends on what was known: the
    /// token had it before, so that it may be this object alone which is out of reach, and the right is open again; or
    /// it was not known, and now is.
    pub fn wrote(&mut self, owner: Option<&str>, row: Row, refused: Option<&str>, at: Timestamp) {
        let held = self.of(owner, row).is_some_and(|lesson| lesson.holds);
        let lesson = match refused {
            None => Some((true, "Okta took a write".to_owned())),
            Some(_) if held => None,
            Some(why) => Some((false, why.to_owned())),
        };
        let rows = self.owners.entry(owner.unwrap_or(NAMELESS).to_owned()).or_default();
        match lesson {
            Some((holds, why)) => {
                rows.insert(row, Lesson { holds, why, at, from: Teacher::Write });
            }
            None => {
                rows.remove(&row);
            }
        }
    }

    /// A check was made. What it saw counts from now on; what it was told takes a refusal back, so that the write is
    /// tried again; what it could not see leaves what a write has taught. The matrix is returned with that in it.
    #[must_use]
    pub fn checked(&mut self, owner: Option<&str>, mut rights: Rights, at: Timestamp) -> Rights {
        for (capability, row) in [
            (Capability::ProvisionMemberships, Row::GroupMembership),
            (Capability::ProvisionAssignments, Row::ApplicationAssignment),
        ] {
            let known = self.of(owner, row).cloned();
            let rows = self.owners.entry(owner.unwrap_or(NAMELESS).to_owned()).or_default();
            match rights.of(capability).clone() {
                Standing::Yes { seen: why } => {
                    rows.insert(row, Lesson { holds: true, why, at, from: Teacher::Check });
                }
                Standing::No { why, at } => {
                    rows.insert(row, Lesson { holds: false, why, at, from: Teacher::Check });
                }
                Standing::Stated { holds: true, .. } => {
                    if known.is_some_and(|lesson| !lesson.holds) {
                        rows.remove(&row);
                    }
                }
                Standing::Stated { holds: false, .. } | Standing::Unknown { .. } => match known {
                    Some(lesson) if lesson.from == Teacher::Check => {
                        rows.remove(&row);
                    }
                    Some(lesson) if lesson.holds => {
                        rights = rights.proven(capability, lesson.to_string());
                    }
                    Some(lesson) => rights = rights.refused(capability, lesson.why, lesson.at),
                    None => {}
                },
            }
        }
        rights
    }

    /// Keeps it, readable by its owner only. The file is replaced whole.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self) -> io::Result<()> {
        let document = Document { owners: self.owners.clone() };
        let mut text = serde_json::to_vec_pretty(&document).map_err(io::Error::from)?;
        text.push(b'\n');
        let folder =
            self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::audit::make_folder(folder)?;
        let mut beside = self.path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let written = options.open(&beside).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_data()?;
            fs::rename(&beside, &self.path)
        });
        if written.is_err() {
            // What is left of it helps nobody.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

impl std::fmt::Display for Lesson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.why, self.at.strftime("%FT%TZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row = Row::GroupMembership;
    const ANN: Option<&str> = Some("00uAnn");

    fn memory() -> RightsMemory {
        RightsMemory::empty(Path::new("rights.json"))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn holds(memory: &RightsMemory) -> Option<bool> {
        memory.of(ANN, ROW).map(|lesson| lesson.holds)
    }

    #[test]
    fn a_refusal_is_of_one_owner_and_one_row() {
        let mut memory = memory();
        memory.wrote(ANN, ROW, Some("403"), at(5));
        assert_eq!(holds(&memory), Some(false));
        let rights = memory.rights(ANN);
        assert_eq!(
            rights.of(ROW),
            &plan::Standing::No { why: "403, 1970-01-01T00:00:05Z".to_owned() },
            "when it was refused is told"
        );
        assert_eq!(rights.of(Row::ApplicationAssignment), &plan::Standing::Unknown);
        assert_eq!(memory.rights(Some("00uBob")).of(ROW), &plan::Standing::Unknown);
        assert_eq!(memory.rights(None).of(ROW), &plan::Standing::Unknown);
    }

    #[test]
    fn one_object_out_of_reach_does_not_take_a_proven_right() {
        let mut memory = memory();
        memory.wrote(ANN, ROW, None, at(1));
        memory.wrote(ANN, ROW, Some("403"), at(2));
        assert_eq!(holds(&memory), None, "open again");
        memory.wrote(ANN, ROW, Some("403"), at(3));
        assert_eq!(holds(&memory), Some(false));
    }

    #[test]
    fn a_check_that_sees_otherwise_or_is_told_so_takes_a_refusal_back() {
        let refused = || {
            let mut memory = memory();
            memory.wrote(ANN, ROW, Some("403"), at(1));
            memory
        };
        let yes = Standing::Yes { seen: "SUPER_ADMIN".to_owned() };
        let no = Standing::No { why: "no role".to_owned(), at: at(2) };
        let unknown = Standing::Unknown { why: String::new() };
        let stated = |holds| Standing::Stated { holds, by: "group".to_owned() };
        for (standing, expected) in [
            (yes, Some(true)),
            (no, Some(false)),
            (unknown, Some(false)),
            (stated(true), None),
            (stated(false), Some(false)),
        ] {
            let mut memory = refused();
            let matrix = Rights::with_writes(standing.clone());
            let matrix = memory.checked(ANN, matrix, at(2));
            assert_eq!(holds(&memory), expected, "{standing:?}");
            let shown = matrix.of(Capability::ProvisionMemberships);
            assert_eq!(matches!(shown, Standing::No { .. }), expected == Some(false), "{standing:?}");
        }
    }

    #[test]
    fn what_a_check_read_is_forgotten_by_one_that_cannot_read_it() {
        let mut memory = memory();
        let no = Standing::No { why: "no role".to_owned(), at: at(2) };
        let _ = memory.checked(ANN, Rights::with_writes(no), at(2));
        assert_eq!(holds(&memory), Some(false));
        let unknown = Standing::Unknown { why: "closed".to_owned() };
        let matrix = memory.checked(ANN, Rights::with_writes(unknown.clone()), at(3));
        assert_eq!(holds(&memory), None);
        assert_eq!(matrix.of(Capability::ProvisionMemberships), &unknown);
    }

    #[test]
    fn it_survives_on_disk_and_a_foreign_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/rights.json");
        let mut memory = RightsMemory::read(&path).unwrap();
        memory.wrote(ANN, ROW, Some("403"), at(1));
        memory.wrote(None, ROW, None, at(2));
        memory.keep().unwrap();
        assert_eq!(RightsMemory::read(&path).unwrap(), memory);
        fs::write(&path, "{\"owners\": 5}").unwrap();
        assert!(RightsMemory::read(&path).is_err());
    }
}
