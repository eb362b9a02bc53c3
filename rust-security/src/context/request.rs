//! Keys used in place: headers and signatures that leave the context, keys that do not.

use chrysalis_crypto::hash::{self, HashAlgorithm};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{hex, mac};

use crate::audit::AuditAction;
use crate::context::SecurityContext;
use crate::error::SecurityError;
use crate::provider::ProviderName;

/// The longest path of a signed request in bytes.
const MAX_PATH_LENGTH: usize = 16 << 10;

/// A header that authorises a request: its name, and its value in memory that is wiped.
#[derive(Debug)]
pub struct AuthorizationHeader {
    /// In lower case, as HTTP/2 has it.
    pub name: &'static str,
    /// Such as `Bearer ` and the key.
    pub value: SecretBytes,
}

/// The headers of a signed request. They hold no secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedRequest {
    /// `x-chrysalis-timestamp`: milliseconds since the Unix epoch, in decimal digits.
    pub timestamp: String,
    /// `x-chrysalis-content-sha256`: SHA-256 of the body, 64 hexadecimal digits.
    pub content_sha256: String,
    /// `x-chrysalis-signature`: `v1=` and HMAC-SHA-256, 64 hexadecimal digits.
    pub signature: String,
}

impl SignedRequest {
    /// Names and values of the headers.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("x-chrysalis-timestamp", &self.timestamp),
            ("x-chrysalis-content-sha256", &self.content_sha256),
            ("x-chrysalis-signature", &self.signature),
        ]
    }
}

impl SecurityContext {
    /// The header by which the provider's interface takes its key: `x-api-key` for Anthropic, `x-goog-api-key` for
    /// Google, `api-key` for Azure, `authorization: Bearer …` for all others.
    ///
    /// # Errors
    /// [`SecurityError::KeyNotFound`], [`SecurityError::InvalidProvider`], [`SecurityError::ContextLocked`].
    pub fn authorization_header(&self, provider: &str) -> Result<AuthorizationHeader, SecurityError> {
        let key = self.use_key(provider, AuditAction::RequestSigned)?;
        let (name, scheme) = match ProviderName::parse(provider)?.as_str() {
            "anthropic" => ("x-api-key", ""),
            "google" => ("x-goog-api-key", ""),
            "azure" => ("api-key", ""),
            _ => ("authorization", "Bearer "),
        };
        let mut value = SecretBytes::zeroed(scheme.len() + key.len())?;
        value.expose_mut(|value| {
            let (before, after) = value.split_at_mut(scheme.len());
            before.copy_from_slice(scheme.as_bytes());
            key.expose(|key| after.copy_from_slice(key));
        });
        Ok(AuthorizationHeader { name, value })
    }

    /// HMAC-SHA-256 of `data` under the provider's key, for interfaces with signatures of their own.
    ///
    /// # Errors
    /// As [`authorization_header`](Self::authorization_header).
    pub fn sign_with_api_key(&self, provider: &str, data: &[u8]) -> Result<[u8; 32], SecurityError> {
        let key = self.use_key(provider, AuditAction::RequestSigned)?;
        Ok(key.expose(|key| mac::hmac_sha256(key, data)))
    }

    /// Signs a request with the provider's key: HMAC-SHA-256 over method, path with query, time and SHA-256 of the body,
    /// as [`string_to_sign`] joins them. The time is the context's clock's.
    ///
    /// # Errors
    /// As [`authorization_header`](Self::authorization_header); `INVALID_ARGUMENT` for a method that is not 1 to 16 upper-case
    /// letters, or a path that does not begin with `/`, is over 16 KiB, or has white space or controls in it.
    pub fn sign_request(
        &self,
        provider: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<SignedRequest, SecurityError> {
        let is_method =
            (1..=16).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_method {
            return Err(SecurityError::argument("method must be 1 to 16 upper-case letters"));
        }
        let is_path = path.starts_with('/') && path.len() <= MAX_PATH_LENGTH;
        if !is_path || path.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(SecurityError::argument("path must begin with / and hold no white space"));
        }
        let timestamp = (self.clock)().to_string();
        let content_sha256 = hash::hash_hex(body, HashAlgorithm::Sha256);
        let data = string_to_sign(method, path, &timestamp, &content_sha256);
        let signature = self.sign_with_api_key(provider, data.as_bytes())?;
        Ok(SignedRequest { timestamp, content_sha256, signature: format!("v1={}", hex::encode(&signature)) })
    }
}

/// What is signed: `chrysalis-request/1`, method, path, time and digest, each on a line, without one at the end. No part
/// can hold a line end.
#[must_use]
pub fn string_to_sign(method: &str, path: &str, timestamp: &str, content_sha256: &str) -> String {
    ["chrysalis-request/1", method, path, timestamp, content_sha256].join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrysalis_crypto::api_keys::ApiKey;

    use super::*;

    fn context() -> SecurityContext {
        let context = SecurityContext::make(Arc::new(|| 1_763_600_000_000)).unwrap();
        for provider in ["anthropic", "google", "azure", "openai"] {
            context.store_api_key(provider, ApiKey::new("test-key-0123456789".to_owned()).unwrap()).unwrap();
        }
        context
    }

    #[test]
    fn each_provider_has_its_header() {
        let context = context();
        for (provider, name, value) in [
            ("anthropic", "x-api-key", "test-key-0123456789"),
            ("Google", "x-goog-api-key", "test-key-0123456789"),
            ("azure", "api-key", "test-key-0123456789"),
            ("openai", "authorization", "Bearer test-key-0123456789"),
        ] {
            let header = context.authorization_header(provider).unwrap();
            assert_eq!(header.name, name);
            assert!(header.value.expose(|found| found == value.as_bytes()));
            assert!(!format!("{header:?}").contains("test-key"));
        }
        assert_eq!(context.authorization_header("groq").unwrap_err().code(), "KEY_NOT_FOUND");
    }

    #[test]
    fn a_signature_covers_every_part() {
        let context = context();
        let signed = context.sign_request("openai", "POST", "/v1/chat?x=1", b"{}").unwrap();
        let data = string_to_sign("POST", "/v1/chat?x=1", &signed.timestamp, &signed.content_sha256);
        let expected = hex::encode(&mac::hmac_sha256(b"test-key-0123456789", data.as_bytes()));
        assert_eq!(signed.signature, format!("v1={expected}"));
        assert_eq!(signed.timestamp, "1763600000000");
        for (method, path, body) in
            [("GET", "/v1/chat?x=1", "{}"), ("POST", "/v1/chat?x=2", "{}"), ("POST", "/v1/chat?x=1", "[]")]
        {
            let other = context.sign_request("openai", method, path, body.as_bytes()).unwrap();
            assert_ne!(other.signature, signed.signature);
        }
        for (method, path) in [("post", "/"), ("", "/"), ("GET", "x"), ("GET", "/a\nb"), ("GET", "/a b")] {
            let error = context.sign_request("openai", method, path, b"").unwrap_err();
            assert_eq!(error.code(), "INVALID_ARGUMENT");
        }
    }
}
