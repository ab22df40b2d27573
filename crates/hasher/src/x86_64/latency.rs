//! Processors on which a chain of vector operations is slower than one of plain operations.
#![expect(unsafe_code, reason = "asks the processor for its model")]

use core::arch::x86_64::{__cpuid, CpuidResult};
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The family of AMD's Zen 5 and its successors of the same family.
const ZEN_5: u32 = 0x1a;

/// What is known of this processor.
static KNOWN: AtomicU8 = AtomicU8::new(UNKNOWN);

const UNKNOWN: u8 = 0;
const PLAIN: u8 = 1;
const VECTORS: u8 = 2;

/// Whether plain operations are faster in a chain in which each waits for the last, and whether two
/// chains of vectors side by side are. So it is where an addition of vectors takes two cycles: on
/// Zen 5. Other processors were not measured, or take one.
#[inline]
pub(crate) fn is_shorter_without_vectors() -> bool {
    match KNOWN.load(Relaxed) {
        UNKNOWN => find_out(),
        known => known == PLAIN,
    }
}

#[cold]
fn find_out() -> bool {
    let is_shorter = is_amd() && family() == ZEN_5;
    KNOWN.store(if is_shorter { PLAIN } else { VECTORS }, Relaxed);
    is_shorter
}

fn is_amd() -> bool {
    let leaf = cpuid(0);
    [leaf.ebx, leaf.edx, leaf.ecx]
        .map(u32::to_le_bytes)
        .as_flattened()
        == b"AuthenticAMD"
}

fn family() -> u32 {
    let signature = cpuid(1).eax;
    (signature >> 8 & 0xf) + (signature >> 20 & 0xff)
}

fn cpuid(leaf: u32) -> CpuidResult {
    // A pointer, because some versions of Rust declare the function unsafe and others safe.
    let cpuid: unsafe fn(u32) -> CpuidResult = __cpuid;
    // SAFETY: every x86-64 CPU has the instruction and these leaves.
    unsafe { cpuid(leaf) }
}
