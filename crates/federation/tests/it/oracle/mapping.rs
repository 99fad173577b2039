//! Group mapping mode: names decide.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rolebook_federation::{
    AppUser, AppUserStatus, DEFAULT_GROUP_FILTER, DEFAULT_ROLE_VALUE_PATTERN, FilterMatch, Group,
    GroupAssignment, GroupKind, GroupOrigin, GroupVerdict, RoleProfile, Rules, Scope, Source, Union, User,
    UserStatus, Warnings, resolve,
};

use super::config;
use crate::org::{Answer, How, Name, Org};

/// A filter, read by hand: where a match ends and what the marks caught, for a match that starts at the front.
struct Filter {
    text: &'static str,
    anchored: bool,
    front: fn(&str) -> Option<Hit>,
}

struct Hit {
    account: Option<String>,
    role: String,
    rest: String,
}

const FILTERS: &[Filter] = &[
    Filter { text: DEFAULT_GROUP_FILTER, anchored: false, front: okta_default },
    Filter {
        text: r"^aws_(?{{accountid}}\d{12})_(?{{role}}[\w+=,.@-]+)$",
        anchored: true,
        front: whole_okta_default,
    },
    Filter { text: r"^redshift_(?{{role}}\w*)$", anchored: true, front: redshift },
    Filter { text: r"^aws\#(?{{role}}[^#]*)\#(?{{accountid}}\d+)", anchored: true, front: role_first },
];

fn taken(text: &str, allowed: fn(char) -> bool) -> (String, String) {
    let count = text.chars().take_while(|&c| allowed(c)).count();
    (text.chars().take(count).collect(), text.chars().skip(count).collect())
}

fn digit(c: char) -> bool {
    "0123456789".contains(c)
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn role_character(c: char) -> bool {
    word(c) || "+=,.@-".contains(c)
}

fn okta_default(text: &str) -> Option<Hit> {
    let (account, rest) = taken(text.strip_prefix("aws_")?, digit);
    let (role, rest) = taken(rest.strip_prefix('_')?, role_character);
    (!account.is_empty() && !role.is_empty()).then_some(Hit { account: Some(account), role, rest })
}

/// What `$` takes for the end.
fn ended(rest: &str) -> bool {
    rest.is_empty() || rest == "\n"
}

fn whole_okta_default(text: &str) -> Option<Hit> {
    okta_default(text).filter(|hit| ended(&hit.rest) && hit.account.as_ref().unwrap().len() == 12)
}

fn redshift(text: &str) -> Option<Hit> {
    let (role, rest) = taken(text.strip_prefix("redshift_")?, word);
    ended(&rest).then_some(Hit { account: None, role, rest })
}

fn role_first(text: &str) -> Option<Hit> {
    let (role, rest) = taken(text.strip_prefix("aws#")?, |c| c != '#');
    let (account, rest) = taken(rest.strip_prefix('#')?, digit);
    (!account.is_empty()).then_some(Hit { account: Some(account), role, rest })
}

/// A role value pattern: its account and role when it fixes them, and the role ARN around `{a}` and `{r}`.
struct Pattern {
    text: &'static str,
    account: Option<&'static str>,
    role: Option<&'static str>,
    role_arn: &'static str,
    provider_arn: &'static str,
    partition: &'static str,
}

const PATTERNS: &[Pattern] = &[
    Pattern {
        text: DEFAULT_ROLE_VALUE_PATTERN,
        account: None,
        role: None,
        role_arn: "arn:aws:iam::{a}:role/{r}",
        provider_arn: "arn:aws:iam::{a}:saml-provider/OKTA",
        partition: "aws",
    },
    Pattern {
        text: "arn:aws-us-gov:iam::444455556666:role/OKTA-${role},\n arn:aws-us-gov:iam::444455556666:saml-provider/Okta-IdP",
        account: Some("444455556666"),
        role: None,
        role_arn: "arn:aws-us-gov:iam::444455556666:role/OKTA-{r}",
        provider_arn: "arn:aws-us-gov:iam::444455556666:saml-provider/Okta-IdP",
        partition: "aws-us-gov",
    },
    Pattern {
        text: "arn:aws:iam::444455556666:saml-provider/okta,arn:aws:iam::444455556666:role/Redshift",
        account: Some("444455556666"),
        role: Some("Redshift"),
        role_arn: "arn:aws:iam::444455556666:role/Redshift",
        provider_arn: "arn:aws:iam::444455556666:saml-provider/okta",
        partition: "aws",
    },
    Pattern {
        text: "arn:aws-cn:iam::${accountid}:saml-provider/okta,arn:aws-cn:iam::${accountid}:role/Everybody",
        account: None,
        role: Some("Everybody"),
        role_arn: "arn:aws-cn:iam::{a}:role/Everybody",
        provider_arn: "arn:aws-cn:iam::{a}:saml-provider/okta",
        partition: "aws-cn",
    },
];

#[derive(Debug, Clone)]
struct Case {
    org: Org,
    filter: usize,
    pattern: usize,
}

/// What a name gives: nothing, no usable role, or account, role and "only in part".
#[derive(Debug, PartialEq)]
enum Said {
    Nothing,
    Unusable(&'static str),
    Role { name: Name, role_arn: String, provider_arn: String, partial: bool },
}

impl Case {
    fn said(&self, group: &Group) -> Said {
        let Some(name) = &group.name else { return Said::Unusable("NoName") };
        let filter = &FILTERS[self.filter];
        let whole = (filter.front)(name).filter(|hit| hit.rest.is_empty());
        let starts = name.char_indices().map(|(at, _)| at).filter(|at| *at == 0 || !filter.anchored);
        let found = starts.filter_map(|at| (filter.front)(&name[at..])).next();
        let partial = found.is_some() && whole.is_none();
        let hit = match self.org.switches.filter_match {
            FilterMatch::Find => found,
            FilterMatch::Full => whole,
        };
        let Some(hit) = hit else { return Said::Nothing };
        let pattern = &PATTERNS[self.pattern];
        let account = pattern.account.map_or_else(|| hit.account.clone().unwrap(), str::to_owned);
        let mut faults = Vec::new();
        if !self.listed(group) {
            faults.push("SourceNotAllowed");
        }
        if account.len() != 12 {
            faults.push("BogusAccount");
        }
        if pattern.role.is_none() && hit.role.is_empty() {
            faults.push("EmptyRole");
        }
        if let Some(fault) = faults.first() {
            return Said::Unusable(fault);
        }
        let fill = |arn: &str| arn.replace("{a}", &account).replace("{r}", &hit.role);
        Said::Role {
            role_arn: fill(pattern.role_arn),
            provider_arn: fill(pattern.provider_arn),
            name: (account, pattern.role.map_or_else(|| hit.role.clone(), str::to_owned)),
            partial,
        }
    }

    fn listed(&self, group: &Group) -> bool {
        let mut words =
            self.org.app.settings.app_filter.split(',').map(str::trim).filter(|word| !word.is_empty());
        let source = match group.kind {
            GroupKind::Okta | GroupKind::BuiltIn => vec!["okta".to_owned()],
            _ => [&group.origin.app_id, &group.origin.app_name].into_iter().flatten().cloned().collect(),
        };
        words.any(|word| source.iter().any(|own| own.eq_ignore_ascii_case(word)))
    }

    fn answer(&self) -> Answer {
        let mut answer = Answer::default();
        let partition = PATTERNS[self.pattern].partition.to_owned();
        let open =
            self.org.app.status == "ACTIVE" && self.org.app.sign_on_mode.as_deref() == Some("SAML_2_0");
        for (at, group) in (0..).zip(&self.org.groups) {
            let Said::Role { name, partial, .. } = self.said(group) else { continue };
            let number = Some(name.0.clone());
            answer.accounts.insert(name.0.clone(), (number, None, None, partition.clone()));
            let sent =
                PATTERNS[self.pattern].text.replace("${accountid}", &name.0).replace("${role}", &name.1);
            answer.roles.entry(name.clone()).or_default().insert(sent);
            if open {
                answer.group_grants.insert((at, name), partial);
            }
        }
        let group_grants = answer.group_grants.clone();
        for (at, user) in (0..).zip(&self.org.users) {
            if !self.lets_in(user) {
                continue;
            }
            for name in group_grants.keys().map(|(_, name)| name).collect::<BTreeSet<_>>() {
                let held =
                    user.groups.iter().filter(|group| group_grants.contains_key(&(**group, name.clone())));
                let groups: Vec<u32> = held.copied().collect();
                if groups.is_empty() {
                    continue;
                }
                let partial = groups.iter().all(|group| group_grants[&(*group, name.clone())]);
                let how = How { source: Source::Group, own: false, partial, groups };
                answer.user_grants.insert((at, name.clone()), how);
            }
        }
        answer
    }

    fn lets_in(&self, user: &User) -> bool {
        let assigned =
            user.app_user.as_ref().is_some_and(|app_user| app_user.status == AppUserStatus::Usable);
        user.status != UserStatus::CannotSignIn && (assigned || self.org.app.implicit_assignment)
    }
}

/// Mostly names that some filter likes, with few accounts and roles, so that several groups confer one role.
fn any_name() -> impl Strategy<Value = Option<String>> {
    let odd = select(vec!["12", "1234567890123", "١١١١٢٢٢٢٣٣٣٣", "999988887777", ""]);
    let account = prop_oneof![5 => Just("111122223333"), 1 => odd].boxed();
    let odd = select(vec!["A", "", "Ops (EU)", "a_b-c", "Ünï", "x\ny", "x\n"]);
    let role = prop_oneof![4 => Just("Admin"), 2 => Just("Ops"), 2 => odd].boxed();
    let prefix = prop_oneof![5 => Just("aws_"), 2 => select(vec!["xaws_", "AWS_", "aws_1_aws_", "aws__"])];
    let tail = prop_oneof![3 => Just(""), 1 => select(vec!["x", "#"])];
    prop_oneof![
        1 => Just(None),
        1 => Just(Some("Everyone".to_owned())),
        18 => (prefix, account.clone(), role.clone()).prop_map(|(p, a, r)| Some(format!("{p}{a}_{r}"))),
        3 => role.clone().prop_map(|r| Some(format!("redshift_{r}"))),
        3 => (account, role, tail).prop_map(|(a, r, tail)| Some(format!("aws#{r}#{a}{tail}"))),
    ]
}

fn any_group() -> impl Strategy<Value = Group> {
    let kind =
        select(vec![GroupKind::Okta, GroupKind::Okta, GroupKind::Okta, GroupKind::BuiltIn, GroupKind::App]);
    let app_id = select(vec![None, Some("0oaDir"), Some("0oaHr")]);
    let app_name = select(vec![None, Some("active_directory"), Some("bamboohr")]);
    let assignment = option::of(Just(GroupAssignment {
        priority: Some(0),
        profile: RoleProfile { saml_roles: vec!["Noise".to_owned()], role: vec!["Noise".to_owned()] },
    }));
    (any_name(), kind, app_id, app_name, assignment).prop_map(|(name, kind, id, app, assignment)| {
        let local = kind != GroupKind::App;
        let own = |text: Option<&str>| text.filter(|_| !local).map(str::to_owned);
        Group { name, kind, origin: GroupOrigin { app_id: own(id), app_name: own(app) }, assignment }
    })
}

fn any_user(groups: u32) -> impl Strategy<Value = User> {
    let status = select(vec![
        UserStatus::CanSignIn,
        UserStatus::CanSignIn,
        UserStatus::CannotSignIn,
        UserStatus::Unknown,
    ]);
    let app_user = (
        select(vec![Scope::User, Scope::Group, Scope::Unknown]),
        prop_oneof![4 => Just(AppUserStatus::Usable), 1 => Just(AppUserStatus::Unusable)],
        select(vec![
            RoleProfile::default(),
            RoleProfile { saml_roles: vec!["Noise".to_owned()], role: Vec::new() },
        ]),
    )
        .prop_map(|(scope, status, profile)| AppUser { scope, status, profile });
    let held = subsequence((0..groups).collect::<Vec<_>>(), 0..=groups as usize);
    (status, option::weighted(0.9, app_user), held).prop_map(|(status, app_user, groups)| User {
        status,
        app_user,
        groups,
    })
}

fn any_case() -> impl Strategy<Value = Case> {
    let people = vec(any_group(), 0..12).prop_flat_map(|groups| {
        let users = vec(any_user(u32::try_from(groups.len()).unwrap()), 1..6);
        (Just(groups), users)
    });
    let odd =
        select(vec![" Okta , Active_Directory", "active_directory", "0OADIR", "bamboohr,okta,,", "nothing"]);
    let sources = prop_oneof![2 => Just("okta"), 1 => odd];
    let lock = prop_oneof![
        8 => Just(("ACTIVE", Some("SAML_2_0"))),
        1 => select(vec![("INACTIVE", Some("SAML_2_0")), ("ACTIVE", None), ("ACTIVE", Some("AUTO_LOGIN"))]),
    ];
    let union = select(vec![Union::Enabled, Union::Disabled, Union::Unknown]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), union);
    let rules = (select(vec![0, 0, 0, 1, 2, 3]), 0..PATTERNS.len(), sources).prop_filter(
        "a pattern that wants an account needs a filter that has one",
        |(filter, pattern, _)| *filter != 2 || PATTERNS[*pattern].account.is_some(),
    );
    (people, rules, lock, flags).prop_map(
        |((groups, users), (filter, pattern, sources), (status, mode), (full, join, implicit, union))| {
            let mut org = Org { union, groups, users, ..Org::mapping(FILTERS[filter].text) }
                .pattern(PATTERNS[pattern].text)
                .join(join);
            org.app.settings.app_filter = sources.to_owned();
            org.app.status = status.to_owned();
            org.app.sign_on_mode = mode.map(str::to_owned);
            org.app.implicit_assignment = implicit;
            org.switches.filter_match = if full { FilterMatch::Full } else { FilterMatch::Find };
            Case { org, filter, pattern }
        },
    )
}

fn compare(case: &Case) -> Result<(), TestCaseError> {
    let org = &case.org;
    let rules = Rules::compile(&org.app, org.union, &org.switches, &mut Warnings::new()).unwrap();
    let access = resolve(&rules, &org.catalogue, &org.groups, &org.users);
    prop_assert_eq!(Answer::of(&access), case.answer());
    for (group, verdict) in org.groups.iter().zip(&access.verdicts) {
        prop_assert_eq!(verdict, &rules.verdict(group));
        let said = match verdict {
            GroupVerdict::NoMatch => Said::Nothing,
            GroupVerdict::NoName => Said::Unusable("NoName"),
            GroupVerdict::SourceNotAllowed => Said::Unusable("SourceNotAllowed"),
            GroupVerdict::BogusAccount(_) => Said::Unusable("BogusAccount"),
            GroupVerdict::EmptyRole => Said::Unusable("EmptyRole"),
            GroupVerdict::Confers(conferral) => Said::Role {
                name: (conferral.account.as_str().to_owned(), conferral.role.clone()),
                role_arn: conferral.arns.role.as_ref().unwrap().to_string(),
                provider_arn: conferral.arns.provider.as_ref().unwrap().to_string(),
                partial: conferral.partial,
            },
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(said, case.said(group));
    }
    for role in access.roles.roles() {
        let confers = |group: &&Group| matches!(case.said(group), Said::Role { name, .. } if name == (role.account.clone(), role.name.clone()));
        let conferring: Vec<&Group> = org.groups.iter().filter(confers).collect();
        prop_assert_eq!(role.any_group, !conferring.is_empty());
        prop_assert_eq!(role.writable_group, conferring.iter().any(|group| group.kind == GroupKind::Okta));
        let Said::Role { role_arn, provider_arn, .. } = case.said(conferring[0]) else { unreachable!() };
        prop_assert_eq!(role.arns.role.as_ref().map(ToString::to_string), Some(role_arn));
        prop_assert_eq!(role.arns.provider.as_ref().map(ToString::to_string), Some(provider_arn));
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(700))]

    #[test]
    fn mapping_mode_agrees_with_the_naive_reading(case in any_case()) {
        compare(&case)?;
    }
}
