// Answers the questions of interop/groups/src/main.rs with zk-kit's and Semaphore's own code: reads one
// JSON document, writes one.
import { readFileSync, writeFileSync } from "node:fs"
import { Group } from "@semaphore-protocol/group"
import { generateProof } from "@semaphore-protocol/proof"
import { LeanIMT } from "@zk-kit/lean-imt"
import { poseidon2 } from "poseidon-lite"

const hash = (a, b) => poseidon2([a, b])

const proofOf = (json) => ({
  root: BigInt(json.root),
  leaf: BigInt(json.leaf),
  index: Number(json.index),
  siblings: json.siblings.map(BigInt)
})

// The inputs that Semaphore gives its circuit: `recorder` throws them where it would prove.
const circuitInputs = async (proof, depth) => {
  const identity = { secretScalar: 1n, commitment: proof.leaf }
  const copy = { ...proof, siblings: [...proof.siblings] }
  try {
    await generateProof(identity, copy, 1n, 1n, depth, { wasm: "", zkey: "" })
  } catch (error) {
    if (!error.inputs) throw error
    const { merkleProofLength, merkleProofIndex, merkleProofSiblings } = error.inputs
    return { length: merkleProofLength, index: merkleProofIndex, siblings: merkleProofSiblings }
  }
}

const refuses = (action) => {
  try {
    action()
    return false
  } catch {
    return true
  }
}

// One history: the batches are inserted, the proofs exchanged, the nodes exported and imported.
const answer = async (history, depth) => {
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
    circuit: await Promise.all(proofs.map((proof) => circuitInputs(proof, depth))),
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
  histories: await Promise.all(
    questions.histories.map((history) => answer(history, questions.depth))
  ),
  microseconds: timeOfHash()
}
writeFileSync(output, JSON.stringify(answers, (_, v) => (typeof v === "bigint" ? v.toString() : v)))
