# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rotortree_global_optspecs
    string join \n json h/help V/version
end

function __fish_rotortree_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rotortree_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rotortree_using_subcommand
    set -l cmd (__fish_rotortree_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rotortree -n "__fish_rotortree_needs_command" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_needs_command" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "init" -d 'Creates an empty tree'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "append" -d 'Appends leaves from a file or the standard input'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "head" -d 'Prints size and root: what a client keeps and trusts'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "root" -d 'Prints the root, now or at an earlier size'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "prove" -d 'Proves that a leaf stands at its index'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "prove-many" -d 'Proves many leaves, each by itself or all at once'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "consistency" -d 'Proves that the tree only grew'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "find" -d 'Finds the index of a leaf'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "index" -d 'Makes the index by which leaves are found at once, or adds new leaves to it'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "verify" -d 'Verifies a proof against a head; needs no tree'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "leaves" -d 'Prints leaves'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "info" -d 'Says what a tree is, and how far it got'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "check" -d 'Compares every stored byte with its checksum and every node with its children'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "log" -d 'Prints the records of the log, also of a damaged tree'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "recover" -d 'Says what a looser recovery would keep of a damaged tree, and does it when told to'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "checkpoint" -d 'Moves all leaves from the log to their levels'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "backup" -d 'Copies a tree to another place, or extends an earlier backup'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "copy" -d 'Copies a backup, or a tree that no process has open, to another place and checks it'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "restore" -d 'Copies a backup, or a tree that no process has open, to another place and checks it'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "import" -d 'Appends the leaves of a tree of another program, and compares its nodes'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "publish" -d 'Publishes a log of RFC 6962 as static files'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "serve" -d 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "bench" -d 'Measures this command at a place, beside the library that it calls'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "assets" -d 'Writes completions and manual pages'
complete -c rotortree -n "__fish_rotortree_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -l hash -d 'The hash function of nodes' -r -f -a "blake3\t'BLAKE3'
sha256\t'SHA-256'
keccak256\t'Keccak-256, as Ethereum has it'
rfc6962\t'SHA-256 as in transparency logs (RFC 6962)'
poseidon\t'Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian'
poseidon-le\t'Poseidon over BN254; numbers little-endian'"
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -l arity -d 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -l max-depth -d 'The most hash layers, 1 to 64' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -l level-stride -d 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand init" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l form -d 'How the leaves are written' -r -f -a "auto\t'A JSON array if the first character is `[`, else lines'
lines\t'64 hex digits a line, or lines of sha256sum; blank lines and # comments are passed over'
raw\t'Records of 32 bytes, without anything between them'
json\t'A JSON array of strings: hex, or decimal numbers'"
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l index-file -d 'The file of the index [default: PLACE.index, beside a directory]' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l hash -d 'The hash function of nodes' -r -f -a "blake3\t'BLAKE3'
sha256\t'SHA-256'
keccak256\t'Keccak-256, as Ethereum has it'
rfc6962\t'SHA-256 as in transparency logs (RFC 6962)'
poseidon\t'Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian'
poseidon-le\t'Poseidon over BN254; numbers little-endian'"
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l arity -d 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l max-depth -d 'The most hash layers, 1 to 64' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l level-stride -d 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l batch -d 'Leaves in a batch: a batch is in the tree whole or not at all' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l durability -d 'When leaves are waited for until they are on disk' -r -f -a "batch\t'After each batch'
end\t'At the end; until then the disk is at most moments behind'"
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l hash-lines -d 'Hashes each line to a leaf: with the tree\'s function, for rfc6962 with its leaf hash'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l resume -d 'Goes on where the input and the tree agree, and stops at the first leaf that differs'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l create -d 'Creates the tree if there is none'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l unique -d 'Stops at a leaf that the tree has already; makes and keeps its index'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand append" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand head" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand head" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand head" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand root" -l at -d 'The root at the time when the tree had SIZE leaves' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand root" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand root" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand root" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -l at -d 'Proves it for the head of the tree when it had SIZE leaves' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -l index-file -d 'The file of the index [default: PLACE.index, beside a directory]' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -l format -d 'The form of the proof' -r -f -a "json\t'A document with the claim in words and the canonical bytes in hex'
bytes\t'The canonical bytes'
circom\t'Input of zk-kit\'s circuit `BinaryMerkleRoot` (N = 2)'
semaphore\t'The proof object of Semaphore and @zk-kit/lean-imt (N = 2)'
rfc6962\t'The JSON of RFC 6962: `audit_path`, or `consistency` (N = 2)'
abi\t'`abi.encode` of one struct for Solidity, in hex'"
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -l levels -d 'Levels of the circuit, for circom [default: those of the proof]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -s o -l out -d 'Writes to a file' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -l at -d 'Proves the leaves for the head of the tree when it had SIZE leaves' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -l format -d 'The form of the proof' -r -f -a "json\t'A document with the claim in words and the canonical bytes in hex'
bytes\t'The canonical bytes'
circom\t'Input of zk-kit\'s circuit `BinaryMerkleRoot` (N = 2)'
semaphore\t'The proof object of Semaphore and @zk-kit/lean-imt (N = 2)'
rfc6962\t'The JSON of RFC 6962: `audit_path`, or `consistency` (N = 2)'
abi\t'`abi.encode` of one struct for Solidity, in hex'"
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -l levels -d 'Levels of the circuit, for circom [default: those of the proof]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -s o -l out -d 'Writes to a file' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -l one -d 'Makes one proof for all leaves: a range proof of a run of them, else a multiproof'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand prove-many" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -l format -d 'The form of the proof' -r -f -a "json\t'A document with the claim in words and the canonical bytes in hex'
bytes\t'The canonical bytes'
circom\t'Input of zk-kit\'s circuit `BinaryMerkleRoot` (N = 2)'
semaphore\t'The proof object of Semaphore and @zk-kit/lean-imt (N = 2)'
rfc6962\t'The JSON of RFC 6962: `audit_path`, or `consistency` (N = 2)'
abi\t'`abi.encode` of one struct for Solidity, in hex'"
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -l levels -d 'Levels of the circuit, for circom [default: those of the proof]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -s o -l out -d 'Writes to a file' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -l leaves -d 'Also proves which leaves came'
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand consistency" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand find" -l index-file -d 'The file of the index [default: PLACE.index, beside a directory]' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand find" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand find" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand find" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand index" -l index-file -d 'The file of the index [default: PLACE.index, beside a directory]' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand index" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand index" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand index" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l head -d 'The head that you trust: SIZE:ROOT, or a file with it or with the output of `head --json`' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l old -d 'The earlier head, for a proof that the tree only grew' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l hash -d 'The hash function of the tree [default: the head file\'s, or blake3]' -r -f -a "blake3\t'BLAKE3'
sha256\t'SHA-256'
keccak256\t'Keccak-256, as Ethereum has it'
rfc6962\t'SHA-256 as in transparency logs (RFC 6962)'
poseidon\t'Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian'
poseidon-le\t'Poseidon over BN254; numbers little-endian'"
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l arity -d 'Children of a node [default: the head file\'s, or that of the hash function]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l index -d 'Also asks that the proof is about this index; some forms do not say theirs' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l leaf -d 'Also asks that the proof is about this leaf; some forms do not say theirs' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand verify" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand leaves" -l raw -d 'Prints records of 32 bytes'
complete -c rotortree -n "__fish_rotortree_using_subcommand leaves" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand leaves" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand leaves" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand info" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand info" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand info" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand check" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand check" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand check" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand log" -l leaves -d 'Prints the leaves of each record too'
complete -c rotortree -n "__fish_rotortree_using_subcommand log" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand log" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand log" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -l apply -d 'Does it: cuts a damaged log at its last valid entry, and keeps the bytes that are cut'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -l accept-loss -d 'Also takes a cut that leaves no leaf'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -l acknowledge -d 'Ends the telling of cuts whose loss is dealt with'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand recover" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand checkpoint" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand checkpoint" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand checkpoint" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand backup" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand backup" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand backup" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand copy" -l expect -d 'Refuses a source that does not contain this head' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand copy" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand copy" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand copy" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand restore" -l expect -d 'Refuses a source that does not contain this head' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand restore" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand restore" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand restore" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand import" -l hash -d 'The hash function of the tree' -r -f -a "blake3\t'BLAKE3'
sha256\t'SHA-256'
keccak256\t'Keccak-256, as Ethereum has it'
rfc6962\t'SHA-256 as in transparency logs (RFC 6962)'
poseidon\t'Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian'
poseidon-le\t'Poseidon over BN254; numbers little-endian'"
complete -c rotortree -n "__fish_rotortree_using_subcommand import" -l zeros -d 'Takes zeros as leaves. In a group a zero is a removed member, which an append-only tree cannot have'
complete -c rotortree -n "__fish_rotortree_using_subcommand import" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand import" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -l origin -d 'The name of the log: a URL without its scheme' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -l key -d 'The file of the secret key that signs checkpoints' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -l entries -d 'The file whose lines were appended with --hash-lines' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -l create-key -d 'Makes the key first; the file must not exist'
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand publish" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l listen -d 'The address to listen at; port 0 is any free one' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l token-file -d 'The file with the tokens, one on each line, read again each second [default: the token in ROTORTREE_TOKEN]' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l metrics-token-file -d 'Shows /metrics to clients with a token of this file alone, as Prometheus has in `authorization`' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l tiles -d 'Serves the folder that `publish` fills: /checkpoint and /tile/..' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l connections -d 'The most connections at once; fewer where the limit on open files is lower' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l expose -d 'Permits an address that other machines reach. There is no TLS: a proxy in front has it'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l write -d 'Takes leaves from clients that show a token'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l standby -d 'Reads alone while another process owns the tree, and takes the place once it has no owner'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l index -d 'Keeps an index, so that a leaf is found at once; takes 8 bytes of memory a leaf'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand serve" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l leaves -d 'Leaves of each append' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l rounds -d 'Repetitions; the median counts' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l hash -d 'The hash function of nodes' -r -f -a "blake3\t'BLAKE3'
sha256\t'SHA-256'
keccak256\t'Keccak-256, as Ethereum has it'
rfc6962\t'SHA-256 as in transparency logs (RFC 6962)'
poseidon\t'Poseidon over BN254, as in circomlib, Semaphore and zk-kit; numbers big-endian'
poseidon-le\t'Poseidon over BN254; numbers little-endian'"
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l arity -d 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l max-depth -d 'The most hash layers, 1 to 64' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l level-stride -d 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]' -r
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l svg -d 'Draws the rates to a file' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l library -d 'Does a task of the library at PLACE and prints its nanoseconds: a process of the measurement' -r -f -a "append\t'Batches of leaves in memory or from a file, from opening until everything is on disk and closed'
prove\t'Proofs of consecutive leaves of a tree as it is stored, from its opening on'
single\t'Single leaves that are each waited for: the time of one'"
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l fed -d 'The file of records that such a task reads its leaves from' -r -F
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rotortree -n "__fish_rotortree_using_subcommand bench" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand assets" -l json -d 'Prints JSON, one document a line, and errors as JSON on the error output'
complete -c rotortree -n "__fish_rotortree_using_subcommand assets" -s h -l help -d 'Print help'
complete -c rotortree -n "__fish_rotortree_using_subcommand assets" -s V -l version -d 'Print version'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "init" -d 'Creates an empty tree'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "append" -d 'Appends leaves from a file or the standard input'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "head" -d 'Prints size and root: what a client keeps and trusts'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "root" -d 'Prints the root, now or at an earlier size'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "prove" -d 'Proves that a leaf stands at its index'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "prove-many" -d 'Proves many leaves, each by itself or all at once'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "consistency" -d 'Proves that the tree only grew'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "find" -d 'Finds the index of a leaf'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "index" -d 'Makes the index by which leaves are found at once, or adds new leaves to it'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "verify" -d 'Verifies a proof against a head; needs no tree'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "leaves" -d 'Prints leaves'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "info" -d 'Says what a tree is, and how far it got'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "check" -d 'Compares every stored byte with its checksum and every node with its children'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "log" -d 'Prints the records of the log, also of a damaged tree'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "recover" -d 'Says what a looser recovery would keep of a damaged tree, and does it when told to'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "checkpoint" -d 'Moves all leaves from the log to their levels'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "backup" -d 'Copies a tree to another place, or extends an earlier backup'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "copy" -d 'Copies a backup, or a tree that no process has open, to another place and checks it'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "import" -d 'Appends the leaves of a tree of another program, and compares its nodes'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "publish" -d 'Publishes a log of RFC 6962 as static files'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "serve" -d 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "bench" -d 'Measures this command at a place, beside the library that it calls'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "assets" -d 'Writes completions and manual pages'
complete -c rotortree -n "__fish_rotortree_using_subcommand help; and not __fish_seen_subcommand_from init append head root prove prove-many consistency find index verify leaves info check log recover checkpoint backup copy import publish serve bench assets help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
