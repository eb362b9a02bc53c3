//! Wallets of older programs.

use chrysalis_security::legacy;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

use super::wallet::ApiKeyWallet;
use super::{now_ms, owned, to_cost};
use crate::python::convert::{Number, Text};
use crate::python::error::Result;
use crate::python::later::{Later, later};

/// What became of each key of an older program's wallet.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct LegacyReport(legacy::ImportReport);

/// Reads a wallet of an older program into a new one, open, which `password` opens; beside it, what became of each key.
///
/// Raises `CryptoError` with `INVALID_PASSWORD` when the password opens nothing and `WALLET_LOAD` for any other text.
#[pyfunction]
#[pyo3(signature = (json, password, *, m_kib = None, t = None, p = None))]
pub(in crate::python) fn import_legacy_wallet(
    py: Python<'_>,
    json: Text<'_>,
    password: Text<'_>,
    m_kib: Option<Number>,
    t: Option<Number>,
    p: Option<Number>,
) -> Result<(ApiKeyWallet, LegacyReport)> {
    let (json, password, cost) = (json.0, password.0.as_bytes(), to_cost(m_kib, t, p)?);
    let import = py.detach(|| legacy::import_legacy_wallet(json, password, cost, now_ms()))?;
    Ok((ApiKeyWallet::of(import.wallet), LegacyReport(import.report)))
}

/// `import_legacy_wallet`, to be awaited: the passwords become keys on a native thread.
#[pyfunction]
#[pyo3(signature = (json, password, *, m_kib = None, t = None, p = None))]
pub(in crate::python) fn import_legacy_wallet_async<'py>(
    py: Python<'py>,
    json: Text<'_>,
    password: Text<'_>,
    m_kib: Option<Number>,
    t: Option<Number>,
    p: Option<Number>,
) -> PyResult<Later<'py, (ApiKeyWallet, LegacyReport)>> {
    let (json, password, cost) = (owned(json.0), owned(password.0), to_cost(m_kib, t, p)?);
    let import = move || {
        let json = str::from_utf8(&json).expect("a copy of a text");
        Ok(legacy::import_legacy_wallet(json, &password, cost, now_ms())?)
    };
    later(py, import, |py, import| {
        (ApiKeyWallet::of(import.wallet), LegacyReport(import.report)).into_py_any(py)
    })
}

#[pymethods]
impl LegacyReport {
    /// Who wrote the file: `typescript-v1`, `rust-v1`, `ui-v2` or `ui-v1`.
    #[getter]
    fn shape(&self) -> &'static str {
        self.0.shape.as_str()
    }

    /// Of each key that is in the new wallet: its id in the old file, its id now, and the provider.
    #[getter]
    fn imported(&self) -> Vec<(String, String, String)> {
        let imported = self.0.imported.iter();
        imported.map(|key| (key.legacy_id.clone(), key.id.to_string(), key.provider.to_string())).collect()
    }

    /// Of each key that could not be read: its place in the old file from 0, its id there, and the code that says why.
    #[getter]
    fn failed(&self) -> Vec<(usize, String, &'static str)> {
        self.0.failed.iter().map(|key| (key.index, key.legacy_id.clone(), key.code)).collect()
    }

    /// Of each key that nobody can read any more: its id, provider and name as the old file says. Replace it at its provider.
    #[getter]
    fn unrecoverable(&self) -> Vec<(String, String, String)> {
        let lost = self.0.unrecoverable.iter();
        lost.map(|key| (key.legacy_id.clone(), key.provider.clone(), key.name.clone())).collect()
    }

    /// What the owner should know.
    #[getter]
    fn warnings(&self) -> Vec<&'static str> {
        self.0.warnings.clone()
    }
}
