//! The seven rounds with AVX2 registers, as assembly.
//!
//! The state fills all sixteen registers, so each addition reads its message word from memory. A
//! rotation by a number of bits that is not whole bytes takes shifts and a free register; one
//! word of the third row is kept in memory meanwhile. A compiler spills far more of the state:
//! measured 15 % slower.
#![expect(unsafe_code, reason = "inline assembly")]

use core::arch::asm;
use core::arch::x86_64::__m256i;

use crate::blake3::spec::with_schedule;

/// Byte shuffles that rotate every word of a register.
#[repr(C)]
struct Rotations {
    right_by_16: [[u8; 16]; 2],
    right_by_8: [[u8; 16]; 2],
}

static ROTATIONS: Rotations = Rotations {
    right_by_16: [[2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13]; 2],
    right_by_8: [[1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12]; 2],
};

/// The text of all rounds.
macro_rules! rounds {
    (() $([$($s:literal)+])+) => {
        concat!($(round!($($s)+)),+)
    };
}

/// The text of one round: columns, then diagonals, each in two halves. Word `i` of the state is in
/// register `i`.
macro_rules! round {
    (
        $s0:literal $s1:literal $s2:literal $s3:literal
        $s4:literal $s5:literal $s6:literal $s7:literal
        $s8:literal $s9:literal $s10:literal $s11:literal
        $s12:literal $s13:literal $s14:literal $s15:literal
    ) => {
        concat!(
            half!("" 12 20, 8, [0 4 8 12 $s0] [1 5 9 13 $s2] [2 6 10 14 $s4] [3 7 11 15 $s6]),
            half!("+ 32" 7 25, 8, [0 4 8 12 $s1] [1 5 9 13 $s3] [2 6 10 14 $s5] [3 7 11 15 $s7]),
            half!("" 12 20, 8, [0 5 10 15 $s8] [1 6 11 12 $s10] [2 7 8 13 $s12] [3 4 9 14 $s14]),
            half!("+ 32" 7 25, 8, [0 5 10 15 $s9] [1 6 11 12 $s11] [2 7 8 13 $s13] [3 4 9 14 $s15]),
        )
    };
}

/// The text of half a quarter-round of four columns or diagonals, with independent operations side
/// by side. Its arguments are the place of the byte shuffle, the shifts of the other rotation, and
/// the word of the third row that makes room for it.
macro_rules! half {
    (
        $shuffle:literal $right:literal $left:literal, $free:literal,
        $([$a:literal $b:literal $c:literal $d:literal $m:literal])+
    ) => {
        concat!(
            $("vpaddd ymm", $a, ", ymm", $a, ", [{message} + 32 * ", $m, "]\n",)+
            $("vpaddd ymm", $a, ", ymm", $a, ", ymm", $b, "\n",)+
            $("vpxor ymm", $d, ", ymm", $d, ", ymm", $a, "\n",)+
            $("vpshufb ymm", $d, ", ymm", $d, ", [{rotations} ", $shuffle, "]\n",)+
            $("vpaddd ymm", $c, ", ymm", $c, ", ymm", $d, "\n",)+
            $("vpxor ymm", $b, ", ymm", $b, ", ymm", $c, "\n",)+
            "vmovdqu [{spare}], ymm", $free, "\n",
            $(
                "vpsrld ymm", $free, ", ymm", $b, ", ", $right, "\n",
                "vpslld ymm", $b, ", ymm", $b, ", ", $left, "\n",
                "vpor ymm", $b, ", ymm", $b, ", ymm", $free, "\n",
            )+
            "vmovdqu ymm", $free, ", [{spare}]\n",
        )
    };
}

/// The seven rounds on the state `v` with the message `m`, eight groups side by side.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn rounds_of_8(v: &mut [__m256i; 16], m: &[__m256i; 16]) {
    let mut spare = v[8];
    // SAFETY: the instructions belong to AVX2 and change only registers that are named as
    // operands. They read the 512 bytes of `m` and the 64 bytes of `ROTATIONS`, and read and
    // write the 32 bytes of `spare`; none of these accesses needs alignment. They change neither
    // flags nor stack.
    unsafe {
        asm!(
            with_schedule!(rounds,),
            message = in(reg) m.as_ptr(),
            rotations = in(reg) &raw const ROTATIONS,
            spare = in(reg) &raw mut spare,
            inout("ymm0") v[0], inout("ymm1") v[1], inout("ymm2") v[2], inout("ymm3") v[3],
            inout("ymm4") v[4], inout("ymm5") v[5], inout("ymm6") v[6], inout("ymm7") v[7],
            inout("ymm8") v[8], inout("ymm9") v[9], inout("ymm10") v[10], inout("ymm11") v[11],
            inout("ymm12") v[12], inout("ymm13") v[13], inout("ymm14") v[14], inout("ymm15") v[15],
            options(nostack, preserves_flags),
        );
    }
}
