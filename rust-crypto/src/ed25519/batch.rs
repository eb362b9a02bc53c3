//! Many signatures at once, with the verdicts of [`verify`](super::verify).
//!
//! If every signature of a batch holds, so does the sum of their equations, each multiplied by a random coefficient;
//! if one does not, the sum fails except with probability 2^-128, because nobody can know the coefficients beforehand.
//! The sum costs a good part less than its terms: the doublings are shared, and the terms of one signer are one term.
//! Both sides are multiplied by the cofactor, as for a single signature, so that the verdicts cannot differ.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity as _, VartimeMultiscalarMul as _};

use super::{
    KEY_LENGTH, SIGNATURE_LENGTH, VerifyingKey, challenge, decode_public_key, decode_r, decode_s, holds,
};
use crate::random;

/// Signatures per equation: enough to share what can be shared, and memory stays small.
const CHUNK: usize = 512;
/// At or below this many, one by one is as fast as an equation.
const FEW: usize = 3;
/// How many equations of a chunk may fail before the rest of it is checked one by one, so that many bad signatures cost
/// no more than about twice what checking one by one does.
const FAILURES: usize = 8;

/// Whether each signature is its public key's signature of its message; element for element what
/// [`verify`](super::verify) says, where an element that is an error there is `false` here.
///
/// Slices of unequal lengths give `false` for every element of the longest. A batch with a bad signature is halved until
/// the bad ones are found. For 64 good signatures of 64 signers this takes under half the time of a loop, and less the
/// more signatures a signer has. Time depends on the input, which is public.
#[must_use]
pub fn batch_verify<K, M, S>(public_keys: &[K], messages: &[M], signatures: &[S]) -> Vec<bool>
where
    K: AsRef<[u8]>,
    M: AsRef<[u8]>,
    S: AsRef<[u8]>,
{
    let longest = public_keys.len().max(messages.len()).max(signatures.len());
    let mut verdicts = vec![false; longest];
    if public_keys.len() != longest || messages.len() != longest || signatures.len() != longest {
        return verdicts;
    }
    check_chunks(&mut verdicts, |signers, index| {
        let public_key = public_keys[index].as_ref().try_into().ok()?;
        let signature = signatures[index].as_ref().try_into().ok()?;
        let decode = || decode_public_key(public_key);
        signers.decode(index, public_key, decode, messages[index].as_ref(), signature)
    });
    verdicts
}

/// [`batch_verify`] for keys that are decoded already, as those of the members of a group: the same verdicts, in about a quarter less
/// time where each signature has another signer.
#[must_use]
pub fn batch_verify_decoded<M, S>(keys: &[&VerifyingKey], messages: &[M], signatures: &[S]) -> Vec<bool>
where
    M: AsRef<[u8]>,
    S: AsRef<[u8]>,
{
    let longest = keys.len().max(messages.len()).max(signatures.len());
    let mut verdicts = vec![false; longest];
    if keys.len() != longest || messages.len() != longest || signatures.len() != longest {
        return verdicts;
    }
    check_chunks(&mut verdicts, |signers, index| {
        let signature = signatures[index].as_ref().try_into().ok()?;
        let decode = || Some(keys[index].point);
        signers.decode(index, keys[index].as_bytes(), decode, messages[index].as_ref(), signature)
    });
    verdicts
}

/// Writes the verdicts, given what decodes a signature at a place.
fn check_chunks(verdicts: &mut [bool], decode: impl Fn(&mut Signers, usize) -> Option<Item>) {
    for start in (0..verdicts.len()).step_by(CHUNK) {
        let mut signers = Signers::default();
        let end = verdicts.len().min(start + CHUNK);
        let items: Vec<Item> = (start..end).filter_map(|index| decode(&mut signers, index)).collect();
        settle(&items, &signers.points, &mut FAILURES.clone(), verdicts);
    }
}

/// A signature whose parts decode, which leaves its equation to be checked.
struct Item {
    index: usize,
    /// Place of the public key among the signers.
    signer: usize,
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
}

/// The public keys of a chunk, each decoded once.
#[derive(Default)]
struct Signers {
    /// In order of the keys, each with its place among the points if it is one.
    places: Vec<([u8; KEY_LENGTH], Option<usize>)>,
    points: Vec<EdwardsPoint>,
}

impl Signers {
    /// `None` when the verdict is false without looking at the equation.
    fn decode(
        &mut self,
        index: usize,
        public_key: &[u8; KEY_LENGTH],
        point: impl FnOnce() -> Option<EdwardsPoint>,
        message: &[u8],
        signature: &[u8; SIGNATURE_LENGTH],
    ) -> Option<Item> {
        let s = decode_s(signature)?;
        Some(Item {
            index,
            signer: self.place(public_key, point)?,
            r: decode_r(signature)?,
            s,
            k: challenge(public_key, message, signature),
        })
    }

    /// The place of a public key's point, decoded when the key is seen first; `None` when it is no point.
    fn place(
        &mut self,
        public_key: &[u8; KEY_LENGTH],
        point: impl FnOnce() -> Option<EdwardsPoint>,
    ) -> Option<usize> {
        match self.places.binary_search_by(|(key, _)| key.cmp(public_key)) {
            Ok(found) => self.places[found].1,
            Err(free) => {
                let place = point().map(|point| {
                    self.points.push(point);
                    self.points.len() - 1
                });
                self.places.insert(free, (*public_key, place));
                place
            }
        }
    }
}

/// Writes the verdicts of `items`, halving a batch that does not hold.
fn settle(items: &[Item], signers: &[EdwardsPoint], failures_left: &mut usize, verdicts: &mut [bool]) {
    if items.len() <= FEW || *failures_left == 0 {
        for item in items {
            verdicts[item.index] = holds(&signers[item.signer], &item.r, &item.s, &item.k);
        }
        return;
    }
    match all_hold(items, signers) {
        Some(true) => {
            for item in items {
                verdicts[item.index] = true;
            }
        }
        Some(false) => {
            *failures_left -= 1;
            let (first, second) = items.split_at(items.len() / 2);
            settle(first, signers, failures_left, verdicts);
            settle(second, signers, failures_left, verdicts);
        }
        // No randomness: one by one needs none.
        None => settle(items, signers, &mut 0, verdicts),
    }
}

/// Whether 8·Σz·(S·B − R − k·A) is zero for random z of 128 bits; `None` when the system gives no randomness.
fn all_hold(items: &[Item], signers: &[EdwardsPoint]) -> Option<bool> {
    let mut drawn = vec![0; items.len() * 16];
    random::fill(&mut drawn).ok()?;
    let mut of_base = Scalar::ZERO;
    let mut of_signers = vec![Scalar::ZERO; signers.len()];
    let mut scalars = Vec::with_capacity(1 + items.len() + signers.len());
    let mut points = Vec::with_capacity(1 + items.len() + signers.len());
    for (item, bytes) in items.iter().zip(drawn.as_chunks::<16>().0) {
        let z = Scalar::from(u128::from_le_bytes(*bytes));
        of_base -= z * item.s;
        of_signers[item.signer] += z * item.k;
        scalars.push(z);
        points.push(item.r);
    }
    for (scalar, point) in of_signers.iter().zip(signers) {
        // Signers of another half of the batch have no term.
        if *scalar != Scalar::ZERO {
            scalars.push(*scalar);
            points.push(*point);
        }
    }
    scalars.push(of_base);
    points.push(ED25519_BASEPOINT_POINT);
    Some(EdwardsPoint::vartime_multiscalar_mul(&scalars, &points).mul_by_cofactor().is_identity())
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
