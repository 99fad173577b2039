//! Records that travel beside the rows, as JSON assets.

use rolebook_federation::GroupKind;
use rolebook_snapshot::SyncRows;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{GroupId, ReadError};

/// Asset under which a snapshot carries the org's group rules.
pub const GROUP_RULES_ASSET: &str = "rolebook:group-rules";
/// Asset under which a snapshot carries the names of all groups of the org (zstd-compressed JSON).
pub const GROUP_NAMES_ASSET: &str = "rolebook:group-names";

/// A million groups take about a tenth of this; more is an attempt to fill the memory.
const MAX_DECODED: usize = 1 << 30;

/// A group that was listed, member or not of the snapshot: what a later change of the filter needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupName {
    /// Group id.
    pub id: GroupId,
    /// Its name, if Okta showed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Okta's type.
    #[serde(rename = "type")]
    pub kind: GroupKind,
    /// Catalogue name, else id, of the app it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A group rule: who is put into which groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    /// Rule id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `ACTIVE`, `INACTIVE` or `INVALID`.
    pub status: String,
    /// The condition in Okta's expression language.
    pub expression: String,
    /// The groups it fills.
    pub groups: Vec<GroupId>,
}

/// JSON of a record; these types always have one.
pub(crate) fn json<T: Serialize>(record: &T) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}

/// The same, compressed.
pub(crate) fn compressed<T: Serialize>(record: &T) -> Vec<u8> {
    // Compressing into memory has nothing to fail on; were it to, an absent record reads as *not kept*.
    zstd::bulk::compress(&json(record), 3).unwrap_or_default()
}

pub(crate) fn read<T: DeserializeOwned>(
    rows: &SyncRows<'_>,
    name: &'static str,
) -> Result<Option<T>, ReadError> {
    let Some(asset) = rows.asset(name)? else { return Ok(None) };
    parse(&asset.data, name).map(Some)
}

pub(crate) fn read_compressed<T: DeserializeOwned>(
    rows: &SyncRows<'_>,
    name: &'static str,
) -> Result<Option<T>, ReadError> {
    let Some(asset) = rows.asset(name)? else { return Ok(None) };
    let raw = zstd::bulk::decompress(&asset.data, MAX_DECODED)
        .map_err(|error| ReadError::Asset { name, reason: error.to_string() })?;
    parse(&raw, name).map(Some)
}

fn parse<T: DeserializeOwned>(raw: &[u8], name: &'static str) -> Result<T, ReadError> {
    serde_json::from_slice(raw).map_err(|error| ReadError::Asset { name, reason: error.to_string() })
}
