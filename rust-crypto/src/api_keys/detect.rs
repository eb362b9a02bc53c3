//! Whether bytes have the shape of a rule, without going back over them.

use super::Confidence;
use super::rules::{Class, Needs, Part, RULES, Rule, is_base64url};

/// How far into a body [`Needs`] is looked for.
const NEEDS_WINDOW: usize = 40;

/// Prefixes of so many characters are like no word.
const TELLING_PREFIX: usize = 6;
/// The fewest characters of a body of a format nobody has seen yet.
const UNSEEN_BODY: usize = 20;

/// Why a key with a rule's prefix is not of its shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mismatch {
    Length,
    Character,
}

/// Whether all of `key` has the shape of `rule`. Reads each byte once.
pub(super) fn matches_whole(rule: &Rule, key: &[u8]) -> Result<(), Mismatch> {
    let mut rest = key.strip_prefix(rule.prefix.as_bytes()).ok_or(Mismatch::Character)?;
    let mut before = rule.prefix.bytes().last().unwrap_or(0);
    let end_or_other = |rest: &[u8]| if rest.is_empty() { Mismatch::Length } else { Mismatch::Character };
    let mut last = None;
    for part in rule.body {
        match *part {
            Part::Text(text) => {
                rest = rest.strip_prefix(text.as_bytes()).ok_or_else(|| end_or_other(rest))?;
                before = text.bytes().last().unwrap_or(before);
                last = None;
            }
            Part::Run(class, min, max) => {
                let length = run_length(class, rest, before, max);
                if length < min {
                    return Err(end_or_other(&rest[length..]));
                }
                if length > 0 {
                    before = rest[length - 1];
                }
                rest = &rest[length..];
                last = Some(class);
            }
        }
    }
    match (rest.first(), last) {
        (None, _) => Ok(()),
        (Some(&byte), Some(class)) if class.contains(byte, before) => Err(Mismatch::Length),
        (Some(_), Some(_)) => Err(Mismatch::Character),
        (Some(_), None) => Err(Mismatch::Length),
    }
}

/// Finds keys by their prefix at places of a text, in time linear in the text as a whole.
pub(super) struct Finder<'a> {
    text: &'a [u8],
    /// A run that was read to its end without making the whole of a body; later starts in it cannot either.
    failed_until: usize,
    /// Bytes and rules looked at so far.
    pub(super) steps: usize,
}

impl<'a> Finder<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, failed_until: 0, steps: 0 }
    }

    /// Whether a key starts at `at`. Only the least that its rule asks for is read.
    pub(super) fn starts_key(&mut self, at: usize) -> bool {
        self.steps += 1;
        let rest = &self.text[at..];
        if rest.first().is_none_or(|&byte| !STARTS[usize::from(byte)]) {
            return false;
        }
        RULES.iter().filter(|rule| !rule.prefix.is_empty()).any(|rule| {
            self.steps += 1;
            rest.starts_with(rule.prefix.as_bytes()) && {
                let start = at + rule.prefix.len();
                self.body_follows(rule, start)
                    || (rule.prefix.len() >= TELLING_PREFIX && self.body_may_follow(start))
            }
        })
    }

    /// Whether a body of a format nobody has seen yet may follow a prefix that is like no word.
    fn body_may_follow(&mut self, start: usize) -> bool {
        let body = self.text[start..].iter().take(UNSEEN_BODY).take_while(|&&byte| is_base64url(byte));
        self.steps += UNSEEN_BODY;
        body.count() == UNSEEN_BODY && self.has_what_it_needs(Needs::Varied, start)
    }

    fn body_follows(&mut self, rule: &Rule, start: usize) -> bool {
        let whole = rule.needs == Needs::WholeBody;
        if whole && start < self.failed_until {
            return false;
        }
        let mut at = start;
        let mut first_run_end = None;
        for part in rule.body {
            let rest = &self.text[at..];
            match *part {
                Part::Text(text) => {
                    self.steps += text.len();
                    if !rest.starts_with(text.as_bytes()) {
                        self.failed_until = first_run_end.unwrap_or(self.failed_until);
                        return false;
                    }
                    at += text.len();
                }
                Part::Run(class, min, max) => {
                    let limit = if whole { max } else { min };
                    let length = run_length(class, rest, self.text[at - 1], limit);
                    self.steps += length + 1;
                    if length < min {
                        self.failed_until = first_run_end.unwrap_or(self.failed_until);
                        return false;
                    }
                    at += length;
                    if whole && min != max && first_run_end.is_none() {
                        first_run_end = Some(at);
                    }
                    if !whole && min != max {
                        break;
                    }
                }
            }
        }
        self.has_what_it_needs(rule.needs, start)
    }

    fn has_what_it_needs(&mut self, needs: Needs, start: usize) -> bool {
        let window = self.text[start..].iter().take(NEEDS_WINDOW).take_while(|&&byte| is_base64url(byte));
        self.steps += NEEDS_WINDOW;
        match needs {
            Needs::Nothing | Needs::WholeBody => true,
            Needs::Upper => window.copied().any(|byte| byte.is_ascii_uppercase()),
            Needs::Varied => window.copied().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
        }
    }
}

/// Whether `value` has the shape of a rule that has no prefix.
pub(super) fn is_prefixless_key(value: &[u8]) -> bool {
    RULES.iter().any(|rule| {
        rule.prefix.is_empty() && rule.confidence == Confidence::Hint && matches_whole(rule, value).is_ok()
    })
}

/// How many bytes at the start of `bytes` are in the class, at most `limit`.
fn run_length(class: Class, bytes: &[u8], mut before: u8, limit: usize) -> usize {
    bytes
        .iter()
        .take(limit)
        .take_while(|&&byte| {
            let belongs = class.contains(byte, before);
            before = byte;
            belongs
        })
        .count()
}

/// Which bytes some prefix starts with.
const STARTS: [bool; 256] = {
    let mut starts = [false; 256];
    let mut i = 0;
    while i < RULES.len() {
        if let Some(&byte) = RULES[i].prefix.as_bytes().first() {
            starts[byte as usize] = true;
        }
        i += 1;
    }
    starts
};
