//! Predicted assertions, and real ones beside them.

use data_encoding::BASE64;
use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org, User, UserStatus, orgs};
use rolebook_insight::{
    AssertionCheck, Prediction, Readings, Response, ResponseError, check_assertion, predict_assertion, what,
};

use crate::synced::{APP, read};

fn mapped() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cem@acme.test").id("00uC").status(UserStatus::Suspended))
        .group(Group::new("users").id("00gU").members(["00uA", "00uB", "00uC"]))
        .group(Group::new("aws_111122223333_Admin").id("00g1").members(["00uA"]))
        .group(Group::new("aws_444455556666_Read,Only").id("00g2").members(["00uA"]))
        .group(Group::new("old aws_444455556666_Ops").id("00g3").members(["00uA"]))
        .app(
            App::aws_mapping(APP)
                .setting("sessionDuration", 7200)
                .setting(
                    "roleValuePattern",
                    "arn:aws:iam::${accountid}:role/${role},arn:aws:iam::${accountid}:saml-provider/Okta",
                )
                .group(AppGroup::new("00gU").priority(0)),
        )
}

fn predicted(readings: &Readings, person: &str) -> Prediction {
    predict_assertion(readings, person).unwrap().predictions.remove(0)
}

fn values(prediction: &Prediction) -> Vec<String> {
    prediction.roles.iter().map(|role| role.value.clone().unwrap()).collect()
}

/// A response as Okta writes it.
fn response(roles: &[String], change: impl FnOnce(String) -> String) -> String {
    let values: String = roles
        .iter()
        .map(|role| format!("<saml2:AttributeValue xsi:type=\"xs:string\">{role}</saml2:AttributeValue>"))
        .collect();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <saml2p:Response xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <saml2:Assertion ID=\"id1\"><saml2:Issuer>http://www.okta.com/exk1</saml2:Issuer><ds:Signature/>\
         <saml2:Subject><saml2:NameID>ann@acme.test</saml2:NameID><saml2:SubjectConfirmation>\
         <saml2:SubjectConfirmationData Recipient=\"https://signin.aws.amazon.com/saml\"/>\
         </saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions><saml2:AudienceRestriction>\
         <saml2:Audience>urn:amazon:webservices</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>\
         <saml2:AttributeStatement>\
         <saml2:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/Role\">{values}</saml2:Attribute>\
         <saml2:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/RoleSessionName\">\
         <saml2:AttributeValue>ann@acme.test</saml2:AttributeValue></saml2:Attribute>\
         <saml2:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/SessionDuration\">\
         <saml2:AttributeValue>7200</saml2:AttributeValue></saml2:Attribute>\
         </saml2:AttributeStatement></saml2:Assertion></saml2p:Response>"
    );
    change(xml)
}

fn checked(readings: &Readings, xml: &str) -> AssertionCheck {
    check_assertion(readings, "ann@acme.test", Response::parse(xml).unwrap()).unwrap().0
}

fn kinds(check: &AssertionCheck) -> Vec<&str> {
    check.differences.iter().map(|difference| difference.kind.as_str()).collect()
}

#[test]
fn group_mapping_renders_the_pattern_as_it_stands() {
    let readings = read(mapped());
    let prediction = predicted(&readings, "ann@acme.test");
    assert_eq!(
        values(&prediction),
        [
            "arn:aws:iam::111122223333:role/Admin,arn:aws:iam::111122223333:saml-provider/Okta",
            "arn:aws:iam::444455556666:role/Ops,arn:aws:iam::444455556666:saml-provider/Okta",
            "arn:aws:iam::444455556666:role/Read,Only,arn:aws:iam::444455556666:saml-provider/Okta",
        ]
    );
    assert_eq!(prediction.session_name.as_deref(), Some("ann@acme.test"));
    assert_eq!(prediction.session_seconds, 7200);
    assert_eq!(prediction.recipient, "https://signin.aws.amazon.com/saml");
    assert_eq!(prediction.audience, "urn:amazon:webservices");
    assert_eq!(prediction.warnings, [""; 0]);
}

#[test]
fn direct_mode_sends_provider_and_role() {
    let readings = read(orgs::demo_direct());
    let person = readings.all()[0].facts().users.iter().find(|user| {
        what(&readings, user.id.as_str())
            .unwrap()
            .roles
            .iter()
            .any(|held| held.role.key() == "111122223333/ReadOnly")
    });
    let id = person.unwrap().id.to_string();
    let prediction = predicted(&readings, &id);
    let pair = "arn:aws:iam::111122223333:saml-provider/OKTA,arn:aws:iam::111122223333:role/ReadOnly";
    assert!(prediction.roles.iter().any(|role| role.value.as_deref() == Some(pair)), "{prediction:#?}");
}

#[test]
fn partitions_have_their_own_endpoints() {
    for (arn, recipient, audience) in [
        ("arn:aws-cn", "https://signin.amazonaws.cn/saml", "urn:amazon:webservices:cn-north-1"),
        ("arn:aws-us-gov", "https://signin.amazonaws-us-gov.com/saml", "urn:amazon:webservices:govcloud"),
    ] {
        let mut org = mapped();
        let pattern =
            format!("{arn}:iam::${{accountid}}:saml-provider/O,{arn}:iam::${{accountid}}:role/${{role}}");
        org.change_app(APP, |app| app.setting("roleValuePattern", pattern));
        let prediction = predicted(&read(org), "ann@acme.test");
        assert_eq!((prediction.recipient.as_str(), prediction.audience.as_str()), (recipient, audience));
    }
}

#[test]
fn what_aws_would_refuse_is_told() {
    let readings = read(mapped());
    let none = predicted(&readings, "bob@acme.test");
    assert!(none.roles.is_empty() && none.warnings[0].contains("no role at all"));
    let suspended = predicted(&readings, "cem@acme.test");
    assert_eq!(suspended.stopped_by.unwrap().rule, "user-status");
    let mut org = mapped();
    org.put_app_user(APP, AppUser::direct("00uA").user_name("Ann Lee <ann@acme.test>"));
    org.change_app(APP, |app| app.setting("sessionDuration", 100));
    let warnings = predicted(&read(org), "00uA").warnings.join("\n");
    assert!(warnings.contains("session name") && warnings.contains("duration of 100 s"), "{warnings}");
}

#[test]
fn a_value_that_aws_cannot_take_is_not_predicted() {
    let mut org = mapped();
    org.change_app(APP, |app| app.setting("roleValuePattern", "garbage"));
    let prediction = predicted(&read(org), "ann@acme.test");
    assert!(prediction.roles.is_empty(), "{prediction:#?}");
    let warnings = prediction.warnings.join("\n");
    assert!(warnings.contains("Okta would send a value like `garbage`, which AWS cannot take"), "{warnings}");
}

#[test]
fn a_response_that_agrees() {
    let readings = read(mapped());
    let roles = values(&predicted(&readings, "ann@acme.test"));
    let xml = response(&roles, |xml| xml);
    for text in [
        xml.clone(),
        BASE64.encode(xml.as_bytes()),
        format!("SAMLResponse={}", BASE64.encode(xml.as_bytes()).replace('+', "%2B").replace('=', "%3D")),
    ] {
        let check = checked(&readings, &text);
        assert_eq!(kinds(&check), [""; 0], "{check:#?}");
        assert_eq!(check.agreeing_roles, 3);
        assert!(check.response.signed);
        assert_eq!(check.response.issuer.as_deref(), Some("http://www.okta.com/exk1"));
    }
    // AWS takes the halves in either order.
    let mut swapped = roles;
    swapped[0] =
        "arn:aws:iam::111122223333:saml-provider/Okta,arn:aws:iam::111122223333:role/Admin".to_owned();
    assert_eq!(kinds(&checked(&readings, &response(&swapped, |xml| xml))), [""; 0]);
}

#[test]
fn each_difference_has_its_cause() {
    let readings = read(mapped());
    let roles = values(&predicted(&readings, "ann@acme.test"));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut roles = roles.clone();
        change(&mut roles);
        checked(&readings, &response(&roles, |xml| xml))
    };
    let provider = with(&|roles| roles[0] = roles[0].replace("saml-provider/Okta", "saml-provider/Other"));
    assert_eq!(kinds(&provider), ["provider-differs"]);
    assert!(provider.differences[0].cause.contains("Other and not Okta"));
    assert_eq!(kinds(&with(&|roles| drop(roles.remove(2)))), ["role-missing"]);
    let extra = with(&|roles| roles.push(roles[0].replace("role/Admin", "role/New")));
    assert_eq!(kinds(&extra), ["role-extra"]);
    assert!(extra.differences[0].cause.contains("no group and no profile"));
    assert_eq!(kinds(&with(&|roles| roles.push("appuser.idpRolePairs".to_owned()))), ["raw-variable"]);
    let rest = checked(
        &readings,
        &response(&roles, |xml| {
            xml.replace("https://signin.aws.amazon.com/saml", "https://signin.amazonaws.cn/saml")
                .replace("urn:amazon:webservices", "urn:amazon:webservices:cn-north-1")
                .replace(">ann@acme.test</saml2:AttributeValue>", ">other</saml2:AttributeValue>")
                .replace(">7200<", ">3600<")
                .replace("<ds:Signature/>", "")
        }),
    );
    assert_eq!(kinds(&rest), ["audience", "recipient", "session-duration", "session-name", "signature"]);
}

#[test]
fn the_choice_that_explains_a_difference_is_named() {
    let readings = read(mapped());
    let mut roles = values(&predicted(&readings, "ann@acme.test"));
    roles.retain(|role| !role.contains("role/Ops"));
    let check = checked(&readings, &response(&roles, |xml| xml));
    assert_eq!(kinds(&check), ["role-missing"]);
    assert_eq!(check.agreeing_choice.as_deref(), Some("filter-match=full"));
}

#[test]
fn attacks_are_refused() {
    let xml = response(&[], |xml| xml);
    let refused = |text: &str| Response::parse(text).unwrap_err();
    let entity = xml.replacen(
        "<saml2p:Response",
        "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><saml2p:Response",
        1,
    );
    assert!(matches!(refused(&entity), ResponseError::Xml(_)));
    let external =
        xml.replacen("<saml2p:Response", "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><saml2p:Response", 1);
    assert!(matches!(refused(&external), ResponseError::Xml(_)));
    assert!(matches!(refused(&xml.replace("exk1", "&xxe;")), ResponseError::Xml(_)));
    assert_eq!(refused(&"A".repeat(600 << 10)), ResponseError::TooLarge);
    let nodes = format!("<a>{}</a>", "<b/>".repeat(120_000));
    assert_eq!(refused(&nodes), ResponseError::TooLarge);
    let twice = xml.replacen(
        "<saml2:Assertion ID=\"id1\">",
        "<saml2:Assertion ID=\"id0\"/><saml2:Assertion ID=\"id1\">",
        1,
    );
    assert_eq!(refused(&twice), ResponseError::SeveralAssertions(2));
    assert_eq!(refused("<a/>"), ResponseError::NoAssertion);
    assert_eq!(refused("not base64!"), ResponseError::Encoding);
    let deep = format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
    assert_eq!(refused(&deep), ResponseError::TooLarge);
    // Nested namespace declarations cost the parser a cube of time, one inside the other or all in one element.
    let nested: String = (0..60).map(|n| format!("<a xmlns:n{n}='u' xmlns:m{n}='u'>")).collect();
    assert_eq!(refused(&nested), ResponseError::TooLarge);
    let wide: String = (0..5_000).map(|n| format!(" xmlns:n{n}='u'")).collect();
    assert_eq!(refused(&format!("<a{wide}/>")), ResponseError::TooLarge);
    // Okta declares two in each value: one beside the other, as many as there are roles.
    let value = "<v xmlns:xs='s' a='>' xmlns:xsi='i'><!-- <a> --><![CDATA[<b>]]></v>".repeat(1_000);
    assert_eq!(refused(&format!("<?xml version='1.0'?><a>{value}</a>")), ResponseError::NoAssertion);
    // A comment does not cut a value short.
    let commented = response(&["arn:aws:iam::1:role/a<!-- x -->dmin".to_owned()], |xml| xml);
    assert_eq!(Response::parse(&commented).unwrap().roles, ["arn:aws:iam::1:role/admin"]);
}
