//! Proofs that this CPU, and the operating system, can run a kernel.
//!
//! A value of one of these types exists only if the CPU has the features; this makes calling a
//! kernel sound. Detection runs once; later calls are one relaxed load.

// Every CPU with AVX-512 has AVX2 and FMA. They are checked nevertheless, because the compiler
// assumes them in a function with AVX-512. The compiler also assumes F16C, which `cpufeatures` does
// not know; every CPU with FMA has it. Each check covers the register state that the operating
// system saves.
cpufeatures::new!(avx512, "avx2", "fma", "avx512f", "avx512vl");
cpufeatures::new!(avx2, "avx2");
#[cfg(feature = "sha2")]
cpufeatures::new!(sha, "sha", "sse2", "ssse3", "sse4.1");

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

/// The SHA instructions, with the vectors of SSE 4.1.
#[cfg(feature = "sha2")]
#[derive(Clone, Copy)]
pub(crate) struct Sha(());

#[cfg(feature = "sha2")]
impl Sha {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        sha::get().then_some(Self(()))
    }
}
