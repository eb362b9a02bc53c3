//! The vault on disk, and two processes on it.
#![cfg(any(unix, windows))]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::audit::{AuditAction, AuditEvent};
use chrysalis_security::key_file::{make_key_file, read_key_file};
use chrysalis_security::wallet::{ApiKeyWallet, NewKey};
use chrysalis_security::{SecurityError, Vault};

const PASSWORD: &[u8] = b"correct horse battery staple";

fn weak() -> Argon2Params {
    Argon2Params::new(8192, 1, 1).unwrap()
}

fn add(wallet: &ApiKeyWallet, name: &str) -> Result<String, SecurityError> {
    let key = ApiKey::new(format!("test-key-{name}-0123456789")).unwrap();
    let new = NewKey { name: Some(name.to_owned()), ..NewKey::default() };
    wallet.add_key("groq", &key, new, 1).map(|id| id.to_string())
}

fn names(vault: &Vault) -> Vec<String> {
    let listed = vault.read(1, |wallet| wallet.list_keys(None, 1)).unwrap();
    listed.into_iter().map(|entry| entry.name).collect()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("below/keys.json");
    (directory, path)
}

fn opened(path: &Path) -> Vault {
    let vault = Vault::open(path, weak()).unwrap();
    vault.unlock(PASSWORD, 1).unwrap();
    vault
}

#[test]
fn what_was_written_is_there_the_next_time() {
    let (_directory, path) = place();
    assert_eq!(Vault::open(&path, weak()).unwrap_err(), SecurityError::VaultMissing);
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let id = vault.update(1, |wallet| add(wallet, "first")).unwrap();
    assert_eq!(Vault::create(&path, PASSWORD, weak(), 1).unwrap_err(), SecurityError::VaultExists);
    drop(vault);
    let vault = Vault::open(&path, weak()).unwrap();
    assert_eq!(names(&vault), ["first"], "the list is there while locked");
    assert_eq!(vault.read(1, |wallet| wallet.key(&id, 1)).unwrap_err(), SecurityError::WalletLocked);
    assert_eq!(vault.unlock(b"wrong", 1).unwrap_err(), SecurityError::InvalidPassword);
    vault.unlock(PASSWORD, 1).unwrap();
    let key = vault.read(1, |wallet| wallet.key(&id, 1)).unwrap().unwrap();
    assert!(key.expose(|key| key == b"test-key-first-0123456789"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["keys.json", "keys.json.lock", "keys.json.audit"] {
            let mode = path.with_file_name(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
    let mut files: Vec<_> =
        path.parent().unwrap().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["keys.json", "keys.json.audit", "keys.json.lock"], "no temporary file stays");
}

#[test]
fn two_processes_lose_nothing() {
    let (_directory, path) = place();
    let first = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let second = opened(&path);
    for round in 0..3 {
        first.update(1, |wallet| add(wallet, &format!("first-{round}"))).unwrap();
        second.update(1, |wallet| add(wallet, &format!("second-{round}"))).unwrap();
    }
    assert_eq!(names(&first), names(&second));
    assert_eq!(names(&first).len(), 6);
    // From many threads and handles at once.
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let vault = opened(path);
                for round in 0..5 {
                    vault.update(1, |wallet| add(wallet, &format!("worker-{worker}-{round}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(names(&first).len(), 26);
    assert_eq!(opened(&path).audit().unwrap().len(), first.audit().unwrap().len());
}

#[test]
fn a_change_that_fails_half_way_did_not_happen() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = vault.update(1, |wallet| {
        add(wallet, "added and taken back")?;
        wallet.set_default("nobody", 1)
    });
    assert_eq!(error, Err(SecurityError::EntryNotFound));
    assert_eq!(names(&vault), Vec::<String>::new());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    vault.update(1, |wallet| add(wallet, "next")).unwrap();
    assert_eq!(names(&opened(&path)), ["next"]);
}

#[cfg(unix)]
#[test]
fn without_a_trail_nothing_is_done_and_no_key_given_out() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let id = vault.update(1, |wallet| add(wallet, "a")).unwrap();
    let trail = path.with_file_name("keys.json.audit");
    std::fs::remove_dir_all(&trail).unwrap();
    std::fs::write(&trail, b"in the way").unwrap();
    assert_eq!(vault.read(1, |wallet| wallet.key(&id, 1)).unwrap_err().code(), "IO");
    assert_eq!(vault.update(1, |wallet| add(wallet, "b")).unwrap_err().code(), "IO");
    std::fs::remove_file(&trail).unwrap();
    assert_eq!(names(&vault), ["a"]);
    assert!(vault.read(1, |wallet| wallet.key(&id, 1)).unwrap().is_some());
}

#[test]
fn a_changed_password_and_a_rotated_key_reach_the_other_process() {
    let (_directory, path) = place();
    let first = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let id = first.update(1, |wallet| add(wallet, "a")).unwrap();
    let second = opened(&path);
    first.update(1, |wallet| wallet.change_password(PASSWORD, b"new", 1)).unwrap();
    assert!(second.read(1, |wallet| wallet.key(&id, 1)).unwrap().is_some(), "the master key is the same");
    first.update(1, |wallet| wallet.rotate_master_key(b"new", 1)).unwrap();
    assert_eq!(second.read(1, |wallet| wallet.key(&id, 1)).unwrap_err(), SecurityError::VaultReplaced);
    assert_eq!(second.unlock(PASSWORD, 1).unwrap_err(), SecurityError::InvalidPassword);
    second.unlock(b"new", 1).unwrap();
    assert!(second.read(1, |wallet| wallet.key(&id, 1)).unwrap().is_some());
}

#[test]
fn a_changed_file_is_found_and_left_alone() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    vault.update(1, |wallet| add(wallet, "name")).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let changed = good.replace("\"name\": \"name\"", "\"name\": \"game\"");
    std::fs::write(&path, &changed).unwrap();
    assert_eq!(vault.update(1, |wallet| add(wallet, "b")).unwrap_err(), SecurityError::WalletTampered);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);
    let other = Vault::open(&path, weak()).unwrap();
    assert_eq!(other.unlock(PASSWORD, 1).unwrap_err(), SecurityError::WalletTampered);
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(vault.read(1, |_| Ok(())).unwrap_err().code(), "WALLET_LOAD");
    std::fs::write(&path, good).unwrap();
    assert_eq!(names(&vault), ["name"]);
}

#[test]
fn the_trail_tells_who_did_what() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 10).unwrap();
    let id = vault.update(20, |wallet| add(wallet, "a")).unwrap();
    vault.read(30, |wallet| wallet.key(&id, 30)).unwrap();
    vault.record(AuditEvent::done(AuditAction::ProgramRun, 40), 40).unwrap();
    let key = vault.audit_key(40).unwrap();
    vault.lock(50).unwrap();
    vault.unlock(b"wrong", 60).unwrap_err();
    let trail = vault.audit().unwrap();
    let seen: Vec<_> =
        trail.iter().map(|entry| (entry.event.action, entry.signed_by, entry.event.refused)).collect();
    assert_eq!(
        seen,
        [
            (AuditAction::KeyAdded, Some(key), None),
            (AuditAction::Created, Some(key), None),
            (AuditAction::KeyAccessed, Some(key), None),
            (AuditAction::ProgramRun, Some(key), None),
            (AuditAction::Locked, Some(key), None),
            (AuditAction::Unlocked, None, Some("INVALID_PASSWORD")),
        ]
    );
    assert_eq!(vault.audit_key(70).unwrap_err(), SecurityError::WalletLocked);
}

#[test]
fn a_key_file_opens_unattended() {
    let (directory, path) = place();
    let key_path = directory.path().join("vault.key");
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let key = make_key_file(&key_path).unwrap();
    vault.update(1, |wallet| wallet.add_host_key("this machine", &key, 1)).unwrap();
    let vault = Vault::open(&path, weak()).unwrap();
    assert_eq!(vault.host_keys().len(), 1);
    vault.unlock_with_host_key(&read_key_file(&key_path).unwrap(), 1).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_to_a_vault_stays_one() {
    let (directory, path) = place();
    Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let link = directory.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let vault = opened(&link);
    vault.update(1, |wallet| add(wallet, "a")).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(names(&opened(&path)), ["a"]);
}

#[test]
fn an_export_becomes_a_vault() {
    let (_directory, path) = place();
    let wallet = ApiKeyWallet::with_params(weak());
    wallet.initialize(PASSWORD, 1).unwrap();
    add(&wallet, "a").unwrap();
    let vault = Vault::create_from_export(&path, &wallet.export().unwrap(), weak(), 1).unwrap();
    vault.unlock(PASSWORD, 1).unwrap();
    assert_eq!(names(&vault), ["a"]);
}

#[test]
fn what_reading_or_a_panic_changes_is_not_kept() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    vault.read(1, |wallet| add(wallet, "by reading")).unwrap();
    assert!(names(&vault).is_empty());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.update(1, |wallet| -> Result<(), SecurityError> {
            add(wallet, "by a panic")?;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    vault.update(1, |wallet| add(wallet, "by updating")).unwrap();
    assert_eq!(names(&vault), ["by updating"]);
    vault
        .update(1, |wallet| {
            add(wallet, "by a failure")?;
            wallet.set_default("none", 1)
        })
        .unwrap_err();
    assert_eq!(names(&vault), ["by updating"]);
    assert_eq!(names(&opened(&path)), ["by updating"]);
    let trail: Vec<_> = vault.audit().unwrap().iter().map(|entry| entry.event.action).collect();
    use AuditAction::{Created, DefaultSet, KeyAdded, RolledBack, Unlocked};
    assert_eq!(
        trail,
        [
            Created, KeyAdded, RolledBack, KeyAdded, RolledBack, KeyAdded, KeyAdded, DefaultSet, RolledBack,
            Unlocked
        ]
    );
}

#[test]
fn no_event_of_a_large_change_is_lost() {
    let (_directory, path) = place();
    let vault = Vault::create(&path, PASSWORD, weak(), 1).unwrap();
    let id = vault.update(1, |wallet| add(wallet, "one")).unwrap();
    vault
        .read(1, |wallet| {
            for _ in 0..5000 {
                wallet.key(&id, 1)?;
            }
            Ok(())
        })
        .unwrap();
    let trail = vault.audit().unwrap();
    assert_eq!(trail.iter().filter(|entry| entry.event.action == AuditAction::KeyAccessed).count(), 5000);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_key_file_and_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg("-m").arg("600").arg(&path).status();
    assert!(made.unwrap().success());
    assert!(matches!(read_key_file(&path), Err(SecurityError::Io { .. })));
}
