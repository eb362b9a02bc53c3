//! Laws that hold for every input. A failing case is printed with its seed, which proptest also keeps.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::commit::{self, CommitHeader, RecordHeader, WriterId};
use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::{self, HashAlgorithm, IncrementalHasher};
use chrysalis_crypto::merkle::{self, Hash};
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{aead, compare, hex};
use proptest::collection::vec;
use proptest::prelude::*;

fn flip(bytes: &mut [u8], bit: prop::sample::Index) {
    let bit = bit.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn algorithms() -> impl Strategy<Value = HashAlgorithm> {
    prop::sample::select(HashAlgorithm::ALL)
}

fn record_headers() -> impl Strategy<Value = RecordHeader> {
    (any::<(u16, [u8; 16], u32, u64, [u8; 32])>(), 0..=1_u32 << 24, vec(any::<u8>(), 0..200)).prop_map(
        |((kind, namespace, key_epoch, time, content_digest), content_length, context)| RecordHeader {
            kind,
            namespace,
            key_epoch,
            time,
            content_length,
            context,
            content_digest,
        },
    )
}

/// A true proof: any seed, any contents, any place in a commit of up to 40 records.
fn proofs() -> impl Strategy<Value = RecordProof> {
    let parts = (any::<([u8; 32], [u8; 16], u64, [u8; 32])>(), 1..u64::MAX / 2, any::<u64>());
    (
        parts,
        record_headers(),
        vec(any::<u8>(), 0..300),
        vec(any::<[u8; 32]>(), 1..40),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(parts, record, content, mut leaves, index)| {
            let ((seed, salt, incarnation, previous), first, time) = parts;
            let record = RecordHeader {
                content_length: u32::try_from(content.len()).unwrap(),
                content_digest: commit::content_digest(&salt, &content),
                ..record
            };
            let index = index.index(leaves.len());
            leaves[index] = record.leaf().unwrap();
            let key = SigningKey::from_seed(&seed);
            let header = CommitHeader {
                writer: WriterId { key: key.public_key(), incarnation },
                first,
                count: u32::try_from(leaves.len()).unwrap(),
                time,
                previous,
                root: merkle::root(&leaves).unwrap(),
            };
            RecordProof {
                commit: header,
                signature: header.sign(&key),
                index: u32::try_from(index).unwrap(),
                path: merkle::path(&leaves, index).unwrap(),
                record,
                salt,
                content,
            }
        })
}

/// The Merkle root by its recursive definition: split at the largest power of two below the number of leaves.
fn recursive_root(leaves: &[Hash]) -> Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    blake3::derive_key(
        "chrysalis 2026-11-20 merkle node v1",
        &[recursive_root(left), recursive_root(right)].concat(),
    )
}

proptest! {
    #[test]
    fn signatures_verify_and_no_flipped_bit_does(
        seed: [u8; 32], message in vec(any::<u8>(), 1..200), bit: prop::sample::Index, part in 0..3,
    ) {
        let key = SigningKey::from_seed(&seed);
        let (mut public_key, mut signature, mut message) = (key.public_key(), key.sign(&message), message);
        prop_assert_eq!(ed25519::verify(&public_key, &message, &signature), Ok(true));
        match part {
            0 => flip(&mut public_key, bit),
            1 => flip(&mut signature, bit),
            _ => flip(&mut message, bit),
        }
        prop_assert_ne!(ed25519::verify(&public_key, &message, &signature), Ok(true));
    }

    #[test]
    fn what_the_strict_rule_accepts_is_accepted(seed: [u8; 32], message in vec(any::<u8>(), 0..200)) {
        use ed25519_dalek::Signer as _;
        let other = ed25519_dalek::SigningKey::from_bytes(&seed);
        let signature = other.sign(&message);
        let public_key = other.verifying_key();
        prop_assert!(public_key.verify_strict(&message, &signature).is_ok());
        prop_assert_eq!(ed25519::verify(public_key.as_bytes(), &message, &signature.to_bytes()), Ok(true));
    }

    #[test]
    fn verification_of_anything_ends_in_a_verdict_or_an_error(
        public_key in vec(any::<u8>(), 0..40), message in vec(any::<u8>(), 0..40), signature in vec(any::<u8>(), 0..70),
        whole_key: [u8; 32], whole_signature: [u8; 64],
    ) {
        prop_assert_ne!(ed25519::verify(&public_key, &message, &signature), Ok(true));
        prop_assert_ne!(ed25519::verify(&whole_key, &message, &whole_signature), Ok(true));
    }

    #[test]
    fn secret_keys_survive_their_encodings(seed: [u8; 32]) {
        let key = SigningKey::from_seed(&seed);
        prop_assert_eq!(*key.to_seed(), seed);
        prop_assert_eq!(*SigningKey::from_pkcs8(&*key.to_pkcs8()).unwrap().to_seed(), seed);
        prop_assert_eq!(*SigningKey::from_secret(&*key.to_pkcs8()).unwrap().to_seed(), seed);
    }

    #[test]
    fn sealed_messages_open_and_no_flipped_bit_does(
        key: [u8; 32], data in vec(any::<u8>(), 0..300), aad in vec(any::<u8>(), 1..50),
        bit: prop::sample::Index, part in 0..3,
    ) {
        let mut sealed = aead::xchacha20poly1305_encrypt(&data, &key, &aad).unwrap();
        prop_assert_eq!(sealed.len(), data.len() + aead::OVERHEAD);
        let opened = aead::xchacha20poly1305_decrypt(&sealed, &key, &aad).unwrap();
        prop_assert_eq!(&*opened, &data);
        let (mut key, mut aad) = (key, aad);
        match part {
            0 => flip(&mut key, bit),
            1 => flip(&mut aad, bit),
            _ => flip(&mut sealed, bit),
        }
        let refused = aead::xchacha20poly1305_decrypt(&sealed, &key, &aad);
        prop_assert_eq!(refused.unwrap_err().code(), "DECRYPT_FAILED");
    }

    #[test]
    fn no_short_or_made_up_message_opens(key: [u8; 32], sealed in vec(any::<u8>(), 0..100)) {
        let expected = if sealed.len() < aead::OVERHEAD { "DATA_TOO_SHORT" } else { "DECRYPT_FAILED" };
        prop_assert_eq!(aead::xchacha20poly1305_decrypt(&sealed, &key, b"").unwrap_err().code(), expected);
    }

    #[test]
    fn chunking_does_not_change_a_digest(
        algorithm in algorithms(), chunks in vec(vec(any::<u8>(), 0..200), 0..12), clone_at: prop::sample::Index,
    ) {
        let mut hasher = IncrementalHasher::new(algorithm);
        hasher.update(b"forgotten").unwrap();
        hasher.reset();
        for (i, chunk) in chunks.iter().enumerate() {
            if i == clone_at.index(chunks.len()) {
                hasher = hasher.clone();
            }
            hasher.update(chunk).unwrap();
        }
        let whole = chunks.concat();
        prop_assert_eq!(hasher.finalize().unwrap(), hash::hash(&whole, algorithm));
        prop_assert_eq!(hasher.finalize().unwrap_err().code(), "HASHER_FINALIZED");
    }

    #[test]
    fn hexadecimal_inverts(bytes in vec(any::<u8>(), 0..100)) {
        let text = hex::encode(&bytes);
        prop_assert_eq!(hex::decode(&text), Ok(bytes.clone()));
        prop_assert_eq!(hex::decode(&text.to_uppercase()), Ok(bytes));
    }

    #[test]
    fn hexadecimal_refuses_what_it_would_not_write(text in ".{0,20}|[0-9a-fA-F]{0,20}") {
        if let Ok(bytes) = hex::decode(&text) {
            prop_assert_eq!(hex::encode(&bytes), text.to_lowercase());
        }
    }

    #[test]
    fn comparison_is_equality(a in vec(0..3_u8, 0..6), b in vec(0..3_u8, 0..6)) {
        prop_assert_eq!(compare::constant_time_eq(&a, &b), a == b);
        let secret = |bytes: &[u8]| SecretBytes::from_slice_wiping(&mut bytes.to_vec()).unwrap();
        prop_assert_eq!(secret(&a) == secret(&b), a == b);
    }

    #[test]
    fn merkle_roots_have_the_recursive_shape_and_every_path_leads_there(
        leaves in vec(any::<[u8; 32]>(), 1..120), index: prop::sample::Index, other: [u8; 32],
        elsewhere: prop::sample::Index,
    ) {
        let root = merkle::root(&leaves).unwrap();
        prop_assert_eq!(root, recursive_root(&leaves));
        let (index, elsewhere) = (index.index(leaves.len()), elsewhere.index(leaves.len()));
        let path = merkle::path(&leaves, index).unwrap();
        let count = u32::try_from(leaves.len()).unwrap();
        let at = |leaf, index| merkle::root_from_path(leaf, u32::try_from(index).unwrap(), count, &path);
        prop_assert_eq!(at(leaves[index], index), Ok(root));
        prop_assert_ne!(at(other, index), Ok(root));
        if elsewhere != index {
            prop_assert_ne!(at(leaves[index], elsewhere), Ok(root));
        }
    }

    #[test]
    fn record_headers_survive_their_encoding(header in record_headers(), tail in vec(any::<u8>(), 0..9)) {
        let mut bytes = Vec::new();
        header.encode(&mut bytes).unwrap();
        let length = bytes.len();
        bytes.extend_from_slice(&tail);
        prop_assert_eq!(RecordHeader::decode(&bytes), Ok((header, length)));
    }

    #[test]
    fn commit_headers_have_one_encoding(mut bytes in vec(any::<u8>(), commit::COMMIT_HEADER_LENGTH), count in 0..4_u32) {
        bytes[..4].copy_from_slice(&[1, 0, 0, 0]);
        bytes[4..8].copy_from_slice(&count.to_le_bytes());
        match CommitHeader::from_bytes(&bytes) {
            Ok(header) => {
                prop_assert_eq!(&header.to_bytes()[..], &bytes[..]);
                prop_assert_eq!(header.last() - header.first, u64::from(count) - 1);
                prop_assert_eq!(WriterId::from_name(&header.writer.name()), Some(header.writer));
            }
            Err(error) => prop_assert_eq!(error.code(), "MALFORMED"),
        }
    }

    #[test]
    fn true_proofs_verify_and_no_flipped_bit_does(made in proofs(), bit: prop::sample::Index) {
        let mut bytes = made.to_bytes().unwrap();
        prop_assert_eq!(RecordProof::from_bytes(&bytes), Ok(made.clone()));
        let verified = proof::verify(&bytes).unwrap();
        prop_assert_eq!(verified.sequence, made.commit.first + u64::from(made.index));
        flip(&mut bytes, bit);
        prop_assert!(proof::verify(&bytes).is_err());
    }

    #[test]
    fn proof_decoding_of_anything_is_a_proof_or_malformed(
        made in proofs(), changes in vec(any::<(prop::sample::Index, u8)>(), 0..4), arbitrary in vec(any::<u8>(), 0..600),
    ) {
        let mut changed = made.to_bytes().unwrap();
        for (place, byte) in changes {
            let place = place.index(changed.len());
            changed[place] = byte;
        }
        for bytes in [changed, arbitrary] {
            match RecordProof::from_bytes(&bytes) {
                Ok(decoded) => prop_assert_eq!(decoded.to_bytes(), Ok(bytes)),
                Err(error) => prop_assert_eq!(error.code(), "MALFORMED"),
            }
        }
    }
}
