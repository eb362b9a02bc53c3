//! Signs a message, seals another, and proves one record of a commit:
//! `cargo run -p chrysalis-crypto --example sign_and_verify`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use chrysalis_crypto::commit::{CommitHeader, RecordHeader, WriterId, content_digest};
use chrysalis_crypto::ed25519::{self, SigningKey};
use chrysalis_crypto::proof::{self, RecordProof};
use chrysalis_crypto::secret::SecretBytes;
use chrysalis_crypto::{CryptoError, aead, hex, merkle, random};

fn main() -> Result<(), CryptoError> {
    let key = SigningKey::make()?;
    let signature = key.sign(b"release 1.4 is tested");
    println!("author      {}", key.public_key_hex());
    println!("verifies    {}", ed25519::verify(&key.public_key(), b"release 1.4 is tested", &signature)?);
    println!("tampered    {}", ed25519::verify(&key.public_key(), b"release 1.5 is tested", &signature)?);

    let secret = SecretBytes::random(aead::KEY_LENGTH)?;
    let sealed = secret.expose(|key| aead::xchacha20poly1305_encrypt(b"api key", key, b"provider:demo"))?;
    let moved = secret.expose(|key| aead::xchacha20poly1305_decrypt(&sealed, key, b"provider:other"));
    println!("moved       {}", moved.map_or_else(|error| error.code(), |_| "opened"));
    let opened = secret.expose(|key| aead::xchacha20poly1305_decrypt(&sealed, key, b"provider:demo"))?;
    println!("in place    {} bytes", opened.len());

    let bytes = proof_of_one_record(&key, b"the meeting is on Friday")?;
    let verified = proof::verify(&bytes)?;
    println!("record      {}", hex::encode(&verified.leaf));
    println!("written by  {}", hex::encode(&verified.proof.commit.writer.key));
    println!("content     {}", String::from_utf8_lossy(&verified.proof.content));
    Ok(())
}

/// A commit of one record, and the proof of that record.
fn proof_of_one_record(key: &SigningKey, content: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let salt = random::array()?;
    let record = RecordHeader {
        kind: 1,
        namespace: random::array()?,
        key_epoch: 0,
        time: 0,
        content_length: u32::try_from(content.len()).map_err(|_| CryptoError::InvalidArgument("content"))?,
        context: Vec::new(),
        content_digest: content_digest(&salt, content),
    };
    let commit = CommitHeader {
        writer: WriterId { key: key.public_key(), incarnation: u64::from_le_bytes(random::array()?) },
        first: 1,
        count: 1,
        time: 0,
        previous: [0; 32],
        // The root of a single leaf is the leaf.
        root: record.leaf()?,
    };
    let path = merkle::path(&[record.leaf()?], 0)?;
    let content = content.to_vec();
    RecordProof { signature: commit.sign(key), commit, index: 0, path, record, salt, content }.to_bytes()
}
