//! Links between the documents lead somewhere: to a file or folder, and to a heading in it. A link
//! to the repository's own pages on the web is one too.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Finding, Tree};

/// Finds relative links in Markdown whose target is not there.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        for (target, line) in targets(&file.text) {
            if let Some(problem) = problem(tree, &file.path, &target) {
                findings.push(Finding::new(&file.path, line, problem));
            }
        }
    }
    findings
}

/// The targets of a document's links and images, each with its line.
pub(super) fn targets(text: &str) -> impl Iterator<Item = (String, usize)> {
    events(text).filter_map(|(event, place)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let line = 1 + text[..place.start].matches('\n').count();
            Some((dest_url.into_string(), line))
        }
        _ => None,
    })
}

/// The files and folders of the repository on the web.
const WEB: [&str; 2] = [
    "https://github.com/rotortree/rotortree/blob/main/",
    "https://github.com/rotortree/rotortree/tree/main/",
];

/// The defect of a link to `target` in the document at `from`.
fn problem(tree: &Tree, from: &str, target: &str) -> Option<String> {
    let own = WEB.iter().find_map(|web| target.strip_prefix(web));
    if own.is_none() && (target.contains("://") || target.starts_with("mailto:")) {
        return None;
    }
    let link = own.unwrap_or(target);
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = if own.is_some() {
        path.trim_end_matches('/').to_owned()
    } else if path.is_empty() {
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

/// The events of a document, each with its place.
fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter()
}

/// The anchors of a document's headings, as code forges make them.
fn headings(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut title: Option<String> = None;
    for (event, _) in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => title = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                title = title.map(|title| title + &part);
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor: String = title
                    .take()
                    .unwrap_or_default()
                    .to_lowercase()
                    .chars()
                    .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                    .map(|c| if c == ' ' { '-' } else { c })
                    .collect();
                match anchors.iter().filter(|other| **other == anchor).count() {
                    0 => anchors.push(anchor),
                    earlier => anchors.push(format!("{anchor}-{earlier}")),
                }
            }
            _ => {}
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let tree = Tree::sample(&[
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
        assert_eq!(found("[x]\n\n[x]: c.md\n").len(), 1);
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
    fn links_to_the_repository_on_the_web_are_followed() {
        let [blob, tree] = WEB;
        let good = format!("[x]({blob}docs/b.md#twice) [y]({tree}src/) [z]({blob}README.md)\n");
        assert_eq!(found(&good), Vec::<String>::new());
        assert_eq!(found(&format!("[x]({blob}docs/c.md)\n")).len(), 1);
        assert_eq!(
            found(&format!("[x]\n\n[x]: {blob}docs/b.md#nowhere\n")).len(),
            1
        );
    }

    #[test]
    fn code_is_not_read_as_links() {
        assert!(found("`[x](c.md)`\n```\n[x](c.md)\n```\n").is_empty());
    }
}
