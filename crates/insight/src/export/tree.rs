//! A folder of small text files for Git: nothing in it but access, in a stable order, so that a difference between two
//! commits is a change of access and nothing else.

use std::collections::BTreeMap;

use super::{Cover, apps, cover::MADE_AT};
use crate::{Reading, Readings, settings::settings_in_force};

/// First line of every file: what a later export may remove again.
const MARK: &str = "# rolebook";

/// One file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextFile {
    /// Path below the folder, with `/`.
    pub path: String,
    /// Contents.
    pub text: String,
}

/// Whether a file was written by [`text_tree`], so that it may be replaced or removed.
#[must_use]
pub fn is_own(contents: &[u8]) -> bool {
    contents.starts_with(MARK.as_bytes())
}

/// All files, by path.
#[must_use]
pub fn text_tree(readings: &Readings) -> Vec<TextFile> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let several = readings.all().len() > 1;
    for reading in apps(readings) {
        let root =
            if several { format!("{}/", file_name(reading.facts().app.id.as_str())) } else { String::new() };
        let mut put = |path: String, body: String| {
            files.insert(format!("{root}{path}.txt"), format!("{MARK}\n{body}"));
        };
        put("app".to_owned(), app(reading));
        for (ix, _) in (0..).zip(reading.access().roles.roles()) {
            if let Some((path, body)) = role(reading, ix) {
                put(path, body);
            }
        }
        for (ix, group) in (0..).zip(&reading.facts().groups) {
            put(format!("groups/{}", file_name(group.id.as_str())), group_text(reading, ix));
        }
    }
    distinct(files)
}

/// The cover, beside the tree: the one file of it that speaks of times. It leaves out when it was made, which the commit
/// tells: the same snapshot gives the same file.
#[must_use]
pub fn cover_file(cover: &Cover) -> TextFile {
    let lines = cover.lines.iter().filter(|(label, _)| label != MADE_AT);
    let lines: String = lines.map(|(label, value)| format!("{label}: {}\n", line(value))).collect();
    TextFile { path: "cover.txt".to_owned(), text: format!("{MARK}\n{lines}") }
}

/// Some file systems do not tell case apart: of paths that differ in nothing else, all but the first get a number.
fn distinct(files: BTreeMap<String, String>) -> Vec<TextFile> {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    files
        .into_iter()
        .map(|(path, text)| {
            let count = taken.entry(path.to_lowercase()).or_insert(0);
            *count += 1;
            let path = if *count == 1 { path } else { path.replace(".txt", &format!("~{count}.txt")) };
            TextFile { path, text }
        })
        .collect()
}

fn app(reading: &Reading) -> String {
    let facts = reading.facts();
    let mut text =
        format!("app: {}\nlabel: {}\nmode: {}\n", facts.app.id, line(&facts.app.label), reading.mode());
    for (name, value) in settings_in_force(&facts.app) {
        text.push_str(&format!("{name}: {}\n", line(&value)));
    }
    text
}

fn role(reading: &Reading, ix: u32) -> Option<(String, String)> {
    let role = reading.role(ix)?;
    let mut text = format!("account: {}\nrole: {}\n", line(&role.account.id), line(&role.role));
    if let Some(called) = role.account.called() {
        text.push_str(&format!("account name: {}\n", line(called)));
    }
    if let Some(arn) = &role.role_arn {
        text.push_str(&format!("arn: {}\n", line(arn)));
    }
    for group in reading.completeness_of_role(ix).labels() {
        text.push_str(&format!("members not read: {}\n", line(&group)));
    }
    let mut people: Vec<String> = reading
        .grants_on(ix)
        .filter_map(|grant| {
            let person = reading.person(grant.user)?;
            let mut through: Vec<String> = grant
                .groups
                .iter()
                .filter_map(|group| reading.group(*group))
                .map(|group| format!("group {} {}", group.id, line(group.label())))
                .collect();
            if grant.own {
                through.push("own assignment".to_owned());
            }
            through.sort();
            let through =
                if through.is_empty() { grant.source.as_str().to_owned() } else { through.join(", ") };
            Some(format!("{} {} by {through}\n", line(person.label()), person.id))
        })
        .collect();
    people.sort();
    text.push_str("people:\n");
    for person in people {
        text.push_str(&format!("  {person}"));
    }
    Some((format!("accounts/{}/{}", file_name(&role.account.id), file_name(&role.role)), text))
}

fn group_text(reading: &Reading, ix: u32) -> String {
    let Some(record) = reading.facts().groups.get(ix as usize) else { return String::new() };
    let group = &record.group;
    let mut text = format!(
        "group: {}\nname: {}\ntype: {}\n",
        record.id,
        line(group.name.as_deref().unwrap_or("")),
        group.kind.as_str()
    );
    if let Some(assignment) = &group.assignment {
        let priority = assignment.priority.map_or_else(|| "none".to_owned(), |number| number.to_string());
        text.push_str(&format!("assigned: priority {priority}\n"));
        for value in assignment.profile.effective() {
            text.push_str(&format!("  {}\n", line(value)));
        }
    }
    for grant in reading.conferred_by(ix) {
        if let Some(role) = reading.role(grant.role) {
            text.push_str(&format!("confers: {}\n", line(&role.key())));
        }
    }
    if !record.members_read {
        text.push_str("members: not read\n");
        return text;
    }
    let mut members: Vec<String> = reading
        .members(ix)
        .iter()
        .filter_map(|user| reading.person(*user))
        .map(|person| format!("  {} {}\n", line(person.label()), person.id))
        .collect();
    members.sort();
    text.push_str("members:\n");
    text.extend(members);
    text
}

/// Text on one line, whatever it holds.
fn line(text: &str) -> String {
    let plain = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if plain(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// A name that is a file name everywhere.
fn file_name(text: &str) -> String {
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'=' | b'@' => {
                name.push(char::from(byte))
            }
            byte => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name.chars().take(200).collect()
}
