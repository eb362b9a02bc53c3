//! The system's keychain, where this build has it.

#[cfg(feature = "keychain")]
pub(crate) use chrysalis_security::keychain::{load, remove, store};
#[cfg(not(feature = "keychain"))]
pub(crate) use without::{load, remove, store};

#[cfg(not(feature = "keychain"))]
mod without {
    use chrysalis_security::{SecurityError, WrappingKey};

    const ABSENT: SecurityError = SecurityError::KeychainUnavailable("this program was built without it");

    pub(crate) fn store(_: &[u8; 16], _: &WrappingKey) -> Result<(), SecurityError> {
        Err(ABSENT)
    }

    pub(crate) fn load(_: &[u8; 16]) -> Result<WrappingKey, SecurityError> {
        Err(ABSENT)
    }

    pub(crate) fn remove(_: &[u8; 16]) -> Result<bool, SecurityError> {
        Err(ABSENT)
    }
}
