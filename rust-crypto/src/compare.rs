//! Comparison that takes the same time wherever the first difference is.

use subtle::ConstantTimeEq as _;

/// Whether `a` and `b` are equal.
///
/// For equal lengths the time does not depend on the contents; different lengths give `false` at once, so the
/// length itself is not kept secret. Two empty slices are equal.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_ordinary_equality() {
        let base = [7_u8; 40];
        assert!(constant_time_eq(&base, &base));
        assert!(constant_time_eq(&[], &[]));
        assert!(!constant_time_eq(&base, &base[..39]));
        assert!(!constant_time_eq(&base, &[]));
        for bit in 0..base.len() * 8 {
            let mut other = base;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!constant_time_eq(&base, &other), "bit {bit}");
        }
    }
}
