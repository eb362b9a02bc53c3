//! A member that a million peers shout at keeps no more than its configuration allows.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use chrysalis_consensus::{
    Bytes, ByzantineConsensus, ChainId, Config, Digest, Effect, Epoch, Height, Input, Message, NodeId,
    PeerId, Round, Validator, ValidatorSet, Vote, VoteKind,
};
use chrysalis_crypto::ed25519::SigningKey;

/// forged votes of every validator, for heights and rounds near and far, each from a peer of its own. Nothing is sent or
/// logged because of them, and what is kept stays within the bounds of A-38; what the process holds does not grow.
#[test]
fn r_13_a_million_senders_leave_memory_flat() {
    let senders = support::number("CHRYSALIS_HISTORIES", if support::is_soak() { 1_000_000 } else { 10_000 });
    let keys: Vec<_> = (1..=4).map(|seed| SigningKey::from_seed(&[seed; 32])).collect();
    let validators = keys.iter().enumerate().map(|(number, key)| Validator {
        id: NodeId::new(&format!("m{number}")).unwrap(),
        key: key.public_key(),
        power: 1,
    });
    let set = ValidatorSet::new(Epoch(0), validators.collect()).unwrap();
    let config = Config::new(ChainId::new("senders").unwrap());
    let window = config.window;
    let own = keys.into_iter().next().unwrap();
    let mut core = ByzantineConsensus::<Bytes>::new(config, set, Some(Arc::new(own))).unwrap();
    core.handle(Input::Start).unwrap();
    let (mut punished, mut early) = (0_u64, None);
    for sender in 0..senders {
        let forged = Vote {
            epoch: Epoch(0),
            height: Height(1 + sender * 7 % 40),
            round: Round(u32::try_from(sender * 5 % 90).unwrap()),
            kind: VoteKind::ALL[usize::from(sender % 2 == 0)],
            digest: Some(Digest(*blake(sender).first_chunk().unwrap())),
            validator: u16::try_from(sender % 5).unwrap(),
            signature: blake(sender),
        };
        let bytes = Message::Vote(forged).to_bytes().into();
        for effect in core.handle(Input::Message { from: PeerId(sender), bytes }).unwrap() {
            match effect {
                Effect::Punish { peer, .. } => {
                    // Of those whose vote was kept for a while, some are punished later, when it is checked.
                    assert!(peer.0 <= sender);
                    punished += 1;
                }
                Effect::Behind { .. } => {}
                other => panic!("forged votes led to {other:?}"),
            }
        }
        let (last, rounds) = core.kept();
        assert!(last <= core.executed().plus(window + 1));
        assert!(rounds.is_none_or(|rounds| rounds.end().0 <= core.round().0 + 4));
        if sender == senders / 4 {
            early = support::resident_kib();
        }
    }
    println!(
        "soak: {senders} senders, {punished} punished; resident KiB after a quarter {early:?}, at the end {:?}",
        support::resident_kib()
    );
    assert!(punished > senders / 100, "{punished} of {senders} were punished");
    if let (Some(early), Some(late)) = (early, support::resident_kib()) {
        assert!(late < early + 4_096, "memory grew from {early} to {late} KiB");
    }
}

/// 64 bytes that differ from sender to sender.
fn blake(sender: u64) -> [u8; 64] {
    chrysalis_crypto::hash::blake3_xof(&sender.to_le_bytes(), 64).unwrap().try_into().unwrap()
}
