//! What counts as a good password.

/// The fewest characters of a valid password.
pub const MIN_LENGTH: usize = 12;
/// The most characters of a valid password.
pub const MAX_LENGTH: usize = 128;
/// The score from which a password is valid.
pub const VALID_SCORE: u32 = 60;

/// Judgement of a password. It holds nothing of the password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasswordStrength {
    /// Whether a new wallet should take it.
    pub is_valid: bool,
    /// 0 to 100.
    pub score: u32,
    /// What is wrong, for people; empty when nothing is.
    pub problems: Vec<&'static str>,
}

/// Judges a password by length and variety: 12 to 128 characters, at least three of lower case, upper case, digits
/// and others, and a score of 60 or more.
///
/// The score gives 4 points for each different character up to 15 of them, 10 for each class of characters, and
/// takes 15 off for a character three times in a row, 15 for a run such as `abcd` or `4321`, and 40 when the whole
/// is a common password in other letters. It is a guard against the careless and no estimate of entropy.
///
/// Linear in the length; the time depends on the password, so do not judge others' passwords where that can be seen.
#[must_use]
pub fn validate_password_strength(password: &str) -> PasswordStrength {
    // Room for all from the start: a vector that grows leaves what it held before behind, unwiped.
    let mut characters = zeroize::Zeroizing::new(Vec::with_capacity(MAX_LENGTH + 1));
    characters.extend(password.chars().take(MAX_LENGTH + 1).map(u32::from));
    let mut problems = Vec::new();
    if characters.len() < MIN_LENGTH {
        problems.push("shorter than 12 characters");
    }
    if characters.len() > MAX_LENGTH {
        problems.push("longer than 128 characters");
    }
    let classes = count_classes(&characters);
    if classes < 3 {
        problems.push("fewer than three of lower case, upper case, digits and other characters");
    }
    let mut score = 4 * count_different(&characters) + 10 * classes;
    if characters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2]) {
        problems.push("a character three times in a row");
        score = score.saturating_sub(15);
    }
    if characters.windows(4).any(is_run) {
        problems.push("a run of neighbouring characters");
        score = score.saturating_sub(15);
    }
    if is_common(password) {
        problems.push("a common password");
        score = score.saturating_sub(40);
    }
    let score = score.min(100);
    let is_long_enough = (MIN_LENGTH..=MAX_LENGTH).contains(&characters.len());
    PasswordStrength { is_valid: is_long_enough && classes >= 3 && score >= VALID_SCORE, score, problems }
}

/// How many different characters there are, counted up to 15.
fn count_different(characters: &[u32]) -> u32 {
    (0..characters.len())
        .filter(|place| !characters[..*place].contains(&characters[*place]))
        .take(15)
        .fold(0, |n, _| n + 1)
}

fn count_classes(characters: &[u32]) -> u32 {
    let has = |test: fn(char) -> bool| {
        u32::from(characters.iter().any(|code| char::from_u32(*code).is_some_and(test)))
    };
    has(char::is_lowercase)
        + has(char::is_uppercase)
        + has(char::is_numeric)
        + has(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric())
}

fn is_run(four: &[u32]) -> bool {
    let rises = four.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    rises || four.windows(2).all(|pair| pair[0] == pair[1].wrapping_add(1))
}

/// The words that most lists of stolen passwords begin with.
const COMMON: &[&str] =
    &["password", "passwort", "qwerty", "letmein", "welcome", "iloveyou", "admin", "changeme", "secret"];

/// Whether nothing but digits and signs stands around a common word.
fn is_common(password: &str) -> bool {
    if password.len() > 4 * MAX_LENGTH {
        return false;
    }
    let mut letters = zeroize::Zeroizing::new(String::with_capacity(password.len()));
    for character in password.chars() {
        // The substitutions everybody knows.
        match character.to_ascii_lowercase() {
            '0' => letters.push('o'),
            '1' | '!' => letters.push('i'),
            '3' => letters.push('e'),
            '4' | '@' => letters.push('a'),
            '5' | '$' => letters.push('s'),
            other if other.is_ascii_lowercase() => letters.push(other),
            _ => {}
        }
    }
    COMMON.iter().any(|word| letters.contains(word) && letters.len() <= word.len() + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_passwords_pass() {
        for password in ["Blue-Kettle-42-Rain", "xV9!mQ2#rT7&", "Überraschung 7 Enten"] {
            let strength = validate_password_strength(password);
            assert!(strength.is_valid, "{strength:?}");
        }
    }

    #[test]
    fn each_rule_has_its_problem() {
        let cases = [
            ("xV9!mQ2#rT7", "shorter than 12 characters"),
            (
                "onlylowercaseletters",
                "fewer than three of lower case, upper case, digits and other characters",
            ),
            ("P4ssw0rd!2024", "a common password"),
            ("Tabcd-kettle-77", "a run of neighbouring characters"),
            ("Kettle---Rain42", "a character three times in a row"),
        ];
        for (password, problem) in cases {
            let strength = validate_password_strength(password);
            assert!(strength.problems.contains(&problem), "{problem}: {strength:?}");
        }
        let long = "aB3-".repeat(33);
        let strength = validate_password_strength(&long);
        assert!(!strength.is_valid && strength.problems.contains(&"longer than 128 characters"));
        assert!(!validate_password_strength("").is_valid);
        assert!(!validate_password_strength("P4ssw0rd!2024").is_valid);
    }

    #[test]
    fn length_counts_characters() {
        assert!(!validate_password_strength("ÄÖÜäöü1!xYz").problems.is_empty());
        assert!(validate_password_strength("ÄÖÜäöü1!xYzq").is_valid);
    }
}
