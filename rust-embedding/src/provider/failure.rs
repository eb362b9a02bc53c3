//! A failed request, before anyone decides what to do about it.

use std::time::Duration;

use serde::Deserialize;

use crate::error::{ErrorClass, Identifier, Problem, classify_text};
use crate::provider::headers::RateHints;

/// Why a request gave no vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The class the caller sees.
    pub class: ErrorClass,
    /// What happened.
    pub problem: Problem,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The provider's code.
    pub code: Option<Identifier>,
    /// The provider's name for the request.
    pub request_id: Option<Identifier>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// What the provider says about repeating, whatever the status.
    pub should_retry: Option<bool>,
    /// Whether the account has nothing left, which no repeating helps.
    pub is_quota: bool,
    /// Whether the request as a whole was refused for what it asks, so that its texts need not be tried apart.
    pub is_about_request: bool,
    /// The one text that was refused, where the provider names it.
    pub rejected_text: Option<usize>,
    /// Whether the provider's limits are others than was thought, so that the texts are to be packed again.
    pub repack: bool,
    /// What the provider says about its rate limits.
    pub rate: Box<RateHints>,
}

/// By what a failure is classified.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Classification {
    /// By status and code.
    #[default]
    Status,
    /// By the digits and words of the text that the replaced client made, whatever they meant.
    Text,
}

impl Failure {
    /// A failure without an answer.
    #[must_use]
    pub fn new(class: ErrorClass, problem: Problem) -> Self {
        Self {
            class,
            problem,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            should_retry: None,
            is_quota: false,
            is_about_request: false,
            rejected_text: None,
            repack: false,
            rate: Box::default(),
        }
    }

    /// An answer that cannot be used.
    #[must_use]
    pub fn answer(problem: Problem) -> Self {
        Self::new(ErrorClass::Provider, problem)
    }

    /// Whether sending the request again may help (contract part 6): 408, 409, 429, 5xx, connections and deadlines do,
    /// and whatever the server says should be repeated; `insufficient_quota` and 400, 401, 402, 403, 404, 422 never.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        if self.is_quota || matches!(self.status, Some(400..=404 | 422)) {
            return false;
        }
        if let Some(should_retry) = self.should_retry {
            return should_retry;
        }
        match self.problem {
            Problem::Connect | Problem::ConnectTimeout | Problem::Interrupted | Problem::AttemptTimeout => {
                true
            }
            Problem::Status => matches!(self.status, Some(408 | 409 | 429 | 500..)),
            _ => false,
        }
    }

    /// Whether the texts, rather than the way to the provider, may be what is wrong: 400, 413 and 422, or a text is named.
    #[must_use]
    pub fn may_be_about_one_text(&self) -> bool {
        let may_be = self.rejected_text.is_some() || matches!(self.status, Some(400 | 413 | 422));
        may_be && !self.is_about_request && !self.is_quota
    }

    /// Whether the failure says that the provider is ill: what opens its circuit.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self.problem {
            Problem::Connect | Problem::ConnectTimeout | Problem::Interrupted | Problem::AttemptTimeout => {
                true
            }
            Problem::Status => matches!(self.status, Some(408 | 500..)),
            _ => false,
        }
    }
}

/// The class of an error answer (contract 1.8). `body` is only looked at, nothing of it is kept.
pub(crate) fn class_of(
    status: u16,
    is_quota: bool,
    body: &[u8],
    classification: Classification,
) -> ErrorClass {
    if classification == Classification::Text {
        // The text of the replaced client: `Error code: 429 - {...}`.
        return classify_text(&format!("error code: {status} - {}", String::from_utf8_lossy(body)));
    }
    match status {
        _ if is_quota => ErrorClass::Quota,
        401 | 403 => ErrorClass::Authentication,
        402 => ErrorClass::Quota,
        408 => ErrorClass::Timeout,
        429 => ErrorClass::RateLimit,
        500.. => ErrorClass::Network,
        _ => ErrorClass::Provider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Failure {
        Failure { status: Some(status), ..Failure::new(ErrorClass::Provider, Problem::Status) }
    }

    /// Contract part 6.
    #[test]
    fn what_is_repeated() {
        for code in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert!(status(code).is_retriable(), "{code}");
            let stopped = Failure { should_retry: Some(false), ..status(code) };
            assert!(!stopped.is_retriable(), "{code}");
        }
        for code in [302, 400, 401, 402, 403, 404, 405, 413, 418, 422] {
            assert!(!status(code).is_retriable(), "{code}");
        }
        for code in [400, 401, 402, 403, 404, 422] {
            let asked = Failure { should_retry: Some(true), ..status(code) };
            assert!(!asked.is_retriable(), "{code} is final");
        }
        assert!(Failure { should_retry: Some(true), ..status(418) }.is_retriable());
        assert!(!Failure { is_quota: true, should_retry: Some(true), ..status(429) }.is_retriable());
        for problem in [Problem::Connect, Problem::Interrupted, Problem::AttemptTimeout] {
            assert!(Failure::new(ErrorClass::Network, problem).is_retriable());
        }
        for problem in [Problem::Unreadable, Problem::NoData, Problem::AnswerTooLarge, Problem::Compressed] {
            assert!(!Failure::answer(problem).is_retriable());
        }
    }

    /// Contract 1.8, the new table.
    #[test]
    fn classes_are_of_status_and_code() {
        let class = |status, is_quota| class_of(status, is_quota, b"14012 tokens", Classification::Status);
        assert_eq!(class(400, false), ErrorClass::Provider);
        assert_eq!(class(401, false), ErrorClass::Authentication);
        assert_eq!(class(402, false), ErrorClass::Quota);
        assert_eq!(class(403, false), ErrorClass::Authentication);
        assert_eq!(class(404, false), ErrorClass::Provider);
        assert_eq!(class(408, false), ErrorClass::Timeout);
        assert_eq!(class(409, false), ErrorClass::Provider);
        assert_eq!(class(429, false), ErrorClass::RateLimit);
        assert_eq!(class(429, true), ErrorClass::Quota);
        assert_eq!(class(500, false), ErrorClass::Network);
        assert_eq!(class(599, false), ErrorClass::Network);
    }

    /// Contract 1.8, the old rule: a 400 about 14012 tokens was an authentication error.
    #[test]
    fn the_switch_brings_the_old_rule_back() {
        let class = |status, body: &[u8]| class_of(status, true, body, Classification::Text);
        assert_eq!(class(400, b"you requested 14012 tokens"), ErrorClass::Authentication);
        assert_eq!(class(429, b"insufficient_quota"), ErrorClass::RateLimit);
        assert_eq!(class(503, b"overloaded"), ErrorClass::Provider);
    }
}
