"""Durable, signed, mergeable memory for agents.

``AgentMemory`` remembers text in a store on disk, recalls it with its source, author and signature state, and merges
with the stores of other agents. ``memory_system._rust.crypto`` has the cryptography beneath, and
``memory_system._rust.security`` keeps API keys and other secrets.
"""

import sys as _sys

from . import _rust
from ._rust import Entry, Forgotten, Learned, MergeReport, Recalled, Stats
from .agent import AgentMemory
from .exceptions import (
    CertError,
    ConfigurationError,
    CryptoError,
    DecryptError,
    KeyFormatError,
    MemoryError,
    RetrievalError,
    StorageError,
    SyncError,
    ValidationError,
)

__version__ = "0.1.0"

__all__ = [
    "AgentMemory",
    "CertError",
    "ConfigurationError",
    "CryptoError",
    "DecryptError",
    "Entry",
    "Forgotten",
    "KeyFormatError",
    "Learned",
    "MemoryError",
    "MergeReport",
    "Recalled",
    "RetrievalError",
    "Stats",
    "StorageError",
    "SyncError",
    "ValidationError",
    "__version__",
]

# So that `from memory_system._rust.crypto import hash` finds the part of the extension module of this name.
_sys.modules.setdefault(f"{__name__}._rust.crypto", _rust.crypto)
_sys.modules.setdefault(f"{__name__}._rust.security", _rust.security)
