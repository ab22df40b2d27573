//! The public items of a crate, read from rustdoc's JSON.
//!
//! Listed are the names under which a user reaches an item: modules, types with their public
//! fields, variants and inherent methods, traits with their items, functions, constants, macros.
//! Signatures and implementations of traits are left to cargo-semver-checks. Only fields that
//! every version of the JSON has are read, so that the list does not depend on the toolchain.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::outcome::{Failure, Outcome};

/// The lines of the list, sorted: `kind path`.
pub(crate) fn list(json: &str) -> Outcome<BTreeSet<String>> {
    let value: Value = serde_json::from_str(json)
        .map_err(|error| Failure::new(format!("rustdoc's output is not JSON: {error}")))?;
    let mut walk = Walk {
        index: &value["index"],
        lines: BTreeSet::new(),
        open: Vec::new(),
    };
    let root = walk.item(&value["root"])?;
    let name = text(&root["name"])?;
    walk.module(root, name)?;
    Ok(walk.lines)
}

struct Walk<'a> {
    index: &'a Value,
    lines: BTreeSet<String>,
    /// The modules around the item that is read, since modules may re-export each other.
    open: Vec<&'a Value>,
}

impl<'a> Walk<'a> {
    /// The item of an id; an item of another crate is null.
    fn item(&self, id: &Value) -> Outcome<&'a Value> {
        let key = match id {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return Err(Failure::new("rustdoc's JSON has an item without an id.")),
        };
        Ok(&self.index[key])
    }

    fn module(&mut self, module: &'a Value, path: &str) -> Outcome<()> {
        if self.open.contains(&module) {
            return Ok(());
        }
        self.open.push(module);
        for id in array(&module["inner"]["module"]["items"])? {
            self.member(self.item(id)?, path)?;
        }
        self.open.pop();
        Ok(())
    }

    /// Enters an item that stands in the module, type or trait at `path`.
    fn member(&mut self, item: &'a Value, path: &str) -> Outcome<()> {
        if item.is_null() || !matches!(item["visibility"].as_str(), Some("public" | "default")) {
            return Ok(());
        }
        let (kind, inner) = item["inner"]
            .as_object()
            .and_then(|inner| inner.iter().next())
            .ok_or_else(|| Failure::new("rustdoc's JSON has an item without a kind."))?;
        if kind == "use" {
            return self.re_export(inner, path);
        }
        let Some(name) = item["name"].as_str() else {
            return Ok(());
        };
        self.named(item, kind, inner, &format!("{path}::{name}"))
    }

    fn re_export(&mut self, inner: &'a Value, path: &str) -> Outcome<()> {
        let target = if inner["id"].is_null() {
            &Value::Null
        } else {
            self.item(&inner["id"])?
        };
        let renamed = format!("{path}::{}", text(&inner["name"])?);
        if target.is_null() {
            // Items of another crate count as one item here.
            let source = text(&inner["source"])?;
            let star = if inner["is_glob"] == true { "::*" } else { "" };
            self.lines.insert(format!("use {renamed}{star} = {source}"));
            return Ok(());
        }
        if inner["is_glob"] == true {
            return self.module(target, path);
        }
        let (kind, inner) = target["inner"]
            .as_object()
            .and_then(|inner| inner.iter().next())
            .ok_or_else(|| Failure::new("rustdoc's JSON has an item without a kind."))?;
        self.named(target, kind, inner, &renamed)
    }

    fn named(&mut self, item: &'a Value, kind: &str, inner: &'a Value, path: &str) -> Outcome<()> {
        if kind == "impl" {
            return Ok(());
        }
        self.lines.insert(format!("{} {path}", short(kind)));
        if kind == "module" {
            return self.module(item, path);
        }
        for id in inner["items"].as_array().into_iter().flatten() {
            self.member(self.item(id)?, path)?;
        }
        for id in inner["variants"].as_array().into_iter().flatten() {
            self.member(self.item(id)?, path)?;
        }
        for id in inner["kind"]["plain"]["fields"]
            .as_array()
            .into_iter()
            .flatten()
        {
            self.member(self.item(id)?, path)?;
        }
        for id in inner["impls"].as_array().into_iter().flatten() {
            let block = &self.item(id)?["inner"]["impl"];
            if block["trait"].is_null() {
                for id in block["items"].as_array().into_iter().flatten() {
                    self.member(self.item(id)?, path)?;
                }
            }
        }
        Ok(())
    }
}

fn short(kind: &str) -> &str {
    match kind {
        "module" => "mod",
        "function" => "fn",
        "struct_field" => "field",
        "constant" | "assoc_const" => "const",
        "type_alias" | "assoc_type" => "type",
        "proc_macro" => "macro",
        other => other,
    }
}

fn array(value: &Value) -> Outcome<&Vec<Value>> {
    value
        .as_array()
        .ok_or_else(|| Failure::new("rustdoc's JSON has no list where it should be."))
}

fn text(value: &Value) -> Outcome<&str> {
    value
        .as_str()
        .ok_or_else(|| Failure::new("rustdoc's JSON has no text where it should be."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({ "root": 0, "index": {
            "0": { "name": "krate", "visibility": "public",
                   "inner": { "module": { "items": [1, 2, 3, 4, 9] } } },
            "1": { "name": "Part", "visibility": "public", "inner": { "struct": {
                   "kind": { "plain": { "fields": [5, 6] } }, "impls": [7] } } },
            "2": { "name": null, "visibility": "public", "inner": { "use": {
                   "id": 8, "name": "run", "source": "self::inner::go", "is_glob": false } } },
            "3": { "name": "hidden", "visibility": "crate", "inner": { "module": { "items": [8] } } },
            "4": { "name": null, "visibility": "public", "inner": { "use": {
                   "id": 99, "name": "Hash", "source": "other::Hash", "is_glob": false } } },
            "5": { "name": "shown", "visibility": "public", "inner": { "struct_field": {} } },
            "6": { "name": "kept", "visibility": "default_", "inner": { "struct_field": {} } },
            "7": { "name": null, "visibility": "default",
                   "inner": { "impl": { "trait": null, "items": [10] } } },
            "8": { "name": "go", "visibility": "public", "inner": { "function": {} } },
            "9": { "name": "Kind", "visibility": "public",
                   "inner": { "enum": { "variants": [11], "impls": [] } } },
            "10": { "name": "new", "visibility": "public", "inner": { "function": {} } },
            "11": { "name": "One", "visibility": "default", "inner": { "variant": { "kind": "plain" } } }
        } })
    }

    #[test]
    fn public_items_are_listed_under_the_names_that_reach_them() {
        let lines: Vec<String> = list(&sample().to_string()).unwrap().into_iter().collect();
        assert_eq!(
            lines,
            [
                "enum krate::Kind",
                "field krate::Part::shown",
                "fn krate::Part::new",
                "fn krate::run",
                "struct krate::Part",
                "use krate::Hash = other::Hash",
                "variant krate::Kind::One",
            ]
        );
    }

    #[test]
    fn what_is_not_rustdocs_json_is_refused() {
        assert!(list("{").is_err());
        assert!(list("{}").is_err());
        let mut holed = sample();
        holed["index"]["0"]["inner"] = json!({});
        assert!(list(&holed.to_string()).is_err());
    }
}
