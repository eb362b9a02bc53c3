"""What is awaited instead of waited for: keys of passwords are made on native threads while the event loop goes on."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Coroutine
from typing import Any

import pytest
from vectors import File

from memory_system import CryptoError, DecryptError, _bridge
from memory_system._rust import Port, crypto, security
from memory_system._rust.security import ApiKeyWallet, SecurityContext

SECURITY = File("rust-security/vectors/security.json")
WEAK = {"m_kib": 8192, "t": 1, "p": 1}
PASSWORD = "Blue-Kettle-42-Rain"
SECRET = "planted-secret-0123456789abcdefghij"


async def refused(code: str, coroutine: Awaitable[Any]) -> CryptoError:
    with pytest.raises(CryptoError) as raised:
        await coroutine
    assert raised.value.code == code
    assert PASSWORD not in str(raised.value) and SECRET not in str(raised.value)
    return raised.value


async def turns_during(coroutine: Coroutine[Any, Any, Any]) -> int:
    """How often the loop comes round while it waits."""
    task, turns = asyncio.ensure_future(coroutine), 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    task.result()
    return turns


def test_a_context_is_kept_locked_and_brought_back() -> None:
    async def run() -> None:
        context = SecurityContext(**WEAK)
        context.store_api_key("openai", SECRET)
        state = await context.export_state_async(PASSWORD)
        # The twins make one format.
        assert SecurityContext.import_state(state, PASSWORD).get_api_key("openai") == SECRET
        copy = await SecurityContext.import_state_async(context.export_state(PASSWORD), PASSWORD, **WEAK)
        assert copy.get_api_key("openai") == SECRET
        error = await refused("DECRYPT_FAILED", SecurityContext.import_state_async(state, "wrong"))
        assert isinstance(error, DecryptError)
        await refused("INVALID_ARGUMENT", SecurityContext.import_state_async(state, ""))
        await refused("DATA_TOO_SHORT", SecurityContext.import_state_async(state[:20], PASSWORD))

        await context.set_password_async("another")
        context.lock()
        await refused("CONTEXT_LOCKED", context.export_state_async(PASSWORD))
        await refused("CONTEXT_LOCKED", context.set_password_async(PASSWORD))
        await refused("DECRYPT_FAILED", context.unlock_async(PASSWORD))
        await refused("INVALID_ARGUMENT", context.unlock_async(""))
        assert context.is_locked
        await context.unlock_async("another")
        await context.unlock_async("whatever, for it is open")
        assert context.get_api_key("openai") == SECRET
        context.free()
        with pytest.raises(CryptoError, match="freed"):
            await context.unlock_async(PASSWORD)

    asyncio.run(run())


def test_what_older_systems_sealed_opens() -> None:
    async def run() -> None:
        key = bytes(range(32))
        sealed = crypto.aes_gcm_encrypt(SECRET.encode(), key)
        with_password = crypto.encrypt_with_password(SECRET.encode(), PASSWORD)
        assert await SecurityContext.decrypt_legacy_async("F1", sealed, key) == SECRET.encode()
        assert await SecurityContext.decrypt_legacy_async("F2", with_password, PASSWORD) == SECRET.encode()
        await refused("DECRYPT_FAILED", SecurityContext.decrypt_legacy_async("F2", with_password, "wrong"))
        await refused("SERIALIZATION", SecurityContext.decrypt_legacy_async("F5", "no JSON", PASSWORD))
        with pytest.raises(CryptoError, match="Unsupported"):
            await SecurityContext.decrypt_legacy_async("F6", sealed, key)
        context = SecurityContext()
        await context.import_legacy_api_key_async("openai", "F2", with_password, PASSWORD)
        assert context.get_api_key("openai") == SECRET
        for case in SECURITY.walk("legacy_wallet"):
            wallet, report = await security.import_legacy_wallet_async(case["file"], case["password"], **WEAK)
            assert report.shape == case["shape"] and len(report.imported) == len(case["imported"])
            assert wallet.is_unlocked()
        await refused("WALLET_LOAD", security.import_legacy_wallet_async("{}", PASSWORD))

    asyncio.run(run())


def test_a_wallet_from_beginning_to_end() -> None:
    async def run() -> None:
        wallet = ApiKeyWallet(**WEAK)
        seen: list[str] = []
        for name in ("unlocked", "locked"):
            wallet.on(name, lambda event: seen.append(event.type))
        await refused("WALLET_UNINITIALIZED", wallet.unlock_async(PASSWORD))
        await wallet.initialize_async(PASSWORD)
        await refused("WALLET_EXISTS", wallet.initialize_async(PASSWORD))
        key = wallet.add_key("openai", SECRET)
        wallet.lock()
        await refused("INVALID_PASSWORD", wallet.unlock_async("wrong"))
        await wallet.unlock_async(PASSWORD)
        await wallet.change_password_async(PASSWORD, "another")
        await refused("INVALID_PASSWORD", wallet.change_password_async(PASSWORD, "third"))
        await wallet.rotate_master_key_async("another")
        wallet.lock()
        await wallet.unlock_async("another")
        assert wallet.get_key(key) == SECRET
        assert seen == ["unlocked", "locked", "unlocked", "locked", "unlocked"]

    asyncio.run(run())


def test_the_loop_goes_on_meanwhile() -> None:
    async def run() -> None:
        context, wallet = SecurityContext(), ApiKeyWallet()
        for work in (context.export_state_async(PASSWORD), wallet.initialize_async(PASSWORD)):
            # Not a time: a loop that was blocked for the whole derivation turned once or twice.
            assert await turns_during(work) > 10
        # Many at once are more than there are threads.
        states = await asyncio.gather(*(SecurityContext(**WEAK).export_state_async(PASSWORD) for _ in range(20)))
        assert len(set(states)) == 20

    asyncio.run(run())


def test_arguments_are_taken_as_they_are_at_the_call() -> None:
    async def run() -> None:
        state = bytearray(SecurityContext(**WEAK).export_state(PASSWORD))
        later = SecurityContext.import_state_async(state, PASSWORD, **WEAK)
        state[:] = bytes(len(state))
        assert not (await later).is_locked

    asyncio.run(run())


def test_a_cancelled_call_leaves_the_port_as_it_was() -> None:
    async def run() -> None:
        calls = [asyncio.ensure_future(SecurityContext().export_state_async(PASSWORD)) for _ in range(30)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        assert all(isinstance(done, asyncio.CancelledError) for done in await asyncio.gather(*calls, return_exceptions=True))
        port = _bridge._port_of(asyncio.get_running_loop())
        while port.places < Port.CAPACITY:
            await asyncio.sleep(0.01)
        assert len(await SecurityContext(**WEAK).export_state_async(PASSWORD)) > 84

    asyncio.run(run())


def test_a_call_that_is_never_awaited_does_nothing() -> None:
    context = SecurityContext(**WEAK)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = context.set_password_async(PASSWORD)
        del _
        gc.collect()
    assert any("never awaited" in str(warning.message) for warning in caught)
    with pytest.raises(CryptoError) as raised:
        context.lock()
    assert raised.value.code == "PASSWORD_NOT_SET"


def test_without_a_running_loop_it_says_so() -> None:
    coroutine = SecurityContext(**WEAK).export_state_async(PASSWORD)
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)


def test_wrong_types_are_refused_at_the_call() -> None:
    context, wallet = SecurityContext(**WEAK), ApiKeyWallet(**WEAK)
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (context.export_state_async, (7,)),
        (context.set_password_async, (None,)),
        (context.unlock_async, (b"bytes",)),
        (SecurityContext.import_state_async, ("text", PASSWORD)),
        (SecurityContext.decrypt_legacy_async, ("F1", 7, b"")),
        (wallet.initialize_async, (b"bytes",)),
        (wallet.unlock_async, ([],)),
        (wallet.change_password_async, (PASSWORD, 7)),
        (wallet.rotate_master_key_async, (None,)),
        (security.import_legacy_wallet_async, ({}, PASSWORD)),
    ]
    for function, arguments in calls:
        with pytest.raises(TypeError):
            function(*arguments)
    assert len(context.export_state(PASSWORD)) > 84
