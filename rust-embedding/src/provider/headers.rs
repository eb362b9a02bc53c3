//! What answers say in their headers: when to come back, and how much is left.

use std::time::Duration;

/// Headers worth keeping, in lower case. A transport passes on these and no others.
pub const WANTED: [&str; 11] = [
    "content-encoding",
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-request-id",
    "x-should-retry",
];

/// Longest value that is looked at, in bytes.
pub const MAX_VALUE_LENGTH: usize = 256;

/// The headers of an answer: those of [`WANTED`] that it has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Headers(Vec<(&'static str, String)>);

impl Headers {
    /// Keeps a header if it is wanted, is the first of its name and is not too long. Names are compared without case.
    pub fn insert(&mut self, name: &str, value: &[u8]) {
        let Some(wanted) = WANTED.iter().find(|wanted| wanted.eq_ignore_ascii_case(name)) else { return };
        if value.len() > MAX_VALUE_LENGTH || self.find(wanted).is_some() {
            return;
        }
        if let Ok(value) = std::str::from_utf8(value) {
            self.0.push((wanted, value.trim_matches([' ', '\t']).to_owned()));
        }
    }

    /// A header's value.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// How long to wait: `retry-after-ms`, else `retry-after` in seconds, with fractions, or as an HTTP date, which is
    /// compared with `unix_now`. `None` where there is neither, or it is no such value; zero for a date that is past.
    #[must_use]
    pub fn retry_after(&self, unix_now: Duration) -> Option<Duration> {
        if let Some(delay) = self.find("retry-after-ms").and_then(|value| parse_number(value, 1e-3)) {
            return Some(delay);
        }
        let value = self.find("retry-after")?;
        parse_number(value, 1.0).or_else(|| {
            let date = httpdate::parse_http_date(value).ok()?;
            let date = date.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
            Some(date.saturating_sub(unix_now))
        })
    }

    /// `x-should-retry: true` or `false`.
    #[must_use]
    pub fn should_retry(&self) -> Option<bool> {
        match self.find("x-should-retry")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The `x-ratelimit-*` headers.
    #[must_use]
    pub fn rate(&self) -> RateHints {
        let number = |name| self.find(name).and_then(|value| value.parse().ok());
        let duration = |name| self.find(name).and_then(parse_duration);
        RateHints {
            limit_requests: number("x-ratelimit-limit-requests"),
            limit_tokens: number("x-ratelimit-limit-tokens"),
            remaining_requests: number("x-ratelimit-remaining-requests"),
            remaining_tokens: number("x-ratelimit-remaining-tokens"),
            reset_requests: duration("x-ratelimit-reset-requests"),
            reset_tokens: duration("x-ratelimit-reset-tokens"),
        }
    }
}

/// What a provider says about its rate limits; `None` for what it does not say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RateHints {
    /// Requests per minute.
    pub limit_requests: Option<u64>,
    /// Tokens per minute.
    pub limit_tokens: Option<u64>,
    /// Requests left.
    pub remaining_requests: Option<u64>,
    /// Tokens left.
    pub remaining_tokens: Option<u64>,
    /// Until all requests are back.
    pub reset_requests: Option<Duration>,
    /// Until all tokens are back.
    pub reset_tokens: Option<Duration>,
}

/// Longest delay that is understood: a year.
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

/// A number of units, `None` unless it is finite, not negative and at most a year.
fn parse_number(text: &str, unit_seconds: f64) -> Option<Duration> {
    // Rust's own syntax of floats also has names of what is no number.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let seconds = text.parse::<f64>().ok()? * unit_seconds;
    (0.0..=MAX_SECONDS).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// A duration as rate limits give it: `6m0s`, `20ms`, `1h2m3.5s`, `1d`; a bare number is seconds. Each unit at most
/// once, from large to small.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] =
        [("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)];
    if let Some(delay) = parse_number(text, 1.0) {
        return Some(delay);
    }
    let (mut rest, mut total, mut next_unit) = (text, Duration::ZERO, 0);
    while !rest.is_empty() {
        let end = rest.find(|character: char| character.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        let unit = UNITS.iter().position(|(unit, _)| *unit == name).filter(|unit| *unit >= next_unit)?;
        total += parse_number(number, UNITS[unit].1)?;
        next_unit = unit + 1;
        rest = tail;
    }
    (!text.is_empty() && total.as_secs_f64() <= MAX_SECONDS).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.insert(name, value.as_bytes());
        }
        headers
    }

    /// Contract 5.1: resets are durations such as `6m0s` and `20ms`.
    #[test]
    fn resets_are_read() {
        let cases = [
            ("6m0s", Some(360_000)),
            ("20ms", Some(20)),
            ("1h2m3.5s", Some(3_723_500)),
            ("1s", Some(1000)),
            ("59.9s", Some(59_900)),
            ("1d", Some(86_400_000)),
            ("12", Some(12_000)),
            ("0s", Some(0)),
            ("", None),
            ("s", None),
            ("1m1m", None),
            ("1s1m", None),
            ("1x", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("1e3s", None),
            ("infs", None),
            ("NaN", None),
            ("99999999999999d", None),
            ("367d", None),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse_duration(text), milliseconds.map(Duration::from_millis), "{text}");
        }
    }

    /// Contract part 6: milliseconds first, then seconds with fractions, then a date.
    #[test]
    fn both_forms_of_retry_after() {
        let now = Duration::from_secs(784_111_777 - 5);
        let wait = |pairs: &[(&str, &str)]| headers(pairs).retry_after(now);
        assert_eq!(
            wait(&[("Retry-After-Ms", "1500"), ("retry-after", "9")]),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(wait(&[("retry-after-ms", "soon"), ("retry-after", "9")]), Some(Duration::from_secs(9)));
        assert_eq!(wait(&[("retry-after", "0.25")]), Some(Duration::from_millis(250)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(wait(&[("retry-after", date)]), Some(Duration::from_secs(5)));
        assert_eq!(headers(&[("retry-after", date)]).retry_after(now * 2), Some(Duration::ZERO));
        for bad in ["", "-1", "inf", "1e9999", "tomorrow", "99999999999"] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
    }

    #[test]
    fn only_wanted_headers_of_reasonable_length_are_kept() {
        let long = "9".repeat(MAX_VALUE_LENGTH + 1);
        let kept = headers(&[("set-cookie", "a=b"), ("retry-after", &long), ("X-Should-Retry", " true ")]);
        assert_eq!(kept.find("set-cookie"), None);
        assert_eq!(kept.find("retry-after"), None);
        assert_eq!(kept.should_retry(), Some(true));
        assert_eq!(headers(&[("x-should-retry", "TRUE")]).should_retry(), None);
    }

    #[test]
    fn rate_limits_are_read() {
        let rate = headers(&[
            ("x-ratelimit-limit-requests", "3000"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "20ms"),
            ("x-ratelimit-remaining-tokens", "many"),
        ])
        .rate();
        assert_eq!(rate.limit_requests, Some(3000));
        assert_eq!(rate.remaining_requests, Some(0));
        assert_eq!(rate.reset_requests, Some(Duration::from_millis(20)));
        assert_eq!(rate.remaining_tokens, None);
    }
}
