//! What unrooted proofs have in common: fields that borrow, their getters, and verification.

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

/// Verification of a proof about one tree, whose `compute_root` leads from leaves to a root.
macro_rules! leads_to_a_root {
    ($Name:ident) => {
        impl<const N: usize> $Name<'_, N> {
            /// Verifies that the proof's leaves stand at their indices in the tree with this head,
            /// which comes from a trusted source and never from the sender of the proof.
            ///
            /// # Errors
            /// [`VerifyError::SizeMismatch`], [`VerifyError::RootMismatch`];
            /// [`TreeError::RefusedHash`] within [`VerifyError::Malformed`].
            pub fn verify_against<H: Hasher>(
                &self,
                hasher: &H,
                head: TreeHead,
            ) -> Result<(), VerifyError> {
                head.check(hasher, 0).map_err(VerifyError::Malformed)?;
                head.expect_size(self.tree_size)?;
                let root = self.compute_root(hasher).map_err(VerifyError::Malformed)?;
                head.expect_root(&root)
            }
        }
    };
}
pub(super) use leads_to_a_root;
