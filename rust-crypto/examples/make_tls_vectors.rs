//! Writes `vectors/tls.json` and seeds for fuzzing: `cargo run -p chrysalis-crypto --example make_tls_vectors`.
//!
//! Keys are drawn at random, so every run writes another file. It is made once and kept, for the same verdicts to
//! be checked in every language; `tests/tls.rs` makes certificates of its own.
#![expect(clippy::unwrap_used, reason = "a generator stops at the first surprise")]

use chrysalis_crypto::hex;
use chrysalis_crypto::tls::SignatureAlgorithm;
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, SanType, date_time_ymd,
};
use serde_json::{Value, json};
use tls_support::{
    Key, NOW, below, below_with, ca_params, leaf, leaf_params, leaf_with, lists, of_each_algorithm, primes,
    root, root_with,
};

#[path = "../tests/tls_support/mod.rs"]
mod tls_support;

fn main() {
    let mut file = File::default();
    paths(&mut file);
    certificates(&mut file);
    revocation(&mut file);
    algorithms(&mut file);
    let document = json!({
        "about": [
            "Certificate chains and the verdicts on them, read by Rust, Node, browser and Python tests.",
            "Made by `cargo run -p chrysalis-crypto --example make_tls_vectors`, with rcgen, and kept: keys are random.",
            "`certificates` are in DER, in hexadecimal; cases name them by their place there. `options` are those of \
             the contract, in their names at the boundary; `time` is in milliseconds.",
            "A case has `expected`, or `error`, the code of the error it gives, and `index`, if that has one.",
        ],
        "certificates": file.certificates,
        "cases": file.cases,
    });
    let directory = env!("CARGO_MANIFEST_DIR");
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    std::fs::write(format!("{directory}/vectors/tls.json"), text).unwrap();
    let seeds = format!("{directory}/fuzz/seeds/cert_chain");
    std::fs::create_dir_all(&seeds).unwrap();
    for (name, seed) in file.seeds {
        std::fs::write(format!("{seeds}/{name}"), seed).unwrap();
    }
}

#[derive(Default)]
struct File {
    certificates: Vec<String>,
    cases: Vec<Value>,
    seeds: Vec<(&'static str, Vec<u8>)>,
}

impl File {
    fn add(&mut self, name: &str, chain: &[&[u8]], root: &[u8], options: Value, verdict: Value) {
        let chain: Vec<_> = chain.iter().map(|der| self.place_of(der)).collect();
        let roots = [self.place_of(root)];
        let mut case = json!({ "name": name, "chain": chain, "roots": roots });
        let defaults = json!({ "time": NOW });
        for part in [json!({ "options": defaults }), verdict] {
            for (key, value) in part.as_object().unwrap() {
                case[key] = value.clone();
            }
        }
        for (key, value) in options.as_object().unwrap() {
            case["options"][key] = value.clone();
        }
        self.cases.push(case);
    }

    fn place_of(&mut self, der: &[u8]) -> usize {
        let text = hex::encode(der);
        let known = self.certificates.iter().position(|other| *other == text);
        known.unwrap_or_else(|| {
            self.certificates.push(text);
            self.certificates.len() - 1
        })
    }

    /// The number of revocation lists, then each part with its length: lists, chain, anchor.
    fn seed(&mut self, name: &'static str, lists: u8, parts: &[&[u8]]) {
        let mut seed = vec![lists];
        for part in parts {
            seed.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
            seed.extend(*part);
        }
        self.seeds.push((name, seed));
    }
}

fn holds(path: &[usize]) -> Value {
    holds_and(path, false, false)
}

fn holds_and(path: &[usize], name: bool, revocation: bool) -> Value {
    json!({ "expected": { "path": path, "serverNameChecked": name, "revocationChecked": revocation } })
}

fn fails(error: &str, index: Option<usize>) -> Value {
    index.map_or(json!({ "error": error }), |index| json!({ "error": error, "index": index }))
}

fn paths(file: &mut File) {
    let none = || json!({});
    let root = root();
    let upper = below(&root, "upper");
    let lower = below(&upper, "lower");
    let leaf = leaf(&lower);
    let chain: [&[u8]; 3] = [&leaf, lower.der(), upper.der()];
    file.add("in order", &chain, root.der(), none(), holds(&[0, 1, 2]));
    file.add(
        "in another order, with others",
        &[&leaf, &leaf, upper.der(), root.der(), lower.der()],
        root.der(),
        none(),
        holds(&[0, 4, 2]),
    );
    file.add("no certificate", &[], root.der(), none(), fails("EmptyChain", None));
    file.add("not DER", &[b"not DER"], root.der(), none(), fails("BadDer", Some(0)));
    file.add(
        "an authority is missing",
        &[&leaf, lower.der()],
        root.der(),
        none(),
        fails("UnknownIssuer", None),
    );
    file.add(
        "another anchor of the same name",
        &chain,
        tls_support::root().der(),
        none(),
        fails("BadSignature", Some(2)),
    );
    file.add("33 certificates", &vec![&leaf[..]; 33], root.der(), none(), fails("TooComplex", None));
    file.add("too deep", &chain, root.der(), json!({ "maxDepth": 3 }), fails("TooComplex", None));
    file.add("just deep enough", &chain, root.der(), json!({ "maxDepth": 4 }), holds(&[0, 1, 2]));
    file.add("the leaf is an authority", &[upper.der()], root.der(), none(), fails("CaUsedAsLeaf", Some(0)));
    let mut forged = leaf.clone();
    *forged.last_mut().unwrap() ^= 1;
    file.add(
        "a changed signature",
        &[&forged, lower.der(), upper.der()],
        root.der(),
        none(),
        fails("BadSignature", Some(0)),
    );
    file.seed("chain", 0, &[&leaf, lower.der(), upper.der(), root.der()]);

    for (name, verdict) in [
        ("example.org", holds_and(&[0, 1, 2], true, false)),
        ("www.example.net", holds_and(&[0, 1, 2], true, false)),
        ("a.www.example.net", fails("NameMismatch", Some(0))),
        ("example.net", fails("NameMismatch", Some(0))),
        ("leaf", fails("NameMismatch", Some(0))),
        ("192.0.2.7", fails("NameMismatch", Some(0))),
        ("no name", fails("NameMismatch", Some(0))),
    ] {
        file.add(&format!("server name {name}"), &chain, root.der(), json!({ "serverName": name }), verdict);
    }
    let mut params = leaf_params();
    params.subject_alt_names.push(SanType::IpAddress("2001:db8::7".parse().unwrap()));
    let leaf = leaf_with(&root, params, &Key::p256());
    file.add(
        "an IPv6 address",
        &[&leaf],
        root.der(),
        json!({ "serverName": "2001:db8::7" }),
        holds_and(&[0], true, false),
    );
}

fn certificates(file: &mut File) {
    let none = || json!({});
    let root = root();
    let mut params = leaf_params();
    (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2025, 12, 31));
    let dated = leaf_with(&root, params, &Key::p256());
    file.add("expired", &[&dated], root.der(), none(), fails("Expired", Some(0)));
    file.add("within its time", &[&dated], root.der(), json!({ "time": 1_750_000_000_000_u64 }), holds(&[0]));
    file.add(
        "not yet valid",
        &[&dated],
        root.der(),
        json!({ "time": 1_700_000_000_000_u64 }),
        fails("NotYetValid", Some(0)),
    );

    let mut params = ca_params("no authority");
    params.is_ca = IsCa::NoCa;
    let lower = below_with(&root, params, Key::p256());
    file.add(
        "an issuer is no authority",
        &[&leaf(&lower), lower.der()],
        root.der(),
        none(),
        fails("LeafUsedAsCa", Some(1)),
    );
    let mut params = ca_params("limited");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let limited = below_with(&root, params, Key::p256());
    let lower = below(&limited, "lower");
    file.add(
        "too many authorities below",
        &[&leaf(&lower), lower.der(), limited.der()],
        root.der(),
        none(),
        fails("PathLenExceeded", None),
    );

    let mut params = ca_params("constrained");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let lower = below_with(&root, params, Key::p256());
    let constrained = leaf(&lower);
    file.add(
        "a name outside",
        &[&constrained, lower.der()],
        root.der(),
        none(),
        fails("NameConstraintViolation", None),
    );
    file.seed("name_constraints", 0, &[&constrained, lower.der(), root.der()]);

    let mut params = leaf_params();
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions = vec![extension];
    let critical = leaf_with(&root, params, &Key::p256());
    file.add(
        "a critical extension",
        &[&critical],
        root.der(),
        none(),
        fails("UnknownCriticalExtension", Some(0)),
    );
    file.seed("extension", 0, &[&critical, root.der()]);

    let mut params = leaf_params();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = leaf_with(&root, params, &Key::p256());
    file.add("a client's, for a server", &[&client], root.der(), none(), fails("WrongUsage", Some(0)));
    file.add("a client's, for a client", &[&client], root.der(), json!({ "usage": "client" }), holds(&[0]));
    let mut params = ca_params("lower");
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let key = Key::p256();
    let lower = params.signed_by(&key, &root).unwrap();
    let issuer = rcgen::Issuer::new(ca_params("lower"), key);
    file.add(
        "a key that may not sign",
        &[&leaf(&issuer), lower.der()],
        root.der(),
        none(),
        fails("WrongUsage", Some(1)),
    );

    let weak = || Key::rsa(primes::P_1024, primes::Q_1024, &rcgen::PKCS_RSA_SHA256);
    let short = leaf_with(&root, leaf_params(), &weak());
    file.add("1024 bits", &[&short], root.der(), json!({ "minRsaBits": 512 }), fails("WeakKey", Some(0)));
    let weak_root = root_with(weak());
    file.add("an anchor of 1024 bits", &[&leaf(&weak_root)], weak_root.der(), none(), fails("WeakKey", None));
    let strong = leaf_with(&root, leaf_params(), &Key::rsa_2048());
    file.add("2048 bits", &[&strong], root.der(), none(), holds(&[0]));
    file.add(
        "2048 bits where more are wanted",
        &[&strong],
        root.der(),
        json!({ "minRsaBits": 3072 }),
        fails("WeakKey", Some(0)),
    );
}

fn revocation(file: &mut File) {
    let root = root();
    let lower = below(&root, "lower");
    let leaf = leaf(&lower);
    let (of_root, of_lower) = (lists(&root), lists(&lower));
    let chain: [&[u8]; 2] = [&leaf, lower.der()];
    let mut add = |name: &str, crls: &[&[u8]], require: bool, verdict| {
        let crls: Vec<_> = crls.iter().map(|crl| hex::encode(crl)).collect();
        file.add(name, &chain, root.der(), json!({ "crls": crls, "requireRevocation": require }), verdict);
    };
    add("all in lists", &[&of_root.fresh, &of_lower.fresh], true, holds_and(&[0, 1], false, true));
    add("one in a list", &[&of_lower.fresh], false, holds(&[0, 1]));
    add("one in a list, all required", &[&of_lower.fresh], true, fails("RevocationUnknown", None));
    add("no list", &[], true, fails("RevocationUnknown", None));
    add("revoked", &[&of_lower.revoking], false, fails("Revoked", None));
    add("a list out of date", &[&of_root.fresh, &of_lower.stale], false, fails("CrlExpired", None));
    add("not a list", &[b"no list"], false, fails("BadDer", None));
    file.seed("revocation", 2, &[&of_root.fresh, &of_lower.revoking, &leaf, lower.der(), root.der()]);
}

fn algorithms(file: &mut File) {
    for (algorithm, leaf, root) in of_each_algorithm() {
        let name = algorithm.name();
        file.add(name, &[&leaf], root.der(), json!({ "allowedSignatures": [name] }), holds(&[0]));
        let others: Vec<_> =
            SignatureAlgorithm::ALL.iter().map(|other| other.name()).filter(|other| *other != name).collect();
        file.add(
            &format!("{name}, not allowed"),
            &[&leaf],
            root.der(),
            json!({ "allowedSignatures": others }),
            fails("UnsupportedAlgorithm", Some(0)),
        );
        let mut forged = leaf.clone();
        *forged.last_mut().unwrap() ^= 1;
        file.add(
            &format!("{name}, changed"),
            &[&forged],
            root.der(),
            json!({}),
            fails("BadSignature", Some(0)),
        );
    }
}
