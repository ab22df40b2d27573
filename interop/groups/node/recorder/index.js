// Stands in the place of snarkjs and of the circuits that it would fetch: it proves nothing, and
// hands the inputs of the circuit back.
export const groth16 = {
  fullProve: async (inputs) => {
    throw Object.assign(new Error("no proof is made here"), { inputs })
  }
}

export const Project = {}
export const maybeGetSnarkArtifacts = async () => ({})
