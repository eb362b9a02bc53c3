//! 128 bits seen as lanes: one WebAssembly SIMD register, or plain integers where there is none.
//!
//! The kernels are written over this type once. The integer form is what native tests run, so that the very code that
//! WebAssembly executes is compared with the crates' implementations on every machine.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd::V;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use plain::V;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use core::arch::wasm32::*;
    use core::ops::{BitAnd, BitOr, BitXor};

    /// 128 bits.
    #[derive(Clone, Copy)]
    pub(crate) struct V(v128);

    impl V {
        #[inline(always)]
        pub(crate) fn from_bytes(b: &[u8; 16]) -> Self {
            Self(zerocopy::transmute!(*b))
        }

        #[inline(always)]
        pub(crate) fn to_bytes(self) -> [u8; 16] {
            zerocopy::transmute!(self.0)
        }

        #[inline(always)]
        pub(crate) fn from_u32s([a, b, c, d]: [u32; 4]) -> Self {
            Self(u32x4(a, b, c, d))
        }

        #[inline(always)]
        pub(crate) fn to_u32s(self) -> [u32; 4] {
            let x = self.0;
            [
                u32x4_extract_lane::<0>(x),
                u32x4_extract_lane::<1>(x),
                u32x4_extract_lane::<2>(x),
                u32x4_extract_lane::<3>(x),
            ]
        }

        #[inline(always)]
        pub(crate) fn splat32(x: u32) -> Self {
            Self(u32x4_splat(x))
        }

        #[inline(always)]
        pub(crate) fn add32(self, other: Self) -> Self {
            Self(u32x4_add(self.0, other.0))
        }

        #[inline(always)]
        pub(crate) fn shl32<const N: u32>(self) -> Self {
            Self(u32x4_shl(self.0, N))
        }

        #[inline(always)]
        pub(crate) fn shr32<const N: u32>(self) -> Self {
            Self(u32x4_shr(self.0, N))
        }

        /// Rotates each 32-bit lane left.
        #[inline(always)]
        pub(crate) fn rotl32<const N: u32>(self) -> Self {
            Self(v128_or(u32x4_shl(self.0, N), u32x4_shr(self.0, 32 - N)))
        }

        /// The 32-bit lanes moved down by `N`, the lowest ones coming in at the top.
        #[inline(always)]
        pub(crate) fn lanes_down<const N: usize>(self) -> Self {
            match N {
                1 => Self(i32x4_shuffle::<1, 2, 3, 0>(self.0, self.0)),
                2 => Self(i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0)),
                3 => Self(i32x4_shuffle::<3, 0, 1, 2>(self.0, self.0)),
                _ => self,
            }
        }

        /// For each byte of `index`, which must be below 16, that byte of `self`.
        #[inline(always)]
        pub(crate) fn lookup(self, index: Self) -> Self {
            Self(u8x16_swizzle(self.0, index.0))
        }

        /// The lower halves of both, their lanes of `8 * N` bits in turns.
        #[inline(always)]
        pub(crate) fn zip_low<const N: usize>(self, o: Self) -> Self {
            match N {
                1 => {
                    Self(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(self.0, o.0))
                }
                2 => Self(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(self.0, o.0)),
                4 => Self(i32x4_shuffle::<0, 4, 1, 5>(self.0, o.0)),
                _ => Self(i64x2_shuffle::<0, 2>(self.0, o.0)),
            }
        }

        /// The upper halves of both, their lanes of `8 * N` bits in turns.
        #[inline(always)]
        pub(crate) fn zip_high<const N: usize>(self, o: Self) -> Self {
            match N {
                1 => Self(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(
                    self.0, o.0,
                )),
                2 => Self(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(self.0, o.0)),
                4 => Self(i32x4_shuffle::<2, 6, 3, 7>(self.0, o.0)),
                _ => Self(i64x2_shuffle::<1, 3>(self.0, o.0)),
            }
        }
    }

    impl BitXor for V {
        type Output = Self;
        #[inline(always)]
        fn bitxor(self, other: Self) -> Self {
            Self(v128_xor(self.0, other.0))
        }
    }

    impl BitAnd for V {
        type Output = Self;
        #[inline(always)]
        fn bitand(self, other: Self) -> Self {
            Self(v128_and(self.0, other.0))
        }
    }

    impl BitOr for V {
        type Output = Self;
        #[inline(always)]
        fn bitor(self, other: Self) -> Self {
            Self(v128_or(self.0, other.0))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod plain {
    use core::array::from_fn;
    use core::ops::{BitAnd, BitOr, BitXor};

    /// 128 bits.
    #[derive(Clone, Copy)]
    pub(crate) struct V([u8; 16]);

    impl V {
        pub(crate) fn from_bytes(bytes: &[u8; 16]) -> Self {
            Self(*bytes)
        }

        pub(crate) fn to_bytes(self) -> [u8; 16] {
            self.0
        }

        pub(crate) fn from_u32s(lanes: [u32; 4]) -> Self {
            Self(from_fn(|i| lanes[i / 4].to_le_bytes()[i % 4]))
        }

        pub(crate) fn splat32(x: u32) -> Self {
            Self::from_u32s([x; 4])
        }

        pub(crate) fn add32(self, other: Self) -> Self {
            let (a, b) = (self.to_u32s(), other.to_u32s());
            Self::from_u32s(from_fn(|i| a[i].wrapping_add(b[i])))
        }

        pub(crate) fn shl32<const N: u32>(self) -> Self {
            Self::from_u32s(self.to_u32s().map(|lane| lane << N))
        }

        pub(crate) fn shr32<const N: u32>(self) -> Self {
            Self::from_u32s(self.to_u32s().map(|lane| lane >> N))
        }

        /// Rotates each 32-bit lane left.
        pub(crate) fn rotl32<const N: u32>(self) -> Self {
            Self::from_u32s(self.to_u32s().map(|lane| lane.rotate_left(N)))
        }

        /// The 32-bit lanes moved down by `N`, the lowest ones coming in at the top.
        pub(crate) fn lanes_down<const N: usize>(self) -> Self {
            let lanes = self.to_u32s();
            Self::from_u32s(from_fn(|i| lanes[(i + N) % 4]))
        }

        /// For each byte of `index`, which must be below 16, that byte of `self`.
        pub(crate) fn lookup(self, index: Self) -> Self {
            Self(index.0.map(|i| self.0[usize::from(i)]))
        }

        /// The lower halves of both, their lanes of `8 * N` bits in turns.
        pub(crate) fn zip_low<const N: usize>(self, other: Self) -> Self {
            self.zip::<N>(other, 0)
        }

        /// The upper halves of both, their lanes of `8 * N` bits in turns.
        pub(crate) fn zip_high<const N: usize>(self, other: Self) -> Self {
            self.zip::<N>(other, 8)
        }

        fn zip<const N: usize>(self, other: Self, start: usize) -> Self {
            Self(from_fn(|i| {
                let (lane, within) = (i / N, i % N);
                let from = if lane % 2 == 0 { self.0 } else { other.0 };
                from[start + lane / 2 * N + within]
            }))
        }

        pub(crate) fn to_u32s(self) -> [u32; 4] {
            from_fn(|i| u32::from_le_bytes(from_fn(|byte| self.0[4 * i + byte])))
        }
    }

    impl BitXor for V {
        type Output = Self;
        fn bitxor(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i] ^ other.0[i]))
        }
    }

    impl BitAnd for V {
        type Output = Self;
        fn bitand(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i] & other.0[i]))
        }
    }

    impl BitOr for V {
        type Output = Self;
        fn bitor(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i] | other.0[i]))
        }
    }
}
