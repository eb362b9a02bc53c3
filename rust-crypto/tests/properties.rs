//! Laws that hold for every input. A failing case is printed with its seed, which proptest also keeps.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::commit::{self, CommitHeader, RecordHeader, WriterId};
use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::hash::{self, HashAlgorithm, IncrementalHasher};
use chrysalis_crypto::merkle::{self, Hash};
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::sealer::Sealer;
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{aead, aes, base64, canonical, compare, fingerprint, hex, kdf, mac, siv};
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

/// Any JSON value whose numbers survive a double.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        vec(any::<char>(), 0..6).prop_map(|text| Value::from(text.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The value in another spelling: members backwards, every character escaped, numbers with exponents.
fn respelled(value: &serde_json::Value) -> String {
    use serde_json::Value;
    let text = |text: &str| {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        format!("\"{escaped}\"")
    };
    match value {
        Value::Number(number) => format!("{:E}", number.as_f64().unwrap()),
        Value::String(string) => text(string),
        Value::Array(items) => format!("[ {} ]", items.iter().map(respelled).collect::<Vec<_>>().join("\n,")),
        Value::Object(members) => {
            let members = members.iter().rev().map(|(name, value)| text(name) + " : " + &respelled(value));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

proptest! {
    #[test]
    fn every_cipher_opens_its_own_and_no_flipped_bit(
        key: [u8; 32], data in vec(any::<u8>(), 0..300), aad in vec(any::<u8>(), 1..50),
        bit: prop::sample::Index, part in 0..3, counted: bool,
    ) {
        let sealer = Sealer::new(&key).unwrap();
        let gcm =
            if counted { sealer.seal(&data, &aad) } else { aes::aes_gcm_encrypt_aad(&data, &key, &aad) }.unwrap();
        prop_assert_eq!(&**sealer.open(&gcm, &aad).unwrap(), &data);
        let siv = siv::aes_gcm_siv_encrypt(&data, &key, &aad).unwrap();
        type Open = fn(&[u8], &[u8], &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, chrysalis_crypto::CryptoError>;
        let both: [(Vec<u8>, Open); 2] = [(gcm, aes::aes_gcm_decrypt_aad), (siv, siv::aes_gcm_siv_decrypt)];
        for (mut sealed, open) in both {
            prop_assert_eq!(sealed.len(), data.len() + aes::OVERHEAD);
            prop_assert_eq!(&**open(&sealed, &key, &aad).unwrap(), &data);
            let (mut key, mut aad) = (key, aad.clone());
            match part {
                0 => flip(&mut key, bit),
                1 => flip(&mut aad, bit),
                _ => flip(&mut sealed, bit),
            }
            prop_assert_eq!(open(&sealed, &key, &aad).unwrap_err().code(), "DECRYPT_FAILED");
        }
    }

    /// Into the caller's buffer: the same messages, and nothing left there after a failure.
    #[test]
    fn buffers_of_the_caller_get_the_same(
        key: [u8; 32], data in vec(any::<u8>(), 0..300), aad in vec(any::<u8>(), 0..50), bit: prop::sample::Index,
        other in 0..400_usize,
    ) {
        type Into = fn(&[u8], &[u8], &[u8], &mut [u8]) -> Result<(), chrysalis_crypto::CryptoError>;
        let ciphers: [(usize, Into, Into); 3] = [
            (aes::OVERHEAD, aes::aes_gcm_encrypt_into, aes::aes_gcm_decrypt_into),
            (siv::OVERHEAD, siv::aes_gcm_siv_encrypt_into, siv::aes_gcm_siv_decrypt_into),
            (aead::OVERHEAD, aead::xchacha20poly1305_encrypt_into, aead::xchacha20poly1305_decrypt_into),
        ];
        for (overhead, seal, open) in ciphers {
            let (mut sealed, mut opened) = (vec![1; data.len() + overhead], vec![1; data.len()]);
            seal(&data, &key, &aad, &mut sealed).unwrap();
            open(&sealed, &key, &aad, &mut opened).unwrap();
            prop_assert_eq!(&opened, &data);
            if other != data.len() {
                let mut wrong = vec![1; other];
                prop_assert_eq!(open(&sealed, &key, &aad, &mut wrong).unwrap_err().code(), "INVALID_ARGUMENT");
                let mut wrong = vec![1; other + overhead];
                prop_assert_eq!(seal(&data, &key, &aad, &mut wrong).unwrap_err().code(), "INVALID_ARGUMENT");
            }
            flip(&mut sealed, bit);
            prop_assert_eq!(open(&sealed, &key, &aad, &mut opened).unwrap_err().code(), "DECRYPT_FAILED");
            prop_assert!(opened.iter().all(|&byte| byte == 0));
            prop_assert_eq!(open(&sealed[..overhead - 1], &key, &aad, &mut []).unwrap_err().code(), "DATA_TOO_SHORT");
        }
    }

    #[test]
    fn authentication_codes_hold_for_their_data_alone(
        key in vec(any::<u8>(), 0..200), data in vec(any::<u8>(), 1..200), bit: prop::sample::Index,
    ) {
        let (tag256, tag384, tag512) =
            (mac::hmac_sha256(&key, &data), mac::hmac_sha384(&key, &data), mac::hmac_sha512(&key, &data));
        prop_assert!(mac::hmac_sha256_verify(&key, &data, &tag256));
        prop_assert!(mac::hmac_sha384_verify(&key, &data, &tag384));
        prop_assert!(mac::hmac_sha512_verify(&key, &data, &tag512));
        let mut other = data;
        flip(&mut other, bit);
        prop_assert!(!mac::hmac_sha256_verify(&key, &other, &tag256));
        prop_assert!(!mac::hmac_sha384_verify(&key, &other, &tag384));
        prop_assert!(!mac::hmac_sha512_verify(&key, &other, &tag512));
    }

    /// RFC 5869 by its definition, over our own HMAC.
    #[test]
    fn hkdf_is_what_the_rfc_says(
        ikm in vec(any::<u8>(), 0..100), salt in vec(any::<u8>(), 0..100), info in vec(any::<u8>(), 0..50),
        length in 0..400_usize, split: prop::sample::Index,
    ) {
        let key = mac::hmac_sha256(if salt.is_empty() { &[0; 32] } else { &salt }, &ikm);
        let (mut expected, mut block) = (Vec::new(), Vec::new());
        for counter in 1..=u8::try_from(length.div_ceil(32)).unwrap() {
            block = mac::hmac_sha256(&key, &[&block[..], &info, &[counter]].concat()).to_vec();
            expected.extend_from_slice(&block);
        }
        expected.truncate(length);
        prop_assert_eq!(&**kdf::hkdf_sha256(&ikm, &salt, &info, length).unwrap(), &expected);
        let (head, tail) = info.split_at(split.index(info.len() + 1));
        let mut parts = vec![0; length];
        kdf::hkdf_sha256_into(&ikm, &salt, &[head, tail], &mut parts).unwrap();
        prop_assert_eq!(parts, expected);
    }

    #[test]
    fn batches_are_their_messages(algorithm in algorithms(), messages in vec(vec(any::<u8>(), 0..100), 0..20)) {
        let views: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let one_by_one: Vec<_> = views.iter().map(|message| hash::hash_hex(message, algorithm)).collect();
        prop_assert_eq!(hash::batch_hash(&views, algorithm), one_by_one);
    }

    #[test]
    fn base64_inverts_and_has_one_text(bytes in vec(any::<u8>(), 0..100), text in "[A-Za-z0-9+/_=-]{0,12}") {
        prop_assert_eq!(base64::decode(&base64::encode(&bytes)).unwrap(), bytes.clone());
        prop_assert_eq!(base64::decode_url(&base64::encode_url(&bytes)).unwrap(), bytes);
        if let Ok(bytes) = base64::decode(&text) {
            prop_assert_eq!(base64::encode(&bytes), text.clone());
        }
        if let Ok(bytes) = base64::decode_url(&text) {
            prop_assert_eq!(base64::encode_url(&bytes), text);
        }
    }

    /// Another writer's spelling of a value has the same canonical text, which means the same value and is its own.
    #[test]
    fn canonical_json_is_one_text_for_one_value(value in json()) {
        let canonical = canonical::canonicalize(&value.to_string()).unwrap();
        prop_assert_eq!(&canonical::canonicalize(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), &canonical);
        prop_assert_eq!(&canonical::canonicalize(&canonical).unwrap(), &canonical);
        prop_assert_eq!(canonical::canonicalize(&respelled(&value)).unwrap(), canonical);
    }

    #[test]
    fn fields_of_a_fingerprint_do_not_run_into_each_other(
        a in "[a:]{0,4}", b in "[a:]{0,4}", c in "[a:]{0,4}", d in "[a:]{0,4}", e in "[a:]{0,4}", f in "[a:]{0,4}",
    ) {
        let same = (&a, &b, &c) == (&d, &e, &f);
        let fingerprints =
            [(&a, &b, &c), (&d, &e, &f)].map(|(x, y, z)| fingerprint::compute_agent_fingerprint_v2(x, y, z));
        prop_assert_eq!(fingerprints[0] == fingerprints[1], same);
    }

    #[test]
    fn the_strict_rule_accepts_a_part_of_what_the_rule_accepts(
        seed: [u8; 32], message in vec(any::<u8>(), 0..60), bit: prop::sample::Index, part in 0..3,
    ) {
        let key = SigningKey::from_seed(&seed);
        let (mut public_key, mut signature) = (key.public_key(), key.sign(&message));
        prop_assert_eq!(ed25519::verify_strict(&public_key, &message, &signature), Ok(true));
        match part {
            0 => flip(&mut public_key, bit),
            1 => flip(&mut signature[..32], bit),
            _ => flip(&mut signature[32..], bit),
        }
        prop_assert_ne!(ed25519::verify_strict(&public_key, &message, &signature), Ok(true));
    }

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
