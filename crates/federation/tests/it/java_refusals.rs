//! What Java knows and this filter does not, or what Java refuses as well: told with its place and its name, never
//! read in another way.

use crate::filter::refused;

#[test]
fn a_refusal_names_the_construct_and_its_place() {
    for (filter, position, words) in [
        // Known to Java, not here.
        (r"^(?{{role}}\p{InGreek}+)$", 12, "property InGreek"),
        (r"^(?{{role}}[a\p{javaLowerCase}])$", 14, "property javaLowerCase"),
        ("(?d)^(?{{role}}a)$", 1, "flag d"),
        ("^(?{{role}}(?m:a))$", 12, "flag m"),
        ("^(?{{role}}(?U)a)$", 12, "flag U"),
        (r"^(?i)(a)(?{{role}}\1)$", 19, "case is ignored"),
        ("^(?iu)(?{{role}}é[a-z])$", 19, "flags iu"),
        ("^(?x)(?{{role}}[a b])$", 18, "flag x"),
        ("^(?x)(?{{role}}[#])$", 17, "flag x"),
        ("^(?{{role}}[a-z&&])$", 18, "&&"),
        ("^(?{{role}}[a&&&b])$", 14, "&&"),
        ("^(?{{role}}[&&a])$", 13, "&&"),
        (r"^(?{{role}}[\Q+-\E-z])$", 19, "hyphen"),
        (r"^(?{{role}}a\R+)$", 15, r"repeated \R"),
        ("^(?{{role}}(?!b)*a)$", 17, "repeated lookaround"),
        ("^*(?{{role}}a)$", 2, "repeated anchor"),
        ("^(?{{role}}a{2}{3})$", 16, "repetition of a repetition"),
        ("^(?{{role}}a{70000})$", 13, "65535"),
        (r"^(?{{role}}a\1)$", 13, "from inside"),
        (r"^(?{{role}}a)\2$", 14, "group 2"),
        (r"^(?{{role}}\cA)$", 12, r"\c"),
        ("^(?{{role}}a)(?<=b+)$", 19, "lookbehind"),
        // Refused by Java too.
        ("^(?{{role}}a**)$", 14, "repetition of a repetition"),
        ("^(?{{role}}*)$", 12, "repeats nothing"),
        ("^(?{{role}}a{3,2})$", 13, "ends before"),
        ("^(?<x>a)(?<x>b)(?{{role}}c)$", 9, "used twice"),
        (r"^(?{{role}}a)\k<y>$", 14, "group y"),
        ("^(?{{role}}a))$", 14, "closes no group"),
        ("^(?{{role}}(a)$", 2, "not closed"),
        ("^(?{{role}}[a)$", 12, "not closed"),
    ] {
        let error = refused(filter);
        assert_eq!(error.position, position, "{error}");
        assert!(error.reason.contains(words), "{error}");
    }
}

/// Brackets without end must not cost the stack.
#[test]
fn deep_nesting_is_refused() {
    for bracket in ["(", "[", "(?:", "(?=", "[^"] {
        let error = refused(&bracket.repeat(50_000));
        assert!(error.reason.contains("deep"), "{bracket}: {}", error.reason);
    }
}

/// Nobody should have to know which engine reads the filter.
#[test]
fn too_large_a_filter_is_refused_by_either_engine() {
    for filter in [r"(\p{L}{1000}){1000}(?{{role}}b)", r"(?=a)(\p{L}{1000}){1000}(?{{role}}b)"] {
        assert!(!refused(filter).reason.contains('\n'));
    }
}
