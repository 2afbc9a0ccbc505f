// Command sumdb holds Handoff's log against Go's x/mod, which shares no code
// with it.
//
// A log that is only ever checked by its own code can be wrong in both places
// at once. Here the tree hashes, the proofs and the note signatures come from
// golang.org/x/mod/sumdb, the code behind Go's checksum database. What x/mod
// has no parser for (the checkpoint's text, the tlog-proof header, the entry
// bundles) is parsed in this folder, from the C2SP specifications. Each byte is
// read strictly: base64 and decimals have one accepted spelling, and a tile
// that the tree's size does not ask for is refused.
//
//	sumdb tree DIR VKEY
//	sumdb proof VKEY LINEFILE < proof.tlog-proof
//	sumdb consistency VKEY OLDNOTE NEWNOTE < consistency.json
//	sumdb flip DIR VKEY all|COUNT [SEED]
//
// It exits 0 with a line on stdout when it accepts, 1 with a line on stderr
// when it refuses, and 2 when it is called wrongly. A further command,
// "sumdb make DIR N", writes a correct log to test this tool with.
//
// Built with Debian's golang-golang-x-mod-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build ./tests/support/sumdb
package main

import (
	"bytes"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	cmd, args := os.Args[1], os.Args[2:]
	switch {
	case cmd == "tree" && len(args) == 2:
		l, err := audit(load(args[0]), newVerifier(args[1]), rand.New(rand.NewSource(time.Now().UnixNano())))
		check(err)
		fmt.Printf("ok size=%d root=%v entries=%d\n", l.tree.N, l.tree.Hash, len(l.entries))
	case cmd == "proof" && len(args) == 2:
		checkProof(newVerifier(args[0]), read(args[1]))
	case cmd == "consistency" && len(args) == 3:
		checkConsistency(newVerifier(args[0]), read(args[1]), read(args[2]))
	case cmd == "flip" && (len(args) == 3 || len(args) == 4):
		count, seed := -1, number(append(args, "1")[3])
		if args[2] != "all" {
			count = int(number(args[2]))
		}
		flip(load(args[0]), newVerifier(args[1]), count, rand.New(rand.NewSource(seed)))
	case cmd == "make" && len(args) == 2:
		makeLog(args[0], number(args[1]))
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: sumdb tree DIR VKEY | proof VKEY LINEFILE |",
		"consistency VKEY OLDNOTE NEWNOTE | flip DIR VKEY all|COUNT [SEED]")
	os.Exit(2)
}

// number parses an argument.
func number(s string) int64 {
	n, err := decimal(s)
	if err != nil {
		usage()
	}
	return n
}

// refuse ends the command, as check does if there is an error.
func refuse(format string, args ...any) {
	s := fmt.Sprintf("sumdb: "+format, args...)
	fmt.Fprintln(os.Stderr, strings.ReplaceAll(s, "\n", " "))
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		refuse("%v", err)
	}
}

func read(file string) []byte {
	data, err := os.ReadFile(file)
	check(err)
	return data
}

// newVerifier is note.NewVerifier for the one canonical spelling of a key.
func newVerifier(vkey string) note.Verifier {
	v, err := note.NewVerifier(vkey)
	check(err)
	f := strings.SplitN(vkey, "+", 3)
	if _, err := decode64(f[2]); err != nil || f[1] != fmt.Sprintf("%08x", v.KeyHash()) {
		refuse("malformed verifier id")
	}
	return v
}

// checkProof checks the tlog-proof on stdin for a leaf.
func checkProof(v note.Verifier, leaf []byte) {
	msg, err := io.ReadAll(os.Stdin)
	check(err)
	header, checkpoint, ok := strings.Cut(string(msg), "\n\n")
	lines := strings.Split(header, "\n")
	if len(lines) > 2 && strings.HasPrefix(lines[1], "extra ") {
		if extra, err := decode64(lines[1][len("extra "):]); err != nil || len(extra) == 0 {
			refuse("proof: bad extra line")
		}
		lines = append(lines[:1], lines[2:]...)
	}
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		refuse("proof: not a tlog-proof")
	}
	index, err := decimal(lines[1][len("index "):])
	check(err)
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		h, err := parseHash(line)
		check(err)
		proof = append(proof, h)
	}
	tree, err := openCheckpoint([]byte(checkpoint), v)
	check(err)
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf)))
	fmt.Printf("ok index=%d size=%d root=%v\n", index, tree.N, tree.Hash)
}

// checkConsistency checks, with the proof on stdin, that a tree only grew.
func checkConsistency(v note.Verifier, oldNote, newNote []byte) {
	older, err := openCheckpoint(oldNote, v)
	check(err)
	newer, err := openCheckpoint(newNote, v)
	check(err)
	proof := readHashes()
	switch {
	case older.N > newer.N:
		refuse("the tree shrank from %d to %d", older.N, newer.N)
	case older.N == newer.N && older.Hash != newer.Hash:
		refuse("two roots for size %d", newer.N)
	case older.N != newer.N && older.N != 0:
		check(tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash))
	case len(proof) != 0:
		refuse("the proof from %d to %d has to be empty", older.N, newer.N)
	}
	fmt.Printf("ok old=%d new=%d root=%v\n", older.N, newer.N, newer.Hash)
}

// readHashes reads {"hashes":["base64",…]} from stdin, token by token, as
// Unmarshal lets repeated and unknown names through.
func readHashes() (proof tlog.TreeProof) {
	dec := json.NewDecoder(os.Stdin)
	want := func(tokens ...json.Token) {
		for _, want := range tokens {
			if got, err := dec.Token(); err != nil || got != want {
				refuse("want %v in the JSON, got %v", want, got)
			}
		}
	}
	want(json.Delim('{'), "hashes", json.Delim('['))
	for dec.More() {
		t, _ := dec.Token()
		s, _ := t.(string)
		h, err := parseHash(s)
		check(err)
		proof = append(proof, h)
	}
	want(json.Delim(']'), json.Delim('}'))
	if _, err := dec.Token(); err != io.EOF {
		refuse("more after the JSON")
	}
	return proof
}

// flip audits an export, then changes one byte at a time and insists that each
// change is refused: of every byte if count is negative, else of count random
// ones.
func flip(files map[string][]byte, v note.Verifier, count int, rng *rand.Rand) {
	l, err := audit(files, v, rng)
	check(err)
	targets := append([]tlog.Tile{checkpointFile}, l.tiles...)
	var copies [][]byte
	var ends []int // of the targets, laid end to end
	total := 0
	for _, t := range targets {
		copies = append(copies, append([]byte(nil), files[path(t)]...))
		total += len(files[path(t)])
		ends = append(ends, total)
	}
	all := count < 0
	if all {
		count = total
	}
	audits := map[int]int{}
	for at := 0; at < count; at++ {
		pos, xor := at, byte(1+rng.Intn(255))
		if !all {
			pos = rng.Intn(total)
		}
		k := sort.SearchInts(ends, pos+1)
		t, data, i := targets[k], copies[k], pos-ends[k]+len(copies[k])
		data[i] ^= xor
		err := l.recheck(t, data, v)
		if err != nil && audits[t.L] < 3 {
			// recheck is quick but partial: have the whole audit agree.
			audits[t.L]++
			old := files[path(t)]
			files[path(t)] = data
			_, err = audit(files, v, rng)
			files[path(t)] = old
		}
		if err == nil {
			refuse("%s: accepted with byte %d xor 0x%02x", path(t), i, xor)
		}
		data[i] ^= xor
	}
	fmt.Printf("refused all %d changes\n", count)
}

const (
	height = 8           // of a tlog-tiles tile
	width  = 1 << height // of a full one
)

// A log is an export; once audited, its entries and hashes are bound to the
// root that the checkpoint signs.
type log struct {
	tree    tlog.Tree
	files   map[string][]byte // by path
	tiles   []tlog.Tile       // those of the tree's size
	entries [][]byte
	stored  hashes
}

// hashes are a tree's, in the order of tlog.StoredHashIndex.
type hashes []tlog.Hash

func (s hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

// add adds the next entry, number n.
func (s *hashes) add(n int, entry []byte) error {
	h, err := tlog.StoredHashes(int64(n), entry, *s)
	*s = append(*s, h...)
	return err
}

// checkpointFile stands for the checkpoint among the tiles.
var checkpointFile = tlog.Tile{H: height, L: -2}

// path is a file's in tlog-tiles; tlog's own are tile/8/0/000, tile/8/data/000.
func path(t tlog.Tile) string {
	if t == checkpointFile {
		return "checkpoint"
	}
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	return "tile/" + strings.Replace(p, "data/", "entries/", 1)
}

// layout lists the tiles of a tree, from the bundles (at level -1) upwards.
func layout(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level, count := -1, size; count > 0; level++ {
		for n := int64(0); n < count; n += width {
			w := width
			if count-n < width {
				w = int(count - n)
			}
			tiles = append(tiles, tlog.Tile{H: height, L: level, N: n / width, W: w})
		}
		if level >= 0 {
			count /= width
		}
	}
	return tiles
}

// The log is a tlog.TileReader of its files.
func (l *log) Height() int                         { return height }
func (l *log) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		out[i] = l.files[path(t)] // if missing, of a length that tlog refuses
	}
	return out, nil
}

// load reads an export's checkpoint and everything below its tile folder.
func load(dir string) map[string][]byte {
	files := map[string][]byte{"checkpoint": read(filepath.Join(dir, "checkpoint"))}
	fsys := os.DirFS(dir)
	check(fs.WalkDir(fsys, "tile", func(name string, d fs.DirEntry, err error) error {
		if name == "tile" && errors.Is(err, fs.ErrNotExist) {
			return nil // as for the empty tree
		}
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s: not a regular file", name)
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	}))
	return files
}

// audit checks a whole export.
func audit(files map[string][]byte, v note.Verifier, rng *rand.Rand) (*log, error) {
	l := &log{files: files}
	var err error
	if l.tree, err = openCheckpoint(files["checkpoint"], v); err != nil {
		return nil, err
	}
	if l.tree.N > int64(len(files))*width {
		return nil, fmt.Errorf("checkpoint: too few files for size %d", l.tree.N)
	}
	l.tiles = layout(l.tree.N)
	want := map[string]bool{"checkpoint": true}
	for _, t := range l.tiles {
		want[path(t)] = true
		if files[path(t)] == nil {
			return nil, fmt.Errorf("%s: missing", path(t))
		}
	}
	for name := range files {
		if !want[name] {
			return nil, fmt.Errorf("%s: not a file of a tree of %d", name, l.tree.N)
		}
	}
	if l.tree.N == 0 {
		return l, nil // openCheckpoint has checked the root
	}
	if err := l.derive(); err != nil {
		return nil, err
	}
	for _, t := range l.tiles {
		if err := l.recheck(t, files[path(t)], v); err != nil {
			return nil, fmt.Errorf("%s: %v", path(t), err)
		}
	}
	return l, l.prove(rng)
}

// derive rebuilds the tree from the entries alone, up to the signed root.
func (l *log) derive() error {
	for _, t := range l.tiles {
		if t.L >= 0 {
			break
		}
		bundle, err := parseBundle(l.files[path(t)], t.W)
		if err != nil {
			return fmt.Errorf("%s: %v", path(t), err)
		}
		for _, entry := range bundle {
			n := len(l.entries)
			if err := checkEntry(entry, n); err != nil {
				return fmt.Errorf("%s: entry %d: %v", path(t), n, err)
			}
			check(l.stored.add(n, entry))
			l.entries = append(l.entries, entry)
		}
	}
	root, err := tlog.TreeHash(l.tree.N, l.stored)
	if err == nil && root != l.tree.Hash {
		err = fmt.Errorf("checkpoint: signs root %v, the entries give %v", l.tree.Hash, root)
	}
	return err
}

// recheck checks data as t's file against the derived tree.
func (l *log) recheck(t tlog.Tile, data []byte, v note.Verifier) error {
	if t == checkpointFile {
		_, err := openCheckpoint(data, v)
		return err
	}
	if t.L < 0 {
		bundle, err := parseBundle(data, t.W)
		for i, entry := range bundle {
			n := t.N*width + int64(i)
			// The same entry has the same hash.
			if !bytes.Equal(entry, l.entries[n]) &&
				tlog.RecordHash(entry) != l.stored[tlog.StoredHashIndex(0, n)] {
				return fmt.Errorf("entry %d is not the tree's", n)
			}
		}
		return err
	}
	// Not with a TileHashReader: it skips len(stx) tiles as authenticated, but
	// its list has only the distinct ones of these, so others slip through.
	want, err := tlog.ReadTileData(t, l.stored)
	if err == nil && !bytes.Equal(data, want) {
		err = errors.New("not the tree's hashes")
	}
	return err
}

// prove proves, from the tiles, that entries are in the tree and that it grew
// out of older ones.
func (l *log) prove(rng *rand.Rand) error {
	r, size := tlog.TileHashReader(l.tree, l), l.tree.N
	for _, n := range sample(rng, size, 2000) {
		p, err := tlog.ProveRecord(size, n, r)
		if err == nil {
			err = tlog.CheckRecord(p, size, l.tree.Hash, n, tlog.RecordHash(l.entries[n]))
		}
		if err != nil {
			return fmt.Errorf("inclusion of %d in %d: %v", n, size, err)
		}
	}
	for _, n := range sample(rng, size, 200) {
		n++ // the size of the tree that ends there
		root, err := tlog.TreeHash(n, l.stored)
		check(err)
		p, err := tlog.ProveTree(size, n, r)
		if err == nil {
			err = tlog.CheckTree(p, size, l.tree.Hash, n, root)
		}
		if err != nil {
			return fmt.Errorf("consistency from %d to %d: %v", n, size, err)
		}
	}
	return nil
}

// sample returns the indexes below size if there are max, or else max random
// ones, the first and the last.
func sample(rng *rand.Rand, size int64, max int) []int64 {
	var out []int64
	for _, n := range rng.Perm(int(size)) {
		if len(out) < max || n == 0 || int64(n) == size-1 {
			out = append(out, int64(n))
		}
	}
	return out
}

// openCheckpoint opens a checkpoint that the key signed, under the key's own
// name. A note may carry signatures by others: no change to those is refused.
func openCheckpoint(msg []byte, v note.Verifier) (tree tlog.Tree, err error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return tree, fmt.Errorf("checkpoint: %v", err)
	}
	// x/mod skips a repeated signature and the spare bits of its base64.
	_, err = decode64(n.Sigs[0].Base64)
	if err != nil || bytes.Count(msg[len(n.Text)+1:], []byte("\n")) != 1+len(n.UnverifiedSigs) {
		return tree, errors.New("checkpoint: repeated or not canonical signature")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() || lines[3] != "" {
		return tree, errors.New("checkpoint: not three lines, with the key's name first")
	}
	tree.N, err = decimal(lines[1])
	if err == nil {
		tree.Hash, err = parseHash(lines[2])
	}
	if err == nil && tree.N == 0 && tree.Hash != sha256.Sum256(nil) {
		err = errors.New("checkpoint: not the empty tree's root")
	}
	return tree, err
}

// parseBundle splits an entry bundle of exactly w entries.
func parseBundle(data []byte, w int) ([][]byte, error) {
	bundle := make([][]byte, 0, w)
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("entry %d of the bundle is cut off", len(bundle))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		bundle = append(bundle, data[2:end])
		data = data[end:]
	}
	if len(bundle) != w {
		return nil, fmt.Errorf("%d entries, not %d", len(bundle), w)
	}
	return bundle, nil
}

// checkEntry checks that an entry is a JSON object with one "n", its index.
func checkEntry(entry []byte, index int) error {
	dec := json.NewDecoder(bytes.NewReader(entry))
	t, err := dec.Token()
	if err != nil || t != json.Delim('{') || !json.Valid(entry) || !utf8.Valid(entry) {
		return errors.New("not a JSON object")
	}
	var found []string
	for dec.More() {
		var value json.RawMessage
		name, _ := dec.Token()
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if name == "n" {
			found = append(found, string(value))
		}
	}
	if len(found) != 1 || found[0] != strconv.Itoa(index) {
		return fmt.Errorf("its n is %v", found)
	}
	return nil
}

// decimal parses a number that has no sign and no leading zero. It stops short
// of sizes at which tlog's own arithmetic would overflow.
func decimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<60 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("bad number %q", s)
	}
	return n, nil
}

// decode64 decodes base64 in its canonical form only.
func decode64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, fmt.Errorf("bad base64 %q", s)
	}
	return b, nil
}

func parseHash(s string) (h tlog.Hash, err error) {
	b, err := decode64(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("bad hash %q", s)
	}
	return *(*tlog.Hash)(b), nil
}

// makeLog writes a correct log of n entries under a fresh key to a new folder.
func makeLog(dir string, n int64) {
	skey, vkey, err := note.GenerateKey(crand.Reader, "example.com/handoff-sumdb")
	check(err)
	signer, err := note.NewSigner(skey)
	check(err)
	check(os.Mkdir(dir, 0o777))
	write := func(t tlog.Tile, data []byte) {
		file := filepath.Join(dir, path(t))
		check(os.MkdirAll(filepath.Dir(file), 0o777))
		check(os.WriteFile(file, data, 0o666))
	}
	var stored hashes
	for _, t := range layout(n) {
		if t.L >= 0 {
			data, err := tlog.ReadTileData(t, stored)
			check(err)
			write(t, data)
			continue
		}
		var bundle []byte
		for at := int(t.N) * width; at < int(t.N)*width+t.W; at++ {
			entry := fmt.Sprintf(`{"n":%d,"note":"%s"}`, at, strings.Repeat("è", rand.Intn(400)))
			check(stored.add(at, []byte(entry)))
			bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
			bundle = append(bundle, entry...)
		}
		write(t, bundle)
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if n > 0 {
		root, err = tlog.TreeHash(n, stored)
		check(err)
	}
	msg, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%v\n", signer.Name(), n, root)}, signer)
	check(err)
	write(checkpointFile, msg)
	fmt.Println(vkey)
}
