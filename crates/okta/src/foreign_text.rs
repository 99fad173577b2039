//! Text that others wrote, made safe to show.

/// Longest piece of foreign text that is kept, in characters.
const LONGEST: usize = 300;

/// Drops what could steer a terminal or forge a log line (control characters, line and paragraph separators,
/// bidirectional overrides) and shortens.
pub(crate) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len().min(LONGEST));
    for (count, character) in text.trim().chars().enumerate() {
        if count == LONGEST {
            tamed.push('…');
            break;
        }
        tamed.push(if is_steering(character) { ' ' } else { character });
    }
    tamed
}

/// Whether a character can move a cursor, change colours, break a line, hide itself or turn the direction of text.
///
/// The one rule for text from Okta, AWS or a file that is shown in a terminal, a log or a page.
#[must_use]
pub fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_length_are_tamed() {
        assert_eq!(tame("a\u{1b}[31m\nb\u{202e}c\u{61c}d"), "a [31m b c d");
        let long = tame(&"x".repeat(5000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
