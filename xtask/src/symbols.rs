//! The symbols of a linked program, searched for what a program without `std` cannot have.

use std::collections::BTreeSet;

/// Symbols that the start-up code of the C library and the compiler's own calls need from outside.
const OUTSIDE: [&str; 13] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    "__libc_start_main",
    "__cxa_finalize",
    "__gmon_start__",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__stack_chk_fail",
    "abort",
];

/// Lines of `nm` output that show `std`, or a call to a system that a `no_std` program lacks.
pub(crate) fn forbidden(nm: &str) -> BTreeSet<String> {
    nm.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().rev();
            let name = words.next()?;
            let undefined = words.next() == Some("U");
            let plain = name.split('@').next().unwrap_or(name);
            let outside = undefined && !OUTSIDE.contains(&plain);
            (outside || is_std(name)).then(|| name.to_owned())
        })
        .collect()
}

/// Whether a mangled name, of either scheme, has an item of the `std` crate in it.
fn is_std(name: &str) -> bool {
    // Legacy names start with the crate; v0 names write a crate as `C`, a disambiguator, length
    // and name.
    name.starts_with("_ZN3std")
        || name.contains("$LT$std..")
        || name.match_indices("_3std").any(|(at, _)| {
            let before: String = name[..at]
                .chars()
                .rev()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            before.ends_with("sC") || before.contains("sC")
        })
        || name.starts_with("__rust_start_panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_std_passes() {
        let nm = "0000000000001139 T main\n                 U memcpy@GLIBC_2.14\n\
                  0000000000001139 t _ZN4core3fmt5write17h0123456789abcdefE\n\
                  0000000000001139 t _RNvNtCs1234_4core3fmt5write\n";
        assert_eq!(forbidden(nm), BTreeSet::new());
    }

    #[test]
    fn items_of_std_are_found_in_both_manglings() {
        for name in [
            "_ZN3std2io5stdio6_print17h0123456789abcdefE",
            "_RNvNtNtCs9ltgdHTiPiY_3std2io5stdio6__print",
            "_ZN58_$LT$std..io..error..Error$u20$as$u20$core..fmt..Debug$GT$3fmt17h0E",
            "__rust_start_panic",
        ] {
            let nm = format!("0000000000001139 t {name}\n");
            assert_eq!(forbidden(&nm).len(), 1, "{name}");
        }
    }

    #[test]
    fn calls_to_a_system_are_found() {
        assert_eq!(forbidden("                 U write@GLIBC_2.2.5\n").len(), 1);
        assert_eq!(forbidden("                 U pthread_create\n").len(), 1);
        assert_eq!(forbidden("                 w __gmon_start__\n").len(), 0);
    }
}
