//! API keys: holding them, telling whose they are, and keeping them out of logs.
//!
//! Recognition goes by one table of shapes with a version ([`RULES_VERSION`]). It fails open: a key of a shape
//! nobody has seen is accepted as unknown, because providers change their formats without notice. Nothing here
//! asks a network whether a key works.

mod detect;
mod key;
mod names;
mod pem;
mod redact;
mod rules;
mod validate;

pub use key::ApiKey;
pub use redact::{redact_for_logging, redact_text};
pub use rules::RULES_VERSION;
pub use validate::{
    Confidence, KeyType, MalformedReason, ValidationError, ValidationOptions, validate_key_format,
    validate_key_format_with,
};

/// The fewest bytes a key may have.
pub const MIN_LENGTH: usize = 8;
/// The most bytes a key may have.
pub const MAX_LENGTH: usize = 8192;
/// The provider and kind of a key that no rule knows.
pub const GENERIC: &str = "generic";

/// Every provider that the table names, in alphabetical order.
#[must_use]
pub fn providers() -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in rules::RULES.iter().map(|rule| rule.provider).filter(|&name| name != GENERIC) {
        if let Err(place) = names.binary_search(&name) {
            names.insert(place, name);
        }
    }
    names
}
