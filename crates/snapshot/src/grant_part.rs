//! Encoded grants from parts that were encoded once.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::Any;

use crate::proto::{Entitlement, Grant, GrantSources, Resource};

/// A part of an encoded grant.
///
/// Of a million grants a few thousand entitlements and principals are the parts: encoding each once, and not each in
/// every grant, takes most of the work out of making them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantPart(Vec<u8>);

impl GrantPart {
    /// The entitlement that is granted.
    pub fn entitlement(entitlement: &Entitlement) -> Self {
        Self::of(Grant { entitlement: Some(entitlement.clone()), ..Grant::default() })
    }

    /// The principal that holds it.
    pub fn principal(principal: &Resource) -> Self {
        Self::of(Grant { principal: Some(principal.clone()), ..Grant::default() })
    }

    /// What follows the id: annotations (no `GrantExpandable`) and sources.
    pub fn rest(annotations: &[Any], sources: Option<&GrantSources>) -> Self {
        Self::of(Grant { annotations: annotations.into(), sources: sources.cloned(), ..Grant::default() })
    }

    /// Replaces `record` by the bytes of the whole grant: the same as if it had been encoded in one piece.
    pub fn assemble(record: &mut Vec<u8>, entitlement: &Self, principal: &Self, id: &str, rest: &Self) {
        record.clear();
        record.extend_from_slice(&entitlement.0);
        record.extend_from_slice(&principal.0);
        // Field 3 of a grant is its id.
        encode_key(3, WireType::LengthDelimited, record);
        encode_varint(u64::try_from(id.len()).unwrap_or(u64::MAX), record);
        record.extend_from_slice(id.as_bytes());
        record.extend_from_slice(&rest.0);
    }

    /// A message's fields may lie anywhere, so a message of one field is a part of any that has more.
    fn of(grant: Grant) -> Self {
        Self(grant.encode_to_vec())
    }
}
