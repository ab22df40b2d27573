//! `serde` for heads, proofs and frontiers, behind the feature `serde`.
//!
//! Every value is a map of its `n` (except heads, which have none), its sizes and its hashes. An
//! inclusion proof is flat, like its encoding, and does not depend on `MAX_DEPTH`. In
//! human-readable formats a hash is written as `0x` and 64 lower-case hex digits, and read in any
//! spelling that [`Hex`] reads; in other formats it is 32 bytes. A value whose shape does not fit
//! its sizes and indices is neither written nor read. Reading proves nothing: roots are claims
//! until they are verified against a head.
//!
//! A frontier needs a hasher for its root, which serde does not have; [`FrontierParts`] is read
//! in its place.

mod frontier;
mod lean_imt;
mod lean_imt_nodes;
mod proofs;

#[cfg(test)]
mod tests;

pub use frontier::FrontierParts;

use alloc::vec::Vec;
use rotortree_hasher::{Hash, Hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A field of a value, and its form in the map.
trait Field: Sized {
    type Form;

    fn form(&self) -> Self::Form;
    fn read(form: Self::Form) -> Self;
}

impl Field for u64 {
    type Form = Self;

    fn form(&self) -> Self {
        *self
    }

    fn read(form: Self) -> Self {
        form
    }
}

impl Field for Hash {
    type Form = Hex;

    fn form(&self) -> Hex {
        Hex(*self)
    }

    fn read(form: Hex) -> Self {
        form.0
    }
}

impl<T: Field> Field for Vec<T> {
    type Form = Vec<T::Form>;

    fn form(&self) -> Self::Form {
        self.iter().map(T::form).collect()
    }

    fn read(form: Self::Form) -> Self {
        form.into_iter().map(T::read).collect()
    }
}

/// The field `n`, which is read for this N alone.
struct Arity<const N: usize>;

impl<const N: usize> Serialize for Arity<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (N as u64).serialize(serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Arity<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            n if n == N as u64 => Ok(Self),
            n => Err(de::Error::custom(format_args!(
                "this is about trees with N = {n}, not {N}"
            ))),
        }
    }
}

/// Implements serde for a struct through the map of its fields, `n` first where it is named. With a
/// check, the struct is neither written nor read if the method of that name refuses it.
macro_rules! serde_as_map {
    (
        $name:literal, $type:ident<$($param:ident),*>, $($n:ident)? $(, checked by $check:ident)?
        { $($field:ident: $kind:ty),+ $(,)? }
    ) => {
        const _: () = {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};
            use $crate::serde_forms::Field;

            #[derive(Serialize, Deserialize)]
            #[serde(rename = $name, deny_unknown_fields)]
            struct Form<$(const $n: usize)?> {
                $(n: $crate::serde_forms::Arity<$n>,)?
                $($field: <$kind as Field>::Form,)+
            }

            impl<$(const $param: usize),*> Serialize for $type<$($param),*> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    $(self.$check().map_err(<S::Error as serde::ser::Error>::custom)?;)?
                    let form = Form {
                        $(n: $crate::serde_forms::Arity::<$n>,)?
                        $($field: self.$field.form(),)+
                    };
                    form.serialize(serializer)
                }
            }

            impl<'de, $(const $param: usize),*> Deserialize<'de> for $type<$($param),*> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let form = Form::<$($n)?>::deserialize(deserializer)?;
                    let value = Self {
                        $($field: Field::read(form.$field),)+
                    };
                    $(value.$check().map_err(<D::Error as serde::de::Error>::custom)?;)?
                    Ok(value)
                }
            }
        };
    };
}
use serde_as_map;
