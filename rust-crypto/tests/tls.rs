//! Certificate chains: every error code, every algorithm, and the same verdict as webpki with ring gives.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::tls::{
    CertError, CertErrorKind, Certificate, ChainReport, Options, SignatureAlgorithm, Usage,
    validate_cert_chain, validate_cert_chain_with,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, KeyUsagePurpose, NameConstraints,
    RevokedCertParams, SanType, date_time_ymd,
};
use rustls_pki_types::alg_id;
use tls_support::{
    Authority, Key, NOW, below, below_with, ca_params, certificates, leaf, leaf_params, leaf_with, primes,
    root, root_with, sign_pss, signed_again, tlv, with_roots,
};

mod tls_support;

/// The verdict on `chain` with `anchor` for the only root.
fn judge(chain: &[&[u8]], anchor: &Authority) -> Result<ChainReport, CertError> {
    judge_with(chain, anchor, |_| {})
}

fn judge_with(
    chain: &[&[u8]],
    anchor: &Authority,
    change: impl FnOnce(&mut Options<'_>),
) -> Result<ChainReport, CertError> {
    let roots = [Certificate::from_der(anchor.der())];
    let mut options = with_roots(&roots);
    change(&mut options);
    validate_cert_chain_with(&certificates(chain), &options)
}

fn refusal(outcome: Result<ChainReport, CertError>) -> (&'static str, Option<usize>) {
    let error = outcome.unwrap_err();
    (error.code(), error.index)
}

#[test]
fn chains_hold_in_any_order_and_with_anything_else_in_them() {
    let root = root();
    let upper = below(&root, "upper");
    let lower = below(&upper, "lower");
    let leaf = leaf(&lower);
    let report = judge(&[&leaf, lower.der(), upper.der()], &root).unwrap();
    assert_eq!(
        (report.path, report.server_name_checked, report.revocation_checked),
        (vec![0, 1, 2], false, false)
    );
    assert_eq!(judge(&[&leaf, upper.der(), lower.der()], &root).unwrap().path, [0, 2, 1]);
    let other = below(&tls_support::root(), "lower");
    let chain: [&[u8]; 7] =
        [&leaf, b"no certificate", root.der(), other.der(), upper.der(), &leaf, lower.der()];
    assert_eq!(judge(&chain, &root).unwrap().path, [0, 6, 4]);
    let direct = tls_support::leaf(&root);
    assert_eq!(judge(&[&direct], &root).unwrap().path, [0]);
}

#[test]
fn chains_and_certificates_must_be_there_and_read() {
    let root = root();
    let leaf = leaf(&root);
    assert_eq!(refusal(judge(&[], &root)), ("EmptyChain", None));
    assert_eq!(refusal(judge(&[b""], &root)), ("BadDer", Some(0)));
    for cut in [1, 10, leaf.len() / 2, leaf.len() - 1] {
        assert_eq!(refusal(judge(&[&leaf[..cut]], &root)), ("BadDer", Some(0)));
    }
    assert_eq!(refusal(judge(&[&[&leaf[..], &[0]].concat()], &root)), ("BadDer", Some(0)));
    // An unreadable certificate is why there is no path only where nothing better is known.
    let lower = below(&root, "lower");
    let leaf = tls_support::leaf(&lower);
    assert_eq!(refusal(judge(&[&leaf, &lower.der()[..99]], &root)), ("BadDer", Some(1)));
    let roots = [Certificate::from_der(b"no anchor")];
    let outcome = validate_cert_chain_with(&certificates(&[&leaf]), &with_roots(&roots));
    assert_eq!(refusal(outcome), ("BadDer", None));
    assert_eq!(
        refusal(judge_with(&[&leaf, lower.der()], &root, |options| options.crls = &[b"no list"])),
        ("BadDer", None)
    );
}

#[test]
fn time_is_kept() {
    let root = root();
    let dated = |mut params: CertificateParams| {
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2025, 12, 31);
        params
    };
    let lower = below_with(&root, dated(ca_params("lower")), Key::p256());
    let plain = leaf(&lower);
    assert_eq!(refusal(judge(&[&plain, lower.der()], &root)), ("Expired", Some(1)));
    let early = |options: &mut Options<'_>| options.time_ms = 1_700_000_000_000;
    assert_eq!(refusal(judge_with(&[&plain, lower.der()], &root, early)), ("NotYetValid", Some(1)));
    let within = |options: &mut Options<'_>| options.time_ms = 1_750_000_000_000;
    assert!(judge_with(&[&plain, lower.der()], &root, within).is_ok());
    let leaf = leaf_with(&root, dated(leaf_params()), &Key::p256());
    assert_eq!(refusal(judge(&[&leaf], &root)), ("Expired", Some(0)));
    assert_eq!(refusal(judge_with(&[&leaf], &root, |options| options.time_ms = 0)), ("NotYetValid", Some(0)));
    assert_eq!(
        refusal(judge_with(&[&leaf], &root, |options| options.time_ms = u64::MAX)),
        ("Expired", Some(0))
    );
}

#[test]
fn issuers_must_be_known_and_have_signed() {
    let (root, stranger) = (root(), below(&root(), "stranger"));
    let leaf = leaf(&stranger);
    assert_eq!(refusal(judge(&[&leaf], &root)), ("UnknownIssuer", None));
    // Of the same name, another key.
    let double = tls_support::root();
    assert_eq!(refusal(judge(&[&leaf, stranger.der()], &root)), ("BadSignature", Some(1)));
    assert_eq!(refusal(judge(&[&tls_support::leaf(&double)], &root)), ("BadSignature", Some(0)));
    let lower = below(&root, "lower");
    let mut leaf = tls_support::leaf(&lower);
    let last = leaf.len() - 1;
    leaf[last] ^= 1;
    assert_eq!(refusal(judge(&[&leaf, lower.der()], &root)), ("BadSignature", Some(0)));
    // Mozilla's anchors know none of these.
    assert_eq!(
        validate_cert_chain(&certificates(&[&leaf, lower.der()])).unwrap_err().kind,
        CertErrorKind::UnknownIssuer
    );
}

#[test]
fn names_are_those_of_the_subject_alternative_name() {
    let root = root();
    let mut params = leaf_params();
    params.subject_alt_names.push(SanType::IpAddress("192.0.2.7".parse().unwrap()));
    params.subject_alt_names.push(SanType::IpAddress("2001:db8::7".parse().unwrap()));
    params.distinguished_name.push(rcgen::DnType::CommonName, "common.example.com");
    let leaf = leaf_with(&root, params, &Key::p256());
    let named = |name: &str| {
        let roots = [Certificate::from_der(root.der())];
        let options = Options { server_name: Some(name), ..with_roots(&roots) };
        validate_cert_chain_with(&certificates(&[&leaf]), &options)
    };
    for name in ["example.org", "EXAMPLE.org", "a.example.net", "192.0.2.7", "2001:db8::7", "2001:db8:0:0::7"]
    {
        assert!(named(name).unwrap().server_name_checked, "{name}");
    }
    for name in [
        "example.com",
        "www.example.org",
        "example.net",
        "a.b.example.net",
        "common.example.com",
        "192.0.2.8",
        "2001:db8::8",
        "",
        " ",
        "*.example.net",
        "exämple.org",
        "[2001:db8::7]",
        "example.org/",
        "192.0.2",
    ] {
        assert_eq!(refusal(named(name)), ("NameMismatch", Some(0)), "{name}");
    }
    // Not the whole left-most label.
    let mut params = leaf_params();
    params.subject_alt_names = vec![SanType::DnsName("w*.example.net".try_into().unwrap())];
    let leaf = leaf_with(&root, params, &Key::p256());
    assert_eq!(
        refusal(judge_with(&[&leaf], &root, |options| options.server_name = Some("www.example.net"))),
        ("NameMismatch", Some(0))
    );
}

#[test]
fn authorities_are_authorities_and_leaves_are_not() {
    let root = root();
    let upper = below(&root, "upper");
    assert_eq!(refusal(judge(&[upper.der()], &root)), ("CaUsedAsLeaf", Some(0)));
    assert_eq!(refusal(judge(&[root.der()], &root)), ("CaUsedAsLeaf", Some(0)));
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let mut params = ca_params("no authority");
        params.is_ca = is_ca;
        let lower = below_with(&root, params, Key::p256());
        assert_eq!(refusal(judge(&[&leaf(&lower), lower.der()], &root)), ("LeafUsedAsCa", Some(1)));
    }
    let mut params = ca_params("limited");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let limited = below_with(&root, params, Key::p256());
    let lower = below(&limited, "lower");
    assert!(judge(&[&leaf(&limited), limited.der()], &root).is_ok());
    assert_eq!(refusal(judge(&[&leaf(&lower), lower.der(), limited.der()], &root)).0, "PathLenExceeded");
}

#[test]
fn usages_are_kept() {
    let root = root();
    let used_for = |usage: ExtendedKeyUsagePurpose| {
        let mut params = leaf_params();
        params.extended_key_usages = vec![usage];
        leaf_with(&root, params, &Key::p256())
    };
    let client = |options: &mut Options<'_>| options.usage = Usage::Client;
    let (server_leaf, client_leaf) =
        (used_for(ExtendedKeyUsagePurpose::ServerAuth), used_for(ExtendedKeyUsagePurpose::ClientAuth));
    assert!(judge(&[&server_leaf], &root).is_ok());
    assert!(judge_with(&[&client_leaf], &root, client).is_ok());
    assert_eq!(refusal(judge(&[&client_leaf], &root)), ("WrongUsage", Some(0)));
    assert_eq!(refusal(judge_with(&[&server_leaf], &root, client)), ("WrongUsage", Some(0)));
    assert!(judge_with(&[&leaf(&root)], &root, client).is_ok(), "without a usage it is for any");

    let mut params = ca_params("for clients");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let lower = below_with(&root, params, Key::p256());
    assert_eq!(refusal(judge(&[&leaf(&lower), lower.der()], &root)).0, "WrongUsage");

    let signs = |usages: &[KeyUsagePurpose]| {
        let mut params = ca_params("lower");
        params.key_usages = usages.to_vec();
        let key = Key::p256();
        let certificate = params.signed_by(&key, &root).unwrap().der().to_vec();
        // rcgen refuses to sign with a key that may not; the name and the key are what count.
        let issuer = rcgen::Issuer::new(ca_params("lower"), key);
        judge(&[&leaf(&issuer), &certificate], &root)
    };
    assert!(signs(&[]).is_ok(), "without a key usage it is for any");
    assert!(signs(&[KeyUsagePurpose::KeyCertSign]).is_ok());
    assert_eq!(refusal(signs(&[KeyUsagePurpose::CrlSign])), ("WrongUsage", Some(1)));
    assert_eq!(
        refusal(signs(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::DecipherOnly])),
        ("WrongUsage", Some(1))
    );
}

#[test]
fn name_constraints_are_kept() {
    let root = root();
    let constrained = |permitted: &[&str], excluded: &[&str]| {
        let trees =
            |names: &[&str]| names.iter().map(|&name| GeneralSubtree::DnsName(name.to_owned())).collect();
        let mut params = ca_params("constrained");
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: trees(permitted),
            excluded_subtrees: trees(excluded),
        });
        let lower = below_with(&root, params, Key::p256());
        judge(&[&leaf(&lower), lower.der()], &root)
    };
    assert!(constrained(&["example.org", "example.net"], &[]).is_ok());
    assert_eq!(refusal(constrained(&["example.org"], &[])).0, "NameConstraintViolation");
    assert_eq!(refusal(constrained(&[], &["example.org"])).0, "NameConstraintViolation");
}

#[test]
fn critical_extensions_must_be_understood() {
    let root = root();
    let extension = |critical| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(critical);
        vec![extension]
    };
    for (critical, verdict) in [(false, None), (true, Some(("UnknownCriticalExtension", Some(0))))] {
        let mut params = leaf_params();
        params.custom_extensions = extension(critical);
        let leaf = leaf_with(&root, params, &Key::p256());
        assert_eq!(judge(&[&leaf], &root).err().map(|error| (error.code(), error.index)), verdict);
    }
    let mut params = ca_params("lower");
    params.custom_extensions = extension(true);
    let lower = below_with(&root, params, Key::p256());
    assert_eq!(refusal(judge(&[&leaf(&lower), lower.der()], &root)), ("UnknownCriticalExtension", Some(1)));
}

#[test]
fn weak_keys_and_old_algorithms_are_refused() {
    let root = root();
    let weak = || Key::rsa(primes::P_1024, primes::Q_1024, &rcgen::PKCS_RSA_SHA256);
    assert_eq!(refusal(judge(&[&leaf_with(&root, leaf_params(), &weak())], &root)), ("WeakKey", Some(0)));
    let lower = below_with(&root, ca_params("lower"), weak());
    assert_eq!(refusal(judge(&[&leaf(&lower), lower.der()], &root)), ("WeakKey", Some(1)));
    let weak_root = root_with(weak());
    assert_eq!(refusal(judge(&[&leaf(&weak_root)], &weak_root)), ("WeakKey", None));
    let strong = leaf_with(&root, leaf_params(), &Key::rsa_2048());
    assert!(judge(&[&strong], &root).is_ok());
    assert!(judge_with(&[&strong], &root, |options| options.min_rsa_bits = 0).is_ok());
    assert_eq!(
        refusal(judge_with(&[&strong], &root, |options| options.min_rsa_bits = 3072)),
        ("WeakKey", Some(0))
    );
    let weak_leaf = leaf_with(&root, leaf_params(), &weak());
    assert_eq!(
        refusal(judge_with(&[&weak_leaf], &root, |options| options.min_rsa_bits = 0)),
        ("WeakKey", Some(0))
    );

    // The identifiers of RFC 3279: MD5 and SHA-1 with RSA, SHA-1 with ECDSA; and RSA without its NULL.
    let rsa = |last: u8, null: &[u8]| {
        let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last];
        [&tlv(6, &oid), null].concat()
    };
    let ecdsa_sha1 = tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);
    for algorithm in [rsa(4, &[5, 0]), rsa(5, &[5, 0]), rsa(11, &[]), ecdsa_sha1] {
        let leaf = signed_again(&strong, &algorithm, |_| vec![1; 256]);
        assert_eq!(refusal(judge(&[&leaf], &root)), ("UnsupportedAlgorithm", Some(0)));
        let lower = below(&root, "lower");
        let old = signed_again(lower.der(), &algorithm, |_| vec![1; 256]);
        assert_eq!(
            refusal(judge(&[&tls_support::leaf(&lower), &old], &root)),
            ("UnsupportedAlgorithm", Some(1))
        );
        // As the anchor itself, its own signature does not count.
        let old_root = signed_again(root.der(), &algorithm, |_| vec![1; 256]);
        let roots = [Certificate::from_der(&old_root)];
        assert!(validate_cert_chain_with(&certificates(&[&strong, &old_root]), &with_roots(&roots)).is_ok());
    }
    // The signature's algorithm and the issuer's key do not belong together.
    let leaf = signed_again(&strong, alg_id::ED25519.as_ref(), |_| vec![1; 64]);
    assert_eq!(refusal(judge(&[&leaf], &root)).0, "UnsupportedAlgorithm");
}

/// A leaf for each algorithm, and the authority that signed it.
fn of_each_algorithm() -> Vec<(SignatureAlgorithm, Vec<u8>, Authority)> {
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
    use sha2::{Digest as _, Sha256, Sha384, Sha512};
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

#[test]
fn every_algorithm_is_accepted_when_allowed_and_only_then() {
    let all = of_each_algorithm();
    let mut names: Vec<_> = all.iter().map(|(algorithm, ..)| *algorithm).collect();
    names.sort_unstable();
    let mut expected = SignatureAlgorithm::ALL.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for (algorithm, leaf, root) in &all {
        assert_eq!(SignatureAlgorithm::from_name(algorithm.name()), Some(*algorithm));
        let roots = [Certificate::from_der(root.der())];
        let chain = certificates(&[leaf]);
        assert!(validate_cert_chain_with(&chain, &with_roots(&roots)).is_ok(), "{algorithm:?}");
        let only = [*algorithm];
        let options = Options { allowed_signatures: Some(&only), ..with_roots(&roots) };
        assert!(validate_cert_chain_with(&chain, &options).is_ok(), "{algorithm:?}");
        let others: Vec<_> =
            SignatureAlgorithm::ALL.iter().copied().filter(|other| other != algorithm).collect();
        let options = Options { allowed_signatures: Some(&others), ..with_roots(&roots) };
        assert_eq!(
            refusal(validate_cert_chain_with(&chain, &options)).0,
            "UnsupportedAlgorithm",
            "{algorithm:?}"
        );
    }
}

/// What webpki says of the chain with ring's verifiers, without the checks that are ours.
fn ring_accepts(chain: &[&[u8]], root: &[u8]) -> bool {
    let algorithms = [
        webpki::ring::ECDSA_P256_SHA256,
        webpki::ring::ECDSA_P256_SHA384,
        webpki::ring::ECDSA_P384_SHA256,
        webpki::ring::ECDSA_P384_SHA384,
        webpki::ring::ED25519,
        webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        webpki::ring::RSA_PKCS1_2048_8192_SHA384,
        webpki::ring::RSA_PKCS1_2048_8192_SHA512,
        webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    ];
    let chain: Vec<_> = chain.iter().map(|der| rustls_pki_types::CertificateDer::from(*der)).collect();
    let root = rustls_pki_types::CertificateDer::from(root);
    let Ok(leaf) = webpki::EndEntityCert::try_from(&chain[0]) else { return false };
    let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
    let time = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_millis(NOW));
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(&algorithms, &anchors, &chain[1..], time, usage, None, None).is_ok()
}

/// Changes one bit at many places, the same ones each time, and compares verdicts.
#[test]
fn verdicts_are_those_of_webpki_with_ring() {
    for (algorithm, leaf, root) in of_each_algorithm() {
        // ring does not offer ECDSA with SHA-512.
        if matches!(algorithm, SignatureAlgorithm::EcdsaP256Sha512 | SignatureAlgorithm::EcdsaP384Sha512) {
            continue;
        }
        assert!(judge(&[&leaf], &root).is_ok() && ring_accepts(&[&leaf], root.der()), "{algorithm:?}");
        let lower = below(&root, "lower");
        let long = tls_support::leaf(&lower);
        let intact: Vec<Vec<u8>> = vec![long, lower.der().to_vec()];
        for place in 0..160 {
            let mut chain = intact.clone();
            let which = place % 2;
            let position = place * 7919 % chain[which].len();
            chain[which][position] ^= 1 << (place % 8);
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let ours = judge(&chain, &root);
            assert_eq!(
                ours.is_ok(),
                ring_accepts(&chain, root.der()),
                "{algorithm:?}, {which} at {position}: {ours:?}"
            );
        }
        // Signatures alone, of the algorithm itself.
        for place in 0..60 {
            let mut changed = leaf.clone();
            let position = leaf.len() - 1 - place;
            changed[position] ^= 1 << (place % 8);
            assert_eq!(
                judge(&[&changed], &root).is_ok(),
                ring_accepts(&[&changed], root.der()),
                "{algorithm:?}, {position}"
            );
        }
    }
}

struct Lists {
    fresh: Vec<u8>,
    revoking: Vec<u8>,
    stale: Vec<u8>,
}

fn lists(issuer: &Authority) -> Lists {
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

#[test]
fn revocation_is_looked_up() {
    let root = root();
    let lower = below(&root, "lower");
    let leaf = leaf(&lower);
    let (of_root, of_lower) = (lists(&root), lists(&lower));
    let judge = |crls: &[&[u8]], require| {
        let roots = [Certificate::from_der(root.der())];
        let options = Options { crls, require_revocation: require, ..with_roots(&roots) };
        validate_cert_chain_with(&certificates(&[&leaf, lower.der()]), &options)
    };
    assert!(judge(&[&of_root.fresh, &of_lower.fresh], true).unwrap().revocation_checked);
    assert!(!judge(&[&of_lower.fresh], false).unwrap().revocation_checked);
    assert!(!judge(&[], false).unwrap().revocation_checked);
    assert_eq!(refusal(judge(&[&of_lower.fresh], true)).0, "RevocationUnknown");
    assert_eq!(refusal(judge(&[], true)).0, "RevocationUnknown");
    for require in [false, true] {
        assert_eq!(refusal(judge(&[&of_root.fresh, &of_lower.revoking], require)).0, "Revoked");
        assert_eq!(refusal(judge(&[&of_root.fresh, &of_lower.stale], require)).0, "CrlExpired");
    }
    assert_eq!(refusal(judge(&[&of_lower.revoking], false)).0, "Revoked");
    // A list with a wrong signature tells nothing.
    let mut forged = of_lower.revoking.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(refusal(judge(&[&of_root.fresh, &forged], true)).0, "RevocationUnknown");
}

#[test]
fn work_is_bounded() {
    let root = root();
    let leaf = leaf(&root);
    let many = vec![&leaf[..]; 33];
    assert_eq!(refusal(judge(&many, &root)), ("TooComplex", None));
    assert!(judge(&many[..32], &root).is_ok());
    let mut authorities = vec![below(&root, "1")];
    for number in 2..=7 {
        let next = below(authorities.last().unwrap(), &number.to_string());
        authorities.push(next);
    }
    let chain = |count: usize| {
        let leaf = tls_support::leaf(&authorities[count - 1]);
        let mut chain = vec![leaf];
        chain.extend(authorities[..count].iter().map(|authority| authority.der().to_vec()));
        chain
    };
    let judge_of = |count, max_depth| {
        let chain = chain(count);
        let chain: Vec<_> = chain.iter().map(Vec::as_slice).collect();
        judge_with(&chain, &root, |options| options.max_depth = max_depth)
    };
    assert!(judge_of(6, 8).is_ok());
    assert_eq!(refusal(judge_of(7, 8)), ("TooComplex", None));
    assert_eq!(refusal(judge_of(7, 100)), ("TooComplex", None), "8 is the most");
    assert!(judge_of(2, 4).is_ok());
    assert_eq!(refusal(judge_of(2, 3)), ("TooComplex", None));
    assert_eq!(refusal(judge_of(1, 1)), ("TooComplex", None));
    // Many of one name that all sign for each other, and a leaf of none of them.
    let same: Vec<_> = (0..28).map(|_| below_with(&root, ca_params("root"), Key::ed25519())).collect();
    let stranger = tls_support::leaf(&tls_support::root());
    let mut chain = vec![&stranger[..]];
    chain.extend(same.iter().map(|authority| &authority.der()[..]));
    assert_eq!(refusal(judge(&chain, &root)), ("TooComplex", None));
}

#[test]
fn mozillas_anchors_are_there_and_hold_for_their_own_keys() {
    let root = root();
    let leaf = leaf(&root);
    let error = validate_cert_chain_with(&certificates(&[&leaf]), &Options::at(NOW)).unwrap_err();
    assert_eq!(error.kind, CertErrorKind::UnknownIssuer);
    assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 100);
    assert!(Options::now().time_ms > 1_760_000_000_000);
}
