//! The search for a path from the leaf to a trust anchor.
//!
//! Paths are enumerated by names alone, along names that do lead to an anchor within the depth allowed; each is then
//! given to webpki as it stands. So the work is bounded by the number of paths tried, not by what names permit.

use std::collections::VecDeque;

use rustls_pki_types::TrustAnchor;

use super::error::CertErrorKind;

/// The most steps of the search.
const MAX_STEPS: usize = 10_000;
/// The most paths tried.
const MAX_PATHS: usize = 64;

/// Who issued whom, by name. Certificate 0 is the leaf; the others may issue.
pub(super) struct Names<'a> {
    /// Position in the chain, issuer, subject and key of each certificate.
    pub(super) certificates: Vec<Name<'a>>,
    pub(super) anchors: &'a [TrustAnchor<'a>],
    /// The most certificates between leaf and anchor.
    pub(super) max_between: usize,
}

pub(super) struct Name<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) key_info: &'a [u8],
}

impl Names<'_> {
    /// Calls `visit` with each path, a list of indices that starts with 0, until it returns `Some`.
    ///
    /// # Errors
    /// [`CertErrorKind::TooComplex`] when there is too much to try or every path is too deep,
    /// [`CertErrorKind::UnknownIssuer`] when there is none.
    pub(super) fn search<T>(
        &self,
        mut visit: impl FnMut(&[usize]) -> Option<T>,
    ) -> Result<Option<T>, CertErrorKind> {
        let distances = self.distances();
        match distances[0] {
            None => return Err(CertErrorKind::UnknownIssuer),
            Some(distance) if distance > self.max_between => return Err(CertErrorKind::TooComplex),
            Some(_) => {}
        }
        let (mut steps, mut paths) = (0, 0);
        // Each entry is a path still to be extended; the last is taken first, so that the chain's order counts.
        let mut open = vec![vec![0]];
        while let Some(path) = open.pop() {
            let last = *path.last().expect("every path has the leaf");
            if distances[last] == Some(0) {
                paths += 1;
                if paths > MAX_PATHS {
                    return Err(CertErrorKind::TooComplex);
                }
                if let Some(found) = visit(&path) {
                    return Ok(Some(found));
                }
            }
            for next in (1..self.certificates.len()).rev() {
                steps += 1;
                if steps > MAX_STEPS {
                    return Err(CertErrorKind::TooComplex);
                }
                let reaches =
                    distances[next].is_some_and(|distance| path.len() + distance <= self.max_between);
                if reaches && self.is_issued_by(last, next) && !self.repeats(&path, next) {
                    let mut longer = path.clone();
                    longer.push(next);
                    open.push(longer);
                }
            }
        }
        Ok(None)
    }

    /// How many certificates are needed at least between each and an anchor; `None` if names lead to none.
    fn distances(&self) -> Vec<Option<usize>> {
        let mut distances = vec![None; self.certificates.len()];
        let mut queue = VecDeque::new();
        for (index, certificate) in self.certificates.iter().enumerate() {
            if self.anchors.iter().any(|anchor| anchor.subject.as_ref() == certificate.issuer) {
                distances[index] = Some(0);
                queue.push_back((index, 0));
            }
        }
        while let Some((issuer, distance)) = queue.pop_front() {
            for (index, known) in distances.iter_mut().enumerate() {
                if issuer != 0 && known.is_none() && self.is_issued_by(index, issuer) {
                    *known = Some(distance + 1);
                    queue.push_back((index, distance + 1));
                }
            }
        }
        distances
    }

    fn is_issued_by(&self, index: usize, issuer: usize) -> bool {
        self.certificates[index].issuer == self.certificates[issuer].subject
    }

    /// Whether the path already has a certificate of this name and key (RFC 4158 section 5.2).
    fn repeats(&self, path: &[usize], next: usize) -> bool {
        let next = &self.certificates[next];
        path.iter().any(|&index| {
            let certificate = &self.certificates[index];
            certificate.subject == next.subject && certificate.key_info == next.key_info
        })
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::Der;

    use super::*;

    fn paths(
        certificates: &[(&'static str, &'static str)],
        max_between: usize,
    ) -> Result<Vec<Vec<usize>>, CertErrorKind> {
        let anchor = TrustAnchor {
            subject: Der::from_slice(b"root"),
            subject_public_key_info: Der::from_slice(b""),
            name_constraints: None,
        };
        let names = Names {
            // Each has a key of its own: the number of the certificate.
            certificates: certificates
                .iter()
                .zip(KEYS)
                .map(|((subject, issuer), key_info)| Name {
                    issuer: issuer.as_bytes(),
                    subject: subject.as_bytes(),
                    key_info,
                })
                .collect(),
            anchors: &[anchor],
            max_between,
        };
        let mut found = Vec::new();
        names.search(|path| {
            found.push(path.to_vec());
            None::<()>
        })?;
        Ok(found)
    }

    const KEYS: [&[u8]; 32] = {
        let mut keys: [&[u8]; 32] = [&[]; 32];
        let mut i = 0;
        while i < 32 {
            keys[i] = b"0123456789abcdefghijklmnopqrstuvwxyz".split_at(i + 1).0;
            i += 1;
        }
        keys
    };

    #[test]
    fn paths_come_in_the_order_of_the_chain_and_end_at_an_anchor() {
        assert_eq!(paths(&[("leaf", "root")], 6), Ok(vec![vec![0]]));
        assert_eq!(paths(&[("leaf", "a"), ("b", "root"), ("a", "b")], 6), Ok(vec![vec![0, 2, 1]]));
        assert_eq!(
            paths(&[("leaf", "a"), ("a", "root"), ("a", "root"), ("x", "root")], 6),
            Ok(vec![vec![0, 1], vec![0, 2]])
        );
        assert_eq!(paths(&[("leaf", "a"), ("a", "b")], 6), Err(CertErrorKind::UnknownIssuer));
        assert_eq!(paths(&[("leaf", "leaf")], 6), Err(CertErrorKind::UnknownIssuer));
    }

    #[test]
    fn loops_end_and_depth_is_kept() {
        let chain = [("leaf", "a"), ("a", "b"), ("b", "a"), ("b", "root")];
        assert_eq!(paths(&chain, 6), Ok(vec![vec![0, 1, 3]]));
        assert_eq!(paths(&[("leaf", "a"), ("a", "b"), ("b", "root")], 2), Ok(vec![vec![0, 1, 2]]));
        assert_eq!(paths(&[("leaf", "a"), ("a", "b"), ("b", "root")], 1), Err(CertErrorKind::TooComplex));
    }

    #[test]
    fn a_chain_made_to_take_long_is_given_up() {
        let mut chain = vec![("leaf", "a")];
        chain.extend([("a", "a"); 25]);
        chain.extend([("a", "b"), ("b", "c"), ("c", "d"), ("d", "root")]);
        assert_eq!(paths(&chain, 6), Err(CertErrorKind::TooComplex));
        let mut chain = vec![("leaf", "root")];
        chain.extend([("root", "root"); 30]);
        assert_eq!(paths(&chain, 6), Err(CertErrorKind::TooComplex));
    }
}
