//! The verdict on a chain.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::error::{CertError, CertErrorKind, kind_of};
use super::path::Names;
use super::screen::{Parts, Role, Rules, key_parts};
use super::signatures::{Budget, MIN_RSA_BITS, SignatureAlgorithm, Verifier};
use super::{Certificate, ChainReport, Options, Usage};

/// The most certificates of a chain.
const MAX_CHAIN: usize = 32;
/// The most trust anchors.
const MAX_ROOTS: usize = 1024;
/// The most revocation lists, and their size in bytes.
const MAX_CRLS: usize = 64;
const MAX_CRL_BYTES: usize = 16 << 20;
/// The most certificates of a path, leaf and anchor included.
const MAX_DEPTH: usize = 8;
/// The most signatures checked for one chain.
const MAX_SIGNATURES: usize = 100;

/// Whether `chain`, leaf first, leads to one of Mozilla's trust anchors at the present time, for a server.
///
/// No name is checked: a chain that holds proves nothing about whom one talks to until its leaf has been held
/// against a name with [`validate_cert_chain_with`]. Absent where there is no clock to ask.
///
/// # Errors
/// [`CertError`].
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub fn validate_cert_chain(chain: &[Certificate<'_>]) -> Result<(), CertError> {
    validate_cert_chain_with(chain, &Options::now()).map(drop)
}

/// Whether `chain`, leaf first, holds by `options`.
///
/// The order of the other certificates does not matter, and those that the path does not need are ignored, whatever
/// they are. One call checks at most 100 signatures.
///
/// # Errors
/// [`CertError`], of the path that came furthest if several were tried.
pub fn validate_cert_chain_with(
    chain: &[Certificate<'_>],
    options: &Options<'_>,
) -> Result<ChainReport, CertError> {
    if chain.is_empty() {
        return Err(CertErrorKind::EmptyChain.into());
    }
    let too_many = options.crls.len() > MAX_CRLS
        || options.crls.iter().any(|crl| crl.len() > MAX_CRL_BYTES)
        || options.roots.is_some_and(|roots| roots.len() > MAX_ROOTS);
    if chain.len() > MAX_CHAIN || too_many {
        return Err(CertErrorKind::TooComplex.into());
    }
    let rules = Rules {
        time: UnixTime::since_unix_epoch(Duration::from_millis(options.time_ms)),
        usage: match options.usage {
            Usage::Server => KeyUsage::server_auth(),
            Usage::Client => KeyUsage::client_auth(),
        },
        min_rsa_bits: options.min_rsa_bits.max(MIN_RSA_BITS),
        allowed: options.allowed_signatures.unwrap_or(SignatureAlgorithm::ALL),
    };

    let chain: Vec<_> = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der())).collect();
    let screened = Screened::new(&chain, &rules)?;
    let roots = options.roots.unwrap_or_default();
    let roots: Vec<_> = roots.iter().map(|root| CertificateDer::from(root.as_der())).collect();
    let anchors = match options.roots {
        None => webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        Some(_) => roots.iter().map(anchor).collect::<Result<_, _>>()?,
    };
    let crls = options.crls.iter().map(|crl| revocation_list(crl)).collect::<Result<Vec<_>, _>>()?;

    let judge = Judge {
        rules: &rules,
        screened: &screened,
        crls: &crls.iter().collect::<Vec<_>>(),
        require_revocation: options.require_revocation,
        budget: Budget::new(MAX_SIGNATURES),
    };
    let report = judge.find_path(&anchors, options.max_depth.min(MAX_DEPTH))?;
    match options.server_name {
        None => Ok(report),
        Some(name) => {
            screened.check_name(name)?;
            Ok(ChainReport { server_name_checked: true, ..report })
        }
    }
}

/// The certificates that may take part in a path, and why the others may not.
struct Screened<'a> {
    members: Vec<Member<'a>>,
    left_out: Vec<LeftOut<'a>>,
}

struct Member<'a> {
    /// Its place in the chain.
    index: usize,
    der: &'a CertificateDer<'a>,
    cert: EndEntityCert<'a>,
    parts: Parts<'a>,
}

struct LeftOut<'a> {
    error: CertError,
    /// Absent if it could not be read at all.
    parts: Option<Parts<'a>>,
}

impl<'a> Screened<'a> {
    fn new(chain: &'a [CertificateDer<'a>], rules: &Rules<'_>) -> Result<Self, CertError> {
        let (mut members, mut left_out) = (Vec::new(), Vec::new());
        for (index, der) in chain.iter().enumerate() {
            let role = if index == 0 { Role::Leaf } else { Role::Issuer };
            match rules.screen(der, role) {
                Ok((cert, parts)) => members.push(Member { index, der, cert, parts }),
                Err(kind) if index == 0 => return Err(CertError::new(kind, Some(0))),
                Err(kind) => {
                    left_out
                        .push(LeftOut { error: CertError::new(kind, Some(index)), parts: Parts::read(der) });
                }
            }
        }
        Ok(Self { members, left_out })
    }

    /// Why there is no path: a certificate that would have continued one was left out, or none was given.
    fn why_no_issuer(&self) -> CertError {
        let wanted = |left_out: &&LeftOut<'_>| match &left_out.parts {
            None => true,
            Some(parts) => {
                parts.issuer != parts.subject
                    && self.members.iter().any(|member| member.parts.issuer == parts.subject)
            }
        };
        let error = self.left_out.iter().filter(wanted).min_by_key(|left_out| left_out.parts.is_none());
        error.map_or(CertErrorKind::UnknownIssuer.into(), |left_out| left_out.error.clone())
    }

    fn check_name(&self, name: &str) -> Result<(), CertError> {
        let mismatch = CertError::new(CertErrorKind::NameMismatch, Some(0));
        let name = ServerName::try_from(name).map_err(|_| mismatch)?;
        let outcome = self.members[0].cert.verify_is_valid_for_subject_name(&name);
        outcome.map_err(|error| CertError::new(kind_of(&error), Some(0)))
    }
}

/// Tries paths until one holds.
struct Judge<'a> {
    rules: &'a Rules<'a>,
    screened: &'a Screened<'a>,
    crls: &'a [&'a CertRevocationList<'a>],
    require_revocation: bool,
    budget: Budget,
}

impl Judge<'_> {
    fn find_path(&self, anchors: &[TrustAnchor<'_>], max_depth: usize) -> Result<ChainReport, CertError> {
        let Some(max_between) = max_depth.checked_sub(2) else {
            return Err(CertErrorKind::TooComplex.into());
        };
        let certificates = self.screened.members.iter().map(|member| member.parts.name()).collect();
        let mut furthest: Option<CertError> = None;
        let found = Names { certificates, anchors, max_between }.search(|path| {
            let error = match self.check(path, anchors) {
                Ok(report) => return Some(Ok(report)),
                Err(error) => error,
            };
            if self.budget.is_spent() {
                return Some(Err(CertErrorKind::TooComplex.into()));
            }
            if furthest.as_ref().is_none_or(|known| known.kind < error.kind) {
                furthest = Some(error);
            }
            None
        });
        match found {
            Ok(Some(verdict)) => verdict,
            Ok(None) => Err(furthest.unwrap_or_else(|| self.screened.why_no_issuer())),
            Err(CertErrorKind::UnknownIssuer) => Err(self.screened.why_no_issuer()),
            Err(kind) => Err(kind.into()),
        }
    }

    /// Checks one path, given by places among the members.
    fn check(&self, path: &[usize], anchors: &[TrustAnchor<'_>]) -> Result<ChainReport, CertError> {
        let member = |&place: &usize| &self.screened.members[place];
        let last = path.last().map_or(&self.screened.members[0], member);
        let (mut fitting, mut weak) = (Vec::new(), CertErrorKind::UnknownIssuer);
        for anchor in anchors.iter().filter(|anchor| anchor.subject.as_ref() == last.parts.issuer) {
            match self.rules.check_key(&anchor.subject_public_key_info) {
                Ok(()) => fitting.push(anchor.clone()),
                Err(kind) => weak = kind,
            }
        }
        if fitting.is_empty() {
            return Err(weak.into());
        }
        let between: Vec<_> = path[1..].iter().map(|place| member(place).der.clone()).collect();
        if self.crls.is_empty() && self.require_revocation {
            return Err(CertErrorKind::RevocationUnknown.into());
        }
        let outcome = self.verify(&fitting, &between, UnknownStatusPolicy::Deny);
        let (outcome, all_listed) = match outcome {
            Err(webpki::Error::UnknownRevocationStatus) if !self.require_revocation => {
                (self.verify(&fitting, &between, UnknownStatusPolicy::Allow), false)
            }
            outcome => (outcome, !self.crls.is_empty()),
        };
        match outcome {
            Ok(used) => {
                let place_of =
                    |der: &CertificateDer<'_>| path[1..].iter().map(member).find(|member| member.der == der);
                let places = used.iter().filter_map(|der| place_of(der).map(|member| member.index));
                Ok(ChainReport {
                    server_name_checked: false,
                    revocation_checked: all_listed,
                    path: [0].into_iter().chain(places).collect(),
                })
            }
            Err(error) => {
                let kind = kind_of(&error);
                let of_signature =
                    matches!(kind, CertErrorKind::BadSignature | CertErrorKind::UnsupportedAlgorithm);
                let index = if of_signature { self.first_not_signed(path, &fitting) } else { None };
                Err(CertError::new(kind, index))
            }
        }
    }

    /// What webpki says, and the certificates between leaf and anchor that it went by.
    fn verify(
        &self,
        anchors: &[TrustAnchor<'_>],
        between: &[CertificateDer<'_>],
        unknown: UnknownStatusPolicy,
    ) -> Result<Vec<CertificateDer<'static>>, webpki::Error> {
        let verifiers: Vec<_> = self
            .rules
            .allowed
            .iter()
            .map(|&algorithm| Verifier { algorithm, budget: &self.budget })
            .collect();
        let verifiers: Vec<_> =
            verifiers.iter().map(|verifier| verifier as &dyn SignatureVerificationAlgorithm).collect();
        let revocation = RevocationOptionsBuilder::new(self.crls).ok().map(|builder| {
            builder.with_status_policy(unknown).with_expiration_policy(ExpirationPolicy::Enforce).build()
        });
        let (time, usage) = (self.rules.time, self.rules.usage);
        let leaf = &self.screened.members[0].cert;
        let path = leaf.verify_for_usage(&verifiers, anchors, between, time, usage, revocation, None)?;
        Ok(path.intermediate_certificates().map(|cert| cert.der().into_owned()).collect())
    }

    /// The place in the chain of the certificate nearest the anchor whose signature is not shown to be its issuer's.
    fn first_not_signed(&self, path: &[usize], anchors: &[TrustAnchor<'_>]) -> Option<usize> {
        let mut issuers: Vec<&[u8]> =
            anchors.iter().map(|anchor| anchor.subject_public_key_info.as_ref()).collect();
        for &place in path.iter().rev() {
            let member = &self.screened.members[place];
            if !issuers.iter().any(|issuer| self.is_signed_by(&member.parts, issuer)) {
                return Some(member.index);
            }
            issuers = vec![member.parts.key_info];
        }
        None
    }

    fn is_signed_by(&self, parts: &Parts<'_>, issuer: &[u8]) -> bool {
        let Some((algorithm, key)) = key_parts(issuer) else { return false };
        let fits = |one: &&SignatureAlgorithm| {
            one.signature_id().as_ref() == parts.algorithm && one.key_id().as_ref() == algorithm
        };
        self.rules.allowed.iter().find(fits).is_some_and(|&algorithm| {
            let verifier = Verifier { algorithm, budget: &self.budget };
            verifier.verify_signature(key, parts.signed, parts.signature).is_ok()
        })
    }
}

fn anchor<'a>(root: &'a CertificateDer<'a>) -> Result<TrustAnchor<'a>, CertError> {
    webpki::anchor_from_trusted_cert(root).map_err(|error| kind_of(&error).into())
}

fn revocation_list(der: &[u8]) -> Result<CertRevocationList<'_>, CertError> {
    BorrowedCertRevocationList::from_der(der).map(Into::into).map_err(|error| kind_of(&error).into())
}
