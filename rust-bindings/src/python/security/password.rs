//! What counts as a good password.

use chrysalis_security::password;
use pyo3::prelude::*;

use crate::python::convert::Text;

/// Judgement of a password. It holds nothing of the password.
#[pyclass(frozen, module = "memory_system._rust.security")]
pub(in crate::python) struct PasswordStrength(password::PasswordStrength);

#[pymethods]
impl PasswordStrength {
    /// Whether a new wallet should take it.
    #[getter]
    fn is_valid(&self) -> bool {
        self.0.is_valid
    }

    /// 0 to 100.
    #[getter]
    fn score(&self) -> u32 {
        self.0.score
    }

    /// What is wrong, for people; empty when nothing is.
    #[getter]
    fn problems(&self) -> Vec<&'static str> {
        self.0.problems.clone()
    }

    fn __repr__(&self) -> String {
        format!(
            "PasswordStrength(is_valid={}, score={})",
            if self.0.is_valid { "True" } else { "False" },
            self.0.score
        )
    }
}

/// Judges a password by length and variety: 12 to 128 characters, at least three of lower case, upper case, digits and
/// others, and a score of 60 or more.
#[pyfunction]
pub(in crate::python) fn validate_password_strength(password: Text<'_>) -> PasswordStrength {
    PasswordStrength(password::validate_password_strength(password.0))
}
