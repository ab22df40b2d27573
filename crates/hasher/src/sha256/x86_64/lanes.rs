//! The frame of the vector kernels: many equal groups side by side, one per lane of a vector, and
//! one or two vectors side by side.
//!
//! A round is a chain of dependent operations, and one vector does not fill the execution units
//! meanwhile. With AVX-512 two vectors do; their message words are operands in memory. AVX2 has too
//! few registers for a second vector.

/// Defines `hash_up_to`, which hashes 1 to `$lanes * $vectors` groups on a CPU with the features.
///
/// The macro needs in scope, for the vector: `splat`, `add`, `shift_left`, `shift_right`, `or`, the
/// six functions of a round, `swap_bytes`, and `load_pairs`, `load_singles` and `store`, which move
/// children into lanes and hashes out of them.
macro_rules! lane_kernel {
    (
        cpu: $cpu:ident, lanes: $lanes:literal, vectors: $vectors:literal, vector: $vector:ty,
        features: $features:literal
    ) => {
        /// Hashes a group for each parent.
        pub(in crate::sha256) fn hash_up_to(
            _: $cpu,
            form: &Form<'_>,
            children: &[Hash],
            parents: &mut [Hash],
        ) {
            // SAFETY: a value of the type exists only on a CPU with these features.
            unsafe { hash_lanes(form, children, parents) }
        }

        #[target_feature(enable = $features)]
        fn hash_lanes(form: &Form<'_>, children: &[Hash], parents: &mut [Hash]) {
            debug_assert!(parents.len() <= $lanes * $vectors);
            let groups =
                LaneGroups::<{ $lanes * $vectors }>::new(children, form.arity, parents.len());
            let mut state = [[splat(0); $vectors]; 8];
            for (state, word) in state.iter_mut().zip(IV) {
                *state = [splat(word); $vectors];
            }
            // The byte in front of the next word, in the low bits of each lane.
            let mut carry = [splat(u32::from(form.prefix.unwrap_or(0))); $vectors];
            let has_carry = form.prefix.is_some();
            let mut start = 0;
            while start + 2 <= form.arity {
                let mut words = [[splat(0); $vectors]; 16];
                for vector in 0..$vectors {
                    let loaded = load_pairs(&groups, $lanes * vector, start);
                    for (words, loaded) in words.iter_mut().zip(loaded) {
                        words[vector] = swap_bytes(loaded);
                    }
                }
                if has_carry {
                    carry_into(&mut words, &mut carry);
                }
                compress(&mut state, &mut words);
                start += 2;
            }
            match form.padding {
                Some(schedule) => compress_padding(&mut state, schedule),
                None => {
                    let mut words = [[splat(0); $vectors]; 16];
                    let mut filled = 0;
                    if start < form.arity {
                        for vector in 0..$vectors {
                            let loaded = load_singles(&groups, $lanes * vector, start);
                            for (words, loaded) in words.iter_mut().zip(loaded) {
                                words[vector] = swap_bytes(loaded);
                            }
                        }
                        filled = 8;
                        if has_carry {
                            carry_into(&mut words[..8], &mut carry);
                        }
                    }
                    let bits = bits(form.prefix, form.arity);
                    words[14] = [splat((bits >> 32) as u32); $vectors];
                    words[15] = [splat(bits as u32); $vectors];
                    words[filled] = [splat(TERMINATOR); $vectors];
                    if has_carry {
                        for vector in 0..$vectors {
                            words[filled][vector] =
                                or(shift_left::<24>(carry[vector]), splat(TERMINATOR >> 8));
                        }
                    }
                    compress(&mut state, &mut words);
                }
            }

            let mut hashes = [[0; 32]; $lanes * $vectors];
            for (vector, hashes) in hashes.as_chunks_mut::<$lanes>().0.iter_mut().enumerate() {
                store(state.map(|word| swap_bytes(word[vector])), hashes);
            }
            parents.copy_from_slice(&hashes[..parents.len()]);
        }

        /// Moves each word back by a byte, behind the last byte of the word before.
        #[target_feature(enable = $features)]
        #[inline]
        fn carry_into(words: &mut [[$vector; $vectors]], carry: &mut [$vector; $vectors]) {
            for word in words {
                for vector in 0..$vectors {
                    let moved = shift_right::<8>(word[vector]);
                    let moved = or(shift_left::<24>(carry[vector]), moved);
                    carry[vector] = core::mem::replace(&mut word[vector], moved);
                }
            }
        }

        /// Compresses one block of each group.
        #[target_feature(enable = $features)]
        fn compress(state: &mut [[$vector; $vectors]; 8], words: &mut [[$vector; $vectors]; 16]) {
            let mut v = *state;
            for sixteen in 0..4 {
                let constants = &K.as_chunks::<16>().0[sixteen];
                if sixteen == 0 {
                    sixteen_rounds!(round, v, |i, vector| add(
                        splat(constants[i]),
                        words[i][vector]
                    ));
                } else {
                    sixteen_rounds!(round, v, |i, vector| {
                        let next = add(
                            add(words[i][vector], small_sigma_0(words[(i + 1) % 16][vector])),
                            add(
                                words[(i + 9) % 16][vector],
                                small_sigma_1(words[(i + 14) % 16][vector]),
                            ),
                        );
                        words[i][vector] = next;
                        add(splat(constants[i]), next)
                    });
                }
            }
            add_state(state, &v);
        }

        /// Compresses the block of padding that all groups have in common.
        #[target_feature(enable = $features)]
        fn compress_padding(state: &mut [[$vector; $vectors]; 8], schedule: &Schedule) {
            let mut v = *state;
            for words in schedule.as_chunks::<16>().0 {
                sixteen_rounds!(round, v, |i, _vector| splat(words[i]));
            }
            add_state(state, &v);
        }

        #[target_feature(enable = $features)]
        #[inline]
        fn add_state(state: &mut [[$vector; $vectors]; 8], v: &[[$vector; $vectors]; 8]) {
            for (state, v) in state.iter_mut().zip(v) {
                for vector in 0..$vectors {
                    state[vector] = add(state[vector], v[vector]);
                }
            }
        }

        /// A round of one vector. `word` is the round constant plus the word of the schedule.
        #[target_feature(enable = $features)]
        #[inline]
        fn round([a, b, c, d, e, f, g, h]: [$vector; 8], word: $vector) -> ($vector, $vector) {
            let t = add(add(add(h, word), choose(e, f, g)), big_sigma_1(e));
            let new_a = add(t, add(big_sigma_0(a), majority(a, b, c)));
            (add(d, t), new_a)
        }
    };
}

/// Sixteen rounds. The eight words of the state stay where they are; their roles move by one place
/// a round. `$word` gives what the round adds for each vector. A macro, so that each place is a
/// constant and the state stays in registers.
macro_rules! sixteen_rounds {
    ($round:ident, $v:ident, |$i:ident, $vector:ident| $word:expr) => {
        sixteen_rounds!(@each $round, $v, |$i, $vector| $word,
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@each $round:ident, $v:ident, |$i:ident, $vector:ident| $word:expr, $($number:literal)+) => {
        $(
            for vector in 0..$v[0].len() {
                const PLACE: usize = 16 - $number;
                let word = {
                    let ($i, $vector) = ($number, vector);
                    $word
                };
                let role = |number: usize| $v[(PLACE + number) % 8][vector];
                let roles = [
                    role(0), role(1), role(2), role(3), role(4), role(5), role(6), role(7),
                ];
                let (d, h) = $round(roles, word);
                $v[(PLACE + 3) % 8][vector] = d;
                $v[(PLACE + 7) % 8][vector] = h;
            }
        )+
    };
}

pub(super) use {lane_kernel, sixteen_rounds};
