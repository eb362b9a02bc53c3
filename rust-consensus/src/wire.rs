//! The parts that encodings are made of: little-endian integers of fixed width, and bytes of known length.

use alloc::vec::Vec;

use crate::error::ConsensusError;

/// The version that every encoding begins with.
pub(crate) const VERSION: u8 = 1;

pub(crate) fn put_u16(number: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(crate) fn put_u32(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

pub(crate) fn put_u64(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// A flag byte, and what it says is there.
pub(crate) fn put_option<V>(option: Option<V>, out: &mut Vec<u8>, put: impl FnOnce(V, &mut Vec<u8>)) {
    out.push(u8::from(option.is_some()));
    if let Some(value) = option {
        put(value, out);
    }
}

/// What is left to read, and what of.
pub(crate) struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, bytes, at: 0 }
    }

    /// Reads the two bytes that every encoding begins with.
    pub(crate) fn begin(&mut self, kind: u8) -> Result<(), ConsensusError> {
        let version = self.u8()?;
        if version != VERSION {
            return Err(ConsensusError::UnsupportedVersion { found: version });
        }
        if self.u8()? == kind { Ok(()) } else { Err(self.fault()) }
    }

    /// An error at this place.
    pub(crate) fn fault(&self) -> ConsensusError {
        ConsensusError::Malformed { what: self.what, at: self.at }
    }

    pub(crate) fn rest(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], ConsensusError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.fault())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ConsensusError> {
        Ok(self.take(N)?.try_into().expect("as long as was asked for"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ConsensusError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ConsensusError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ConsensusError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ConsensusError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, ConsensusError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.fault()),
        }
    }

    pub(crate) fn option<V>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<V, ConsensusError>,
    ) -> Result<Option<V>, ConsensusError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    /// A length of four bytes and as many bytes, at most `limit`.
    pub(crate) fn bytes(&mut self, limit: usize) -> Result<&'a [u8], ConsensusError> {
        let length = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        if length > limit {
            return Err(ConsensusError::TooLarge { what: self.what, limit: limit as u64 });
        }
        self.take(length)
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), ConsensusError> {
        if self.rest() == 0 { Ok(()) } else { Err(self.fault()) }
    }
}

/// Writes a length of four bytes and the bytes.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_u32(u32::try_from(bytes.len()).expect("what is encoded is below its limit, far below 4 GiB"), out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_stop_where_the_bytes_do() {
        let mut out = Vec::new();
        put_u16(1, &mut out);
        put_u32(2, &mut out);
        put_u64(3, &mut out);
        put_option(Some(4), &mut out, put_u16);
        put_option(None, &mut out, put_u16);
        put_bytes(b"five", &mut out);
        let mut reader = Reader::new("test", &out);
        assert_eq!((reader.u16(), reader.u32(), reader.u64()), (Ok(1), Ok(2), Ok(3)));
        assert_eq!((reader.option(Reader::u16), reader.option(Reader::u16)), (Ok(Some(4)), Ok(None)));
        assert_eq!((reader.bytes(4), reader.end()), (Ok(&b"five"[..]), Ok(())));
        let at = out.len();
        assert_eq!(reader.u8(), Err(ConsensusError::Malformed { what: "test", at }));
    }

    #[test]
    fn lengths_flags_and_versions_are_strict() {
        let long = [255, 255, 255, 255, 0];
        let refused = Reader::new("test", &long).bytes(10);
        assert_eq!(refused, Err(ConsensusError::TooLarge { what: "test", limit: 10 }));
        // Within the limit and not there.
        assert!(Reader::new("test", &[9, 0, 0, 0, 1]).bytes(10).is_err());
        assert!(Reader::new("test", &[2]).flag().is_err());
        assert_eq!(
            Reader::new("test", &[2, 1]).begin(1),
            Err(ConsensusError::UnsupportedVersion { found: 2 })
        );
        assert!(Reader::new("test", &[1, 2]).begin(1).is_err());
        assert!(Reader::new("test", &[1, 1, 0]).end().is_err());
    }
}
