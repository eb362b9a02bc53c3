//! What can be said of one certificate by itself.
//!
//! Whatever fails here takes no part in the search for a path, so that it costs nothing there and its place in the
//! chain is known.

use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, UnixTime, alg_id};
use webpki::{EndEntityCert, KeyUsage};

use super::der::{self, Reader};
use super::error::{CertErrorKind, kind_of};
use super::path::Name;
use super::signatures::{MAX_RSA_BITS, SignatureAlgorithm, bits, rsa_parts};

/// What every certificate of a path must keep to.
pub(super) struct Rules<'a> {
    pub(super) time: UnixTime,
    pub(super) usage: KeyUsage,
    pub(super) min_rsa_bits: usize,
    pub(super) allowed: &'a [SignatureAlgorithm],
}

/// What a certificate is in a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Leaf,
    Issuer,
}

/// The parts of a certificate that webpki keeps to itself.
pub(super) struct Parts<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    /// The contents of the signature's algorithm identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    /// The contents of the issuer's and the subject's names.
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// The contents of the subject public key info.
    pub(super) key_info: &'a [u8],
    extensions: Reader<'a>,
}

impl Rules<'_> {
    /// A certificate that may take part in a path in its role.
    pub(super) fn screen<'a>(
        &self,
        der: &'a CertificateDer<'a>,
        role: Role,
    ) -> Result<(EndEntityCert<'a>, Parts<'a>), CertErrorKind> {
        let cert = EndEntityCert::try_from(der).map_err(|error| kind_of(&error))?;
        let parts = Parts::read(der).ok_or(CertErrorKind::BadDer)?;
        if !self.allowed.iter().any(|algorithm| algorithm.signature_id().as_ref() == parts.algorithm) {
            return Err(CertErrorKind::UnsupportedAlgorithm);
        }
        self.check_key(parts.key_info)?;
        self.check_role(&cert, &parts, role)?;
        Ok((cert, parts))
    }

    /// Whether a key is of a known kind and long enough. `info` is the contents of a subject public key info.
    pub(super) fn check_key(&self, info: &[u8]) -> Result<(), CertErrorKind> {
        let (algorithm, key) = key_parts(info).ok_or(CertErrorKind::BadDer)?;
        let is = |id: &AlgorithmIdentifier| id.as_ref() == algorithm;
        if is(&alg_id::RSA_ENCRYPTION) {
            let (modulus, exponent) = rsa_parts(key).ok_or(CertErrorKind::BadDer)?;
            // An even modulus or exponent is no RSA key, and with an exponent of 1 anyone can sign.
            let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
            if bits(modulus) < self.min_rsa_bits || !odd(modulus) || !odd(exponent) || exponent == [1] {
                return Err(CertErrorKind::WeakKey);
            }
            if bits(modulus) > MAX_RSA_BITS {
                return Err(CertErrorKind::UnsupportedAlgorithm);
            }
            return Ok(());
        }
        let known = [&alg_id::ECDSA_P256, &alg_id::ECDSA_P384, &alg_id::ECDSA_P521, &alg_id::ED25519];
        if known.into_iter().any(is) { Ok(()) } else { Err(CertErrorKind::UnsupportedAlgorithm) }
    }

    /// Validity, basic constraints and usage. webpki checks them before it looks for an issuer, of which it is
    /// given none.
    fn check_role(
        &self,
        cert: &EndEntityCert<'_>,
        parts: &Parts<'_>,
        role: Role,
    ) -> Result<(), CertErrorKind> {
        let outcome = cert.verify_for_usage(&[], &[], &[], self.time, self.usage, None, None);
        let kind = outcome.err().map_or(CertErrorKind::UnknownIssuer, |error| kind_of(&error));
        match (role, kind) {
            (Role::Leaf, CertErrorKind::UnknownIssuer) => Ok(()),
            // Asked as a leaf, an authority is refused for being one, and only for that.
            (Role::Issuer, CertErrorKind::CaUsedAsLeaf) if parts.may_sign_certificates() => Ok(()),
            (Role::Issuer, CertErrorKind::CaUsedAsLeaf) => Err(CertErrorKind::WrongUsage),
            (Role::Issuer, CertErrorKind::UnknownIssuer | CertErrorKind::WrongUsage) => {
                Err(CertErrorKind::LeafUsedAsCa)
            }
            (_, kind) => Err(kind),
        }
    }
}

impl<'a> Parts<'a> {
    /// Reads RFC 5280 section 4.1 as far as the parts go.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Reader::new(Reader::new(der).expect(der::SEQUENCE)?);
        let (_, contents, signed) = certificate.next()?;
        let algorithm = certificate.expect(der::SEQUENCE)?;
        let signature = der::whole_bytes(certificate.expect(der::BIT_STRING)?)?;

        let mut tbs = Reader::new(contents);
        tbs.optional(der::VERSION);
        tbs.expect(der::INTEGER)?;
        tbs.expect(der::SEQUENCE)?;
        let issuer = tbs.expect(der::SEQUENCE)?;
        tbs.expect(der::SEQUENCE)?;
        let subject = tbs.expect(der::SEQUENCE)?;
        let key_info = tbs.expect(der::SEQUENCE)?;
        let extensions = match tbs.optional(der::EXTENSIONS) {
            Some(contents) => Reader::new(Reader::new(contents).expect(der::SEQUENCE)?),
            None => Reader::new(&[]),
        };
        Some(Self { signed, algorithm, signature, issuer, subject, key_info, extensions })
    }

    pub(super) const fn name(&self) -> Name<'a> {
        Name { issuer: self.issuer, subject: self.subject, key_info: self.key_info }
    }

    /// Whether the key usage, if there is one, includes signing certificates (RFC 5280 section 4.2.1.3), which
    /// webpki does not ask.
    fn may_sign_certificates(&self) -> bool {
        const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
        const SIGN_CERTIFICATES: u8 = 0x04;
        let mut extensions = self.extensions;
        while let Some(extension) = extensions.expect(der::SEQUENCE) {
            let mut extension = Reader::new(extension);
            if extension.expect(der::OID) != Some(KEY_USAGE) {
                continue;
            }
            extension.optional(der::BOOLEAN);
            let bits = extension
                .expect(der::OCTET_STRING)
                .and_then(|value| Reader::new(value).expect(der::BIT_STRING));
            return bits.is_some_and(|bits| bits.get(1).is_some_and(|first| first & SIGN_CERTIFICATES != 0));
        }
        true
    }
}

/// Algorithm identifier and key of a subject public key info, all without their outermost tags.
pub(super) fn key_parts(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(info);
    let algorithm = reader.expect(der::SEQUENCE)?;
    let key = der::whole_bytes(reader.expect(der::BIT_STRING)?)?;
    reader.is_empty().then_some((algorithm, key))
}
