use super::*;
use proptest::prelude::*;

fn origin(text: &str) -> Result<String, DomainError> {
    Domain::parse(text, false).map(|(domain, _)| domain.origin())
}

#[test]
fn what_people_paste_is_understood() {
    let rows = [
        ("acme.okta.com", "https://acme.okta.com"),
        ("https://acme.okta.com", "https://acme.okta.com"),
        ("HTTPS://Acme.Okta.COM/", "https://acme.okta.com"),
        ("acme.okta.com/", "https://acme.okta.com"),
        ("  acme.okta.com\t\n", "https://acme.okta.com"),
        ("acme.okta.com:443", "https://acme.okta.com"),
        ("https://acme.okta.com:8443/", "https://acme.okta.com:8443"),
        ("acme.okta.com.", "https://acme.okta.com"),
        ("acme.oktapreview.com", "https://acme.oktapreview.com"),
        ("acme.okta-emea.com", "https://acme.okta-emea.com"),
        ("acme.okta-gov.com", "https://acme.okta-gov.com"),
        ("acme.okta.mil", "https://acme.okta.mil"),
        ("login.acme.example", "https://login.acme.example"),
        ("login-admin.acme.example", "https://login-admin.acme.example"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("dev-123456.okta.com", "https://dev-123456.okta.com"),
        ("10.acme.okta.com", "https://10.acme.okta.com"),
    ];
    for (text, expected) in rows {
        let (domain, notice) = Domain::parse(text, false).unwrap();
        assert_eq!(domain.origin(), expected, "{text:?}");
        assert_eq!(notice, None, "{text:?}");
    }
}

#[test]
fn guesses_are_told() {
    let rows = [
        ("acme", "acme.okta.com", "domain: acme is taken as acme.okta.com"),
        ("https://acme/", "acme.okta.com", "domain: acme is taken as acme.okta.com"),
        (
            "acme-admin.okta.com",
            "acme.okta.com",
            "domain: acme-admin.okta.com is the admin console, acme.okta.com is used",
        ),
        ("acme-admin", "acme.okta.com", "domain: acme-admin is the admin console, acme.okta.com is used"),
        (
            "acme-admin.oktapreview.com",
            "acme.oktapreview.com",
            "domain: acme-admin.oktapreview.com is the admin console, acme.oktapreview.com is used",
        ),
    ];
    for (text, host, said) in rows {
        let (domain, notice) = Domain::parse(text, false).unwrap();
        assert_eq!(domain.host(), host);
        assert_eq!(notice.unwrap().to_string(), said);
    }
}

#[test]
fn the_rest_is_refused_by_name() {
    use DomainError as D;
    let rows: &[(&str, D)] = &[
        ("", D::Empty),
        (" \n", D::Empty),
        ("http://acme.okta.com", D::Http),
        ("HTTP://acme.okta.com/", D::Http),
        ("ftp://acme.okta.com", D::Scheme),
        ("https://https://acme.okta.com", D::DoubledScheme),
        ("https://http://acme.okta.com", D::DoubledScheme),
        ("https://https//acme.okta.com", D::DoubledScheme),
        ("https//acme.okta.com", D::Path),
        ("https:acme.okta.com", D::Port),
        ("https://acme.okta.com/admin/dashboard", D::Path),
        ("acme.okta.com//", D::Path),
        ("acme.okta.com\\@evil.example", D::Path),
        ("acme.okta.com/?a=https://x", D::Query),
        ("acme.okta.com?a", D::Query),
        ("acme.okta.com#a", D::Fragment),
        ("acme.okta.com/#a", D::Fragment),
        ("user:pass@acme.okta.com", D::UserInfo),
        ("https://acme.okta.com@evil.example", D::UserInfo),
        ("acme.okta.com:", D::Port),
        ("acme.okta.com:0", D::Port),
        ("acme.okta.com:65536", D::Port),
        ("acme.okta.com:+80", D::Port),
        ("10.0.0.1", D::AddressLiteral),
        ("8.8.8.8:443", D::AddressLiteral),
        ("127.0.0.1", D::AddressLiteral),
        ("127.1", D::AddressLiteral),
        ("2130706433", D::AddressLiteral),
        ("0x7f000001", D::AddressLiteral),
        ("0177.0.0.1", D::AddressLiteral),
        ("0x7f.0x0.0x0.0x1", D::AddressLiteral),
        ("1.2.3.999", D::Host),
        ("[::1]", D::AddressLiteral),
        ("https://[::1]:8443/", D::AddressLiteral),
        ("::1", D::AddressLiteral),
        ("[::ffff:10.0.0.1]", D::AddressLiteral),
        ("localhost", D::Internal("localhost".into())),
        ("a.localhost", D::Internal("a.localhost".into())),
        ("okta.local", D::Internal("okta.local".into())),
        ("metadata.google.internal", D::Internal("metadata.google.internal".into())),
        ("ácme.okta.com", D::Host),
        ("acme。okta.com", D::Host),
        ("acme okta.com", D::Host),
        ("ac_me.okta.com", D::Host),
        ("-acme.okta.com", D::Host),
        ("acme-.okta.com", D::Host),
        ("acme..okta.com", D::Host),
        (".okta.com", D::Host),
        ("acme%2eokta.com", D::Host),
        ("okta.com", D::NoOrg("okta.com".into())),
        ("https://www.okta.com/", D::NoOrg("www.okta.com".into())),
    ];
    for (text, expected) in rows {
        assert_eq!(origin(text).as_ref(), Err(expected), "{text:?}");
        assert!(expected.to_string().starts_with("domain:"));
        assert!(!expected.hint().is_empty());
    }
}

#[test]
fn loopback_opens_loopback_only() {
    for (text, expected) in [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("127.8.9.1:8080", "https://127.8.9.1:8080"),
    ] {
        assert_eq!(Domain::parse(text, true).unwrap().0.origin(), expected);
    }
    for text in ["http://acme.okta.com", "http://10.0.0.1", "10.0.0.1", "127.1", "http://0x7f000001", "[::2]"]
    {
        assert!(Domain::parse(text, true).is_err(), "{text}");
    }
}

#[test]
fn the_admin_console_is_the_same_org_and_nothing_else_is() {
    let domain = Domain::parse("acme.okta.com", false).unwrap().0;
    for host in ["acme.okta.com", "ACME.okta.com", "acme.okta.com.", "acme-admin.okta.com"] {
        assert!(domain.is_spelled(host), "{host}");
    }
    for host in
        ["acme.okta.com.evil.example", "acme-admin.oktapreview.com", "x.acme.okta.com", "okta.com", ""]
    {
        assert!(!domain.is_spelled(host), "{host}");
    }
    let custom = Domain::parse("login.acme.example", false).unwrap().0;
    assert!(!custom.is_spelled("login-admin.acme.example"));
    assert!(domain.is_okta_owned() && !custom.is_okta_owned());
}

proptest! {
    /// Whatever is accepted is exactly an origin: the URL parser finds the same host and nothing else.
    #[test]
    fn what_is_accepted_is_only_an_origin(text in "(https?://)?[a-zA-Z0-9./:@?#\\\\%\\[\\]-]{0,40}") {
        if let Ok((domain, _)) = Domain::parse(&text, false) {
            let url = Url::parse(&domain.origin()).unwrap();
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(url.host_str(), Some(domain.host()));
            prop_assert!(matches!(url.host(), Some(Host::Domain(_))));
            prop_assert_eq!(url.path(), "/");
            prop_assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none());
            // What came out goes in again unchanged.
            prop_assert_eq!(Domain::parse(&domain.origin(), false).unwrap(), (domain, None));
        }
    }
}
