//! The methods that owned proofs have in common. They verify, encode and decode through the
//! unrooted form of the proof.

/// The claims of a proof about one tree, with the fields `root` and `tree_size`.
macro_rules! claims_a_head {
    ($Proof:ident) => {
        impl<const N: usize, const MAX_DEPTH: usize> $Proof<N, MAX_DEPTH> {
            /// The head that the proof claims.
            #[must_use]
            pub fn head(&self) -> TreeHead {
                TreeHead {
                    size: self.tree_size,
                    root: self.root,
                }
            }

            /// Whether the proof leads to `root`, with the tree size that the proof itself claims.
            ///
            /// For callers that have a root and no size, such as a contract that stores roots
            /// alone. The check is weak: leaves are not tagged, so an inner node of the tree with
            /// this root passes as a leaf of a smaller tree with the same root. It is sound only if
            /// other means tell inner nodes from leaves (for example, the proof comes with the
            /// preimage of the leaf) and if the caller relies on neither indices nor the size of
            /// the tree. Otherwise use [`verify_against`](Self::verify_against).
            ///
            /// # Errors
            /// As [`verify`](Self::verify), and [`TreeError::RefusedHash`] for `root`.
            #[must_use = "a proof that leads to another root is `Ok(false)`"]
            pub fn verify_root_only<H: Hasher>(
                &self,
                hasher: &H,
                root: &Hash,
            ) -> Result<bool, TreeError> {
                $crate::proof::inclusion::check_hash(hasher, root, crate::HashRole::Root, 0)?;
                Ok(self.verify(hasher)? && self.root == *root)
            }
        }
    };
}
pub(super) use claims_a_head;

/// Verification and bytes of a proof with the method `unrooted`, against each of the heads: with
/// the method for the head that the proof claims, and its field for the root. The last head is that
/// of the whole tree.
macro_rules! verified_unrooted {
    ($Proof:ident, $Unrooted:ident, $($head:ident: $claimed:ident $root:ident),+) => {
        impl<const N: usize, const MAX_DEPTH: usize> $Proof<N, MAX_DEPTH> {
            /// Whether the proof agrees with itself: its hashes lead to what it claims.
            ///
            /// This proves nothing about any tree, because the maker of the proof chose the roots.
            /// It finds accidents; trust comes from [`verify_against`](Self::verify_against).
            ///
            /// # Errors
            /// Those of [`unrooted`](Self::unrooted) for a shape that sizes and indices do not
            /// allow; [`TreeError::RefusedHash`] for bytes that the hasher refuses.
            #[must_use = "a proof that does not agree with itself is `Ok(false)`"]
            pub fn verify<H: Hasher>(&self, hasher: &H) -> Result<bool, TreeError> {
                let verdict = self.verify_against(hasher, $(self.$claimed()),+);
                $crate::proof::error::own_verdict(verdict)
            }

            #[doc = concat!("Verifies the proof as [`", stringify!($Unrooted), "::verify_against`]")]
            /// does, and that it claims the same. Heads come from the caller's own trusted sources
            /// and never from the sender of the proof. Does not allocate.
            ///
            /// # Errors
            /// [`VerifyError::SizeMismatch`] for a proof about other sizes,
            /// [`VerifyError::RootMismatch`] for one that does not lead to the root of a head;
            /// those of [`verify`](Self::verify) within [`VerifyError::Malformed`].
            pub fn verify_against<H: Hasher>(
                &self,
                hasher: &H,
                $($head: TreeHead),+
            ) -> Result<(), VerifyError> {
                let unrooted = self.unrooted().map_err(VerifyError::Malformed)?;
                unrooted.verify_against(hasher, $($head),+)?;
                $($head.expect_root(&self.$root)?;)+
                Ok(())
            }

            /// The proof's encoding; see [`encoding`](crate::encoding).
            ///
            /// # Errors
            /// Those of [`unrooted`](Self::unrooted): a malformed proof has no encoding.
            pub fn to_bytes(&self) -> Result<Vec<u8>, TreeError> {
                Ok(self.unrooted()?.to_bytes())
            }

            /// Decodes a proof and verifies it. Its roots are those of the heads, because the bytes
            /// have none.
            ///
            /// # Errors
            /// [`VerifyError::Encoding`] and [`VerifyError::ArityMismatch`] if the bytes are not
            /// the encoding of such a proof; those of [`verify_against`](Self::verify_against).
            pub fn from_bytes<H: Hasher>(
                bytes: &[u8],
                hasher: &H,
                $($head: TreeHead),+
            ) -> Result<Self, VerifyError> {
                let [.., whole] = [$($head),+];
                check_depth::<N, MAX_DEPTH>(whole.size).map_err(VerifyError::Malformed)?;
                let proof = $Unrooted::<N>::from_bytes(bytes)?;
                proof.verify_against(hasher, $($head),+)?;
                Ok(Self::rooted(&proof, $($head),+))
            }
        }
    };
}
pub(super) use verified_unrooted;
