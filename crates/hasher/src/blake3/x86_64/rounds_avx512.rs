//! The seven rounds with AVX-512 registers, as assembly.
//!
//! AVX-512 has as many registers as state and message have words, and rotates in one instruction,
//! so the rounds need no other register and no memory. Compilers reorder the operations, run out of
//! registers and spill: measured 10 to 15 % slower.
#![expect(unsafe_code, reason = "inline assembly")]

use core::arch::asm;
use core::arch::x86_64::{__m256i, __m512i};

use crate::blake3::spec::with_schedule;

/// Defines `$name`, the seven rounds with `$register` registers. Registers 0 to 15 have the message
/// words, 16 to 31 the state.
macro_rules! define_rounds {
    ($name:ident, $vector:ty, $features:literal, $register:tt) => {
        #[target_feature(enable = $features)]
        #[inline]
        pub(super) fn $name(v: &mut [$vector; 16], m: &[$vector; 16]) {
            // SAFETY: the instructions belong to the features of this function and read and write
            // only the registers that are named as operands. They touch no memory, no flags and no
            // stack, and their result depends on the operands alone.
            unsafe {
                asm!(
                    with_schedule!(rounds, $register),
                    in("zmm0") m[0], in("zmm1") m[1], in("zmm2") m[2], in("zmm3") m[3],
                    in("zmm4") m[4], in("zmm5") m[5], in("zmm6") m[6], in("zmm7") m[7],
                    in("zmm8") m[8], in("zmm9") m[9], in("zmm10") m[10], in("zmm11") m[11],
                    in("zmm12") m[12], in("zmm13") m[13], in("zmm14") m[14], in("zmm15") m[15],
                    inout("zmm16") v[0], inout("zmm17") v[1], inout("zmm18") v[2], inout("zmm19") v[3],
                    inout("zmm20") v[4], inout("zmm21") v[5], inout("zmm22") v[6], inout("zmm23") v[7],
                    inout("zmm24") v[8], inout("zmm25") v[9], inout("zmm26") v[10], inout("zmm27") v[11],
                    inout("zmm28") v[12], inout("zmm29") v[13], inout("zmm30") v[14], inout("zmm31") v[15],
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
        }
    };
}

/// The text of all rounds.
macro_rules! rounds {
    (($register:tt) $([$($s:literal)+])+) => {
        concat!($(round!($register, $($s)+)),+)
    };
}

/// The text of one round: columns, then diagonals, each in two halves.
macro_rules! round {
    ($r:tt, $s0:literal $s1:literal $s2:literal $s3:literal
        $s4:literal $s5:literal $s6:literal $s7:literal
        $s8:literal $s9:literal $s10:literal $s11:literal
        $s12:literal $s13:literal $s14:literal $s15:literal
    ) => {
        concat!(
            half!($r, 16 12, [16 20 24 28 $s0] [17 21 25 29 $s2] [18 22 26 30 $s4] [19 23 27 31 $s6]),
            half!($r, 8 7, [16 20 24 28 $s1] [17 21 25 29 $s3] [18 22 26 30 $s5] [19 23 27 31 $s7]),
            half!($r, 16 12, [16 21 26 31 $s8] [17 22 27 28 $s10] [18 23 24 29 $s12] [19 20 25 30 $s14]),
            half!($r, 8 7, [16 21 26 31 $s9] [17 22 27 28 $s11] [18 23 24 29 $s13] [19 20 25 30 $s15]),
        )
    };
}

/// The text of half a quarter-round of four columns or diagonals, with independent operations side
/// by side. The order of operations is the fastest of those tried.
macro_rules! half {
    ($r:tt, $ror_d:literal $ror_b:literal, $([$a:literal $b:literal $c:literal $d:literal $m:literal])+) => {
        concat!(
            $("vpaddd ", $r, $a, ", ", $r, $a, ", ", $r, $m, "\n",)+
            $("vpaddd ", $r, $a, ", ", $r, $a, ", ", $r, $b, "\n",)+
            $(
                "vpxord ", $r, $d, ", ", $r, $d, ", ", $r, $a, "\n",
                "vprord ", $r, $d, ", ", $r, $d, ", ", $ror_d, "\n",
            )+
            $("vpaddd ", $r, $c, ", ", $r, $c, ", ", $r, $d, "\n",)+
            $(
                "vpxord ", $r, $b, ", ", $r, $b, ", ", $r, $c, "\n",
                "vprord ", $r, $b, ", ", $r, $b, ", ", $ror_b, "\n",
            )+
        )
    };
}

define_rounds!(rounds_of_16, __m512i, "avx512f", "zmm");
define_rounds!(rounds_of_8, __m256i, "avx512f,avx512vl", "ymm");

/// The text of all rounds of two states side by side: registers 0 to 15 have the first, 16 to 31
/// the second. The message words are operands in memory, those of the second state behind those of
/// the first.
macro_rules! rounds_twice {
    (() $([$($s:literal)+])+) => {
        concat!($(round_twice!($($s)+)),+)
    };
}

/// The text of one round of two states.
macro_rules! round_twice {
    ($s0:literal $s1:literal $s2:literal $s3:literal
        $s4:literal $s5:literal $s6:literal $s7:literal
        $s8:literal $s9:literal $s10:literal $s11:literal
        $s12:literal $s13:literal $s14:literal $s15:literal
    ) => {
        concat!(
            half_twice!(16 12, $s0 $s2 $s4 $s6, columns),
            half_twice!(8 7, $s1 $s3 $s5 $s7, columns),
            half_twice!(16 12, $s8 $s10 $s12 $s14, diagonals),
            half_twice!(8 7, $s9 $s11 $s13 $s15, diagonals),
        )
    };
}

/// The text of half a quarter-round of all columns or diagonals, of one state after the other.
macro_rules! half_twice {
    ($ror_d:literal $ror_b:literal, $w:literal $x:literal $y:literal $z:literal, columns) => {
        concat!(
            half_in_memory!($ror_d $ror_b, "0", [0 4 8 12 $w] [1 5 9 13 $x] [2 6 10 14 $y] [3 7 11 15 $z]),
            half_in_memory!($ror_d $ror_b, "1024", [16 20 24 28 $w] [17 21 25 29 $x] [18 22 26 30 $y] [19 23 27 31 $z]),
        )
    };
    ($ror_d:literal $ror_b:literal, $w:literal $x:literal $y:literal $z:literal, diagonals) => {
        concat!(
            half_in_memory!($ror_d $ror_b, "0", [0 5 10 15 $w] [1 6 11 12 $x] [2 7 8 13 $y] [3 4 9 14 $z]),
            half_in_memory!($ror_d $ror_b, "1024", [16 21 26 31 $w] [17 22 27 28 $x] [18 23 24 29 $y] [19 20 25 30 $z]),
        )
    };
}

/// [`half`] with message words in memory, from `offset` bytes on.
macro_rules! half_in_memory {
    ($ror_d:literal $ror_b:literal, $offset:literal, $([$a:literal $b:literal $c:literal $d:literal $m:literal])+) => {
        concat!(
            $("vpaddd zmm", $a, ", zmm", $a, ", zmmword ptr [{message} + ", $offset, " + 64*", $m, "]\n",)+
            $("vpaddd zmm", $a, ", zmm", $a, ", zmm", $b, "\n",)+
            $(
                "vpxord zmm", $d, ", zmm", $d, ", zmm", $a, "\n",
                "vprord zmm", $d, ", zmm", $d, ", ", $ror_d, "\n",
            )+
            $("vpaddd zmm", $c, ", zmm", $c, ", zmm", $d, "\n",)+
            $(
                "vpxord zmm", $b, ", zmm", $b, ", zmm", $c, "\n",
                "vprord zmm", $b, ", zmm", $b, ", ", $ror_b, "\n",
            )+
        )
    };
}

/// The seven rounds of two states.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn rounds_of_2_times_16(v: &mut [[__m512i; 16]; 2], message: &[[__m512i; 16]; 2]) {
    let [u, v] = v;
    // SAFETY: the instructions belong to the features of this function. They read and write only
    // the registers that are named as operands, and read the 2048 bytes of `message`, which is
    // borrowed. They touch no other memory, no flags and no stack, and their result depends on the
    // operands alone.
    unsafe {
        asm!(
            with_schedule!(rounds_twice,),
            message = in(reg) message.as_ptr(),
            inout("zmm0") u[0], inout("zmm1") u[1], inout("zmm2") u[2], inout("zmm3") u[3],
            inout("zmm4") u[4], inout("zmm5") u[5], inout("zmm6") u[6], inout("zmm7") u[7],
            inout("zmm8") u[8], inout("zmm9") u[9], inout("zmm10") u[10], inout("zmm11") u[11],
            inout("zmm12") u[12], inout("zmm13") u[13], inout("zmm14") u[14], inout("zmm15") u[15],
            inout("zmm16") v[0], inout("zmm17") v[1], inout("zmm18") v[2], inout("zmm19") v[3],
            inout("zmm20") v[4], inout("zmm21") v[5], inout("zmm22") v[6], inout("zmm23") v[7],
            inout("zmm24") v[8], inout("zmm25") v[9], inout("zmm26") v[10], inout("zmm27") v[11],
            inout("zmm28") v[12], inout("zmm29") v[13], inout("zmm30") v[14], inout("zmm31") v[15],
            options(pure, readonly, nostack, preserves_flags),
        );
    }
}
