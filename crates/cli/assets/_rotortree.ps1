
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rotortree' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rotortree'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rotortree' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Creates an empty tree')
            [CompletionResult]::new('append', 'append', [CompletionResultType]::ParameterValue, 'Appends leaves from a file or the standard input')
            [CompletionResult]::new('head', 'head', [CompletionResultType]::ParameterValue, 'Prints size and root: what a client keeps and trusts')
            [CompletionResult]::new('root', 'root', [CompletionResultType]::ParameterValue, 'Prints the root, now or at an earlier size')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Proves that a leaf stands at its index')
            [CompletionResult]::new('prove-many', 'prove-many', [CompletionResultType]::ParameterValue, 'Proves many leaves, each by itself or all at once')
            [CompletionResult]::new('consistency', 'consistency', [CompletionResultType]::ParameterValue, 'Proves that the tree only grew')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'Finds the index of a leaf')
            [CompletionResult]::new('index', 'index', [CompletionResultType]::ParameterValue, 'Makes the index by which leaves are found at once, or adds new leaves to it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verifies a proof against a head; needs no tree')
            [CompletionResult]::new('leaves', 'leaves', [CompletionResultType]::ParameterValue, 'Prints leaves')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Says what a tree is, and how far it got')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Compares every stored byte with its checksum and every node with its children')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Prints the records of the log, also of a damaged tree')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Says what a looser recovery would keep of a damaged tree, and does it when told to')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Moves all leaves from the log to their levels')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Copies a tree to another place, or extends an earlier backup')
            [CompletionResult]::new('copy', 'copy', [CompletionResultType]::ParameterValue, 'Copies a backup, or a tree that no process has open, to another place and checks it')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Copies a backup, or a tree that no process has open, to another place and checks it')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Appends the leaves of a tree of another program, and compares its nodes')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publishes a log of RFC 6962 as static files')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measures this command at a place, beside the library that it calls')
            [CompletionResult]::new('assets', 'assets', [CompletionResultType]::ParameterValue, 'Writes completions and manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rotortree;init' {
            [CompletionResult]::new('--hash', '--hash', [CompletionResultType]::ParameterName, 'The hash function of nodes')
            [CompletionResult]::new('--arity', '--arity', [CompletionResultType]::ParameterName, 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'The most hash layers, 1 to 64')
            [CompletionResult]::new('--level-stride', '--level-stride', [CompletionResultType]::ParameterName, 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;append' {
            [CompletionResult]::new('--form', '--form', [CompletionResultType]::ParameterName, 'How the leaves are written')
            [CompletionResult]::new('--index-file', '--index-file', [CompletionResultType]::ParameterName, 'The file of the index [default: PLACE.index, beside a directory]')
            [CompletionResult]::new('--hash', '--hash', [CompletionResultType]::ParameterName, 'The hash function of nodes')
            [CompletionResult]::new('--arity', '--arity', [CompletionResultType]::ParameterName, 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'The most hash layers, 1 to 64')
            [CompletionResult]::new('--level-stride', '--level-stride', [CompletionResultType]::ParameterName, 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Leaves in a batch: a batch is in the tree whole or not at all')
            [CompletionResult]::new('--durability', '--durability', [CompletionResultType]::ParameterName, 'When leaves are waited for until they are on disk')
            [CompletionResult]::new('--hash-lines', '--hash-lines', [CompletionResultType]::ParameterName, 'Hashes each line to a leaf: with the tree''s function, for rfc6962 with its leaf hash')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Goes on where the input and the tree agree, and stops at the first leaf that differs')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Creates the tree if there is none')
            [CompletionResult]::new('--unique', '--unique', [CompletionResultType]::ParameterName, 'Stops at a leaf that the tree has already; makes and keeps its index')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;head' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;root' {
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'The root at the time when the tree had SIZE leaves')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;prove' {
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Proves it for the head of the tree when it had SIZE leaves')
            [CompletionResult]::new('--index-file', '--index-file', [CompletionResultType]::ParameterName, 'The file of the index [default: PLACE.index, beside a directory]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the proof')
            [CompletionResult]::new('--levels', '--levels', [CompletionResultType]::ParameterName, 'Levels of the circuit, for circom [default: those of the proof]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;prove-many' {
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Proves the leaves for the head of the tree when it had SIZE leaves')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the proof')
            [CompletionResult]::new('--levels', '--levels', [CompletionResultType]::ParameterName, 'Levels of the circuit, for circom [default: those of the proof]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--one', '--one', [CompletionResultType]::ParameterName, 'Makes one proof for all leaves: a range proof of a run of them, else a multiproof')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;consistency' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'The form of the proof')
            [CompletionResult]::new('--levels', '--levels', [CompletionResultType]::ParameterName, 'Levels of the circuit, for circom [default: those of the proof]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Writes to a file')
            [CompletionResult]::new('--leaves', '--leaves', [CompletionResultType]::ParameterName, 'Also proves which leaves came')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;find' {
            [CompletionResult]::new('--index-file', '--index-file', [CompletionResultType]::ParameterName, 'The file of the index [default: PLACE.index, beside a directory]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;index' {
            [CompletionResult]::new('--index-file', '--index-file', [CompletionResultType]::ParameterName, 'The file of the index [default: PLACE.index, beside a directory]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;verify' {
            [CompletionResult]::new('--head', '--head', [CompletionResultType]::ParameterName, 'The head that you trust: SIZE:ROOT, or a file with it or with the output of `head --json`')
            [CompletionResult]::new('--old', '--old', [CompletionResultType]::ParameterName, 'The earlier head, for a proof that the tree only grew')
            [CompletionResult]::new('--hash', '--hash', [CompletionResultType]::ParameterName, 'The hash function of the tree [default: the head file''s, or blake3]')
            [CompletionResult]::new('--arity', '--arity', [CompletionResultType]::ParameterName, 'Children of a node [default: the head file''s, or that of the hash function]')
            [CompletionResult]::new('--index', '--index', [CompletionResultType]::ParameterName, 'Also asks that the proof is about this index; some forms do not say theirs')
            [CompletionResult]::new('--leaf', '--leaf', [CompletionResultType]::ParameterName, 'Also asks that the proof is about this leaf; some forms do not say theirs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;leaves' {
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Prints records of 32 bytes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;info' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;check' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;log' {
            [CompletionResult]::new('--leaves', '--leaves', [CompletionResultType]::ParameterName, 'Prints the leaves of each record too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;recover' {
            [CompletionResult]::new('--apply', '--apply', [CompletionResultType]::ParameterName, 'Does it: cuts a damaged log at its last valid entry, and keeps the bytes that are cut')
            [CompletionResult]::new('--accept-loss', '--accept-loss', [CompletionResultType]::ParameterName, 'Also takes a cut that leaves no leaf')
            [CompletionResult]::new('--acknowledge', '--acknowledge', [CompletionResultType]::ParameterName, 'Ends the telling of cuts whose loss is dealt with')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;checkpoint' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;backup' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;copy' {
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Refuses a source that does not contain this head')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;restore' {
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Refuses a source that does not contain this head')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;import' {
            [CompletionResult]::new('--hash', '--hash', [CompletionResultType]::ParameterName, 'The hash function of the tree')
            [CompletionResult]::new('--zeros', '--zeros', [CompletionResultType]::ParameterName, 'Takes zeros as leaves. In a group a zero is a removed member, which an append-only tree cannot have')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;publish' {
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'The name of the log: a URL without its scheme')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The file of the secret key that signs checkpoints')
            [CompletionResult]::new('--entries', '--entries', [CompletionResultType]::ParameterName, 'The file whose lines were appended with --hash-lines')
            [CompletionResult]::new('--create-key', '--create-key', [CompletionResultType]::ParameterName, 'Makes the key first; the file must not exist')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'The address to listen at; port 0 is any free one')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file with the tokens, one on each line, read again each second [default: the token in ROTORTREE_TOKEN]')
            [CompletionResult]::new('--metrics-token-file', '--metrics-token-file', [CompletionResultType]::ParameterName, 'Shows /metrics to clients with a token of this file alone, as Prometheus has in `authorization`')
            [CompletionResult]::new('--tiles', '--tiles', [CompletionResultType]::ParameterName, 'Serves the folder that `publish` fills: /checkpoint and /tile/..')
            [CompletionResult]::new('--connections', '--connections', [CompletionResultType]::ParameterName, 'The most connections at once; fewer where the limit on open files is lower')
            [CompletionResult]::new('--expose', '--expose', [CompletionResultType]::ParameterName, 'Permits an address that other machines reach. There is no TLS: a proxy in front has it')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Takes leaves from clients that show a token')
            [CompletionResult]::new('--standby', '--standby', [CompletionResultType]::ParameterName, 'Reads alone while another process owns the tree, and takes the place once it has no owner')
            [CompletionResult]::new('--index', '--index', [CompletionResultType]::ParameterName, 'Keeps an index, so that a leaf is found at once; takes 8 bytes of memory a leaf')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;bench' {
            [CompletionResult]::new('--leaves', '--leaves', [CompletionResultType]::ParameterName, 'Leaves of each append')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'Repetitions; the median counts')
            [CompletionResult]::new('--hash', '--hash', [CompletionResultType]::ParameterName, 'The hash function of nodes')
            [CompletionResult]::new('--arity', '--arity', [CompletionResultType]::ParameterName, 'Children of a node: 2, 3, 4, 8 or 16 [default: 2 for rfc6962 and poseidon, else 4]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'The most hash layers, 1 to 64')
            [CompletionResult]::new('--level-stride', '--level-stride', [CompletionResultType]::ParameterName, 'Store every s-th level of nodes and hash the others; 1 stores all [default: what suits the hash function]')
            [CompletionResult]::new('--svg', '--svg', [CompletionResultType]::ParameterName, 'Draws the rates to a file')
            [CompletionResult]::new('--library', '--library', [CompletionResultType]::ParameterName, 'Does a task of the library at PLACE and prints its nanoseconds: a process of the measurement')
            [CompletionResult]::new('--fed', '--fed', [CompletionResultType]::ParameterName, 'The file of records that such a task reads its leaves from')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;assets' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints JSON, one document a line, and errors as JSON on the error output')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rotortree;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Creates an empty tree')
            [CompletionResult]::new('append', 'append', [CompletionResultType]::ParameterValue, 'Appends leaves from a file or the standard input')
            [CompletionResult]::new('head', 'head', [CompletionResultType]::ParameterValue, 'Prints size and root: what a client keeps and trusts')
            [CompletionResult]::new('root', 'root', [CompletionResultType]::ParameterValue, 'Prints the root, now or at an earlier size')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Proves that a leaf stands at its index')
            [CompletionResult]::new('prove-many', 'prove-many', [CompletionResultType]::ParameterValue, 'Proves many leaves, each by itself or all at once')
            [CompletionResult]::new('consistency', 'consistency', [CompletionResultType]::ParameterValue, 'Proves that the tree only grew')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'Finds the index of a leaf')
            [CompletionResult]::new('index', 'index', [CompletionResultType]::ParameterValue, 'Makes the index by which leaves are found at once, or adds new leaves to it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verifies a proof against a head; needs no tree')
            [CompletionResult]::new('leaves', 'leaves', [CompletionResultType]::ParameterValue, 'Prints leaves')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Says what a tree is, and how far it got')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Compares every stored byte with its checksum and every node with its children')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Prints the records of the log, also of a damaged tree')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Says what a looser recovery would keep of a damaged tree, and does it when told to')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Moves all leaves from the log to their levels')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Copies a tree to another place, or extends an earlier backup')
            [CompletionResult]::new('copy', 'copy', [CompletionResultType]::ParameterValue, 'Copies a backup, or a tree that no process has open, to another place and checks it')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Appends the leaves of a tree of another program, and compares its nodes')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publishes a log of RFC 6962 as static files')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serves a tree over HTTP: heads, leaves, proofs and, if told to, durable appends')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measures this command at a place, beside the library that it calls')
            [CompletionResult]::new('assets', 'assets', [CompletionResultType]::ParameterValue, 'Writes completions and manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rotortree;help;init' {
            break
        }
        'rotortree;help;append' {
            break
        }
        'rotortree;help;head' {
            break
        }
        'rotortree;help;root' {
            break
        }
        'rotortree;help;prove' {
            break
        }
        'rotortree;help;prove-many' {
            break
        }
        'rotortree;help;consistency' {
            break
        }
        'rotortree;help;find' {
            break
        }
        'rotortree;help;index' {
            break
        }
        'rotortree;help;verify' {
            break
        }
        'rotortree;help;leaves' {
            break
        }
        'rotortree;help;info' {
            break
        }
        'rotortree;help;check' {
            break
        }
        'rotortree;help;log' {
            break
        }
        'rotortree;help;recover' {
            break
        }
        'rotortree;help;checkpoint' {
            break
        }
        'rotortree;help;backup' {
            break
        }
        'rotortree;help;copy' {
            break
        }
        'rotortree;help;import' {
            break
        }
        'rotortree;help;publish' {
            break
        }
        'rotortree;help;serve' {
            break
        }
        'rotortree;help;bench' {
            break
        }
        'rotortree;help;assets' {
            break
        }
        'rotortree;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
