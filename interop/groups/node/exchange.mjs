// Answers the questions of interop/groups/src/main.rs with zk-kit's and Semaphore's own code: reads one
// JSON document, writes one.
import { readFileSync, writeFileSync } from "node:fs"
import { Group } from "@semaphore-protocol/group"
import { LeanIMT } from "@zk-kit/lean-imt"
import { poseidon2 } from "poseidon-lite"

const hash = (a, b) => poseidon2([a, b])

const proofOf = (json) => ({
  root: BigInt(json.root),
  leaf: BigInt(json.leaf),
  index: Number(json.index),
  siblings: json.siblings.map(BigInt)
})

// The inputs that Semaphore's generateProof gives its circuit, as @semaphore-protocol/proof 4 makes
// them from a Merkle proof.
const circuitInputs = (proof, depth) => ({
  length: proof.siblings.length,
  indices: Array.from({ length: depth }, (_, i) => (proof.index >> i) & 1),
  siblings: Array.from({ length: depth }, (_, i) => proof.siblings[i] ?? 0n)
})

const refuses = (action) => {
  try {
    action()
    return false
  } catch {
    return true
  }
}

// One history: the batches are inserted, the proofs exchanged, the nodes exported and imported.
const answer = (history, depth) => {
  const group = history.group ? new Group() : undefined
  const tree = group ? group.leanIMT : new LeanIMT(hash)
  const roots = history.batches.map((batch) => {
    const leaves = batch.map(BigInt)
    if (leaves.length === 1) {
      group ? group.addMember(leaves[0]) : tree.insert(leaves[0])
    } else {
      group ? group.addMembers(leaves) : tree.insertMany(leaves)
    }
    return tree.root
  })
  const proofs = history.indices.map((index) => (group ?? tree)[
    group ? "generateMerkleProof" : "generateProof"
  ](index))
  const theirs = history.proofs.map(proofOf)
  const exported = (group ?? tree).export()
  const imported = group ? Group.import(history.nodes) : LeanIMT.import(hash, history.nodes)
  const answers = {
    roots,
    proofs,
    circuit: proofs.map((proof) => circuitInputs(proof, depth)),
    accepted: theirs.filter((proof) => LeanIMT.verifyProof(proof, hash)).length,
    acceptedChanged: theirs.filter((proof) => {
      return LeanIMT.verifyProof({ ...proof, leaf: proof.leaf + 1n }, hash)
    }).length,
    exported,
    importedRoot: imported.root,
    importedExport: imported.export()
  }
  if (group) {
    answers.refusesZero = refuses(() => group.addMember(0n))
    group.removeMember(history.removed)
    answers.withRemoval = group.export()
  }
  return answers
}

const timeOfHash = () => {
  const runs = 500
  for (let i = 0; i < runs; i += 1) hash(BigInt(i), 1n)
  const start = process.hrtime.bigint()
  for (let i = 0; i < runs; i += 1) hash(BigInt(i), 2n)
  return Number(process.hrtime.bigint() - start) / 1000 / runs
}

const [input, output] = process.argv.slice(2)
const questions = JSON.parse(readFileSync(input, "utf8"))
const answers = {
  histories: questions.histories.map((history) => answer(history, questions.depth)),
  microseconds: timeOfHash()
}
writeFileSync(output, JSON.stringify(answers, (_, v) => (typeof v === "bigint" ? v.toString() : v)))
