//! `vectors/security.json`: files that must open for good, and those that must not.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use chrysalis_crypto::hex;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::legacy::import_legacy_wallet;
use chrysalis_security::password::validate_password_strength;
use chrysalis_security::wallet::NewKey;
use chrysalis_security::{ApiKeyWallet, ProviderName, SecurityContext, SecurityError, WrappingKey};
use serde_json::{Value, json};

fn cases(section: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(include_str!("../vectors/security.json")).unwrap();
    let cases = document[section].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn text<'a>(case: &'a Value, part: &str) -> &'a str {
    case[part].as_str().unwrap_or_else(|| panic!("{part} of {case}"))
}

fn bytes(case: &Value, part: &str) -> Vec<u8> {
    hex::decode(text(case, part)).unwrap()
}

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

/// Opens with each of the ways that the case names.
fn open(case: &Value) -> Vec<Result<ApiKeyWallet, SecurityError>> {
    let open = |unlock: &dyn Fn(&ApiKeyWallet) -> Result<(), SecurityError>| {
        let wallet = ApiKeyWallet::with_params(weak());
        wallet.load(text(case, "file"))?;
        unlock(&wallet).map(|()| wallet)
    };
    let mut opened = Vec::new();
    if case["password"].is_string() {
        opened.push(open(&|wallet| wallet.unlock(text(case, "password").as_bytes(), 0)));
    }
    if case["hostKey"].is_string() {
        let key = WrappingKey::from_slice_wiping(&mut bytes(case, "hostKey")).unwrap();
        opened.push(open(&|wallet| wallet.unlock_with_host_key(&key, 0)));
    }
    assert!(!opened.is_empty());
    opened
}

#[test]
fn wallets_open() {
    for case in cases("wallet") {
        for wallet in open(&case) {
            let wallet = wallet.unwrap();
            assert_eq!(wallet.export().unwrap(), text(&case, "file"));
            assert_eq!(wallet.settings().auto_lock_timeout, case["autoLockTimeout"]);
            let keys = case["keys"].as_array().unwrap();
            let entries = wallet.list_keys(None, 0).unwrap();
            assert_eq!(entries.len(), keys.len());
            for (entry, expected) in entries.iter().zip(keys) {
                assert_eq!(
                    (entry.id.to_string().as_str(), entry.name.as_str()),
                    (text(expected, "id"), text(expected, "name"))
                );
                let key = wallet.key(text(expected, "id"), 0).unwrap().unwrap();
                assert!(key.expose(|key| key == text(expected, "key").as_bytes()));
            }
        }
    }
}

#[test]
fn changed_wallets_do_not() {
    for case in cases("wallet_refused") {
        for wallet in open(&case) {
            assert_eq!(wallet.unwrap_err().code(), text(&case, "error"), "{}", text(&case, "name"));
        }
    }
}

#[test]
fn old_wallets_come_over() {
    for case in cases("legacy_wallet") {
        let import =
            import_legacy_wallet(text(&case, "file"), text(&case, "password").as_bytes(), weak(), 0).unwrap();
        assert_eq!(import.report.shape.as_str(), text(&case, "shape"));
        assert_eq!(import.report.unrecoverable.len(), case["unrecoverable"]);
        let expected = case["imported"].as_array().unwrap();
        assert_eq!(import.report.imported.len(), expected.len());
        for expected in expected {
            let key = import.wallet.key_for_provider(text(expected, "provider"), 0).unwrap().unwrap();
            assert!(key.expose(|key| key == text(expected, "key").as_bytes()));
        }
    }
}

#[test]
fn states_import() {
    for case in cases("state") {
        let password = text(&case, "password").as_bytes();
        let state = bytes(&case, "state");
        let context = SecurityContext::import_state_with(&state, password, Arc::new(|| 0), weak()).unwrap();
        for (provider, key) in case["apiKeys"].as_object().unwrap() {
            assert!(
                context.with_api_key(provider, |found| found == key.as_str().unwrap().as_bytes()).unwrap()
            );
        }
        assert_eq!(context.storage_key_id().unwrap(), case["storageKeyId"]);
        assert_eq!(context.session_key_version("session").unwrap().unwrap(), case["sessionVersion"]);
        for record in case["storage"].as_array().unwrap() {
            let context_bytes = text(record, "context").as_bytes();
            let opened = context.decrypt_from_storage(&bytes(record, "envelope"), context_bytes).unwrap();
            assert_eq!(*opened, text(record, "text").as_bytes());
        }
        for record in case["session"].as_array().unwrap() {
            let context_bytes = text(record, "context").as_bytes();
            let opened =
                context.decrypt_from_session("session", &bytes(record, "envelope"), context_bytes).unwrap();
            assert_eq!(*opened, text(record, "text").as_bytes());
        }
    }
}

#[test]
fn providers_are_read() {
    let form = |parsed: Result<ProviderName, SecurityError>| match parsed {
        Ok(name) => json!({ "name": name.as_str() }),
        Err(error) => json!({ "error": error.code() }),
    };
    for case in cases("provider") {
        let provider = text(&case, "text");
        assert_eq!(form(ProviderName::parse(provider)), case["context"], "{provider:?}");
        assert_eq!(form(ProviderName::parse_for_wallet(provider)), case["wallet"], "{provider:?}");
    }
}

#[test]
fn passwords_are_judged() {
    for case in cases("password_strength") {
        let strength = validate_password_strength(text(&case, "password"));
        assert_eq!(json!(strength.is_valid), case["isValid"]);
        assert_eq!(json!(strength.score), case["score"]);
        assert_eq!(json!(strength.problems), case["problems"]);
    }
}

#[test]
fn requests_are_signed() {
    for case in cases("sign_request") {
        let time_ms = case["timeMs"].as_u64().unwrap();
        let context = SecurityContext::make(Arc::new(move || time_ms)).unwrap();
        let key = chrysalis_crypto::api_keys::ApiKey::new(text(&case, "key").to_owned()).unwrap();
        context.store_api_key("openai", key).unwrap();
        let body = text(&case, "body").as_bytes();
        let signed =
            context.sign_request("openai", text(&case, "method"), text(&case, "path"), body).unwrap();
        assert_eq!(signed.signature, text(&case, "signature"));
        assert_eq!(signed.content_sha256, text(&case, "contentSha256"));
    }
}

/// What the vectors cannot show: that the entries of a wallet of today are what they say.
#[test]
fn a_wallet_of_today_is_written_in_the_same_form() {
    let wallet = ApiKeyWallet::with_params(weak());
    wallet.initialize(b"password", 1).unwrap();
    let key = chrysalis_crypto::api_keys::ApiKey::new("test-key-0123456789".to_owned()).unwrap();
    let new = NewKey { expires_at: Some(2), metadata: Some("{}".to_owned()), ..NewKey::default() };
    wallet.add_key("groq", &key, new, 1).unwrap();
    let parts = |file: &str| -> Vec<String> {
        let file: Value = serde_json::from_str(file).unwrap();
        let entry = &file["entries"][0]["entry"];
        file.as_object().unwrap().keys().chain(entry.as_object().unwrap().keys()).cloned().collect()
    };
    assert_eq!(
        parts(&wallet.export().unwrap()),
        [
            "createdAt",
            "entries",
            "kdf",
            "mac",
            "settings",
            "updatedAt",
            "version",
            "walletId",
            "wrappedKey",
            "createdAt",
            "expiresAt",
            "id",
            "isDefault",
            "keyPrefix",
            "metadata",
            "name",
            "provider",
        ]
    );
}
