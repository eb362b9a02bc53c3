//! The wallet as its users see it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::audit::{AuditAction, AuditLog};
use chrysalis_security::wallet::{
    ApiKeyWallet, CACHE_MS, MAX_TIME_MS, NewKey, SettingsChange, WalletEvent, WalletState,
};
use chrysalis_security::{SecurityError, WrappingKey};

const PASSWORD: &[u8] = b"correct horse battery staple";
const MINUTE: u64 = 60_000;

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

fn key(text: &str) -> ApiKey {
    ApiKey::new(text.to_owned()).unwrap()
}

fn wallet() -> ApiKeyWallet {
    let wallet = ApiKeyWallet::with_params(weak());
    wallet.initialize(PASSWORD, 1000).unwrap();
    wallet
}

fn read(wallet: &ApiKeyWallet, id: &str, now: u64) -> Option<String> {
    let key = wallet.key(id, now).unwrap();
    key.map(|key| key.expose(|key| String::from_utf8(key.to_vec()).unwrap()))
}

fn named(name: &str) -> NewKey {
    NewKey { name: Some(name.to_owned()), ..NewKey::default() }
}

fn event_names(wallet: &ApiKeyWallet) -> Vec<&'static str> {
    wallet.take_events().events.iter().map(WalletEvent::name).collect()
}

#[test]
fn a_key_comes_back_after_export_and_load() {
    let wallet = wallet();
    let new =
        NewKey { is_default: true, metadata: Some(r#"{"team":"a","n":0.1}"#.to_owned()), ..named("main") };
    let id = wallet.add_key("OpenAI", &key("test-key-0123456789"), new, 2000).unwrap().to_string();
    assert_eq!(id.len(), 32);
    let file = wallet.export().unwrap();
    assert!(file.starts_with("{\n  \"version\": 2,\n  \"walletId\": \""), "{file}");
    assert!(!file.contains("0123456789"));

    let other = ApiKeyWallet::with_params(weak());
    assert_eq!(other.state(), WalletState::Uninitialized);
    other.load(&file).unwrap();
    assert_eq!(other.state(), WalletState::Locked);
    assert_eq!(other.export().unwrap(), file);
    let listed = other.list_keys(None, 0).unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].key_prefix.as_str()), ("main", "...6789"));
    assert_eq!(listed[0].metadata.as_deref(), Some(r#"{"n":0.1,"team":"a"}"#));
    assert_eq!(other.unlock(b"wrong", 3000).unwrap_err().to_string(), "Invalid password");
    other.unlock(PASSWORD, 3000).unwrap();
    assert_eq!(other.list_keys(Some("openai"), 3000).unwrap()[0].key_prefix, "test-key...");
    assert_eq!(read(&other, &id, 3000).unwrap(), "test-key-0123456789");
    assert_eq!(other.settings().default_providers.len(), 1);
    assert_eq!(other.list_keys(Some("groq"), 3000).unwrap(), []);
}

#[test]
fn errors_say_what_callers_expect() {
    let wallet = ApiKeyWallet::with_params(weak());
    let text = |error: SecurityError| error.to_string();
    assert_eq!(text(wallet.export().unwrap_err()), "Wallet not initialized");
    assert_eq!(text(wallet.unlock(PASSWORD, 0).unwrap_err()), "Wallet not initialized");
    assert_eq!(text(wallet.change_password(PASSWORD, b"x", 0).unwrap_err()), "Wallet not initialized");
    assert_eq!(text(wallet.key("x", 0).unwrap_err()), "Wallet is locked");
    assert_eq!(wallet.list_keys(None, 0).unwrap(), []);
    assert_eq!(wallet.initialize(b"", 0).unwrap_err().code(), "INVALID_ARGUMENT");
    wallet.initialize(PASSWORD, 0).unwrap();
    assert_eq!(text(wallet.initialize(PASSWORD, 0).unwrap_err()), "Wallet is already initialized");
    assert_eq!(text(wallet.set_default("x", 0).unwrap_err()), "Key not found");
    assert_eq!(text(wallet.rotate_key("x", &key("k"), 0).unwrap_err()), "Key not found");
    assert_eq!(text(wallet.change_password(b"wrong", b"x", 0).unwrap_err()), "Invalid password");
    assert_eq!(
        wallet.add_key("no such/name", &key("k"), named("n"), 0).unwrap_err().code(),
        "INVALID_PROVIDER"
    );
    assert!(!wallet.remove_key("x", 0).unwrap());
    assert!(wallet.key("x", 0).unwrap().is_none());
    wallet.lock(1);
    for error in [
        wallet.key("x", 0).unwrap_err(),
        wallet.add_key("groq", &key("k"), named("n"), 0).unwrap_err(),
        wallet.remove_key("x", 0).unwrap_err(),
        wallet.set_default("x", 0).unwrap_err(),
        wallet.rotate_key("x", &key("k"), 0).unwrap_err(),
        wallet.key_for_provider("groq", 0).unwrap_err(),
        wallet.update_settings(SettingsChange::default(), 0).unwrap_err(),
        wallet.rotate_master_key(PASSWORD, 0).unwrap_err(),
    ] {
        assert_eq!(text(error), "Wallet is locked");
    }
    let version = wallet.export().unwrap().replacen("\"version\": 2", "\"version\": 3", 1);
    assert_eq!(
        text(wallet.load(&version).unwrap_err()),
        "Failed to load wallet: Error: Unsupported wallet version: 3"
    );
    assert!(text(wallet.load("{").unwrap_err()).starts_with("Failed to load wallet: "));
    assert!(!ApiKeyWallet::new().needs_rewrap());
    assert_eq!(wallet.state(), WalletState::Locked, "a failed load changes nothing");
}

#[test]
fn unlocking_an_open_wallet_does_nothing() {
    let wallet = wallet();
    wallet.unlock(b"wrong", 1000).unwrap();
    assert_eq!(event_names(&wallet), ["unlocked"]);
}

#[test]
fn events_tell_what_happened() {
    let wallet = wallet();
    let id = wallet.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    read(&wallet, &id, 1000).unwrap();
    read(&wallet, &id, 1000 + CACHE_MS - 1).unwrap();
    read(&wallet, &id, 1000 + CACHE_MS).unwrap();
    wallet.rotate_key(&id, &key("test-key-9876543210"), 1000 + CACHE_MS).unwrap();
    assert_eq!(read(&wallet, &id, 1000 + CACHE_MS).unwrap(), "test-key-9876543210");
    wallet
        .update_settings(SettingsChange { auto_lock_timeout: Some(5), ..SettingsChange::default() }, 2000)
        .unwrap();
    wallet.remove_key(&id, 2000).unwrap();
    wallet.lock(1);
    wallet.lock(1);
    assert_eq!(
        event_names(&wallet),
        [
            "unlocked",
            "key:added",
            "key:accessed",
            "key:accessed",
            "key:rotated",
            "key:accessed",
            "settings:changed",
            "key:removed",
            "locked",
        ]
    );
    assert_eq!(event_names(&wallet), Vec::<&str>::new());
}

#[test]
fn defaults_are_one_per_provider() {
    let wallet = wallet();
    let add = |provider: &str, text: &str, is_default, expires_at| {
        let new = NewKey { is_default, expires_at, ..named(text) };
        wallet.add_key(provider, &key(text), new, 1000).unwrap().to_string()
    };
    let first = add("groq", "key-first-0123456789", false, None);
    let second = add("groq", "key-second-0123456789", true, None);
    let third = add("groq", "key-third-0123456789", true, Some(5000));
    let other = add("acme", "key-other-0123456789", true, None);
    let chosen = |provider: &str, now| {
        let key = wallet.key_for_provider(provider, now).unwrap();
        key.map(|key| key.expose(|key| String::from_utf8(key.to_vec()).unwrap()))
    };
    assert_eq!(chosen("groq", 4999).unwrap(), "key-third-0123456789");
    assert_eq!(chosen("groq", 5000).unwrap(), "key-first-0123456789", "an expired default steps back");
    assert!(wallet.key(&third, 5000).unwrap().is_none());
    wallet.set_default(&second, 5000).unwrap();
    assert_eq!(chosen("groq", 5000).unwrap(), "key-second-0123456789");
    let marks: Vec<_> = wallet.list_keys(None, 5000).unwrap().iter().map(|entry| entry.is_default).collect();
    assert_eq!(marks, [false, true, false, true]);
    wallet.remove_key(&second, 5000).unwrap();
    assert_eq!(chosen("groq", 5000).unwrap(), "key-first-0123456789");
    assert_eq!(wallet.settings().default_providers.len(), 1);
    assert_eq!(wallet.list_keys(Some("acme"), 5000).unwrap()[0].provider.as_str(), "custom:acme");
    assert_eq!(chosen("custom:acme", 5000).unwrap(), "key-other-0123456789");
    assert_eq!(chosen("xai", 5000), None);
    // What is left keeps its place.
    assert!(read(&wallet, &first, 5000).is_some() && read(&wallet, &other, 5000).is_some());

    let provider = "groq".parse().unwrap();
    let change = SettingsChange {
        default_providers: Some([(provider, other.parse().unwrap())].into()),
        ..SettingsChange::default()
    };
    let before = (wallet.settings(), wallet.list_keys(None, 5000).unwrap());
    assert_eq!(wallet.update_settings(change, 5000).unwrap_err().code(), "ENTRY_NOT_FOUND");
    assert_eq!((wallet.settings(), wallet.list_keys(None, 5000).unwrap()), before);
}

#[test]
fn idleness_locks() {
    let wallet = wallet();
    let id = wallet.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    assert_eq!(wallet.lock_deadline_ms(), Some(1000 + 30 * MINUTE));
    read(&wallet, &id, 2000).unwrap();
    assert_eq!(wallet.lock_deadline_ms(), Some(2000 + 30 * MINUTE));
    assert!(!wallet.tick(2000 + 30 * MINUTE - 1));
    // Listing is no use of a key.
    wallet.list_keys(None, 3000).unwrap();
    assert_eq!(wallet.lock_deadline_ms(), Some(2000 + 30 * MINUTE));
    // An operation that comes before the timer gives nothing away.
    assert_eq!(wallet.key(&id, 2000 + 30 * MINUTE).unwrap_err().code(), "WALLET_LOCKED");
    assert!(!wallet.is_unlocked() && wallet.lock_deadline_ms().is_none());
    wallet.unlock(PASSWORD, 0).unwrap();
    wallet
        .update_settings(SettingsChange { auto_lock_timeout: Some(0), ..SettingsChange::default() }, 0)
        .unwrap();
    assert!(wallet.lock_deadline_ms().is_none() && !wallet.tick(u64::MAX));
    assert!(read(&wallet, &id, u64::MAX).is_some());
    assert_eq!(wallet.list_keys(None, 0).unwrap()[0].last_used_at, Some(MAX_TIME_MS));
    let change = SettingsChange { auto_lock_timeout: Some(525_601), ..SettingsChange::default() };
    assert_eq!(wallet.update_settings(change, 0).unwrap_err().code(), "INVALID_ARGUMENT");
}

#[test]
fn a_new_password_wraps_the_master_key_again_and_nothing_else() {
    let wallet = wallet();
    let id = wallet.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    let before = wallet.export().unwrap();
    wallet.change_password(PASSWORD, b"another one", 2000).unwrap();
    assert!(wallet.is_unlocked());
    wallet.lock(1);
    // And locked, back and forth.
    wallet.change_password(b"another one", b"third", 3000).unwrap();
    assert_eq!(wallet.change_password(b"another one", b"x", 3000).unwrap_err().code(), "INVALID_PASSWORD");
    assert_eq!(wallet.change_password(b"third", b"", 3000).unwrap_err().code(), "INVALID_ARGUMENT");
    assert!(!wallet.is_unlocked());
    let after = wallet.export().unwrap();
    let entries =
        |file: &str| file[file.find("\"entries\"").unwrap()..file.find("\"settings\"").unwrap()].to_owned();
    assert_eq!(entries(&before), entries(&after));
    assert!(wallet.needs_rewrap(), "the tests' own cost is too low for people");
    let reloaded = ApiKeyWallet::new();
    reloaded.load(&after).unwrap();
    assert_eq!(reloaded.unlock(PASSWORD, 0).unwrap_err().code(), "INVALID_PASSWORD");
    reloaded.unlock(b"third", 4000).unwrap();
    assert_eq!(read(&reloaded, &id, 4000).unwrap(), "test-key-0123456789");
}

#[test]
fn host_keys_open_beside_the_password() {
    let wallet = wallet();
    let id = wallet.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    let (file_key, stranger) = (WrappingKey::make().unwrap(), WrappingKey::make().unwrap());
    let slot = wallet.add_host_key("build machine", &file_key, 1000).unwrap();
    wallet.lock(1);
    assert_eq!(wallet.unlock_with_host_key(&stranger, 1000).unwrap_err().code(), "INVALID_PASSWORD");
    wallet.unlock_with_host_key(&file_key, 1000).unwrap();
    wallet.change_password(PASSWORD, b"new", 1000).unwrap();
    let file = wallet.export().unwrap();
    let other = ApiKeyWallet::with_params(weak());
    other.load(&file).unwrap();
    assert_eq!(other.host_keys()[0].label, "build machine");
    other.set_password(&file_key, b"forgotten and set anew", 1000).unwrap();
    assert_eq!(other.set_password(&stranger, b"x", 1000).unwrap_err().code(), "INVALID_PASSWORD");
    other.unlock(b"forgotten and set anew", 1000).unwrap();
    assert_eq!(read(&other, &id, 1000).unwrap(), "test-key-0123456789");
    assert!(other.remove_host_key(&slot, 1000).unwrap());
    assert!(!other.remove_host_key(&slot, 1000).unwrap());
    other.lock(1);
    assert_eq!(other.unlock_with_host_key(&file_key, 1000).unwrap_err().code(), "INVALID_PASSWORD");
}

#[test]
fn a_wallet_can_be_the_hosts_alone() {
    let wallet = ApiKeyWallet::with_params(weak());
    let host = WrappingKey::make().unwrap();
    wallet.initialize_with_host_key(&host, 0).unwrap();
    assert_eq!(wallet.password_kdf().unwrap(), None);
    let file = wallet.export().unwrap();
    assert!(file.contains("\"kdf\": {\n    \"alg\": \"host\"\n  }"));
    let other = ApiKeyWallet::with_params(weak());
    other.load(&file).unwrap();
    assert_eq!(other.unlock(PASSWORD, 0).unwrap_err().code(), "INVALID_PASSWORD");
    other.unlock_with_host_key(&host, 0).unwrap();
    other.set_password(&host, PASSWORD, 0).unwrap();
    other.lock(1);
    other.unlock(PASSWORD, 0).unwrap();
}

#[test]
fn a_key_derived_elsewhere_opens() {
    let wallet = wallet();
    wallet.lock(1);
    let (params, salt) = wallet.password_kdf().unwrap().unwrap();
    let derived = WrappingKey::derive(PASSWORD, &salt, params).unwrap();
    wallet.unlock_with_derived_key(&derived, 0).unwrap();
    assert!(wallet.is_unlocked());
}

#[test]
fn a_rotated_master_key_keeps_the_entries_and_drops_host_keys() {
    let wallet = wallet();
    let id = wallet.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    let host = WrappingKey::make().unwrap();
    wallet.add_host_key("host", &host, 1000).unwrap();
    let stale = wallet.export().unwrap();
    assert_eq!(wallet.rotate_master_key(b"wrong", 1000).unwrap_err().code(), "INVALID_PASSWORD");
    assert_eq!(wallet.export().unwrap(), stale);
    wallet.rotate_master_key(PASSWORD, 1000).unwrap();
    assert!(wallet.host_keys().is_empty());
    assert_eq!(read(&wallet, &id, 1000).unwrap(), "test-key-0123456789");
    assert_eq!(wallet.reload(&stale, 1000).unwrap_err().code(), "VAULT_REPLACED");
    let file = wallet.export().unwrap();
    let other = ApiKeyWallet::new();
    other.load(&file).unwrap();
    other.unlock(PASSWORD, 1000).unwrap();
    assert_eq!(read(&other, &id, 1000).unwrap(), "test-key-0123456789");
}

#[test]
fn another_process_changes_are_taken_over() {
    let ours = wallet();
    let first = ours.add_key("groq", &key("test-key-0123456789"), named("a"), 1000).unwrap().to_string();
    read(&ours, &first, 1000).unwrap();
    let theirs = ApiKeyWallet::with_params(weak());
    theirs.load(&ours.export().unwrap()).unwrap();
    theirs.unlock(PASSWORD, 1000).unwrap();
    theirs.rotate_key(&first, &key("test-key-rotated-0123"), 1000).unwrap();
    theirs.change_password(PASSWORD, b"new", 1000).unwrap();
    ours.reload(&theirs.export().unwrap(), 1000).unwrap();
    assert_eq!(read(&ours, &first, 1000).unwrap(), "test-key-rotated-0123", "not from the cache");
    let stranger = wallet();
    assert_eq!(ours.reload(&stranger.export().unwrap(), 1000).unwrap_err().code(), "VAULT_REPLACED");
    let changed = theirs.export().unwrap().replace("\"name\": \"a\"", "\"name\": \"b\"");
    assert_eq!(ours.reload(&changed, 1000).unwrap_err().code(), "WALLET_TAMPERED");
    assert_eq!(ours.list_keys(None, 1000).unwrap()[0].name, "a");
}

#[test]
fn destroying_forgets() {
    let wallet = wallet();
    wallet.destroy();
    assert_eq!(wallet.state(), WalletState::Uninitialized);
    assert_eq!(event_names(&wallet), ["unlocked", "locked"]);
    wallet.initialize(PASSWORD, 0).unwrap();
}

#[test]
fn the_log_has_refusals_too_and_no_secret() {
    let wallet = ApiKeyWallet::with_params(weak());
    let log = Arc::new(AuditLog::default());
    wallet.set_audit(Arc::clone(&log));
    wallet.initialize(PASSWORD, 1).unwrap();
    let id =
        wallet.add_key("groq", &key("test-key-0123456789"), named("canary name"), 2).unwrap().to_string();
    read(&wallet, &id, 3).unwrap();
    wallet.lock(1);
    wallet.unlock(b"wrong canary", 4).unwrap_err();
    wallet.key(&id, 5).unwrap_err();
    let export = log.export();
    assert_eq!(chrysalis_security::audit::verify_chain(&export), None);
    let seen: Vec<_> = export.records.iter().map(|r| (r.event.action, r.event.refused)).collect();
    assert_eq!(
        seen,
        [
            (AuditAction::Created, None),
            (AuditAction::KeyAdded, None),
            (AuditAction::KeyAccessed, None),
            (AuditAction::Locked, None),
            (AuditAction::Unlocked, Some("INVALID_PASSWORD")),
            (AuditAction::KeyAccessed, Some("WALLET_LOCKED")),
        ]
    );
    assert_eq!(export.records[2].event.key.unwrap().to_string(), id);
    let text: String = export.records.iter().map(|record| record.event.to_json()).collect();
    assert!(!text.contains("canary") && !text.contains("0123456789"));
}

#[test]
fn refusals_of_every_operation_are_on_record() {
    let wallet = wallet();
    let log = Arc::new(AuditLog::default());
    wallet.set_audit(Arc::clone(&log));
    wallet.rotate_master_key(b"guess", 1).unwrap_err();
    wallet.lock(1);
    wallet.key_for_provider("groq", 2).unwrap_err();
    wallet.remove_key("00", 2).unwrap_err();
    wallet.set_default("00", 2).unwrap_err();
    wallet.update_settings(SettingsChange::default(), 2).unwrap_err();
    let host_key = WrappingKey::make().unwrap();
    wallet.add_host_key("host", &host_key, 2).unwrap_err();
    wallet.remove_host_key(&[1; 16].into(), 2).unwrap_err();
    let seen: Vec<_> =
        log.export().records.iter().map(|record| (record.event.action, record.event.refused)).collect();
    let locked = Some("WALLET_LOCKED");
    assert_eq!(
        seen,
        [
            (AuditAction::MasterKeyRotated, Some("INVALID_PASSWORD")),
            (AuditAction::Locked, None),
            (AuditAction::KeyAccessed, locked),
            (AuditAction::KeyRemoved, locked),
            (AuditAction::DefaultSet, locked),
            (AuditAction::SettingsChanged, locked),
            (AuditAction::UnlockKeyAdded, locked),
            (AuditAction::UnlockKeyRemoved, locked),
        ]
    );
}

#[test]
fn the_deepest_metadata_comes_back() {
    let wallet = wallet();
    let metadata = format!("{}{}{}", "{\"a\":".repeat(32), 1, "}".repeat(32));
    let new = NewKey { metadata: Some(metadata.clone()), ..NewKey::default() };
    wallet.add_key("groq", &key("test-key-0123456789"), new, 1).unwrap();
    wallet.lock(2);
    let again = ApiKeyWallet::with_params(weak());
    again.load(&wallet.export().unwrap()).unwrap();
    again.unlock(PASSWORD, 3).unwrap();
    assert_eq!(again.list_keys(None, 3).unwrap()[0].metadata, Some(metadata));
}

#[test]
fn settings_that_no_reader_takes_are_refused() {
    let wallet = wallet();
    for number in 0..10_500 {
        let provider = format!("custom:{number:05}-{}", "x".repeat(50));
        wallet.add_key(&provider, &key("test-key-0123456789"), NewKey::default(), 1).unwrap();
    }
    let listed = wallet.list_keys(None, 1).unwrap();
    let defaults = listed.into_iter().map(|entry| (entry.provider, entry.id)).collect();
    let change = SettingsChange { default_providers: Some(defaults), ..SettingsChange::default() };
    assert_eq!(wallet.update_settings(change, 1).unwrap_err().code(), "LIMIT_EXCEEDED");
}

#[test]
fn a_clock_that_was_ahead_does_not_keep_the_wallet_open() {
    let wallet = ApiKeyWallet::with_params(weak());
    wallet.initialize(PASSWORD, 1_000_000 * MINUTE).unwrap();
    assert!(!wallet.tick(10 * MINUTE));
    assert!(!wallet.tick(39 * MINUTE));
    assert!(wallet.tick(40 * MINUTE), "30 minutes by the clock as it is now");
}

#[test]
fn limits_hold() {
    let wallet = wallet();
    let refused =
        |new: NewKey| wallet.add_key("groq", &key("test-key-0123456789"), new, 0).unwrap_err().code();
    assert_eq!(refused(named(&"x".repeat(257))), "INVALID_ARGUMENT");
    assert_eq!(refused(named("line\nend")), "INVALID_ARGUMENT");
    assert_eq!(refused(NewKey { expires_at: Some(MAX_TIME_MS + 1), ..named("a") }), "INVALID_ARGUMENT");
    for metadata in
        ["[]", "{", "{\"a\":1,\"a\":2}", "1", "", &format!("{{\"a\":\"{}\"}}", "x".repeat(16 << 10))]
    {
        assert_eq!(refused(NewKey { metadata: Some(metadata.to_owned()), ..named("a") }), "INVALID_ARGUMENT");
    }
    // Longer in canonical form; deeper than a file can carry.
    let numbers = format!("{{\"a\":[{}0]}}", "1e20,".repeat(2000));
    let deep = format!("{}{}{}", "{\"a\":".repeat(33), 1, "}".repeat(33));
    for metadata in [numbers, deep] {
        assert_eq!(refused(NewKey { metadata: Some(metadata), ..named("a") }), "INVALID_ARGUMENT");
    }
    assert_eq!(refused(named(&format!("key 1: api_key={}", "0a1b".repeat(8)))), "INVALID_ARGUMENT");
    assert_eq!(refused(named(&"0a1b".repeat(8))), "INVALID_ARGUMENT");
    let swapped = format!("{}{}", "ghp_", "aB3d".repeat(9));
    assert_eq!(refused(named(&swapped)), "INVALID_ARGUMENT");
    assert_eq!(wallet.add_key("groq", &key(""), named("a"), 0).unwrap_err().code(), "INVALID_ARGUMENT");
    assert_eq!(
        wallet.add_key("groq", &key(&"x".repeat(8193)), named("a"), 0).unwrap_err().code(),
        "INVALID_ARGUMENT"
    );
    assert!(wallet.list_keys(None, 0).unwrap().is_empty(), "a refused key leaves nothing behind");
}
