//! The frame of the batch kernels: many equal groups side by side, one per vector lane.

/// Defines `$name`, which hashes 1 to `$lanes` groups of 1 to 32 children on a CPU with the
/// features. Before each step it calls `work` with the number of children of the step.
///
/// The macro needs in scope: `splat` and `xor` for the vector, `rounds` (the seven rounds), and
/// `load_pairs`, `load_singles` and `store`, which move children into lanes and hashes out of them.
macro_rules! lane_kernel {
    (
        $name:ident($cpu:ident), lanes: $lanes:literal, vector: $vector:ty, features: $features:literal
    ) => {
        /// Hashes a group for each parent.
        pub(in crate::blake3) fn $name(
            _: $cpu,
            arity: usize,
            children: &[Hash],
            parents: &mut [Hash],
            work: impl FnMut(usize),
        ) {
            // SAFETY: a value of the type exists only on a CPU with these features.
            unsafe { hash_lanes(arity, children, parents, work) }
        }

        #[target_feature(enable = $features)]
        fn hash_lanes(
            arity: usize,
            children: &[Hash],
            parents: &mut [Hash],
            mut work: impl FnMut(usize),
        ) {
            debug_assert!(parents.len() <= $lanes);
            let groups = LaneGroups::<$lanes>::new(children, arity, parents.len());
            let mut cv = [splat(0); 8];
            for (cv, word) in cv.iter_mut().zip(IV) {
                *cv = splat(word);
            }
            let mut start = 0;
            while start + 2 <= arity {
                work(2 * parents.len());
                let flags = flags(start == 0, start + 2 == arity);
                compress(&mut cv, load_pairs(&groups, 0, start), PAIR_LEN, flags);
                start += 2;
            }
            if start < arity {
                work(parents.len());
                let flags = flags(start == 0, true);
                compress(&mut cv, load_singles(&groups, 0, start), SINGLE_LEN, flags);
            }

            match parents.first_chunk_mut() {
                Some(parents) => store(cv, parents),
                None => {
                    let mut all = [[0; 32]; $lanes];
                    store(cv, &mut all);
                    parents.copy_from_slice(&all[..parents.len()]);
                }
            }
        }

        #[target_feature(enable = $features)]
        #[inline]
        pub(super) fn compress(
            cv: &mut [$vector; 8],
            message: [$vector; 16],
            len: u32,
            flags: u32,
        ) {
            #[rustfmt::skip]
            let mut v = [
                cv[0], cv[1], cv[2], cv[3], cv[4], cv[5], cv[6], cv[7],
                splat(IV[0]), splat(IV[1]), splat(IV[2]), splat(IV[3]),
                splat(0), splat(0), splat(len), splat(flags),
            ];
            rounds(&mut v, &message);
            for (i, cv) in cv.iter_mut().enumerate() {
                *cv = xor(v[i], v[i + 8]);
            }
        }
    };
}

pub(super) use lane_kernel;
