//! Sets, turns, statements.

use super::*;

/// R-02, E-16: quorums are the smallest that intersect in a correct validator, and progress needs one.
#[test]
fn a_01_powers_are_the_smallest_that_suffice() {
    for total in 1..=300u64 {
        let set = set(&[total]);
        let (q, p, f) = (set.quorum_power(), set.progress_power(), set.faulty_power());
        assert!(3 * q > 2 * total && 3 * (q - 1) <= 2 * total);
        assert!(3 * p > total && 3 * (p - 1) <= total);
        assert!(total > 3 * f && total < 3 * (f + 1) + 1);
        // Two quorums share more power than may lie.
        assert!(2 * q - total > f);
    }
    let quorums: Vec<_> = (1..=7).map(|n| set(&vec![1; n]).quorum_power()).collect();
    assert_eq!(quorums, [1, 2, 3, 3, 4, 5, 5]);
    assert_eq!(set(&[1; 4]).require_faulty_power(1), Ok(()));
    assert_eq!(
        set(&[1; 3]).require_faulty_power(1),
        Err(ConsensusError::TooFewValidators { requested: 1, bearable: 0 })
    );
}

#[test]
fn a_01_sets_are_checked() {
    let two = validators(&[1, 1]);
    let refused = |validators| {
        assert!(matches!(
            ValidatorSet::new(Epoch(0), validators),
            Err(ConsensusError::InvalidValidatorSet(_))
        ));
    };
    refused(vec![]);
    refused(vec![two[0].clone(), two[0].clone()]);
    let mut same_key = two.clone();
    same_key[1].key = same_key[0].key;
    refused(same_key);
    for (place, power) in [(0, 0), (1, chrysalis_consensus::validator::MAX_TOTAL_POWER)] {
        let mut other = two.clone();
        other[place].power = power;
        refused(other);
    }
    let mut no_key = two.clone();
    no_key[0].key = [0; 32];
    refused(no_key);
    let mut backwards = two.clone();
    backwards.reverse();
    assert_eq!(ValidatorSet::new(Epoch(0), backwards).unwrap(), set(&[1, 1]));
}

/// Power counts, not heads.
#[test]
fn a_01_one_heavy_validator_outweighs_many() {
    let mut bench = Bench::with(2, &[1, 5, 1, 1], Config::new(chain()));
    let set = bench.set.clone();
    let effects = bench.messages(&[proposal(&set, 0, "a"), prevote(1, 0, Some("a"))]);
    // 1 + 5 of 8 is the quorum.
    assert_eq!(votes(&effects).len(), 2);
}

#[test]
fn a_02_turns_go_round_by_power() {
    let equal = set(&[1; 5]);
    let turns: Vec<_> = (0..10).map(|round| equal.proposer(H, Round(round))).collect();
    assert_eq!(turns, [1, 2, 3, 4, 0, 1, 2, 3, 4, 0]);
    assert_eq!(equal.proposer(Height(3), Round(4)), equal.proposer(Height(7), Round(0)));
    // 30 : 10 : 10 is 3 : 1 : 1, spread over a cycle of five.
    let weighted = set(&[30, 10, 10]);
    let turns: Vec<_> = (0..5).map(|height| weighted.proposer(Height(height), Round(0))).collect();
    assert_eq!(turns, [0, 0, 1, 0, 2]);
    // Powers too far apart are rounded, and the smallest still has a turn.
    let extreme = set(&[1_000_000_007, 1, 3]);
    let cycle: Vec<_> = (0..26).map(|height| extreme.proposer(Height(height), Round(0))).collect();
    assert!(cycle.contains(&1) && cycle.contains(&2));
    assert!(extreme.proposer(Height(u64::MAX), Round(u32::MAX)) < 3);
}

/// each part of a statement is under the signature.
#[test]
fn a_03_every_part_of_a_statement_counts() {
    let set = set(&[1; 4]);
    let good = vote(1, 5, 2, Prevote, Some("a"));
    let verify = |vote: &Vote| vote.verify(&chain(), &set, &chrysalis_consensus::Ed25519);
    assert_eq!(verify(&good), Ok(()));
    let changed = [
        Vote { height: Height(6), ..good.clone() },
        Vote { round: Round(3), ..good.clone() },
        Vote { kind: Precommit, ..good.clone() },
        Vote { digest: None, ..good.clone() },
        Vote { digest: Some(digest("b")), ..good.clone() },
        Vote { validator: 2, ..good.clone() },
    ];
    for vote in &changed {
        assert_eq!(verify(vote), Err(ConsensusError::BadSignature));
    }
    let other = chrysalis_consensus::ChainId::new("other").unwrap();
    assert_eq!(good.verify(&other, &set, &chrysalis_consensus::Ed25519), Err(ConsensusError::BadSignature));
    let epoch = Vote { epoch: Epoch(1), ..good.clone() };
    assert_eq!(verify(&epoch), Err(ConsensusError::WrongEpoch { expected: 0, found: 1 }));
    // The epoch is under the signature, too.
    let next = ValidatorSet::new(Epoch(1), validators(&[1; 4])).unwrap();
    assert_eq!(
        epoch.verify(&chain(), &next, &chrysalis_consensus::Ed25519),
        Err(ConsensusError::BadSignature)
    );
    let proposal = proposal_of(1, 1, 2, Some(1), "a");
    let fresh = Proposal { valid_round: None, ..proposal.clone() };
    assert!(proposal.verify(&chain(), &set, &chrysalis_consensus::Ed25519).is_ok());
    assert!(fresh.verify(&chain(), &set, &chrysalis_consensus::Ed25519).is_err());
}

/// a signature has one verdict, alone and among others.
#[test]
fn r_06_single_and_batch_checks_agree() {
    use chrysalis_consensus::{Check, Ed25519, Verifier};

    let keys: Vec<_> = (0..8).map(|number| key(number).public_key()).collect();
    let good: Vec<_> = (0..8).map(|number| key(number).sign(b"m")).collect();
    let mut odd = vec![good[0], [0; 64], [0xff; 64]];
    for at in [0, 31, 32, 63] {
        let mut changed = good[0];
        changed[at] ^= 0x80;
        odd.push(changed);
    }
    // R of small order, in both encodings of the identity that fit.
    let mut identity = good[0];
    identity[..32].copy_from_slice(&[0; 32]);
    identity[0] = 1;
    odd.push(identity);
    for signature in &odd {
        let check = Check { key: &keys[0], decoded: None, message: b"m", signature };
        let alone = Ed25519.verify(&[check])[0];
        let mut batch: Vec<_> = keys
            .iter()
            .zip(&good)
            .map(|(key, signature)| Check { key, decoded: None, message: b"m", signature })
            .collect();
        batch.insert(5, check);
        let verdicts = Ed25519.verify(&batch);
        assert_eq!(verdicts[5], alone);
        assert_eq!(verdicts.iter().filter(|verdict| **verdict).count(), 8 + usize::from(alone));
    }
}
