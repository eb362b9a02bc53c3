//! A certificate for other programs to check, with its signatures each by itself.
use chrysalis_consensus::{
    ChainId, CommitCertificate, Digest, Epoch, Height, NodeId, Round, Validator, ValidatorSet, Vote, VoteKind,
};
use chrysalis_crypto::{ed25519::SigningKey, hex};
use serde_json::{Value, json};

use crate::Outcome;

/// A certificate by the fewest of so many equal validators that are a quorum.
pub fn make(validators: u64) -> Outcome<Value> {
    let chain = ChainId::new("peers")?;
    let keys: Vec<_> = (0..validators)
        .map(|n| Ok(SigningKey::from_seed(&[u8::try_from(n + 1)?; 32])))
        .collect::<Outcome<_>>()?;
    let named = keys.iter().enumerate().map(|(n, key)| {
        Ok(Validator { id: NodeId::new(&format!("v{n:04}"))?, key: key.public_key(), power: 1 })
    });
    let set = ValidatorSet::new(Epoch(0), named.collect::<Outcome<_>>()?)?;
    let (epoch, height, round, digest) = (Epoch(0), Height(1), Round(0), Digest::of(b"a value"));
    let signers = usize::try_from(set.quorum_power())?;
    let message = Vote::statement(&chain, epoch, height, round, VoteKind::Precommit, Some(digest));
    let signatures: Vec<_> = keys.iter().take(signers).map(|key| key.sign(&message)).collect();
    let mut bytes = vec![1, 0x21];
    bytes.extend_from_slice(&epoch.0.to_le_bytes());
    bytes.extend_from_slice(&height.0.to_le_bytes());
    bytes.extend_from_slice(&round.0.to_le_bytes());
    bytes.extend_from_slice(&digest.0);
    bytes.extend_from_slice(&u16::try_from(validators)?.to_le_bytes());
    let mut bitmap = vec![0; keys.len().div_ceil(8)];
    (0..signers).for_each(|n| bitmap[n / 8] |= 1 << (n % 8));
    bytes.extend_from_slice(&bitmap);
    signatures.iter().for_each(|signature| bytes.extend_from_slice(signature));
    CommitCertificate::from_bytes(&bytes)?.verify(&chain, &set)?;
    let hex = |bytes: &[u8]| format!("hex:{}", hex::encode(bytes));
    Ok(json!({
        "chain": chain.as_str(),
        "certificate": hex(&bytes),
        "set": hex(&set.to_bytes()),
        "validators": set.validators().iter().map(|validator| {
            json!({ "id": validator.id.as_str(), "key": hex(&validator.key), "power": validator.power })
        }).collect::<Vec<_>>(),
        "message": hex(&message),
        "signatures": signatures.iter().zip(&keys).map(|(signature, key)| {
            json!({ "key": hex(&key.public_key()), "signature": hex(signature) })
        }).collect::<Vec<_>>(),
    }))
}
