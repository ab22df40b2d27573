//! The parts of an unrooted proof: fields that borrow, and their getters.

/// Makes an unrooted proof of its fields, each with its form in `Debug`, and getters for those that
/// are listed behind them.
macro_rules! unrooted_parts {
    (
        $(#[$attribute:meta])*
        pub struct $Name:ident { $($field:ident: $type:ty as $form:ident),+ $(,)? }
        $($(#[$doc:meta])* fn $getter:ident() -> $output:ty;)*
    ) => {
        $(#[$attribute])*
        pub struct $Name<'a, const N: usize> {
            $($field: $type,)+
        }

        $crate::hex::debug_in_hex!([const N: usize] $Name<'_, N> {
            $($field: $form),+
        });

        impl<'a, const N: usize> $Name<'a, N> {
            /// The same parts with another N. The caller keeps the N for which the shape was
            /// checked.
            pub(crate) fn recast<const M: usize>(self) -> $Name<'a, M> {
                $Name { $($field: self.$field),+ }
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $getter(&self) -> $output {
                    self.$getter
                }
            )*
        }
    };
}
pub(super) use unrooted_parts;
