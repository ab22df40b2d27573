//! [`HashFunction`]: the table of hash functions. No other crate has one: a store has the
//! fingerprint of its hasher, and which function that is, is found here.

use std::fmt;

use clap::ValueEnum;
use rotortree::{
    Blake3Hasher, Hash, Hasher, Keccak256Hasher, Rfc6962Hasher, Sha256Hasher, SharedHasher,
    StoreIdentity, rfc6962_leaf,
};
use rotortree_poseidon::{PoseidonHasher, PoseidonLeHasher};
use rotortree_proof_forms::TreeHash;
use sha2::Digest;

use crate::failure::{Code, Failure};

/// The numbers of children that can be chosen at run time.
const ALL_ARITIES: &[usize] = &[2, 3, 4, 8, 16];
/// Those that circomlib has a Poseidon for.
const POSEIDON_ARITIES: &[usize] = &[2, 3, 4, 8];

/// Work for a hasher of any type.
pub(crate) trait WithHasher {
    type Output;

    fn with<H: Hasher>(self, hasher: H) -> Self::Output;
}

/// The hash of an entry of any length, where the function has one.
type EntryHash = Option<fn(&[u8]) -> Hash>;

/// Declares the functions: name, hasher, numbers of children with the default first, the hash of
/// an entry.
macro_rules! functions {
    ($($(#[$doc:meta])* $Name:ident = $text:literal, $hasher:expr, $default:literal of $arities:expr,
        $entry:expr;)*) => {
        /// A hash function of nodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum HashFunction {
            $($(#[$doc])* #[value(name = $text)] $Name,)*
        }

        impl HashFunction {
            const ALL: &'static [Self] = &[$(Self::$Name,)*];

            /// Its name on the command line and in JSON.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$Name => $text,)* }
            }

            /// Does `work` with its hasher.
            pub(crate) fn with<W: WithHasher>(self, work: W) -> W::Output {
                match self { $(Self::$Name => work.with($hasher),)* }
            }

            /// The number of children of a node if none is chosen.
            pub(crate) fn default_arity(self) -> usize {
                match self { $(Self::$Name => $default,)* }
            }

            /// The numbers of children that it takes.
            pub(crate) fn arities(self) -> &'static [usize] {
                match self { $(Self::$Name => $arities,)* }
            }

            fn entry_hash(self) -> EntryHash {
                match self { $(Self::$Name => $entry,)* }
            }
        }
    };
}

functions! {
    /// BLAKE3
    Blake3 = "blake3", Blake3Hasher, 4 of ALL_ARITIES, Some(|entry| blake3::hash(entry).into());
    /// SHA-256
    Sha256 = "sha256", Sha256Hasher, 4 of ALL_ARITIES,
        Some(|entry| sha2::Sha256::digest(entry).into());
    /// Keccak-256, as Ethereum has it
    Keccak256 = "keccak256", Keccak256Hasher, 4 of ALL_ARITIES,
        Some(|entry| sha3::Keccak256::digest(entry).into());
    /// SHA-256 as in transparency logs (RFC 6962)
    Rfc6962 = "rfc6962", Rfc6962Hasher, 2 of &[2], Some(rfc6962_leaf);
    /// Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian
    Poseidon = "poseidon", PoseidonHasher::new(), 2 of POSEIDON_ARITIES, None;
    /// Poseidon over BN254; numbers little-endian
    PoseidonLe = "poseidon-le", PoseidonLeHasher::new(), 2 of POSEIDON_ARITIES, None;
}

impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

struct Fingerprint(usize);

impl WithHasher for Fingerprint {
    type Output = Hash;

    fn with<H: Hasher>(self, hasher: H) -> Hash {
        hasher.fingerprint(self.0)
    }
}

struct Share;

impl WithHasher for Share {
    type Output = SharedHasher;

    fn with<H: Hasher>(self, hasher: H) -> SharedHasher {
        SharedHasher::new(hasher)
    }
}

impl HashFunction {
    /// The function that made a store.
    pub(crate) fn of(identity: &StoreIdentity) -> Result<Self, Failure> {
        let arity = identity.arity;
        let mut fitting = Self::ALL
            .iter()
            .filter(|hash| hash.arities().contains(&arity));
        let found = fitting.find(|hash| hash.fingerprint(arity) == identity.fingerprint);
        found.copied().ok_or_else(|| {
            let sentence = format!(
                "{}: the tree has N = {arity} and a hash function with the fingerprint {}, which \
                 is none of this command's",
                identity.place,
                rotortree::Hex(identity.fingerprint)
            );
            let names: Vec<_> = Self::ALL.iter().map(|hash| hash.name()).collect();
            Failure::new(Code::Place, sentence).next(format!(
                "open it with the program that made it; this command has {}",
                names.join(", ")
            ))
        })
    }

    /// Refuses a number of children that the function does not take.
    pub(crate) fn check_arity(self, arity: usize) -> Result<(), Failure> {
        let arities = self.arities();
        if arities.contains(&arity) {
            return Ok(());
        }
        let fitting: Vec<_> = arities.iter().map(usize::to_string).collect();
        let sentence = format!("a tree with {self} has no nodes of {arity} children");
        Err(Failure::new(Code::Usage, sentence).next(format!("choose {}", fitting.join(", "))))
    }

    /// The fingerprint for nodes of `arity` children, which the function takes.
    pub(crate) fn fingerprint(self, arity: usize) -> Hash {
        self.with(Fingerprint(arity))
    }

    /// The hasher with its type erased, for a number of children that the function takes.
    pub(crate) fn shared(self) -> SharedHasher {
        self.with(Share)
    }

    /// Whether a hash is a number whose first byte is the lowest.
    pub(crate) fn is_little_endian(self) -> bool {
        self == Self::PoseidonLe
    }

    /// The function as the forms of proofs take it.
    pub(crate) fn of_proofs(self) -> TreeHash {
        let hash = TreeHash::new(self.name(), self.shared());
        match self.is_little_endian() {
            true => hash.little_endian(),
            false => hash,
        }
    }

    /// The function that makes a leaf of an entry.
    pub(crate) fn of_entries(self) -> Result<fn(&[u8]) -> Hash, Failure> {
        self.entry_hash().ok_or_else(|| {
            let sentence = format!("{self} hashes numbers of a field, not lines of text");
            Failure::new(Code::Usage, sentence)
                .next("hash the lines to numbers below the field's order, and append those")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_functions_have_one_fingerprint() {
        for &arity in ALL_ARITIES {
            let functions = HashFunction::ALL
                .iter()
                .filter(|of| of.arities().contains(&arity));
            let fingerprints: Vec<_> = functions.map(|of| of.fingerprint(arity)).collect();
            let distinct: HashSet<_> = fingerprints.iter().collect();
            assert_eq!(distinct.len(), fingerprints.len(), "N = {arity}");
        }
    }

    #[test]
    fn the_default_arity_is_one_that_the_function_takes() {
        for function in HashFunction::ALL {
            assert!(function.check_arity(function.default_arity()).is_ok());
            assert!(function.check_arity(5).is_err());
        }
        assert!(HashFunction::Rfc6962.check_arity(4).is_err());
        assert!(HashFunction::Poseidon.check_arity(16).is_err());
    }
}
