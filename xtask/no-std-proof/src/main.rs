//! Builds a tree, proves every leaf and verifies the proofs, without `std`.
//!
//! The panic handler and the allocator below are what `std` would bring: were it anywhere in the
//! graph, this would not compile. The C library starts the program and copies memory, nothing
//! else. Ends with status 0 when all checks hold; `cargo xtask no-std` runs it.

#![no_std]
#![no_main]

mod bump;

use core::ffi::{c_char, c_int};
use core::panic::PanicInfo;

// Linked with every feature that has to do without `std`.
use rotortree as _;
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::{LeanIMT, TreeError, TreeHead};

#[global_allocator]
static ALLOCATOR: bump::Bump = bump::Bump::new();

/// Leaves in the tree: enough for several levels and an incomplete group on each.
const SIZE: u8 = 83;

#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: `abort` takes nothing, may be called at any time and does not return.
    unsafe { abort() }
}

/// The symbol that the precompiled `alloc` names for unwinding, which an aborting program never
/// does. `std` defines it too, so the two would not link together.
// SAFETY: nothing else in the graph defines this symbol, and nothing ever calls it.
#[unsafe(no_mangle)]
pub extern "C" fn rust_eh_personality() {}

/// The entry point that the C library calls.
// SAFETY: the program defines no other symbol `main`, and the signature is the one C calls.
#[unsafe(no_mangle)]
pub extern "C" fn main(_count: c_int, _words: *const *const c_char) -> c_int {
    match check::<2>().and(check::<4>()) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

/// Whether a tree of arity `N` gives proofs that verify, and altered ones that do not.
fn check<const N: usize>() -> Result<bool, TreeError> {
    let hasher = Blake3Hasher::new();
    let mut tree = LeanIMT::<_, N, 32>::new(hasher);
    let mut heads: [Option<TreeHead>; SIZE as usize] = [None; SIZE as usize];
    for (number, head) in (0..SIZE).zip(&mut heads) {
        tree.insert([number; 32])?;
        *head = tree.head();
    }
    let snapshot = tree.snapshot();
    let Some(head) = snapshot.head() else {
        return Ok(false);
    };
    for (index, old) in (0..u64::from(SIZE)).zip(heads) {
        let Some(old) = old else {
            return Ok(false);
        };
        let mut proof = snapshot.generate_proof(index)?;
        let growth = snapshot.generate_consistency_proof(old.size, old.root)?;
        let used = ALLOCATOR.used();
        let proves = proof.verify_against(&hasher, head).is_ok();
        let grows = growth.verify_against(&hasher, old, head).is_ok();
        proof.leaf[0] ^= 1;
        let refuses = proof.verify_against(&hasher, head).is_err();
        // Verification allocates nothing; the arena shows it.
        if !(proves && grows && refuses && ALLOCATOR.used() == used) {
            return Ok(false);
        }
    }
    Ok(true)
}
