use super::*;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../tests/keys/", $name))
    };
}

fn parse(text: &str) -> Result<PrivateKey, KeyError> {
    PrivateKey::parse(&Secret::from(text), None)
}

fn public(key: &PrivateKey) -> Vec<u8> {
    match &key.pair {
        Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        Pair::Ec { pair, .. } => pair.public_key().as_ref().to_vec(),
    }
}

#[test]
fn each_form_of_a_key_is_the_same_key() {
    let rows: [(&str, &dyn VerificationAlgorithm, &[&str]); 4] = [
        (
            "RS256",
            &RSA_PKCS1_2048_8192_SHA256,
            &[key!("rsa-pkcs1.pem"), key!("rsa-pkcs8.pem"), key!("rsa.jwk")],
        ),
        (
            "ES256",
            &ECDSA_P256_SHA256_FIXED,
            &[key!("ec256-sec1.pem"), key!("ec256-pkcs8.pem"), key!("ec256.jwk")],
        ),
        (
            "ES384",
            &ECDSA_P384_SHA384_FIXED,
            &[key!("ec384-sec1.pem"), key!("ec384-pkcs8.pem"), key!("ec384.jwk")],
        ),
        (
            "ES512",
            &ECDSA_P521_SHA512_FIXED,
            &[key!("ec521-sec1.pem"), key!("ec521-pkcs8.pem"), key!("ec521.jwk")],
        ),
    ];
    for (algorithm, verification, forms) in rows {
        let keys: Vec<PrivateKey> = forms.iter().map(|form| parse(form).unwrap()).collect();
        for key in &keys {
            assert_eq!(key.algorithm(), algorithm);
            assert_eq!(public(key), public(&keys[0]), "{algorithm}");
            let signature = key.sign(b"message").unwrap();
            UnparsedPublicKey::new(verification, public(key)).verify(b"message", &signature).unwrap();
        }
    }
}

#[test]
fn keys_that_came_through_environments_and_json_are_read() {
    for pem in [key!("rsa-pkcs1.pem"), key!("rsa-pkcs8.pem"), key!("ec256-sec1.pem"), key!("ec256-pkcs8.pem")]
    {
        let expected = public(&parse(pem).unwrap());
        let escaped = pem.replace('\n', "\\n");
        for text in [
            escaped.clone(),
            format!("\"{escaped}\""),
            format!("'{escaped}'\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\r\n"),
            format!("\n  {pem}\n\n"),
            format!("{}{pem}", key!("rsa-public.pem")),
        ] {
            assert_eq!(public(&parse(&text).unwrap()), expected, "{text}");
        }
    }
}

#[test]
fn what_is_no_usable_private_key_says_why() {
    let public_jwk = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;
    let rsa = key!("rsa-pkcs8.pem");
    let damaged = rsa.replace("\nMII", "\nMIJ");
    let rows: [(&str, KeyError); 16] = [
        ("", KeyError::NoKey),
        ("hello", KeyError::NoKey),
        ("{", KeyError::NoKey),
        ("{}", KeyError::NoKey),
        (r#"{"keys":[]}"#, KeyError::NoKey),
        (key!("rsa-public.pem"), KeyError::Public),
        (public_jwk, KeyError::Public),
        (key!("rsa-encrypted.pem"), KeyError::Encrypted),
        (key!("rsa-encrypted-pkcs1.pem"), KeyError::Encrypted),
        (key!("rsa-1024.pem"), KeyError::Unusable),
        (key!("ec-other-curve.pem"), KeyError::Unusable),
        (key!("ed25519.pem"), KeyError::Unusable),
        (&damaged, KeyError::Unusable),
        (&rsa[..rsa.len() / 2], KeyError::Unusable),
        (r#"{"kty":"oct","d":"AQAB"}"#, KeyError::Unusable),
        (r#"{"kty":"EC","crv":"P-256","d":"AQAB","x":"AQAB","y":"AQAB"}"#, KeyError::Unusable),
    ];
    for (text, expected) in rows {
        let error = parse(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn of_a_set_the_named_key_is_taken() {
    let set = format!(r#"{{"keys":[{},{}]}}"#, key!("rsa.jwk"), key!("ec256.jwk"));
    let parse = |key_id| PrivateKey::parse(&Secret::from(set.as_str()), key_id);
    assert_eq!(parse(Some("ec256")).unwrap().key_id(), Some("ec256"));
    assert_eq!(parse(Some("rsa")).unwrap().algorithm(), "RS256");
    assert_eq!(parse(None).unwrap_err(), KeyError::Several);
    assert_eq!(parse(Some("other")).unwrap_err(), KeyError::Several);
    let one = format!(r#"{{"keys":[{}]}}"#, key!("ec384.jwk"));
    assert_eq!(PrivateKey::parse(&Secret::from(one.as_str()), None).unwrap().key_id(), Some("ec384"));
}

#[test]
fn nothing_prints_a_key() {
    let key = parse(key!("ec256.jwk")).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(ES256 …)");
}
