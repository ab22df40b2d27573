//! Lints are expected with a reason, never allowed; tests are ignored with a reason, or not at all.

use super::{Finding, Tree};

/// Finds `allow` attributes and ignored tests without a reason.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for (number, line) in rust.lines() {
            let code: String = line.code.split_whitespace().collect();
            let allows = code.contains("[allow(")
                || (code.contains("cfg_attr(") && code.contains(",allow("));
            if allows {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    "`allow`: use `#[expect(.., reason = \"..\")]`, which tells when it is no longer needed",
                ));
            }
            if code.contains("[ignore]") {
                let message = "a test is ignored: write `#[ignore = \"why, and how to run it\"]`";
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> usize {
        check(&Tree::of(&[("a.rs", source)])).len()
    }

    #[test]
    fn allow_is_found_in_every_form() {
        assert_eq!(found("#[allow(dead_code)]\n"), 1);
        assert_eq!(found("#![allow(dead_code)]\n"), 1);
        assert_eq!(found("#[cfg_attr(test, allow(dead_code))]\n"), 1);
        assert_eq!(found("#[expect(dead_code, reason = \"x\")]\n"), 0);
        assert_eq!(found("// #[allow(dead_code)]\nallow(x);\n"), 0);
    }

    #[test]
    fn an_ignored_test_needs_a_reason() {
        assert_eq!(found("#[ignore]\n"), 1);
        assert_eq!(found("#[ignore = \"slow: cargo xtask torture\"]\n"), 0);
    }
}
