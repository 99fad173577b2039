//! Accounts files as people and AWS make them.

use rolebook_connector::{AccountsError, Place, parse_accounts};
use rolebook_federation::AccountId;
use rolebook_ledger::AccountRecord;

fn record(id: &str) -> AccountRecord {
    AccountRecord::new(AccountId::parse(id).unwrap())
}

#[track_caller]
fn refused(file: &str) -> AccountsError {
    let error = parse_accounts(file.as_bytes()).unwrap_err();
    assert!(!error.hint().is_empty());
    error
}

#[test]
fn csv_with_every_column() {
    let file = "\
Account ID,Name,Alias,OU,Environment,Owner,Tags,Cost centre
444455556666,Ops,,,,,,
111122223333,\"Main, the\",acme-main,Root/Core,prod,ann@acme.test,team=core; pci,4711
";
    let main = AccountRecord {
        name: Some("Main, the".to_owned()),
        alias: Some("acme-main".to_owned()),
        ou: Some("Root/Core".to_owned()),
        environment: Some("prod".to_owned()),
        owner: Some("ann@acme.test".to_owned()),
        tags: [("Cost centre", "4711"), ("pci", ""), ("team", "core")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..record("111122223333")
    };
    let ops = AccountRecord { name: Some("Ops".to_owned()), ..record("444455556666") };
    assert_eq!(parse_accounts(file.as_bytes()).unwrap(), [main, ops]);
}

/// Byte order mark, semicolons, line ends of Windows, text marks in front of a zero, rows of nothing at the end.
#[test]
fn csv_as_spreadsheets_write_it() {
    let file = "\u{feff}id;name;e-mail\r\n=\"012345678901\";A;a@acme.test\r\n'022222222222;B;\r\n\
                1111-2222-3333;C;\r\n;;\r\n\"=\"\"033333333333\"\"\";D;\r\n";
    let ids: Vec<_> = parse_accounts(file.as_bytes()).unwrap();
    let ids: Vec<_> = ids.iter().map(|a| (a.id.as_str(), a.name.as_deref(), a.owner.as_deref())).collect();
    assert_eq!(
        ids,
        [
            ("012345678901", Some("A"), Some("a@acme.test")),
            ("022222222222", Some("B"), None),
            ("033333333333", Some("D"), None),
            ("111122223333", Some("C"), None),
        ]
    );
    assert_eq!(parse_accounts(b"id\tname\n111122223333\tMain\n").unwrap()[0].name.as_deref(), Some("Main"));
}

#[test]
fn json_of_aws() {
    let file = r#"{ "Accounts": [
        { "Id": "444455556666", "Arn": "arn:aws:organizations::1:account/o-1/4", "Email": "aws+ops@acme.test",
          "Name": "ops", "Status": "SUSPENDED", "JoinedMethod": "CREATED", "JoinedTimestamp": "2024-01-01T00:00:00Z" },
        { "Id": "011122223333", "Email": "aws+main@acme.test", "Name": "main", "Status": "ACTIVE", "State": "ACTIVE",
          "Alias": "acme-main", "Owner": "ann@acme.test", "OU": "Core", "Environment": "prod",
          "Tags": [{ "Key": "team", "Value": "core" }] }
    ] }"#;
    let main = AccountRecord {
        name: Some("main".to_owned()),
        alias: Some("acme-main".to_owned()),
        ou: Some("Core".to_owned()),
        environment: Some("prod".to_owned()),
        owner: Some("ann@acme.test".to_owned()),
        tags: [("team".to_owned(), "core".to_owned())].into(),
        ..record("011122223333")
    };
    let ops = AccountRecord {
        name: Some("ops".to_owned()),
        owner: Some("aws+ops@acme.test".to_owned()),
        tags: [("Status".to_owned(), "SUSPENDED".to_owned())].into(),
        ..record("444455556666")
    };
    assert_eq!(parse_accounts(file.as_bytes()).unwrap(), [main, ops]);
    // `--query Accounts`, and tags as one object
    let list = r#"[{ "Id": "444455556666", "Tags": { "pci": true, "level": 3 } }]"#;
    let tags = &parse_accounts(list.as_bytes()).unwrap()[0].tags;
    assert_eq!((tags["pci"].as_str(), tags["level"].as_str()), ("true", "3"));
}

#[test]
fn a_dropped_zero_is_told_with_its_line() {
    let error = refused("id,name\n111122223333,Main\n11122223333,Lost\n");
    assert_eq!(error, AccountsError::DroppedZero { place: Place::Line(3), text: "11122223333".to_owned() });
    assert_eq!(error.to_string(), "line 3: `11122223333` has 11 digits, an AWS account id has 12");
    assert!(error.hint().contains("spreadsheet") && error.hint().contains("011122223333"));
    let error = refused(r#"[{ "Id": 11122223333 }]"#);
    assert_eq!(error, AccountsError::DroppedZero { place: Place::Item(1), text: "11122223333".to_owned() });
}

#[test]
fn other_ids_are_refused() {
    for (text, rounded) in
        [("1.11122E+11", true), ("\"1,11122E+11\"", true), ("1112222", false), ("prod", false)]
    {
        let error = refused(&format!("id,name\n{text},Main\n"));
        assert_eq!(matches!(error, AccountsError::Rounded { .. }), rounded, "{text}: {error}");
        assert!(error.to_string().starts_with("line 2: "), "{error}");
    }
    let error = refused("id,name\n,Main\n");
    assert_eq!(error, AccountsError::NotAnId { place: Place::Line(2), text: String::new() });
}

#[test]
fn what_stands_twice_is_refused() {
    let error = refused("id\n111122223333\n444455556666\n1111-2222-3333\n");
    assert_eq!(error.to_string(), "line 4: account 111122223333 stands in line 2 already");
    let error = refused("id,alias\n111122223333,main\n444455556666,main\n");
    assert_eq!(error.to_string(), "line 3: alias `main` belongs to the account in line 2 already");
    // Names may be shared: AWS Organizations allows it.
    assert_eq!(parse_accounts(b"id,name\n111122223333,main\n444455556666,main\n").unwrap().len(), 2);
}

#[test]
fn other_files_are_refused() {
    for file in ["", " \n", "id,name\n", "[]", "{\"Accounts\":[]}"] {
        assert_eq!(refused(file), AccountsError::Empty, "{file:?}");
    }
    for file in ["{", "[1]", "{\"Roles\":[]}", "{\"Accounts\":{}}"] {
        assert!(matches!(refused(file), AccountsError::Json { .. }), "{file:?}");
    }
    assert_eq!(
        refused(r#"{ "Accounts": [{ "Id": "111122223333" }], "NextToken": "x" }"#),
        AccountsError::Cut
    );
    assert!(matches!(refused("id,name\n111122223333\n"), AccountsError::Csv { .. }));
    let error = refused("name,owner\nMain,ann@acme.test\n");
    assert_eq!(error.to_string(), "the accounts file has no column `id`, only `name`, `owner`");
    let latin = b"id,name\n111122223333,Main\n444455556666,B\xfcro\n";
    assert_eq!(parse_accounts(latin), Err(AccountsError::Encoding { line: 3 }));
    let utf16: Vec<u8> = "id\n1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [&[0xff, 0xfe][..], &utf16].concat();
    assert_eq!(parse_accounts(&utf16), Err(AccountsError::Encoding { line: 1 }));
}
