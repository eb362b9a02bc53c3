//! Certificates made for tests: by rcgen, and by hand where rcgen will not make them.

pub(crate) mod primes;

use chrysalis_crypto::hex;
use chrysalis_crypto::tls::SignatureAlgorithm;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RevokedCertParams, SigningKey,
    date_time_ymd,
};
use rsa::rand_core::{Infallible, TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use rustls_pki_types::alg_id;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// 20 November 2026, in milliseconds.
pub(crate) const NOW: u64 = 1_795_132_800_000;

pub(crate) type Authority = CertifiedIssuer<'static, Key>;

/// A key of any kind that rcgen can sign with.
pub(crate) enum Key {
    Ring(Box<KeyPair>),
    Rsa(Box<RsaKey>),
}

pub(crate) struct RsaKey {
    pub(crate) private: RsaPrivateKey,
    public: Vec<u8>,
    algorithm: &'static rcgen::SignatureAlgorithm,
}

impl Key {
    pub(crate) fn p256() -> Self {
        Self::Ring(Box::new(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()))
    }

    pub(crate) fn p384() -> Self {
        Self::Ring(Box::new(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()))
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ring(Box::new(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()))
    }

    pub(crate) fn rsa(p: &str, q: &str, algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        let number = |text: &str| {
            let digits: String = text.split_whitespace().collect();
            BoxedUint::from_be_slice_vartime(&hex::decode(&digits).unwrap())
        };
        let private = RsaPrivateKey::from_p_q(number(p), number(q), BoxedUint::from(65_537_u64)).unwrap();
        let integer = |bytes: &[u8]| {
            let start = bytes.iter().position(|&byte| byte != 0).unwrap();
            let sign: &[u8] = if bytes[start] >= 0x80 { &[0] } else { &[] };
            tlv(2, &[sign, &bytes[start..]].concat())
        };
        let parts = [integer(&private.n().to_be_bytes()), integer(&private.e().to_be_bytes())];
        Self::Rsa(Box::new(RsaKey { public: tlv(0x30, &parts.concat()), private, algorithm }))
    }

    /// The P-256 key of a secret, in the form of RFC 5208 that ring reads.
    pub(crate) fn p256_of(secret: &[u8], public: &[u8]) -> Self {
        Self::elliptic(secret, public, alg_id::ECDSA_P256.as_ref(), &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// The P-384 key of a secret.
    pub(crate) fn p384_of(secret: &[u8], public: &[u8]) -> Self {
        Self::elliptic(secret, public, alg_id::ECDSA_P384.as_ref(), &rcgen::PKCS_ECDSA_P384_SHA384)
    }

    fn elliptic(
        secret: &[u8],
        public: &[u8],
        id: &[u8],
        algorithm: &'static rcgen::SignatureAlgorithm,
    ) -> Self {
        let point = tlv(0xa1, &tlv(3, &[&[0], public].concat()));
        let key = tlv(0x30, &[tlv(2, &[1]), tlv(4, secret), point].concat());
        let pkcs8 = tlv(0x30, &[tlv(2, &[0]), tlv(0x30, id), tlv(4, &key)].concat());
        Self::Ring(Box::new(KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), algorithm).unwrap()))
    }

    pub(crate) fn rsa_2048() -> Self {
        Self::rsa(primes::P_2048, primes::Q_2048, &rcgen::PKCS_RSA_SHA256)
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Ring(key) => key.der_bytes(),
            Self::Rsa(key) => &key.public,
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self {
            Self::Ring(key) => key.algorithm(),
            Self::Rsa(key) => key.algorithm,
        }
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let key = match self {
            Self::Ring(key) => return key.sign(message),
            Self::Rsa(key) => key,
        };
        let private = &key.private;
        Ok(if *key.algorithm == rcgen::PKCS_RSA_SHA256 {
            private.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
        } else if *key.algorithm == rcgen::PKCS_RSA_SHA384 {
            private.sign(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message))
        } else {
            private.sign(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message))
        }
        .unwrap())
    }
}

/// A PSS signature with a salt as long as the hash.
pub(crate) fn sign_pss(key: &RsaPrivateKey, message: &[u8], bits: usize) -> Vec<u8> {
    match bits {
        256 => key.sign_with_rng(&mut Salt, Pss::<Sha256>::new(), &Sha256::digest(message)),
        384 => key.sign_with_rng(&mut Salt, Pss::<Sha384>::new(), &Sha384::digest(message)),
        _ => key.sign_with_rng(&mut Salt, Pss::<Sha512>::new(), &Sha512::digest(message)),
    }
    .unwrap()
}

/// Randomness good enough for the salt of a test signature.
struct Salt;

impl TryRng for Salt {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0x5a5a_5a5a)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0x5a5a_5a5a_5a5a_5a5a)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0x5a);
        Ok(())
    }
}

impl TryCryptoRng for Salt {}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn leaf_params() -> CertificateParams {
    let mut params =
        CertificateParams::new(vec!["example.org".to_owned(), "*.example.net".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.serial_number = Some(vec![0x11, 0x22].into());
    params
}

pub(crate) fn root() -> Authority {
    root_with(Key::p256())
}

pub(crate) fn root_with(key: Key) -> Authority {
    CertifiedIssuer::self_signed(ca_params("root"), key).unwrap()
}

pub(crate) fn below(issuer: &Issuer<'_, Key>, name: &str) -> Authority {
    below_with(issuer, ca_params(name), Key::p256())
}

pub(crate) fn below_with(issuer: &Issuer<'_, Key>, params: CertificateParams, key: Key) -> Authority {
    CertifiedIssuer::signed_by(params, key, issuer).unwrap()
}

pub(crate) fn leaf(issuer: &Issuer<'_, Key>) -> Vec<u8> {
    leaf_with(issuer, leaf_params(), &Key::p256())
}

pub(crate) fn leaf_with(issuer: &Issuer<'_, Key>, params: CertificateParams, key: &Key) -> Vec<u8> {
    params.signed_by(key, issuer).unwrap().der().to_vec()
}

/// An element of DER.
pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(u8::try_from(length).unwrap()),
        _ => {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend(digits);
        }
    }
    out.extend(contents);
    out
}

/// The elements of some contents, whole.
pub(crate) fn elements(mut contents: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    while !contents.is_empty() {
        let (header, length) = header(contents);
        let (element, rest) = contents.split_at(header + length);
        out.push(element);
        contents = rest;
    }
    out
}

pub(crate) fn contents(element: &[u8]) -> &[u8] {
    let (header, length) = header(element);
    &element[header..header + length]
}

fn header(bytes: &[u8]) -> (usize, usize) {
    if bytes[1] < 0x80 {
        return (2, usize::from(bytes[1]));
    }
    let digits = usize::from(bytes[1] & 0x7f);
    (2 + digits, bytes[2..2 + digits].iter().fold(0, |length, &digit| length << 8 | usize::from(digit)))
}

/// The certificate with another algorithm identifier, given by its contents, signed again.
pub(crate) fn signed_again(der: &[u8], algorithm: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let algorithm = tlv(0x30, algorithm);
    let parts = elements(contents(der));
    let mut fields = elements(contents(parts[0]));
    fields[2] = &algorithm;
    let signed = tlv(0x30, &fields.concat());
    let signature = tlv(3, &[&[0], &sign(&signed)[..]].concat());
    tlv(0x30, &[signed, algorithm.clone(), signature].concat())
}

/// A leaf for each algorithm, and the authority that signed it.
pub(crate) fn of_each_algorithm() -> Vec<(SignatureAlgorithm, Vec<u8>, Authority)> {
    use SignatureAlgorithm as A;
    let mut out = Vec::new();
    for (algorithm, key) in [
        (A::EcdsaP256Sha256, Key::p256()),
        (A::EcdsaP384Sha384, Key::p384()),
        (A::Ed25519, Key::ed25519()),
        (A::RsaPkcs1Sha256, Key::rsa_2048()),
        (A::RsaPkcs1Sha384, Key::rsa(primes::P_3072, primes::Q_3072, &rcgen::PKCS_RSA_SHA384)),
        (A::RsaPkcs1Sha512, Key::rsa(primes::P_2048, primes::Q_2048, &rcgen::PKCS_RSA_SHA512)),
    ] {
        let root = root_with(key);
        out.push((algorithm, leaf(&root), root));
    }
    for (algorithm, id, bits) in [
        (A::RsaPssSha256, alg_id::RSA_PSS_SHA256, 256),
        (A::RsaPssSha384, alg_id::RSA_PSS_SHA384, 384),
        (A::RsaPssSha512, alg_id::RSA_PSS_SHA512, 512),
    ] {
        let root = root_with(Key::rsa_2048());
        let Key::Rsa(key) = root.key() else { panic!("an RSA key") };
        let leaf = signed_again(&leaf(&root), id.as_ref(), |message| sign_pss(&key.private, message, bits));
        out.push((algorithm, leaf, root));
    }
    for (algorithm, id) in [
        (A::EcdsaP256Sha384, alg_id::ECDSA_SHA384),
        (A::EcdsaP256Sha512, alg_id::ECDSA_SHA512),
        (A::EcdsaP384Sha256, alg_id::ECDSA_SHA256),
        (A::EcdsaP384Sha512, alg_id::ECDSA_SHA512),
    ] {
        let (root, leaf) = by_hand(algorithm, id.as_ref());
        out.push((algorithm, leaf, root));
    }
    out
}

/// ECDSA with a hash of another length than the curve's, which ring does not sign with.
fn by_hand(algorithm: SignatureAlgorithm, id: &[u8]) -> (Authority, Vec<u8>) {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    let hash = |message: &[u8]| match algorithm.name().split('-').next_back() {
        Some("sha256") => Sha256::digest(message).to_vec(),
        Some("sha384") => Sha384::digest(message).to_vec(),
        _ => Sha512::digest(message).to_vec(),
    };
    // RFC 5915 inside RFC 5208: how ring gives out its keys.
    if algorithm.name().contains("p256") {
        let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let root = root_with(Key::p256_of(&[7; 32], &secret.verifying_key().to_sec1_bytes()));
        let sign = |message: &[u8]| {
            let signature: p256::ecdsa::Signature = secret.sign_prehash(&hash(message)).unwrap();
            signature.to_der().as_bytes().to_vec()
        };
        let leaf = signed_again(&leaf(&root), id, sign);
        (root, leaf)
    } else {
        let secret = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
        let root = root_with(Key::p384_of(&[7; 48], &secret.verifying_key().to_sec1_bytes()));
        let sign = |message: &[u8]| {
            let signature: p384::ecdsa::Signature = secret.sign_prehash(&hash(message)).unwrap();
            signature.to_der().as_bytes().to_vec()
        };
        let leaf = signed_again(&leaf(&root), id, sign);
        (root, leaf)
    }
}

/// Revocation lists of one issuer.
pub(crate) struct Lists {
    pub(crate) fresh: Vec<u8>,
    pub(crate) revoking: Vec<u8>,
    pub(crate) stale: Vec<u8>,
}

pub(crate) fn lists(issuer: &Authority) -> Lists {
    let list = |next_year, revoked: &[u8]| {
        let revoked_certs = if revoked.is_empty() {
            Vec::new()
        } else {
            vec![RevokedCertParams {
                serial_number: revoked.to_vec().into(),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }]
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(next_year, 6, 1),
            crl_number: vec![1].into(),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(issuer).unwrap().der().to_vec()
    };
    Lists { fresh: list(2027, &[]), revoking: list(2027, &[0x11, 0x22]), stale: list(2026, &[]) }
}
