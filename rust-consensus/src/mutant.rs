//! Seeded faults, compiled only for tests that show that the test suite notices each.

#[cfg(feature = "mutants")]
macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A fault seeded into the core. Each breaks one rule of `docs/agreement.md`.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Mutant {
            $($(#[$doc])* $name),*
        }

        impl Mutant {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

/// Whether the fault of this name is seeded: `false`, known when compiling, without the feature.
macro_rules! mutant {
    ($config:expr, $name:ident) => {{
        #[cfg(feature = "mutants")]
        let seeded = $config.mutant == Some($crate::mutant::Mutant::$name);
        #[cfg(not(feature = "mutants"))]
        let seeded = {
            let _ = &$config;
            false
        };
        seeded
    }};
}
pub(crate) use mutant;

#[cfg(feature = "mutants")]
mutants! {
    /// a quorum is one less.
    QuorumOffByOne,
    /// the lock is ignored when prevoting.
    LockSkipped,
}
