"""What wallets and registries tell those who listen, and who may use which key."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from memory_system import CryptoError
from memory_system._rust.security import (
    ApiKeyRegistry,
    ApiKeyRegistryRecord,
    ApiKeyWallet,
    KeyRegistryEvent,
    WalletEvent,
    WalletSettings,
)

WEAK = {"m_kib": 8192, "t": 1, "p": 1}
SECRET = "planted-secret-0123456789abcdefghij"
WALLET_EVENTS = ("unlocked", "locked", "key:added", "key:removed", "key:accessed", "key:rotated", "settings:changed")


def refused(code: str, run: Any, *arguments: Any, **named: Any) -> None:
    with pytest.raises(CryptoError) as raised:
        run(*arguments, **named)
    assert raised.value.code == code


def opened() -> ApiKeyWallet:
    wallet = ApiKeyWallet(**WEAK)
    wallet.initialize("a password")
    return wallet


def test_a_wallet_tells_what_happens() -> None:
    wallet, seen = ApiKeyWallet(**WEAK), []
    for name in WALLET_EVENTS:
        wallet.on(name, lambda event: seen.append((event.type, event.data)))
    wallet.initialize("a password")
    key = wallet.add_key("openai", SECRET, name="main")
    wallet.get_key(key)
    wallet.get_key(key)  # From memory: not told.
    wallet.rotate_key(key, SECRET + "2")
    wallet.update_settings(auto_lock_timeout=7, default_providers={"openai": key})
    wallet.remove_key(key)
    wallet.lock()
    of_key = {"id": key, "provider": "openai"}
    assert seen[:4] == [
        ("unlocked", {}),
        ("key:added", {**of_key, "name": "main"}),
        ("key:accessed", of_key),
        ("key:rotated", of_key),
    ]
    assert [name for name, _ in seen[4:]] == ["settings:changed", "key:removed", "locked"]
    settings = seen[4][1]["settings"]
    assert isinstance(settings, WalletSettings) and settings.auto_lock_timeout == 7
    assert settings.default_providers == [("openai", key)]
    assert SECRET not in repr(seen)


def test_idleness_is_told() -> None:
    wallet = opened()
    seen: list[Any] = []
    wallet.on("locked", seen.append)
    assert not wallet.tick() and seen == []
    wallet.lock()
    assert [event.type for event in seen] == ["locked"] and isinstance(seen[0], WalletEvent)
    assert repr(seen[0]) == "WalletEvent(type='locked')"


def test_a_subscription_ends() -> None:
    class Listener:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def hear(self, event: Any) -> None:
            self.seen.append(event)

    wallet, first, second = opened(), Listener(), Listener()
    end = wallet.on("key:added", first.hear)
    wallet.on("key:added", first.hear)  # The same method, though another object: once is enough.
    wallet.on("key:added", second.hear)
    wallet.add_key("groq", SECRET)
    assert (len(first.seen), len(second.seen)) == (1, 1)
    end()
    end()
    wallet.off("key:added", second.hear)
    wallet.off("key:added", second.hear)
    wallet.add_key("groq", SECRET)
    assert (len(first.seen), len(second.seen)) == (1, 1)
    wallet.on("key:added", first.hear)
    wallet.destroy()
    wallet.initialize("a password")
    wallet.add_key("groq", SECRET)
    assert len(first.seen) == 1, "destroy forgets who listens"


def test_what_a_handler_raises_is_logged_without_its_message_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    wallet = opened()
    seen: list[Any] = []

    def fail(_: Any) -> None:
        raise ValueError(SECRET)

    wallet.on("key:added", fail)
    wallet.on("key:added", seen.append)
    with caplog.at_level(logging.ERROR, "memory_system"):
        wallet.add_key("groq", SECRET)
    assert len(seen) == 1
    assert [record.getMessage() for record in caplog.records] == ["a handler of key:added raised ValueError"]
    assert SECRET not in caplog.text

    def stop(_: Any) -> None:
        raise KeyboardInterrupt

    wallet.on("key:added", stop)
    with pytest.raises(KeyboardInterrupt):
        wallet.add_key("groq", SECRET)
    assert len(wallet.list_keys("groq")) == 2, "what was done is done"


def test_handlers_may_use_what_they_listen_to() -> None:
    wallet, seen = opened(), []

    def hear(event: Any) -> None:
        seen.append(wallet.get_key(event.data["id"]))
        end()
        wallet.lock()

    end = wallet.on("key:added", hear)
    wallet.add_key("groq", SECRET)
    assert seen == [SECRET] and not wallet.is_unlocked()


def test_unknown_events_and_wrong_handlers_are_refused() -> None:
    for listened_to in (opened(), ApiKeyRegistry()):
        for name in ("", "locked ", "key:unknown"):
            refused("INVALID_ARGUMENT", listened_to.on, name, print)
            refused("INVALID_ARGUMENT", listened_to.off, name, print)
        for handler in (None, 7, "text"):
            with pytest.raises(TypeError, match="callable"):
                listened_to.on("locked" if isinstance(listened_to, ApiKeyWallet) else "key:registered", handler)
        with pytest.raises(TypeError):
            listened_to.on(7, print)  # type: ignore[arg-type]


def test_a_cycle_through_a_handler_is_collected() -> None:
    class Listener:
        wallet: ApiKeyWallet

        def hear(self, event: Any) -> None: ...

    listener = Listener()
    listener.wallet = opened()
    listener.wallet.on("locked", listener.hear)
    gone = weakref.ref(listener)
    del listener
    gc.collect()
    assert gone() is None


def test_threads_tell_all() -> None:
    wallet, seen = opened(), []
    wallet.on("key:added", lambda event: seen.append(event.data["id"]))
    threads = [threading.Thread(target=lambda: [wallet.add_key("groq", SECRET) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(entry.id for entry in wallet.list_keys()) and len(seen) == 200


def test_a_registry_says_who_may_use_what() -> None:
    wallet, registry = opened(), ApiKeyRegistry()
    seen: list[Any] = []
    registry.on("key:registered", seen.append)
    registry.on("key:unregistered", seen.append)
    soon, past = datetime.now(timezone.utc) + timedelta(days=1), datetime(2020, 1, 1, tzinfo=timezone.utc)
    keys = {provider: wallet.add_key(provider, f"{SECRET}-{provider}") for provider in ("groq", "xai", "cohere", "nomic")}
    records = [
        ApiKeyRegistryRecord("a", "groq", keys["groq"], "global", description="for all", tags=["x"], rpm=60),
        ApiKeyRegistryRecord("b", "xai", keys["xai"], "persona", allowed_personas=["ada"], expires_at=soon),
        ApiKeyRegistryRecord("c", "cohere", keys["cohere"], "service", allowed_agents=["bot"]),
        ApiKeyRegistryRecord("d", "nomic", keys["nomic"], "global", expires_at=past),
        ApiKeyRegistryRecord("e", "openai", keys["xai"], "global"),
    ]
    for record in records:
        registry.register(record)
    refused("REGISTRY_ID_EXISTS", registry.register, ApiKeyRegistryRecord("a", "xai", keys["xai"], "global"))
    assert list(registry.list()) == records
    found = registry.get("a")
    assert found is not None and found == records[0] and registry.get("none") is None
    assert (found.id, found.provider, found.key_id, found.scope) == ("a", "groq", keys["groq"], "global")
    assert (found.description, found.tags, found.rpm, found.tpm) == ("for all", ["x"], 60, None)
    assert abs(found.created_at - datetime.now(timezone.utc)) < timedelta(minutes=5) and found.expires_at is None
    assert records[3].expires_at == past

    def ids(records: Any) -> list[str]:
        return [record.id for record in records]

    assert ids(registry.find_by_provider("xai")) == ["b"]
    assert ids(registry.find_allowed_for_persona("ada")) == ["a", "b", "d", "e"]
    assert ids(registry.find_allowed_for_agent("bot")) == ["a", "c", "d", "e"]
    # Expired records, and those that name another provider's key, give nothing.
    accessed: list[Any] = []
    wallet.on("key:accessed", accessed.append)
    assert registry.resolve_keys_for_persona(wallet, "ada") == {"groq": f"{SECRET}-groq", "xai": f"{SECRET}-xai"}
    assert len(accessed) == 2
    assert registry.unregister("a") and not registry.unregister("a")
    assert [(event.type, event.key_id, event.payload) for event in (seen[0], seen[-1])] == [
        ("key:registered", keys["groq"], {"provider": "groq", "scope": "global"}),
        ("key:unregistered", keys["groq"], {}),
    ]
    assert all(isinstance(event, KeyRegistryEvent) and event.timestamp.tzinfo is not None for event in seen)
    wallet.lock()
    refused("WALLET_LOCKED", registry.resolve_keys_for_persona, wallet, "ada")
    assert SECRET not in repr(registry) + repr(records) + repr(seen)


def test_bad_records_are_refused_and_the_registry_goes_on() -> None:
    registry = ApiKeyRegistry()
    refused("INVALID_ARGUMENT", ApiKeyRegistryRecord, "a", "groq", "k", "everybody")
    refused("INVALID_PROVIDER", ApiKeyRegistryRecord, "a", "no/provider", "k", "global")
    refused("INVALID_ARGUMENT", ApiKeyRegistryRecord, "a", "groq", "k", "global", rpm=-1)
    for arguments in (("", "groq", "k", "global"), ("a" * 2000, "groq", "k", "global"), ("a", "groq", "k" * 2000, "global")):
        refused("INVALID_ARGUMENT", registry.register, ApiKeyRegistryRecord(*arguments))
    many = [str(number) for number in range(2000)]
    refused("LIMIT_EXCEEDED", registry.register, ApiKeyRegistryRecord("a", "groq", "k", "global", tags=many))
    with pytest.raises(TypeError, match="time zone"):
        ApiKeyRegistryRecord("a", "groq", "k", "global", expires_at=datetime(2030, 1, 1))
    with pytest.raises(TypeError):
        ApiKeyRegistryRecord("a", "groq", "k", "global", tags="text")
    wrong: Any
    for wrong in ({}, None, "a"):
        with pytest.raises(TypeError):
            registry.register(wrong)
    registry.register(ApiKeyRegistryRecord("a", "groq", "k", "global"))
    assert len(registry.list()) == 1


def test_host_keys_are_named_and_removed() -> None:
    wallet, key = opened(), bytes(range(32))
    first = wallet.add_host_key("server", key)
    assert wallet.host_keys() == [(first, "server")]
    assert wallet.remove_host_key(first) and not wallet.remove_host_key(first)
    wallet.lock()
    refused("INVALID_PASSWORD", wallet.unlock_with_host_key, key)
    refused("INVALID_HEX", wallet.remove_host_key, "no id")
