//! BIDs: ids whose parts can be told apart again.
//!
//! Baton uses them on the command line (`--sync-resources`) and inside a `GrantExpandable` that goes with an
//! `ExternalResourceMatch*`. Everywhere else ids are raw ([`crate::id`]).

use std::fmt;
use std::str::FromStr;

/// A parsed BID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bid {
    /// `bid:r:<resource>`
    Resource(ResourcePart),
    /// `bid:e:<resource>:<slug>`
    Entitlement {
        /// The resource that offers it.
        resource: ResourcePart,
        /// The entitlement's slug.
        slug: String,
    },
    /// `bid:g:<resource>:<slug>:<principal>`
    Grant {
        /// The resource that offers the entitlement.
        resource: ResourcePart,
        /// The entitlement's slug.
        slug: String,
        /// Who holds it.
        principal: ResourcePart,
    },
}

/// A resource inside a BID: `<type>/<id>`, or `<parent type>/<parent id>/<type>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourcePart {
    /// Type and id of the parent, if it has one.
    pub parent: Option<(String, String)>,
    /// The resource type id.
    pub resource_type: String,
    /// The resource id.
    pub resource: String,
}

/// Why a text is not a BID, or a BID cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BidError {
    /// Does not start with `bid:r:`, `bid:e:` or `bid:g:`.
    #[error("{0:?} is not a bid: it must start with bid:r:, bid:e: or bid:g:")]
    Kind(String),
    /// The number of parts does not fit the kind.
    #[error(
        "{0:?} is not a bid: a resource has 2 or 4 parts joined by /, and the kind decides how many follow"
    )]
    Shape(String),
    /// A type, id or slug is empty.
    #[error("a bid needs a resource type, an id and a slug that are not empty")]
    EmptyPart,
    /// A backslash before anything but `\`, `/` and `:`.
    #[error("{0:?} is not a bid: a backslash may only stand before a backslash, / or :")]
    Escape(String),
}

impl ResourcePart {
    /// A resource without a parent.
    pub fn new(resource_type: &str, resource: &str) -> Self {
        Self { parent: None, resource_type: resource_type.into(), resource: resource.into() }
    }

    /// The same resource below a parent; a parent with an empty type or id counts as none.
    #[must_use]
    pub fn below(mut self, parent_type: &str, parent: &str) -> Self {
        self.parent =
            (!parent_type.is_empty() && !parent.is_empty()).then(|| (parent_type.into(), parent.into()));
        self
    }

    fn is_complete(&self) -> bool {
        !self.resource_type.is_empty() && !self.resource.is_empty()
    }

    fn parse(tokens: Vec<String>, bid: &str) -> Result<Self, BidError> {
        let part = match <[String; 2]>::try_from(tokens) {
            Ok([resource_type, resource]) => Self { parent: None, resource_type, resource },
            Err(tokens) => {
                let [parent_type, parent, resource_type, resource] =
                    tokens.try_into().map_err(|_| BidError::Shape(bid.into()))?;
                if parent_type.is_empty() || parent.is_empty() {
                    return Err(BidError::EmptyPart);
                }
                Self { parent: Some((parent_type, parent)), resource_type, resource }
            }
        };
        if part.is_complete() { Ok(part) } else { Err(BidError::EmptyPart) }
    }
}

impl Bid {
    /// Checks that no type, id or slug is empty, which the text form cannot express.
    ///
    /// # Errors
    /// [`BidError::EmptyPart`].
    pub fn check(&self) -> Result<(), BidError> {
        let complete = match self {
            Self::Resource(resource) => resource.is_complete(),
            Self::Entitlement { resource, slug } => resource.is_complete() && !slug.is_empty(),
            Self::Grant { resource, slug, principal } => {
                resource.is_complete() && !slug.is_empty() && principal.is_complete()
            }
        };
        if complete { Ok(()) } else { Err(BidError::EmptyPart) }
    }
}

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(resource) => write!(f, "bid:r:{resource}"),
            Self::Entitlement { resource, slug } => write!(f, "bid:e:{resource}:{}", Escaped(slug)),
            Self::Grant { resource, slug, principal } => {
                write!(f, "bid:g:{resource}:{}:{principal}", Escaped(slug))
            }
        }
    }
}

impl fmt::Display for ResourcePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((parent_type, parent)) = &self.parent {
            write!(f, "{}/{}/", Escaped(parent_type), Escaped(parent))?;
        }
        write!(f, "{}/{}", Escaped(&self.resource_type), Escaped(&self.resource))
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['\\', '/', ':']) {
            match piece.char_indices().next_back() {
                Some((at, end @ ('\\' | '/' | ':'))) => {
                    write!(f, "{}\\{end}", piece.get(..at).unwrap_or_default())?;
                }
                _ => f.write_str(piece)?,
            }
        }
        Ok(())
    }
}

impl FromStr for Bid {
    type Err = BidError;

    fn from_str(bid: &str) -> Result<Self, BidError> {
        let (kind, rest) = match bid.strip_prefix("bid:").and_then(|rest| rest.split_once(':')) {
            Some((kind @ ("r" | "e" | "g"), rest)) => (kind, rest),
            _ => return Err(BidError::Kind(bid.into())),
        };
        let shape = || BidError::Shape(bid.into());
        let mut parts = split(rest).ok_or_else(|| BidError::Escape(bid.into()))?.into_iter();
        let resource = ResourcePart::parse(parts.next().unwrap_or_default(), bid)?;
        let parsed = match kind {
            "r" => Self::Resource(resource),
            "e" => Self::Entitlement { resource, slug: slug(parts.next()).ok_or_else(shape)? },
            _ => Self::Grant {
                resource,
                slug: slug(parts.next()).ok_or_else(shape)?,
                principal: ResourcePart::parse(parts.next().ok_or_else(shape)?, bid)?,
            },
        };
        if parts.next().is_some() {
            return Err(shape());
        }
        parsed.check()?;
        Ok(parsed)
    }
}

fn slug(tokens: Option<Vec<String>>) -> Option<String> {
    let [slug] = tokens?.try_into().ok()?;
    Some(slug)
}

/// Parts joined by `:`, each of tokens joined by `/`, unescaped; none on a wrong escape.
fn split(text: &str) -> Option<Vec<Vec<String>>> {
    let mut parts = Vec::new();
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => token.push(chars.next().filter(|next| matches!(next, '\\' | '/' | ':'))?),
            '/' => tokens.push(std::mem::take(&mut token)),
            ':' => {
                tokens.push(std::mem::take(&mut token));
                parts.push(std::mem::take(&mut tokens));
            }
            other => token.push(other),
        }
    }
    tokens.push(token);
    parts.push(tokens);
    Some(parts)
}
