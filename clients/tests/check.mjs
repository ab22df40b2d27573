// Reads a check from each line and prints the verdict of the verifier in JavaScript; check.py has
// the forms of the lines.

import { createInterface } from 'node:readline';
import * as verifier from '../javascript/rotortree-verify.mjs';

const { HASHES, Refused, hex, parseHead, unhex, verifyConsistency, verifyInclusion } = verifier;

function verdict([kind, name, arity, ...rest]) {
  const proof = unhex(rest.pop());
  const heads = rest.map(parseHead);
  if (kind === 'inclusion') {
    const { index, leaf } = verifyInclusion(proof, Number(arity), HASHES[name], ...heads);
    return `${index} ${hex(leaf).slice(2)}`;
  }
  verifyConsistency(proof, Number(arity), HASHES[name], ...heads);
  return 'grew';
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(verdict(line.split(' ')));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.log('refused');
  }
}
