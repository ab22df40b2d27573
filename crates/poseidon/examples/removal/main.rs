//! A member leaves a group, and the group is a tree that only appends.
//!
//! ```text
//! cargo run --release -p rotortree-poseidon --example removal
//! ```
//!
//! Three ways, with what each costs: revoke beside the tree, make a tree for each epoch, or make
//! the tree anew from where the member stood. In each of them a proof that the member made before
//! it left is refused, and proofs of the others are accepted.

mod group;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    io::{self, Write},
};

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;

use crate::group::{Proof, holds, member, members, tree};

/// The size of the group, and the index of the member that leaves.
const MEMBERS: u64 = 100;
const LEAVES: u64 = 70;

fn main() -> Result<(), Box<dyn Error>> {
    tell(&mut io::stdout().lock())
}

fn tell(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let before = tree(&members(0..MEMBERS))?.snapshot();
    let head = before.head().ok_or("a group with members")?;
    let [left, stays] = [LEAVES, LEAVES + 1].map(|index| before.generate_proof(index));
    let (left, stays) = (left?, stays?);
    writeln!(out, "{MEMBERS} members, root {}", short(head.root))?;

    revoke_beside(head, &left, &stays, out)?;
    next_epoch(head, &left, out)?;
    rebuild(head, &left, &stays, out)
}

/// The members' tree stays, and a second one has what was revoked. Its leaves are few, so a
/// verifier keeps them, and compares their head with the one that is published.
fn revoke_beside(
    head: TreeHead,
    left: &Proof,
    stays: &Proof,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    // The operator appends to the second tree, and publishes its head.
    let published = tree(&[member(LEAVES)])?.head();
    let list = [member(LEAVES)];
    if tree(&list)?.head() != published {
        return Err("the list is not the one that is published".into());
    }
    let accepts = |proof: &Proof| holds(proof, head) && !list.contains(&proof.leaf);
    writeln!(out, "\nrevoked beside the tree")?;
    writeln!(out, "  the one that left: {}", verdict(accepts(left)))?;
    writeln!(
        out,
        "  another member:    {}, with the proof it had",
        verdict(accepts(stays))
    )?;
    Ok(())
}

/// Each epoch has a tree. A verifier accepts the present one; members prove anew in each.
fn next_epoch(head: TreeHead, left: &Proof, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut remaining = members(0..MEMBERS);
    remaining.remove(LEAVES as usize);
    let epoch = tree(&remaining)?;
    let present = epoch.head().ok_or("a group with members")?;
    // The member behind has moved by one.
    let again = epoch.snapshot().generate_proof(LEAVES)?;
    writeln!(out, "\nthe next epoch, root {}", short(present.root))?;
    writeln!(
        out,
        "  the one that left: {}",
        verdict(holds(left, present))
    )?;
    writeln!(
        out,
        "  another member:    {}, with a new proof",
        verdict(holds(&again, present))
    )?;
    let grace = holds(left, head);
    writeln!(
        out,
        "  while the epoch before is accepted too, the one that left: {}",
        verdict(grace)
    )?;
    Ok(())
}

/// A fork from before the member shares all nodes there; what stood behind is hashed again.
fn rebuild(
    head: TreeHead,
    left: &Proof,
    stays: &Proof,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let before = tree(&members(0..MEMBERS))?.snapshot();
    let mut fork = before.snapshot_at(LEAVES)?.fork()?;
    fork.insert_many(&members(LEAVES + 1..MEMBERS))?;
    let present = fork.head().ok_or("a group with members")?;
    let again = fork.snapshot().generate_proof(LEAVES)?;
    if again.leaf != stays.leaf || present.root == head.root {
        return Err("the members behind move by one".into());
    }
    writeln!(
        out,
        "\nrebuilt from member {LEAVES} on, root {}",
        short(present.root)
    )?;
    writeln!(
        out,
        "  the one that left: {}",
        verdict(holds(left, present))
    )?;
    writeln!(
        out,
        "  another member:    {}, with a new proof",
        verdict(holds(&again, present))
    )?;
    writeln!(
        out,
        "  and with its old proof: {}",
        verdict(holds(stays, present))
    )?;
    Ok(())
}

fn verdict(accepted: bool) -> &'static str {
    if accepted { "accepted" } else { "refused" }
}

/// The beginning of a hash.
fn short(hash: Hash) -> String {
    hash[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
