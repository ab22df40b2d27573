//! A full node and a light client over channels.
//!
//! The node keeps the whole tree. The client keeps one head and the proof of one leaf, and
//! follows the tree as it grows. Heads come over a trusted channel (block headers, signed
//! messages), consistency proofs over an untrusted one (any server). The client never asks for
//! its inclusion proof again.
//!
//! ```console
//! cargo run -p rotortree-lean-imt --example light_client
//! ```

use rotortree_lean_imt::{
    Blake3Hasher, Hash, LeanIMT, NaryProof, TreeError, TreeHead, TreeSnapshot, UnrootedConsistency,
    UnrootedInclusion,
};
use std::{
    error::Error,
    io::{self, Write},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

const N: usize = 4;
const MAX_DEPTH: usize = 20;
const ROUNDS: u64 = 200;

/// A request of the client. The server may answer anything.
enum Request {
    /// The proof of the leaf at this index in the tree of this size.
    Inclusion { index: u64, size: u64 },
    /// The proof that the tree grew from one head to another size.
    Growth { from: TreeHead, to: u64 },
}

/// The result of the node: its tree, and the number of requests of each kind.
struct Served {
    tree: TreeSnapshot<N, MAX_DEPTH>,
    inclusion_proofs: u64,
    consistency_proofs: u64,
}

/// Appends, announces every head, and answers one request in bytes for each.
fn full_node(
    heads: &Sender<TreeHead>,
    requests: &Receiver<(Request, Sender<Vec<u8>>)>,
) -> Result<Served, TreeError> {
    let mut tree = LeanIMT::<_, N, MAX_DEPTH>::new(Blake3Hasher);
    let (mut inclusion_proofs, mut consistency_proofs) = (0, 0);
    for round in 0..ROUNDS {
        let batch: Vec<Hash> = (0..round % 17 + 3).map(|i| leaf(round * 100 + i)).collect();
        tree.insert_many(&batch)?;
        // The client has hung up once it has seen enough.
        if heads.send(tree.head().unwrap_or(TreeHead::EMPTY)).is_err() {
            break;
        }
        let Ok((request, answer)) = requests.recv() else {
            break;
        };
        let snapshot = tree.snapshot();
        let bytes = match request {
            Request::Inclusion { index, size } => {
                inclusion_proofs += 1;
                let then = snapshot.snapshot_at(size)?;
                then.generate_proof(index)?.to_bytes()?
            }
            Request::Growth { from, to } => {
                consistency_proofs += 1;
                let then = snapshot.snapshot_at(to)?;
                then.generate_consistency_proof(from.size, from.root)?
                    .to_bytes()?
            }
        };
        if answer.send(bytes).is_err() {
            break;
        }
    }
    Ok(Served {
        tree: tree.snapshot(),
        inclusion_proofs,
        consistency_proofs,
    })
}

/// The state of a client between rounds.
struct Client {
    head: TreeHead,
    mine: NaryProof<N, MAX_DEPTH>,
}

impl Client {
    fn start(head: TreeHead, bytes: &[u8]) -> Result<Self, Box<dyn Error>> {
        let proof = UnrootedInclusion::<N>::from_bytes(bytes)?;
        proof.verify_against(&Blake3Hasher, head)?;
        let mine = proof.to_nary(&Blake3Hasher)?;
        Ok(Self { head, mine })
    }

    /// Follows the tree to a new head. For any bytes of the server, the client then has a proof
    /// that holds, or is unchanged.
    fn follow(&mut self, head: TreeHead, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let growth = UnrootedConsistency::<N>::from_bytes(bytes)?;
        self.mine = growth.update_inclusion_proof(&Blake3Hasher, &self.mine, self.head, head)?;
        self.head = head;
        Ok(())
    }
}

fn light_client(
    heads: &Receiver<TreeHead>,
    server: &Sender<(Request, Sender<Vec<u8>>)>,
    out: &mut dyn Write,
) -> Result<Client, Box<dyn Error>> {
    let ask = |request| -> Result<Vec<u8>, Box<dyn Error>> {
        let (answer, answers) = channel();
        server.send((request, answer))?;
        Ok(answers.recv()?)
    };
    let first = heads.recv()?;
    let (index, size) = (first.size / 2, first.size);
    let mut client = Client::start(first, &ask(Request::Inclusion { index, size })?)?;
    let mut bytes_received = 0;
    for (round, head) in heads.iter().enumerate() {
        let from = client.head;
        let bytes = ask(Request::Growth {
            from,
            to: head.size,
        })?;
        bytes_received += bytes.len();
        if round == 5 {
            // A server that lies changes nothing.
            let mut lie = bytes.clone();
            lie[10] ^= 1;
            let refused = client.follow(head, &lie);
            let refused = refused.err().ok_or("the client took a lie")?;
            writeln!(out, "a lie: {refused}")?;
        }
        client.follow(head, &bytes)?;
        client.mine.verify_against(&Blake3Hasher, client.head)?;
    }
    writeln!(out, "{bytes_received} bytes of consistency proofs in all")?;
    Ok(client)
}

fn leaf(seed: u64) -> Hash {
    let mut leaf = [0x5a; 32];
    leaf[..8].copy_from_slice(&seed.to_le_bytes());
    leaf
}

/// Runs both ends until the node has appended all leaves.
fn run(out: &mut dyn Write) -> Result<(Client, Served), Box<dyn Error>> {
    let (head_sender, heads) = channel();
    let (server, requests) = channel();
    thread::scope(|scope| {
        let node = scope.spawn(move || full_node(&head_sender, &requests));
        let client = light_client(&heads, &server, out);
        // Without a client the node ends, also if the client has failed.
        drop((server, heads));
        let served = node.join().map_err(|_| "the node panicked")??;
        Ok((client?, served))
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    match follow_the_tree(&mut io::stdout()) {
        Err(error) if is_closed_pipe(&*error) => Ok(()),
        outcome => outcome,
    }
}

/// Whether the reader of the output has seen enough.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn follow_the_tree(out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let (client, served) = run(out)?;
    assert_eq!(Some(client.head), served.tree.head());
    writeln!(
        out,
        "after {} consistency proofs and {} inclusion proof the client holds a proof of leaf {} of {} with {} levels",
        served.consistency_proofs,
        served.inclusion_proofs,
        client.mine.leaf_index,
        client.head.size,
        client.mine.level_count
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Takes well under a second; a wait for the other end that takes a minute never ends.
    #[test]
    fn the_client_keeps_up_from_consistency_proofs_alone() {
        let (done, ended) = channel();
        thread::spawn(move || {
            // The receiver is gone if the test has given up.
            drop(done.send(run(&mut io::sink()).map_err(|error| error.to_string())));
        });
        let ended = ended.recv_timeout(Duration::from_secs(60));
        let (client, served) = ended.expect("the example ends").expect("and succeeds");
        assert_eq!(served.inclusion_proofs, 1, "only to begin with");
        assert_eq!(served.consistency_proofs, ROUNDS - 1);
        assert_eq!(Some(client.head), served.tree.head());
        let fresh = served.tree.generate_proof(client.mine.leaf_index);
        assert_eq!(client.mine, fresh.expect("the node has the leaf"));
    }

    #[test]
    fn a_lie_leaves_the_client_as_it_was() {
        let mut tree = LeanIMT::<_, N, MAX_DEPTH>::new(Blake3Hasher);
        let head = |tree: &LeanIMT<_, N, MAX_DEPTH>| tree.head().expect("the tree is not empty");
        tree.insert_many(&[leaf(1), leaf(2), leaf(3)]).unwrap();
        let old = head(&tree);
        let first = tree.snapshot().generate_proof(2).unwrap();
        let mut client = Client::start(old, &first.to_bytes().unwrap()).unwrap();
        tree.insert_many(&[leaf(4); 30]).unwrap();
        let new = head(&tree);
        let growth = tree.snapshot().generate_consistency_proof(3, old.root);
        let bytes = growth.unwrap().to_bytes().unwrap();
        for at in 0..bytes.len() {
            let mut lie = bytes.clone();
            lie[at] ^= 1;
            assert!(client.follow(new, &lie).is_err());
            assert!(client.follow(new, &bytes[..at]).is_err());
            assert_eq!((client.head, &client.mine), (old, &first));
        }
        client.follow(new, &bytes).unwrap();
        let fresh = tree.snapshot().generate_proof(2).unwrap();
        assert_eq!((client.head, client.mine), (new, fresh));
    }

    /// An output whose reader is gone.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_that_is_known_and_no_panic() {
        let error = run(&mut Closed).err().expect("nothing can be written");
        assert!(is_closed_pipe(&*error), "{error}");
    }
}
