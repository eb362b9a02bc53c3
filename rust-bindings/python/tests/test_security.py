"""Keys in memory, wallets, and the rules for keys, passwords and certificates, through the wheel."""

from __future__ import annotations

import gc
import json
import logging
import pickle
import threading
import traceback
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from vectors import Case, File, check, secure

from memory_system import CertError, CryptoError, DecryptError, KeyFormatError
from memory_system._rust import crypto, security
from memory_system._rust.security import ApiKey, ApiKeyWallet, SecureBuffer, SecurityContext

SECURITY = File("rust-security/vectors/security.json")
KEYS = File("rust-crypto/vectors/api_keys.json")
TLS = File("rust-crypto/vectors/tls.json")
WEAK = {"m_kib": 8192, "t": 1, "p": 1}
# Planted where secrets go, and looked for where they must not come out.
SECRET = "planted-secret-0123456789abcdefghij"


def refused(code: str, run: Any, *arguments: Any, **named: Any) -> CryptoError:
    with pytest.raises(CryptoError) as raised:
        run(*arguments, **named)
    assert raised.value.code == code
    return raised.value


# API keys: their rules.


def test_keys_are_recognised() -> None:
    for case in KEYS.walk("validate"):
        key = "".join(case["key"])
        options = {"provider": case.get("provider"), "strict": case.get("strict", False)}

        def run(key: Any = key, options: Any = options) -> dict[str, str]:
            found = security.validate_key_format(key, **options)
            return {"provider": found.provider, "kind": found.kind, "confidence": found.confidence}

        check(case, run)
        check(case, lambda: run(ApiKey(key)))  # noqa: B023


def test_keys_are_redacted() -> None:
    for case in KEYS.walk("redact_key"):
        key = "".join(case["key"])
        assert security.redact_for_logging(key) == ApiKey(key).redacted() == case["expected"]
    for case in KEYS.walk("redact_text"):
        redacted = security.redact_text("".join(case["text"]))
        assert redacted == security.redact_text(redacted) == case["expected"]


def test_a_key_is_held_lent_wiped_and_never_shown() -> None:
    source = bytearray(SECRET.encode())
    key = ApiKey.from_bytes(source)
    assert not any(source) and len(key) == len(SECRET)
    assert key == ApiKey(SECRET) and key != ApiKey(SECRET[:-1]) and key == key
    assert key.expose() == SECRET and key.expose_bytes() == SECRET.encode()
    kept: list[bytearray] = []

    def use(lent: bytearray) -> str:
        kept.append(lent)
        return lent.decode().upper()

    assert key.use(use) == SECRET.upper() and kept[0] == bytes(len(SECRET)), "what was lent is wiped"

    def fail(lent: bytearray) -> None:
        kept.append(lent)
        raise LookupError("inside")

    with pytest.raises(LookupError):
        key.use(fail)
    assert kept[1] == bytes(len(SECRET))

    async def late(lent: bytearray) -> None: ...

    with pytest.raises(TypeError, match="asynchronous"), pytest.warns(RuntimeWarning):
        key.use(late)
        gc.collect()
    assert SECRET not in repr(key) + str(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        hash(key)
    with key:
        pass
    assert len(key) == 0
    with pytest.raises(TypeError):
        ApiKey.from_bytes(b"read-only")
    assert ApiKey.from_bytes(b"read-only", wipe_source=False).expose() == "read-only"


def test_secure_buffers() -> None:
    source = bytearray(b"hunter2" * 5)
    secret = SecureBuffer.from_bytes(source)
    assert not any(source) and secret.expose() == b"hunter2" * 5 and len(secret) == 35
    assert secret == secure(b"hunter2" * 5) and secret == secret and secret != SecureBuffer.random(35)
    assert "hunter" not in repr(secret) + str(secret)
    out = bytearray(35)
    secret.expose_into(out)
    assert out == b"hunter2" * 5 == secret.use(bytes)
    refused("INVALID_ARGUMENT", secret.expose_into, bytearray(34))
    assert isinstance(secret.is_locked, bool)
    with SecureBuffer(4) as zeros:
        assert zeros.expose() == bytes(4)
    assert len(zeros) == 0 and not zeros.is_locked
    secret.wipe()
    assert secret.expose() == b""
    refused("INVALID_KEY_LENGTH", crypto.xchacha20poly1305_encrypt, b"", secret)
    refused("MEMORY_NOT_LOCKED", SecureBuffer, 0, require_lock=True)
    for length in (-1, 1 << 31, 1 << 80):
        refused("INVALID_ARGUMENT", SecureBuffer, length)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_passwords_are_judged() -> None:
    for case in SECURITY.walk("password_strength"):
        found = security.validate_password_strength(case["password"])
        assert (found.is_valid, found.score, found.problems) == (case["isValid"], case["score"], case["problems"])
        assert not case["password"] or case["password"] not in repr(found)


# The context.


def test_keys_in_a_context() -> None:
    with SecurityContext(**WEAK) as context:
        context.store_api_key(" OpenAI ", SECRET)
        source = bytearray(b"another-made-up-key")
        context.store_api_key_bytes("groq", source)
        context.store_api_key_bytes("xai", b"read-only-made-up-key", wipe=False)
        held = ApiKey("a-key-that-is-held-here")
        context.store_api_key("nomic", held)
        assert not any(source) and held.expose() == context.get_api_key("nomic")
        assert context.list_providers() == ["groq", "nomic", "openai", "xai"]
        assert context.get_api_key("openai") == SECRET and context.get_api_key_bytes("OPENAI") == SECRET.encode()
        assert context.has_api_key("groq") and context.remove_api_key("groq")
        assert not context.has_api_key("groq") and not context.remove_api_key("groq")
        kept: list[bytearray] = []
        assert context.with_api_key("openai", lambda lent: kept.append(lent) or len(lent)) == len(SECRET)  # type: ignore[func-returns-value]
        assert not any(kept[0])
        described = context.describe_api_key("openai")
        assert (described.detected_provider, described.kind, described.confidence) == ("generic", "generic", "unknown")
        assert described.redacted == "..." + SECRET[-4:]
        assert abs(described.stored_at - datetime.now(timezone.utc)) < timedelta(minutes=5)
        assert context.authorization_header("openai") == ("authorization", f"Bearer {SECRET}")
        assert context.sign_with_api_key("openai", b"data") == crypto.hmac_sha256(SECRET.encode(), b"data")
        error = refused("KEY_NOT_FOUND", context.get_api_key, "groq")
        assert str(error) == "No API key stored for provider: groq"
        refused("INVALID_PROVIDER", context.store_api_key, "not a provider", SECRET)
        assert isinstance(refused("TooShort", context.store_api_key, "groq", "short"), KeyFormatError)
    refused("INVALID_ARGUMENT", context.list_providers)
    context.free()


def test_providers_are_read() -> None:
    context, wallet = SecurityContext(**WEAK), ApiKeyWallet(**WEAK)
    wallet.initialize_with_host_key(bytes(range(32)))
    for case in SECURITY.walk("provider"):
        for expected, add in ((case["context"], context.store_api_key), (case["wallet"], wallet.add_key)):
            if "error" in expected:
                refused(expected["error"], add, case["text"], "made-up-key-0123456789")
                continue
            add(case["text"], "made-up-key-0123456789")
            names = context.list_providers() + [entry.provider for entry in wallet.list_keys()]
            assert expected["name"] in names


def test_requests_are_signed() -> None:
    context = SecurityContext(**WEAK)
    for case in SECURITY.walk("sign_request"):
        context.store_api_key("openai", case["key"])
        headers = context.sign_request("openai", case["method"], case["path"], case["body"].encode())
        assert set(headers) == {"x-chrysalis-timestamp", "x-chrysalis-content-sha256", "x-chrysalis-signature"}
        assert headers["x-chrysalis-content-sha256"] == case["contentSha256"]
        # The clock is the system's, so the signature is made again for its time, and the vector's for its own.
        for time, signature in (
            (headers["x-chrysalis-timestamp"], headers["x-chrysalis-signature"]), (str(case["timeMs"]), case["signature"]),
        ):  # fmt: skip
            signed = case["stringToSign"].replace(str(case["timeMs"]), time)
            assert signature == "v1=" + crypto.hmac_sha256(case["key"].encode(), signed.encode()).hex()
    refused("INVALID_ARGUMENT", context.sign_request, "openai", "get", "/", b"")


def test_storage_keys_rotate_and_retire() -> None:
    context = SecurityContext(**WEAK)
    first = context.encrypt_for_storage(b"draft", b"documents/7")
    assert first[:4] == b"CNE1" and crypto.describe_envelope(first).key_id == context.storage_key_id() == 1
    assert context.decrypt_from_storage(first, b"documents/7") == b"draft"
    refused("DECRYPT_FAILED", context.decrypt_from_storage, first, b"documents/8")
    assert context.rotate_storage_key() == 2
    again = context.rewrap(first, b"documents/7")
    assert crypto.describe_envelope(again).key_id == 2
    many = context.rewrap_many([first, bytearray(again)], [b"documents/7"] * 2)
    assert [context.decrypt_from_storage(sealed, b"documents/7") for sealed in many] == [b"draft"] * 2
    refused("INVALID_ARGUMENT", context.rewrap_many, [first], [])
    context.set_min_decryption_key_id(2)
    refused("KEY_RETIRED", context.decrypt_from_storage, first, b"documents/7")
    refused("KEY_RETIRED", context.rewrap_many, [again, first], [b"documents/7"] * 2)
    assert context.decrypt_from_storage(memoryview(again), b"documents/7") == b"draft"
    refused("UNKNOWN_KEY_ID", context.decrypt_from_storage, crypto.seal(b"", bytes(32), b"", key_id=9))
    refused("UNSUPPORTED", context.decrypt_from_storage, b"?" * 100)
    assert context.decrypt_from_storage(context.encrypt_for_storage(b"")) == b""
    nist = SecurityContext(**WEAK, suite=2)
    assert crypto.describe_envelope(nist.encrypt_for_storage(b"")).suite == 2


def test_sessions() -> None:
    context = SecurityContext(**WEAK)
    refused("SESSION_NOT_FOUND", context.encrypt_for_session, "s", b"")
    assert context.session_key_version("s") is None
    assert context.rotate_session_key("s") == 1
    first = context.encrypt_for_session("s", b"one", b"place")
    assert context.rotate_session_key("s") == context.session_key_version("s") == 2
    context.rotate_session_key("t")
    assert context.decrypt_from_session("s", first, b"place") == b"one"
    refused("DECRYPT_FAILED", context.decrypt_from_session, "s", first)
    refused("DECRYPT_FAILED", context.decrypt_from_session, "t", first, b"place")
    assert context.retire_session_keys("s", 2) == 1
    refused("KEY_RETIRED", context.decrypt_from_session, "s", first, b"place")
    assert context.end_session("s") and not context.end_session("s")
    for wrong in ("", "x" * 257):
        refused("INVALID_ARGUMENT", context.rotate_session_key, wrong)


def test_states_are_kept_and_locked() -> None:
    context = SecurityContext(**WEAK)
    refused("PASSWORD_NOT_SET", context.lock)
    context.store_api_key("openai", SECRET)
    state = context.export_state("a password")
    assert SECRET.encode() not in state
    context.lock()
    assert context.is_locked
    refused("CONTEXT_LOCKED", context.get_api_key, "openai")
    assert isinstance(refused("DECRYPT_FAILED", context.unlock, "another"), DecryptError)
    context.unlock("a password")
    assert not context.is_locked and context.get_api_key("openai") == SECRET
    refused("DECRYPT_FAILED", SecurityContext.import_state, state, "another", **WEAK)
    again = SecurityContext.import_state(state, "a password", **WEAK)
    assert again.decrypt_from_storage(context.encrypt_for_storage(b"x")) == b"x"
    context.set_password("new password")
    refused("INVALID_ARGUMENT", context.set_password, "")
    refused("UNSUPPORTED", SecurityContext, m_kib=1)


def test_states_of_the_vectors_import() -> None:
    for case in SECURITY.walk("state"):
        context = SecurityContext.import_state(bytes.fromhex(case["state"]), case["password"], **WEAK)
        for provider, key in case["apiKeys"].items():
            assert context.get_api_key(provider) == key
        assert context.storage_key_id() == case["storageKeyId"]
        assert context.session_key_version("session") == case["sessionVersion"]
        for record in case["storage"]:
            envelope, place = bytes.fromhex(record["envelope"]), record["context"].encode()
            assert context.decrypt_from_storage(envelope, place).decode() == record["text"]
        for record in case["session"]:
            envelope, place = bytes.fromhex(record["envelope"]), record["context"].encode()
            assert context.decrypt_from_session("session", envelope, place).decode() == record["text"]


def test_threads_share_a_context() -> None:
    context = SecurityContext(**WEAK)
    context.store_api_key("openai", SECRET)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for i in range(60):
                sealed = context.encrypt_for_storage(bytes(3000), b"place")
                if i % 20 == 0:
                    context.rotate_storage_key()
                assert context.decrypt_from_storage(context.rewrap(sealed, b"place"), b"place") == bytes(3000)
                assert context.get_api_key("openai") == SECRET
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and context.storage_key_id() == 13


# Wallets.


def opened(case: Case) -> list[Any]:
    """What opens a case's wallet, each to be called."""

    def with_password() -> ApiKeyWallet:
        wallet = ApiKeyWallet(**WEAK)
        wallet.load(case["file"])
        wallet.unlock(case["password"])
        return wallet

    def with_host_key() -> ApiKeyWallet:
        wallet = ApiKeyWallet(**WEAK)
        wallet.load(case["file"])
        wallet.unlock_with_host_key(bytes.fromhex(case["hostKey"]))
        return wallet

    ways = [way for name, way in (("password", with_password), ("hostKey", with_host_key)) if case.get(name)]
    assert ways
    return ways


def test_wallets_of_the_vectors() -> None:
    for case in SECURITY.walk("wallet"):
        for way in opened(case):
            wallet = way()
            assert wallet.export() == case["file"]
            assert wallet.get_settings().auto_lock_timeout == case["autoLockTimeout"]
            entries = wallet.list_keys()
            assert [(entry.id, entry.name) for entry in entries] == [(key["id"], key["name"]) for key in case["keys"]]
            for entry, key in zip(entries, case["keys"]):
                is_expired = entry.expires_at is not None and entry.expires_at < datetime.now(timezone.utc)
                assert wallet.get_key(key["id"]) == (None if is_expired else key["key"])
    for case in SECURITY.walk("wallet_refused"):
        for way in opened(case):
            refused(case["error"], way)


def test_wallets_of_older_programs() -> None:
    for case in SECURITY.walk("legacy_wallet"):
        wallet, report = security.import_legacy_wallet(case["file"], case["password"], **WEAK)
        assert report.shape == case["shape"] and len(report.unrecoverable) == case["unrecoverable"]
        assert [key["provider"] for key in case["imported"]] == [provider for _, _, provider in report.imported]
        for key in case["imported"]:
            assert wallet.get_key_for_provider(key["provider"]) == key["key"]
        assert isinstance(report.warnings, list) and isinstance(report.failed, list)
    refused("WALLET_LOAD", security.import_legacy_wallet, "{}", "password", **WEAK)


def test_a_wallet_from_beginning_to_end() -> None:
    wallet = ApiKeyWallet(**WEAK)
    assert wallet.get_state() == "uninitialized" and wallet.list_keys() == []
    refused("WALLET_UNINITIALIZED", wallet.export)
    wallet.initialize("a password")
    refused("WALLET_EXISTS", wallet.initialize, "a password")
    expires = datetime.now(timezone.utc) + timedelta(days=1)
    key_id = wallet.add_key("openai", SECRET, name="main", is_default=True, expires_at=expires, metadata='{"team": 7}')
    other = wallet.add_key("openai", ApiKey("made-up-key-0123456789"))
    (entry, second) = wallet.list_keys("openai")
    assert (entry.id, entry.name, entry.provider, entry.is_default) == (key_id, "main", "openai", True)
    assert entry.key_prefix == SECRET[:8] + "..." and entry.metadata is not None and json.loads(entry.metadata) == {"team": 7}
    assert entry.expires_at is not None and abs(entry.expires_at - expires) < timedelta(seconds=1)
    assert (second.name, second.metadata, second.last_used_at) == ("openai key", None, None)
    assert wallet.get_key(key_id) == wallet.get_key_for_provider("openai") == SECRET
    assert wallet.get_key_bytes(key_id) == SECRET.encode() and wallet.with_key(key_id, len) == len(SECRET)
    assert wallet.get_key("0" * 32) is None and wallet.get_key_for_provider("groq") is None
    refused("ENTRY_NOT_FOUND", wallet.with_key, "0" * 32, len)
    wallet.set_default(other)
    assert wallet.get_settings().default_providers == [("openai", other)]
    wallet.rotate_key(other, "another-made-up-key-9876543210")
    assert wallet.get_key_for_provider("openai") == "another-made-up-key-9876543210"
    assert wallet.remove_key(other) and not wallet.remove_key(other)
    assert wallet.update_settings(auto_lock_timeout=5).auto_lock_timeout == 5
    refused("INVALID_ARGUMENT", wallet.update_settings, auto_lock_timeout=1 << 30)
    assert not wallet.tick()
    wallet.add_host_key("server", bytes(range(32)))
    file = wallet.export()
    assert SECRET not in file and SECRET[:8] not in file
    wallet.lock()
    assert wallet.get_state() == "locked" and not wallet.is_unlocked()
    assert [entry.key_prefix for entry in wallet.list_keys()] == ["..." + SECRET[-4:]]
    refused("WALLET_LOCKED", wallet.get_key, key_id)
    refused("INVALID_PASSWORD", wallet.unlock, "another")
    again = ApiKeyWallet(**WEAK)
    again.load(file)
    again.unlock_with_host_key(secure(bytes(range(32))))
    assert again.get_key(key_id) == SECRET
    again.change_password("a password", "new password")
    again.rotate_master_key("new password")
    again.lock()
    refused("INVALID_PASSWORD", again.unlock, "a password")
    again.unlock("new password")
    assert again.needs_rewrap() and "unlocked" in repr(again)
    again.destroy()
    assert again.get_state() == "uninitialized"
    refused("WALLET_LOAD", wallet.load, "{}")
    with pytest.raises(TypeError, match="time zone"):
        wallet.add_key("openai", SECRET, expires_at=datetime(2030, 1, 1))


# Certificates.


def test_chains_are_judged() -> None:
    ders = [bytes.fromhex(der) for der in TLS.content["certificates"]]
    TLS.unread.discard("certificates")
    names = {
        "serverName": "server_name", "requireRevocation": "require_revocation", "maxDepth": "max_depth",
        "minRsaBits": "min_rsa_bits", "allowedSignatures": "allowed_signatures",
    }  # fmt: skip
    for case in TLS.walk("cases"):
        chain = [ders[i] for i in case["chain"]]
        options = {names.get(name, name): value for name, value in case["options"].items()}
        options["time"] = datetime.fromtimestamp(options["time"] / 1000, timezone.utc)
        if "crls" in options:
            options["crls"] = [bytes.fromhex(crl) for crl in options["crls"]]
        options["roots"] = [bytearray(ders[i]) for i in case["roots"]]
        if "error" in case:
            with pytest.raises(CertError) as raised:
                security.validate_cert_chain_with(chain, **options)
            assert (raised.value.code, raised.value.index) == (case["error"], case.get("index"))
        else:
            report = security.validate_cert_chain_with(chain, **options)
            assert case["expected"] == {
                "path": report.path,
                "revocationChecked": report.revocation_checked,
                "serverNameChecked": report.server_name_checked,
            }


def test_chains_against_the_roots_of_the_web() -> None:
    (first, *_) = (bytes.fromhex(der) for der in TLS.content["certificates"])
    for chain, code in (([], "EmptyChain"), ([b"not a certificate"], "BadDer"), ([first], "UnknownIssuer")):
        error = refused(code, security.validate_cert_chain, chain)
    assert isinstance(error, CertError)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.index) == (CertError, error.code, error.index)
    refused("UNSUPPORTED", security.validate_cert_chain_with, [first], usage="anything")
    refused("UNSUPPORTED", security.validate_cert_chain_with, [first], allowed_signatures=["md5"])


# What is nobody's business.


def test_no_error_and_no_repr_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    context, wallet = SecurityContext(**WEAK), ApiKeyWallet(**WEAK)
    context.store_api_key("openai", SECRET)
    context.set_password(SECRET)
    wallet.initialize(SECRET)
    wallet.add_key("openai", SECRET)
    bad_text, bad_bytes = SECRET + "\udc80", SECRET.encode()
    attempts: list[Any] = [
        lambda: context.store_api_key(SECRET + " !", "x" * 20), lambda: context.store_api_key("openai", SECRET + " "),
        lambda: context.store_api_key("openai", bad_text), lambda: context.get_api_key(bad_text),
        lambda: context.store_api_key("openai", 5), lambda: context.rotate_session_key(SECRET * 20),  # type: ignore[arg-type]
        lambda: context.sign_request("openai", SECRET, "/", b""), lambda: context.decrypt_from_session(SECRET, bad_bytes),
        lambda: SecurityContext.import_state(bad_bytes, SECRET), lambda: SecurityContext.decrypt_legacy(SECRET, b"", b""),
        lambda: SecurityContext.decrypt_legacy("F3", SECRET, SECRET), lambda: SecurityContext.decrypt_legacy("F1", bad_bytes, bytes(32)),
        lambda: wallet.load(SECRET), lambda: wallet.load('{"version": 2, "walletId": "%s"}' % SECRET),
        lambda: wallet.initialize(SECRET), lambda: wallet.set_default(SECRET), lambda: wallet.add_key("openai", bad_text),
        lambda: wallet.add_key("openai", SECRET, metadata=SECRET), lambda: security.import_legacy_wallet(SECRET, SECRET),
        lambda: security.validate_key_format(SECRET, strict=True), lambda: security.validate_key_format(SECRET + '"'),
        lambda: security.redact_for_logging(bad_text), lambda: security.validate_password_strength(bad_text),
        lambda: crypto.Ed25519KeyPair.from_secret(bad_bytes), lambda: crypto.aes_gcm_encrypt(b"", bad_bytes),
        lambda: crypto.ed25519_verify_hex(SECRET, b"", SECRET), lambda: crypto.seal_with_password(b"", bad_text, b""),
        lambda: crypto.compute_state_hash_canonical(SECRET), lambda: crypto.hpke_seal(bytes(32), b"", b"", b"", aead=SECRET),
        lambda: SecureBuffer.from_bytes(SECRET), lambda: ApiKey(bad_bytes),  # type: ignore[arg-type]
    ]  # fmt: skip
    for number, attempt in enumerate(attempts):
        with pytest.raises((CryptoError, TypeError)) as raised:
            attempt()
        error = raised.value
        shown = f"{error} {error!r} {error.args} {vars(error)} {error.__cause__!r} {error.__context__!r}"
        assert "planted" not in shown and "0123456789" not in shown, number
        with caplog.at_level(logging.ERROR):
            logging.error("failed: %s", error, exc_info=error)
        frames = traceback.format_exception_only(type(error), error)
        assert "planted" not in "".join(frames)
    assert "planted" not in "".join(record.getMessage() for record in caplog.records)
    for value in (context, wallet, context.describe_api_key("openai"), wallet.list_keys()[0], wallet.get_settings()):
        assert "planted" not in repr(value) + str(value)
    for value in (context, wallet):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_the_modules_can_be_imported_from() -> None:
    from memory_system._rust.security import redact_text

    assert redact_text("nothing here") == "nothing here"
    assert SecurityContext.__module__ == "memory_system._rust.security"


def test_every_section_of_the_vectors_is_read() -> None:
    for file in (SECURITY, KEYS, TLS):
        assert not file.unread
