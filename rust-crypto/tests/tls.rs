//! Certificate chains: every error code, every algorithm, and the same verdict as webpki with ring gives.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrysalis_crypto::hex;
use chrysalis_crypto::tls::{
    CertError, CertErrorKind, Certificate, ChainReport, Options, SignatureAlgorithm, Usage,
    validate_cert_chain, validate_cert_chain_with,
};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};
use rustls_pki_types::alg_id;
use serde_json::{Value, json};
use tls_support::{
    Authority, Key, NOW, below, below_with, ca_params, leaf, leaf_params, leaf_with, lists,
    of_each_algorithm, primes, root, root_with, signed_again, tlv,
};

mod tls_support;

/// The defaults with one root.
fn with_roots<'a>(roots: &'a [Certificate<'a>]) -> Options<'a> {
    Options { roots: Some(roots), ..Options::at(NOW) }
}

fn certificates<'a>(ders: &[&'a [u8]]) -> Vec<Certificate<'a>> {
    ders.iter().map(|der| Certificate::from_der(der)).collect()
}

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

/// Signatures are checked by one text without conditions on the target, and in WebAssembly nothing of C is there.
#[test]
fn all_targets_run_the_same_code() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "chrysalis-crypto", "--features", "tls"])
        .args(["--edges", "normal", "--target", "wasm32-unknown-unknown", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let has = |name: &str| tree.lines().any(|line| line.starts_with(&format!("{name} ")));
    assert!(has("rustls-webpki") && has("rsa") && has("p256"), "{tree}");
    for other in ["ring", "aws-lc-rs", "openssl"] {
        assert!(!has(other), "{other}");
    }
    let text = include_str!("../src/tls/signatures.rs");
    assert!(!text.contains("cfg(") && !text.contains(" ring::"), "one way to check a signature");
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
        for place in 0..80 {
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

/// The cases that tests in other languages read too.
#[test]
fn vectors() {
    let file: Value = serde_json::from_str(include_str!("../vectors/tls.json")).unwrap();
    let bytes = |text: &Value| hex::decode(text.as_str().unwrap()).unwrap();
    let certificates: Vec<_> = file["certificates"].as_array().unwrap().iter().map(bytes).collect();
    let named = |places: &Value| -> Vec<Certificate<'_>> {
        let place = |place: &Value| usize::try_from(place.as_u64().unwrap()).unwrap();
        places.as_array().unwrap().iter().map(|at| Certificate::from_der(&certificates[place(at)])).collect()
    };
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 70);
    let mut codes = Vec::new();
    for case in cases {
        let given = &case["options"];
        let number = |name: &str, default: usize| {
            given[name].as_u64().map_or(default, |value| usize::try_from(value).unwrap())
        };
        let roots = named(&case["roots"]);
        let crls: Vec<_> = given["crls"].as_array().into_iter().flatten().map(bytes).collect();
        let crls: Vec<_> = crls.iter().map(Vec::as_slice).collect();
        let algorithm = |name: &Value| SignatureAlgorithm::from_name(name.as_str().unwrap()).unwrap();
        let allowed: Option<Vec<_>> =
            given["allowedSignatures"].as_array().map(|names| names.iter().map(algorithm).collect());
        let options = Options {
            usage: if given["usage"] == "client" { Usage::Client } else { Usage::Server },
            server_name: given["serverName"].as_str(),
            roots: Some(&roots),
            crls: &crls,
            require_revocation: given["requireRevocation"] == true,
            max_depth: number("maxDepth", 8),
            min_rsa_bits: number("minRsaBits", 2048),
            allowed_signatures: allowed.as_deref(),
            ..Options::at(given["time"].as_u64().unwrap())
        };
        match validate_cert_chain_with(&named(&case["chain"]), &options) {
            Ok(report) => {
                let found = json!({
                    "path": report.path,
                    "serverNameChecked": report.server_name_checked,
                    "revocationChecked": report.revocation_checked,
                });
                assert_eq!(Some(&found), case.get("expected"), "{}", case["name"]);
            }
            Err(error) => {
                assert_eq!(case["error"], error.code(), "{}: {error}", case["name"]);
                assert_eq!(
                    case["index"].as_u64(),
                    error.index.map(|index| u64::try_from(index).unwrap()),
                    "{}",
                    case["name"]
                );
                codes.push(error.code());
            }
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let mut all = CertError::CODES.to_vec();
    all.sort_unstable();
    assert_eq!(codes, all, "every code has a case");
}

/// Of the two values of S that ECDSA accepts, certificates may have either.
#[test]
fn ecdsa_signatures_may_be_high() {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    use sha2::Digest as _;
    let secret = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
    let root = root_with(Key::p256_of(&[9; 32], &secret.verifying_key().to_sec1_bytes()));
    for high in [false, true] {
        let leaf = signed_again(&leaf(&root), alg_id::ECDSA_SHA256.as_ref(), |message| {
            let low: p256::ecdsa::Signature = secret.sign_prehash(&sha2::Sha256::digest(message)).unwrap();
            let low = low.normalize_s();
            let (r, s) = low.split_scalars();
            let signature = if high { p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap() } else { low };
            signature.to_der().as_bytes().to_vec()
        });
        assert!(judge(&[&leaf], &root).is_ok(), "{high}");
        assert!(ring_accepts(&[&leaf], root.der()), "{high}");
    }
}
