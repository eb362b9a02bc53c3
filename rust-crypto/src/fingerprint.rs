//! The names by which older systems know agents and their states.

use sha2::{Digest as _, Sha384};

use crate::canonical;
use crate::compare::constant_time_eq;
use crate::error::CryptoError;
use crate::hash::{self, HashAlgorithm};
use crate::hex;

/// The fingerprint, version 1, of an agent: SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters.
///
/// The fields are joined without escaping, so fields that contain `:` can collide: ("a:b", "c") and ("a", "b:c")
/// give one fingerprint. It identifies agents whose fields are trusted; it proves nothing.
#[must_use]
pub fn compute_agent_fingerprint(agent_id: &str, name: &str, created_at: &str) -> String {
    hash::sha384_hex(format!("{agent_id}:{name}:{created_at}").as_bytes())
}

/// The fingerprint, version 2, of an agent, 96 hexadecimal characters: SHA-384 of a version tag and of each field after
/// its length, so that different fields never give the same input.
#[must_use]
pub fn compute_agent_fingerprint_v2(agent_id: &str, name: &str, created_at: &str) -> String {
    let mut hasher = Sha384::new_with_prefix(b"chrysalis/fp/2\0");
    for field in [agent_id, name, created_at] {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hex::encode(&hasher.finalize())
}

/// The hash of an agent's state given as JSON: BLAKE3 of the text's bytes as they are, 64 hexadecimal characters.
///
/// The text is not normalised: another order of keys or another spacing is another hash.
#[must_use]
pub fn compute_state_hash(state_json: &str) -> String {
    hash::blake3_hex(state_json.as_bytes())
}

/// The hash of an agent's state, the same for every JSON text that means it: BLAKE3 of the
/// [canonical text](canonical::canonicalize), 64 hexadecimal characters.
///
/// # Errors
/// [`CryptoError::Serialization`] when the text is not JSON in the strict sense of [`canonical`].
pub fn compute_state_hash_canonical(state_json: &str) -> Result<String, CryptoError> {
    Ok(compute_state_hash(&canonical::canonicalize(state_json)?))
}

/// The function that a stored state hash was made with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StateHash {
    /// BLAKE3, what [`compute_state_hash`] makes.
    Blake3,
    /// SHA-256, what one older system made under the same name.
    Sha256Legacy,
}

impl StateHash {
    /// The name callers in other languages know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Sha256Legacy => "sha256-legacy",
        }
    }
}

/// Which function makes `hash` of the text's bytes as they are; `None` when neither does.
///
/// # Errors
/// [`CryptoError::InvalidHex`] unless `hash` has 64 hexadecimal digits.
pub fn verify_state_hash(state_json: &str, hash: &str) -> Result<Option<StateHash>, CryptoError> {
    let stored: [u8; 32] = hex::decode_array(hash)?;
    let made_by = |algorithm| constant_time_eq(&stored, &hash::hash(state_json.as_bytes(), algorithm));
    Ok(if made_by(HashAlgorithm::Blake3) {
        Some(StateHash::Blake3)
    } else if made_by(HashAlgorithm::Sha256) {
        Some(StateHash::Sha256Legacy)
    } else {
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_golden_values() {
        assert_eq!(
            compute_agent_fingerprint("agent-001", "TestAgent", "2024-01-01T00:00:00Z"),
            "64792579433325b74b7bcb927fdca324b5644bee1d802134af7cb59a44230c8b\
             0de329eb80347ae2b4738b9ebf72a0a9"
        );
        assert_eq!(
            compute_agent_fingerprint_v2("agent-001", "TestAgent", "2024-01-01T00:00:00Z"),
            "ba2311c7ffcdcc19396d0c9fedd961a593bae4e43b0f13be044a51ba1d358ea1\
             0dcb6a735ae565f7acfd916362cf65d8"
        );
        assert_eq!(
            compute_state_hash(r#"{"a":1}"#),
            "d59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53"
        );
    }

    #[test]
    fn a_stored_hash_tells_its_function() {
        let blake3 = "d59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53";
        let sha256 = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
        assert_eq!(verify_state_hash(r#"{"a":1}"#, blake3), Ok(Some(StateHash::Blake3)));
        assert_eq!(verify_state_hash(r#"{"a":1}"#, &blake3.to_uppercase()), Ok(Some(StateHash::Blake3)));
        assert_eq!(verify_state_hash(r#"{"a":1}"#, sha256), Ok(Some(StateHash::Sha256Legacy)));
        assert_eq!(verify_state_hash(r#"{"a":2}"#, blake3), Ok(None));
        for bad in ["", &blake3[1..], &blake3[2..], "zz", &format!("{blake3}00")] {
            assert_eq!(verify_state_hash("{}", bad).unwrap_err().code(), "INVALID_HEX");
        }
        assert_eq!(StateHash::Blake3.name(), "blake3");
        assert_eq!(StateHash::Sha256Legacy.name(), "sha256-legacy");
    }

    #[test]
    fn the_canonical_hash_does_not_see_order_or_spacing() {
        let hash = compute_state_hash_canonical(r#"{"a":1,"b":[2.0]}"#).unwrap();
        assert_eq!(compute_state_hash_canonical(" { \"b\" : [ 2 ] , \"a\" : 1e0 } "), Ok(hash.clone()));
        assert_eq!(compute_state_hash(r#"{"a":1,"b":[2]}"#), hash);
        assert_eq!(compute_state_hash_canonical("{").unwrap_err().code(), "SERIALIZATION");
    }

    #[test]
    fn unescaped_joins_collide_as_documented() {
        assert_eq!(compute_agent_fingerprint("a:b", "c", "t"), compute_agent_fingerprint("a", "b:c", "t"));
        assert_ne!(
            compute_agent_fingerprint_v2("a:b", "c", "t"),
            compute_agent_fingerprint_v2("a", "b:c", "t")
        );
        assert_ne!(compute_agent_fingerprint_v2("ab", "", "t"), compute_agent_fingerprint_v2("a", "b", "t"));
        assert_ne!(compute_state_hash("{}"), compute_state_hash("{ }"));
    }
}
