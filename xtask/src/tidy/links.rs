//! Links between the documents lead somewhere: to a file or folder, and to a heading in it.

use super::{Finding, Tree};

/// Finds relative links in Markdown whose target is not there.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in prose(&file.text) {
            for target in targets(&line) {
                if let Some(problem) = problem(tree, &file.path, target) {
                    findings.push(Finding::new(&file.path, number, problem));
                }
            }
        }
    }
    findings
}

/// What is wrong with a link to `target` in the document at `from`.
fn problem(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        from.to_owned()
    } else {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        match joined(folder, path) {
            Some(path) => path,
            None => return Some(format!("`{target}` leaves the repository")),
        }
    };
    if !tree.exists(&path) {
        return Some(format!("`{target}` leads nowhere"));
    }
    let document = tree.file(&path).filter(|_| path.ends_with(".md"));
    match document {
        Some(document)
            if !heading.is_empty() && !headings(&document.text).contains(&heading.to_owned()) =>
        {
            Some(format!("`{path}` has no heading for `#{heading}`"))
        }
        _ => None,
    }
}

/// `path` seen from `folder`, without `.` and `..`; none when it leaves the root.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The lines outside code blocks, with code spans blanked.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            // Every second part of a line split at backquotes is code.
            let kept: Vec<&str> = line.split('`').step_by(2).collect();
            lines.push((index + 1, kept.join(" ")));
        }
    }
    lines
}

/// The targets of `[text](target)` and of `[name]: target`.
fn targets(line: &str) -> Vec<&str> {
    let mut targets: Vec<&str> = line
        .match_indices("](")
        .filter_map(|(at, _)| {
            let rest = &line[at + 2..];
            let end = rest.find([')', ' '])?;
            Some(&rest[..end])
        })
        .collect();
    if line.starts_with('[')
        && let Some((_, rest)) = line.split_once("]: ")
    {
        targets.extend(rest.split_whitespace().next());
    }
    targets
}

/// The anchors of a document's headings, as code forges make them.
fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let title = line.trim_start_matches('#');
        if fenced || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let anchor: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let earlier = anchors.iter().filter(|other| **other == anchor).count();
        if earlier == 0 {
            anchors.push(anchor);
        } else {
            anchors.push(format!("{anchor}-{earlier}"));
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", "# The `log`: a tour\n\n## Twice\n## Twice\n"),
            ("README.md", "# Root\n"),
            ("src/lib.rs", ""),
        ]);
        check(&tree)
            .into_iter()
            .map(|found| found.message)
            .collect()
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(found("[x](c.md)\n").len(), 1);
        assert_eq!(found("[x](../c/)\n").len(), 1);
        assert_eq!(found("[x](../../c)\n").len(), 1);
        assert_eq!(found("![x](x.png) and [y](y.md \"title\")\n").len(), 2);
        assert_eq!(found("[x]: c.md\n").len(), 1);
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let good = "[x](b.md) [y](../README.md#root) [z](../src) [r](./b.md#the-log-a-tour)\n\
                    [t](b.md#twice-1) [w](https://example.com/c.md)\n# Here\n[h](#here)\n";
        assert_eq!(found(good), Vec::<String>::new());
    }

    #[test]
    fn headings_that_are_not_there_are_found() {
        assert_eq!(found("[x](b.md#nowhere)\n").len(), 1);
        assert_eq!(found("[x](#nowhere)\n").len(), 1);
        assert_eq!(found("[x](b.md#twice-2)\n").len(), 1);
    }

    #[test]
    fn code_is_not_read_as_links() {
        assert!(found("`[x](c.md)`\n```\n[x](c.md)\n```\n").is_empty());
    }
}
