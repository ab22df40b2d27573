//! [`Ifma`]: the proof that this CPU, and the operating system, can run the lanes.

// The compiler assumes AVX2 and FMA in a function with AVX-512; every CPU with AVX-512 has them,
// and they are checked nevertheless. The check covers the register state that the operating system
// saves, and runs once; later calls are one relaxed load.
cpufeatures::new!(ifma, "avx2", "fma", "avx512f", "avx512ifma");

/// AVX-512 with multiplications of 52 bits. A value exists only where the CPU has the features.
#[derive(Clone, Copy)]
pub(crate) struct Ifma(());

impl Ifma {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        ifma::get().then_some(Self(()))
    }
}
