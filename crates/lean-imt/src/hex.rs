//! `Debug` for types with hashes, which print as [`Hex`].

use core::fmt;
use rotortree_hasher::{Hash, Hex};

/// Hashes that print as a list of [`Hex`].
pub(crate) struct HexList<'a>(&'a [Hash]);

impl fmt::Debug for HexList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().copied().map(Hex))
            .finish()
    }
}

pub(crate) fn plain<T>(field: &T) -> &T {
    field
}

pub(crate) fn hash(field: &Hash) -> Hex {
    Hex(*field)
}

pub(crate) fn hashes(field: &[Hash]) -> HexList<'_> {
    HexList(field)
}

/// Implements `Debug` for a struct, with one of the functions above for each field.
macro_rules! debug_in_hex {
    (
        [$($generics:tt)*] $Name:ident $(<$($parameter:tt),*>)?
        { $($field:ident: $form:ident),+ $(,)? }
    ) => {
        impl<$($generics)*> core::fmt::Debug for $Name $(<$($parameter),*>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($Name))
                    $(.field(stringify!($field), &$crate::hex::$form(&self.$field)))+
                    .finish()
            }
        }
    };
}
pub(crate) use debug_in_hex;
