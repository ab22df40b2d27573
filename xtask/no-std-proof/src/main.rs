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

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeError};

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

/// What the precompiled `alloc` names for unwinding, which an aborting program never does. `std`
/// defines it too, so the two would not link together.
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
    for number in 0..SIZE {
        tree.insert([number; 32])?;
    }
    let snapshot = tree.snapshot();
    let first: Hash = hasher.hash_children(&[[0; 32], [1; 32]]);
    Ok(snapshot.size() == u64::from(SIZE) && (N != 2 || snapshot.get_node(1, 0)? == first))
}
