// Logs checks what rotortree wrote with golang.org/x/mod/sumdb, and writes what rotortree checks.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	origin = "example.com/log"
	pairs  = 130
	size   = 70000
)

func entry(index int64) []byte {
	return []byte(fmt.Sprintf("entry %d", index))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func check(holds bool, what string, args ...interface{}) {
	if !holds {
		log.Fatalf(what, args...)
	}
}

// stored is a log in memory.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = s[index]
	}
	return hashes, nil
}

// path is where C2SP has a tile: without its height.
func path(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
}

// tiles are those of the log. NewTiles names a partial tile in every width up to its own.
func tiles() []tlog.Tile {
	var list []tlog.Tile
	for _, tile := range tlog.NewTiles(8, 0, size) {
		if tile.W == 256 || int64(tile.W) == size>>(8*tile.L)&255 {
			list = append(list, tile)
		}
	}
	return list
}

// place reads tiles of height 8 from a folder.
type place string

func (p place) Height() int { return 8 }

func (p place) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(p), path(tile)))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (p place) SaveTiles([]tlog.Tile, [][]byte) {}

// cosigner verifies the cosignatures of one witness, from the words of the specification.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	check(len(key) == 33 && key[0] == 4, "not a key for cosignatures: %s", vkey)
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:4])
	check(fmt.Sprintf("%08x", hash) == parts[1], "the ID of %s", vkey)
	return cosigner{parts[0], hash, key[1:]}
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	time := binary.BigEndian.Uint64(sig[:8])
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

// counts are of what was compared here.
type counts struct{ roots, inclusion, consistency, tiles, notes int }

func hashes(words []string) []tlog.Hash {
	var list []tlog.Hash
	for _, word := range words {
		hash, err := tlog.ParseHash(word)
		must(err)
		list = append(list, hash)
	}
	return list
}

func number(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	must(err)
	return n
}

func root(n int64, s stored) tlog.Hash {
	if n == 0 {
		return sha256.Sum256(nil)
	}
	hash, err := tlog.TreeHash(n, s)
	must(err)
	return hash
}

// checkOurs verifies every proof that rotortree wrote.
func checkOurs(file string, s stored, c *counts) {
	ours, err := os.Open(file)
	must(err)
	defer ours.Close()
	lines := bufio.NewScanner(ours)
	for lines.Scan() {
		words := strings.Split(lines.Text(), " ")
		switch words[0] {
		case "root":
			n := number(words[1])
			check(hashes(words[2:])[0] == root(n, s), "the root of size %d", n)
			c.roots++
		case "inclusion":
			t, n := number(words[1]), number(words[2])
			must(tlog.CheckRecord(hashes(words[3:]), t, root(t, s), n, tlog.RecordHash(entry(n))))
			c.inclusion++
		case "consistency":
			n, t := number(words[1]), number(words[2])
			must(tlog.CheckTree(hashes(words[3:]), t, root(t, s), n, root(n, s)))
			c.consistency++
		default:
			log.Fatalf("an unknown line: %s", lines.Text())
		}
	}
	must(lines.Err())
}

// checkPlace verifies the note, the tiles and the bundles that rotortree published.
func checkPlace(folder string, s stored, c *counts) {
	at := filepath.Join(folder, "place")
	keys, err := os.ReadFile(filepath.Join(folder, "keys.txt"))
	must(err)
	lines := strings.Split(string(keys), "\n")
	verifier, err := note.NewVerifier(lines[0])
	must(err)
	message, err := os.ReadFile(filepath.Join(at, "checkpoint"))
	must(err)
	opened, err := note.Open(message, note.VerifierList(verifier, newCosigner(lines[1])))
	must(err)
	check(len(opened.Sigs) == 2 && len(opened.UnverifiedSigs) == 0, "two signatures are verified")
	treeHash := root(size, s)
	check(opened.Text == fmt.Sprintf("%s\n%d\n%s\n", origin, size, treeHash), "the text: %q", opened.Text)
	c.notes += 2

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: treeHash}, place(at))
	for n := int64(0); n < size; n += 499 {
		proof, err := tlog.ProveRecord(size, n, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, treeHash, n, tlog.RecordHash(entry(n))))
		c.inclusion++
		proofOf, err := tlog.ProveTree(size, n+1, reader)
		must(err)
		must(tlog.CheckTree(proofOf, size, treeHash, n+1, root(n+1, s)))
		c.consistency++
	}
	for _, tile := range tiles() {
		expected, err := tlog.ReadTileData(tile, s)
		must(err)
		found, err := os.ReadFile(filepath.Join(at, path(tile)))
		must(err)
		check(bytes.Equal(expected, found), "%s differs", path(tile))
		c.tiles++
		if tile.L == 0 {
			found, err := os.ReadFile(filepath.Join(at, bundlePath(tile)))
			must(err)
			check(bytes.Equal(bundle(tile), found), "%s differs", bundlePath(tile))
			c.tiles++
		}
	}
}

func bundlePath(tile tlog.Tile) string {
	return "tile/entries/" + strings.TrimPrefix(path(tile), "tile/0/")
}

func bundle(tile tlog.Tile) []byte {
	var data []byte
	for n := tile.N << 8; n < tile.N<<8+int64(tile.W); n++ {
		data = binary.BigEndian.AppendUint16(data, uint16(len(entry(n))))
		data = append(data, entry(n)...)
	}
	return data
}

func write(file string, data []byte) {
	must(os.MkdirAll(filepath.Dir(file), 0o755))
	must(os.WriteFile(file, data, 0o644))
}

// publish writes the same log with a key of Go's.
func publish(folder string, s stored) {
	at := filepath.Join(folder, "go-place")
	for _, tile := range tiles() {
		data, err := tlog.ReadTileData(tile, s)
		must(err)
		write(filepath.Join(at, path(tile)), data)
		if tile.L == 0 {
			write(filepath.Join(at, bundlePath(tile)), bundle(tile))
		}
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root(size, s))
	message, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	write(filepath.Join(at, "checkpoint"), message)
	write(filepath.Join(folder, "go-key.txt"), []byte(vkey+"\n"))
}

// writeTheirs writes every proof of the small logs, as Go makes them.
func writeTheirs(file string, s stored, c counts) {
	out, err := os.Create(file)
	must(err)
	lines := bufio.NewWriter(out)
	put := func(words string, list []tlog.Hash) {
		fmt.Fprint(lines, words)
		for _, hash := range list {
			fmt.Fprintf(lines, " %s", hash)
		}
		fmt.Fprintln(lines)
	}
	for t := int64(0); t <= pairs; t++ {
		put(fmt.Sprintf("root %d", t), []tlog.Hash{root(t, s)})
		for n := int64(0); n < t; n++ {
			proof, err := tlog.ProveRecord(t, n, s)
			must(err)
			put(fmt.Sprintf("inclusion %d %d", t, n), proof)
			tree, err := tlog.ProveTree(t, n+1, s)
			must(err)
			put(fmt.Sprintf("consistency %d %d", n+1, t), tree)
		}
	}
	fmt.Fprintf(lines, "compared %d %d %d %d %d\n", c.roots, c.inclusion, c.consistency, c.tiles, c.notes)
	must(lines.Flush())
	must(out.Close())
}

func main() {
	log.SetFlags(log.Lshortfile)
	if len(os.Args) != 2 {
		must(errors.New("usage: logs FOLDER"))
	}
	folder := os.Args[1]
	var s stored
	for n := int64(0); n < size; n++ {
		added, err := tlog.StoredHashes(n, entry(n), s)
		must(err)
		s = append(s, added...)
	}
	var c counts
	checkOurs(filepath.Join(folder, "ours.txt"), s, &c)
	checkPlace(folder, s, &c)
	publish(folder, s)
	writeTheirs(filepath.Join(folder, "theirs.txt"), s, c)
}
