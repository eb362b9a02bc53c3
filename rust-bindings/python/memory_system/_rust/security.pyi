"""
Keys in memory that is wiped, what may be done with them there, and wallets that keep them; rules for API keys,
passwords and certificate chains.

The interpreter lock is released as in `crypto`. All classes may be used from several threads.
"""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, final
from typing_extensions import Buffer

__all__ = ["ApiKey", "ApiKeyDescription", "ApiKeyEntry", "ApiKeyRegistry", "ApiKeyRegistryRecord", "ApiKeyWallet", "ChainReport", "KeyRegistryEvent", "KeyType", "LegacyReport", "PasswordStrength", "SecureBuffer", "SecurityContext", "WalletEvent", "WalletSettings", "import_legacy_wallet", "import_legacy_wallet_async", "redact_for_logging", "redact_text", "validate_cert_chain", "validate_cert_chain_with", "validate_key_format", "validate_password_strength"]

@final
class ApiKey:
    """
    An API key in memory of its own: wiped by `wipe()`, at the end of a `with` block and when collected, never printed.

    Its form is not checked: that is what `validate_key_format` is for. The string it is made from is Python's, and yours
    to forget; `from_bytes` wipes what it is made from.
    """
    def __enter__(self, /) -> ApiKey: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __exit__(self, /, _kind: Any, _error: Any, _trace: Any) -> None: ...
    def __len__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, key: str) -> ApiKey: ...
    def __repr__(self, /) -> str: ...
    def expose(self, /) -> str:
        """
        The key as a string: an explicit copy in Python's memory, which nothing wipes; prefer `use`.
        """
    def expose_bytes(self, /) -> bytes:
        """
        The key as bytes, a copy as with `expose`.
        """
    @staticmethod
    def from_bytes(source: Buffer, *, wipe_source: bool = True) -> ApiKey:
        """
        Takes the key out of `source`, a writable buffer, which is zero afterwards; with `wipe_source=False` a copy of any
        buffer's bytes.
        """
    def redacted(self, /) -> str:
        """
        The form for people and logs: a prefix that tells only whose it is, and the last four characters.
        """
    def use(self, /, work: Any) -> Any:
        """
        Calls `work` with a temporary `bytearray` of the key and gives what it returns. The copy is zeroed when `work`
        returns or raises; nothing that outlives the call may refer to it.
        """
    def wipe(self, /) -> None:
        """
        Overwrites the key and leaves none.
        """

@final
class ApiKeyDescription:
    """
    What may be shown of an API key.
    """
    def __repr__(self, /) -> str: ...
    @property
    def confidence(self, /) -> str:
        """
        `certain`, `likely`, `hint` or `unknown`.
        """
    @property
    def detected_provider(self, /) -> str:
        """
        The provider that its shape tells; `generic` when unknown.
        """
    @property
    def kind(self, /) -> str:
        """
        What kind of key of that provider; `generic` when unknown.
        """
    @property
    def redacted(self, /) -> str:
        """
        The form for logs.
        """
    @property
    def stored_at(self, /) -> datetime:
        """
        When it was stored, in UTC.
        """

@final
class ApiKeyEntry:
    """
    What is known of a key without the key.
    """
    def __repr__(self, /) -> str: ...
    @property
    def created_at(self, /) -> datetime:
        """
        When it was added, in UTC.
        """
    @property
    def expires_at(self, /) -> datetime | None:
        """
        From when on it is not given out, in UTC.
        """
    @property
    def id(self, /) -> str:
        """
        Random, never used again; 32 hexadecimal characters.
        """
    @property
    def is_default(self, /) -> bool:
        """
        Whether it is its provider's default.
        """
    @property
    def key_prefix(self, /) -> str:
        """
        While locked the redacted form of the key, while open its first 8 characters and `...`.
        """
    @property
    def last_used_at(self, /) -> datetime | None:
        """
        When the key was last read, in UTC.
        """
    @property
    def metadata(self, /) -> str | None:
        """
        The text of a JSON object of the caller.
        """
    @property
    def name(self, /) -> str:
        """
        For people.
        """
    @property
    def provider(self, /) -> str:
        """
        Who issued the key.
        """

@final
class ApiKeyRegistry:
    """
    Records of keys and of who may use them. It holds no secrets.
    """
    def __new__(cls, /) -> ApiKeyRegistry: ...
    def __repr__(self, /) -> str: ...
    def find_allowed_for_agent(self, /, agent: str) -> Sequence[ApiKeyRegistryRecord]:
        """
        The records an agent may use: global ones and those that list it.
        """
    def find_allowed_for_persona(self, /, persona: str) -> Sequence[ApiKeyRegistryRecord]:
        """
        The records a persona may use: global ones and those that list it.
        """
    def find_by_provider(self, /, provider: str) -> Sequence[ApiKeyRegistryRecord]:
        """
        The records of a provider's keys.
        """
    def get(self, /, id: str) -> ApiKeyRegistryRecord | None:
        """
        The record of this id.
        """
    def list(self, /) -> Sequence[ApiKeyRegistryRecord]:
        """
        All records, in the order in which they were registered.
        """
    def off(self, /, type: str, handler: Any) -> None:
        """
        Ends what `on` began. Nothing where it did not.
        """
    def on(self, /, type: str, handler: Any) -> Callable[[], object]:
        """
        Calls `handler` with every event of a type from here on: `key:registered` or `key:unregistered`. What a handler raises
        is logged by the name of its class, and stops nothing.

        Gives a function that ends this. Raises `INVALID_ARGUMENT` for another type.
        """
    def register(self, /, record: ApiKeyRegistryRecord) -> None:
        """
        Adds a record. Raises `CryptoError` with `REGISTRY_ID_EXISTS` where there is one of its id.
        """
    def resolve_keys_for_persona(self, /, wallet: ApiKeyWallet, persona: str) -> dict[str, str]:
        """
        The keys a persona may use, by provider, from an open wallet: strings, which nothing wipes. Records and keys that
        expired are passed over. Raises `CryptoError` with `WALLET_LOCKED`.
        """
    def unregister(self, /, id: str) -> bool:
        """
        Removes a record, if there is one; whether there was.
        """

@final
class ApiKeyRegistryRecord:
    """
    What a registry knows of a key. `scope` is `global` for everybody, or `persona` or `service` for those who are listed;
    `rpm` and `tpm` are requests and tokens per minute, kept for callers and not enforced. `created_at` is now where it is
    not given.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, id: str, provider: str, key_id: str, scope: str, *, description: str = ..., allowed_agents: Iterable[str] = ..., allowed_personas: Iterable[str] = ..., rpm: int | None = None, tpm: int | None = None, expires_at: datetime | None = None, tags: Iterable[str] = ..., created_at: datetime | None = None) -> ApiKeyRegistryRecord: ...
    def __repr__(self, /) -> str: ...
    @property
    def allowed_agents(self, /) -> list[str]:
        """
        Agents that may use it.
        """
    @property
    def allowed_personas(self, /) -> list[str]:
        """
        Personas that may use it.
        """
    @property
    def created_at(self, /) -> datetime:
        """
        When the record was made, in UTC.
        """
    @property
    def description(self, /) -> str:
        """
        For people.
        """
    @property
    def expires_at(self, /) -> datetime | None:
        """
        From when on it must not be used, in UTC.
        """
    @property
    def id(self, /) -> str:
        """
        The name of this record, unique in the registry.
        """
    @property
    def key_id(self, /) -> str:
        """
        The wallet's entry.
        """
    @property
    def provider(self, /) -> str:
        """
        Whose key it is.
        """
    @property
    def rpm(self, /) -> int | None:
        """
        Requests per minute.
        """
    @property
    def scope(self, /) -> str:
        """
        `global`, `persona` or `service`.
        """
    @property
    def tags(self, /) -> list[str]:
        """
        For people.
        """
    @property
    def tpm(self, /) -> int | None:
        """
        Tokens per minute.
        """

@final
class ApiKeyWallet:
    """
    A wallet of API keys that a password or a key of the host opens. It is a text that you keep: `load` takes it and
    `export` gives it; nothing here touches a file.

    While it is open, the first key operation after `auto_lock_timeout` minutes without one finds it locked; call `tick`
    from a timer to have it locked, and those who listen told, in time. Everything but listing needs it open, else
    `CryptoError` with `WALLET_LOCKED`.

    `m_kib`, `t` and `p` are the cost of passwords that are set from here on (Argon2id, 64 MiB and 3 passes by default).
    """
    def __new__(cls, /, *, m_kib: int | None = None, t: int | None = None, p: int | None = None) -> ApiKeyWallet: ...
    def __repr__(self, /) -> str: ...
    def add_host_key(self, /, label: str, key: Buffer | SecureBuffer) -> str:
        """
        Lets 32 bytes that the host keeps open the wallet as well, for unattended use; gives their id.
        """
    def add_key(self, /, provider: str, api_key: str | ApiKey, *, name: str | None = None, is_default: bool = False, expires_at: datetime | None = None, metadata: str | None = None) -> str:
        """
        Adds a key and gives its id. `metadata` is the text of a JSON object, stored in clear.
        """
    def change_password(self, /, old: str, new: str) -> None:
        """
        Changes the password. Only the master key is wrapped again: after a password was stolen, use `rotate_master_key` as
        well, and replace the keys.
        """
    def change_password_async(self, /, old: str, new: str) -> Coroutine[Any, Any, None]:
        """
        `change_password`, to be awaited.
        """
    def destroy(self, /) -> None:
        """
        Locks, and forgets the wallet and who listens: it is uninitialized afterwards.
        """
    def export(self, /) -> str:
        """
        The wallet as JSON, with nothing in it that is not sealed or meant to be seen while locked.
        """
    def get_key(self, /, id: str) -> str | None:
        """
        The key of an entry as a string, an explicit copy in Python's memory; `None` when there is none of this id or it
        expired. Prefer `with_key`.
        """
    def get_key_bytes(self, /, id: str) -> bytes | None:
        """
        The key of an entry as bytes, a copy as with `get_key`.
        """
    def get_key_for_provider(self, /, provider: str) -> str | None:
        """
        The provider's default key, or else its first that has not expired; a copy as with `get_key`.
        """
    def get_settings(self, /) -> WalletSettings:
        """
        A copy of the settings; the defaults of new wallets until a loaded one was opened.
        """
    def get_state(self, /) -> str:
        """
        `uninitialized`, `locked` or `unlocked`.
        """
    def host_keys(self, /) -> list[tuple[str, str]]:
        """
        Id and label of each key that was added so. Works while locked.
        """
    def initialize(self, /, password: str) -> None:
        """
        Makes a new wallet that `password` opens, and leaves it open. Raises `WALLET_EXISTS` unless uninitialized.
        """
    def initialize_async(self, /, password: str) -> Coroutine[Any, Any, None]:
        """
        `initialize`, to be awaited: the password becomes a key on a native thread.
        """
    def initialize_with_host_key(self, /, key: Buffer | SecureBuffer) -> None:
        """
        Makes a new wallet without a password, which 32 bytes that the host keeps open.
        """
    def is_unlocked(self, /) -> bool:
        """
        Whether the wallet is open.
        """
    def list_keys(self, /, provider: str | None = None) -> list[ApiKeyEntry]:
        """
        What is known of all keys, or of one provider's, in the order in which they were added. Works while locked.
        """
    def load(self, /, json: str) -> None:
        """
        Takes over the wallet in a text of `export`; it is locked afterwards. Raises `WALLET_LOAD` for any other text.
        """
    def lock(self, /) -> None:
        """
        Wipes the master key and every opened key. Nothing when not open.
        """
    def needs_rewrap(self, /) -> bool:
        """
        Whether the password costs a guesser less than is recommended today: worth a `change_password`, to the same one, while
        it is at hand.
        """
    def off(self, /, type: str, handler: Any) -> None:
        """
        Ends what `on` began. Nothing where it did not.
        """
    def on(self, /, type: str, handler: Any) -> Callable[[], object]:
        """
        Calls `handler` with every event of a type from here on, in the thread in which it happens, or of the loop that awaits
        it: `unlocked`, `locked`, `key:added`, `key:removed`, `key:accessed` (not for a key that was used in the last five
        minutes), `key:rotated`, `settings:changed`. What a handler raises is logged by the name of its class, and stops nothing.

        Gives a function that ends this. Raises `INVALID_ARGUMENT` for another type.
        """
    def remove_host_key(self, /, id: str) -> bool:
        """
        Takes such a key's right to open the wallet; false when there is none of this id.
        """
    def remove_key(self, /, id: str) -> bool:
        """
        Removes a key; false when there is none of this id.
        """
    def rotate_key(self, /, id: str, api_key: str | ApiKey) -> None:
        """
        Replaces the key of an entry, which keeps its id, name and place.
        """
    def rotate_master_key(self, /, password: str) -> None:
        """
        Seals everything under a new master key, which `password` wraps. Host keys are removed.
        """
    def rotate_master_key_async(self, /, password: str) -> Coroutine[Any, Any, None]:
        """
        `rotate_master_key`, to be awaited.
        """
    def set_default(self, /, id: str) -> None:
        """
        Makes a key its provider's default.
        """
    def tick(self, /) -> bool:
        """
        Locks when there was no key operation for as long as the settings say; whether it did.
        """
    def unlock(self, /, password: str) -> None:
        """
        Opens the wallet. Nothing when it is open already.

        Raises `INVALID_PASSWORD`, and `WALLET_TAMPERED` when the password is right and anything else was changed.
        """
    def unlock_async(self, /, password: str) -> Coroutine[Any, Any, None]:
        """
        `unlock`, to be awaited: the password becomes a key on a native thread.
        """
    def unlock_with_host_key(self, /, key: Buffer | SecureBuffer) -> None:
        """
        Opens the wallet with a key of the host.
        """
    def update_settings(self, /, *, auto_lock_timeout: int | None = None, require_password_on_access: bool | None = None, default_providers: dict[str, str] | None = None) -> WalletSettings:
        """
        Changes settings: minutes until the wallet locks itself, 0 for never; whether programs should ask for the password
        before every key they show; the id of each provider's default key. What is `None` stays.
        """
    def with_key(self, /, id: str, work: Any) -> Any:
        """
        Calls `work` with a temporary `bytearray` of an entry's key and gives what it returns. The copy is zeroed when `work`
        returns or raises. Raises `CryptoError` with `ENTRY_NOT_FOUND` where `get_key` gives `None`.
        """

@final
class ChainReport:
    """
    What was found of a chain that holds.
    """
    @property
    def path(self, /) -> list[int]:
        """
        The places in the chain of the certificates of the path, the leaf, which is 0, first.
        """
    @property
    def revocation_checked(self, /) -> bool:
        """
        Whether every certificate of the path was looked up in a revocation list.
        """
    @property
    def server_name_checked(self, /) -> bool:
        """
        Whether the leaf was held against a server name. A chain without that proves nothing about whom one talks to.
        """

@final
class KeyRegistryEvent:
    """
    Something that happened to a registry.
    """
    def __repr__(self, /) -> str: ...
    @property
    def key_id(self, /) -> str:
        """
        The wallet's entry.
        """
    @property
    def payload(self, /) -> dict[str, Any]:
        """
        `provider` and `scope` of a record that was registered.
        """
    @property
    def timestamp(self, /) -> datetime:
        """
        When, in UTC.
        """
    @property
    def type(self, /) -> str:
        """
        `key:registered` or `key:unregistered`.
        """

@final
class KeyType:
    """
    Whose API key a text is; `generic` where that is unknown.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def confidence(self, /) -> str:
        """
        `certain`, `likely`, `hint` (it fits the provider that was named, and others as well) or `unknown`.
        """
    @property
    def kind(self, /) -> str:
        """
        What kind of key of theirs.
        """
    @property
    def provider(self, /) -> str:
        """
        Who issued it.
        """

@final
class LegacyReport:
    """
    What became of each key of an older program's wallet.
    """
    @property
    def failed(self, /) -> list[tuple[int, str, str]]:
        """
        Of each key that could not be read: its place in the old file from 0, its id there, and the code that says why.
        """
    @property
    def imported(self, /) -> list[tuple[str, str, str]]:
        """
        Of each key that is in the new wallet: its id in the old file, its id now, and the provider.
        """
    @property
    def shape(self, /) -> str:
        """
        Who wrote the file: `typescript-v1`, `rust-v1`, `ui-v2` or `ui-v1`.
        """
    @property
    def unrecoverable(self, /) -> list[tuple[str, str, str]]:
        """
        Of each key that nobody can read any more: its id, provider and name as the old file says. Replace it at its provider.
        """
    @property
    def warnings(self, /) -> list[str]:
        """
        What the owner should know.
        """

@final
class PasswordStrength:
    """
    Judgement of a password. It holds nothing of the password.
    """
    def __repr__(self, /) -> str: ...
    @property
    def is_valid(self, /) -> bool:
        """
        Whether a new wallet should take it.
        """
    @property
    def problems(self, /) -> list[str]:
        """
        What is wrong, for people; empty when nothing is.
        """
    @property
    def score(self, /) -> int:
        """
        0 to 100.
        """

@final
class SecureBuffer:
    """
    Secret bytes of a fixed length, outside Python's memory, wiped by `wipe()`, at the end of a `with` block and when
    collected, never printed. Kept out of swap where the system allows; with `require_lock` it is an error where it does not.
    """
    def __enter__(self, /) -> SecureBuffer: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __exit__(self, /, _kind: Any, _error: Any, _trace: Any) -> None: ...
    def __len__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, length: int, *, require_lock: bool = False) -> SecureBuffer:
        """
        `length` zero bytes.
        """
    def __repr__(self, /) -> str: ...
    def expose(self, /) -> bytes:
        """
        An explicit copy of the secret in Python's memory, which nothing wipes for you; prefer `use`.
        """
    def expose_into(self, /, out: Buffer) -> None:
        """
        Copies the secret into a writable buffer of its length, which is yours to wipe.
        """
    @staticmethod
    def from_bytes(source: Buffer, *, wipe_source: bool = True, require_lock: bool = False) -> SecureBuffer:
        """
        Takes the bytes out of `source`, a writable buffer, which is zero afterwards; with `wipe_source=False` a copy of any
        buffer's bytes.
        """
    @property
    def is_locked(self, /) -> bool:
        """
        Whether the memory is kept out of swap. Not where the system's limit is reached, and never for no bytes.
        """
    @staticmethod
    def random(length: int, *, require_lock: bool = False) -> SecureBuffer:
        """
        `length` random bytes.
        """
    def use(self, /, work: Any) -> Any:
        """
        Calls `work` with a temporary `bytearray` of the bytes and gives what it returns. The copy is zeroed when `work`
        returns or raises; nothing that outlives the call may refer to it.
        """
    def wipe(self, /) -> None:
        """
        Overwrites the bytes and leaves the buffer empty.
        """

@final
class SecurityContext:
    """
    API keys, session keys and storage keys in wiped memory, outside Python's.

    A new one has a fresh random storage key; what it seals can be opened later only with its exported state. All methods
    may be called from several threads. `free()`, the end of a `with` block and collection wipe everything.

    `m_kib`, `t` and `p` are the cost of passwords (Argon2id, 64 MiB and 3 passes by default); suite 1 is
    XChaCha20-Poly1305, 2 is XAES-256-GCM.
    """
    def __enter__(self, /) -> SecurityContext: ...
    def __exit__(self, /, _kind: Any, _error: Any, _trace: Any) -> None: ...
    def __new__(cls, /, *, m_kib: int | None = None, t: int | None = None, p: int | None = None, suite: int = ...) -> SecurityContext: ...
    def __repr__(self, /) -> str: ...
    def authorization_header(self, /, provider: str) -> tuple[str, str]:
        """
        Name and value of the header by which the provider's interface takes its key.
        """
    def decrypt_from_session(self, /, session_id: str, envelope: Buffer, context: Buffer = ...) -> bytes:
        """
        Opens what was sealed for the session with the same `context`, under any version that is not retired.
        """
    def decrypt_from_storage(self, /, ciphertext: Buffer, context: Buffer = ...) -> bytes:
        """
        Opens an envelope with the storage key that it names.

        Raises `CryptoError` with `UNKNOWN_KEY_ID` or `KEY_RETIRED`, and `DecryptError` for changed bytes or another context.
        """
    @staticmethod
    def decrypt_legacy(format: str, data: Buffer | str, secret: Buffer | SecureBuffer | str) -> bytes:
        """
        Opens what an older system sealed. `format` is `F1` to `F5`; `data` bytes for F1 and F2, JSON as text or bytes for the
        others; `secret` the key in bytes or the password as a string. Everything that opens here should be sealed anew.
        """
    @staticmethod
    def decrypt_legacy_async(format: str, data: Buffer | str, secret: Buffer | SecureBuffer | str) -> Coroutine[Any, Any, bytes]:
        """
        `decrypt_legacy`, to be awaited.
        """
    def describe_api_key(self, /, provider: str) -> ApiKeyDescription:
        """
        What may be shown of a provider's key.
        """
    def encrypt_for_session(self, /, session_id: str, data: Buffer, context: Buffer = ...) -> bytes:
        """
        Seals data under the session's newest key, bound to session and `context`.
        """
    def encrypt_for_storage(self, /, plaintext: Buffer, context: Buffer = ...) -> bytes:
        """
        Seals data under the newest storage key, bound to `context`, which opening needs again.
        """
    def end_session(self, /, session_id: str) -> bool:
        """
        Wipes all keys of a session; whether there was one.
        """
    def export_state(self, /, password: str) -> bytes:
        """
        Everything, sealed under `password`, to be kept by the caller. The password also becomes the one to lock with if there
        was none.
        """
    def export_state_async(self, /, password: str) -> Coroutine[Any, Any, bytes]:
        """
        `export_state`, to be awaited: the password becomes a key on a native thread.
        """
    def free(self, /) -> None:
        """
        Wipes everything. Every later use but `free` raises.
        """
    def get_api_key(self, /, provider: str) -> str:
        """
        A provider's key as a string: an explicit copy in Python's memory, which nothing wipes; prefer `with_api_key` and
        `authorization_header`. Raises `CryptoError` with `KEY_NOT_FOUND`.
        """
    def get_api_key_bytes(self, /, provider: str) -> bytes:
        """
        A provider's key as bytes, a copy as with `get_api_key`.
        """
    def has_api_key(self, /, provider: str) -> bool:
        """
        Whether a provider's key is kept.
        """
    def import_legacy_api_key(self, /, provider: str, format: str, data: Buffer | str, secret: Buffer | SecureBuffer | str) -> None:
        """
        Takes in a provider's key that an older system sealed, without the key coming out in between. Arguments as for
        `decrypt_legacy`.
        """
    def import_legacy_api_key_async(self, /, provider: str, format: str, data: Buffer | str, secret: Buffer | SecureBuffer | str) -> Coroutine[Any, Any, None]:
        """
        `import_legacy_api_key`, to be awaited.
        """
    @staticmethod
    def import_state(state: Buffer, password: str, *, m_kib: int | None = None, t: int | None = None, p: int | None = None) -> SecurityContext:
        """
        The context in what `export_state` gave. `password` becomes the one to lock with. Raises `DecryptError` for a wrong
        password or changed bytes.
        """
    @staticmethod
    def import_state_async(state: Buffer, password: str, *, m_kib: int | None = None, t: int | None = None, p: int | None = None) -> Coroutine[Any, Any, SecurityContext]:
        """
        `import_state`, to be awaited.
        """
    @property
    def is_locked(self, /) -> bool:
        """
        Whether the keys are sealed.
        """
    def list_providers(self, /) -> list[str]:
        """
        The providers whose keys are kept, in alphabetical order.
        """
    def lock(self, /) -> None:
        """
        Seals everything in memory and wipes the keys. Nothing when locked already. Raises `CryptoError` with
        `PASSWORD_NOT_SET` when no password was ever given to open it with again.
        """
    def remove_api_key(self, /, provider: str) -> bool:
        """
        Removes a provider's key; whether there was one.
        """
    def retire_session_keys(self, /, session_id: str, before_version: int) -> int:
        """
        Wipes the session's keys of versions below `before_version`, but never the newest. Gives how many.
        """
    def rewrap(self, /, ciphertext: Buffer, context: Buffer = ...) -> bytes:
        """
        Opens an envelope and seals it under the newest storage key, for the same context. The plaintext stays inside.
        """
    def rewrap_many(self, /, ciphertexts: Iterable[Buffer], contexts: Iterable[Buffer]) -> list[bytes]:
        """
        `rewrap` for many records, each envelope with the context in its place. Raises for the first that fails; none is lost,
        since the old ones go on opening.
        """
    def rotate_session_key(self, /, session_id: str) -> int:
        """
        Gives a session its next key: version 1 to a new session, one more to a known one. Older versions go on opening until
        they are retired. Gives the version.
        """
    def rotate_storage_key(self, /) -> int:
        """
        Makes a new storage key, which seals from here on, and gives its number. Older ones go on opening.
        """
    def session_key_version(self, /, session_id: str) -> int | None:
        """
        The version of a session's newest key, if there is such a session.
        """
    def set_min_decryption_key_id(self, /, floor: int) -> None:
        """
        Retires the storage keys numbered below `floor`: they are wiped, and what they sealed does not open any more. There is
        no way back; rewrap first.
        """
    def set_password(self, /, password: str) -> None:
        """
        Sets the password to lock with.
        """
    def set_password_async(self, /, password: str) -> Coroutine[Any, Any, None]:
        """
        `set_password`, to be awaited.
        """
    def sign_request(self, /, provider: str, method: str, path: str, body: Buffer) -> dict[str, str]:
        """
        The headers of a request signed with the provider's key: HMAC-SHA-256 over method, path with query, time and SHA-256
        of the body. They hold no secret.
        """
    def sign_with_api_key(self, /, provider: str, data: Buffer) -> bytes:
        """
        HMAC-SHA-256 of `data` under the provider's key, 32 bytes, for interfaces with signatures of their own.
        """
    def storage_key_id(self, /) -> int:
        """
        The number of the storage key that seals.
        """
    def store_api_key(self, /, provider: str, key: str | ApiKey) -> None:
        """
        Keeps a provider's key; an older one is wiped. The key is checked leniently: what no rule knows is accepted.

        Raises `CryptoError` with `INVALID_PROVIDER`, and `KeyFormatError` for what cannot be a key.
        """
    def store_api_key_bytes(self, /, provider: str, key: Buffer, *, wipe: bool = True) -> None:
        """
        `store_api_key` for a key in a writable buffer, which is zero afterwards; with `wipe=False` for a copy of any buffer.
        """
    def unlock(self, /, password: str) -> None:
        """
        Opens what `lock` sealed. Nothing when open already. Raises `DecryptError` for a wrong password.
        """
    def unlock_async(self, /, password: str) -> Coroutine[Any, Any, None]:
        """
        `unlock`, to be awaited.
        """
    def with_api_key(self, /, provider: str, work: Any) -> Any:
        """
        Calls `work` with a temporary `bytearray` of the key and gives what it returns. The copy is zeroed when `work`
        returns or raises; nothing that outlives the call may refer to it.
        """

@final
class WalletEvent:
    """
    Something that happened to a wallet. It holds no key.
    """
    def __repr__(self, /) -> str: ...
    @property
    def data(self, /) -> dict[str, Any]:
        """
        `id` and `provider` of the key, of an added one also its `name`; the new `settings`; or nothing.
        """
    @property
    def type(self, /) -> str:
        """
        `unlocked`, `locked`, `key:added`, `key:removed`, `key:accessed`, `key:rotated` or `settings:changed`.
        """

@final
class WalletSettings:
    """
    What a wallet's owner chose.
    """
    @property
    def auto_lock_timeout(self, /) -> int:
        """
        Minutes without a key operation after which the wallet locks itself; 0 is never.
        """
    @property
    def default_providers(self, /) -> list[tuple[str, str]]:
        """
        Provider and id of each default key.
        """
    @property
    def require_password_on_access(self, /) -> bool:
        """
        Whether a program should ask for the password before every key it shows.
        """

def import_legacy_wallet(json: str, password: str, *, m_kib: int | None = None, t: int | None = None, p: int | None = None) -> tuple[ApiKeyWallet, LegacyReport]:
    """
    Reads a wallet of an older program into a new one, open, which `password` opens; beside it, what became of each key.

    Raises `CryptoError` with `INVALID_PASSWORD` when the password opens nothing and `WALLET_LOAD` for any other text.
    """

def import_legacy_wallet_async(json: str, password: str, *, m_kib: int | None = None, t: int | None = None, p: int | None = None) -> Coroutine[Any, Any, tuple[ApiKeyWallet, LegacyReport]]:
    """
    `import_legacy_wallet`, to be awaited: the passwords become keys on a native thread.
    """

def redact_for_logging(key: str | ApiKey) -> str:
    """
    The form of a key for people: a prefix that tells only whose it is, and the last four characters.
    """

def redact_text(text: str) -> str:
    """
    The text with every API key in it replaced by its redacted form. Time is linear in the text.
    """

def validate_cert_chain(chain: Iterable[Buffer]) -> None:
    """
    Whether a chain of certificates in DER, the leaf first, leads to one of Mozilla's trust anchors now, for a server.

    No name is checked: a chain that holds proves nothing about whom one talks to until its leaf has been held against a
    name with `validate_cert_chain_with`. Raises `CertError`, with the `code` and, where it can be told, the `index` of the
    certificate.
    """

def validate_cert_chain_with(chain: Iterable[Buffer], *, server_name: str | None = None, roots: Iterable[Buffer] | None = None, time: datetime | None = None, usage: str = ..., crls: Iterable[Buffer] | None = None, require_revocation: bool = False, max_depth: int = ..., min_rsa_bits: int = ..., allowed_signatures: Iterable[str] | None = None) -> ChainReport:
    """
    Judges a chain of certificates in DER, the leaf first, by what is given: the name or IP address the leaf must be for,
    trust anchors in DER instead of Mozilla's, the time instead of now, the usage `server` or `client`, revocation lists in
    DER and whether every certificate must be covered by one, the most certificates of a path (8 at most), the fewest bits
    of an RSA key (2048 at least), and the names of the signature algorithms allowed, such as `ecdsa-p256-sha256`.

    Raises `CertError`, of the path that came furthest if several were tried.
    """

def validate_key_format(key: str | ApiKey, *, provider: str | None = None, strict: bool = False) -> KeyType:
    """
    Whose key this is and how sure that is. Unknown shapes are accepted as such, unless `strict`. Nothing is sent anywhere.

    Raises `KeyFormatError` for what cannot be a key, and, when `provider` is given, for what is certainly another's.
    """

def validate_password_strength(password: str) -> PasswordStrength:
    """
    Judges a password by length and variety: 12 to 128 characters, at least three of lower case, upper case, digits and
    others, and a score of 60 or more.
    """
