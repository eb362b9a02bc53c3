//! The key that signs: the library's natively, and in WebAssembly RFC 8032 on a table that weighs nothing in the package.

use zeroize::Zeroizing;

use super::{KEY_LENGTH, SIGNATURE_LENGTH};

#[cfg(not(target_arch = "wasm32"))]
pub(super) use library::Signer;
#[cfg(target_arch = "wasm32")]
pub(super) use small::Signer;

#[cfg(any(not(target_arch = "wasm32"), test))]
mod library {
    use ed25519_dalek::Signer as _;

    use super::{KEY_LENGTH, SIGNATURE_LENGTH, Zeroizing};

    /// A seed and its public key, wiped when dropped.
    pub(crate) struct Signer(ed25519_dalek::SigningKey);

    impl Signer {
        pub(crate) fn from_seed(seed: &[u8; KEY_LENGTH]) -> Self {
            Self(ed25519_dalek::SigningKey::from_bytes(seed))
        }

        pub(crate) fn to_seed(&self) -> Zeroizing<[u8; KEY_LENGTH]> {
            Zeroizing::new(self.0.to_bytes())
        }

        pub(crate) fn public_key(&self) -> [u8; KEY_LENGTH] {
            self.0.verifying_key().to_bytes()
        }

        pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
            self.0.sign(message).to_bytes()
        }
    }
}

#[cfg(any(target_arch = "wasm32", test))]
mod small {
    use curve25519_dalek::scalar::{Scalar, clamp_integer};
    use sha2::{Digest as _, Sha512};

    use super::super::base::times_base;
    use super::{KEY_LENGTH, SIGNATURE_LENGTH, Zeroizing};

    /// A seed and its public key, wiped when dropped.
    pub(crate) struct Signer {
        seed: Zeroizing<[u8; KEY_LENGTH]>,
        scalar: Zeroizing<Scalar>,
        /// What nonces are made with.
        prefix: Zeroizing<[u8; 32]>,
        public_key: [u8; KEY_LENGTH],
    }

    impl Signer {
        pub(crate) fn from_seed(seed: &[u8; KEY_LENGTH]) -> Self {
            // RFC 8032, 5.1.5.
            let digest = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
            let mut halves = Zeroizing::new([[0; 32]; 2]);
            halves.as_flattened_mut().copy_from_slice(&*digest);
            let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(clamp_integer(halves[0])));
            let public_key = times_base(&scalar).compress().0;
            Self { seed: Zeroizing::new(*seed), scalar, prefix: Zeroizing::new(halves[1]), public_key }
        }

        pub(crate) fn to_seed(&self) -> Zeroizing<[u8; KEY_LENGTH]> {
            self.seed.clone()
        }

        pub(crate) fn public_key(&self) -> [u8; KEY_LENGTH] {
            self.public_key
        }

        /// RFC 8032, 5.1.6.
        pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LENGTH] {
            let nonce = Zeroizing::new(wide(
                Sha512::new().chain_update(self.prefix.as_slice()).chain_update(message),
            ));
            let r = times_base(&nonce).compress().0;
            let k = wide(Sha512::new().chain_update(r).chain_update(self.public_key).chain_update(message));
            let s = Zeroizing::new(k * *self.scalar + *nonce);
            let mut signature = [0; SIGNATURE_LENGTH];
            signature[..32].copy_from_slice(&r);
            signature[32..].copy_from_slice(s.as_bytes());
            signature
        }
    }

    fn wide(digest: Sha512) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&digest.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signers_are_one() {
        for length in 0..130 {
            let seed = crate::random::array().unwrap();
            let message = crate::random::bytes(length).unwrap();
            let (library, small) = (Signer::from_seed(&seed), small::Signer::from_seed(&seed));
            assert_eq!(small.public_key(), library.public_key());
            assert_eq!(small.to_seed(), library.to_seed());
            assert_eq!(small.sign(&message), library.sign(&message));
        }
    }
}
