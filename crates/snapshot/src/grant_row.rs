//! A grant as its table row.

use prost::Message;

use crate::annotation;
use crate::proto::{Entitlement, Grant, GrantExpandable, Resource, ResourceId};
use crate::{Error, schema};

/// A grant as its table row: the columns to look it up by, and the encoded record.
///
/// Reading, it borrows from the database and costs no allocation. Writing, it is the quick way for millions of
/// grants: `data` can be put together from parts that were encoded once (see [`crate::SnapshotWriter::grant_row`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantRow<'a> {
    /// Type of the entitlement's resource.
    pub resource_type: &'a str,
    /// Id of the entitlement's resource.
    pub resource: &'a str,
    /// Id of the entitlement.
    pub entitlement_id: &'a str,
    /// Type of the principal.
    pub principal_type: &'a str,
    /// Id of the principal.
    pub principal: &'a str,
    /// Id of the grant.
    pub external_id: &'a str,
    /// An encoded [`GrantExpandable`], if the grant has one.
    pub expansion: Option<&'a [u8]>,
    /// The encoded [`Grant`], without its `GrantExpandable`.
    pub data: &'a [u8],
}

impl GrantRow<'_> {
    /// Decodes the record.
    ///
    /// A `GrantExpandable` is not in it but in [`Self::expandable`], whatever the age of the file. Rows that leave
    /// entitlement and principal out, as one mode of Baton does, get both back as ids.
    ///
    /// # Errors
    /// [`Error::Row`] if the bytes are not a grant.
    pub fn grant(&self) -> Result<Grant, Error> {
        let mut grant = Grant::decode(self.data).map_err(|source| self.error(&source))?;
        grant.annotations.retain(|any| !annotation::is::<GrantExpandable>(any));
        grant.entitlement.get_or_insert_with(|| Entitlement {
            id: self.entitlement_id.into(),
            resource: Some(Resource::stub(ResourceId::new(self.resource_type, self.resource))),
            ..Entitlement::default()
        });
        grant
            .principal
            .get_or_insert_with(|| Resource::stub(ResourceId::new(self.principal_type, self.principal)));
        if grant.id.is_empty() {
            grant.id = self.external_id.into();
        }
        Ok(grant)
    }

    /// Decodes the `GrantExpandable`: from its column or, in files of older writers, from the record.
    ///
    /// # Errors
    /// [`Error::Row`] if the bytes are not what they should be.
    pub fn expandable(&self) -> Result<Option<GrantExpandable>, Error> {
        if let Some(bytes) = self.expansion {
            return GrantExpandable::decode(bytes).map(Some).map_err(|source| self.error(&source));
        }
        // Spares the decoding where the name cannot be found in the bytes.
        const NAME: &[u8] = b"c1.connector.v2.GrantExpandable";
        if !self.data.windows(NAME.len()).any(|window| window == NAME) {
            return Ok(None);
        }
        let grant = Grant::decode(self.data).map_err(|source| self.error(&source))?;
        annotation::find(&grant.annotations).map_err(|source| self.error(&source))
    }

    fn error(&self, source: &prost::DecodeError) -> Error {
        Error::Row { table: schema::GRANTS, external_id: self.external_id.into(), reason: source.to_string() }
    }
}
