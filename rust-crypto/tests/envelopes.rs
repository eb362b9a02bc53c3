//! Nothing that was changed, spliced or moved opens, and no other key opens anything: envelopes, streams, messages to
//! recipients, rewrapped envelopes. `CHRYSALIS_SOAK=1` makes a million attempts; `CHRYSALIS_SEED` repeats a run.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "a failed run names its seed")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::num::NonZeroU32;

use chrysalis_crypto::envelope::{self, Rewrapper, StorageKey, Suite};
use chrysalis_crypto::hpke::{PublicKey, SecretKey};
use chrysalis_crypto::recipients;
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::stream::{StreamOpener, StreamSealer};

/// One of the ways to seal, with everything that opens it.
struct Sealed {
    bytes: Vec<u8>,
    text: Vec<u8>,
    /// Index among the keys of its kind.
    key: usize,
    context: Vec<u8>,
}

/// The keys of a run. Two storage keys share a number, so that only the commitment tells them apart.
struct Keys {
    storage: Vec<StorageKey>,
    recipients: Vec<SecretKey>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Envelope,
    Stream,
    Recipients,
}

fn open(kind: Kind, keys: &Keys, key: usize, bytes: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    match kind {
        Kind::Envelope => keys.storage[key].open(bytes, context).ok().map(|text| text.to_vec()),
        Kind::Stream => {
            let mut text = Vec::new();
            let mut opener = StreamOpener::new(&keys.storage[key], context).unwrap();
            opener.update(bytes, &mut text).ok()?;
            opener.finish(&mut text).ok()?;
            Some(text)
        }
        Kind::Recipients => {
            recipients::open(&keys.recipients[key], bytes, context).ok().map(|text| text.to_vec())
        }
    }
}

fn pool(kind: Kind, keys: &Keys, random: &mut SplitMix) -> Vec<Sealed> {
    let public: Vec<PublicKey> = keys.recipients[..2].iter().map(SecretKey::public_key).collect();
    (0..12)
        .map(|number| {
            let context = format!("record:{}", number % 4).into_bytes();
            let text: Vec<u8> = (0..random.below(120)).map(|_| random.byte()).collect();
            let key = match kind {
                Kind::Recipients => number % 2,
                _ => number % keys.storage.len(),
            };
            let bytes = match kind {
                Kind::Envelope => keys.storage[key].seal(&text, &context).unwrap(),
                Kind::Stream => {
                    let mut out = Vec::new();
                    let mut sealer = StreamSealer::new(&keys.storage[key], &context, &mut out).unwrap();
                    sealer.update(&text, &mut out).unwrap();
                    sealer.finish(&mut out).unwrap();
                    out
                }
                Kind::Recipients => recipients::seal_to(&public, &text, &context).unwrap(),
            };
            assert_eq!(open(kind, keys, key, &bytes, &context).as_deref(), Some(&text[..]));
            Sealed { bytes, text, key, context }
        })
        .collect()
}

fn attempts(kind: Kind, count: usize) {
    let seed = seed();
    println!("{kind:?}: {count} attempts, CHRYSALIS_SEED={seed}");
    let mut random = SplitMix(seed);
    let storage = [(1, Suite::XChaCha20Poly1305), (1, Suite::Xaes256Gcm), (7, Suite::XChaCha20Poly1305)]
        .into_iter()
        .map(|(id, suite)| StorageKey::make(NonZeroU32::new(id).unwrap()).unwrap().with_suite(suite))
        .collect();
    let keys = Keys { storage, recipients: (0..3).map(|_| SecretKey::make().unwrap()).collect() };
    let number_of_keys = if kind == Kind::Recipients { keys.recipients.len() } else { keys.storage.len() };
    let pool = pool(kind, &keys, &mut random);
    let (mut refused, mut same) = (0, 0);
    while refused < count {
        let original = &pool[random.below(pool.len())];
        let other = &pool[random.below(pool.len())];
        let (mut bytes, mut key, mut context) =
            (original.bytes.clone(), original.key, original.context.clone());
        match random.below(5) {
            0 | 1 => (0..=random.below(3)).for_each(|_| change(&mut bytes, &mut random)),
            2 => splice(&mut bytes, &other.bytes, &mut random),
            3 => context.clone_from(&other.context),
            _ => key = random.below(number_of_keys),
        }
        let opened = open(kind, &keys, key, &bytes, &context);
        // Both recipients of a message open it, and a change may change nothing.
        let right_key = if kind == Kind::Recipients { key < 2 } else { key == original.key };
        let unchanged = pool.iter().find(|sealed| sealed.bytes == bytes && sealed.context == context);
        match unchanged {
            Some(sealed) if right_key && (kind == Kind::Recipients || sealed.key == key) => {
                assert_eq!(opened.as_deref(), Some(&sealed.text[..]));
                same += 1;
            }
            _ => {
                assert_eq!(opened, None, "seed {seed}: accepted after {refused} attempts");
                refused += 1;
            }
        }
    }
    println!("{kind:?}: {refused} refused, {same} were unchanged and opened");
}

#[test]
fn no_changed_envelope_opens() {
    attempts(Kind::Envelope, runs(6_000, 1_000_000));
}

#[test]
fn no_changed_stream_opens() {
    attempts(Kind::Stream, runs(3_000, 300_000));
}

#[test]
fn no_changed_message_to_recipients_opens() {
    attempts(Kind::Recipients, runs(300, 30_000));
}

#[test]
fn rewrapped_envelopes_open_with_the_new_key_alone() {
    let seed = seed();
    println!("CHRYSALIS_SEED={seed}");
    let mut random = SplitMix(seed);
    let mut keys: Vec<StorageKey> = Vec::new();
    for id in 1..=4 {
        let mut bytes: Vec<u8> = (0..envelope::KEY_LENGTH).map(|_| random.byte()).collect();
        let secret = SecretBytes::from_slice_wiping(&mut bytes).unwrap();
        keys.push(StorageKey::from_secret(NonZeroU32::new(id).unwrap(), secret).unwrap());
    }
    for _ in 0..runs(150, 20_000) {
        let text: Vec<u8> = (0..random.below(300)).map(|_| random.byte()).collect();
        let context: Vec<u8> = (0..random.below(60)).map(|_| random.byte()).collect();
        let mut sealed = keys[0].seal(&text, &context).unwrap();
        for pair in keys.windows(2) {
            let mut next = Vec::new();
            Rewrapper::new(&pair[1]).rewrap_into(&sealed, &pair[0], &context, &mut next).unwrap();
            assert_eq!(next.len(), sealed.len());
            sealed = next;
            for key in &keys {
                let opened = key.open(&sealed, &context);
                assert_eq!(opened.is_ok(), key.id() == pair[1].id());
                assert!(opened.is_err() || *opened.unwrap() == text);
            }
        }
    }
}

fn runs(short: usize, soak: usize) -> usize {
    if std::env::var_os("CHRYSALIS_SOAK").is_some() { soak } else { short }
}

fn seed() -> u64 {
    match std::env::var("CHRYSALIS_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => RandomState::new().hash_one("envelopes"),
    }
}

/// The beginning of one and the end of another, at the same or at any place.
fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut SplitMix) {
    let place = random.below(bytes.len().min(other.len()) + 1);
    let from = if random.below(2) == 0 { place } else { random.below(other.len() + 1) };
    bytes.truncate(place);
    bytes.extend_from_slice(&other[from..]);
}

fn change(data: &mut Vec<u8>, random: &mut SplitMix) {
    let place = random.below(data.len() + 1);
    let value = random.byte();
    match random.below(5) {
        0 => data.truncate(place),
        1 => data.insert(place, value),
        2 => {
            let end = (place + random.below(9)).min(data.len());
            data[place..end].fill(if value & 1 == 0 { 0 } else { 0xff });
        }
        3 if place < data.len() => data[place] = value,
        _ if place < data.len() => data[place] ^= 1 << (value % 8),
        _ => data.push(value),
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
