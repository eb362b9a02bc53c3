//! A wallet in a file that several processes use at once, with a durable audit trail beside it.
//!
//! The vault at `keys.json` has three names: `keys.json`, the wallet, replaced in one step by every change;
//! `keys.json.lock`, which whoever changes it holds meanwhile; and `keys.json.audit`, the trail, a journal store. All are
//! readable by their owner alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrysalis_crypto::ed25519::SigningKey;
use chrysalis_crypto::hash;
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_journal::{FileDisk, Signer};

use crate::audit::{AuditAction, AuditEvent, AuditLog, AuditTrail, TrailEntry, is_missing};
use crate::error::{LoadFault, SecurityError};
use crate::private_file;
use crate::sealing::WrappingKey;
use crate::wallet::{ApiKeyWallet, HostKeyInfo, MAX_FILE_BYTES, WalletState};

/// A wallet on disk. All methods may be called from several threads, but not from within each other's closures.
///
/// Two processes on one vault lose nothing: [`update`](Self::update) holds the lock, takes over what the other wrote, applies
/// the change to that, and replaces the file. What was done is in the trail before a result is given out; where the trail
/// cannot be written, the result is an error.
pub struct Vault {
    path: PathBuf,
    wallet: ApiKeyWallet,
    log: Arc<AuditLog>,
    seen: Mutex<Seen>,
}

/// How many events there may be between two writes of the trail.
const LOG_CAPACITY: usize = 1 << 20;
/// How many events are made durable together, far below what a commit can hold.
const EVENTS_PER_COMMIT: usize = 4096;

struct Seen {
    /// Hash of the file that the wallet in memory comes from.
    file: [u8; 32],
    /// How far the log was written to the trail.
    logged: u64,
}

impl Vault {
    /// Makes a vault that `password` opens, unlocked. [`Argon2Params::NATIVE`] is the cost to take.
    ///
    /// # Errors
    /// [`SecurityError::VaultExists`]; `INVALID_ARGUMENT` for an empty password; [`SecurityError::Io`];
    /// [`SecurityError::Journal`].
    pub fn create(
        path: &Path,
        password: &[u8],
        params: Argon2Params,
        now_ms: u64,
    ) -> Result<Self, SecurityError> {
        Self::create_with(path, params, now_ms, |wallet| wallet.initialize(password, now_ms))
    }

    /// Makes a vault that a key of the host opens and no password, unlocked.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with_host_key(
        path: &Path,
        key: &WrappingKey,
        params: Argon2Params,
        now_ms: u64,
    ) -> Result<Self, SecurityError> {
        Self::create_with(path, params, now_ms, |wallet| wallet.initialize_with_host_key(key, now_ms))
    }

    /// Makes a vault out of a wallet from elsewhere, such as an imported one.
    ///
    /// # Errors
    /// As [`create`](Self::create), and [`SecurityError::WalletLoad`].
    pub fn create_from_export(
        path: &Path,
        json: &str,
        params: Argon2Params,
        now_ms: u64,
    ) -> Result<Self, SecurityError> {
        Self::create_with(path, params, now_ms, |wallet| wallet.load(json))
    }

    /// Opens the vault at `path`, locked. `params` are the cost of passwords set from here on.
    ///
    /// # Errors
    /// [`SecurityError::VaultMissing`], [`SecurityError::WalletLoad`], [`SecurityError::Io`].
    pub fn open(path: &Path, params: Argon2Params) -> Result<Self, SecurityError> {
        let vault = Self::at(resolve(path)?, params);
        let (text, file) = vault.read_file()?;
        vault.wallet.load(&text)?;
        vault.take_over(&mut vault.seen(), file);
        Ok(vault)
    }

    /// Where the vault is; links are followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the vault is open in this process: locked or unlocked.
    #[must_use]
    pub fn state(&self) -> WalletState {
        self.wallet.state()
    }

    /// The random id of the wallet, by which a keychain knows it; all zero never.
    #[must_use]
    pub fn wallet_id(&self) -> Option<[u8; 16]> {
        self.wallet.wallet_id()
    }

    /// The host keys that open the vault. Works while locked.
    #[must_use]
    pub fn host_keys(&self) -> Vec<HostKeyInfo> {
        self.wallet.host_keys()
    }

    /// Unlocks with the password. The attempt is in the trail, refused or not.
    ///
    /// # Errors
    /// Those of [`ApiKeyWallet::unlock`]; [`SecurityError::Io`]; [`SecurityError::Journal`], locked then.
    pub fn unlock(&self, password: &[u8], now_ms: u64) -> Result<(), SecurityError> {
        self.unlock_with(now_ms, |wallet| wallet.unlock(password, now_ms))
    }

    /// Unlocks with a key of the host. The attempt is in the trail, refused or not.
    ///
    /// # Errors
    /// As [`unlock`](Self::unlock).
    pub fn unlock_with_host_key(&self, key: &WrappingKey, now_ms: u64) -> Result<(), SecurityError> {
        self.unlock_with(now_ms, |wallet| wallet.unlock_with_host_key(key, now_ms))
    }

    /// Locks. The keys are wiped whatever the result says.
    ///
    /// # Errors
    /// [`SecurityError::Journal`] when the trail could not be written.
    pub fn lock(&self, now_ms: u64) -> Result<(), SecurityError> {
        let mut seen = self.seen();
        let signer = self.signer(now_ms);
        self.wallet.lock(now_ms);
        self.write_trail(&mut seen, signer)
    }

    /// Looks at the wallet as it is on disk now. Nothing that `look` changes is kept: for that, use
    /// [`update`](Self::update). When a key was last used is kept if an update follows.
    ///
    /// # Errors
    /// Those of `look`; [`SecurityError::VaultReplaced`] when another process replaced the vault or its master key: it is
    /// locked then; [`SecurityError::WalletTampered`], [`SecurityError::WalletLoad`], [`SecurityError::VaultMissing`],
    /// [`SecurityError::Io`], [`SecurityError::Journal`].
    pub fn read<R>(
        &self,
        now_ms: u64,
        look: impl FnOnce(&ApiKeyWallet) -> Result<R, SecurityError>,
    ) -> Result<R, SecurityError> {
        let mut seen = self.seen();
        self.refresh(&mut seen, now_ms)?;
        // A panic in `look` leaves no hash, so that the file is read again before anything else.
        let file = std::mem::take(&mut seen.file);
        let result = look(&self.wallet);
        let signer = self.signer(now_ms);
        if self.wallet.is_edited() {
            self.roll_back(&mut seen, now_ms);
        } else {
            seen.file = file;
        }
        self.write_trail(&mut seen, signer)?;
        result
    }

    /// Changes the wallet as it is on disk now, and the file, in one step: when `change` fails, or the file or the trail
    /// cannot be written, nothing is changed.
    ///
    /// Other processes wait meanwhile, so `change` should not ask anybody anything.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn update<R>(
        &self,
        now_ms: u64,
        change: impl FnOnce(&ApiKeyWallet) -> Result<R, SecurityError>,
    ) -> Result<R, SecurityError> {
        let mut seen = self.seen();
        let _lock = self.take_lock()?;
        self.refresh(&mut seen, now_ms)?;
        // A panic in `change` leaves no hash, so that the file is read again before anything else.
        let file = std::mem::take(&mut seen.file);
        let changed = change(&self.wallet);
        let signer = self.signer(now_ms);
        // Before the change is made: what cannot be put on record does not happen.
        let logged = self.write_trail(&mut seen, signer);
        let saved = match (changed, logged) {
            (Ok(value), Ok(())) => self.save(&mut seen, file).map(|()| value),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        if saved.is_err() {
            let signer = self.signer(now_ms);
            self.roll_back(&mut seen, now_ms);
            // What cannot be written now stays in the log, and is written by the next call.
            let _ = self.write_trail(&mut seen, signer);
        }
        saved
    }

    /// Puts an event of the caller's on record, such as that a program was started with keys in its environment.
    ///
    /// # Errors
    /// [`SecurityError::Journal`]: then do not do it.
    pub fn record(&self, event: AuditEvent, now_ms: u64) -> Result<(), SecurityError> {
        let mut seen = self.seen();
        self.log.record(event);
        let signer = self.signer(now_ms);
        self.write_trail(&mut seen, signer)
    }

    /// The trail, oldest first. Works while locked.
    ///
    /// # Errors
    /// Those of [`AuditTrail::entries`].
    pub fn audit(&self) -> Result<Vec<TrailEntry>, SecurityError> {
        let disk = Arc::new(FileDisk::new(&self.trail_path()));
        match AuditTrail::open_read_only(disk) {
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            trail => trail?.entries(),
        }
    }

    /// The public key that signs the trail while this vault is unlocked: what
    /// [`signed_by`](TrailEntry::signed_by) should be. It changes with the master key.
    ///
    /// # Errors
    /// [`SecurityError::WalletLocked`].
    pub fn audit_key(&self, now_ms: u64) -> Result<[u8; 32], SecurityError> {
        let seed = self.wallet.derive_audit_seed(now_ms)?;
        Ok(SigningKey::from_seed(&seed).public_key())
    }

    fn at(path: PathBuf, params: Argon2Params) -> Self {
        let wallet = ApiKeyWallet::with_params(params);
        let log = Arc::new(AuditLog::new(LOG_CAPACITY));
        wallet.set_audit(Arc::clone(&log));
        Self { path, wallet, log, seen: Mutex::new(Seen { file: [0; 32], logged: 0 }) }
    }

    fn create_with(
        path: &Path,
        params: Argon2Params,
        now_ms: u64,
        begin: impl FnOnce(&ApiKeyWallet) -> Result<(), SecurityError>,
    ) -> Result<Self, SecurityError> {
        private_file::create_directory(private_file::directory_of(path))
            .map_err(SecurityError::io("create the directory of the vault"))?;
        let vault = Self::at(path.to_owned(), params);
        let _lock = vault.take_lock()?;
        if path.symlink_metadata().is_ok() {
            return Err(SecurityError::VaultExists);
        }
        begin(&vault.wallet)?;
        if vault.wallet.state() == WalletState::Locked {
            vault.log.record(AuditEvent::done(AuditAction::Imported, now_ms));
        }
        let mut seen = vault.seen();
        let signer = vault.signer(now_ms);
        vault.write_trail(&mut seen, signer)?;
        let text = vault.wallet.export()?;
        ApiKeyWallet::check_file(&text)?;
        private_file::create(path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => SecurityError::VaultExists,
            _ => SecurityError::io("write the vault")(error),
        })?;
        vault.take_over(&mut seen, hash::blake3_hash(text.as_bytes()));
        drop(seen);
        Ok(vault)
    }

    fn unlock_with(
        &self,
        now_ms: u64,
        unlock: impl FnOnce(&ApiKeyWallet) -> Result<(), SecurityError>,
    ) -> Result<(), SecurityError> {
        let mut seen = self.seen();
        match self.refresh(&mut seen, now_ms) {
            // It is locked now, and what is on disk is loaded: this is how to go on.
            Err(SecurityError::VaultReplaced) => {}
            other => other?,
        }
        let unlocked = unlock(&self.wallet);
        let signer = self.signer(now_ms);
        let logged = self.write_trail(&mut seen, signer);
        if logged.is_err() {
            self.wallet.lock(now_ms);
        }
        unlocked.and(logged)
    }

    /// Takes over what another process wrote.
    fn refresh(&self, seen: &mut Seen, now_ms: u64) -> Result<(), SecurityError> {
        let (text, file) = self.read_file()?;
        if file == seen.file {
            return Ok(());
        }
        self.wallet.tick(now_ms);
        let is_edited = self.wallet.is_edited();
        let taken = if self.wallet.is_unlocked() {
            self.wallet.reload(&text, now_ms)
        } else {
            self.wallet.load(&text)
        };
        if taken == Err(SecurityError::VaultReplaced) {
            self.wallet.load(&text)?;
        } else {
            taken.clone()?;
        }
        if is_edited {
            // The trail has what was about to be done.
            self.log.record(AuditEvent::done(AuditAction::RolledBack, now_ms));
        }
        self.take_over(seen, file);
        taken
    }

    /// Makes the wallet in memory what is on disk, after a change that did not happen. Where even that fails, the wallet
    /// is locked, and the next call reads the file again.
    fn roll_back(&self, seen: &mut Seen, now_ms: u64) {
        seen.file = [0; 32];
        if self.refresh(seen, now_ms).is_err() {
            self.wallet.lock(now_ms);
        }
    }

    /// Writes the file, unless its hash is still `before`.
    fn save(&self, seen: &mut Seen, before: [u8; 32]) -> Result<(), SecurityError> {
        let text = self.wallet.export()?;
        let file = hash::blake3_hash(text.as_bytes());
        if file != before {
            // A file that could not be read again would be the end of every key in it.
            ApiKeyWallet::check_file(&text)?;
            private_file::replace(&self.path, text.as_bytes())
                .map_err(SecurityError::io("write the vault"))?;
        }
        self.take_over(seen, file);
        Ok(())
    }

    /// To be called when the wallet in memory is the one on disk.
    fn take_over(&self, seen: &mut Seen, file: [u8; 32]) {
        self.wallet.mark_kept();
        seen.file = file;
    }

    fn read_file(&self) -> Result<(String, [u8; 32]), SecurityError> {
        let bytes = match private_file::read(&self.path, MAX_FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SecurityError::VaultMissing),
            bytes => bytes.map_err(SecurityError::io("read the vault"))?,
        };
        let malformed = SecurityError::WalletLoad(LoadFault::Malformed { line: 0, part: "file" });
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(malformed)?;
        let file = hash::blake3_hash(text.as_bytes());
        Ok((text, file))
    }

    fn take_lock(&self) -> Result<std::fs::File, SecurityError> {
        private_file::lock(&private_file::with_suffix(&self.path, ".lock"))
            .map_err(SecurityError::io("lock the vault"))
    }

    /// The key that signs the trail, while there is one.
    fn signer(&self, now_ms: u64) -> Option<Arc<dyn Signer>> {
        let seed = self.wallet.derive_audit_seed(now_ms).ok()?;
        Some(Arc::new(SigningKey::from_seed(&seed)))
    }

    /// Makes durable what the log has and the trail has not, and takes it out of the log.
    fn write_trail(&self, seen: &mut Seen, signer: Option<Arc<dyn Signer>>) -> Result<(), SecurityError> {
        let records = self.log.after(seen.logged);
        if records.is_empty() {
            return Ok(());
        }
        let path = self.trail_path();
        private_file::create_directory(&path).map_err(SecurityError::io("create the audit trail"))?;
        let trail = AuditTrail::open(Arc::new(FileDisk::new(&path)), signer)?;
        // More happened between two writes than the log holds: what follows from it must not be kept.
        let is_whole = records.first().is_some_and(|first| first.sequence == seen.logged + 1);
        for records in records.chunks(EVENTS_PER_COMMIT) {
            let events: Vec<_> = records.iter().map(|record| record.event.clone()).collect();
            trail.append(&events)?;
            let Some(last) = records.last() else { continue };
            seen.logged = last.sequence;
            self.log.forget(last.sequence);
        }
        if !is_whole {
            return Err(SecurityError::LimitExceeded {
                what: "events in one change of a vault",
                limit: LOG_CAPACITY,
            });
        }
        Ok(())
    }

    fn trail_path(&self) -> PathBuf {
        private_file::with_suffix(&self.path, ".audit")
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic between two steps leaves a hash that does not fit, and the file is read again.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// Where a link leads: replacing the link would leave the old vault behind it.
fn resolve(path: &Path) -> Result<PathBuf, SecurityError> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SecurityError::VaultMissing),
        other => other.map_err(SecurityError::io("find the vault")),
    }
}
