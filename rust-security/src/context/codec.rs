//! The bytes of a context's state, before they are sealed. Integers are big-endian; `docs/encodings/wallet.md` has
//! the layout.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrysalis_crypto::api_keys::{self, ApiKey};
use chrysalis_crypto::envelope::{KEY_LENGTH, StorageKey, Suite};
use chrysalis_crypto::secret::SecretBytes;
use zeroize::Zeroizing;

use crate::context::session::{
    self, MAX_SESSION_ID_LENGTH, MAX_SESSION_KEYS, MAX_SESSIONS, SessionKeys, Sessions,
};
use crate::context::storage::{MAX_STORAGE_KEYS, StorageKeys};
use crate::context::{MAX_API_KEYS, OpenState, StoredKey};
use crate::error::SecurityError;
use crate::provider::{MAX_PROVIDER_LENGTH, ProviderName};
use crate::sorted::SortedMap;

const VERSION: u8 = 1;

impl OpenState {
    /// The encoding, in one buffer of the right size that is wiped.
    pub(super) fn encode(&self) -> Result<SecretBytes, SecurityError> {
        let mut measure = Measure(0);
        self.write(&mut measure);
        let mut secret = SecretBytes::zeroed(measure.0)?;
        secret.expose_mut(|bytes| self.write(&mut Fill { bytes, at: 0 }));
        Ok(secret)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SecurityError> {
        let mut reader = Reader(bytes);
        if reader.u8()? != VERSION {
            return Err(SecurityError::MalformedState("version"));
        }
        let suite = match reader.u8()? {
            byte if byte == Suite::XChaCha20Poly1305.to_byte() => Suite::XChaCha20Poly1305,
            byte if byte == Suite::Xaes256Gcm.to_byte() => Suite::Xaes256Gcm,
            _ => return Err(SecurityError::MalformedState("suite")),
        };
        let floor = reader.u32()?;
        let current = reader.u32()?;
        let keys = reader.keys(suite, MAX_STORAGE_KEYS)?;
        let ids = (keys.first_key().copied(), keys.last().map(|(last, _)| *last));
        if !matches!(ids, (Some(first), Some(last)) if floor >= 1 && floor <= first && last == current) {
            return Err(SecurityError::MalformedState("storage keys"));
        }
        let storage = StorageKeys { keys, current, floor };
        let sessions = Sessions(reader.sessions(suite)?);
        let api_keys = reader.api_keys()?;
        if !reader.0.is_empty() {
            return Err(SecurityError::MalformedState("trailing bytes"));
        }
        Ok(Self { suite, storage, sessions, api_keys })
    }

    fn write(&self, out: &mut impl Sink) {
        out.put(&[VERSION, self.suite.to_byte()]);
        out.put_u32(self.storage.floor);
        out.put_u32(self.storage.current);
        write_keys(&self.storage.keys, out);
        out.put_count(self.sessions.0.len());
        for (id, session) in self.sessions.0.iter() {
            out.put_text(id);
            write_keys(&session.keys, out);
        }
        out.put_count(self.api_keys.len());
        for (provider, stored) in self.api_keys.iter() {
            out.put_text(provider.as_str());
            out.put(&stored.stored_at.to_be_bytes());
            stored.key.expose(|key| out.put_bytes(key));
        }
    }
}

fn write_keys(keys: &SortedMap<u32, Arc<StorageKey>>, out: &mut impl Sink) {
    out.put_count(keys.len());
    for (id, key) in keys.iter() {
        out.put_u32(*id);
        key.secret().expose(|secret| out.put(secret));
    }
}

/// Where the encoding goes: first into a count, then into a buffer of that size.
trait Sink {
    fn put(&mut self, bytes: &[u8]);

    fn put_u32(&mut self, number: u32) {
        self.put(&number.to_be_bytes());
    }

    fn put_count(&mut self, count: usize) {
        self.put_u32(u32::try_from(count).expect("every collection has a limit far below 2^32"));
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).expect("ids, names and keys have limits below 2^16");
        self.put(&length.to_be_bytes());
        self.put(bytes);
    }

    fn put_text(&mut self, text: &str) {
        self.put_bytes(text.as_bytes());
    }
}

struct Measure(usize);

impl Sink for Measure {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

struct Fill<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Sink for Fill<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        self.bytes[self.at..end].copy_from_slice(bytes);
        self.at = end;
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SecurityError> {
        let (bytes, rest) =
            self.0.split_at_checked(length).ok_or(SecurityError::MalformedState("cut short"))?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SecurityError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(SecurityError::MalformedState("cut short"))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u8(&mut self) -> Result<u8, SecurityError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, SecurityError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn count(&mut self, limit: usize) -> Result<usize, SecurityError> {
        let count = usize::try_from(self.u32()?).map_err(|_| SecurityError::MalformedState("count"))?;
        if count > limit { Err(SecurityError::MalformedState("count")) } else { Ok(count) }
    }

    fn bytes(&mut self, limit: usize) -> Result<&'a [u8], SecurityError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        if length > limit { Err(SecurityError::MalformedState("length")) } else { self.take(length) }
    }

    fn text(&mut self, limit: usize) -> Result<&'a str, SecurityError> {
        str::from_utf8(self.bytes(limit)?).map_err(|_| SecurityError::MalformedState("text"))
    }

    /// Keys in ascending order of their numbers.
    fn keys(&mut self, suite: Suite, limit: usize) -> Result<SortedMap<u32, Arc<StorageKey>>, SecurityError> {
        const MALFORMED: SecurityError = SecurityError::MalformedState("key");
        let mut keys = SortedMap::default();
        for _ in 0..self.count(limit)? {
            let id = self.u32()?;
            if keys.last().is_some_and(|(last, _)| *last >= id) {
                return Err(MALFORMED);
            }
            let mut secret = Zeroizing::new(self.array::<KEY_LENGTH>()?);
            let secret = SecretBytes::from_slice_wiping(&mut secret[..])?;
            let key = StorageKey::from_secret(NonZeroU32::new(id).ok_or(MALFORMED)?, secret)?;
            keys.insert(id, Arc::new(key.with_suite(suite)));
        }
        Ok(keys)
    }

    fn sessions(&mut self, suite: Suite) -> Result<SortedMap<String, SessionKeys>, SecurityError> {
        let mut sessions: SortedMap<String, SessionKeys> = SortedMap::default();
        for _ in 0..self.count(MAX_SESSIONS)? {
            let id = self.text(MAX_SESSION_ID_LENGTH)?;
            session::check_id(id).map_err(|_| SecurityError::MalformedState("session"))?;
            let keys = self.keys(suite, MAX_SESSION_KEYS)?;
            let is_next = sessions.last().is_none_or(|(last, _)| last.as_str() < id);
            if keys.is_empty() || !is_next {
                return Err(SecurityError::MalformedState("session"));
            }
            sessions.insert(id.to_owned(), SessionKeys { keys });
        }
        Ok(sessions)
    }

    fn api_keys(&mut self) -> Result<SortedMap<ProviderName, StoredKey>, SecurityError> {
        const MALFORMED: SecurityError = SecurityError::MalformedState("API key");
        let mut api_keys: SortedMap<ProviderName, StoredKey> = SortedMap::default();
        for _ in 0..self.count(MAX_API_KEYS)? {
            let text = self.text(MAX_PROVIDER_LENGTH)?;
            let provider = ProviderName::read(text).map_err(|_| MALFORMED)?;
            let is_next = api_keys.last().is_none_or(|(last, _)| *last < provider);
            if !is_next {
                return Err(MALFORMED);
            }
            let stored_at = u64::from_be_bytes(self.array()?);
            let mut key = Zeroizing::new(self.bytes(api_keys::MAX_LENGTH)?.to_vec());
            // What a key may look like was checked when it came in; later rules must not lock it away.
            let key = ApiKey::from_bytes(&mut key)?;
            if key.is_empty() {
                return Err(MALFORMED);
            }
            api_keys.insert(provider, StoredKey { key: Arc::new(key), stored_at });
        }
        Ok(api_keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> OpenState {
        let suite = Suite::default();
        let key = |id| Arc::new(StorageKey::make(NonZeroU32::new(id).unwrap()).unwrap());
        let session = SessionKeys { keys: [(2, key(2)), (3, key(3))].into() };
        let api_key = Arc::new(ApiKey::new("test-key-0123456789".to_owned()).unwrap());
        OpenState {
            suite,
            storage: StorageKeys { keys: [(4, key(4)), (7, key(7))].into(), current: 7, floor: 3 },
            sessions: Sessions([("s".to_owned(), session)].into()),
            api_keys: [(ProviderName::parse("groq").unwrap(), StoredKey { key: api_key, stored_at: 5 })]
                .into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_written_the_same() {
        let bytes = state().encode().unwrap();
        bytes.expose(|bytes| {
            let again = OpenState::decode(bytes).unwrap();
            assert!(again.encode().unwrap().expose(|again| again == bytes));
            assert_eq!((again.storage.floor, again.storage.current), (3, 7));
            assert_eq!(
                again
                    .sessions
                    .0
                    .get("s")
                    .unwrap()
                    .keys
                    .iter()
                    .map(|(version, _)| *version)
                    .collect::<Vec<_>>(),
                [2, 3]
            );
            for length in 0..bytes.len() {
                assert!(OpenState::decode(&bytes[..length]).is_err(), "{length}");
            }
            assert!(OpenState::decode(&[bytes, &[0]].concat()).is_err());
        });
    }

    #[test]
    fn what_no_context_holds_is_refused() {
        let bytes = state().encode().unwrap();
        let change = |at: usize, value: u8| {
            let mut changed = bytes.expose(<[u8]>::to_vec);
            changed[at] = value;
            OpenState::decode(&changed).err().map(|error| error.code())
        };
        // Version, suite, floor above the first key, current that is not the last, a count over its limit, an id
        // that is not above the one before.
        for (at, value) in [(0, 2), (1, 9), (5, 5), (5, 0), (9, 6), (10, 1), (14, 200), (17, 8)] {
            assert_eq!(change(at, value), Some("MALFORMED_STATE"), "byte {at}");
        }
    }
}
