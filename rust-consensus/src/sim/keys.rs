//! The keys of simulated members: Ed25519, or a keyed mix that is a thousand times faster and safe only where nobody forges.

use std::sync::{Arc, OnceLock};

use chrysalis_crypto::ed25519::SigningKey;

use super::random::Random;
use super::schedule::MAX_MEMBERS;
use crate::signature::{Check, Ed25519, Signature, Signer, Verifier};

/// The signer of a member.
pub(crate) fn signer(member: usize, is_real: bool) -> Arc<dyn Signer> {
    if is_real {
        Arc::new(SigningKey::from_seed(&seed(member)))
    } else {
        Arc::new(Mixer { key: public_key(member) })
    }
}

/// The check that belongs to [`signer`].
pub(crate) fn verifier(is_real: bool) -> Arc<dyn Verifier> {
    if is_real { Arc::new(Ed25519) } else { Arc::new(Mixed) }
}

/// The public key of a member, the same in every run: an Ed25519 key, because validator sets take no other.
pub(crate) fn public_key(member: usize) -> [u8; 32] {
    static KEYS: OnceLock<Vec<[u8; 32]>> = OnceLock::new();
    let make = || (0..MAX_MEMBERS).map(|member| SigningKey::from_seed(&seed(member)).public_key()).collect();
    KEYS.get_or_init(make)[member]
}

fn seed(member: usize) -> [u8; 32] {
    let mut seed = *b"chrysalis simulated member 00000";
    seed[27..].copy_from_slice(format!("{member:05}").as_bytes());
    seed
}

/// Signs with a mix of the public key and the message, which anybody could make: simulated liars do not.
struct Mixer {
    key: [u8; 32],
}

impl Signer for Mixer {
    fn public_key(&self) -> [u8; 32] {
        self.key
    }

    fn sign(&self, message: &[u8]) -> Signature {
        mix(&self.key, message)
    }
}

struct Mixed;

impl Verifier for Mixed {
    fn verify(&self, checks: &[Check<'_>]) -> Vec<bool> {
        checks.iter().map(|check| mix(check.key, check.message) == *check.signature).collect()
    }
}

fn mix(key: &[u8; 32], message: &[u8]) -> Signature {
    let mut random = Random::new(fold(0, key) ^ message.len() as u64);
    let mut signature = [0; 64];
    random = Random::new(fold(random.next(), message));
    for word in signature.chunks_exact_mut(8) {
        word.copy_from_slice(&random.next().to_le_bytes());
    }
    signature
}

/// The bytes, eight at a time, folded into one number.
fn fold(start: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(start, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        Random::new(sum ^ u64::from_le_bytes(word)).next()
    })
}

/// Eight bytes that tell messages apart in traces: quick, and as random as a simulation needs.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    fold(bytes.len() as u64, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_of_both_kinds_hold_for_their_key_and_message_only() {
        for is_real in [false, true] {
            let (signer, verifier) = (signer(3, is_real), verifier(is_real));
            assert_eq!(signer.public_key(), public_key(3));
            let signature = signer.sign(b"a message");
            let holds = |key: [u8; 32], message: &[u8]| {
                verifier.verify(&[Check { key: &key, decoded: None, message, signature: &signature }])[0]
            };
            assert!(holds(public_key(3), b"a message"));
            assert!(!holds(public_key(2), b"a message"));
            assert!(!holds(public_key(3), b"a massage"));
            assert!(!holds(public_key(3), b"a message\0"));
        }
    }
}
