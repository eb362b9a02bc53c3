//! Many signatures at once, with the verdicts of [`verify`](super::verify).
//!
//! If every signature of a batch holds, so does the sum of their equations, each multiplied by a random coefficient;
//! if one does not, the sum fails except with probability 2^-128, because nobody can know the coefficients beforehand.
//! The sum costs a good part less than its terms: the doublings are shared, and the terms of one signer are one term.
//! Both sides are multiplied by the cofactor, as for a single signature, so that the verdicts cannot differ.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity as _, VartimeMultiscalarMul as _};

#[cfg(target_arch = "x86_64")]
use super::lanes::Lanes;
use super::{
    KEY_LENGTH, SIGNATURE_LENGTH, VerifyingKey, challenge, decode_s, halves, has_small_order, holds,
    is_canonical,
};
use crate::random;

/// Signatures per equation: enough to share what can be shared, and memory stays small.
const CHUNK: usize = 512;
/// At or below this many, one by one is as fast as an equation.
const FEW: usize = 3;
/// From so many on, the shared doublings of [`Lanes`] are worth it.
#[cfg(target_arch = "x86_64")]
const LANES_FROM: usize = 8;
/// How many equations of a chunk may fail before the rest of it is checked one by one, so that many bad signatures cost
/// no more than about twice what checking one by one does.
const FAILURES: usize = 8;

/// Whether each signature is its public key's signature of its message; element for element what
/// [`verify`](super::verify) says, where an element that is an error there is `false` here.
///
/// Slices of unequal lengths give `false` for every element of the longest. A batch with a bad signature is halved until
/// the bad ones are found. For 64 good signatures of 64 signers this takes half the time of a loop, a fifth on
/// processors with AVX-512 IFMA, and less the more signatures a signer has. Time depends on the input, which is public.
#[must_use]
pub fn batch_verify<K, M, S>(public_keys: &[K], messages: &[M], signatures: &[S]) -> Vec<bool>
where
    K: AsRef<[u8]>,
    M: AsRef<[u8]>,
    S: AsRef<[u8]>,
{
    by_chunks(&in_bytes(public_keys), messages, signatures, Chunk::settle_fast)
}

/// [`batch_verify`] for keys that are decoded already, as those of the members of a group: the same verdicts, in about a quarter less
/// time where each signature has another signer and the processor has no AVX-512 IFMA.
#[must_use]
pub fn batch_verify_decoded<M, S>(keys: &[&VerifyingKey], messages: &[M], signatures: &[S]) -> Vec<bool>
where
    M: AsRef<[u8]>,
    S: AsRef<[u8]>,
{
    let signers: Vec<Option<Signer<'_>>> =
        keys.iter().map(|key| Some(Signer { key: key.as_bytes(), point: Some(key.point) })).collect();
    by_chunks(&signers, messages, signatures, Chunk::settle_fast)
}

/// Keys that are to be decoded; `None` for what is not as long as a key.
fn in_bytes<K: AsRef<[u8]>>(public_keys: &[K]) -> Vec<Option<Signer<'_>>> {
    let keys = public_keys.iter().map(|key| key.as_ref().try_into().ok());
    keys.map(|key| Some(Signer { key: key?, point: None })).collect()
}

/// [`batch_verify`], where `settle` writes the verdicts of each chunk.
fn by_chunks<'a, M, S>(
    signers: &[Option<Signer<'a>>],
    messages: &[M],
    signatures: &'a [S],
    settle: impl Fn(Chunk<'a>, &mut [bool]),
) -> Vec<bool>
where
    M: AsRef<[u8]>,
    S: AsRef<[u8]>,
{
    let longest = signers.len().max(messages.len()).max(signatures.len());
    let mut verdicts = vec![false; longest];
    if signers.len() != longest || messages.len() != longest || signatures.len() != longest {
        return verdicts;
    }
    for start in (0..longest).step_by(CHUNK) {
        let mut chunk = Chunk::default();
        for index in start..longest.min(start + CHUNK) {
            if let Some(signer) = &signers[index] {
                chunk.add(index, signer, messages[index].as_ref(), signatures[index].as_ref());
            }
        }
        settle(chunk, &mut verdicts);
    }
    verdicts
}

/// What batches calculate with.
pub(super) trait Arithmetic {
    /// A point of the curve.
    type Point;

    /// The points of canonical encodings, where they are points.
    fn decode(&self, encodings: &[&[u8; 32]]) -> Vec<Option<Self::Point>>;

    /// The points of public keys.
    fn decode_keys(&self, signers: &[Signer<'_>]) -> Vec<Option<Self::Point>> {
        self.decode(&signers.iter().map(|signer| signer.key).collect::<Vec<_>>())
    }

    /// The point that `encoding` decoded to, to be calculated with one by one.
    fn to_edwards(&self, encoding: &[u8; 32], point: &Self::Point) -> Option<EdwardsPoint>;

    /// The base point.
    fn base(&self) -> &Self::Point;

    /// Whether eight times the sum of all points, each multiplied by its scalar, is the neutral element. The first `short` scalars
    /// are below 2^128.
    fn sum_has_small_order(&self, scalars: &[Scalar], points: &[&Self::Point], short: usize) -> bool;
}

/// The arithmetic of `curve25519-dalek`, which every processor has.
struct Portable;

impl Arithmetic for Portable {
    type Point = EdwardsPoint;

    fn decode(&self, encodings: &[&[u8; 32]]) -> Vec<Option<EdwardsPoint>> {
        encodings.iter().map(|encoding| CompressedEdwardsY(**encoding).decompress()).collect()
    }

    fn decode_keys(&self, signers: &[Signer<'_>]) -> Vec<Option<EdwardsPoint>> {
        let decode =
            |signer: &Signer<'_>| signer.point.or_else(|| CompressedEdwardsY(*signer.key).decompress());
        signers.iter().map(decode).collect()
    }

    fn to_edwards(&self, _: &[u8; 32], point: &EdwardsPoint) -> Option<EdwardsPoint> {
        Some(*point)
    }

    fn base(&self) -> &EdwardsPoint {
        &ED25519_BASEPOINT_POINT
    }

    fn sum_has_small_order(&self, scalars: &[Scalar], points: &[&EdwardsPoint], _: usize) -> bool {
        EdwardsPoint::vartime_multiscalar_mul(scalars, points.iter().copied()).mul_by_cofactor().is_identity()
    }
}

/// A public key, and its point where that is known.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    key: &'a [u8; KEY_LENGTH],
    point: Option<EdwardsPoint>,
}

/// A signature whose parts are canonical, which leaves the points and the equation to be checked.
struct Item<'a> {
    index: usize,
    /// Place of the public key among the signers, and of R among the points.
    signer: usize,
    place: usize,
    r: &'a [u8; 32],
    s: Scalar,
    k: Scalar,
}

/// The signatures of a chunk that may hold.
#[derive(Default)]
struct Chunk<'a> {
    items: Vec<Item<'a>>,
    /// Public keys, each once, and in order, with its place among the signers.
    signers: Vec<Signer<'a>>,
    places: Vec<(&'a [u8; KEY_LENGTH], usize)>,
}

impl<'a> Chunk<'a> {
    /// Adds a signature, unless its verdict is false without looking at a point.
    fn add(&mut self, index: usize, signer: &Signer<'a>, message: &[u8], signature: &'a [u8]) {
        let Ok(signature) = <&[u8; SIGNATURE_LENGTH]>::try_from(signature) else {
            return;
        };
        let (r, _) = halves(signature);
        if !is_canonical(r) || !is_canonical(signer.key) || has_small_order(signer.key) {
            return;
        }
        let Some(s) = decode_s(signature) else {
            return;
        };
        let (place, k) = (self.items.len(), challenge(signer.key, message, signature));
        let signer = self.place(signer);
        self.items.push(Item { index, signer, place, r, s, k });
    }

    fn place(&mut self, signer: &Signer<'a>) -> usize {
        match self.places.binary_search_by(|(key, _)| (*key).cmp(signer.key)) {
            Ok(found) => self.places[found].1,
            Err(free) => {
                self.places.insert(free, (signer.key, self.signers.len()));
                self.signers.push(*signer);
                self.signers.len() - 1
            }
        }
    }

    /// Writes the verdicts by what this processor is fastest with.
    fn settle_fast(self, verdicts: &mut [bool]) {
        #[cfg(target_arch = "x86_64")]
        if self.items.len() >= LANES_FROM
            && let Some(lanes) = Lanes::detect()
        {
            return self.settle(&lanes, verdicts);
        }
        self.settle(&Portable, verdicts);
    }

    /// Writes the verdicts.
    fn settle<A: Arithmetic>(mut self, arithmetic: &A, verdicts: &mut [bool]) {
        let keys = arithmetic.decode_keys(&self.signers);
        let rs = arithmetic.decode(&self.items.iter().map(|item| item.r).collect::<Vec<_>>());
        self.items.retain(|item| keys[item.signer].is_some() && rs[item.place].is_some());
        Decoded { arithmetic, signers: &self.signers, keys, rs }.settle(
            &self.items,
            &mut FAILURES.clone(),
            verdicts,
        );
    }
}

/// The points of a chunk. Those of the items that are looked at are all there.
struct Decoded<'a, A: Arithmetic> {
    arithmetic: &'a A,
    signers: &'a [Signer<'a>],
    keys: Vec<Option<A::Point>>,
    rs: Vec<Option<A::Point>>,
}

impl<A: Arithmetic> Decoded<'_, A> {
    /// Writes the verdicts of `items`, halving a batch that does not hold.
    fn settle(&self, items: &[Item<'_>], failures_left: &mut usize, verdicts: &mut [bool]) {
        if items.len() <= FEW || *failures_left == 0 {
            for item in items {
                verdicts[item.index] = self.holds(item).unwrap_or(false);
            }
            return;
        }
        match self.all_hold(items) {
            Some(true) => {
                for item in items {
                    verdicts[item.index] = true;
                }
            }
            Some(false) => {
                *failures_left -= 1;
                let (first, second) = items.split_at(items.len() / 2);
                self.settle(first, failures_left, verdicts);
                self.settle(second, failures_left, verdicts);
            }
            // No randomness: one by one needs none.
            None => self.settle(items, &mut 0, verdicts),
        }
    }

    fn holds(&self, item: &Item<'_>) -> Option<bool> {
        let key =
            self.arithmetic.to_edwards(self.signers[item.signer].key, self.keys[item.signer].as_ref()?)?;
        let r = self.arithmetic.to_edwards(item.r, self.rs[item.place].as_ref()?)?;
        Some(holds(&key, &r, &item.s, &item.k))
    }

    /// Whether 8·Σz·(S·B − R − k·A) is zero for random z of 128 bits; `None` when the system gives no randomness.
    fn all_hold(&self, items: &[Item<'_>]) -> Option<bool> {
        let mut drawn = vec![0; items.len() * 16];
        random::fill(&mut drawn).ok()?;
        let mut of_base = Scalar::ZERO;
        let mut of_signers = vec![Scalar::ZERO; self.keys.len()];
        let mut scalars = Vec::with_capacity(1 + items.len() + self.keys.len());
        let mut points = Vec::with_capacity(1 + items.len() + self.keys.len());
        for (item, bytes) in items.iter().zip(drawn.as_chunks::<16>().0) {
            let z = Scalar::from(u128::from_le_bytes(*bytes));
            of_base -= z * item.s;
            of_signers[item.signer] += z * item.k;
            scalars.push(z);
            points.push(self.rs[item.place].as_ref()?);
        }
        for (scalar, key) in of_signers.iter().zip(&self.keys) {
            // Signers of another half of the batch have no term.
            if *scalar != Scalar::ZERO {
                scalars.push(*scalar);
                points.push(key.as_ref()?);
            }
        }
        scalars.push(of_base);
        points.push(self.arithmetic.base());
        Some(self.arithmetic.sum_has_small_order(&scalars, &points, items.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ed25519::{SigningKey, verify};

    type Triple = (Vec<u8>, Vec<u8>, Vec<u8>);

    fn good(seed: u8, message: usize) -> Triple {
        let key = SigningKey::from_seed(&[seed; 32]);
        let message = message.to_le_bytes().to_vec();
        let signature = key.sign(&message).to_vec();
        (key.public_key().to_vec(), message, signature)
    }

    fn check(batch: &[Triple]) -> Vec<bool> {
        let keys: Vec<_> = batch.iter().map(|triple| &triple.0).collect();
        let messages: Vec<_> = batch.iter().map(|triple| &triple.1).collect();
        let signatures: Vec<_> = batch.iter().map(|triple| &triple.2).collect();
        let verdicts = batch_verify(&keys, &messages, &signatures);
        let portable = by_chunks(&in_bytes(&keys), &messages, &signatures, |chunk, verdicts| {
            chunk.settle(&Portable, verdicts);
        });
        assert_eq!(portable, verdicts);
        #[cfg(target_arch = "x86_64")]
        if let Some(lanes) = Lanes::detect() {
            let by_lanes = by_chunks(&in_bytes(&keys), &messages, &signatures, |chunk, verdicts| {
                chunk.settle(&lanes, verdicts)
            });
            assert_eq!(by_lanes, verdicts);
        }
        for (verdict, (key, message, signature)) in verdicts.iter().zip(batch) {
            assert_eq!(*verdict, verify(key, message, signature).unwrap_or(false));
        }
        check_decoded(batch, &verdicts);
        verdicts
    }

    /// The same verdicts where the keys are decoded beforehand, as far as they can be.
    fn check_decoded(batch: &[Triple], verdicts: &[bool]) {
        let decoded: Vec<_> = batch
            .iter()
            .zip(verdicts)
            .filter_map(|((key, message, signature), verdict)| {
                let key = VerifyingKey::new(key.as_slice().try_into().ok()?)?;
                Some((key, message, signature, *verdict))
            })
            .collect();
        let keys: Vec<_> = decoded.iter().map(|(key, ..)| key).collect();
        let messages: Vec<_> = decoded.iter().map(|(_, message, ..)| message).collect();
        let signatures: Vec<_> = decoded.iter().map(|(_, _, signature, _)| signature).collect();
        let found = batch_verify_decoded(&keys, &messages, &signatures);
        assert!(found.iter().eq(decoded.iter().map(|(.., verdict)| verdict)));
        for (key, message, signature, verdict) in &decoded {
            let signature: Result<&[u8; SIGNATURE_LENGTH], _> = signature.as_slice().try_into();
            assert_eq!(signature.is_ok_and(|signature| key.verify(message, signature)), *verdict);
        }
    }

    #[test]
    fn every_size_holds_and_names_its_one_bad_item() {
        for size in [0, 1, 2, 3, 4, 5, 16, 64, 65, 300] {
            let mut batch: Vec<_> = (0..size).map(|i| good(u8::try_from(i % 7).unwrap(), i)).collect();
            assert_eq!(check(&batch), vec![true; size]);
            for bad in [0, size / 3, size.saturating_sub(1)] {
                if let Some(item) = batch.get_mut(bad) {
                    item.1.push(0);
                    let verdicts = check(&batch);
                    assert!(verdicts.iter().enumerate().all(|(i, verdict)| *verdict == (i != bad)));
                    batch[bad].1.pop();
                }
            }
        }
    }

    #[test]
    fn over_a_chunk_and_with_nothing_good() {
        let mut batch: Vec<_> = (0..CHUNK + 30).map(|i| good(u8::try_from(i % 251).unwrap(), i)).collect();
        batch[CHUNK].2[0] ^= 1;
        batch[3].2[40] ^= 1;
        let bad: Vec<_> =
            check(&batch).iter().enumerate().filter(|(_, verdict)| !**verdict).map(|(i, _)| i).collect();
        assert_eq!(bad, [3, CHUNK]);
        for triple in &mut batch[..100] {
            triple.1.push(1);
        }
        assert_eq!(check(&batch[..100]), [false; 100]);
    }

    #[test]
    fn two_faults_that_cancel_in_a_plain_sum_are_found() {
        // S of one raised, S of the other lowered by the same amount: the sum of the equations without coefficients
        // would still hold.
        let mut batch: Vec<_> = (0..4).map(|i| good(9, i)).collect();
        for (place, change) in [(0, Scalar::ONE), (2, -Scalar::ONE)] {
            let s = Scalar::from_canonical_bytes(batch[place].2[32..].try_into().unwrap()).unwrap();
            batch[place].2[32..].copy_from_slice((s + change).as_bytes());
        }
        assert_eq!(check(&batch), [false, true, false, true]);
    }

    #[test]
    fn malformed_elements_and_unequal_slices_are_false() {
        let mut batch: Vec<_> = (0..8).map(|i| good(1, i)).collect();
        batch[1].0.pop();
        batch[2].2.push(0);
        batch[3].0 = [&[2][..], &[0; 31]].concat();
        batch[4].2.clear();
        assert_eq!(check(&batch), [true, false, false, false, false, true, true, true]);
        let (keys, messages) = ([[0; 32]; 3], [b"m"; 2]);
        assert_eq!(batch_verify(&keys, &messages, &[[0; 64]; 5]), [false; 5]);
        assert_eq!(batch_verify(&keys, &messages, &[[0; 64]; 0]), [false; 3]);
        assert_eq!(batch_verify_decoded(&[], &messages, &[[0; 64]; 5]), [false; 5]);
    }
}
