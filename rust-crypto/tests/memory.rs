//! Looks into the memory of a process that stored, used, rotated and dropped secrets thousands of times, errors included:
//! there is one copy of each where it lives, and none afterwards.
//!
//! The process that is looked into is a child that runs the same test. Its parent draws the secrets, sends them, and reads
//! the child's memory from outside while it waits.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "the child speaks to its parent")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::num::NonZeroU32;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::envelope::{self, PasswordKdf, Rewrapper, StorageKey, Suite};
use chrysalis_crypto::hpke::{self, Aead, SecretKey};
use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::secure_memory::LockedSecret;
use chrysalis_crypto::stream::{StreamOpener, StreamSealer};
use chrysalis_crypto::{aead, aes, legacy, mac, random, recipients, siv};
use zeroize::{Zeroize as _, Zeroizing};

const CHILD: &str = "CHRYSALIS_MEMORY_CHILD";
/// Length of a secret, and of the parts that are looked for: half of one is a find.
const SECRET: usize = 32;
const PART: usize = 16;

#[test]
fn no_copy_of_a_secret_is_left() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let secrets: [u8; 2 * SECRET] = random::array().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "no_copy_of_a_secret_is_left", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    input.write_all(&secrets).unwrap();
    let mut stages = Vec::new();
    for line in lines {
        let line = line.unwrap();
        let Some((_, stage)) = line.split_once("memory-test: ") else { continue };
        let found = scan(child.id(), &secrets);
        println!("{stage}: {found:?}");
        stages.push((stage.to_owned(), found));
        input.write_all(&[0]).unwrap();
    }
    assert!(child.wait().unwrap().success());
    let names: Vec<_> = stages.iter().map(|stage| stage.0.as_str()).collect();
    assert_eq!(names, ["live", "used", "dropped"]);
    for (stage, found) in &stages {
        let expected = if stage == "dropped" { [0; 4] } else { [1; 4] };
        assert_eq!(found.counts, expected, "{stage}: {found:?}");
    }
}

/// How often each part of the secrets is in memory, and in which mappings.
#[derive(Debug, Default)]
struct Found {
    counts: [usize; 2 * SECRET / PART],
    places: BTreeMap<String, usize>,
}

fn scan(process: u32, secrets: &[u8]) -> Found {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let (parts, _) = secrets.as_chunks::<PART>();
    let first: Vec<bool> = (0..=255).map(|byte| parts.iter().any(|part| part[0] == byte)).collect();
    let mut found = Found::default();
    let mut read = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        memory.read_exact_at(&mut bytes, start).unwrap();
        read += bytes.len();
        for (place, window) in bytes.windows(PART).enumerate() {
            if first[usize::from(window[0])] {
                for (part, count) in parts.iter().zip(&mut found.counts) {
                    if window == part {
                        *count += 1;
                        let name = fields.clone().nth(3).unwrap_or("anonymous");
                        *found.places.entry(format!("{name} {:x}", start + place as u64)).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(read > 1 << 16, "only {read} bytes were readable");
    found
}

fn stage(name: &str, input: &mut File) {
    println!("memory-test: {name}");
    std::io::stdout().flush().unwrap();
    input.read_exact(&mut [0]).unwrap();
}

fn child() {
    // Not through the buffer of `stdin()`, which would keep a copy.
    let mut input = File::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let mut received = Zeroizing::new([0; 2 * SECRET]);
    input.read_exact(received.as_mut_slice()).unwrap();
    let (key, text) = received.split_at_mut(SECRET);
    let key = SecretBytes::from_slice_wiping(key).unwrap();
    let text = SecretBytes::from_slice_wiping(text).unwrap();
    drop(received);
    stage("live", &mut input);
    // In an unoptimised build a tenth, unless there is time.
    let soak = std::env::var_os("CHRYSALIS_SOAK").is_some() || !cfg!(debug_assertions);
    for cycle in 0..if soak { 10_000 } else { 1000 } {
        store_use_and_rotate(&key, &text);
        if cycle % 100 == 0 {
            use_everywhere(&key, &text);
        }
        if cycle % 1000 == 0 {
            use_as_password(&text);
        }
    }
    stage("used", &mut input);
    drop((key, text));
    stage("dropped", &mut input);
}

fn copy(secret: &SecretBytes) -> SecretBytes {
    let mut copy = SecretBytes::zeroed(secret.len()).unwrap();
    secret.expose(|from| copy.expose_mut(|to| to.copy_from_slice(from)));
    copy
}

fn store_use_and_rotate(key: &SecretBytes, text: &SecretBytes) {
    let old = StorageKey::from_secret(NonZeroU32::MIN, copy(key)).unwrap();
    let sealed = text.expose(|text| old.seal(text, b"place").unwrap());
    assert!(text.expose(|text| old.open(&sealed, b"place").unwrap().as_slice() == text));
    let new = StorageKey::make(NonZeroU32::MAX).unwrap().with_suite(Suite::Xaes256Gcm);
    let mut moved = Vec::new();
    let mut rewrapper = Rewrapper::new(&new);
    rewrapper.rewrap_into(&sealed, &old, b"place", &mut moved).unwrap();
    assert!(new.open(&moved, b"place").is_ok());
    // What fails: another place, another key, a changed tag, half way through a rewrap.
    assert!(old.open(&sealed, b"elsewhere").is_err());
    assert!(old.open(&moved, b"place").is_err());
    let last = sealed.len() - 1;
    let changed = [&sealed[..last], &[sealed[last] ^ 1]].concat();
    assert!(old.open(&changed, b"place").is_err());
    assert!(rewrapper.rewrap_into(&changed, &old, b"place", &mut moved).is_err());
}

fn use_everywhere(key: &SecretBytes, text: &SecretBytes) {
    let storage = StorageKey::from_secret(NonZeroU32::MIN, copy(key)).unwrap();
    let mut stream = Vec::new();
    let mut sealer = StreamSealer::new(&storage, b"", &mut stream).unwrap();
    text.expose(|text| sealer.update(text, &mut stream)).unwrap();
    sealer.finish(&mut stream).unwrap();
    let mut opened = Zeroizing::new(Vec::with_capacity(SECRET));
    let mut opener = StreamOpener::new(&storage, b"").unwrap();
    opener.update(&stream, &mut opened).unwrap();
    opener.finish(&mut opened).unwrap();
    let mut opener = StreamOpener::new(&storage, b"x").unwrap();
    assert!(opener.update(&stream, &mut opened).and_then(|()| opener.finish(&mut opened)).is_err());

    let mine = SecretKey::from_secret(copy(key)).unwrap();
    let public = mine.public_key();
    text.expose(|text| {
        let sealed = hpke::seal_from(Aead::ChaCha20Poly1305, &mine, &public, b"", b"", text).unwrap();
        hpke::open_from(Aead::ChaCha20Poly1305, &public, &mine, b"", b"", &sealed).unwrap();
        assert!(hpke::open(Aead::ChaCha20Poly1305, &mine, b"", b"", &sealed).is_err());
        let sealed = recipients::seal_to(&[public], text, b"").unwrap();
        recipients::open(&mine, &sealed, b"").unwrap();
        assert!(recipients::open(&mine, &sealed, b"x").is_err());
    });

    key.expose(|key| {
        text.expose(|text| {
            let sealed = aead::xchacha20poly1305_encrypt(text, key, b"").unwrap();
            aead::xchacha20poly1305_decrypt(&sealed, key, b"").unwrap();
            let sealed = aes::aes_gcm_encrypt(text, key).unwrap();
            aes::aes_gcm_decrypt(&sealed, key).unwrap();
            assert!(aes::aes_gcm_decrypt(&sealed[1..], key).is_err());
            let sealed = siv::aes_gcm_siv_encrypt(text, key, b"").unwrap();
            siv::aes_gcm_siv_decrypt(&sealed, key, b"").unwrap();
            let record = legacy::Record::parse(&legacy::encrypt(text, key).unwrap()).unwrap();
            record.open(key).unwrap();
            assert!(record.open(&[0; 32]).is_err());
            assert_ne!(mac::hmac_sha256(key, text)[..], mac::hmac_sha512(key, text)[..32]);
            kdf::hkdf_sha256(key, b"", b"", 32).unwrap();
        });
        assert_ne!(SigningKey::from_slice(key).unwrap().sign(b"message"), [0; 64]);
    });
    let locked =
        LockedSecret::init_with(|value: &mut [u8; SECRET]| key.expose(|key| value.copy_from_slice(key)));
    assert!(locked.expose(|value| key.expose(|key| value == key)));
}

fn use_as_password(text: &SecretBytes) {
    let kdf = PasswordKdf::make_argon2id(Argon2Params::new(8192, 1, 1).unwrap()).unwrap();
    text.expose(|password| {
        let sealed = envelope::seal_with_password(b"text", password, kdf, b"").unwrap();
        envelope::open_with_password(&sealed, password, b"").unwrap();
        assert!(envelope::open_with_password(&sealed, password, b"x").is_err());
        kdf::pbkdf2_sha256_derive_key(password, b"salt", 1000, 32).unwrap();
        kdf::scrypt_derive_key(password, b"salt", 32).unwrap();
    });
    let mut twice = text.expose(|text| [text, text].concat());
    let secret = SecretBytes::from_slice_wiping(&mut twice).unwrap();
    assert!(StorageKey::from_secret(NonZeroU32::MIN, secret).is_err());
    twice.zeroize();
}
