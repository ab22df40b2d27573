//! [`Args`]: the command line.

use clap::{Parser, Subcommand};

use crate::{commands as c, failure::Failure, output::Output};

/// Append-only Merkle trees on disk: create, fill, prove, verify, check, recover, copy.
///
/// PLACE is the directory of a tree, or the URL of one in a bucket. A head is SIZE:ROOT, as `head`
/// prints it; keep it where the tree is not, and verify proofs against it. Every command takes
/// --json.
#[derive(Debug, Parser)]
#[command(name = "rotortree", version, propagate_version = true)]
pub(crate) struct Args {
    /// Prints JSON, one document a line, and errors as JSON on the error output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Declares the commands: each is a file of `commands/` with `Args` that run.
macro_rules! commands {
    ($($(#[$doc:meta])* $Name:ident = $module:ident;)*) => {
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($(#[$doc])* $Name(c::$module::Args),)*
        }

        impl Command {
            pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
                match self {
                    $(Self::$Name(args) => args.run(output),)*
                }
            }
        }
    };
}

commands! {
    /// Creates an empty tree
    Init = init;
    /// Appends leaves from a file or the standard input
    Append = append;
    /// Prints size and root: what a client keeps and trusts
    Head = head;
    /// Prints the root, now or at an earlier size
    Root = root;
    /// Proves that a leaf stands at its index
    Prove = prove;
    /// Proves many leaves, each by itself or all at once
    ProveMany = prove_many;
    /// Proves that the tree only grew
    Consistency = consistency;
    /// Finds the index of a leaf
    Find = find;
    /// Makes the index by which leaves are found at once, or adds new leaves to it
    Index = index;
    /// Verifies a proof against a head; needs no tree
    Verify = verify;
    /// Prints leaves
    Leaves = leaves;
    /// Says what a tree is, and how far it got
    Info = info;
    /// Compares every stored byte with its checksum and every node with its children
    Check = check;
    /// Prints the records of the log, also of a damaged tree
    Log = log;
    /// Says what a looser recovery would keep of a damaged tree, and does it when told to
    Recover = recover;
    /// Moves all leaves from the log to their levels
    Checkpoint = checkpoint;
    /// Copies a tree to another place, or extends an earlier backup
    Backup = backup;
    /// Copies a backup, or a tree that no process has open, to another place and checks it
    #[command(visible_alias = "restore")]
    Copy = copy;
    /// Appends the leaves of a tree of another program, and compares its nodes
    Import = import;
    /// Publishes a log of RFC 6962 as static files
    Publish = publish;
    /// Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends
    Serve = serve;
    /// Measures this command at a place, beside the library that it calls
    Bench = bench;
    /// Writes completions and manual pages
    #[command(hide = true)]
    Assets = assets;
}
