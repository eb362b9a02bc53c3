//! No copy of a key stays in the process's memory but those in use.
//!
//! This file has one test, so that nothing else runs in the process.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::envelope::Suite;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_crypto::random;
use chrysalis_security::wallet::{ApiKeyWallet, NewKey};
use chrysalis_security::{SecurityContext, WrappingKey};
use zeroize::Zeroize as _;

const LENGTH: usize = 48;
const MASK: u8 = 0x80;
const PASSWORD: &[u8] = b"correct horse battery staple";

/// A random key that the test itself holds in another form only.
struct Canary([u8; LENGTH]);

impl Canary {
    fn make() -> Self {
        let mut masked: [u8; LENGTH] = random::array().unwrap();
        for byte in &mut masked {
            *byte = (b'a' + *byte % 26) ^ MASK;
        }
        Self(masked)
    }

    /// The key, in an allocation of its size that whoever takes it wipes.
    fn key(&self) -> ApiKey {
        let mut text = String::with_capacity(LENGTH);
        text.extend(self.0.iter().map(|byte| char::from(byte ^ MASK)));
        ApiKey::new(text).unwrap()
    }

    /// How many copies of the key's middle there are in all memory that can be read.
    fn count(&self, buffer: &mut [u8]) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        let middle: Vec<u8> = self.0[12..36].to_vec();
        let mut found = 0;
        for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
            let (range, rest) = line.split_once(' ').unwrap();
            if !rest.starts_with('r') || rest.contains("[v") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let (mut at, end) =
                (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
            while at < end {
                let wanted = buffer.len().min(usize::try_from(end - at).unwrap());
                let Ok(read) = memory.read_at(&mut buffer[..wanted], at) else { break };
                if read == 0 {
                    break;
                }
                // By hand: an unoptimised build has much memory to go through.
                for (i, byte) in buffer[..read].iter().enumerate() {
                    if *byte ^ MASK == middle[0] && is_at(&buffer[i..read], &middle) {
                        found += 1;
                    }
                }
                at += read as u64;
                if at >= end || read < middle.len() {
                    break;
                }
                // What lies across two reads is seen in the second.
                at -= (middle.len() - 1) as u64;
            }
            buffer.zeroize();
        }
        found
    }
}

/// Whether `bytes` begin with what `masked` hides.
fn is_at(bytes: &[u8], masked: &[u8]) -> bool {
    bytes.len() >= masked.len() && bytes.iter().zip(masked).all(|(byte, masked)| byte ^ MASK == *masked)
}

#[test]
fn keys_leave_no_copy_behind() {
    let rounds = if std::env::var_os("CHRYSALIS_SOAK").is_some() { 10_000 } else { 100 };
    let canary = Canary::make();
    let mut buffer = vec![0; 1 << 20];
    let held = canary.key();
    assert!(canary.count(&mut buffer) >= 1, "the search finds a key that is there");
    drop(held);

    let params = Argon2Params::new(8192, 1, 1).unwrap();
    let context = SecurityContext::make_with(Arc::new(|| 0), params, Suite::default()).unwrap();
    context.set_password(PASSWORD).unwrap();
    let wallet = ApiKeyWallet::with_params(params);
    let host = WrappingKey::make().unwrap();
    wallet.initialize_with_host_key(&host, 0).unwrap();
    for round in 0..rounds {
        context.store_api_key("groq", canary.key()).unwrap();
        context.with_api_key("groq", |key| assert_eq!(key.len(), LENGTH)).unwrap();
        drop(context.authorization_header("groq").unwrap());
        context.sign_request("groq", "GET", "/", b"").unwrap();
        let data = canary.key();
        let sealed = data.expose(|key| context.encrypt_for_storage(key, b"place")).unwrap();
        context.rotate_storage_key().unwrap();
        context.set_min_decryption_key_id(context.storage_key_id().unwrap() - 1).unwrap();
        let sealed = context.rewrap(&sealed, b"place").unwrap();
        drop(context.decrypt_from_storage(&sealed, b"place").unwrap());
        context.decrypt_from_storage(&sealed, b"elsewhere").unwrap_err();
        context.rotate_session_key("session").unwrap();
        let sent = data.expose(|key| context.encrypt_for_session("session", key, b"")).unwrap();
        drop(context.decrypt_from_session("session", &sent, b"").unwrap());
        context.end_session("session").unwrap();

        let id = wallet.add_key("groq", &data, NewKey::default(), 0).unwrap().to_string();
        drop(wallet.key(&id, 0).unwrap().unwrap());
        drop(wallet.list_keys(None, 0).unwrap());
        wallet.rotate_key(&id, &data, 0).unwrap();
        let file = wallet.export().unwrap();
        wallet.lock(0);
        wallet.unlock_with_host_key(&WrappingKey::make().unwrap(), 0).unwrap_err();
        wallet.load(&file).unwrap();
        wallet.unlock_with_host_key(&host, 0).unwrap();
        drop(wallet.key(&id, 0).unwrap().unwrap());
        wallet.remove_key(&id, 0).unwrap();
        if round % 100 == 0 {
            let state = context.export_state(PASSWORD).unwrap();
            drop(SecurityContext::import_state_with(&state, PASSWORD, Arc::new(|| 0), params).unwrap());
            context.lock().unwrap();
            context.unlock(b"wrong").unwrap_err();
            context.unlock(PASSWORD).unwrap();
        }
        drop(data);
        context.remove_api_key("groq").unwrap();
    }
    assert_eq!(canary.count(&mut buffer), 0, "after {rounds} rounds");
    drop((context, wallet));
}
