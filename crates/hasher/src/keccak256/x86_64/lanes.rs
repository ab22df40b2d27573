//! The frame of the kernels: many equal groups side by side, one per lane of a vector.

/// Defines `hash_up_to`, which hashes 1 to `$lanes` groups on a CPU with the features.
///
/// The macro needs in scope, for the vector: `splat`, `xor`, `xor5`, `rotate`, `chi`, and `load`
/// and `store`, which move children into lanes and hashes out of them.
macro_rules! lane_kernel {
    (cpu: $cpu:ident, lanes: $lanes:literal, vector: $vector:ty, features: $features:literal) => {
        /// Hashes a group for each parent.
        pub(in crate::keccak256) fn hash_up_to(
            _: $cpu,
            arity: usize,
            children: &[Hash],
            parents: &mut [Hash],
        ) {
            // SAFETY: a value of the type exists only on a CPU with these features.
            unsafe { hash_lanes(arity, children, parents) }
        }

        #[target_feature(enable = $features)]
        fn hash_lanes(arity: usize, children: &[Hash], parents: &mut [Hash]) {
            let groups = LaneGroups::<$lanes>::new(children, arity, parents.len());
            let mut state = [splat(0); 25];
            let mut filled = 0;
            for index in 0..arity {
                for word in load(&groups, index) {
                    state[filled] = xor(state[filled], word);
                    filled += 1;
                    if filled == RATE {
                        permute(&mut state);
                        filled = 0;
                    }
                }
            }
            state[filled] = xor(state[filled], splat(PADDING_START));
            state[RATE - 1] = xor(state[RATE - 1], splat(PADDING_END));
            permute(&mut state);

            let mut hashes = [[0; 32]; $lanes];
            let [w0, w1, w2, w3, ..] = state;
            store([w0, w1, w2, w3], &mut hashes);
            parents.copy_from_slice(&hashes[..parents.len()]);
        }

        /// Keccak-f[1600] of each lane.
        #[target_feature(enable = $features)]
        fn permute(state: &mut [$vector; 25]) {
            let mut a = *state;
            for constant in ROUNDS {
                let column = |x: usize| xor5(a[x], a[x + 5], a[x + 10], a[x + 15], a[x + 20]);
                let [c0, c1, c2, c3, c4] = [column(0), column(1), column(2), column(3), column(4)];
                let theta = [
                    xor(c4, rotate::<1, 63>(c1)),
                    xor(c0, rotate::<1, 63>(c2)),
                    xor(c1, rotate::<1, 63>(c3)),
                    xor(c2, rotate::<1, 63>(c4)),
                    xor(c3, rotate::<1, 63>(c0)),
                ];
                let rows = with_moves!(rows, a, theta);
                a.copy_from_slice(rows.as_flattened());
                a[0] = xor(a[0], splat(constant));
            }
            *state = a;
        }
    };
}

/// The rows of the state behind the steps rho, pi and chi.
macro_rules! rows {
    (($a:ident, $theta:ident) $([$($from:literal $x:literal $bits:literal),+])+) => {
        [$({
            let [x0, x1, x2, x3, x4] = [$(
                rotate::<$bits, { (64 - $bits) % 64 }>(xor($a[$from], $theta[$x])),
            )+];
            [
                chi(x0, x1, x2),
                chi(x1, x2, x3),
                chi(x2, x3, x4),
                chi(x3, x4, x0),
                chi(x4, x0, x1),
            ]
        }),+]
    };
}

pub(super) use {lane_kernel, rows};
