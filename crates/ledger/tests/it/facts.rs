//! Facts for tests: any org a snapshot could be made of.

use proptest::{collection, option, prelude::*, sample};
use rolebook_federation::{
    AccountId, AppUser, AppUserStatus, Catalogue, Group, GroupAssignment, GroupKind, GroupOrigin,
    RoleProfile, Scope, Union, User, UserStatus,
};
use rolebook_ledger::{
    AccountRecord, AdminHolder, AdminRole, AppId, AppRecord, AssignmentRecord, Binding, CatalogueRecord,
    Coverage, CustomRole, CustomRoles, Facts, GroupId, GroupName, GroupRecord, GroupRule, ListCoverage, Org,
    OrgId, Person, ResourceSet, UserId, UserRecord,
};
use serde_json::{Value, json};

const ROLES: [&str; 9] = [
    "Admin",
    "Admin:user",
    "ReadOnly",
    " padded ",
    "[prod-eu] -- Ops",
    "Some Account -- Ops",
    "arn:aws:iam::444455556666:role/team/x",
    "arn:aws-cn:iam::777788889999:saml-provider/OKTA,arn:aws-cn:iam::777788889999:role/China",
    "<b>=cmd()|\u{7}",
];
const GROUP_NAMES: [&str; 6] = [
    "aws_111122223333_Admin",
    "aws_111122223333_ReadOnly",
    "xaws_444455556666_Ops (EU)",
    "aws_12_Bogus",
    "Everyone",
    "<script>alert(1)</script>",
];
const USER_STATUSES: [&str; 6] = ["ACTIVE", "SUSPENDED", "DEPROVISIONED", "LOCKED_OUT", "STAGED", "FOO"];

fn time() -> impl Strategy<Value = Option<jiff::Timestamp>> {
    option::of((0i64..2_000_000_000).prop_map(|s| jiff::Timestamp::from_second(s).unwrap()))
}

fn profile() -> impl Strategy<Value = RoleProfile> {
    (sample::subsequence(ROLES.to_vec(), 0..4), sample::subsequence(ROLES.to_vec(), 0..2)).prop_map(
        |(saml_roles, role)| RoleProfile {
            saml_roles: saml_roles.into_iter().map(str::to_owned).collect(),
            role: role.into_iter().map(str::to_owned).collect(),
        },
    )
}

fn group() -> impl Strategy<Value = GroupRecord> {
    let kind = sample::select(vec![GroupKind::Okta, GroupKind::App, GroupKind::BuiltIn, GroupKind::Unknown]);
    let assignment = option::of((option::of(0i64..4), profile()));
    let name = option::weighted(0.9, sample::select(GROUP_NAMES.to_vec()));
    (
        name,
        kind,
        option::of("[a-z]{3}"),
        assignment,
        any::<bool>(),
        [time(), time(), time(), time()].prop_map(Vec::from),
    )
        .prop_map(|(name, kind, source, assignment, members_read, times)| GroupRecord {
            id: GroupId::default(),
            group: Group {
                name: name.map(str::to_owned),
                kind,
                origin: GroupOrigin { app_id: source.clone().map(|s| format!("0oa{s}")), app_name: source },
                assignment: assignment
                    .clone()
                    .map(|(priority, profile)| GroupAssignment { priority, profile }),
            },
            created: times[0],
            last_updated: times[1],
            last_membership_updated: times[2],
            assignment_updated: assignment.and(times[3]),
            members_read,
        })
}

fn user(groups: usize) -> impl Strategy<Value = UserRecord> {
    let status = option::weighted(0.9, sample::select(USER_STATUSES.to_vec()));
    let assignment = option::of((
        option::of(sample::select(vec!["USER", "GROUP", "ODD"])),
        sample::select(vec!["ACTIVE", "PROVISIONED", "SUSPENDED", "FOO"]),
        profile(),
        option::of("[a-z]{3}@acme.test"),
        time(),
    ));
    let memberships = collection::btree_set(0..u32::try_from(groups.max(1)).unwrap(), 0..4);
    (status, assignment, memberships, option::of("[a-z ]{1,8}"), time(), option::of("[0-9]{3}")).prop_map(
        move |(status, assignment, memberships, name, created, number)| {
            let record = assignment.as_ref().map(|(scope, status, _, user_name, time)| AssignmentRecord {
                scope: scope.map(str::to_owned),
                status: (*status).to_owned(),
                user_name: user_name.clone(),
                named_group: scope.filter(|s| *s == "GROUP").map(|_| GroupId::new("00g0")),
                created: *time,
                last_updated: *time,
                status_changed: None,
            });
            UserRecord {
                id: UserId::default(),
                user: User {
                    status: UserStatus::parse(status),
                    app_user: assignment.map(|(scope, status, profile, _, _)| AppUser {
                        scope: Scope::parse(scope),
                        status: AppUserStatus::parse(status),
                        profile,
                    }),
                    groups: memberships.into_iter().filter(|ix| (*ix as usize) < groups).collect(),
                },
                person: Person {
                    display_name: name.clone().filter(|n| !n.trim().is_empty()).unwrap_or("Someone".into()),
                    status: status.map(str::to_owned),
                    login: number.clone().map(|n| format!("u{n}@acme.test")),
                    email: number.clone().map(|n| format!("u{n}@acme.test")),
                    second_email: created.map(|_| "second@acme.test".to_owned()),
                    employee_ids: number.clone().into_iter().collect(),
                    given_name: name.filter(|n| !n.is_empty()),
                    family_name: None,
                    created,
                    last_login: created,
                    profile: json!({ "employeeNumber": number, "title": "=1+1" }).to_string().into(),
                },
                assignment: record,
            }
        },
    )
}

fn app() -> impl Strategy<Value = AppRecord> {
    let union = sample::select(vec![Union::Enabled, Union::Disabled, Union::Unknown]);
    (any::<bool>(), any::<bool>(), any::<bool>(), union, 0u8..6, time()).prop_map(
        |(mapping, join, implicit_assignment, union, state, created)| AppRecord {
            id: AppId::new("0oaAWS"),
            name: "amazon_aws".to_owned(),
            label: "AWS <b>".to_owned(),
            status: if state == 0 { "INACTIVE" } else { "ACTIVE" }.to_owned(),
            sign_on_mode: (state != 1).then(|| "SAML_2_0".to_owned()),
            features: vec!["PUSH_NEW_USERS".to_owned()],
            settings: json!({
                "useGroupMapping": mapping, "joinAllRoles": join, "sessionDuration": 3600,
                "identityProviderArn": (state != 2).then_some("arn:aws:iam::111122223333:saml-provider/OKTA"),
                "appFilter": "okta, abc", "overrideAcsURL": null,
            })
            .as_object()
            .unwrap()
            .clone(),
            sign_on: json!({ "attributeStatements": [] }),
            implicit_assignment,
            union,
            created,
            last_updated: created,
        },
    )
}

fn admin_roles(groups: usize, users: usize) -> impl Strategy<Value = Vec<AdminRole>> {
    let kinds = sample::subsequence(vec!["APP_ADMIN", "APP_ADMIN_2", "SUPER_ADMIN", "USER_ADMIN"], 0..4);
    (kinds, any::<u64>()).prop_map(move |(kinds, bits)| {
        let bit = |n: usize| bits >> (n % 64) & 1 == 1;
        kinds
            .into_iter()
            .enumerate()
            .map(|(n, kind)| AdminRole {
                kind: kind.to_owned(),
                label: format!("{kind} label"),
                users: (0..users)
                    .filter(|user| bit(n + user))
                    .map(|user| {
                        let by_group = groups > 0 && bit(n * 7 + user);
                        let holder = AdminHolder {
                            direct: !by_group || bit(user * 3),
                            groups: if by_group { vec![GroupId::new(group_id(0))] } else { Vec::new() },
                            outside: if bit(user) {
                                vec![(GroupId::new("00gOut"), None)]
                            } else {
                                Vec::new()
                            },
                            targets: if bit(n) { vec!["group:00g1".to_owned()] } else { Vec::new() },
                        };
                        (UserId::new(user_id(user)), holder)
                    })
                    .collect(),
                groups: if groups > 0 && bit(n) {
                    [(GroupId::new(group_id(0)), vec!["app:amazon_aws".to_owned()])].into()
                } else {
                    Default::default()
                },
            })
            .collect()
    })
}

/// Accounts that Okta shows by number, alias or name, and some that it does not show.
fn accounts() -> impl Strategy<Value = Vec<AccountRecord>> {
    let named = [
        ("111122223333", Some("Main <b>"), None),
        ("444455556666", None, Some("ops")),
        ("777788889999", None, None),
        ("012345678901", Some("Some Account"), Some("prod-eu")),
        ("999999999999", Some("Some Account"), Some("")),
    ];
    let more = (option::of("[a-z/]{1,6}"), option::of("[a-z]{3}@acme.test"), any::<bool>());
    sample::subsequence(named.to_vec(), 0..6)
        .prop_flat_map(move |chosen| (Just(chosen.clone()), collection::vec(more.clone(), chosen.len())))
        .prop_map(|(chosen, more)| {
            let mut records: Vec<AccountRecord> = chosen
                .into_iter()
                .zip(more)
                .map(|((id, name, alias), (ou, owner, tagged))| AccountRecord {
                    name: name.map(str::to_owned),
                    alias: alias.map(str::to_owned),
                    ou,
                    environment: owner.clone().map(|_| "prod".to_owned()),
                    owner,
                    tags: tagged.then(|| ("cost".to_owned(), "=1+1".to_owned())).into_iter().collect(),
                    ..AccountRecord::new(AccountId::parse(id).unwrap())
                })
                .collect();
            records.sort_by(|a, b| a.id.cmp(&b.id));
            records
        })
}

/// Ids of which one begins another, in both parts of a binding's id.
fn custom_roles(groups: usize, users: usize) -> impl Strategy<Value = Option<CustomRoles>> {
    let roles = sample::subsequence(vec!["WORKFLOWS_ADMIN", "cr0", "cr01", "cr01:x", "cr02"], 0..5);
    let sets = sample::subsequence(vec!["iam1", "iam10", "iam1:cr0", "iam2"], 0..4);
    let custom = (roles, sets, any::<u64>()).prop_map(move |(roles, sets, bits)| {
        let bit = |n: usize| bits.rotate_left(u32::try_from(n % 64).unwrap()) & 1 == 1;
        let group = |n: usize| (groups > 0 && bit(n)).then(|| GroupId::new(group_id(n % groups)));
        let user = |n: usize| (users > 0 && bit(n)).then(|| UserId::new(user_id(n % users)));
        let text = |n: usize, text: &str| if bit(n) { text.to_owned() } else { String::new() };
        let role = |(n, id): (usize, &&str)| CustomRole {
            id: (*id).to_owned(),
            label: text(n, "AWS \u{7}<b>"),
            description: text(n + 1, "=1+1"),
            permissions: (0..n).map(|n| format!("okta.p{n}.read")).collect(),
            users: (0..6)
                .filter_map(|k| {
                    let by_group = group(n + k).filter(|_| bit(k));
                    let holder = AdminHolder {
                        direct: by_group.is_none(),
                        groups: by_group.into_iter().collect(),
                        outside: if bit(k + 9) {
                            vec![("00gOut".into(), Some("Out".into()))]
                        } else {
                            vec![]
                        },
                        targets: vec!["resource-set:iam1".to_owned()],
                    };
                    Some((user(n * 5 + k)?, holder))
                })
                .collect(),
            groups: (0..3)
                .filter_map(|k| Some((group(n + k)?, vec!["resource-set:iam1".to_owned()])))
                .collect(),
        };
        let set = |(n, id): (usize, &&str)| ResourceSet {
            id: (*id).to_owned(),
            label: text(n, "Set"),
            description: String::new(),
            resources: (0..n).map(|n| format!("/api/v1/groups/00g{n}")).collect(),
            bindings: (roles.iter().enumerate())
                .filter(|(k, _)| bit(n + k * 3))
                .map(|(k, role)| {
                    let binding = Binding {
                        users: (0..4).filter_map(|m| user(n + k * 7 + m)).collect(),
                        groups: (0..2).filter_map(|m| group(n + k * 11 + m)).collect(),
                        outside: group(k)
                            .map(|_| ("00gOut".into(), bit(n).then(|| "Out".into())))
                            .into_iter()
                            .collect(),
                        others: user(k)
                            .map(|_| "https://a.test/oauth2/v1/clients/0oa1".into())
                            .into_iter()
                            .collect(),
                    };
                    ((*role).to_owned(), binding)
                })
                .collect(),
        };
        CustomRoles {
            roles: roles.iter().enumerate().map(role).collect(),
            sets: sets.iter().enumerate().map(set).collect(),
        }
    });
    option::of(custom)
}

/// Ids of different lengths, so that one begins another.
fn group_id(ix: usize) -> String {
    format!("00g{}", ix + 1)
}

fn user_id(ix: usize) -> String {
    format!("00u{}", ix + 1)
}

/// Any facts: groups and users are sorted by id, as a reading leaves them.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    (0usize..14, 0usize..14).prop_flat_map(|(groups, users)| {
        (
            app(),
            collection::vec(group(), groups),
            collection::vec(user(groups), users),
            admin_roles(groups, users),
            custom_roles(groups, users),
            sample::subsequence(ROLES.to_vec(), 0..3),
            accounts(),
        )
            .prop_map(
                |(app, mut groups, mut users, admin_roles, custom_roles, catalogue, accounts)| {
                    // positions are given out after sorting, so the ids are sorted first
                    let mut group_ids: Vec<String> = (0..groups.len()).map(group_id).collect();
                    group_ids.sort();
                    let mut user_ids: Vec<String> = (0..users.len()).map(user_id).collect();
                    user_ids.sort();
                    for (group, id) in groups.iter_mut().zip(group_ids) {
                        group.id = GroupId::new(id);
                    }
                    for (user, id) in users.iter_mut().zip(user_ids) {
                        user.id = UserId::new(id);
                    }
                    let mut coverage = Coverage::new("test", Default::default());
                    coverage.lists.insert("app-users".to_owned(), ListCoverage::Full { items: 3 });
                    coverage
                        .lists
                        .insert("group-rules".to_owned(), ListCoverage::Not { why: "refused".to_owned() });
                    let values: Vec<String> = catalogue.into_iter().map(str::to_owned).collect();
                    let source = if values.is_empty() { Catalogue::None } else { Catalogue::Types };
                    Facts {
                        org: Org {
                            id: OrgId::new("00o1"),
                            name: "Acme".to_owned(),
                            domain: "acme.test".to_owned(),
                        },
                        group_names: groups
                            .iter()
                            .map(|g| GroupName {
                                id: g.id.clone(),
                                name: g.group.name.clone(),
                                kind: g.group.kind,
                                source: g.group.origin.app_name.clone(),
                            })
                            .collect(),
                        group_rules: vec![GroupRule {
                            id: "0pr1".to_owned(),
                            name: "rule".to_owned(),
                            status: "ACTIVE".to_owned(),
                            expression: "user.department==\"Eng\"".to_owned(),
                            groups: vec![GroupId::new("00g1")],
                        }],
                        app,
                        catalogue: CatalogueRecord { source, values },
                        accounts,
                        groups,
                        users,
                        admin_roles,
                        custom_roles,
                        coverage,
                    }
                },
            )
    })
}

/// Facts as reading gives them back: what only the resolution uses once is normalised.
pub(crate) fn normalised(mut facts: Facts) -> Facts {
    facts.catalogue = CatalogueRecord::default();
    for user in &mut facts.users {
        let profile: Value = serde_json::from_str(&user.person.profile).unwrap();
        user.person.profile = profile.to_string().into();
    }
    facts
}
