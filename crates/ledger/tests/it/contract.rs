//! Sentences of the contract, one test each.

use rolebook_federation::{
    AppUser, AppUserStatus, Group, GroupAssignment, GroupKind, GroupOrigin, RoleProfile, Scope, User,
    UserStatus,
};
use rolebook_ledger::{
    AdminHolder, AppId, AssignmentRecord, Binding, CustomRole, CustomRoles, Facts, GroupId, GroupRecord,
    Person, ResourceSet, SECRET_SETTINGS, UserId, UserRecord,
};
use rolebook_snapshot::{
    GrantFilter, Limits, Snapshot, annotation, json,
    proto::{
        EntitlementImmutable, Grant, GrantExpandable, GrantImmutable, GrantMetadata, Resource, UserTrait,
    },
};
use serde_json::{Value, json};

use crate::round_trip::seal;

pub(crate) fn base(mapping: bool) -> Facts {
    let mut facts = Facts::default();
    facts.app.id = AppId::new("0oaAWS");
    facts.app.name = "amazon_aws".to_owned();
    facts.app.status = "ACTIVE".to_owned();
    facts.app.sign_on_mode = Some("SAML_2_0".to_owned());
    facts.app.settings = json!({
        "useGroupMapping": mapping, "joinAllRoles": true, "accessKey": "AKIASECRET", "secretKey": "s3cret",
        "secretKeyEnc": "s3cret", "identityProviderArn": "arn:aws:iam::111122223333:saml-provider/OKTA",
    })
    .as_object()
    .unwrap()
    .clone();
    facts
}

fn group(id: &str, name: &str, kind: GroupKind, roles: Option<&[&str]>) -> GroupRecord {
    GroupRecord {
        id: GroupId::new(id),
        group: Group {
            name: Some(name.to_owned()),
            kind,
            origin: GroupOrigin::default(),
            assignment: roles.map(|roles| GroupAssignment {
                priority: Some(0),
                profile: RoleProfile {
                    saml_roles: roles.iter().map(|r| (*r).to_owned()).collect(),
                    role: vec![],
                },
            }),
        },
        created: None,
        last_updated: None,
        last_membership_updated: None,
        assignment_updated: None,
        members_read: true,
    }
}

fn user(id: &str, scope: Option<&str>, roles: &[&str], groups: &[u32]) -> UserRecord {
    UserRecord {
        id: UserId::new(id),
        user: User {
            status: UserStatus::CanSignIn,
            app_user: scope.map(|scope| AppUser {
                scope: Scope::parse(Some(scope)),
                status: AppUserStatus::Usable,
                profile: RoleProfile {
                    saml_roles: roles.iter().map(|r| (*r).to_owned()).collect(),
                    role: vec![],
                },
            }),
            groups: groups.to_vec(),
        },
        person: Person {
            display_name: id.to_owned(),
            status: Some("ACTIVE".to_owned()),
            login: Some("ann@acme.com".to_owned()),
            profile: "{}".into(),
            ..Person::default()
        },
        assignment: scope.map(|scope| AssignmentRecord {
            scope: Some(scope.to_owned()),
            status: "ACTIVE".to_owned(),
            ..AssignmentRecord::default()
        }),
    }
}

struct File {
    _folder: tempfile::TempDir,
    snapshot: Snapshot,
    sync: rolebook_snapshot::SyncId,
}

impl File {
    fn of(facts: &Facts) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.c1z");
        let sync = seal(facts, &path);
        let snapshot = Snapshot::open(&path, &Limits::default()).unwrap();
        Self { _folder: folder, snapshot, sync }
    }

    fn grant(&self, id: &str) -> Option<Grant> {
        self.snapshot.rows(&self.sync).grant(id).unwrap()
    }

    fn resource(&self, kind: &str, id: &str) -> Resource {
        self.snapshot.rows(&self.sync).resource(kind, id).unwrap().expect("resource")
    }

    fn types(&self) -> Vec<String> {
        let mut types = Vec::new();
        let rows = self.snapshot.rows(&self.sync);
        rows.resource_types(|row| {
            types.push(row.id);
            Ok::<_, rolebook_snapshot::Error>(())
        })
        .unwrap();
        types
    }
}

fn metadata(grant: &Grant) -> Value {
    let found = annotation::find::<GrantMetadata>(&grant.annotations).unwrap();
    found.and_then(|m| m.metadata).map(|m| json::from_struct(&m).into()).unwrap_or_default()
}

fn source_keys(grant: &Grant) -> Vec<String> {
    grant.sources.iter().flat_map(|s| s.sources.keys().cloned()).collect()
}

#[test]
fn every_declared_type_has_its_row_also_when_empty() {
    assert_eq!(File::of(&base(true)).types(), ["account", "app", "group", "role", "user"]);
}

#[test]
fn credentials_of_the_app_never_reach_the_file() {
    let file = File::of(&base(true));
    let app = file.resource("app", "0oaAWS");
    let profile = format!("{app:?}");
    assert!(!profile.contains("AKIASECRET") && !profile.contains("s3cret"), "{profile}");
    for key in SECRET_SETTINGS {
        assert!(!profile.contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn a_user_grant_by_own_and_group_names_both_and_can_be_taken_back() {
    let mut facts = base(false);
    facts.groups = vec![group("00g1", "ops", GroupKind::Okta, Some(&["Admin", "Ops"]))];
    facts.users = vec![user("00uA", Some("USER"), &["Admin"], &[0])];
    let file = File::of(&facts);

    let both = file.grant("account:111122223333:Admin:user:00uA").expect("own and joined");
    assert_eq!(source_keys(&both), ["account:111122223333:Admin", "group:00g1:member"]);
    assert!(!annotation::has::<GrantImmutable>(&both.annotations));
    assert_eq!(metadata(&both), json!({ "source": "own" }));

    let joined = file.grant("account:111122223333:Ops:user:00uA").expect("joined");
    assert_eq!(source_keys(&joined), ["group:00g1:member"]);
    assert!(annotation::has::<GrantImmutable>(&joined.annotations));
    assert_eq!(metadata(&joined), json!({ "source": "join" }));
    assert!(joined.sources.unwrap().sources.values().all(|s| s.is_direct));
}

#[test]
fn an_own_grant_alone_has_no_sources() {
    let mut facts = base(false);
    facts.users = vec![user("00uA", Some("USER"), &["Admin"], &[])];
    let grant = File::of(&facts).grant("account:111122223333:Admin:user:00uA").unwrap();
    assert!(grant.sources.is_none());
    assert!(grant.annotations.len() == 1);
}

#[test]
fn no_grant_is_expandable() {
    let mut facts = base(true);
    facts.groups = vec![group("00g1", "aws_111122223333_Admin", GroupKind::Okta, None)];
    facts.users = vec![user("00uA", Some("USER"), &[], &[0])];
    let file = File::of(&facts);
    let mut seen = 0;
    let rows = file.snapshot.rows(&file.sync);
    rows.grants(GrantFilter::All, |row| {
        seen += 1;
        assert!(row.expansion.is_none());
        assert!(!annotation::has::<GrantExpandable>(&row.grant()?.annotations));
        Ok::<_, rolebook_snapshot::Error>(())
    })
    .unwrap();
    assert_eq!(seen, 4, "role to user, role to group, app access, membership");
}

#[test]
fn a_role_that_only_unwritable_groups_confer_cannot_be_given() {
    let mut facts = base(true);
    facts.app.settings.insert("appFilter".to_owned(), "okta,active_directory".into());
    let mut from_ad = group("00g1", "aws_111122223333_Admin", GroupKind::App, None);
    from_ad.group.origin.app_name = Some("active_directory".to_owned());
    facts.groups =
        vec![from_ad.clone(), group("00g2", "aws_111122223333_Ops", GroupKind::Okta, None), from_ad];
    facts.groups[2].id = GroupId::new("00g3");
    facts.groups[2].group.name = Some("aws_111122223333_Ops".to_owned());
    let file = File::of(&facts);
    let immutable = |id: &str| {
        let entitlement = file.snapshot.rows(&file.sync).entitlement(id).unwrap().unwrap();
        annotation::has::<EntitlementImmutable>(&entitlement.annotations)
    };
    assert!(immutable("account:111122223333:Admin"));
    assert!(!immutable("account:111122223333:Ops"));
    assert!(immutable("group:00g1:member") && !immutable("group:00g2:member"));
}

#[test]
fn a_group_scope_assignment_is_immutable_and_names_its_groups() {
    let mut facts = base(false);
    facts.groups = vec![
        group("00g1", "ops", GroupKind::Okta, Some(&["Admin"])),
        group("00g2", "not assigned", GroupKind::Okta, None),
    ];
    facts.users = vec![user("00uA", Some("GROUP"), &["Admin"], &[0, 1])];
    let grant = File::of(&facts).grant("app:0oaAWS:access:user:00uA").unwrap();
    assert!(annotation::has::<GrantImmutable>(&grant.annotations));
    assert_eq!(source_keys(&grant), ["group:00g1:member"]);
    assert_eq!(metadata(&grant), json!({ "saml_roles": ["Admin"], "scope": "GROUP", "status": "ACTIVE" }));
}

#[test]
fn an_account_tells_its_roles_with_arns_and_stored_values() {
    let mut facts = base(false);
    facts.users = vec![user("00uA", Some("USER"), &["Admin", "[prod-eu] -- platform"], &[])];
    let file = File::of(&facts);
    let profile =
        |id: &str| Value::from(json::from_struct(file.resource("account", id).profile.as_ref().unwrap()));
    assert_eq!(
        profile("111122223333"),
        json!({
            "partition": "aws", "catalogue": "none",
            "roles": { "Admin": {
                "role_arn": "arn:aws:iam::111122223333:role/Admin",
                "provider_arn": "arn:aws:iam::111122223333:saml-provider/OKTA",
                "values": ["Admin"],
            } },
        })
    );
    assert_eq!(
        profile("prod-eu"),
        json!({
            "partition": "aws", "catalogue": "none", "alias": "prod-eu",
            "roles": { "platform": { "values": ["[prod-eu] -- platform"] } },
        })
    );
}

#[test]
fn a_person_is_a_user_with_trait_and_profile() {
    let mut facts = base(false);
    facts.users = vec![user("00uA", Some("USER"), &["Admin"], &[])];
    facts.users[0].person.status = Some("STAGED".to_owned());
    let row = File::of(&facts).resource("user", "00uA");
    let found = annotation::find::<UserTrait>(&row.annotations).unwrap().unwrap();
    assert_eq!(found.login_aliases, ["ann"]);
    assert_eq!(found.status.unwrap().status, 2, "a staged user is disabled");
    assert_eq!(row.status.unwrap().status, 2);
    assert!(found.profile.is_some() && row.profile.is_some());
}

#[test]
fn custom_roles_stand_in_three_types_of_their_own_and_only_when_asked_for() {
    let mut facts = base(true);
    facts.groups = vec![group("00g1", "aws_111122223333_Admin", GroupKind::Okta, None)];
    facts.users = vec![user("00uA", Some("USER"), &[], &[0]), user("00uB", None, &[], &[])];
    let holder = |direct: bool| AdminHolder {
        direct,
        groups: if direct { vec![] } else { vec![GroupId::new("00g1")] },
        outside: vec![],
        targets: vec!["resource-set:iam1".to_owned()],
    };
    facts.custom_roles = Some(CustomRoles {
        roles: vec![CustomRole {
            id: "cr0R".to_owned(),
            label: "Reviewer".to_owned(),
            permissions: vec!["okta.apps.read".to_owned()],
            users: [(UserId::new("00uA"), holder(false)), (UserId::new("00uB"), holder(true))].into(),
            groups: [(GroupId::new("00g1"), vec!["resource-set:iam1".to_owned()])].into(),
            ..CustomRole::default()
        }],
        sets: vec![ResourceSet {
            id: "iam1".to_owned(),
            label: "AWS".to_owned(),
            resources: vec!["/api/v1/apps/0oaAWS".to_owned()],
            bindings: [(
                "cr0R".to_owned(),
                Binding {
                    users: [UserId::new("00uB")].into(),
                    groups: [GroupId::new("00g1")].into(),
                    outside: [(GroupId::new("00gOut"), Some("Outside".to_owned()))].into(),
                    others: Default::default(),
                },
            )]
            .into(),
            ..ResourceSet::default()
        }],
    });
    let file = File::of(&facts);
    assert_eq!(
        file.types(),
        ["account", "app", "custom-role", "group", "resource-set", "resourceset-binding", "role", "user"]
    );
    let profile = |kind: &str, id: &str| {
        Value::from(json::from_struct(file.resource(kind, id).profile.as_ref().unwrap()))
    };
    assert_eq!(
        profile("custom-role", "cr0R"),
        json!({ "label": "Reviewer", "permissions": ["okta.apps.read"] })
    );
    assert_eq!(
        profile("resource-set", "iam1"),
        json!({ "label": "AWS", "resources": ["/api/v1/apps/0oaAWS"] })
    );
    assert_eq!(
        profile("resourceset-binding", "iam1:cr0R"),
        json!({ "resource_set": "iam1", "role": "cr0R", "outside_groups": [{ "id": "00gOut", "name": "Outside" }] })
    );
    assert_eq!(file.resource("resourceset-binding", "iam1:cr0R").display_name, "Reviewer on AWS");
    for id in [
        "resource-set:iam1:bindings:custom-role:cr0R",
        "resourceset-binding:iam1:cr0R:member:user:00uB",
        "resourceset-binding:iam1:cr0R:member:group:00g1",
        "custom-role:cr0R:assigned:group:00g1",
    ] {
        assert!(file.grant(id).is_some(), "{id}");
    }
    let by_group = file.grant("custom-role:cr0R:assigned:user:00uA").unwrap();
    assert!(annotation::has::<GrantImmutable>(&by_group.annotations));
    assert_eq!(source_keys(&by_group), ["group:00g1:member"]);
    assert_eq!(metadata(&by_group), json!({ "assignment": "GROUP", "targets": ["resource-set:iam1"] }));
    let direct = file.grant("custom-role:cr0R:assigned:user:00uB").unwrap();
    assert_eq!(metadata(&direct), json!({ "assignment": "USER", "targets": ["resource-set:iam1"] }));

    facts.custom_roles = Some(CustomRoles::default());
    assert_eq!(File::of(&facts).types().len(), 8, "asked for, and none found");
    facts.custom_roles = None;
    assert_eq!(File::of(&facts).types().len(), 5);
}
