//! Tokens that no text encodes to: marks of a document's end, of roles, of gaps to fill.

use std::borrow::Cow;

use super::{Encoding, TokenError};

/// How names of special tokens in a text are treated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Special<'a> {
    /// They are text like any other.
    #[default]
    Ordinary,
    /// These are their tokens; others are text.
    Allow(SpecialNames<'a>),
    /// A text that has one is an error. The reference's default.
    Reject,
}

/// Which special tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpecialNames<'a> {
    /// All of the encoding.
    All,
    /// Those of these names.
    Only(&'a [&'a str]),
}

/// A stretch of a text.
pub(super) enum Part<'a> {
    Text(&'a str),
    Special(u32),
}

const CL100K: [(&str, u32); 5] = [
    ("<|endoftext|>", 100_257),
    ("<|fim_prefix|>", 100_258),
    ("<|fim_middle|>", 100_259),
    ("<|fim_suffix|>", 100_260),
    ("<|endofprompt|>", 100_276),
];

const O200K: [(&str, u32); 2] = [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)];

const HARMONY: [(&str, u32); 10] = [
    ("<|startoftext|>", 199_998),
    ("<|endoftext|>", 199_999),
    ("<|return|>", 200_002),
    ("<|constrain|>", 200_003),
    ("<|channel|>", 200_005),
    ("<|start|>", 200_006),
    ("<|end|>", 200_007),
    ("<|message|>", 200_008),
    ("<|call|>", 200_012),
    ("<|endofprompt|>", 200_018),
];

/// The last number of o200k_harmony and one.
const HARMONY_END: u32 = 201_088;

/// No name is longer.
const LONGEST: usize = "<|reserved_201087|>".len();

fn named(encoding: Encoding) -> &'static [(&'static str, u32)] {
    match encoding {
        Encoding::Cl100kBase => &CL100K,
        Encoding::O200kBase => &O200K,
        Encoding::O200kHarmony => &HARMONY,
    }
}

pub(super) fn numbers_of(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Cl100kBase => 100_277,
        Encoding::O200kBase => 200_019,
        Encoding::O200kHarmony => HARMONY_END as usize,
    }
}

/// The name of a special token.
pub(super) fn name_of(encoding: Encoding, token: u32) -> Option<Cow<'static, str>> {
    if let Some((name, _)) = named(encoding).iter().find(|(_, number)| *number == token) {
        return Some(Cow::Borrowed(name));
    }
    is_reserved(encoding, token).then(|| Cow::Owned(format!("<|reserved_{token}|>")))
}

/// Those the reference calls by their numbers. One number has both a name and this form.
fn is_reserved(encoding: Encoding, token: u32) -> bool {
    encoding == Encoding::O200kHarmony
        && matches!(token, 200_000 | 200_001 | 200_004 | 200_009..=200_011 | 200_013..HARMONY_END)
}

/// The special token of this name.
fn token_of(encoding: Encoding, name: &str) -> Option<u32> {
    if let Some((_, token)) = named(encoding).iter().find(|(known, _)| *known == name) {
        return Some(*token);
    }
    let digits = name.strip_prefix("<|reserved_")?.strip_suffix("|>")?;
    let token = digits.parse().ok().filter(|_| digits.len() == 6 && !digits.starts_with('+'))?;
    is_reserved(encoding, token).then_some(token)
}

/// Divides `text` at the special tokens that are allowed in it.
pub(super) fn parts<'a>(
    encoding: Encoding,
    text: &'a str,
    special: Special<'_>,
) -> Result<Vec<Part<'a>>, TokenError> {
    let allowed = match special {
        Special::Ordinary => return Ok(vec![Part::Text(text)]),
        Special::Reject => {
            return match next(encoding, text, 0, SpecialNames::All) {
                Some((at, ..)) => Err(TokenError::SpecialToken { at }),
                None => Ok(vec![Part::Text(text)]),
            };
        }
        Special::Allow(allowed) => allowed,
    };
    if let SpecialNames::Only(names) = allowed
        && let Some(index) = names.iter().position(|name| token_of(encoding, name).is_none())
    {
        return Err(TokenError::UnknownSpecial { index });
    }
    let (mut parts, mut start) = (Vec::new(), 0);
    while let Some((at, end, token)) = next(encoding, text, start, allowed) {
        if at > start {
            parts.push(Part::Text(&text[start..at]));
        }
        parts.push(Part::Special(token));
        start = end;
    }
    parts.push(Part::Text(&text[start..]));
    Ok(parts)
}

/// Where the next special token from `start` on begins and ends, and which it is.
fn next(
    encoding: Encoding,
    text: &str,
    mut start: usize,
    allowed: SpecialNames<'_>,
) -> Option<(usize, usize, u32)> {
    loop {
        let at = start + text[start..].find("<|")?;
        // A name is short ASCII, so this looks at a few bytes only.
        let window = &text.as_bytes()[at..text.len().min(at + LONGEST)];
        if let Some(close) = window.windows(2).position(|pair| pair == b"|>")
            && let Ok(name) = str::from_utf8(&window[..close + 2])
            && let Some(token) = token_of(encoding, name)
            && match allowed {
                SpecialNames::All => true,
                SpecialNames::Only(names) => names.contains(&name),
            }
        {
            return Some((at, at + name.len(), token));
        }
        start = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_9_the_three_modes() {
        let tokenizer = Encoding::Cl100kBase.tokenizer();
        let text = "<|endoftext|>";
        assert_eq!(tokenizer.encode(text), [27, 91, 8862, 728, 428, 91, 29]);
        assert_eq!(tokenizer.encode_with(text, Special::Ordinary).unwrap().len(), 7);
        assert_eq!(tokenizer.encode_with(text, Special::Allow(SpecialNames::All)), Ok(vec![100_257]));
        assert_eq!(
            tokenizer.encode_with("a<|endoftext|>", Special::Reject),
            Err(TokenError::SpecialToken { at: 1 })
        );
        let only = Special::Allow(SpecialNames::Only(&["<|endofprompt|>"]));
        assert_eq!(tokenizer.encode_with(text, only).unwrap().len(), 7);
        assert_eq!(
            tokenizer.encode_with(text, Special::Allow(SpecialNames::Only(&["<|end|>"]))),
            Err(TokenError::UnknownSpecial { index: 0 })
        );
        assert_eq!(tokenizer.count_with("x<|<|endoftext|>y", Special::Allow(SpecialNames::All)), Ok(5));
    }

    #[test]
    fn reserved_tokens_are_known_by_their_numbers() {
        let harmony = Encoding::O200kHarmony;
        for token in [200_000, 200_013, 201_087] {
            let name = name_of(harmony, token).unwrap();
            assert_eq!(token_of(harmony, &name), Some(token));
        }
        for name in
            ["<|reserved_199999|>", "<|reserved_+20000|>", "<|reserved_201088|>", "<|reserved_0200000|>"]
        {
            assert_eq!(token_of(harmony, name), None);
        }
        assert_eq!(token_of(Encoding::O200kBase, "<|reserved_200000|>"), None);
    }
}
