"""The package as a whole: its types, its documentation, its errors and its weight."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest
from conftest import REPOSITORY

import memory_system
from memory_system import _rust, exceptions
from memory_system.embedding.exceptions import EmbeddingError

HERE = Path(__file__).resolve().parent


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_example_of_the_readme_runs_as_it_stands(home: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    example, _, _, _ = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(example.splitlines()) <= 20
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "'Acacia honey stays liquid.' from honey.md, unknown-signer" in done.stdout.replace("# Honey\\n\\n", "")


def test_the_example_of_agreement_runs(home: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    _, example, _, _ = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    trace_hash, signers = done.stdout.splitlines()
    assert len(trace_hash) == 64 and signers.count("'m00") >= 3


def test_the_example_of_replicated_types_runs(home: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    _, _, example, _ = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_examples_of_embedding_run(home: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    _, _, _, example = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("EmbeddingSpace(deterministic, ")
    with sqlite3.connect(home / "cache.db") as database:
        database.execute("CREATE TABLE embeddings (content_hash, model, vector, created_at, expires_at)")
        row = ("0" * 64, "voyage-3", "[1.0]", "2025-01-01T00:00:00", "2999-01-01T00:00:00")
        database.execute("INSERT INTO embeddings VALUES (?, ?, ?, ?, ?)", row)
    database.close()
    example, _ = re.findall(r"```py\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith("\n1 0\n")


def test_the_example_of_the_compatible_wheel_runs(home: Path) -> None:
    text = (REPOSITORY / "rust-bindings" / "python-compat" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "384 deterministic\n")


def test_the_example_of_keeping_keys_runs(home: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    _, example = re.findall(r"```py\n(.*?)```", text, flags=re.DOTALL)
    done = run(sys.executable, "-c", example, cwd=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_consumers_are_typed(tmp_path: Path) -> None:
    consumer = (HERE / "typed_consumer.py").read_text(encoding="utf-8")
    (tmp_path / "consumer.py").write_text(consumer, encoding="utf-8")
    done = run(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "consumer.py", cwd=tmp_path)
    assert done.stdout == "" and done.returncode == 0, done.stdout + done.stderr
    wrong = consumer.replace("k=3", "k='3'")
    (tmp_path / "consumer.py").write_text(wrong, encoding="utf-8")
    done = run(sys.executable, "-m", "mypy", "--strict", "consumer.py", cwd=tmp_path)
    assert done.returncode == 1 and 'Argument "k" to "recall"' in done.stdout, "the check finds mistakes"


def test_the_package_is_typed_and_its_stubs_are_true(tmp_path: Path) -> None:
    strict = (sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10")
    done = run(*strict, "-p", "memory_system", "-p", "shared.embedding", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(*strict, *map(str, HERE.glob("*.py")), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(sys.executable, "-m", "mypy.stubtest", "memory_system", "shared.embedding", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_code_has_its_exception() -> None:
    codes = _rust.error_codes()
    assert len(set(codes)) == len(codes) > 40
    embedding = {code for code in codes if code.startswith("embedding/")} | exceptions._MODEL_CODES
    named = {code for code in codes if "/" in code}
    assert set(exceptions._CLASSES) == named - embedding
    assert exceptions._MODEL_CODES <= set(codes) and not exceptions._MODEL_CODES & named
    for code in embedding:
        failure = exceptions.from_native(code, "what happened", None, None)
        assert isinstance(failure, EmbeddingError) and (failure.error_code, str(failure)) == (code, "what happened")
    codes = [code for code in codes if code not in embedding]
    mixed = {code for code in codes if "/" not in code and not code.isupper()}
    assert exceptions._KEY_FORMAT_CODES | exceptions._CERT_CODES == mixed
    assert not exceptions._KEY_FORMAT_CODES & exceptions._CERT_CODES
    for code in codes:
        error = exceptions.from_native(code, "what happened")
        assert (error.code, str(error)) == (code, "what happened")  # type: ignore[attr-defined]
        assert isinstance(error, (exceptions.MemoryError, exceptions.CryptoError))
        assert isinstance(error, (ValueError, RuntimeError)) or code == "bindings/internal"


def test_errors_keep_the_form_callers_know() -> None:
    cause = OSError("the disk is gone")
    error = exceptions.StorageError("cannot write", details={"path": "x"}, cause=cause)
    assert (error.error_code, error.code, error.__cause__) == ("STORAGE", "STORAGE", cause)
    assert repr(error) == "StorageError(STORAGE: cannot write)"
    assert error.to_dict() == {
        "error_type": "StorageError",
        "message": "cannot write",
        "error_code": "STORAGE",
        "details": {"path": "x"},
        "cause": "the disk is gone",
    }
    assert exceptions.ConfigurationError("x").error_code == "CONFIGURATION"
    assert not issubclass(exceptions.MemoryError, __builtins__["MemoryError"])  # type: ignore[index]


def test_names_and_version() -> None:
    assert memory_system.__version__ == metadata.version("memory-system")
    for name in memory_system.__all__:
        assert getattr(memory_system, name) is not None
    values = vars(memory_system).items()
    public = {name for name, value in values if name[0] != "_" and not isinstance(value, types.ModuleType)}
    assert public | {"__version__"} == set(memory_system.__all__)
    from memory_system._rust.crypto import blake3_hex

    assert blake3_hex(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_there_must_be_a_running_loop(home: Path) -> None:
    call = memory_system.AgentMemory("ada").stats()
    with pytest.raises(RuntimeError, match="no running event loop"):
        call.send(None)
    assert asyncio.run(memory_system.AgentMemory("ada").stats()).entries == 0


def test_importing_takes_little_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how long it takes; only what is imported is asserted, for time is the machine's."""
    script = (
        "import sys, time; before = set(sys.modules); start = time.perf_counter(); import memory_system;"
        "took = time.perf_counter() - start; print(f'{took * 1000:.1f}', *sorted(set(sys.modules) - before))"
    )
    runs = [run(sys.executable, "-c", script, cwd=HERE).stdout.split() for _ in range(5)]
    times = sorted(float(words[0]) for words in runs)
    with capsys.disabled():
        print(f"\nimport memory_system: {times[0]} ms at best, {times[2]} ms in the middle of 5")
    assert not {"asyncio", "typing", "datetime", "socket", "ssl", "logging"} & set(runs[0][1:])


def test_the_wheel_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    wheels = list((REPOSITORY / "dist").glob("memory_system-*.whl"))
    assert wheels, "these tests run against the wheel that `make python` builds into dist/"
    size = wheels[0].stat().st_size
    with capsys.disabled():
        print(f"\nwheel: {size / 1e6:.2f} MB")
    assert size < 7_000_000
