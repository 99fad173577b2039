//! The issuer of a certificate, read for people. It decides nothing: trust is the TLS library's matter.

use crate::foreign_text::tame;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const UTF8: u8 = 0x0c;
const BMP: u8 = 0x1e;
/// X.509: an explicit version stands in front of the serial number.
const VERSION: u8 = 0xa0;
/// `2.5.4.10` organisation, `2.5.4.3` common name.
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Organisation and common name of the issuer of a DER certificate: `DigiCert Inc, DigiCert TLS RSA SHA256 2020 CA1`.
pub(crate) fn issuer(der: &[u8]) -> Option<String> {
    let mut certificate = Reader(der).enter(SEQUENCE)?;
    let mut to_sign = certificate.enter(SEQUENCE)?;
    if to_sign.peek()? == VERSION {
        to_sign.next()?;
    }
    to_sign.enter(INTEGER)?;
    to_sign.enter(SEQUENCE)?;
    let mut name = to_sign.enter(SEQUENCE)?;
    let (mut organisation, mut common) = (None, None);
    while let Some(mut part) = name.enter(SET) {
        let mut attribute = part.enter(SEQUENCE)?;
        let kind = attribute.enter(OBJECT_ID)?.0;
        let (tag, value) = attribute.next()?;
        match kind {
            ORGANISATION => organisation = text(tag, value),
            COMMON_NAME => common = text(tag, value),
            _ => {}
        }
    }
    let parts: Vec<String> = [organisation, common].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn text(tag: u8, value: &[u8]) -> Option<String> {
    let text = match tag {
        UTF8 => std::str::from_utf8(value).ok()?.to_owned(),
        BMP => String::from_utf16_lossy(
            &value
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |n, byte| n << 8 | u16::from(*byte)))
                .collect::<Vec<_>>(),
        ),
        // PrintableString, IA5String and the old T61String, which is Latin-1 in practice.
        _ => value.iter().map(|byte| char::from(*byte)).collect(),
    };
    let text = tame(&text);
    (!text.is_empty()).then_some(text)
}

/// Tag, length, value, one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            // A length of more than four bytes is no certificate's.
            let bytes = usize::from(*first & 0x7f);
            let (length, rest) = rest.split_at_checked(bytes).filter(|_| (1..=4).contains(&bytes))?;
            (length.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte)), rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    /// The content of the next value, when it has this tag.
    fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        if self.peek()? != tag {
            return None;
        }
        self.next().map(|(_, value)| Reader(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value with its tag and a short length.
    fn der(tag: u8, value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, u8::try_from(value.len()).unwrap()];
        bytes.extend(value);
        bytes
    }

    fn name(parts: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let sets = parts.iter().flat_map(|(kind, tag, value)| {
            der(SET, &der(SEQUENCE, &[der(OBJECT_ID, kind), der(*tag, value)].concat()))
        });
        der(SEQUENCE, &sets.collect::<Vec<u8>>())
    }

    fn certificate(versioned: bool, name: &[u8]) -> Vec<u8> {
        let version = if versioned { der(VERSION, &der(INTEGER, &[2])) } else { Vec::new() };
        let to_sign = [&version[..], &der(INTEGER, &[7]), &der(SEQUENCE, &[]), name].concat();
        der(SEQUENCE, &der(SEQUENCE, &to_sign))
    }

    #[test]
    fn organisation_and_common_name() {
        let both = name(&[
            (&[0x55, 4, 6], 0x13, b"DE"),
            (ORGANISATION, 0x13, b"Acme"),
            (COMMON_NAME, UTF8, b"Proxy CA"),
        ]);
        for versioned in [true, false] {
            assert_eq!(issuer(&certificate(versioned, &both)).as_deref(), Some("Acme, Proxy CA"));
        }
        let wide = name(&[(COMMON_NAME, BMP, &[0, b'A', 0x20, 0x2e, 0, b'B'])]);
        assert_eq!(issuer(&certificate(true, &wide)).as_deref(), Some("A B"));
        assert_eq!(issuer(&certificate(true, &name(&[]))), None);
    }

    /// Whatever a stranger sends: no panic, and nothing of it steers a terminal.
    #[test]
    fn damage_is_nothing() {
        let whole = certificate(true, &name(&[(COMMON_NAME, UTF8, b"x\x1b[31m")]));
        assert_eq!(issuer(&whole).as_deref(), Some("x [31m"));
        for end in 0..whole.len() {
            assert_eq!(issuer(&whole[..end]), None, "{end}");
        }
        for at in 0..whole.len() {
            for byte in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = issuer(&changed);
            }
        }
        assert_eq!(issuer(&[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
