//! The laws, on this machine and in this build.

use chrysalis_crdt::selftest;
use pyo3::prelude::*;

use super::value::Count;

/// What a self-test found, as a `dict`.
#[derive(IntoPyObject)]
pub(in crate::python) struct Report {
    seed: u64,
    histories: u64,
    checks: u64,
    failures: Vec<Failure>,
}

/// A law that did not hold, as a `dict`.
#[derive(IntoPyObject)]
struct Failure {
    r#type: &'static str,
    law: &'static str,
    seed: u64,
}

/// Runs random histories of every type and checks the laws of merging on the encoded bytes.
///
/// What breaks a law is reported with its seed, which replays it: `self_test(seed, 1)`.
#[pyfunction]
#[pyo3(signature = (seed = Count(1), histories = Count(100)))]
pub(in crate::python) fn self_test(py: Python<'_>, seed: Count, histories: Count) -> Report {
    let report = py.detach(|| selftest::run(seed.0, histories.0));
    let failure = |failure: selftest::Failure| Failure {
        r#type: failure.kind.as_str(),
        law: failure.law,
        seed: failure.seed,
    };
    Report {
        seed: seed.0,
        histories: report.histories,
        checks: report.checks,
        failures: report.failures.into_iter().map(failure).collect(),
    }
}
