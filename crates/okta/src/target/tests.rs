use super::*;
use proptest::prelude::*;

fn follow(from: &str, link: &str) -> Result<String, Error> {
    let domain = Domain::parse("acme.okta.com", false).unwrap().0;
    let aliases = ["login.acme.example".to_owned()];
    Target::parse(from).unwrap().follow(link, &domain, &aliases).map(|target| target.as_str().to_owned())
}

#[test]
fn ids_cannot_leave_their_place() {
    assert_eq!(
        Target::of(&["users", "a/b?c=d#e@acme.test"]).unwrap().as_str(),
        "/api/v1/users/a%2Fb%3Fc%3Dd%23e%40acme.test"
    );
    for id in ["..", ".", "", "%2e%2e"] {
        let built = Target::of(&["apps", id, "users"]).map(|target| target.as_str().to_owned());
        match id {
            "%2e%2e" => assert_eq!(built.unwrap(), "/api/v1/apps/%252e%252e/users"),
            _ => assert!(matches!(built, Err(Error::Path(_))), "{id}"),
        }
    }
}

#[test]
fn p6_next_is_followed_to_the_letter() {
    let rows = [
        "/api/v1/groups?after=a%2Bb%3D%3D&limit=200&filter=type+eq+%22X%22",
        "/api/v1/groups?limit=200&after=%C3%A9=,;:'!()*~&&x",
        "/api/v1/apps/0oa1/users?after=https%3A%2F%2Fx&expand=user",
    ];
    for path in rows {
        assert_eq!(follow("/api/v1/groups", &format!("https://acme.okta.com{path}")).unwrap(), path);
        assert_eq!(follow("/api/v1/groups", path).unwrap(), path);
    }
}

#[test]
fn the_origin_is_always_ours() {
    for origin in [
        "https://acme-admin.okta.com",
        "http://acme.okta.com",
        "https://ACME.okta.com:8443",
        "https://login.acme.example",
    ] {
        assert_eq!(
            follow("/api/v1/groups", &format!("{origin}/api/v1/groups?after=1")).unwrap(),
            "/api/v1/groups?after=1"
        );
    }
    for (link, said) in [
        ("https://evil.example/api/v1/groups", "evil.example"),
        ("//evil.example/api/v1/groups", "//evil.example/api/v1/groups"),
        ("https://acme.okta.com.evil.example/api/v1/groups", "acme.okta.com.evil.example"),
        (
            "https://acme.okta.com@evil.example/api/v1/groups",
            "https://acme.okta.com@evil.example/api/v1/groups",
        ),
        (
            "https://evil.example\\@acme.okta.com/api/v1/groups",
            "https://evil.example\\@acme.okta.com/api/v1/groups",
        ),
        ("ftp://acme.okta.com/api/v1/groups", "ftp://acme.okta.com/api/v1/groups"),
        ("not a link", "not a link"),
    ] {
        match follow("/api/v1/groups", link) {
            Err(Error::ForeignNext { host, .. }) => assert_eq!(host, said),
            other => panic!("{link}: {other:?}"),
        }
    }
    for link in [
        "https://acme.okta.com/oauth2/v1/token",
        "https://acme.okta.com/api/v1/../../login",
        "https://acme.okta.com/api/v1/%2e%2e/x",
        "https://acme.okta.com",
        "/api/v2/groups",
    ] {
        assert!(matches!(follow("/api/v1/groups", link), Err(Error::Path(_))), "{link}");
    }
}

#[test]
fn a_lost_expand_is_put_back_and_nothing_else() {
    let from = "/api/v1/apps/0oa1/users?limit=500&expand=user";
    assert_eq!(
        follow(from, "/api/v1/apps/0oa1/users?after=x").unwrap(),
        "/api/v1/apps/0oa1/users?after=x&expand=user"
    );
    assert_eq!(
        follow(from, "/api/v1/apps/0oa1/users?expand=user&after=x").unwrap(),
        "/api/v1/apps/0oa1/users?expand=user&after=x"
    );
    assert_eq!(follow("/api/v1/groups?limit=5", "/api/v1/groups?after=x").unwrap(), "/api/v1/groups?after=x");
}

#[test]
fn the_limit_changes_in_place() {
    for (from, to) in [
        ("/api/v1/groups?after=a&limit=200&q=limit%3D1", "/api/v1/groups?after=a&limit=100&q=limit%3D1"),
        ("/api/v1/groups?after=a", "/api/v1/groups?after=a&limit=100"),
        ("/api/v1/groups", "/api/v1/groups?limit=100"),
    ] {
        let target = Target::parse(from).unwrap();
        assert_eq!(target.with_limit(100).as_str(), to);
        assert_eq!(target.with_limit(100).limit(), Some(100));
    }
}

#[test]
fn cursors_are_checked_on_their_way_back() {
    let cursor = Cursor::parse("/api/v1/groups?after=x").unwrap();
    let json = serde_json::to_string(&cursor).unwrap();
    assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
    for text in [
        "",
        "/",
        "https://evil.example/api/v1/x",
        "/api/v1/../x",
        "/api/v1/a b",
        "/api/v1/a\nb",
        "/api/v1/a#b",
    ] {
        assert!(Cursor::parse(text).is_err(), "{text:?}");
        assert!(serde_json::from_str::<Cursor>(&serde_json::to_string(text).unwrap()).is_err());
    }
}

proptest! {
    /// Whatever a link says, what is followed stays below our root on our host.
    #[test]
    fn nothing_leads_elsewhere(link in "(https?:)?//?[a-z@:.\\\\/]{0,12}(acme.okta.com)?[a-z0-9%./?&=@:\\\\#-]{0,40}") {
        if let Ok(target) = follow("/api/v1/groups", &link) {
            let url = Url::parse(&format!("https://acme.okta.com{target}")).unwrap();
            prop_assert_eq!(url.host_str(), Some("acme.okta.com"));
            prop_assert!(url.path().starts_with("/api/v1/"));
        }
    }
}
