//! Replicas, and sessions that make two of them equal. Bytes in, bytes out: what carries them is the caller's.

use std::sync::Mutex;

use chrysalis_crdt as crdt;
use chrysalis_crdt::CrdtError;
use chrysalis_crdt::sync::{self, SyncConfig, SyncEvent};
use chrysalis_crypto::hex;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use super::value::{Datum, Name, record};
use super::writers::now_ms;
use super::{agent, beliefs, clock, counter, dag, episodes, map, or_set, register, set, skills};
use crate::python::buffer::Record;
use crate::python::convert::to_bytes;
use crate::python::error::{Failure, Result};
use crate::python::lock;

/// Named states that sessions keep equal with those of other replicas.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct Replica(Mutex<sync::Replica>);

macro_rules! for_classes {
    ($run:ident) => {
        $run!(
            clock::VectorClock: VectorClock, counter::GCounter: GCounter, counter::PNCounter: PnCounter, set::GSet: GSet,
            set::TwoPhaseSet: TwoPhaseSet, set::LWWElementSet: LwwElementSet, or_set::ORSet: OrSet,
            register::LWWRegister: LwwRegister, register::LWWNumericRegister: LwwNumericRegister,
            register::MVRegister: MvRegister, map::LWWMap: LwwMap, skills::SkillAccumulator: SkillAccumulator,
            episodes::EpisodeMemory: EpisodeMemory, beliefs::BeliefState: BeliefState, agent::AgentState: AgentState,
            dag::MerkleDag: MerkleDag
        )
    };
}

#[pymethods]
impl Replica {
    /// No state.
    #[new]
    fn new() -> Self {
        Self(Mutex::new(sync::Replica::new()))
    }

    /// Puts a copy of a state under a name, in place of what is there.
    fn insert(&self, name: Name<'_>, state: &Bound<'_, PyAny>) -> PyResult<()> {
        macro_rules! insert {
            ($($class:path: $state:ident),*) => {
                $(if let Ok(one) = state.cast::<$class>() {
                    let state: crdt::$state = (*one.get().now()).clone();
                    return Ok(lock(&self.0).insert(name.0, state).map_err(Failure::from)?);
                })*
            };
        }
        for_classes!(insert);
        Err(PyTypeError::new_err("a state is an object of one of the replicated types"))
    }

    /// A copy of the state under a name; `None` when there is none.
    fn get<'py>(&self, py: Python<'py>, name: Name<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        macro_rules! get {
            ($($class:path: $state:ident),*) => {
                $({
                    // Apart, so that the lock is free when Python makes the object.
                    let found = lock(&self.0).state::<crdt::$state>(name.0).cloned();
                    if let Some(state) = found {
                        return Ok(Some(<$class>::of(state).into_bound_py_any(py)?));
                    }
                })*
            };
        }
        for_classes!(get);
        Ok(None)
    }

    /// Joins deltas or states into the state under a name: all of them, or none and it raises.
    fn import_deltas(&self, py: Python<'_>, name: Name<'_>, deltas: Vec<PyBackedBytes>) -> Result<()> {
        let name = name.0;
        py.detach(|| {
            let mut replica = lock(&self.0);
            let kind = replica.names().find(|(known, _)| *known == name).map(|(_, kind)| kind);
            macro_rules! import {
                ($($class:path: $state:ident),*) => {
                    $(if kind == Some(crdt::Kind::$state)
                        && let Some(state) = replica.state_mut::<crdt::$state>(name)
                    {
                        return super::import_into(state, &deltas);
                    })*
                };
            }
            for_classes!(import);
            Err(CrdtError::WrongShape("no state has this name").into())
        })
    }

    /// The names of the states, in byte order, with their kinds.
    fn names(&self) -> Vec<(String, &'static str)> {
        lock(&self.0).names().map(|(name, kind)| (name.to_owned(), kind.as_str())).collect()
    }

    /// The digest of the state under a name, 64 hexadecimal characters.
    fn digest_hex(&self, py: Python<'_>, name: Name<'_>) -> Option<String> {
        let name = name.0;
        py.detach(|| lock(&self.0).digest(name)).map(|digest| hex::encode(&digest))
    }

    fn __len__(&self) -> usize {
        lock(&self.0).names().count()
    }

    fn __repr__(&self) -> String {
        format!("<Replica of {} states>", self.__len__())
    }
}

/// One side of a conversation that makes two replicas equal. Messages may be lost, doubled or late.
///
/// Send what `poll` gives until it gives nothing, hand what arrives to `receive`, and call `tick` every second or so.
#[pyclass(frozen, module = "memory_system._rust")]
pub(in crate::python) struct SyncSession(Mutex<sync::SyncSession>);

#[pymethods]
impl SyncSession {
    /// The side that begins.
    #[staticmethod]
    #[pyo3(signature = (*, max_message_bytes = None, max_receive_bytes = None, max_drift_ms = None, retry_ms = None))]
    fn initiator(
        max_message_bytes: Option<usize>,
        max_receive_bytes: Option<usize>,
        max_drift_ms: Option<u64>,
        retry_ms: Option<u64>,
    ) -> Result<Self> {
        let config = to_config(max_message_bytes, max_receive_bytes, max_drift_ms, retry_ms);
        Ok(Self(Mutex::new(sync::SyncSession::make_initiator(config)?)))
    }

    /// The side that answers.
    #[staticmethod]
    #[pyo3(signature = (*, max_message_bytes = None, max_receive_bytes = None, max_drift_ms = None, retry_ms = None))]
    fn responder(
        max_message_bytes: Option<usize>,
        max_receive_bytes: Option<usize>,
        max_drift_ms: Option<u64>,
        retry_ms: Option<u64>,
    ) -> Result<Self> {
        let config = to_config(max_message_bytes, max_receive_bytes, max_drift_ms, retry_ms);
        Ok(Self(Mutex::new(sync::SyncSession::make_responder(config)?)))
    }

    /// The next message to send, or `None` while there is nothing to say.
    fn poll<'py>(&self, py: Python<'py>, replica: &Replica) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let message = py.detach(|| lock(&self.0).poll(&mut lock(&replica.0))).map_err(Failure::from)?;
        message.map(|message| to_bytes(py, &message)).transpose()
    }

    /// Takes in a message of the other side, and gives what happened: `dict`s with `type` and `name`. `now_ms` is
    /// milliseconds since 1970, the system's where it is not given.
    #[pyo3(signature = (replica, message, now_ms = None))]
    fn receive(
        &self,
        py: Python<'_>,
        replica: &Replica,
        message: Record<'_>,
        now_ms: Option<u64>,
    ) -> Result<Vec<Datum>> {
        let (message, now) = (message.as_slice(), now_ms.unwrap_or_else(self::now_ms));
        let events = py.detach(|| lock(&self.0).receive(&mut lock(&replica.0), message, now))?;
        Ok(events.into_iter().map(to_event).collect())
    }

    /// Says that time has passed: asks again where no answer came, and merges what was held until now.
    #[pyo3(signature = (replica, now_ms = None))]
    fn tick(&self, py: Python<'_>, replica: &Replica, now_ms: Option<u64>) -> Vec<Datum> {
        let now = now_ms.unwrap_or_else(self::now_ms);
        let events = py.detach(|| lock(&self.0).tick(&mut lock(&replica.0), now));
        events.into_iter().map(to_event).collect()
    }

    /// Whether, as far as this side knows, both replicas are equal.
    fn is_equal(&self, replica: &Replica) -> bool {
        lock(&self.0).is_equal(&lock(&replica.0))
    }

    /// How many deltas from the future are held.
    #[getter]
    fn held(&self) -> usize {
        lock(&self.0).held()
    }

    fn __repr__(&self) -> &'static str {
        "<SyncSession>"
    }
}

fn to_config(
    max_message_bytes: Option<usize>,
    max_receive_bytes: Option<usize>,
    max_drift_ms: Option<u64>,
    retry_ms: Option<u64>,
) -> SyncConfig {
    let usual = SyncConfig::default();
    SyncConfig {
        max_message_bytes: max_message_bytes.unwrap_or(usual.max_message_bytes),
        max_receive_bytes: max_receive_bytes.unwrap_or(usual.max_receive_bytes),
        max_drift_ms: max_drift_ms.unwrap_or(usual.max_drift_ms),
        retry_ms: retry_ms.unwrap_or(usual.retry_ms),
    }
}

fn to_event(event: SyncEvent) -> Datum {
    let named = |kind: &str, name: String| record([("type", kind.into()), ("name", name.into())]);
    Datum(match event {
        SyncEvent::Merged { name } => named("merged", name),
        SyncEvent::Equal { name } => named("equal", name),
        SyncEvent::Refused { name } => named("refused", name),
        SyncEvent::Held { name, ahead_ms } => {
            record([("type", "held".into()), ("name", name.into()), ("ahead_ms", ahead_ms.into())])
        }
        SyncEvent::Rejected { name, error, delta } => record([
            ("type", "rejected".into()),
            ("name", name.into()),
            ("code", error.code().into()),
            ("delta", delta.into()),
        ]),
        SyncEvent::Unknown { name, kind } => {
            record([("type", "unknown".into()), ("name", name.into()), ("kind", kind.as_str().into())])
        }
        SyncEvent::Failed { name, error } => {
            record([("type", "failed".into()), ("name", name.into()), ("code", error.code().into())])
        }
        SyncEvent::Claimed { name, actor, counter } => record([
            ("type", "claimed".into()),
            ("name", name.into()),
            ("actor", actor.as_str().into()),
            ("counter", counter.into()),
        ]),
        // One that is newer than this package.
        _ => record([("type", "other".into())]),
    })
}
