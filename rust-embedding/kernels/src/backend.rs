//! Which instructions are used.

use std::fmt;
use std::sync::OnceLock;

use crate::isa::Task;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::plain::Plain;

/// A set of instructions that this processor has. The results have the same bits on each; only the time differs.
#[derive(Clone, Copy)]
pub struct Backend(Kind);

#[derive(Clone, Copy)]
enum Kind {
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2(crate::x86::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(crate::x86::Avx512),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(crate::wasm::Simd128),
}

impl Backend {
    /// What this processor has, the fastest first and plain Rust last; in WebAssembly what the module was compiled for, alone.
    pub fn available() -> &'static [Self] {
        static FOUND: OnceLock<Vec<Backend>> = OnceLock::new();
        FOUND.get_or_init(|| {
            let mut found: Vec<Kind> = Vec::new();
            #[cfg(target_arch = "x86_64")]
            {
                found.extend(crate::x86::Avx512::detect().map(Kind::Avx512));
                found.extend(crate::x86::Avx2::detect().map(Kind::Avx2));
            }
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            found.extend([Kind::Simd128(crate::wasm::Simd128)]);
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            found.extend([Kind::Plain]);
            found.into_iter().map(Backend).collect()
        })
    }

    /// The fastest this processor has.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// A short name: `avx512-vnni`, `avx2`, `simd128` or `plain`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Kind::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512-vnni",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128(_) => "simd128",
        }
    }

    #[inline]
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Kind::Plain => task.run(Plain),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(isa) => isa.run(task),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(isa) => isa.run(task),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128(isa) => task.run(isa),
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
