//! As much DER as is needed to look into what webpki has already read.

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const VERSION: u8 = 0xa0;
pub(super) const EXTENSIONS: u8 = 0xa3;

/// The rest of an encoding.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag, its contents, and all of it.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            // The fewest digits, and no length that webpki would not read.
            let longer_than_needed = matches!(digits, [] | [0, ..] | [..0x80]);
            if longer_than_needed || digits.len() > 3 {
                return None;
            }
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        };
        let contents = rest.get(..length)?;
        let whole = &self.0[..self.0.len() - rest.len() + length];
        self.0 = &rest[length..];
        // Tags of several bytes occur in no certificate.
        (tag & 0x1f != 0x1f).then_some((tag, contents, whole))
    }

    /// The contents of the next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, ..)| *found == tag).map(|(_, contents, _)| contents)
    }

    /// The contents of the next element, if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.expect(tag) } else { None }
    }
}

/// The bits of a bit string in whole bytes.
pub(super) fn whole_bytes(contents: &[u8]) -> Option<&[u8]> {
    contents.strip_prefix(&[0])
}

/// An unsigned integer without its sign byte.
pub(super) fn unsigned(contents: &[u8]) -> Option<&[u8]> {
    match contents {
        [0, rest @ ..] if rest.first().is_some_and(|&byte| byte >= 0x80) => Some(rest),
        [first, ..] if *first != 0 && *first < 0x80 => Some(contents),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_strictly() {
        let read = |bytes: &'static [u8]| Reader::new(bytes).next();
        assert_eq!(read(&[4, 1, 9, 8]), Some((4, &[9][..], &[4, 1, 9][..])));
        assert_eq!(read(&[4, 0]), Some((4, &[][..], &[4, 0][..])));
        for bad in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80],
            &[4, 0x81, 1, 9],
            &[4, 0x81, 0x7f],
            &[4, 0x82, 0, 0x80],
            &[4, 0x84, 1, 0, 0, 0],
            &[4, 0x85, 1],
            &[0x1f, 0x81, 1, 0],
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        let mut long = vec![4, 0x81, 0x80];
        long.extend([7; 0x80]);
        assert_eq!(Reader::new(&long).expect(4).map(<[u8]>::len), Some(0x80));
        assert_eq!(Reader::new(&long).optional(5), None);
        let mut longer = vec![4, 0x82, 1, 0];
        longer.extend([7; 0x100]);
        assert_eq!(Reader::new(&longer).expect(4).map(<[u8]>::len), Some(0x100));
    }

    #[test]
    fn integers_have_one_encoding() {
        assert_eq!(unsigned(&[0, 0x80]), Some(&[0x80][..]));
        assert_eq!(unsigned(&[0x7f]), Some(&[0x7f][..]));
        for bad in [&[][..], &[0], &[0, 1], &[0x80]] {
            assert_eq!(unsigned(bad), None, "{bad:?}");
        }
    }
}
