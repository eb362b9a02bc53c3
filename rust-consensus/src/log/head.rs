//! The file `CURRENT`: whose log this is, and which generation of it counts.

use chrysalis_crypto::hash::blake3_derive_key;
use chrysalis_journal::disk::DirFingerprint;

use crate::error::ConsensusError;
use crate::id::ChainId;
use crate::wire::{Reader, put_u64};

/// Length of an encoded [`Head`].
pub const HEAD_LENGTH: usize = 112;

const MAGIC: &[u8; 8] = b"CHRYVOTE";
const VERSION: u8 = 1;
const CHAIN: &str = "chrysalis vote log v1 chain";
const CHECKSUM: &str = "chrysalis vote log v1 checksum of CURRENT";

/// The content of `CURRENT` (`docs/encodings/vote-log.md`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// The generation that counts; 0 while nothing was ever logged.
    pub generation: u64,
    /// The digest of the chain's name.
    pub chain: [u8; 32],
    /// The public key whose votes are logged.
    pub key: [u8; 32],
    /// Where the directory was when this was written.
    pub place: DirFingerprint,
}

impl Head {
    /// The digest that stands for a chain's name.
    #[must_use]
    pub fn chain_digest(chain: &ChainId) -> [u8; 32] {
        blake3_derive_key(CHAIN, chain.as_str().as_bytes())
    }

    /// The 112-byte encoding.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_LENGTH);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        out.push(u8::from(self.place.inode.is_some()) | u8::from(self.place.birth_ns.is_some()) << 1);
        out.extend_from_slice(&[0; 6]);
        put_u64(self.generation, &mut out);
        out.extend_from_slice(&self.chain);
        out.extend_from_slice(&self.key);
        put_u64(self.place.inode.unwrap_or(0), &mut out);
        put_u64(self.place.birth_ns.unwrap_or(0), &mut out);
        let checksum = checksum(&out);
        out.extend_from_slice(&checksum);
        out
    }

    /// Reads an encoding.
    ///
    /// # Errors
    /// [`ConsensusError::Malformed`] for anything but the one encoding of a head,
    /// [`ConsensusError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConsensusError> {
        let mut reader = Reader::new("CURRENT", bytes);
        if bytes.len() != HEAD_LENGTH || reader.array::<8>()? != *MAGIC {
            return Err(reader.fault());
        }
        // Before the version, so that a damaged one is not taken for a later one.
        if checksum(&bytes[..HEAD_LENGTH - 8]) != bytes[HEAD_LENGTH - 8..] {
            return Err(ConsensusError::Malformed { what: "CURRENT", at: HEAD_LENGTH - 8 });
        }
        let version = reader.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        let flags = reader.u8()?;
        if flags > 3 || reader.array::<6>()? != [0; 6] {
            return Err(reader.fault());
        }
        let generation = reader.u64()?;
        let (chain, key) = (reader.array()?, reader.array()?);
        let mut number = |flag: u8| -> Result<Option<u64>, ConsensusError> {
            let number = reader.u64()?;
            match (flags & flag != 0, number) {
                (true, number) => Ok(Some(number)),
                (false, 0) => Ok(None),
                (false, _) => Err(reader.fault()),
            }
        };
        let place = DirFingerprint { inode: number(1)?, birth_ns: number(2)? };
        Ok(Self { generation, chain, key, place })
    }
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let hash = blake3_derive_key(CHECKSUM, bytes);
    [hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_head_has_one_encoding_and_no_flipped_bit_passes() {
        for place in [
            DirFingerprint::default(),
            DirFingerprint { inode: Some(0), birth_ns: None },
            DirFingerprint { inode: Some(u64::MAX), birth_ns: Some(1) },
        ] {
            let head = Head { generation: 7, chain: [1; 32], key: [2; 32], place };
            let bytes = head.to_bytes();
            assert_eq!(bytes.len(), HEAD_LENGTH);
            assert_eq!(Head::from_bytes(&bytes), Ok(head));
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(Head::from_bytes(&changed).is_err(), "bit {bit}");
            }
            for length in 0..bytes.len() {
                assert!(Head::from_bytes(&bytes[..length]).is_err());
            }
        }
    }
}
