//! The parts that encodings are made of: integers, lengths, indices, values.

use crate::cbor;
use crate::element::Element;
use crate::error::CrdtError;

/// Unsigned LEB128 in the fewest bytes.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// A length, as [`put_number`].
pub fn put_length(length: usize, out: &mut Vec<u8>) {
    put_number(length as u64, out);
}

/// What is left to read.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are left.
    pub fn rest(&self) -> usize {
        self.0.len()
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] where fewer are left.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], CrdtError> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(CrdtError::Malformed("state is cut off"))?;
        self.0 = tail;
        Ok(head)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] where none is left.
    pub fn byte(&mut self) -> Result<u8, CrdtError> {
        Ok(self.take(1)?[0])
    }

    /// An integer as [`put_number`] writes it.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for any other form, and over 64 bits.
    pub fn number(&mut self) -> Result<u64, CrdtError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(CrdtError::Malformed("integer is over 64 bits"));
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(CrdtError::Malformed("integer is not in its shortest form"));
                }
                return Ok(number);
            }
        }
        Err(CrdtError::Malformed("integer is over 64 bits"))
    }

    /// A number of things that take at least one byte each, so one above what is left is refused at once.
    pub fn length(&mut self) -> Result<usize, CrdtError> {
        let length = self.number()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.0.len())
            .ok_or(CrdtError::Malformed("state is cut off"))
    }

    /// A number below `count`.
    ///
    /// # Errors
    /// [`CrdtError::Malformed`] for a greater one.
    pub fn index(&mut self, count: usize) -> Result<usize, CrdtError> {
        let index = self.number()?;
        usize::try_from(index)
            .ok()
            .filter(|index| *index < count)
            .ok_or(CrdtError::Malformed("no such actor"))
    }

    /// The encoding of a value.
    pub fn encoded(&mut self) -> Result<&'a [u8], CrdtError> {
        let encoded = cbor::check_prefix(self.0)?;
        self.take(encoded.len())
    }

    /// A value and its encoding.
    pub fn element(&mut self) -> Result<(Element, &'a [u8]), CrdtError> {
        let (element, length) = Element::decode_prefix(self.0)?;
        Ok((element, self.take(length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for number in (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit]).chain([u64::MAX]) {
            let mut bytes = Vec::new();
            put_number(number, &mut bytes);
            assert_eq!(Reader::new(&bytes).number(), Ok(number));
            // The same number with a superfluous last byte.
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
            assert!(Reader::new(&bytes).number().is_err(), "{number}");
        }
        assert!(Reader::new(&[0x80; 20]).number().is_err());
    }
}
