
use builtin;
use str;

set edit:completion:arg-completer[rotortree] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'rotortree'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'rotortree'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Creates an empty tree'
            cand append 'Appends leaves from a file or the standard input'
            cand head 'Prints size and root: what a client keeps and trusts'
            cand root 'Prints the root, now or at an earlier size'
            cand prove 'Proves that a leaf stands at its index'
            cand prove-many 'Proves many leaves, each by itself or all at once'
            cand consistency 'Proves that the tree only grew'
            cand find 'Finds the index of a leaf'
            cand index 'Makes the index by which leaves are found at once, or adds new leaves to it'
            cand verify 'Verifies a proof against a head; needs no tree'
            cand leaves 'Prints leaves'
            cand info 'Says what a tree is, and how far it got'
            cand check 'Compares every stored byte with its checksum and every node with its children'
            cand log 'Prints the records of the log, also of a damaged tree'
            cand recover 'Says what a looser recovery would keep of a damaged tree, and does it when told to'
            cand checkpoint 'Moves all leaves from the log to their levels'
            cand backup 'Copies a tree to another place, or extends an earlier backup'
            cand copy 'Copies a backup, or a tree that no process has open, to another place and checks it'
            cand restore 'Copies a backup, or a tree that no process has open, to another place and checks it'
            cand import 'Appends the leaves of a tree of another program, and compares its nodes'
            cand publish 'Publishes a log of RFC 6962 as static files'
            cand serve 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends'
            cand bench 'Measures this command at a place, beside the library that it calls'
            cand assets 'Writes completions and manual pages'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rotortree;init'= {
            cand --hash 'The hash function of nodes'
            cand --arity 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]'
            cand --max-depth 'The most hash layers, 1 to 64'
            cand --level-stride 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;append'= {
            cand --form 'How the leaves are written'
            cand --index-file 'The file of the index [default: PLACE.index, beside a directory]'
            cand --hash 'The hash function of nodes'
            cand --arity 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]'
            cand --max-depth 'The most hash layers, 1 to 64'
            cand --level-stride 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]'
            cand --batch 'Leaves in a batch: a batch is in the tree whole or not at all'
            cand --durability 'When leaves are waited for until they are on disk'
            cand --hash-lines 'Hashes each line to a leaf: with the tree''s function, for rfc6962 with its leaf hash'
            cand --resume 'Goes on where the input and the tree agree, and stops at the first leaf that differs'
            cand --create 'Creates the tree if there is none'
            cand --unique 'Stops at a leaf that the tree has already; makes and keeps its index'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;head'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;root'= {
            cand --at 'The root at the time when the tree had SIZE leaves'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;prove'= {
            cand --at 'Proves it for the head of the tree when it had SIZE leaves'
            cand --index-file 'The file of the index [default: PLACE.index, beside a directory]'
            cand --format 'The form of the proof'
            cand --levels 'Levels of the circuit, for circom [default: those of the proof]'
            cand -o 'Writes to a file'
            cand --out 'Writes to a file'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;prove-many'= {
            cand --at 'Proves the leaves for the head of the tree when it had SIZE leaves'
            cand --format 'The form of the proof'
            cand --levels 'Levels of the circuit, for circom [default: those of the proof]'
            cand -o 'Writes to a file'
            cand --out 'Writes to a file'
            cand --one 'Makes one proof for all leaves: a range proof of a run of them, else a multiproof'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;consistency'= {
            cand --format 'The form of the proof'
            cand --levels 'Levels of the circuit, for circom [default: those of the proof]'
            cand -o 'Writes to a file'
            cand --out 'Writes to a file'
            cand --leaves 'Also proves which leaves came'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;find'= {
            cand --index-file 'The file of the index [default: PLACE.index, beside a directory]'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;index'= {
            cand --index-file 'The file of the index [default: PLACE.index, beside a directory]'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;verify'= {
            cand --head 'The head that you trust: SIZE:ROOT, or a file with it or with the output of `head --json`'
            cand --old 'The earlier head, for a proof that the tree only grew'
            cand --hash 'The hash function of the tree [default: the head file''s, or blake3]'
            cand --arity 'Children of a node [default: the head file''s, or that of the hash function]'
            cand --index 'Also asks that the proof is about this index; some forms do not say theirs'
            cand --leaf 'Also asks that the proof is about this leaf; some forms do not say theirs'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;leaves'= {
            cand --raw 'Prints records of 32 bytes'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;info'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;check'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;log'= {
            cand --leaves 'Prints the leaves of each record too'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;recover'= {
            cand --apply 'Does it: cuts a damaged log at its last valid entry, and keeps the bytes that are cut'
            cand --accept-loss 'Also takes a cut that leaves no leaf'
            cand --acknowledge 'Ends the telling of cuts whose loss is dealt with'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;checkpoint'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;backup'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;copy'= {
            cand --expect 'Refuses a source that does not contain this head'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;restore'= {
            cand --expect 'Refuses a source that does not contain this head'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;import'= {
            cand --hash 'The hash function of the tree'
            cand --zeros 'Takes zeros as leaves. In a group a zero is a removed member, which an append-only tree cannot have'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;publish'= {
            cand --origin 'The name of the log: a URL without its scheme'
            cand --key 'The file of the secret key that signs checkpoints'
            cand --entries 'The file whose lines were appended with --hash-lines'
            cand --create-key 'Makes the key first; the file must not exist'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;serve'= {
            cand --listen 'The address to listen at; port 0 is any free one'
            cand --token-file 'The file with the tokens, one on each line, read again each second [default: the token in ROTORTREE_TOKEN]'
            cand --metrics-token-file 'Shows /metrics to clients with a token of this file alone, as Prometheus has in `authorization`'
            cand --tiles 'Serves the folder that `publish` fills: /checkpoint and /tile/..'
            cand --connections 'The most connections at once; fewer where the limit on open files is lower'
            cand --expose 'Permits an address that other machines reach. There is no TLS: a proxy in front has it'
            cand --write 'Takes leaves from clients that show a token'
            cand --standby 'Reads alone while another process owns the tree, and takes the place once it has no owner'
            cand --index 'Keeps an index, so that a leaf is found at once; takes 8 bytes of memory a leaf'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;bench'= {
            cand --leaves 'Leaves of each append'
            cand --rounds 'Repetitions; the median counts'
            cand --hash 'The hash function of nodes'
            cand --arity 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]'
            cand --max-depth 'The most hash layers, 1 to 64'
            cand --level-stride 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]'
            cand --svg 'Draws the rates to a file'
            cand --library 'Does a task of the library at PLACE and prints its nanoseconds: a process of the measurement'
            cand --fed 'The file of records that such a task reads its leaves from'
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;assets'= {
            cand --json 'Prints JSON, one document a line, and errors as JSON on the error output'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rotortree;help'= {
            cand init 'Creates an empty tree'
            cand append 'Appends leaves from a file or the standard input'
            cand head 'Prints size and root: what a client keeps and trusts'
            cand root 'Prints the root, now or at an earlier size'
            cand prove 'Proves that a leaf stands at its index'
            cand prove-many 'Proves many leaves, each by itself or all at once'
            cand consistency 'Proves that the tree only grew'
            cand find 'Finds the index of a leaf'
            cand index 'Makes the index by which leaves are found at once, or adds new leaves to it'
            cand verify 'Verifies a proof against a head; needs no tree'
            cand leaves 'Prints leaves'
            cand info 'Says what a tree is, and how far it got'
            cand check 'Compares every stored byte with its checksum and every node with its children'
            cand log 'Prints the records of the log, also of a damaged tree'
            cand recover 'Says what a looser recovery would keep of a damaged tree, and does it when told to'
            cand checkpoint 'Moves all leaves from the log to their levels'
            cand backup 'Copies a tree to another place, or extends an earlier backup'
            cand copy 'Copies a backup, or a tree that no process has open, to another place and checks it'
            cand import 'Appends the leaves of a tree of another program, and compares its nodes'
            cand publish 'Publishes a log of RFC 6962 as static files'
            cand serve 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends'
            cand bench 'Measures this command at a place, beside the library that it calls'
            cand assets 'Writes completions and manual pages'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rotortree;help;init'= {
        }
        &'rotortree;help;append'= {
        }
        &'rotortree;help;head'= {
        }
        &'rotortree;help;root'= {
        }
        &'rotortree;help;prove'= {
        }
        &'rotortree;help;prove-many'= {
        }
        &'rotortree;help;consistency'= {
        }
        &'rotortree;help;find'= {
        }
        &'rotortree;help;index'= {
        }
        &'rotortree;help;verify'= {
        }
        &'rotortree;help;leaves'= {
        }
        &'rotortree;help;info'= {
        }
        &'rotortree;help;check'= {
        }
        &'rotortree;help;log'= {
        }
        &'rotortree;help;recover'= {
        }
        &'rotortree;help;checkpoint'= {
        }
        &'rotortree;help;backup'= {
        }
        &'rotortree;help;copy'= {
        }
        &'rotortree;help;import'= {
        }
        &'rotortree;help;publish'= {
        }
        &'rotortree;help;serve'= {
        }
        &'rotortree;help;bench'= {
        }
        &'rotortree;help;assets'= {
        }
        &'rotortree;help;help'= {
        }
    ]
    $completions[$command]
}
