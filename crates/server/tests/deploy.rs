//! The files for operators: every metric in them is one that the page has, and systemd takes the
//! unit.

#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]

use std::{collections::BTreeSet, fs, path::PathBuf};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names that series have: those of the page, and of a histogram its three.
fn series() -> BTreeSet<String> {
    let page = file("../../docs/observability.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| metric |") || line.starts_with("| server metric |"));
    let mut names = BTreeSet::new();
    for row in rows {
        let cells: Vec<_> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        match cells[3] {
            "histogram" => {
                names.extend(["_bucket", "_sum", "_count"].map(|end| cells[2].to_owned() + end));
            }
            _ => drop(names.insert(cells[2].to_owned())),
        }
    }
    let page = file("../../docs/object-store.md");
    let counters = page.split("## Counters and events").nth(1).unwrap();
    for row in counters.lines().filter(|line| line.starts_with("| `")) {
        let names_of_row = row.split('|').nth(1).unwrap().split(',');
        let name =
            |cell: &str| format!("rotortree_backend_{}_total", cell.trim().trim_matches('`'));
        names.extend(names_of_row.map(name));
    }
    names
}

/// The names of series in a text.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_of_name(letter));
    let names = words.filter(|word| word.starts_with("rotortree_"));
    names.map(str::to_owned).collect()
}

#[test]
fn every_metric_of_an_alert_is_there() {
    let rules = file("deploy/prometheus-alerts.yaml");
    let exprs: Vec<_> = rules
        .lines()
        .filter(|line| line.trim().starts_with("expr:"))
        .collect();
    assert_eq!(exprs.len(), rules.matches("- alert: ").count());
    let (series, mut used) = (series(), BTreeSet::new());
    for expr in exprs {
        let names = named(expr);
        assert!(!names.is_empty(), "{expr}");
        used.extend(names);
    }
    let unknown: Vec<_> = used.difference(&series).collect();
    assert!(unknown.is_empty(), "no such metric: {unknown:?}");
}

#[test]
fn the_guide_says_what_to_do_on_each_alert() {
    let rules = file("deploy/prometheus-alerts.yaml");
    let alerts: BTreeSet<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() > 10);
    let chapter = file("../../docs/guide/src/server.md");
    let told: BTreeSet<_> = chapter
        .lines()
        .filter_map(|line| line.strip_prefix("| `Rotortree"))
        .filter_map(|line| line.split_once('`'))
        .map(|(name, _)| format!("Rotortree{name}"))
        .collect();
    assert!(
        told.iter().eq(&alerts),
        "{told:?}, but there are {alerts:?}"
    );
}

#[test]
fn every_metric_of_the_dashboard_is_there() {
    let board: serde_json::Value =
        serde_json::from_str(&file("deploy/grafana-dashboard.json")).unwrap();
    let series = series();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() > 20);
    for panel in panels {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let names = named(target["expr"].as_str().unwrap());
            let unknown: Vec<_> = names.difference(&series).collect();
            assert!(
                !names.is_empty() && unknown.is_empty(),
                "{}: {unknown:?}",
                panel["title"]
            );
        }
    }
    for variable in board["templating"]["list"].as_array().unwrap() {
        let names = named(variable["query"].as_str().unwrap());
        assert!(names.is_subset(&series), "{variable}");
    }
}

/// Where `promtool` of Prometheus is installed.
#[test]
fn prometheus_takes_the_rules() {
    use std::{io::ErrorKind, process::Command};

    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus-alerts.yaml");
    match Command::new("promtool")
        .args(["check", "rules", rules])
        .output()
    {
        Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "promtool: {error}"),
    }
}

/// A missing tool is a failure where `CI` asks for all tests.
#[cfg(target_os = "linux")]
#[test]
fn systemd_takes_the_unit() {
    use std::{env, io::ErrorKind, process::Command};

    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("rotortree.service");
    // The program need not be installed here.
    let text = file("deploy/rotortree.service").replace("/usr/local/bin/rotortree", "/bin/true");
    fs::write(&unit, text).unwrap();
    let analyze = |words: &[&str]| match Command::new("systemd-analyze")
        .args(words)
        .arg(&unit)
        .output()
    {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound && env::var_os("CI").is_none() => None,
        Err(error) => panic!("systemd-analyze: {error}"),
    };
    let Some(verified) = analyze(&["verify"]) else {
        return;
    };
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && told.is_empty(), "{told}");
    // In tenths; 0 is closed, 100 open. A network service cannot be below 10.
    let sandbox = analyze(&["security", "--offline=true", "--threshold=15"]).unwrap();
    assert!(
        sandbox.status.success(),
        "{}",
        String::from_utf8_lossy(&sandbox.stdout)
    );
}
