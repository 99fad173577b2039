//! Reading a SAML response that somebody hands over: base64 as a browser posts it, or XML. It may come from anywhere,
//! so document types, entities, bombs and oversize are refused.

use data_encoding::BASE64;
use roxmltree::{Document, Node, ParsingOptions};
use schemars::JsonSchema;
use serde::Serialize;

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
/// A browser's response is at most 128 kB; four times that is no response.
const MAX_BYTES: usize = 512 << 10;
/// A response of 300 roles has some thousand.
const MAX_NODES: u32 = 100_000;
/// Elements inside each other; a signed response has about ten.
const MAX_DEPTH: usize = 64;
/// Namespace declarations in force at one place; a response has about ten.
const MAX_NAMESPACES: usize = 64;

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Response {
    /// `Issuer` of the assertion.
    pub issuer: Option<String>,
    /// The assertion or the response around it carries a signature. It is not verified.
    pub signed: bool,
    /// `NameID`.
    pub name_id: Option<String>,
    /// `Recipient`.
    pub recipient: Option<String>,
    /// `Audience`.
    pub audience: Option<String>,
    /// Values of `Role`, sorted.
    pub roles: Vec<String>,
    /// `RoleSessionName`.
    pub session_name: Option<String>,
    /// `SessionDuration`.
    pub session_seconds: Option<String>,
    /// Characters of the response, encoded.
    pub characters: usize,
}

/// Why a text is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// Too many bytes or nodes.
    #[error("the response is larger than any that AWS takes")]
    TooLarge,
    /// Neither XML nor base64.
    #[error("the text is neither XML nor base64")]
    Encoding,
    /// The XML is not well-formed, or declares a document type.
    #[error("the XML is refused: {0}")]
    Xml(String),
    /// No assertion in it.
    #[error("the XML holds no SAML 2.0 assertion")]
    NoAssertion,
    /// An encrypted assertion.
    #[error("the assertion is encrypted")]
    Encrypted,
    /// More than one assertion, as attacks on signatures make them.
    #[error("the XML holds {0} assertions, where Okta sends one")]
    SeveralAssertions(usize),
}

impl ResponseError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Encrypted => "take the response of an app that does not encrypt, or decrypt it first",
            _ => "copy the SAMLResponse that the browser posts to AWS, in base64 or as XML",
        }
    }
}

impl Response {
    /// Reads a response.
    ///
    /// # Errors
    /// [`ResponseError`].
    pub fn parse(text: &str) -> Result<Self, ResponseError> {
        if text.len() > MAX_BYTES {
            return Err(ResponseError::TooLarge);
        }
        let text = text.trim().trim_start_matches('\u{feff}');
        let xml = if text.starts_with('<') { text.to_owned() } else { decoded(text)? };
        if is_too_deep(&xml) {
            return Err(ResponseError::TooLarge);
        }
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&xml, options).map_err(|error| match error {
            roxmltree::Error::NodesLimitReached => ResponseError::TooLarge,
            other => ResponseError::Xml(other.to_string()),
        })?;
        let named = |name: &'static str| {
            document.descendants().filter(move |node| node.has_tag_name((ASSERTION, name)))
        };
        if named("EncryptedAssertion").next().is_some() {
            return Err(ResponseError::Encrypted);
        }
        let mut assertions = named("Assertion");
        let Some(assertion) = assertions.next() else { return Err(ResponseError::NoAssertion) };
        let more = assertions.count();
        if more > 0 {
            return Err(ResponseError::SeveralAssertions(more + 1));
        }
        let mut response = read(assertion);
        response.signed = document.descendants().any(|node| node.has_tag_name((SIGNATURE, "Signature")));
        response.characters = if xml == text { xml.len().div_ceil(3) * 4 } else { text.len() };
        Ok(response)
    }
}

/// Whether elements or the namespaces in force are deeper than any response's, found in one pass over the bytes. The
/// parser's time grows with the cube of nested declarations, so they are refused before it.
fn is_too_deep(xml: &str) -> bool {
    let mut in_force = 0;
    let mut open: Vec<usize> = Vec::new();
    let mut rest = xml;
    while let Some((_, markup)) = rest.split_once('<') {
        let skipped =
            [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")].into_iter().find_map(|(begin, end)| {
                let inside = markup.strip_prefix(begin)?;
                Some(inside.split_once(end).map_or("", |(_, after)| after))
            });
        if let Some(after) = skipped {
            rest = after;
            continue;
        }
        let mut quote = None;
        let end = markup.find(|c| {
            match quote {
                Some(mark) if mark == c => quote = None,
                None if matches!(c, '"' | '\'') => quote = Some(c),
                _ => {}
            }
            quote.is_none() && c == '>'
        });
        // What does not end is not well-formed: the parser says so at once.
        let Some((tag, after)) = end.and_then(|end| markup.split_at_checked(end)) else { return false };
        rest = after;
        if tag.starts_with('/') {
            in_force -= open.pop().unwrap_or_default();
            continue;
        }
        let declared = tag.matches("xmlns").count();
        if open.len() >= MAX_DEPTH || in_force + declared > MAX_NAMESPACES {
            return true;
        }
        if !tag.ends_with('/') {
            open.push(declared);
            in_force += declared;
        }
    }
    false
}

/// Base64 of a form post, of either alphabet and with line breaks, perhaps still percent-encoded.
fn decoded(text: &str) -> Result<String, ResponseError> {
    let text = text.strip_prefix("SAMLResponse=").unwrap_or(text);
    let text = text.split('&').next().unwrap_or(text);
    let mut base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    for (escaped, plain) in [
        ("%2B", "+"),
        ("%2b", "+"),
        ("%2F", "/"),
        ("%2f", "/"),
        ("%3D", "="),
        ("%3d", "="),
        ("-", "+"),
        ("_", "/"),
    ] {
        base64 = base64.replace(escaped, plain);
    }
    while !base64.len().is_multiple_of(4) {
        base64.push('=');
    }
    let bytes = BASE64.decode(base64.as_bytes()).map_err(|_| ResponseError::Encoding)?;
    String::from_utf8(bytes).map_err(|_| ResponseError::Encoding)
}

fn read(assertion: Node<'_, '_>) -> Response {
    let find =
        |name: &'static str| assertion.descendants().find(move |node| node.has_tag_name((ASSERTION, name)));
    let text = |name: &'static str| find(name).map(content);
    let mut response = Response {
        issuer: text("Issuer"),
        name_id: text("NameID"),
        audience: text("Audience"),
        recipient: find("SubjectConfirmationData")
            .and_then(|node| node.attribute("Recipient"))
            .map(str::to_owned),
        ..Response::default()
    };
    for attribute in assertion.descendants().filter(|node| node.has_tag_name((ASSERTION, "Attribute"))) {
        let mut values =
            attribute.children().filter(|node| node.has_tag_name((ASSERTION, "AttributeValue"))).map(content);
        match attribute.attribute("Name").and_then(|name| name.strip_prefix(ATTRIBUTES)) {
            Some("Role") => response.roles.extend(values),
            Some("RoleSessionName") => response.session_name = values.next_back(),
            Some("SessionDuration") => response.session_seconds = values.next_back(),
            _ => {}
        }
    }
    response.roles.sort();
    response.roles.dedup();
    response
}

/// The text of a node, with that of comments left out: whoever cuts a value by a comment changes nothing.
fn content(node: Node<'_, '_>) -> String {
    let text: String = node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    text.trim().to_owned()
}
