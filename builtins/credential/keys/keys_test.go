package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// boards is a Shelf in memory.
type boards struct{ wrapped []Wrapped }

func (b *boards) Wrapped(context.Context) ([]Wrapped, error) { return slices.Clone(b.wrapped), nil }

// newRing is a Ring on a key file that is not there, with one key.
func newRing(t *testing.T) (*Ring, ID, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys", "master.key")
	r, err := Open(context.Background(), Options{Source: "file:" + path}, &boards{})
	if !errors.Is(err, ErrNoKey) {
		t.Fatalf("opening a source without keys: %v", err)
	}
	id, wrapped, err := r.Generate(context.Background())
	if err != nil || wrapped != nil {
		t.Fatalf("generating into a file: %v, wrapped %q", err, wrapped)
	}
	return r, id, path
}

// reopen is another process with the same source.
func reopen(t *testing.T, path string) *Ring {
	t.Helper()
	r, err := Open(context.Background(), Options{Source: "file:" + path}, &boards{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var here = Place{Table: "t", Column: "c", Row: []string{"uid", "a", "b"}}

func TestSealedValuesOpenWhereTheyWereSealed(t *testing.T) {
	ctx := context.Background()
	r, id, path := newRing(t)
	for _, value := range [][]byte{nil, []byte("canary"), bytes.Repeat([]byte("x"), MaxValue)} {
		sealed, err := r.Seal(ctx, id, here, value)
		if err != nil {
			t.Fatal(err)
		}
		if len(value) > 0 && bytes.Contains(sealed, value) {
			t.Error("the sealed value shows the value")
		}
		if got, err := reopen(t, path).Open(ctx, here, sealed); err != nil || !bytes.Equal(got, value) {
			t.Errorf("opening %d bytes: %v", len(value), err)
		}
		if got, err := KeyOf(sealed); err != nil || got != id || !bytes.Equal(sealed[1:9], id[:]) {
			t.Errorf("the key of a sealed value is %v, %v; want %v, in bytes 2 to 9", got, err, id)
		}
		for _, there := range []Place{
			{Table: "u", Column: "c", Row: here.Row}, {Table: "t", Column: "d", Row: here.Row},
			{Table: "t", Column: "c", Row: []string{"uid", "a", "c"}}, {Table: "t", Column: "c", Row: []string{"uid", "a"}},
			{Table: "t", Column: "c", Row: []string{"uid", "ab", ""}}, {Table: "tc", Column: "", Row: here.Row},
			{Table: "t", Column: "c", Row: []string{"uid", "", "ab"}},
		} {
			if _, err := r.Open(ctx, there, sealed); !errors.Is(err, ErrNotHere) {
				t.Errorf("opened at %+v: %v", there, err)
			}
			if _, err := r.Rewrap(ctx, id, there, sealed); !errors.Is(err, ErrNotHere) {
				t.Errorf("rewrapped at %+v: %v", there, err)
			}
		}
	}
	if _, err := r.Seal(ctx, id, here, make([]byte, MaxValue+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("sealing too much: %v", err)
	}
	if a, b := must(r.Seal(ctx, id, here, nil)), must(r.Seal(ctx, id, here, nil)); bytes.Equal(a, b) {
		t.Error("two envelopes are the same")
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestEveryByteOfAnEnvelopeCounts(t *testing.T) {
	ctx := context.Background()
	r, id, _ := newRing(t)
	sealed := must(r.Seal(ctx, id, here, []byte("value")))
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x40
		if _, err := r.Open(ctx, here, bad); !errors.Is(err, ErrNotHere) && !errors.Is(err, ErrUnknownKey) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := r.Open(ctx, here, sealed[:n]); err == nil {
			t.Errorf("opened after %d bytes", n)
		}
	}
	if _, err := r.Open(ctx, here, append(bytes.Clone(sealed), 0)); err == nil {
		t.Error("opened with a byte more")
	}
}

func TestRotation(t *testing.T) {
	ctx := context.Background()
	r, old, path := newRing(t)
	other := reopen(t, path) // another process, which hears of nothing
	sealed := must(r.Seal(ctx, old, here, []byte("value")))
	id, _, err := r.Generate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.IDs(); !slices.Equal(got, []ID{id, old}) || !slices.Equal(reopen(t, path).IDs(), got) {
		t.Errorf("the keys are %v, in the file %v; want %v", got, reopen(t, path).IDs(), []ID{id, old})
	}
	again := must(r.Rewrap(ctx, id, here, sealed))
	if !bytes.Equal(again[headerSize+wrappedSize:], sealed[headerSize+wrappedSize:]) {
		t.Error("a change of the master key has changed the value")
	}
	for _, s := range [][]byte{sealed, again} {
		if got, err := other.Open(ctx, here, s); err != nil || string(got) != "value" {
			t.Errorf("another process reads %q, %v", got, err)
		}
	}
	if err := r.Retire([]ID{old}); err != nil {
		t.Fatal(err)
	}
	fresh := reopen(t, path)
	if got := fresh.IDs(); !slices.Equal(got, []ID{id}) {
		t.Errorf("after the old key retired there are %v", got)
	}
	if _, err := fresh.Open(ctx, here, sealed); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), old.String()) || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("what the retired key sealed: %v", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", st.Mode(), err)
	}
}

// testKey is the n-th key in base64.
func testKey(n byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, keySize))
}

func idOfTest(n byte) ID { return idOf(bytes.Repeat([]byte{n}, keySize)) }

func TestKeyFiles(t *testing.T) {
	short := base64.StdEncoding.EncodeToString(make([]byte, 16))
	for name, test := range map[string]struct {
		text string
		mode os.FileMode
		want []ID
		err  string
	}{
		"one":            {testKey(1), 0o600, []ID{idOfTest(1)}, ""},
		"with comments":  {"# mine\n\n" + testKey(1) + "\r\n  " + testKey(2) + "\n", 0o400, []ID{idOfTest(1), idOfTest(2)}, ""},
		"for a group":    {testKey(1), 0o640, nil, "chmod 600"},
		"for all":        {testKey(1), 0o604, nil, "chmod 600"},
		"short":          {testKey(1) + "\n" + short, 0o600, nil, "line 2 is not a master key"},
		"a passphrase":   {"correct horse", 0o600, nil, "line 1 is not a master key"},
		"twice":          {testKey(1) + "\n" + testKey(1), 0o600, nil, "twice"},
		"too many":       {strings.Repeat(testKey(1)+"\n", maxKeys+1), 0o600, nil, "more than 100"},
		"too large":      {strings.Repeat("#\n", maxKeyBytes), 0o600, nil, "larger than"},
		"empty":          {"", 0o600, nil, "no master key"},
		"comments alone": {"# nothing\n", 0o600, nil, "no master key"},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(test.err, "chmod") {
				return
			}
			path := filepath.Join(t.TempDir(), "master.key")
			if err := os.WriteFile(path, []byte(test.text), test.mode); err != nil {
				t.Fatal(err)
			}
			r, err := Open(context.Background(), Options{Source: "file:" + path}, &boards{})
			checkError(t, err, test.err, test.text)
			if err == nil && !slices.Equal(r.IDs(), test.want) {
				t.Errorf("got %v, want %v", r.IDs(), test.want)
			}
		})
	}
}

// checkError looks for part of an error that must not quote any of the secrets in text.
func checkError(t *testing.T, err error, want, text string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("no error; want %q", want)
	case err != nil && want == "":
		t.Error(err)
	case err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("error %q, want %q", err, want)
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		if err != nil && len(word) > 5 && strings.Contains(err.Error(), word) {
			t.Errorf("the error shows what is secret: %q", err)
		}
	}
}

func TestKeysAreAddedToTheFileAsItIs(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	real, path := filepath.Join(dir, "real"), filepath.Join(dir, "master.key")
	if err := os.WriteFile(real, []byte("# mine\n\n"+testKey(1)+"\n# the old one\n"+testKey(2)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	r := reopen(t, path)
	id, _, err := r.Generate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(real)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# mine\n\n") || !strings.HasSuffix(string(text), testKey(1)+"\n# the old one\n"+testKey(2)) {
		t.Error("what was in the file is not there any more")
	}
	if want := []ID{id, idOfTest(1), idOfTest(2)}; !slices.Equal(reopen(t, path).IDs(), want) {
		t.Errorf("the file has %v, want %v", reopen(t, path).IDs(), want)
	}
	if st, err := os.Lstat(path); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is not one any more: %v, %v", st.Mode(), err)
	}

	// Two cannot change it at once.
	lock, err := openLocked(real + ".new")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Generate(ctx); !errors.Is(err, errLocked) || !strings.Contains(err.Error(), real) {
		t.Errorf("while somebody else changes the file: %v", err)
	}
	if r.Retire([]ID{id}) == nil {
		t.Error("retired while somebody else changes the file")
	}
	// What one who died in the middle of it left is in nobody's way.
	if _, err := lock.WriteString("half a ke"); err != nil {
		t.Fatal(err)
	}
	lock.Close()
	if err := r.Retire([]ID{id}); err != nil || !slices.Equal(reopen(t, path).IDs(), []ID{idOfTest(1), idOfTest(2)}) {
		t.Errorf("after an interruption: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	ctx := context.Background()
	for name, test := range map[string]struct {
		value, err string
		want       []ID
	}{
		"one":   {testKey(1), "", []ID{idOfTest(1)}},
		"two":   {testKey(2) + ", " + testKey(1), "", []ID{idOfTest(2), idOfTest(1)}},
		"none":  {"", "no master key: env:KEY holds none", nil},
		"wrong": {"not-a-key-at-all", "key 1 is not a master key", nil},
	} {
		getenv := func(name string) (string, bool) { return test.value, name == "KEY" }
		r, err := Open(ctx, Options{Source: "env:KEY", Getenv: getenv}, &boards{})
		checkError(t, err, test.err, test.value)
		if err != nil {
			continue
		}
		if !slices.Equal(r.IDs(), test.want) {
			t.Errorf("%s: got %v, want %v", name, r.IDs(), test.want)
		}
		if _, _, err := r.Generate(ctx); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: generating: %v", name, err)
		}
		if err := r.Retire(test.want[:1]); !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: retiring: %v", name, err)
		}
		sealed := must(r.Seal(ctx, test.want[0], here, []byte("value")))
		if got, err := r.Open(ctx, here, sealed); err != nil || string(got) != "value" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(ctx, Options{Source: "env:KEY"}, &boards{}); !errors.Is(err, ErrNoKey) {
		t.Errorf("without an environment: %v", err)
	}
}

func TestSources(t *testing.T) {
	token := func(context.Context, string) (string, error) { return "", nil }
	for _, s := range []string{
		"", "file:", "env:", "master.key", testKey(1), "http://host/keys/k", "azure-kv:", "azure-kv://", "azure-kv://v/k", "azure-kv://v/keys/",
		"azure-kv://v/keys/a/b/c", "azure-kv://v/secrets/a", "azure-kv://v/keys/../a", "azure-kv://user@v/keys/a", "azure-kv://v/keys/a?x=1",
		"azure-kv://v:80/keys/a", "azure-kv://v_/keys/a", "hcvault://", "hcvault://h/transit/k", "hcvault://h/keys/k",
		"hcvault://h/transit/keys/", "hcvault://h/../keys/k", "hcvault://h/transit/keys/k?x=1", "hcvault://u:p@h/transit/keys/k",
		"hcvault+http://vault.example/transit/keys/k", "hcvault+http://10.0.0.1/transit/keys/k",
	} {
		if src, err := newSource(Options{Source: s, Token: token}); err == nil {
			t.Errorf("%q was taken for %s", s, src)
		} else if strings.Contains(err.Error(), testKey(1)) {
			t.Errorf("the error quotes what may be a key: %v", err)
		}
	}
	for s, want := range map[string]string{
		"file:a/b": "file:a/b", "env:X": "env:X",
		"azure-kv://v/keys/a":                            "azure-kv://v.vault.azure.net/keys/a",
		"azure-kv://V.vault.azure.cn/keys/a/123":         "azure-kv://v.vault.azure.cn/keys/a/123",
		"hcvault://h:8200/team/transit/keys/k":           "hcvault://h:8200/team/transit/keys/k",
		"hcvault+http://127.0.0.1:8200/transit/keys/k.1": "hcvault://127.0.0.1:8200/transit/keys/k.1",
	} {
		if src, err := newSource(Options{Source: s, Token: token}); err != nil || src.String() != want {
			t.Errorf("%q is %v, %v; want %s", s, src, err, want)
		}
	}
	if _, err := newSource(Options{Source: "azure-kv://v/keys/a"}); err == nil {
		t.Error("Key Vault without an identity was taken")
	}
}

func TestIDs(t *testing.T) {
	id := idOfTest(1)
	if got, err := ParseID(id.String()); err != nil || got != id {
		t.Errorf("%s reads as %v, %v", id, got, err)
	}
	for _, s := range []string{"", "00", "zz" + id.String()[2:], id.String() + "00"} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%q was taken for an id", s)
		}
	}
}

// vector is an envelope as version 1 of the format has it: "value", sealed for here under
// testKey(7). It must open for as long as there are stores that were written then.
const (
	vector      = "AR8kMt61MwJmADzj4hdcMVFb/qAopjbJSCgAzS+gn5W2I176QB+zJ2FRDoLKHxML7epCjM4j3KnpAoYBs9GRONfUv+W/7NoXKLB+B428atzKXzgrhTO3D1dhjItCfoatkhoJu2z/SEU="
	vectorKeyID = "1f2432deb5330266"
)

func vectorRing(t testing.TB) *Ring {
	t.Helper()
	getenv := func(string) (string, bool) { return testKey(7), true }
	r, err := Open(context.Background(), Options{Source: "env:KEY", Getenv: getenv}, &boards{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVector(t *testing.T) {
	r := vectorRing(t)
	sealed := must(base64.StdEncoding.DecodeString(vector))
	if got, err := r.Open(context.Background(), here, sealed); err != nil || string(got) != "value" {
		t.Errorf("it opens as %q, %v", got, err)
	}
	if got := r.IDs()[0].String(); got != vectorKeyID {
		t.Errorf("its key has the id %s, want %s", got, vectorKeyID)
	}
}

// FuzzEnvelope opens garbage: it is refused, and what is taken apart goes together again.
func FuzzEnvelope(f *testing.F) {
	ctx := context.Background()
	r := vectorRing(f)
	good := must(base64.StdEncoding.DecodeString(vector))
	f.Add(good)
	f.Add(good[:headerSize])
	f.Add([]byte{envelopeVersion})
	f.Add(append(bytes.Clone(good), good...))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parse(data)
		if err == nil && !bytes.Equal(e.bytes(), data) {
			t.Error("an envelope does not go together again")
		}
		if _, err := r.Open(ctx, here, data); err == nil && !bytes.Equal(data, good) {
			t.Error("an envelope of somebody else opens")
		}
		again, err := r.Rewrap(ctx, r.IDs()[0], here, data)
		if err != nil {
			return
		}
		// The value is not looked at, so it must not have become good by this.
		if _, err := r.Open(ctx, here, again); err == nil && !bytes.Equal(data, good) {
			t.Error("an envelope of somebody else is rewrapped and opens")
		}
	})
}
