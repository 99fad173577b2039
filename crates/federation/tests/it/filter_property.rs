//! The filter against a naive backtracking matcher for a small grammar, and against text of any kind.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use rolebook_federation::{FilterMatch, GroupFilter, NameMatch};

/// A filter as a tree, so that its meaning needs no parser.
#[derive(Debug, Clone)]
enum Node {
    /// One character of a kind: how it is written and which characters it takes.
    One(&'static str, fn(char) -> bool),
    Seq(Vec<Node>),
    Alt(Vec<Node>),
    /// Least, most, and `""` for greedy, `"?"` for lazy, `"+"` for possessive.
    Repeat(Box<Node>, usize, usize, &'static str),
    /// Account (0) or role (1).
    Mark(usize, Box<Node>),
    Ahead(bool, Box<Node>),
    Start,
    End,
}

const MANY: usize = usize::MAX;

impl Node {
    fn text(&self) -> String {
        match self {
            Self::One(text, _) => (*text).to_owned(),
            Self::Seq(nodes) => nodes.iter().map(Self::text).collect(),
            Self::Alt(nodes) => format!("(?:{})", nodes.iter().map(Self::text).collect::<Vec<_>>().join("|")),
            Self::Repeat(node, least, most, kind) => {
                let count = match (*least, *most) {
                    (0, MANY) => "*".to_owned(),
                    (1, MANY) => "+".to_owned(),
                    (0, 1) => "?".to_owned(),
                    (least, most) => format!("{{{least},{most}}}"),
                };
                format!("{}{count}{kind}", node.text())
            }
            Self::Mark(0, node) => format!("(?{{{{accountid}}}}{})", node.text()),
            Self::Mark(_, node) => format!("(?{{{{role}}}}{})", node.text()),
            Self::Ahead(true, node) => format!("(?={})", node.text()),
            Self::Ahead(false, node) => format!("(?!{})", node.text()),
            Self::Start => "^".to_owned(),
            Self::End => "$".to_owned(),
        }
    }

    /// Every way to match at `at`, best first, until `then` is content with where it ends.
    fn run(&self, name: &[char], at: usize, marks: &Spans, then: &mut Then<'_>) -> bool {
        match self {
            Self::One(_, takes) => name.get(at).is_some_and(|c| takes(*c)) && then(at + 1, marks),
            Self::Seq(nodes) => sequence(nodes, name, at, marks, then),
            Self::Alt(nodes) => nodes.iter().any(|node| node.run(name, at, marks, then)),
            Self::Repeat(node, least, most, "+") => {
                let mut end = at;
                let greedy = Self::Repeat(node.clone(), *least, *most, "");
                greedy.run(name, at, marks, &mut |to, _| {
                    end = to;
                    true
                }) && then(end, marks)
            }
            Self::Repeat(node, least, most, kind) => {
                repeat(node, (*least, *most, *kind == "?"), name, at, marks, then)
            }
            Self::Mark(mark, node) => node.run(name, at, marks, &mut |to, inner| {
                let mut marks = *inner;
                marks[*mark] = Some((at, to));
                then(to, &marks)
            }),
            Self::Ahead(wanted, node) => {
                node.run(name, at, marks, &mut |_, _| true) == *wanted && then(at, marks)
            }
            Self::Start => at == 0 && then(at, marks),
            Self::End => at == name.len() && then(at, marks),
        }
    }
}

type Spans = [Option<(usize, usize)>; 2];
type Then<'a> = dyn FnMut(usize, &Spans) -> bool + 'a;

fn sequence(nodes: &[Node], name: &[char], at: usize, marks: &Spans, then: &mut Then<'_>) -> bool {
    match nodes.split_first() {
        None => then(at, marks),
        Some((first, rest)) => {
            first.run(name, at, marks, &mut |to, marks| sequence(rest, name, to, marks, then))
        }
    }
}

fn repeat(
    node: &Node,
    (least, most, lazy): (usize, usize, bool),
    name: &[char],
    at: usize,
    marks: &Spans,
    then: &mut Then<'_>,
) -> bool {
    if least == 0 && lazy && then(at, marks) {
        return true;
    }
    let again = most > 0
        && node.run(name, at, marks, &mut |to, marks| {
            let most = if most == MANY { MANY } else { most - 1 };
            repeat(node, (least.saturating_sub(1), most, lazy), name, to, marks, then)
        });
    again || (least == 0 && !lazy && then(at, marks))
}

fn naive(filter: &Node, reading: FilterMatch, text: &str) -> NameMatch {
    let name: Vec<char> = text.chars().collect();
    let caught =
        |marks: &Spans| marks.map(|span| span.map(|(from, to)| name[from..to].iter().collect::<String>()));
    let (mut found, mut whole) = (None, None);
    for start in 0..=name.len() {
        if filter.run(&name, start, &[None; 2], &mut |_, marks| {
            found = Some(caught(marks));
            true
        }) {
            break;
        }
    }
    filter.run(&name, 0, &[None; 2], &mut |to, marks| {
        if to == name.len() {
            whole = Some(caught(marks));
        }
        to == name.len()
    });
    let partial = found != whole;
    match if reading == FilterMatch::Find { found } else { whole } {
        None => NameMatch::No,
        Some([account, role]) => {
            NameMatch::Yes { marks: rolebook_federation::Marks { account, role }, partial }
        }
    }
}

fn one() -> impl Strategy<Value = Node> {
    select(vec![
        Node::One("a", |c| c == 'a'),
        Node::One("b", |c| c == 'b'),
        Node::One("_", |c| c == '_'),
        Node::One(r"\#", |c| c == '#'),
        Node::One(".", |_| true),
        Node::One(r"\d", |c| c.is_ascii_digit()),
        Node::One(r"\w", |c| c.is_ascii_alphanumeric() || c == '_'),
        Node::One(r"\W", |c| !(c.is_ascii_alphanumeric() || c == '_')),
        Node::One(r"\S", |c| c != ' '),
        Node::One(r"[\w-#]", |c| c.is_ascii_alphanumeric() || "_-#".contains(c)),
        Node::One("[^a_]", |c| !"a_".contains(c)),
        Node::One("[a-c&&[^b]]", |c| "ac".contains(c)),
        Node::One(r"\p{Alpha}", |c| c.is_ascii_alphabetic()),
    ])
}

/// Only what takes at least one character is repeated: what engines do with empty rounds differs and nobody writes it.
fn any_node() -> impl Strategy<Value = Node> {
    let repeated = |node: BoxedStrategy<Node>, kinds: Vec<&'static str>| {
        let counts = select(vec![(0, MANY), (1, MANY), (0, 1), (1, 2), (2, 3)]);
        (node, counts, select(kinds))
            .prop_map(|(node, (least, most), kind)| Node::Repeat(Box::new(node), least, most, kind))
    };
    let several = vec(one(), 1..3).prop_map(Node::Seq);
    let choice = vec(several, 2..4).prop_map(Node::Alt).boxed();
    let plain = prop_oneof![
        4 => one(),
        3 => repeated(one().boxed(), vec!["", "?", "+"]),
        2 => choice.clone(),
        1 => repeated(choice, vec!["", "?"]),
    ];
    prop_oneof![
        9 => plain,
        1 => (any::<bool>(), vec(one(), 1..3))
            .prop_map(|(wanted, nodes)| Node::Ahead(wanted, Box::new(Node::Seq(nodes)))),
    ]
}

fn any_filter() -> impl Strategy<Value = Node> {
    let mark = |which: usize| {
        (vec(any_node(), 1..3), any::<bool>()).prop_map(move |(nodes, optional)| {
            let mark = Node::Mark(which, Box::new(Node::Seq(nodes)));
            if optional { Node::Repeat(Box::new(mark), 0, 1, "") } else { mark }
        })
    };
    let piece = || vec(any_node(), 0..2).prop_map(Node::Seq);
    (any::<[bool; 3]>(), piece(), mark(0), piece(), mark(1), piece()).prop_map(
        |([start, end, swap], front, account, between, role, back)| {
            let (first, second) = if swap { (role, account) } else { (account, role) };
            let mut nodes = vec![front, first, between, second, back];
            if start {
                nodes.insert(0, Node::Start);
            }
            if end {
                nodes.push(Node::End);
            }
            Node::Seq(nodes)
        },
    )
}

fn any_name() -> impl Strategy<Value = String> {
    let letter = select("aaabbc__1122#- é١😀".chars().collect::<Vec<_>>());
    vec(letter, 0..9).prop_map(|letters| letters.into_iter().collect())
}

/// Pieces that mean something in some regular expression.
fn any_text() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "(?{{accountid}}",
        "(?{{role}}",
        "(?{{",
        "}}",
        "(",
        ")",
        "[",
        "]",
        "[^",
        "&&",
        "-",
        "\\",
        "\\d",
        "\\w",
        "\\p{L}",
        "\\p{",
        "{",
        "}",
        "{2}",
        "{2,",
        ",",
        "*",
        "+",
        "?",
        "*+",
        "|",
        "^",
        "$",
        "\\Q",
        "\\E",
        "(?=",
        "(?!",
        "(?<=",
        "(?>",
        "(?<x>",
        "\\k<x>",
        "\\1",
        "(?i)",
        "(?x)",
        "#",
        "[:alpha:]",
        "~~",
        "\\b",
        "\\R",
        "\\x",
        "\\u00e9",
        "é",
        "😀",
        "\n",
        "a",
        "aws_",
        "\0",
    ]);
    prop_oneof![
        3 => vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<char>(), 0..20).prop_map(|letters| letters.into_iter().collect()),
    ]
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_filter_means_what_the_naive_matcher_says(filter in any_filter(), names in vec(any_name(), 8)) {
        let text = filter.text();
        for reading in [FilterMatch::Find, FilterMatch::Full] {
            let compiled = GroupFilter::compile(&text, reading).unwrap();
            for name in &names {
                let expected = naive(&filter, reading, name);
                prop_assert_eq!(compiled.matches(name), expected, "{} {:?} on {:?}", text, reading, name);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn text_of_any_kind_is_compiled_or_refused(filter in any_text(), name in any_text()) {
        match GroupFilter::compile(&filter, FilterMatch::Find) {
            Ok(compiled) => {
                // Whatever it says, it says something: a panic would fail the test.
                let _ = (compiled.matches(&name), compiled.matches(&filter));
            }
            Err(error) => {
                prop_assert!((1..=filter.chars().count() + 1).contains(&error.position), "{}", error);
                prop_assert_eq!(error.filter, filter);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn names_of_any_kind_are_decided(name in vec(any::<char>(), 0..300), filter in 1..13_usize) {
        let name: String = name.into_iter().collect();
        let compiled = GroupFilter::compile(crate::filter::F[filter], FilterMatch::Find).unwrap();
        for text in [name.clone(), format!("aws_123456789012_{name}"), format!("aws#{name}#a#123456789012")] {
            prop_assert_ne!(compiled.matches(&text), NameMatch::Undecided);
        }
    }
}
