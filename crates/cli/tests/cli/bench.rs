//! `bench`: every row is measured, and nothing is left.

use crate::support::Folder;

#[test]
fn a_small_measurement_has_every_row_and_leaves_nothing() {
    let folder = Folder::new();
    let report = folder.json("bench here --leaves 2000 --rounds 2 --svg rates.svg");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 9);
    for row in rows {
        let of = |field: &str| row[field].as_f64().unwrap();
        assert!(0.0 < of("least") && of("least") <= of("median") && of("median") <= of("most"));
        let is_one_of = |names: &[&str]| {
            let what = row["what"].as_str().unwrap();
            names.iter().any(|name| what.starts_with(name))
        };
        let is_compared = is_one_of(&["append", "prove-many", "library, the same from a file"]);
        assert_eq!(row["of_library"].is_f64(), is_compared, "{row}");
        let reads_a_file = is_one_of(&["append"]);
        assert_eq!(row["of_library_fed"].is_f64(), reads_a_file, "{row}");
    }
    assert!(!folder.path("here").exists());
    let svg = std::fs::read_to_string(folder.path("rates.svg")).unwrap();
    assert_eq!(svg.matches("<rect").count(), 6);

    folder.ok("init tree");
    folder.run("bench tree").fails(4, "not empty");
    folder.ok("head tree");
}
