//! Nobody without its key changes a wallet file unnoticed.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::WrappingKey;
use chrysalis_security::wallet::{ApiKeyWallet, NewKey};
use serde_json::Value;

fn wallet(host: &WrappingKey) -> ApiKeyWallet {
    let wallet = ApiKeyWallet::with_params(Argon2Params::new(8192, 1, 1).unwrap());
    wallet.initialize_with_host_key(host, 1_763_600_000_000).unwrap();
    for (provider, name) in [("groq", "a"), ("groq", "b")] {
        let new = NewKey {
            name: Some(name.to_owned()),
            is_default: name == "b",
            expires_at: (name == "b").then_some(1_800_000_000_000),
            metadata: (name == "a").then(|| r#"{"x":[1,true,null]}"#.to_owned()),
        };
        let key = ApiKey::new(format!("test-key-{name}-0123456789")).unwrap();
        wallet.add_key(provider, &key, new, 1_763_600_000_000).unwrap();
    }
    wallet
}

/// Whether the file opens as if nothing had happened.
fn opens(file: &str, host: &WrappingKey) -> bool {
    let wallet = ApiKeyWallet::new();
    wallet.load(file).is_ok() && wallet.unlock_with_host_key(host, 1).is_ok()
}

#[test]
fn no_changed_bit_opens() {
    let host = WrappingKey::make().unwrap();
    let file = wallet(&host).export().unwrap();
    assert!(opens(&file, &host));
    let mut bytes = file.clone().into_bytes();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(text) = str::from_utf8(&bytes) {
            assert!(!opens(text, &host), "byte {} {:?}", bit / 8, text.get(bit / 8..=bit / 8));
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn no_cut_opens() {
    let host = WrappingKey::make().unwrap();
    let file = wallet(&host).export().unwrap();
    for length in 0..file.len() {
        assert!(!opens(&file[..length], &host), "{length}");
    }
}

/// With a password, where the derivation is part of the file.
#[test]
fn no_changed_derivation_opens() {
    let wallet = ApiKeyWallet::with_params(Argon2Params::new(8192, 1, 1).unwrap());
    wallet.initialize(b"password", 1).unwrap();
    let file = wallet.export().unwrap();
    let from = file.find("\"kdf\"").unwrap();
    let to = file.find("\"wrappedKey\"").unwrap();
    let mut bytes = file.clone().into_bytes();
    for at in from..to {
        // One bit of each byte: every try costs a derivation.
        bytes[at] ^= 1;
        if let Ok(text) = str::from_utf8(&bytes) {
            let other = ApiKeyWallet::new();
            let opened = other.load(text).is_ok() && other.unlock(b"password", 1).is_ok();
            assert!(!opened, "byte {at}");
        }
        bytes[at] ^= 1;
    }
}

#[test]
fn entries_cannot_be_removed_repeated_reordered_or_moved() {
    let host = WrappingKey::make().unwrap();
    let one = wallet(&host);
    let stale = one.export().unwrap();
    let id = one.list_keys(None, 1).unwrap()[0].id.to_string();
    one.rotate_key(&id, &ApiKey::new("test-key-rotated-0123".to_owned()).unwrap(), 2).unwrap();
    let file = one.export().unwrap();
    // A wallet that the same host key opens.
    let other = wallet(&host).export().unwrap();
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (good, stale, other) = (parse(&file), parse(&stale), parse(&other));
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        assert_ne!(changed, good, "the change changes something");
        assert!(!opens(&changed.to_string(), &host));
    };
    assert!(opens(&good.to_string(), &host), "white space is free");
    refused(&|file| drop(file["entries"].as_array_mut().unwrap().remove(1)));
    refused(&|file| {
        let first = file["entries"][0].clone();
        file["entries"].as_array_mut().unwrap().push(first);
    });
    refused(&|file| file["entries"].as_array_mut().unwrap().swap(0, 1));
    // Sealed keys exchanged between entries of one provider, with an earlier key of the same entry, with another wallet.
    refused(&|file| {
        let (a, b) = (file["entries"][0]["sealedKey"].clone(), file["entries"][1]["sealedKey"].clone());
        file["entries"][0]["sealedKey"] = b;
        file["entries"][1]["sealedKey"] = a;
    });
    refused(&|file| file["entries"][0]["sealedKey"] = stale["entries"][0]["sealedKey"].clone());
    refused(&|file| file["entries"][0] = other["entries"][0].clone());
    refused(&|file| file["entries"][0]["entry"]["provider"] = "xai".into());
    refused(&|file| file["settings"] = other["settings"].clone());
    refused(&|file| file["mac"] = other["mac"].clone());
    refused(&|file| file["walletId"] = other["walletId"].clone());
    refused(&|file| {
        file["walletId"] = other["walletId"].clone();
        file["wrappedKey"] = other["wrappedKey"].clone();
    });
    refused(&|file| file["unknown"] = 1.into());
    // The file as a whole can be put back to what it was: that is for whoever stores it to notice.
    assert!(opens(&stale.to_string(), &host));
}

/// A key that is sealed under the right master key, but for another place, does not open even without the MAC:
/// what binds it is its context.
#[test]
fn a_sealed_key_is_bound_to_its_place() {
    use chrysalis_crypto::envelope;
    let place = |wallet: u8, id: &str, provider: &str, created: u64| {
        let mut context = b"wallet/2/entry\0".to_vec();
        context.extend_from_slice(&[wallet; 16]);
        for text in [id, provider] {
            context.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
            context.extend_from_slice(text.as_bytes());
        }
        context.extend_from_slice(&created.to_be_bytes());
        context
    };
    let (one, two) = ("00".repeat(16), "01".repeat(16));
    let sealed = envelope::seal(b"key", &[7; 32], &place(1, &one, "groq", 5)).unwrap();
    assert!(envelope::open(&sealed, &[7; 32], &place(1, &one, "groq", 5)).is_ok());
    for context in [
        place(2, &one, "groq", 5),
        place(1, &two, "groq", 5),
        place(1, &one, "xai", 5),
        place(1, &one, "groq", 6),
    ] {
        assert!(envelope::open(&sealed, &[7; 32], &context).is_err());
    }
}
