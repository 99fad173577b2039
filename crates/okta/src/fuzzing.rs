//! Doors for the programs in `fuzz/`, which hold what is private here against any bytes. Not built otherwise.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::domain::Domain;
use crate::link::next_link;
use crate::rate::Reading;
use crate::target::Target;

/// Reads `Link` headers and follows what they say. Panics when that leads off the org's API.
pub fn link_header(lines: &[&[u8]]) {
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::LINK, value);
        }
    }
    let Some(link) = next_link(&headers) else { return };
    let Ok((domain, _)) = Domain::parse("acme.okta.com", false) else { return };
    let Ok(page) = Target::parse("/api/v1/apps/0oa1/users?expand=user&limit=2") else { return };
    if let Ok(next) = page.follow(&link, &domain, &[]) {
        let url = url::Url::parse(&format!("{}{next}", domain.origin())).ok();
        let url = url.as_ref();
        assert_eq!(url.and_then(url::Url::host_str), Some("acme.okta.com"), "{link:?}");
        assert!(url.is_some_and(|url| url.path().starts_with("/api/v1/")), "{link:?}");
        assert!(Target::parse(next.as_str()).is_ok_and(|again| again == next), "{link:?}");
    }
}

/// Reads rate headers, one per line; the first byte of a line says which. Panics when the reading says more than the
/// headers do.
pub fn rate_headers(lines: &[&[u8]]) {
    const NAMES: [&str; 4] = ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "date"];
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((which, value)) = line.split_first() else { continue };
        let name = NAMES.get(usize::from(*which) % NAMES.len()).copied().unwrap_or("date");
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let Some(reading) = Reading::from_headers(&headers, Some(1_800_000_000)) else { return };
    let said = |name: &str, number: u32| {
        let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        texts.flat_map(|text| text.split(',')).any(|text| text.trim().parse() == Ok(i64::from(number)))
    };
    assert!(said("x-rate-limit-limit", reading.limit) && said("x-rate-limit-remaining", reading.remaining));
    let _ = (reading.until_reset(), reading.is_concurrency());
}
