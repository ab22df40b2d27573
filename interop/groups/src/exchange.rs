//! The exchange with JavaScript: one document each way.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;

use rotortree_lean_imt::{Hash, Hex, LeanImtNodes, LeanImtProof, NaryProof};
use rotortree_poseidon::{Group, GroupError, PoseidonHasher};
use serde::{Deserialize, Serialize};

use crate::history::{DEPTH, History, Kind, Tree};
use crate::outcome::{Outcome, same};

/// What the other side is asked.
#[derive(Serialize)]
struct Questions {
    depth: usize,
    histories: Vec<Question>,
}

#[derive(Serialize)]
struct Question {
    group: bool,
    batches: Vec<Vec<Hex>>,
    indices: Vec<u64>,
    /// Our proofs of the indices.
    proofs: Vec<LeanImtProof>,
    /// Our nodes, as the text that `import` takes.
    nodes: String,
    /// The member that is removed at the end.
    removed: u64,
}

/// What it answers.
#[derive(Deserialize)]
struct Answers {
    histories: Vec<Answer>,
    /// The time of one hash.
    microseconds: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    roots: Vec<Hex>,
    proofs: Vec<LeanImtProof>,
    circuit: Vec<CircuitInputs>,
    /// How many of our proofs it accepts, and how many of them with another leaf.
    accepted: usize,
    accepted_changed: usize,
    exported: String,
    imported_root: Hex,
    imported_export: String,
    refuses_zero: Option<bool>,
    with_removal: Option<String>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct CircuitInputs {
    length: usize,
    index: u64,
    siblings: Vec<Hex>,
}

/// Asks the packages in the folder, and compares everything that they answer.
pub(crate) fn compare(folder: &Path, histories: &[History]) -> Outcome<()> {
    let trees: Vec<(Tree, Vec<Hash>)> = histories
        .iter()
        .map(History::tree)
        .collect::<Outcome<_>>()?;
    let questions = histories.iter().zip(&trees);
    let questions = Questions {
        depth: DEPTH,
        histories: questions
            .map(|(history, (tree, _))| question(history, tree))
            .collect::<Outcome<_>>()?,
    };
    let answers = ask(folder, &questions)?;
    same(
        "the number of histories",
        &histories.len(),
        &answers.histories.len(),
    )?;
    for ((history, (tree, roots)), answer) in histories.iter().zip(&trees).zip(&answers.histories) {
        check(history, tree, roots, answer)?;
    }
    println!("JavaScript: every root, proof, export and circuit input is equal");
    println!("poseidon-lite: {:.0} us a hash", answers.microseconds);
    Ok(())
}

fn question(history: &History, tree: &Tree) -> Outcome<Question> {
    let batches = history.batches.iter();
    let batches = batches.map(|batch| batch.iter().copied().map(Hex).collect());
    Ok(Question {
        group: history.kind == Kind::Group,
        batches: batches.collect(),
        indices: history.indices.clone(),
        proofs: history.proofs(tree)?,
        nodes: serde_json::to_string(&tree.snapshot().to_lean_imt_nodes()?)?,
        removed: history.indices[PROVED_AND_REMOVED],
    })
}

/// Which of the proved members is removed.
const PROVED_AND_REMOVED: usize = 7;

fn ask(folder: &Path, questions: &Questions) -> Outcome<Answers> {
    let (input, output) = (folder.join("questions.json"), folder.join("answers.json"));
    let mut file = BufWriter::new(File::create(&input)?);
    serde_json::to_writer(&mut file, questions)?;
    file.flush()?;
    let status = Command::new("node")
        .current_dir(folder)
        .arg("exchange.mjs")
        .args([&input, &output])
        .status()
        .map_err(|error| format!("node cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("node ended with {status}").into());
    }
    let answers = serde_json::from_reader(BufReader::new(File::open(&output)?))?;
    fs::remove_file(input)?;
    fs::remove_file(output)?;
    Ok(answers)
}

fn check(history: &History, tree: &Tree, roots: &[Hash], answer: &Answer) -> Outcome<()> {
    let theirs: Vec<Hash> = answer.roots.iter().map(|root| root.0).collect();
    same("a root", &roots, &theirs.as_slice())?;
    same("a proof", &history.proofs(tree)?, &answer.proofs)?;
    same(
        "the number of our proofs accepted",
        &history.indices.len(),
        &answer.accepted,
    )?;
    same(
        "the number of altered proofs accepted",
        &0,
        &answer.accepted_changed,
    )?;

    let head = tree.head().ok_or("a tree with leaves has a head")?;
    same(
        "the number of circuit inputs",
        &history.indices.len(),
        &answer.circuit.len(),
    )?;
    for ((index, theirs), inputs) in history
        .indices
        .iter()
        .zip(&answer.proofs)
        .zip(&answer.circuit)
    {
        let proof = NaryProof::<2, DEPTH>::from_lean_imt(theirs, *index, head.size)?;
        proof.verify_against(&PoseidonHasher::new(), head)?;
        let path = proof.binary_path::<DEPTH>()?;
        let ours = CircuitInputs {
            length: path.length,
            index: path.index,
            siblings: path.siblings.map(Hex).to_vec(),
        };
        same("the inputs of a circuit", &ours, inputs)?;
    }

    let nodes: LeanImtNodes = serde_json::from_str(&answer.exported)?;
    let imported: Tree = nodes.to_tree(PoseidonHasher::new())?;
    same("the root of their export", &tree.root(), &imported.root())?;
    let again = serde_json::to_string(&imported.snapshot().to_lean_imt_nodes()?)?;
    same("their export, written by us", &again, &answer.exported)?;
    same(
        "the root of our export",
        &tree.root(),
        &Some(answer.imported_root.0),
    )?;
    same(
        "our export, written by them",
        &again,
        &answer.imported_export,
    )?;

    match history.kind {
        Kind::Tree => Ok(()),
        Kind::Group => check_group(history, &nodes, answer),
    }
}

/// Duplicates are members, zero is none, and a group with a removal is refused.
fn check_group(history: &History, nodes: &LeanImtNodes, answer: &Answer) -> Outcome<()> {
    let mut group = Group::import(nodes)?;
    let size = group.tree().size();
    same("the refusal of zero", &answer.refuses_zero, &Some(true))?;
    let refused = group.add_members(&[[0; 32]]).err();
    same(
        "our refusal of zero",
        &refused,
        &Some(GroupError::ZeroMember { index: size }),
    )?;
    same("our export of the group", &group.export()?, nodes)?;

    let removed = history.indices[PROVED_AND_REMOVED];
    let text = answer
        .with_removal
        .as_ref()
        .ok_or("a group had a removal")?;
    let refused = Group::import(&serde_json::from_str(text)?).err();
    let expected = GroupError::RemovedMember { index: removed };
    same("our refusal of a removal", &refused, &Some(expected))
}
