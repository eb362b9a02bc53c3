//! The context as its users see it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::envelope::{self, Suite};
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::audit::verify_chain;
use chrysalis_security::context::Clock;
use chrysalis_security::{SALT_LENGTH, SecurityContext, WrappingKey};

const PASSWORD: &[u8] = b"correct horse battery staple";
const SECRET: &str = "canary-7f3a9b1c5d2e";

fn clock() -> Clock {
    let time = AtomicU64::new(1_763_600_000_000);
    Arc::new(move || time.fetch_add(1, Ordering::Relaxed))
}

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

fn context() -> SecurityContext {
    SecurityContext::make_with(clock(), weak(), Suite::default()).unwrap()
}

fn import(state: &[u8], password: &[u8]) -> Result<SecurityContext, chrysalis_security::SecurityError> {
    SecurityContext::import_state_with(state, password, clock(), weak())
}

fn key(text: &str) -> ApiKey {
    ApiKey::new(text.to_owned()).unwrap()
}

fn is_send_and_sync<T: Send + Sync>(_: &T) {}

#[test]
fn api_keys_are_kept_by_provider() {
    let context = context();
    is_send_and_sync(&context);
    context.store_api_key(" OpenAI ", key(SECRET)).unwrap();
    context.store_api_key("groq", key("second-key-0123456789")).unwrap();
    assert!(context.has_api_key("OPENAI").unwrap());
    assert!(context.with_api_key("openai", |bytes| bytes == SECRET.as_bytes()).unwrap());
    let providers = context.list_providers().unwrap();
    assert_eq!(providers.iter().map(|p| p.as_str()).collect::<Vec<_>>(), ["groq", "openai"]);
    let description = context.describe_api_key("openai").unwrap();
    assert_eq!(description.redacted, "...5d2e");
    assert_eq!((description.detected_provider, description.confidence), ("generic", "unknown"));
    assert_eq!(description.stored_at, 1_763_600_000_000);
    let held = context.api_key("openai").unwrap();
    context.store_api_key("openai", key("replaced-key-0123456789")).unwrap();
    assert!(held.expose(|bytes| bytes == SECRET.as_bytes()), "who uses the old key finishes with it");
    assert!(context.with_api_key("openai", |bytes| bytes == b"replaced-key-0123456789").unwrap());
    assert!(context.remove_api_key("openai").unwrap());
    assert!(!context.remove_api_key("openai").unwrap());
    assert_eq!(context.api_key("openai").unwrap_err().to_string(), "No API key stored for provider: openai");
    for provider in ["", "no good", "-x", &"x".repeat(65)] {
        assert_eq!(context.store_api_key(provider, key(SECRET)).unwrap_err().code(), "INVALID_PROVIDER");
    }
    for text in ["", "short", "has space in it", &"x".repeat(8193)] {
        assert!(context.store_api_key("groq", key(text)).is_err());
    }
    assert!(context.with_api_key("groq", |bytes| bytes == b"second-key-0123456789").unwrap());
}

#[test]
fn storage_keys_rotate_retire_and_reseal() {
    let context = context();
    let first = context.encrypt_for_storage(b"text", b"place").unwrap();
    assert_eq!(first.len(), 4 + envelope::OVERHEAD);
    assert_eq!(context.rotate_storage_key().unwrap(), 2);
    let second = context.encrypt_for_storage(b"", b"").unwrap();
    assert_eq!(*context.decrypt_from_storage(&first, b"place").unwrap(), b"text");
    assert!(context.decrypt_from_storage(&second, b"").unwrap().is_empty());
    assert_eq!(context.decrypt_from_storage(&first, b"elsewhere").unwrap_err().code(), "DECRYPT_FAILED");
    let moved = context.rewrap(&first, b"place").unwrap();
    assert_eq!(context.rewrap(&first, b"elsewhere").unwrap_err().code(), "DECRYPT_FAILED");
    assert_eq!(*context.decrypt_from_storage(&moved, b"place").unwrap(), b"text");
    assert_eq!(moved[8..12], 2_u32.to_be_bytes());

    for floor in [0, 3] {
        assert_eq!(context.set_min_decryption_key_id(floor).unwrap_err().code(), "INVALID_ARGUMENT");
    }
    context.set_min_decryption_key_id(2).unwrap();
    assert_eq!(context.decrypt_from_storage(&first, b"place").unwrap_err().code(), "KEY_RETIRED");
    assert_eq!(context.rewrap(&first, b"place").unwrap_err().code(), "KEY_RETIRED");
    assert_eq!(context.set_min_decryption_key_id(1).unwrap_err().code(), "INVALID_ARGUMENT");
    let mut unknown = moved.clone();
    unknown[11] = 9;
    assert_eq!(context.decrypt_from_storage(&unknown, b"place").unwrap_err().code(), "UNKNOWN_KEY_ID");
    assert_eq!(*context.decrypt_from_storage(&moved, b"place").unwrap(), b"text");
    assert_eq!(context.decrypt_from_storage(b"", b"").unwrap_err().code(), "DATA_TOO_SHORT");
    let state = context.export_state(PASSWORD).unwrap();
    assert_eq!(context.decrypt_from_storage(&state, b"").unwrap_err().code(), "DECRYPT_FAILED");
}

#[test]
fn many_records_are_resealed_and_a_bad_one_is_named() {
    let context = context();
    let contexts: Vec<_> = (0..50_u32).map(u32::to_be_bytes).collect();
    let mut sealed: Vec<_> =
        contexts.iter().map(|place| context.encrypt_for_storage(place, place).unwrap()).collect();
    context.rotate_storage_key().unwrap();
    sealed[7][80] ^= 1;
    let records: Vec<_> =
        sealed.iter().zip(&contexts).map(|(sealed, place)| (sealed.as_slice(), place.as_slice())).collect();
    let rewrapped = context.rewrap_many(&records).unwrap();
    context.set_min_decryption_key_id(2).unwrap();
    for (i, (result, place)) in rewrapped.into_iter().zip(&contexts).enumerate() {
        match result {
            Ok(envelope) => assert_eq!(*context.decrypt_from_storage(&envelope, place).unwrap(), place),
            Err(error) => assert_eq!((i, error.code()), (7, "DECRYPT_FAILED")),
        }
    }
}

#[test]
fn sessions_have_keys_of_their_own() {
    let context = context();
    assert_eq!(context.encrypt_for_session("a", b"x", b"").unwrap_err().code(), "SESSION_NOT_FOUND");
    assert_eq!(context.session_key_version("a").unwrap(), None);
    assert_eq!(context.rotate_session_key("a").unwrap(), 1);
    assert_eq!(context.rotate_session_key("b").unwrap(), 1);
    let sealed = context.encrypt_for_session("a", b"text", b"c").unwrap();
    assert_eq!(*context.decrypt_from_session("a", &sealed, b"c").unwrap(), b"text");
    assert_eq!(context.decrypt_from_session("a", &sealed, b"d").unwrap_err().code(), "DECRYPT_FAILED");
    assert_eq!(context.decrypt_from_session("b", &sealed, b"c").unwrap_err().code(), "DECRYPT_FAILED");
    assert_eq!(context.rotate_session_key("a").unwrap(), 2);
    assert_eq!(*context.decrypt_from_session("a", &sealed, b"c").unwrap(), b"text");
    let newer = context.encrypt_for_session("a", b"text", b"c").unwrap();
    assert_eq!(context.decrypt_from_session("b", &newer, b"c").unwrap_err().code(), "UNKNOWN_KEY_ID");
    assert_eq!(context.retire_session_keys("a", 3).unwrap_err().code(), "INVALID_ARGUMENT");
    assert_eq!(context.retire_session_keys("a", 2).unwrap(), 1);
    assert_eq!(context.decrypt_from_session("a", &sealed, b"c").unwrap_err().code(), "KEY_RETIRED");
    assert_eq!(*context.decrypt_from_session("a", &newer, b"c").unwrap(), b"text");
    assert!(context.end_session("a").unwrap());
    assert!(!context.end_session("a").unwrap());
    context.rotate_session_key("a").unwrap();
    assert_eq!(context.decrypt_from_session("a", &sealed, b"c").unwrap_err().code(), "DECRYPT_FAILED");
    for id in ["", &"x".repeat(257)] {
        assert_eq!(context.rotate_session_key(id).unwrap_err().code(), "INVALID_ARGUMENT");
    }
    context.rotate_session_key(&"ä".repeat(128)).unwrap();
}

#[test]
fn everything_comes_back_from_exported_state() {
    let context = context();
    context.store_api_key("groq", key(SECRET)).unwrap();
    context.rotate_storage_key().unwrap();
    context.rotate_storage_key().unwrap();
    context.set_min_decryption_key_id(2).unwrap();
    context.rotate_session_key("a").unwrap();
    context.rotate_session_key("a").unwrap();
    let stored = context.encrypt_for_storage(b"stored", b"").unwrap();
    let sent = context.encrypt_for_session("a", b"sent", b"").unwrap();
    let state = context.export_state(PASSWORD).unwrap();
    assert!(!state.windows(6).any(|window| window == b"canary"));

    assert_eq!(import(&state, b"wrong").unwrap_err().code(), "DECRYPT_FAILED");
    let copy = import(&state, PASSWORD).unwrap();
    assert_eq!(*copy.decrypt_from_storage(&stored, b"").unwrap(), b"stored");
    assert_eq!(*copy.decrypt_from_session("a", &sent, b"").unwrap(), b"sent");
    assert!(copy.with_api_key("groq", |bytes| bytes == SECRET.as_bytes()).unwrap());
    assert_eq!(copy.rotate_storage_key().unwrap(), 4);
    assert_eq!(copy.rotate_session_key("a").unwrap(), 3);
    assert_eq!(copy.set_min_decryption_key_id(1).unwrap_err().code(), "INVALID_ARGUMENT");

    for at in [0, 4, 5, 6, 11, 12, 44, 60, 80, state.len() - 1] {
        let mut changed = state.clone();
        changed[at] ^= 1;
        assert!(import(&changed, PASSWORD).is_err(), "byte {at}");
    }
    for length in [0, 10, 100, state.len() - 1] {
        assert!(import(&state[..length], PASSWORD).is_err());
    }
}

#[test]
fn locking_wipes_and_unlocking_brings_back() {
    let context = context();
    context.store_api_key("groq", key(SECRET)).unwrap();
    let sealed = context.encrypt_for_storage(b"text", b"").unwrap();
    assert_eq!(context.lock().unwrap_err().code(), "PASSWORD_NOT_SET");
    assert!(!context.is_locked());
    context.set_password(PASSWORD).unwrap();
    context.lock().unwrap();
    context.lock().unwrap();
    assert!(context.is_locked());
    for error in [
        context.api_key("groq").unwrap_err(),
        context.decrypt_from_storage(&sealed, b"").unwrap_err(),
        context.encrypt_for_storage(b"", b"").unwrap_err(),
        context.rotate_session_key("a").unwrap_err(),
        context.export_state(PASSWORD).unwrap_err(),
        context.set_password(b"other").unwrap_err(),
        context.list_providers().unwrap_err(),
    ] {
        assert_eq!(error.code(), "CONTEXT_LOCKED");
    }
    assert_eq!(context.unlock(b"wrong").unwrap_err().code(), "DECRYPT_FAILED");
    assert_eq!(context.unlock(b"").unwrap_err().code(), "INVALID_ARGUMENT");
    context.unlock(PASSWORD).unwrap();
    context.unlock(b"whatever").unwrap();
    assert_eq!(*context.decrypt_from_storage(&sealed, b"").unwrap(), b"text");
    assert!(context.with_api_key("groq", |bytes| bytes == SECRET.as_bytes()).unwrap());
    // The first export is a promise to be able to lock; a later one with another password changes nothing.
    context.export_state(b"for the backup").unwrap();
    context.lock().unwrap();
    assert_eq!(context.unlock(b"for the backup").unwrap_err().code(), "DECRYPT_FAILED");
    context.unlock(PASSWORD).unwrap();
}

/// Each operation with a key that was derived elsewhere does what its twin with the password does.
#[test]
fn keys_that_were_derived_elsewhere_do_the_same() {
    let derive = |(params, salt): (Argon2Params, [u8; SALT_LENGTH]), password: &[u8]| {
        WrappingKey::derive(password, &salt, params).unwrap()
    };
    let context = context();
    context.store_api_key("groq", key(SECRET)).unwrap();
    assert_eq!(context.password_kdf(), None, "there is nothing to unlock");

    let kdf = context.make_password_kdf().unwrap();
    assert_ne!(kdf.1, context.make_password_kdf().unwrap().1, "a salt is for one password, once");
    let state = context.export_state_with_derived_key(kdf.0, kdf.1, derive(kdf, PASSWORD)).unwrap();
    // With the password: the bytes are the same format.
    import(&state, PASSWORD).unwrap();
    assert_eq!(SecurityContext::state_kdf(&state).unwrap(), kdf);
    let wrong =
        SecurityContext::import_state_with_derived_key(&state, derive(kdf, b"wrong"), clock(), weak());
    assert_eq!(wrong.unwrap_err().code(), "DECRYPT_FAILED");
    let copy = SecurityContext::import_state_with_derived_key(&state, derive(kdf, PASSWORD), clock(), weak());
    let copy = copy.unwrap();
    assert!(copy.with_api_key("groq", |bytes| bytes == SECRET.as_bytes()).unwrap());
    assert_eq!(SecurityContext::state_kdf(&state[..20]).unwrap_err().code(), "DATA_TOO_SHORT");
    let no_password = context.encrypt_for_storage(b"", b"").unwrap();
    assert_eq!(SecurityContext::state_kdf(&no_password).unwrap_err().code(), "DECRYPT_FAILED");

    // The export and the import both gave a password to lock with.
    for context in [&context, &copy] {
        context.lock().unwrap();
        let lock = context.password_kdf().unwrap();
        assert_eq!(lock, kdf);
        assert_eq!(
            context.unlock_with_derived_key(derive(lock, b"wrong")).unwrap_err().code(),
            "DECRYPT_FAILED"
        );
        assert!(context.is_locked());
        context.unlock_with_derived_key(derive(lock, PASSWORD)).unwrap();
        context.unlock_with_derived_key(derive(lock, b"whatever")).unwrap();
    }
    let other = context.make_password_kdf().unwrap();
    context.set_password_with_derived_key(other.0, other.1, derive(other, b"other")).unwrap();
    context.lock().unwrap();
    let refused = [
        context.set_password_with_derived_key(other.0, other.1, derive(other, b"third")).unwrap_err(),
        context.export_state_with_derived_key(other.0, other.1, derive(other, b"third")).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.code() == "CONTEXT_LOCKED"));
    assert_eq!(context.unlock(PASSWORD).unwrap_err().code(), "DECRYPT_FAILED");
    context.unlock(b"other").unwrap();
    assert!(context.with_api_key("groq", |bytes| bytes == SECRET.as_bytes()).unwrap());
}

/// A name that looks like a key only once it is lower-cased.
#[test]
fn no_accepted_name_locks_the_context_for_good() {
    for name in ["Jina_EmbeddingsProduction", "JINA_embeddings2production2024", "GitHub_Pat_production1"] {
        let context = context();
        context.set_password(PASSWORD).unwrap();
        if context.store_api_key(name, key(SECRET)).is_ok() {
            context.lock().unwrap();
            context.unlock(PASSWORD).unwrap();
            assert!(context.has_api_key(name).unwrap());
        }
    }
}

#[test]
fn both_suites_seal_and_the_state_remembers_which() {
    let context = SecurityContext::make_with(clock(), weak(), Suite::Xaes256Gcm).unwrap();
    let sealed = context.encrypt_for_storage(b"text", b"").unwrap();
    assert_eq!(sealed[4], 2);
    let copy = import(&context.export_state(PASSWORD).unwrap(), PASSWORD).unwrap();
    copy.rotate_storage_key().unwrap();
    assert_eq!(copy.rewrap(&sealed, b"").unwrap()[4], 2);
    copy.rotate_session_key("a").unwrap();
    assert_eq!(copy.encrypt_for_session("a", b"", b"").unwrap()[4], 2);
}

#[test]
fn readers_use_keys_while_others_write() {
    let context = Arc::new(context());
    context.store_api_key("groq", key(SECRET)).unwrap();
    // A reader inside the key's closure does not keep a writer out.
    context
        .with_api_key("groq", |_| {
            context.rotate_storage_key().unwrap();
            context.store_api_key("groq", key("another-key-0123456789")).unwrap();
        })
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let sealed = context.encrypt_for_storage(b"x", b"y").unwrap();
                    context.rotate_storage_key().unwrap();
                    assert_eq!(*context.decrypt_from_storage(&sealed, b"y").unwrap(), b"x");
                }
            });
        }
    });
    assert_eq!(context.storage_key_id().unwrap(), 152);
}

#[test]
fn neither_errors_nor_debug_nor_the_log_hold_a_secret() {
    let context = context();
    context.store_api_key("groq", key(SECRET)).unwrap();
    context.set_password(b"canary-password").unwrap();
    let mut texts = vec![format!("{context:?} {:?}", context.describe_api_key("groq").unwrap())];
    let sealed = context.encrypt_for_storage(b"canary-plaintext", b"canary-context").unwrap();
    let with_space = format!("{SECRET} x");
    let errors = [
        context.store_api_key("canary/provider", key(SECRET)).unwrap_err(),
        context.store_api_key("groq", key(&with_space)).unwrap_err(),
        context.decrypt_from_storage(&sealed, b"canary").unwrap_err(),
        context.rotate_session_key(&"canary".repeat(100)).unwrap_err(),
        context.encrypt_for_session("canary", b"canary", b"").unwrap_err(),
        context.sign_request("groq", "canary", "/", b"canary").unwrap_err(),
        import(b"canary", b"canary").unwrap_err(),
    ];
    context.lock().unwrap();
    texts.extend(errors.iter().map(|error| format!("{error} {error:?} {}", error.code())));
    texts.push(context.unlock(b"canary").unwrap_err().to_string());
    let export = context.audit().export();
    assert_eq!(verify_chain(&export), None);
    texts.extend(export.records.iter().map(|record| format!("{} {record:?}", record.event.to_json())));
    for text in texts {
        assert!(!text.contains("canary") && !text.contains("7f3a9b1c"), "{text}");
    }
}
