//! Writes `vectors/security.json` and the seeds of the fuzz targets anew: `cargo run -p chrysalis-security --example
//! make_security_vectors`.
//!
//! Sealed files have random parts, so the result differs each time. What is committed stays: it stands for the files
//! that people have. Run this for a new version of a format, and keep the old cases.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::envelope::Suite;
use chrysalis_crypto::kdf::{self, Argon2Params};
use chrysalis_crypto::{aes, base64, hex, legacy as formats, mac};
use chrysalis_security::audit::{AuditAction, AuditEvent};
use chrysalis_security::context::string_to_sign;
use chrysalis_security::password::validate_password_strength;
use chrysalis_security::wallet::{ApiKeyWallet, NewKey, SettingsChange};
use chrysalis_security::{ProviderName, SecurityContext, SecurityError, WrappingKey};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PASSWORD: &str = "correct horse battery staple";
const NOW: u64 = 1_763_600_000_000;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wallets = wallets()?;
    let legacy = legacy()?;
    let seeds = [
        (
            "wallet",
            wallets
                .iter()
                .map(|case| case["file"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>(),
        ),
        ("legacy", legacy.iter().map(|case| case["file"].as_str().unwrap_or_default().to_owned()).collect()),
        ("audit_event", audit_events()),
    ];
    for (target, texts) in seeds {
        let folder = root.join("fuzz/seeds").join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, text) in texts.iter().enumerate() {
            std::fs::write(folder.join(format!("{number:02}")), text)?;
        }
    }
    let document = json!({
        "about": [
            "Test vectors of rust-security, read by the tests of every language.",
            "Written by `cargo run -p chrysalis-security --example make_security_vectors`. Files were sealed with random parts once and must open for good.",
            "`password` is text, `hostKey` and other byte strings are lower-case hexadecimal. `error` is the code of the error a case gives.",
            "Times are milliseconds since the Unix epoch.",
        ],
        "wallet": wallets,
        "wallet_refused": refused(&wallets)?,
        "legacy_wallet": legacy,
        "state": states()?,
        "provider": providers(),
        "password_strength": strengths(),
        "sign_request": requests(),
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    std::fs::write(root.join("vectors/security.json"), text)?;
    Ok(())
}

fn weak() -> Result<Argon2Params> {
    Ok(Argon2Params::new(8192, 1, 1)?)
}

fn key(text: &str) -> Result<ApiKey> {
    Ok(ApiKey::new(text.to_owned())?)
}

fn fill(wallet: &ApiKeyWallet) -> Result<Value> {
    let mut keys = Vec::new();
    for (provider, name, text, new) in [
        ("openai", "main", "test-key-main-0123456789", NewKey { is_default: true, ..NewKey::default() }),
        (
            "openai",
            "old",
            "test-key-old-0123456789",
            NewKey { expires_at: Some(NOW + 1), ..NewKey::default() },
        ),
        (
            "acme",
            "Größe 🦋",
            "test-key-größe-0123456789",
            NewKey {
                metadata: Some(r#"{"n":0.1,"team":"b","a":[true,null]}"#.to_owned()),
                ..NewKey::default()
            },
        ),
    ] {
        let new = NewKey { name: Some(name.to_owned()), ..new };
        let id = wallet.add_key(provider, &key(text)?, new, NOW)?;
        keys.push(json!({ "id": id.to_string(), "provider": provider, "name": name, "key": text }));
    }
    wallet
        .update_settings(SettingsChange { auto_lock_timeout: Some(7), ..SettingsChange::default() }, NOW)?;
    Ok(keys.into())
}

fn wallets() -> Result<Vec<Value>> {
    let empty = ApiKeyWallet::with_params(weak()?);
    empty.initialize(PASSWORD.as_bytes(), NOW)?;
    let full = ApiKeyWallet::new();
    full.initialize(PASSWORD.as_bytes(), NOW)?;
    let keys = fill(&full)?;
    let host = WrappingKey::from_slice_wiping(&mut [7; 32])?;
    let hosted = ApiKeyWallet::with_params(weak()?);
    hosted.initialize_with_host_key(&host, NOW)?;
    let hosted_keys = fill(&hosted)?;
    let both = ApiKeyWallet::with_params(weak()?);
    both.initialize(PASSWORD.as_bytes(), NOW)?;
    both.add_host_key("build machine", &host, NOW)?;
    let host = hex::encode(&[7; 32]);
    Ok(vec![
        json!({ "name": "empty", "password": PASSWORD, "file": empty.export()?, "autoLockTimeout": 30, "keys": [] }),
        json!({ "name": "full", "password": PASSWORD, "file": full.export()?, "autoLockTimeout": 7, "keys": keys }),
        json!({ "name": "host key alone", "hostKey": host, "file": hosted.export()?, "autoLockTimeout": 7, "keys": hosted_keys }),
        json!({ "name": "password and host key", "password": PASSWORD, "hostKey": host, "file": both.export()?, "autoLockTimeout": 30, "keys": [] }),
    ])
}

/// Changes to the hosted wallet, which opens fast.
fn refused(wallets: &[Value]) -> Result<Vec<Value>> {
    let file = wallets[2]["file"].as_str().unwrap_or_default();
    let parsed: Value = serde_json::from_str(file)?;
    let host = hex::encode(&[7; 32]);
    let case = |name: &str, file: String, error: &str| json!({ "name": name, "hostKey": host, "file": file, "error": error });
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut file = parsed.clone();
        change(&mut file);
        file.to_string()
    };
    let swap = |file: &mut Value| {
        let first = file["entries"][0]["sealedKey"].take();
        file["entries"][0]["sealedKey"] = file["entries"][1]["sealedKey"].take();
        file["entries"][1]["sealedKey"] = first;
    };
    let tampered = "WALLET_TAMPERED";
    Ok(vec![
        case("another version", file.replacen("\"version\": 2", "\"version\": 3", 1), "WALLET_LOAD"),
        case("cut short", file[..file.len() - 2].to_owned(), "WALLET_LOAD"),
        case("a key given twice", file.replacen('{', "{\"version\":2,", 1), "WALLET_LOAD"),
        case("an unknown part", changed(&|file| file["more"] = 1.into()), "WALLET_LOAD"),
        case(
            "an id given twice",
            changed(&|file| file["entries"][1]["entry"]["id"] = file["entries"][0]["entry"]["id"].clone()),
            "WALLET_LOAD",
        ),
        case("another name", changed(&|file| file["entries"][0]["entry"]["name"] = "other".into()), tampered),
        case(
            "another provider",
            changed(&|file| file["entries"][0]["entry"]["provider"] = "groq".into()),
            tampered,
        ),
        case(
            "an entry removed",
            changed(&|file| drop(file["entries"].as_array_mut().map(|entries| entries.remove(0)))),
            tampered,
        ),
        case(
            "entries exchanged",
            changed(&|file| file["entries"].as_array_mut().map_or((), |entries| entries.swap(0, 1))),
            tampered,
        ),
        case("sealed keys exchanged", changed(&swap), tampered),
        case(
            "another wallet's key",
            changed(&|file| file["wrappedKey"] = file["settings"].clone()),
            "INVALID_PASSWORD",
        ),
    ])
}

fn legacy() -> Result<Vec<Value>> {
    let f4 = |f3: &str| -> Result<Value> { Ok(serde_json::from_str(&f3.replace("authTag", "auth_tag"))?) };
    let settings = br#"{"autoLockTimeout":15,"requirePasswordOnAccess":true,"defaultProviders":{}}"#;
    let settings: Value =
        serde_json::from_str(&formats::encrypt_with_password(settings, PASSWORD.as_bytes())?)?;
    let lost: Value = serde_json::from_str(&formats::encrypt(b"lost", &[9; 32])?)?;
    let typescript = json!({
        "version": 1, "createdAt": NOW, "updatedAt": NOW, "passwordHash": "00".repeat(32), "settings": settings,
        "entries": [{ "entry": { "id": "00".repeat(16), "provider": "openai", "name": "main", "keyPrefix": "test-key..." }, "encryptedKey": lost }],
    });
    let settings = br#"{"auto_lock_timeout":5,"require_password_on_access":false,"default_providers":{}}"#;
    let settings = f4(&formats::encrypt_with_password(settings, PASSWORD.as_bytes())?)?;
    let salt = base64::decode(settings["salt"].as_str().unwrap_or_default())?;
    let master = kdf::scrypt_derive_key(PASSWORD.as_bytes(), &salt, 32)?;
    let rust = json!({
        "version": 1, "created_at": NOW / 1000, "updated_at": NOW / 1000, "password_hash": "00".repeat(32), "settings": settings,
        "entries": [{
            "entry": { "id": "8c6e1a0e-5c0e-4a6f-9d4f-5d0f4f5c7a11", "provider": "groq", "name": "main", "key_prefix": "test-key",
                "created_at": NOW / 1000, "last_used_at": null, "expires_at": null, "is_default": true, "metadata": null },
            "encrypted_key": f4(&formats::encrypt(b"test-key-rust-0123456789", &master)?)?,
        }],
    });
    let derived = kdf::pbkdf2_sha256_derive_key(PASSWORD.as_bytes(), &[3; 32], 100_000, 32)?;
    let sealed = aes::aes_gcm_encrypt(b"test-key-browser-0123456789", &derived)?;
    let browser = json!({
        "version": 2, "passwordHash": "AA==", "createdAt": NOW, "lastModified": NOW,
        "keys": [{
            "id": "key_1763600000000_abcdefghi", "provider": "mistral", "name": "browser", "isDefault": true, "createdAt": NOW, "usageCount": 3,
            "encryptedApiKey": { "ciphertext": base64::encode(&sealed[12..]), "iv": base64::encode(&sealed[..12]), "salt": base64::encode(&[3; 32]),
                "algorithm": "AES-GCM", "keyDerivation": "PBKDF2", "iterations": 100_000, "version": 1 },
        }],
    });
    let clear = json!({ "keys": [{ "id": "key_1", "provider": "xai", "apiKey": "test-key-clear-0123456789", "isDefault": false, "createdAt": NOW }] });
    let case = |shape: &str, file: Value, imported: Value, unrecoverable: usize| json!({ "shape": shape, "password": PASSWORD, "file": file.to_string(), "imported": imported, "unrecoverable": unrecoverable });
    Ok(vec![
        case("typescript-v1", typescript, json!([]), 1),
        case("rust-v1", rust, json!([{ "provider": "groq", "key": "test-key-rust-0123456789" }]), 0),
        case("ui-v2", browser, json!([{ "provider": "mistral", "key": "test-key-browser-0123456789" }]), 0),
        case("ui-v1", clear, json!([{ "provider": "xai", "key": "test-key-clear-0123456789" }]), 0),
    ])
}

fn states() -> Result<Vec<Value>> {
    let mut cases = Vec::new();
    for (name, suite) in [("XChaCha20-Poly1305", Suite::default()), ("XAES-256-GCM", Suite::Xaes256Gcm)] {
        let context = SecurityContext::make_with(Arc::new(|| NOW), weak()?, suite)?;
        context.store_api_key("openai", key("test-key-main-0123456789")?)?;
        let first = context.encrypt_for_storage(b"first", b"place")?;
        context.rotate_storage_key()?;
        let second = context.encrypt_for_storage(b"second", b"")?;
        context.rotate_session_key("session")?;
        context.rotate_session_key("session")?;
        let sent = context.encrypt_for_session("session", b"sent", b"context")?;
        let record = |data: &[u8], context: &str, text: &str| json!({ "envelope": hex::encode(data), "context": context, "text": text });
        cases.push(json!({
            "name": name, "password": PASSWORD, "state": hex::encode(&context.export_state(PASSWORD.as_bytes())?),
            "apiKeys": { "openai": "test-key-main-0123456789" }, "storageKeyId": 2, "sessionVersion": 2,
            "storage": [record(&first, "place", "first"), record(&second, "", "second")],
            "session": [record(&sent, "context", "sent")],
        }));
    }
    Ok(cases)
}

fn providers() -> Vec<Value> {
    let texts = [
        "openai",
        " OpenAI\n",
        "acme",
        "custom:acme",
        "0.b_c:d-e",
        "",
        "-a",
        "a b",
        "ä",
        "a/b",
        &"x".repeat(57),
        &"x".repeat(58),
        &"x".repeat(64),
        &"x".repeat(65),
        &format!("{}{}", "ghp_", "aB3d".repeat(9)),
    ];
    let form = |parsed: std::result::Result<ProviderName, SecurityError>| match parsed {
        Ok(name) => json!({ "name": name.as_str() }),
        Err(error) => json!({ "error": error.code() }),
    };
    texts
        .iter()
        .map(|text| {
            let (context, wallet) = (ProviderName::parse(text), ProviderName::parse_for_wallet(text));
            json!({ "text": text, "context": form(context), "wallet": form(wallet) })
        })
        .collect()
}

fn strengths() -> Vec<Value> {
    let passwords = [
        "",
        "short",
        "onlylowercaseletters",
        "Blue-Kettle-42-Rain",
        "P4ssw0rd!2024",
        "xV9!mQ2#rT7&",
        "Aa1!Aa1!Aa1!Aa1!",
        "Überraschung 7 Enten",
        &"aB3-".repeat(33),
    ];
    let judge = |password: &&str| {
        let strength = validate_password_strength(password);
        json!({ "password": password, "isValid": strength.is_valid, "score": strength.score, "problems": strength.problems })
    };
    passwords.iter().map(judge).collect()
}

fn requests() -> Vec<Value> {
    let cases =
        [("GET", "/", ""), ("POST", "/v1/chat?stream=true", "{\"a\":1}"), ("DELETE", "/größe", "\u{0}\u{1}")];
    let sign = |(method, path, body): &(&str, &str, &str)| {
        let (api_key, timestamp) = ("test-key-main-0123456789", NOW.to_string());
        let digest =
            chrysalis_crypto::hash::hash_hex(body.as_bytes(), chrysalis_crypto::hash::HashAlgorithm::Sha256);
        let text = string_to_sign(method, path, &timestamp, &digest);
        let signature = hex::encode(&mac::hmac_sha256(api_key.as_bytes(), text.as_bytes()));
        json!({
            "key": api_key, "method": method, "path": path, "body": body, "timeMs": NOW, "contentSha256": digest, "stringToSign": text,
            "signature": format!("v1={signature}"),
        })
    };
    cases.iter().map(sign).collect()
}

fn audit_events() -> Vec<String> {
    let done = AuditEvent::done(AuditAction::Unlocked, NOW);
    let refused = AuditEvent::refused(AuditAction::KeyAccessed, NOW, &SecurityError::WalletLocked);
    let provider = ProviderName::parse("groq");
    let full = provider.map_or(refused.clone(), |provider| {
        refused.clone().with_provider(&provider).with_key([7; 16].into())
    });
    [done, refused, full].iter().map(AuditEvent::to_json).collect()
}
