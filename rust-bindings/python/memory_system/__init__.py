"""Durable, signed, mergeable memory for agents.

``AgentMemory`` remembers text in a store on disk, recalls it with its source, author and signature state, and merges
with the stores of other agents. ``memory_system._rust.crypto`` has the cryptography beneath, and
``memory_system._rust.security`` keeps API keys and other secrets. ``memory_system.crdt`` has the replicated types,
and ``memory_system.consensus`` agreement between members of which some may lie. ``memory_system._rust.embedding`` turns texts into
vectors; ``memory_system.embedding`` and ``memory_system.embeddings`` do so under the names of the services it replaces.
"""

import sys as _sys

from . import _rust
from ._rust import (
    Coverage,
    Entry,
    Forgotten,
    GCounter,
    GSet,
    Learned,
    LWWNumericRegister,
    LWWRegister,
    MemoryCRDTMerger,
    MergeReport,
    ORSet,
    Recalled,
    Stats,
    VectorClock,
)
from .agent import AgentMemory
from .exceptions import (
    CertError,
    ConfigurationError,
    ConsensusError,
    CrdtError,
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
    "ConsensusError",
    "Coverage",
    "CrdtError",
    "CryptoError",
    "DecryptError",
    "Entry",
    "Forgotten",
    "GCounter",
    "GSet",
    "KeyFormatError",
    "LWWNumericRegister",
    "LWWRegister",
    "Learned",
    "MemoryCRDTMerger",
    "MemoryError",
    "MergeReport",
    "ORSet",
    "Recalled",
    "RetrievalError",
    "Stats",
    "StorageError",
    "SyncError",
    "ValidationError",
    "VectorClock",
    "__version__",
]

# So that `from memory_system._rust.crypto import hash` finds the part of the extension module of this name.
_sys.modules.setdefault(f"{__name__}._rust.crypto", _rust.crypto)
_sys.modules.setdefault(f"{__name__}._rust.embedding", _rust.embedding)
_sys.modules.setdefault(f"{__name__}._rust.security", _rust.security)
