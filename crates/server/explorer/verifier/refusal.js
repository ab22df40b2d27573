// Why a proof, a head or a text is refused, as a sentence for a reader.

export class Refusal extends Error {
  name = "Refusal";
}
