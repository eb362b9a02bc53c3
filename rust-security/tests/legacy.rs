//! Wallet files of older programs, made here the way those programs made them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::LazyLock;

use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::{aes, base64, legacy as formats};
use chrysalis_security::legacy::{ImportProgress, LegacyImport, LegacyShape, import_legacy_wallet_telling};
use chrysalis_security::wallet::ApiKeyWallet;
use serde_json::{Value, json};

const PASSWORD: &[u8] = b"correct horse battery staple";

fn import(file: &Value, password: &[u8]) -> Result<LegacyImport, chrysalis_security::SecurityError> {
    let params = Argon2Params::new(8192, 1, 1).unwrap();
    let mut told = Vec::new();
    let mut tell = |progress: ImportProgress| told.push((progress.done, progress.total));
    let import = import_legacy_wallet_telling(&file.to_string(), password, params, 9_000_000, &mut tell);
    // From nothing to all, one by one, unless the file is refused before.
    let total = told.last().map_or(0, |last| last.1);
    let expected: Vec<_> = (0..=total).map(|done| (done, total)).collect();
    assert!(told == expected || (told.is_empty() && import.is_err()), "{told:?}");
    assert!(!format!("{import:?}").contains("test-key"), "neither a report nor an error holds a key");
    import
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// F4: F3 with the tag under another name.
fn f4(f3: &str) -> Value {
    value(&f3.replace("authTag", "auth_tag"))
}

fn f5(text: &str, salt: u8) -> Value {
    let salt = [salt; 32];
    let key = kdf::pbkdf2_sha256_derive_key(PASSWORD, &salt, 100_000, 32).unwrap();
    let sealed = aes::aes_gcm_encrypt(text.as_bytes(), &key).unwrap();
    json!({
        "ciphertext": base64::encode(&sealed[12..]), "iv": base64::encode(&sealed[..12]), "salt": base64::encode(&salt),
        "algorithm": "AES-GCM", "keyDerivation": "PBKDF2", "iterations": 100_000, "version": 1,
    })
}

fn typescript_v1() -> Value {
    let settings =
        r#"{"autoLockTimeout":15,"requirePasswordOnAccess":true,"defaultProviders":{"openai":"00"}}"#;
    let lost = value(&formats::encrypt(b"lost", &[9; 32]).unwrap());
    json!({
        "version": 1, "createdAt": 1, "updatedAt": 2, "passwordHash": "00",
        "settings": value(&formats::encrypt_with_password(settings.as_bytes(), PASSWORD).unwrap()),
        "entries": [
            { "entry": { "id": "0011", "provider": "openai", "name": "main", "keyPrefix": "sk-abcde..." }, "encryptedKey": lost },
        ],
    })
}

fn rust_v1() -> Value {
    static FILE: LazyLock<Value> = LazyLock::new(make_rust_v1);
    FILE.clone()
}

fn make_rust_v1() -> Value {
    let settings = r#"{"auto_lock_timeout":5,"require_password_on_access":false,"default_providers":{"groq":"8c6e1a0e-5c0e-4a6f-9d4f-111111111111"}}"#;
    let settings = f4(&formats::encrypt_with_password(settings.as_bytes(), PASSWORD).unwrap());
    let salt = base64::decode(settings["salt"].as_str().unwrap()).unwrap();
    let master = kdf::scrypt_derive_key(PASSWORD, &salt, 32).unwrap();
    let entry = |id: u64, provider: &str, key: &[u8; 32]| {
        json!({
            "entry": {
                "id": format!("8c6e1a0e-5c0e-4a6f-9d4f-{id:012}"), "provider": provider, "name": format!("key {id}"),
                "key_prefix": "test-key", "created_at": 1_700_000_000, "last_used_at": null,
                "expires_at": 1_900_000_000, "is_default": false, "metadata": { "b": 1, "a": 2 },
            },
            "encrypted_key": f4(&formats::encrypt(format!("test-key-{id}").as_bytes(), key).unwrap()),
        })
    };
    let master: [u8; 32] = master.as_slice().try_into().unwrap();
    json!({
        "version": 1, "created_at": 1, "updated_at": 2, "password_hash": "00", "settings": settings,
        "entries": [
            entry(1, "openai", &master), entry(111_111_111_111, "groq", &master), entry(3, "groq", &[0; 32]),
        ],
    })
}

/// Made once: each key costs a slow derivation.
fn ui_v2() -> Value {
    static FILE: LazyLock<Value> = LazyLock::new(make_ui_v2);
    FILE.clone()
}

fn make_ui_v2() -> Value {
    json!({
        "version": 2, "passwordHash": "AA==", "createdAt": 1, "lastModified": 2,
        "keys": [
            { "id": "key_1700000000000_abcdefghi", "provider": "mistral", "name": "browser", "encryptedApiKey": f5("test-key-browser", 1),
              "isDefault": true, "createdAt": 1_700_000_000_000_u64, "lastUsed": 1_700_000_000_001_u64, "usageCount": 3 },
            { "id": "key_2", "provider": "groq", "encryptedApiKey": {}, "isDefault": false, "createdAt": 1 },
            { "id": "key_3", "provider": "acme", "encryptedApiKey": f5("test-key-acme", 3).to_string(), "isDefault": false },
        ],
    })
}

fn ui_v1() -> Value {
    json!({
        "keys": [
            { "id": "key_1", "provider": "groq", "apiKey": "test-key-in-clear", "isDefault": true, "createdAt": 5 },
            { "id": "key_2", "provider": "groq" },
        ],
    })
}

fn read(wallet: &ApiKeyWallet, provider: &str) -> String {
    let key = wallet.key_for_provider(provider, 9_000_000).unwrap().unwrap();
    key.expose(|key| String::from_utf8(key.to_vec()).unwrap())
}

#[test]
fn typescript_v1_keeps_settings_and_names_what_is_lost() {
    let LegacyImport { wallet, report } = import(&typescript_v1(), PASSWORD).unwrap();
    assert_eq!(report.shape, LegacyShape::TypeScriptV1);
    assert_eq!((report.imported.len(), report.failed.len(), report.unrecoverable.len()), (0, 0, 1));
    let lost = &report.unrecoverable[0];
    assert_eq!(
        (lost.legacy_id.as_str(), lost.provider.as_str(), lost.name.as_str()),
        ("0011", "openai", "main")
    );
    assert_eq!(report.warnings.len(), 1);
    let settings = wallet.settings();
    assert!(settings.auto_lock_timeout == 15 && settings.require_password_on_access);
    assert!(settings.default_providers.is_empty() && wallet.list_keys(None, 0).unwrap().is_empty());
    assert_eq!(import(&typescript_v1(), b"wrong").unwrap_err().code(), "INVALID_PASSWORD");
}

#[test]
fn rust_v1_comes_over() {
    let LegacyImport { wallet, report } = import(&rust_v1(), PASSWORD).unwrap();
    assert_eq!(report.shape, LegacyShape::RustV1);
    assert_eq!((report.imported.len(), report.failed.len(), report.unrecoverable.len()), (2, 1, 0));
    assert_eq!((report.failed[0].index, report.failed[0].code), (2, "DECRYPT_FAILED"));
    assert_eq!(read(&wallet, "openai"), "test-key-1");
    assert_eq!(read(&wallet, "groq"), "test-key-111111111111");
    let entries = wallet.list_keys(None, 0).unwrap();
    assert_eq!((entries[0].created_at, entries[0].expires_at), (1_700_000_000_000, Some(1_900_000_000_000)));
    assert_eq!(entries[0].metadata.as_deref(), Some(r#"{"a":2,"b":1}"#));
    assert!(!entries[0].is_default && entries[1].is_default);
    assert_eq!(wallet.settings().auto_lock_timeout, 5);
    assert_eq!(import(&rust_v1(), b"wrong").unwrap_err().code(), "INVALID_PASSWORD");
}

#[test]
fn ui_v2_comes_over_but_for_what_fails() {
    let LegacyImport { wallet, report } = import(&ui_v2(), PASSWORD).unwrap();
    assert_eq!(report.shape, LegacyShape::UiV2);
    assert_eq!((report.imported.len(), report.failed.len()), (2, 1));
    assert_eq!((report.failed[0].legacy_id.as_str(), report.failed[0].code), ("key_2", "SERIALIZATION"));
    assert_eq!(read(&wallet, "mistral"), "test-key-browser");
    assert_eq!(read(&wallet, "acme"), "test-key-acme");
    let entries = wallet.list_keys(Some("mistral"), 0).unwrap();
    assert_eq!((entries[0].name.as_str(), entries[0].created_at), ("browser", 1_700_000_000_000));
    assert!(entries[0].is_default);
    assert_eq!(import(&ui_v2(), b"wrong").unwrap_err().code(), "INVALID_PASSWORD");
}

#[test]
fn ui_v1_comes_over_with_a_warning() {
    let LegacyImport { wallet, report } = import(&ui_v1(), PASSWORD).unwrap();
    assert_eq!(report.shape, LegacyShape::UiV1);
    assert_eq!((report.imported.len(), report.failed.len(), report.warnings.len()), (1, 1, 1));
    assert_eq!(read(&wallet, "groq"), "test-key-in-clear");
    // It is a wallet as any other, under the password.
    let other = ApiKeyWallet::new();
    other.load(&wallet.export().unwrap()).unwrap();
    other.unlock(PASSWORD, 9_000_000).unwrap();
    assert_eq!(read(&other, "groq"), "test-key-in-clear");
}

#[test]
fn wallets_tell_old_files_from_broken_ones() {
    let wallet = ApiKeyWallet::new();
    for file in [typescript_v1(), rust_v1(), ui_v2(), ui_v1()] {
        let error = wallet.load(&file.to_string()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Failed to load wallet: Error: a wallet of an older program; import it"
        );
    }
    wallet.initialize_with_host_key(&chrysalis_security::WrappingKey::make().unwrap(), 0).unwrap();
    let current = value(&wallet.export().unwrap());
    let other = [
        json!({}),
        json!([]),
        json!({ "version": 3 }),
        json!({ "keys": 1 }),
        json!({ "version": "2", "keys": [] }),
        current,
    ];
    for file in other {
        assert_eq!(import(&file, PASSWORD).unwrap_err().code(), "WALLET_LOAD", "{file}");
    }
    assert_eq!(import(&json!({ "keys": vec![0; 1001] }), PASSWORD).unwrap_err().code(), "WALLET_LOAD");
    assert_eq!(import(&ui_v1(), b"").unwrap_err().code(), "INVALID_ARGUMENT");
}
