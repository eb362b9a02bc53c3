//! Agreement: proofs that anybody can check, one member of a cluster, and simulated clusters.
//!
//! What objects look like is said in `crate::consensus`. All work is done with the interpreter lock released, and every lock of an
//! object is taken there too, so that no thread waits for another while it holds the interpreter.

use std::sync::Mutex;

use chrysalis_consensus::sim::{self, Schedule};
use chrysalis_consensus::{Bytes, ConsensusError};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyInt, PyList, PyMemoryView, PyString, PyTuple};
use pyo3::{type_hint_identifier, type_hint_subscript, type_hint_union};

use super::buffer::Record;
use super::convert::to_bytes;
use super::error::{BindingError, Failure, Result};
use super::lock;
use crate::consensus::decision::decision;
use crate::consensus::member::{self, Member};
use crate::consensus::plain::{Given, Made};
use crate::consensus::{cluster, proof};

/// How many things happen in a simulation before Python is asked for signals.
const STEPS: u32 = 10_000;

/// Verifies a commit certificate against the validators of its epoch, all signatures in one batch, and tells what it proves:
/// `epoch`, `height`, `round`, `digest`, `power`, `total_power` and the names of the `signers`.
///
/// `validators` is the encoding of a set, or a dict with `validators` and `epoch`.
#[pyfunction]
pub(super) fn verify_commit_certificate(
    py: Python<'_>,
    certificate: Record<'_>,
    validators: Validators<'_>,
    chain: &str,
) -> PyResult<CommitProof> {
    let (certificate, set) = (certificate.as_slice(), proof::set(&validators.0, "validators")?);
    let proof = py.detach(|| proof::certificate(certificate, &set, chain)).map_err(Failure::from)?;
    Ok(CommitProof(proof))
}

/// Verifies evidence that a validator made two statements of which a correct one makes only one, and tells which: `epoch`,
/// `height`, `round` and `validator`, its name.
#[pyfunction]
pub(super) fn verify_evidence(
    py: Python<'_>,
    evidence: Record<'_>,
    validators: Validators<'_>,
    chain: &str,
) -> PyResult<EvidenceProof> {
    let (evidence, set) = (evidence.as_slice(), proof::set(&validators.0, "validators")?);
    let proof = py.detach(|| proof::evidence(evidence, &set, chain)).map_err(Failure::from)?;
    Ok(EvidenceProof(proof))
}

/// The digest that certificates name a value by, 32 bytes.
#[pyfunction]
pub(super) fn value_digest<'py>(py: Python<'py>, value: Record<'_>) -> PyResult<Bound<'py, PyBytes>> {
    to_bytes(py, &proof::value_digest(value.as_slice()))
}

/// The one encoding of a validator set, given as a dict with `validators` and `epoch`.
#[pyfunction]
pub(super) fn encode_validators<'py>(
    py: Python<'py>,
    validators: Validators<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    to_bytes(py, &proof::set(&validators.0, "validators")?.to_bytes())
}

/// One member of a cluster that agrees on byte strings: inputs in, effects out. It has no network, clock or disk; whoever
/// drives it carries out the effects in order, and has a `log` on disk before the next one.
#[pyclass(frozen, module = "memory_system._rust")]
pub(super) struct RustByzantineConsensus(Mutex<Member>);

#[pymethods]
impl RustByzantineConsensus {
    /// The member that options describe; without any, a member that is its own cluster, for development, and talks to nobody.
    #[new]
    #[pyo3(signature = (options = None))]
    fn new(py: Python<'_>, options: Option<MemberOptions<'_>>) -> PyResult<Self> {
        let member = match options {
            None => py.detach(Member::make_development).map_err(Failure::from)?,
            Some(options) => member::open(&options.0)?,
        };
        Ok(Self(Mutex::new(member)))
    }

    /// Takes an input and gives the effects to be carried out, in order. What peers send never raises.
    fn handle(&self, py: Python<'_>, input: Input<'_>) -> PyResult<Vec<Effect>> {
        let input = member::input(&input.0)?;
        Ok(self.with(py, |member| {
            Ok(member::effects(member.handle(input)?)?.into_iter().map(Effect).collect())
        })?)
    }

    /// Proposes a value, where it is this member's turn, and gives the signed proposal. The effects, with its record of the log,
    /// are taken by `take_effects`.
    fn propose(&self, py: Python<'_>, value: Record<'_>) -> Result<SignedProposal> {
        let value = Bytes::from(value.as_slice());
        self.with(py, |member| Ok(member::proposal(&member.propose(value)?))).map(SignedProposal)
    }

    /// Hands over a message of a validator and gives the last message that it makes this member send to all, if any. The effects
    /// are taken by `take_effects`. Raises for what no correct validator sends.
    fn handle_message<'py>(
        &self,
        py: Python<'py>,
        message: Record<'_>,
        sender: &str,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let message = message.as_slice();
        let last = self.with(py, |member| member::handle_message(member, message, sender))?;
        last.map(|last| to_bytes(py, &last)).transpose()
    }

    /// Takes what `propose` and `handle_message` have led to, in order.
    fn take_effects(&self, py: Python<'_>) -> Result<Vec<Effect>> {
        self.with(py, |member| Ok(member::effects(member.take_effects())?.into_iter().map(Effect).collect()))
    }

    /// The latest value decided, if there is one.
    fn is_decided<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let value = self.with(py, |member| Ok(member.is_decided().cloned()))?;
        value.map(|value| to_bytes(py, value.as_slice())).transpose()
    }

    /// The latest decision that is kept, if there is one.
    fn decision(&self, py: Python<'_>) -> Result<Option<Decision>> {
        self.with(py, |member| Ok(member.decision().map(decision).map(Decision)))
    }

    /// Where the member is.
    fn status(&self, py: Python<'_>) -> Result<MemberStatus> {
        self.with(py, |member| Ok(MemberStatus(member::status(member))))
    }

    /// Where a member can begin that has executed what this one has: `{**options, **member.origin()}`, with the records of the
    /// log from its height on.
    fn origin(&self, py: Python<'_>) -> Result<MemberOrigin> {
        self.with(py, |member| Ok(MemberOrigin(member::origin(member))))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (height, round) = py.detach(|| {
            let member = lock(&self.0);
            (member.height(), member.round())
        });
        format!("<RustByzantineConsensus at height {height}, round {round}>")
    }
}

impl RustByzantineConsensus {
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Member) -> std::result::Result<R, ConsensusError> + Send,
    ) -> Result<R> {
        Ok(py.detach(|| work(&mut lock(&self.0)))?)
    }
}

/// A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars. One seed and one
/// list of faults give one run and one trace hash, in every language.
#[pyclass(frozen, module = "memory_system._rust")]
pub(super) struct SimCluster(Mutex<sim::SimCluster>);

#[pymethods]
impl SimCluster {
    /// A cluster of `members` members of equal power, in which the faults of a list of dicts happen. Options are `heights`, 3 by
    /// default, `real_signatures`, false by default, and `recorded`, true by default.
    #[new]
    #[pyo3(signature = (members, seed, faults = None, options = None))]
    fn new(
        py: Python<'_>,
        members: usize,
        seed: u64,
        faults: Option<Faults<'_>>,
        options: Option<SimOptions<'_>>,
    ) -> PyResult<Self> {
        let faults = match faults {
            None => "[]".to_owned(),
            Some(Faults(faults)) => py.import("json")?.call_method1("dumps", (faults.0,))?.extract()?,
        };
        let options = options.map_or_else(|| Item(PyDict::new(py).into_any()), |options| options.0);
        Ok(Self(Mutex::new(cluster::open(members, seed, &faults, &options)?)))
    }

    /// The cluster of a schedule's JSON text: what a failing run prints gives the same run again.
    #[staticmethod]
    fn replay(py: Python<'_>, schedule: &str) -> Result<Self> {
        let cluster = py.detach(|| cluster::of_schedule(&Schedule::from_json(schedule)?, true))?;
        Ok(Self(Mutex::new(cluster)))
    }

    /// The cluster of a seed's own schedule, of one kind of trouble after the other.
    #[staticmethod]
    fn random(py: Python<'_>, seed: u64) -> Result<Self> {
        let cluster = py.detach(|| cluster::of_schedule(&Schedule::random(seed), true))?;
        Ok(Self(Mutex::new(cluster)))
    }

    /// Lets one thing happen, or `count`. False when nothing is left to wait for; raises `consensus/violation` for what must not
    /// happen.
    #[pyo3(signature = (count = 1))]
    fn step(&self, py: Python<'_>, count: u32) -> Result<bool> {
        Ok(self.with(py, |cluster| cluster::step(cluster, count))?)
    }

    /// Runs until every honest member has decided all heights; raises `consensus/violation` for what must not happen. A signal
    /// such as Ctrl-C ends it early, and it can be gone on with.
    fn run(&self, py: Python<'_>) -> PyResult<SimReport> {
        while self.with(py, |cluster| cluster::step(cluster, STEPS)).map_err(Failure::from)? {
            py.check_signals()?;
        }
        Ok(self.report(py))
    }

    /// What the run was like so far.
    fn report(&self, py: Python<'_>) -> SimReport {
        SimReport(self.with(py, |cluster| cluster::report(&cluster.report())))
    }

    /// Has a member propose a value when it is its turn.
    fn propose(&self, py: Python<'_>, member: usize, value: Record<'_>) -> Result<()> {
        let value = value.as_slice();
        Ok(self.with(py, |cluster| cluster.propose(member, value))?)
    }

    /// What a member decided, by ascending height: the last 64.
    fn decisions(&self, py: Python<'_>, member: usize) -> Vec<Decision> {
        self.with(py, |cluster| cluster::decisions(cluster, member).into_iter().map(Decision).collect())
    }

    /// The last height that a member has decided; 0 before the first.
    fn height(&self, py: Python<'_>, member: usize) -> u64 {
        self.with(py, |cluster| cluster.height(member))
    }

    /// The encoding of the validators of a height.
    fn validators<'py>(&self, py: Python<'py>, height: u64) -> PyResult<Bound<'py, PyBytes>> {
        let set = self.with(py, |cluster| cluster.validators(height).to_bytes());
        to_bytes(py, &set)
    }

    /// The evidence found so far, with the member that found it.
    fn evidence(&self, py: Python<'_>) -> Vec<FoundEvidence> {
        self.with(py, |cluster| cluster::evidence(cluster).into_iter().map(FoundEvidence).collect())
    }

    /// The name of the chain, part of every signature.
    #[getter]
    fn chain(&self, py: Python<'_>) -> String {
        self.with(py, |cluster| cluster.chain().to_string())
    }

    /// BLAKE3 over everything that has happened, 64 hexadecimal characters.
    fn trace_hash(&self, py: Python<'_>) -> String {
        self.with(py, |cluster| cluster::trace_hash(cluster))
    }

    /// A picture of what has happened, as an SVG document; without messages where the cluster is not recorded.
    fn svg(&self, py: Python<'_>) -> String {
        self.with(py, |cluster| cluster.timeline())
    }

    /// The simulated time, in microseconds.
    fn now_us(&self, py: Python<'_>) -> u64 {
        self.with(py, |cluster| cluster.now_us())
    }

    /// The JSON text of the schedule, for `replay` in any language.
    fn schedule(&self, py: Python<'_>) -> String {
        self.with(py, |cluster| cluster.schedule().to_json())
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let members = self.with(py, |cluster| cluster.schedule().powers.len());
        format!("<SimCluster of {members} members>")
    }
}

impl SimCluster {
    fn with<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut sim::SimCluster) -> R + Send) -> R {
        py.detach(|| work(&mut lock(&self.0)))
    }
}

/// Dicts that are given, by the names that `memory_system.consensus` has for them.
macro_rules! given {
    ($($name:ident: $hint:expr),* $(,)?) => {$(
        pub(super) struct $name<'py>(pub(super) Item<'py>);

        impl<'a, 'py> FromPyObject<'a, 'py> for $name<'py> {
            type Error = PyErr;

            const INPUT_TYPE: PyStaticExpr = $hint;

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                Ok(Self(Item(object.to_owned())))
            }
        }
    )*};
}

given! {
    Validators: type_hint_union!(
        type_hint_identifier!("typing_extensions", "Buffer"),
        type_hint_identifier!("memory_system.consensus", "ValidatorSet")
    ),
    MemberOptions: type_hint_identifier!("memory_system.consensus", "MemberOptions"),
    Input: type_hint_identifier!("memory_system.consensus", "Input"),
    Faults: type_hint_subscript!(
        type_hint_identifier!("builtins", "list"),
        type_hint_identifier!("memory_system.consensus", "Fault")
    ),
    SimOptions: type_hint_identifier!("memory_system.consensus", "SimOptions"),
}

/// Dicts that are made, by the names that `memory_system.consensus` has for them.
macro_rules! made {
    ($($name:ident),* $(,)?) => {$(
        pub(super) struct $name(Made);

        impl<'py> IntoPyObject<'py> for $name {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            const OUTPUT_TYPE: PyStaticExpr = type_hint_identifier!("memory_system.consensus", stringify!($name));

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                to_python(py, &self.0)
            }
        }
    )*};
}

made! {
    CommitProof, Decision, Effect, EvidenceProof, FoundEvidence, MemberOrigin, MemberStatus, SignedProposal, SimReport,
}

/// A value of Python that is read.
pub(super) struct Item<'py>(Bound<'py, PyAny>);

/// What is raised where a value cannot be read.
pub(super) struct Raised(PyErr);

impl From<ConsensusError> for Raised {
    fn from(error: ConsensusError) -> Self {
        Self(Failure::from(error).into())
    }
}

impl From<PyErr> for Raised {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

impl From<Raised> for PyErr {
    fn from(raised: Raised) -> Self {
        raised.0
    }
}

impl Given for Item<'_> {
    type Error = Raised;

    fn wrong(name: &str, problem: &str) -> Raised {
        Raised(PyTypeError::new_err(format!("{name} {problem}")))
    }

    fn property(&self, name: &str) -> std::result::Result<Option<Self>, Raised> {
        let dict = self.0.cast::<PyDict>().map_err(|_| PyTypeError::new_err("a dict is required"))?;
        Ok(dict.get_item(name)?.filter(|value| !value.is_none()).map(Item))
    }

    fn is_bytes(&self) -> bool {
        let Self(value) = self;
        value.is_instance_of::<PyBytes>()
            || value.is_instance_of::<PyByteArray>()
            || value.is_instance_of::<PyMemoryView>()
    }

    fn to_bytes(&self, name: &str) -> std::result::Result<Vec<u8>, Raised> {
        if !self.is_bytes() {
            return Err(Self::wrong(name, "must be bytes"));
        }
        Ok(self.0.extract::<Record<'_>>()?.as_slice().to_vec())
    }

    fn to_text(&self, name: &str) -> std::result::Result<String, Raised> {
        let text = self.0.cast::<PyString>().map_err(|_| Self::wrong(name, "must be a string"))?;
        // Python's own error would carry the whole string.
        text.extract().map_err(|_: PyErr| Self::wrong(name, "must be Unicode text"))
    }

    fn to_count(&self, name: &str) -> std::result::Result<u64, Raised> {
        if self.0.is_instance_of::<PyBool>() || !self.0.is_instance_of::<PyInt>() {
            return Err(Self::wrong(name, "must be an integer"));
        }
        self.0
            .extract()
            .map_err(|_: PyErr| Raised(Failure::from(BindingError::OutOfRange("an integer")).into()))
    }

    fn to_flag(&self, name: &str) -> std::result::Result<bool, Raised> {
        let flag = self.0.cast::<PyBool>().map_err(|_| Self::wrong(name, "must be a bool"))?;
        Ok(flag.is_true())
    }

    fn to_items(&self, name: &str) -> std::result::Result<Vec<Self>, Raised> {
        if !self.0.is_instance_of::<PyList>() && !self.0.is_instance_of::<PyTuple>() {
            return Err(Self::wrong(name, "must be a list"));
        }
        Ok(self.0.try_iter()?.map(|item| item.map(Item)).collect::<PyResult<_>>()?)
    }
}

fn to_python<'py>(py: Python<'py>, made: &Made) -> PyResult<Bound<'py, PyAny>> {
    match made {
        Made::Nothing => Ok(py.None().into_bound(py)),
        Made::Count(count) => count.into_bound_py_any(py),
        Made::Text(text) => text.into_bound_py_any(py),
        Made::Bytes(bytes) => Ok(to_bytes(py, bytes)?.into_any()),
        Made::List(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            Ok(list.into_any())
        }
        Made::Object(fields) => {
            let dict = PyDict::new(py);
            for (name, value) in fields {
                dict.set_item(name, to_python(py, value)?)?;
            }
            Ok(dict.into_any())
        }
    }
}
