//! Typed access to the `annotations` of a record, which are a list of `google.protobuf.Any`.
//!
//! Annotations of types unknown to this crate are kept as they are.

use prost::{DecodeError, Message, Name};
use prost_types::Any;

/// Wraps a message, with the type URL prefix `type.googleapis.com/`.
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

/// Whether this is a message of type `M`, under any URL prefix.
pub fn is<M: Name>(any: &Any) -> bool {
    any.type_url.rsplit_once('/').is_some_and(|(_, name)| is_full_name::<M>(name))
}

/// Compares without building the full name: this runs for every annotation of every grant.
fn is_full_name<M: Name>(name: &str) -> bool {
    name.strip_suffix(M::NAME).and_then(|package| package.strip_suffix('.')) == Some(M::PACKAGE)
}

/// The first annotation of type `M`.
///
/// # Errors
/// The annotation is there but its bytes are not an `M`.
pub fn find<M: Message + Name + Default>(annotations: &[Any]) -> Result<Option<M>, DecodeError> {
    annotations.iter().find(|any| is::<M>(any)).map(|any| M::decode(any.value.as_slice())).transpose()
}

/// Whether an annotation of type `M` is present.
pub fn has<M: Name>(annotations: &[Any]) -> bool {
    annotations.iter().any(is::<M>)
}

/// Sets the annotation of type `M`: replaces those present, else appends.
pub fn put<M: Message + Name>(annotations: &mut Vec<Any>, message: &M) {
    annotations.retain(|any| !is::<M>(any));
    annotations.push(pack(message));
}

/// Removes all annotations of type `M` and returns the first.
///
/// # Errors
/// The first one's bytes are not an `M`; nothing is removed then.
pub fn take<M: Message + Name + Default>(annotations: &mut Vec<Any>) -> Result<Option<M>, DecodeError> {
    let found = find(annotations)?;
    if found.is_some() {
        annotations.retain(|any| !is::<M>(any));
    }
    Ok(found)
}
