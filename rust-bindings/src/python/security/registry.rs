//! `ApiKeyRegistry`: who may use which key, without the keys.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrysalis_security::ProviderName;
use chrysalis_security::registry::{self, ApiKeyScope, KeyRegistryEvent};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use pyo3::{PyTraverseError, PyTypeInfo as _, PyVisit, type_hint_identifier, type_hint_subscript};

use super::events::{End, Handlers};
use super::wallet::ApiKeyWallet;
use super::{key_text, now_ms};
use crate::python::convert::{Millis, Number, Text, Texts, to_time};
use crate::python::error::{Failure, Result};

/// Records of keys and of who may use them. It holds no secrets.
#[pyclass(frozen, module = "memory_system._rust.security")]
#[derive(Default)]
pub(in crate::python) struct ApiKeyRegistry {
    registry: registry::ApiKeyRegistry,
    handlers: Handlers,
}

#[pymethods]
impl ApiKeyRegistry {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Adds a record. Raises `CryptoError` with `REGISTRY_ID_EXISTS` where there is one of its id.
    fn register(&self, py: Python<'_>, record: &ApiKeyRegistryRecord) -> PyResult<()> {
        self.registry.register(record.0.clone(), now_ms()).map_err(Failure::from)?;
        self.tell(py)
    }

    /// Removes a record, if there is one; whether there was.
    fn unregister(&self, py: Python<'_>, id: Text<'_>) -> PyResult<bool> {
        let removed = self.registry.unregister(id.0, now_ms());
        self.tell(py)?;
        Ok(removed)
    }

    /// The record of this id.
    fn get(&self, id: Text<'_>) -> Option<ApiKeyRegistryRecord> {
        self.registry.get(id.0).map(ApiKeyRegistryRecord)
    }

    /// All records, in the order in which they were registered.
    fn list(&self) -> Records {
        Records(self.registry.list())
    }

    /// The records of a provider's keys.
    fn find_by_provider(&self, provider: Text<'_>) -> Result<Records> {
        Ok(Records(self.registry.find_by_provider(&ProviderName::parse_for_wallet(provider.0)?)))
    }

    /// The records a persona may use: global ones and those that list it.
    fn find_allowed_for_persona(&self, persona: Text<'_>) -> Records {
        Records(self.registry.find_allowed_for_persona(persona.0))
    }

    /// The records an agent may use: global ones and those that list it.
    fn find_allowed_for_agent(&self, agent: Text<'_>) -> Records {
        Records(self.registry.find_allowed_for_agent(agent.0))
    }

    /// The keys a persona may use, by provider, from an open wallet: strings, which nothing wipes. Records and keys that
    /// expired are passed over. Raises `CryptoError` with `WALLET_LOCKED`.
    fn resolve_keys_for_persona<'py>(
        &self,
        py: Python<'py>,
        wallet: &ApiKeyWallet,
        persona: Text<'_>,
    ) -> PyResult<BTreeMap<String, Bound<'py, PyString>>> {
        let persona = persona.0;
        let find = |wallet: &_| self.registry.resolve_keys_for_persona(wallet, persona, now_ms());
        let keys = wallet.run(py, find)?.into_iter();
        keys.map(|(provider, key)| Ok((provider.to_string(), key.expose(|key| key_text(py, key))?))).collect()
    }

    /// Calls `handler` with every event of a type from here on: `key:registered` or `key:unregistered`. What a handler raises
    /// is logged by the name of its class, and stops nothing.
    ///
    /// Gives a function that ends this. Raises `INVALID_ARGUMENT` for another type.
    fn on<'py>(slf: &Bound<'py, Self>, r#type: Text<'_>, handler: &Bound<'py, PyAny>) -> PyResult<End<'py>> {
        slf.get().handlers.add::<KeyRegistryEvent>(&r#type, handler)?;
        End::of(slf.as_any(), &r#type, handler)
    }

    /// Ends what `on` began. Nothing where it did not.
    fn off(&self, r#type: Text<'_>, handler: &Bound<'_, PyAny>) -> PyResult<()> {
        self.handlers.remove::<KeyRegistryEvent>(&r#type, handler)
    }

    fn __repr__(&self) -> String {
        format!("<ApiKeyRegistry with {} records>", self.registry.list().len())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        self.handlers.traverse(&visit)
    }

    fn __clear__(&self) {
        self.handlers.clear();
    }
}

impl ApiKeyRegistry {
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        self.handlers.tell(py, &self.registry.take_events().events)
    }
}

/// What a registry knows of a key. `scope` is `global` for everybody, or `persona` or `service` for those who are listed;
/// `rpm` and `tpm` are requests and tokens per minute, kept for callers and not enforced. `created_at` is now where it is
/// not given.
#[pyclass(eq, frozen, module = "memory_system._rust.security")]
#[derive(PartialEq)]
pub(in crate::python) struct ApiKeyRegistryRecord(registry::ApiKeyRegistryRecord);

#[pymethods]
impl ApiKeyRegistryRecord {
    #[new]
    #[pyo3(signature = (
        id, provider, key_id, scope, *, description = Text(""), allowed_agents = Texts(Vec::new()),
        allowed_personas = Texts(Vec::new()), rpm = None, tpm = None, expires_at = None, tags = Texts(Vec::new()),
        created_at = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "the parts of a record, by Python's keywords")]
    fn new(
        id: Text<'_>,
        provider: Text<'_>,
        key_id: Text<'_>,
        scope: Text<'_>,
        description: Text<'_>,
        allowed_agents: Texts,
        allowed_personas: Texts,
        rpm: Option<Number>,
        tpm: Option<Number>,
        expires_at: Option<Millis>,
        tags: Texts,
        created_at: Option<Millis>,
    ) -> Result<Self> {
        let (provider, scope) = (ProviderName::parse_for_wallet(provider.0)?, ApiKeyScope::parse(scope.0)?);
        let created_at = created_at.map_or_else(now_ms, |Millis(ms)| ms);
        let rate_limit = registry::RateLimit { rpm: rpm.map(|rpm| rpm.0), tpm: tpm.map(|tpm| tpm.0) };
        Ok(Self(registry::ApiKeyRegistryRecord {
            description: description.0.to_owned(),
            allowed_agents: allowed_agents.0,
            allowed_personas: allowed_personas.0,
            rate_limit: Some(rate_limit).filter(|limit| *limit != registry::RateLimit::default()),
            expires_at: expires_at.map(|Millis(ms)| ms),
            tags: tags.0,
            ..registry::ApiKeyRegistryRecord::new(id.0, provider, key_id.0, scope, created_at)
        }))
    }

    /// The name of this record, unique in the registry.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// Whose key it is.
    #[getter]
    fn provider(&self) -> &str {
        self.0.provider.as_str()
    }

    /// The wallet's entry.
    #[getter]
    fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// For people.
    #[getter]
    fn description(&self) -> &str {
        &self.0.description
    }

    /// `global`, `persona` or `service`.
    #[getter]
    fn scope(&self) -> &'static str {
        self.0.scope.as_str()
    }

    /// Agents that may use it.
    #[getter]
    fn allowed_agents(&self) -> Vec<String> {
        self.0.allowed_agents.clone()
    }

    /// Personas that may use it.
    #[getter]
    fn allowed_personas(&self) -> Vec<String> {
        self.0.allowed_personas.clone()
    }

    /// Requests per minute.
    #[getter]
    fn rpm(&self) -> Option<u32> {
        self.0.rate_limit.and_then(|limit| limit.rpm)
    }

    /// Tokens per minute.
    #[getter]
    fn tpm(&self) -> Option<u32> {
        self.0.rate_limit.and_then(|limit| limit.tpm)
    }

    /// From when on it must not be used, in UTC.
    #[getter]
    fn expires_at(&self) -> Result<Option<SystemTime>> {
        self.0.expires_at.map(to_time).transpose()
    }

    /// For people.
    #[getter]
    fn tags(&self) -> Vec<String> {
        self.0.tags.clone()
    }

    /// When the record was made, in UTC.
    #[getter]
    fn created_at(&self) -> Result<SystemTime> {
        to_time(self.0.created_at)
    }

    fn __repr__(&self) -> String {
        let (provider, scope) = (self.0.provider.as_str(), self.0.scope.as_str());
        format!("ApiKeyRegistryRecord(provider='{provider}', scope='{scope}')")
    }
}

/// A list of records. The registry has a method `list`, which hides that name from its annotations.
struct Records(Vec<registry::ApiKeyRegistryRecord>);

impl<'py> IntoPyObject<'py> for Records {
    type Target = PyList;
    type Output = Bound<'py, PyList>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Sequence"),
        ApiKeyRegistryRecord::TYPE_HINT
    );

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let records = self.0.into_iter().map(|record| Py::new(py, ApiKeyRegistryRecord(record)));
        PyList::new(py, records.collect::<PyResult<Vec<_>>>()?)
    }
}
