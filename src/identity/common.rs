//! The passwords that are tried first: common words, with the usual decorations taken off.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that people take for passwords, compiled for this product: rows of the keyboard, names, teams, seasons, oaths.
static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").split_ascii_whitespace().collect());

/// So many characters of decoration make no other password of a common word.
const DECORATION: usize = 8;

/// Whether a guesser's first list holds this password: a common word, spelled with digits and decorated or not; one character
/// or a few over and over; a run like 87654321.
pub(super) fn is_common(password: &str) -> bool {
    let plain: Vec<char> = password.to_lowercase().chars().collect();
    is_run(&plain) || is_repeated(&plain) || is_word(&plain)
}

/// Whether it is the account's own address, or the name in it, decorated or not.
pub(super) fn is_named_after(password: &str, email: &str) -> bool {
    let (password, email) = (password.to_lowercase(), email.to_lowercase());
    let name = email.split('@').next().unwrap_or_default();
    let rest = password.replacen(name, "", 1);
    password == email || (name.chars().count() > 3 && rest.len() < password.len() && rest.chars().count() <= DECORATION)
}

fn is_word(plain: &[char]) -> bool {
    let all: String = plain.iter().collect();
    if WORDS.contains(all.as_str()) {
        return true;
    }
    // Digits are letters in disguise within a word and decoration around it; at its ends they may be either.
    let disguised: Vec<char> = plain.iter().map(|letter| undisguised(*letter)).collect();
    [plain, &disguised].into_iter().any(|letters| {
        let begin = letters.iter().position(|letter| letter.is_alphabetic()).unwrap_or_default();
        let end = letters.iter().rposition(|letter| letter.is_alphabetic()).map_or(begin, |at| at + 1);
        let word: String = letters[begin..end].iter().map(|letter| undisguised(*letter)).collect();
        letters.len() - (end - begin) <= DECORATION && WORDS.contains(word.as_str())
    })
}

fn undisguised(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }
}

/// Neighbours in order: 12345678, abcdefgh, and backwards.
fn is_run(plain: &[char]) -> bool {
    let steps: HashSet<i64> =
        plain.windows(2).map(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]))).collect();
    // 1234567890 goes round once
    steps.iter().all(|step| matches!(step, 1 | -9)) || steps.iter().all(|step| matches!(step, -1 | 9))
}

/// A few characters, or a word, over and over.
fn is_repeated(plain: &[char]) -> bool {
    (1..=plain.len() / 2).any(|period| {
        let repeats = plain.iter().enumerate().all(|(at, letter)| *letter == plain[at % period]);
        repeats && (period <= 4 || is_word(&plain[..period]) || is_run(&plain[..period]))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_common, is_named_after};

    #[test]
    fn what_is_tried_first_is_known_in_its_disguises() {
        for common in [
            "password",
            "Password1",
            "P@ssw0rd",
            "p4$$w0rd!",
            "Password2026!",
            "123456789",
            "1234567890",
            "87654321",
            "aaaaaaaa",
            "abcabcabc",
            "qwertyuiop",
            "Qwerty123!",
            "iloveyou",
            "Summer2026",
            "!!admin!!",
            "letmein1",
            "Welcome01",
            "dragon99",
            "12341234",
            "changeme!",
            "passwordpassword",
            "abcdefgh",
            "Liverpool1892",
            "tr1n1ty22",
            "loggia2026",
            "monkey12",
        ] {
            assert!(is_common(common), "{common}");
        }
        for good in [
            "correct horse",
            "open sesame",
            "another one",
            "long enough",
            "ünïcödé!",
            "kettle-fjord-91",
            "Tr0ub4dor&3x",
            "8JfQ-2mxLw",
            "sommerregen am see",
            "passwords are a nuisance",
            "xkqvwzjy",
        ] {
            assert!(!is_common(good), "{good}");
        }
    }

    #[test]
    fn the_accounts_own_name_is_no_secret() {
        assert!(is_named_after("ann.smith", "Ann.Smith@example.com"));
        assert!(is_named_after("ann.smith1!", "ann.smith@example.com"));
        assert!(is_named_after("ann@example.com", "ann@example.com"));
        assert!(!is_named_after("ann likes kettles", "ann@example.com"));
        assert!(!is_named_after("kettle-fjord-91", "ann.smith@example.com"));
    }
}
