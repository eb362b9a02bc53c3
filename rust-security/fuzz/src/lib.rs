//! The bodies of the fuzz targets, one function each.
//!
//! They are plain functions, so that `tests/fuzz.rs` of the crate replays `seeds/` and a short random run
//! without libFuzzer. `cargo fuzz run wallet fuzz/corpus/wallet fuzz/seeds/wallet` explores for longer. An input
//! that once failed belongs in `seeds/`, where it stays a test.

use std::sync::Arc;

use chrysalis_crypto::envelope::{self, PasswordKdf};
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::audit::AuditEvent;
use chrysalis_security::legacy::import_legacy_wallet;
use chrysalis_security::{ApiKeyWallet, SecurityContext, SecurityError, WrappingKey};

/// The host key that opens some of the seeds.
const HOST_KEY: [u8; 32] = [7; 32];
const PASSWORD: &[u8] = b"correct horse battery staple";

/// What loads is written again in one form, which loads to the same; what opens gives its keys out.
pub fn wallet(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let wallet = ApiKeyWallet::new();
    if let Err(error) = wallet.load(text) {
        assert!(matches!(error, SecurityError::WalletLoad(_)));
        return;
    }
    let file = wallet.export().expect("a loaded wallet has a file");
    let again = ApiKeyWallet::new();
    again.load(&file).expect("what a wallet writes it reads");
    assert_eq!(again.export().as_ref(), Ok(&file));
    let host = WrappingKey::from_slice_wiping(&mut HOST_KEY.clone()).expect("32 bytes");
    match wallet.unlock_with_host_key(&host, 0) {
        Ok(()) => {
            for entry in wallet.list_keys(None, 0).expect("no filter") {
                assert!(wallet.key(&entry.id.to_string(), 0).expect("unlocked").is_some());
            }
        }
        Err(error) => {
            assert!(matches!(error, SecurityError::InvalidPassword | SecurityError::WalletTampered));
        }
    }
}

/// What imports is a wallet under the same password, with as many keys as the report says.
pub fn legacy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // More rounds than older programs ever used only take time.
    if text.contains("0000000") {
        return;
    }
    match import_legacy_wallet(text, PASSWORD, weak(), 0) {
        Ok(import) => {
            let keys = import.wallet.list_keys(None, 0).expect("no filter");
            assert_eq!(keys.len(), import.report.imported.len());
            for imported in &import.report.imported {
                assert!(import.wallet.key(&imported.id.to_string(), 0).is_ok());
            }
        }
        Err(error) => assert!(!error.code().is_empty()),
    }
}

/// The data as the state inside an envelope: what is read exports, and its context works.
pub fn state(data: &[u8]) {
    let kdf = PasswordKdf::Argon2id { params: weak(), salt: [0; 16] };
    let sealed =
        envelope::seal_with_password(data, PASSWORD, kdf, b"security-context/1/state").expect("short data");
    match SecurityContext::import_state_with(&sealed, PASSWORD, Arc::new(|| 0), weak()) {
        Ok(context) => {
            let record = context.encrypt_for_storage(b"text", b"").expect("a key seals");
            assert!(context.decrypt_from_storage(&record, b"").is_ok());
        }
        Err(error) => assert!(matches!(error, SecurityError::MalformedState(_))),
    }
}

/// What is an event is written the same.
pub fn audit_event(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(event) = AuditEvent::from_json(text) {
        assert_eq!(event.to_json(), text);
    }
}

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).expect("the least that is allowed")
}
