//! Proofs that this CPU, and the operating system, can run a kernel.
//!
//! A value of one of these types exists only where its features were found, which is what makes
//! calling a kernel sound. Detection runs once; afterwards it is one relaxed load.

// AVX2 and FMA come with AVX-512; they are asked for all the same, because the compiler takes them
// for granted in a function with AVX-512. So it does F16C, which `cpufeatures` does not know and
// every CPU with FMA has. Each check covers the register state that the operating system saves.
cpufeatures::new!(avx512, "avx2", "fma", "avx512f", "avx512vl");
cpufeatures::new!(avx2, "avx2");

/// AVX-512 with the instructions for shorter vectors.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx512::get().then_some(Self(()))
    }
}

/// AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx2::get().then_some(Self(()))
    }
}
