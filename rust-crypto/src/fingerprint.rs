//! The names by which older systems know agents and their states.

use crate::hash;

/// The fingerprint, version 1, of an agent: SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters.
///
/// The fields are joined without escaping, so fields that contain `:` can collide: ("a:b", "c") and ("a", "b:c")
/// give one fingerprint. It identifies agents whose fields are trusted; it proves nothing.
#[must_use]
pub fn compute_agent_fingerprint(agent_id: &str, name: &str, created_at: &str) -> String {
    hash::sha384_hex(format!("{agent_id}:{name}:{created_at}").as_bytes())
}

/// The hash of an agent's state given as JSON: BLAKE3 of the text's bytes as they are, 64 hexadecimal characters.
///
/// The text is not normalised: another order of keys or another spacing is another hash.
#[must_use]
pub fn compute_state_hash(state_json: &str) -> String {
    hash::blake3_hex(state_json.as_bytes())
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
            compute_state_hash(r#"{"a":1}"#),
            "d59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53"
        );
    }

    #[test]
    fn unescaped_joins_collide_as_documented() {
        assert_eq!(compute_agent_fingerprint("a:b", "c", "t"), compute_agent_fingerprint("a", "b:c", "t"));
        assert_ne!(compute_state_hash("{}"), compute_state_hash("{ }"));
    }
}
