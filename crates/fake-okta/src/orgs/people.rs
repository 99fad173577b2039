//! Names for made-up people.

pub(super) const FIRST: [&str; 40] = [
    "Ada", "Amir", "Ana", "Ben", "Bianca", "Carlos", "Chen", "Chloe", "Dana", "David", "Elena", "Emeka",
    "Eva", "Farid", "Fiona", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kofi", "Lars",
    "Leila", "Lin", "Maja", "Marco", "Mei", "Nadia", "Nils", "Noor", "Olga", "Omar", "Priya", "Rosa", "Sam",
    "Tariq", "Uma", "Yuki",
];

pub(super) const LAST: [&str; 40] = [
    "Abel",
    "Adeyemi",
    "Andersson",
    "Baker",
    "Becker",
    "Blanc",
    "Castro",
    "Costa",
    "Dahl",
    "Diaz",
    "Eriksen",
    "Farah",
    "Fischer",
    "Garcia",
    "Gupta",
    "Haas",
    "Hansen",
    "Ito",
    "Jansen",
    "Kaya",
    "Kim",
    "Kowalski",
    "Lopez",
    "Mbeki",
    "Meyer",
    "Moreau",
    "Nguyen",
    "Novak",
    "Okafor",
    "Olsen",
    "Park",
    "Petrov",
    "Rossi",
    "Sato",
    "Silva",
    "Singh",
    "Smith",
    "Tanaka",
    "Weber",
    "Yilmaz",
];

/// The `n`th made-up person: first and last name. The pair repeats after 1,600.
pub(super) fn name(n: usize) -> (&'static str, &'static str) {
    let first = FIRST.get(n % FIRST.len()).copied().unwrap_or_default();
    let last = LAST.get((n / FIRST.len() + n * 7) % LAST.len()).copied().unwrap_or_default();
    (first, last)
}

/// `ada.abel@acme.test` for the `n`th person; a number is added once names repeat.
pub(super) fn login(n: usize, domain: &str) -> String {
    let (first, last) = name(n);
    let round = n / (FIRST.len() * LAST.len());
    let number = if round == 0 { String::new() } else { round.to_string() };
    format!("{}.{}{number}@{domain}", first.to_lowercase(), last.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_do_not_repeat() {
        let mut logins: Vec<String> = (0..5000).map(|n| login(n, "acme.test")).collect();
        logins.sort_unstable();
        logins.dedup();
        assert_eq!(logins.len(), 5000);
    }
}
