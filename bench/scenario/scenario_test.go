package scenario

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekisho/bench/load"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// Everything that is wrong with a file is said at once, first what is wrong with its form.
func TestMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/mistakes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse("mistakes.yaml", data)
	if err == nil {
		t.Fatal("mistakes are not errors")
	}
	got := err.Error() + "\n"
	for _, fix := range [][2]string{{"foldr: ../..\n", ""}, {", expect: { sttus: 200 }", ""}, {"rate: fast, ", "rate: 10, "}, {", cycles: many", ""}} {
		data = []byte(strings.ReplaceAll(string(data), fix[0], fix[1]))
	}
	_, err = Parse("mistakes.yaml", data)
	if err == nil {
		t.Fatal("mistakes are not errors")
	}
	got += "\n" + err.Error() + "\n"
	if *update {
		if err := os.WriteFile("testdata/mistakes.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the errors are not as expected (-update rewrites them); they are:\n%s", got)
	}
}

func TestDefaults(t *testing.T) {
	s, err := Parse("dir/small.yaml", []byte("targets: [{ url: /x }]"))
	if err != nil {
		t.Fatal(err)
	}
	want := Load{Connections: 32, Warmup: 3 * time.Second, Slice: time.Second, Cycles: 12, Timeout: 10 * time.Second}
	if s.Name != "small" || s.Load != want || s.Targets[0].Method != "GET" || s.Targets[0].Expect.Status != 200 || s.Targets[0].Name != "GET /x" {
		t.Errorf("%+v %+v", s, s.Targets[0])
	}
	if spec := s.BackendSpec(); len(spec.Routes) != 1 || !json.Valid([]byte(spec.Routes[0].Body)) {
		t.Errorf("the backend that stands for none answers with JSON: %+v", spec)
	}
	p, err := s.Plan(nil)
	if err != nil || p.Rate != 0 || p.Connections != 32 || p.Targets[0].Check.Bytes != -1 {
		t.Errorf("%v %+v", err, p)
	}
}

func TestRatesAndSizes(t *testing.T) {
	for text, want := range map[string]Rate{"2000": {PerSecond: 2000}, "50%": {Share: 0.5}, "0.5": {PerSecond: 0.5}, "100 %": {Share: 1}} {
		s, err := Parse("x.yaml", []byte("targets: [{ url: /x }]\nload: { rate: "+text+" }"))
		if err != nil || s.Load.Rate != want || !s.Load.Rate.Open() {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, bad := range []string{"0", "-1", "101%", "NaN", "Inf", "[1]"} {
		if _, err := Parse("x.yaml", []byte("targets: [{ url: /x }]\nload: { rate: "+bad+" }")); err == nil {
			t.Errorf("%s is no rate", bad)
		}
	}
	for text, want := range map[string]int{"10": 10, "2KB": 2000, "2 KiB": 2048, "1MiB": 1 << 20} {
		s, err := Parse("x.yaml", []byte("targets: [{ url: /x, method: POST, bytes: "+text+" }]"))
		if err != nil || len(s.Targets[0].Content()) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, bad := range []string{"1GiB", "-1", "1.5KiB", "many", "99999999999"} {
		if _, err := Parse("x.yaml", []byte("targets: [{ url: /x, bytes: "+bad+" }]")); err == nil {
			t.Errorf("%s is no size", bad)
		}
	}
	for _, size := range []int{1, 1 << 10, 100 << 10} {
		b := Body{JSON: Size(size)}
		if c := b.Content(); !json.Valid([]byte(c)) || size > 1000 && (len(c) > size || len(c) < size-200) {
			t.Errorf("a document of %d bytes has %d", size, len(c))
		}
	}
}

// The scenarios that come with the program can be read, and laid out.
func TestOurScenarios(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.yaml")
	if err != nil || len(files) < 14 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		s, err := ReadFile(f)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, v := range s.Values {
			if v.JWT != nil {
				v.JWT.Count, v.JWT.Algorithm = 1, "ES256" // quick to make
			}
		}
		values, keys, err := s.Texts(t.Context(), "")
		if err != nil {
			t.Error(err)
			continue
		}
		dir := t.TempDir()
		if err := s.WriteFolder(dir, "", Data{Backend: "127.0.0.1:1", JWT: keys}); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		// A scenario without files is for a folder of the command line.
		if _, err := os.Stat(filepath.Join(dir, "gateway.yaml")); err != nil && len(s.Files) > 0 {
			t.Errorf("%s: %v", f, err)
		}
		if _, err := s.Plan(values); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if s.Description == "" {
			t.Errorf("%s has no description", f)
		}
	}
}

func TestFolders(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"gateway.yaml": "old", "policies/a.xml": "kept", ".secret/x": "hidden"} {
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &Scenario{Files: map[string]string{"gateway.yaml": "at [[.Backend]]:[[range $i := 3]] [[$i]][[end]]"}, Env: map[string]string{"URL": "http://[[.Backend]]"}}
	before, err := HashFolder(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WriteFolder(dir, from, Data{Backend: "b:1"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"gateway.yaml": "at b:1: 0 1 2", "policies/a.xml": "kept"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	if env, err := s.Environment(Data{Backend: "b:1"}); err != nil || len(env) != 1 || env[0] != "URL=http://b:1" {
		t.Errorf("%v %v", env, err)
	}
	s.Files["gateway.yaml"] = "[[.JWT.nobody.N]]"
	if err := s.WriteFolder(t.TempDir(), "", Data{JWT: map[string]*Key{}}); err == nil {
		t.Error("a key that is not there is an error")
	}
	if err := os.WriteFile(filepath.Join(from, ".secret/x"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if after, err := HashFolder(from); err != nil || after != before {
		t.Errorf("hidden files do not count: %s, %s, %v", before, after, err)
	}
	if err := os.WriteFile(filepath.Join(from, "policies/a.xml"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if after, err := HashFolder(from); err != nil || after == before {
		t.Errorf("what is changed has another hash: %v", err)
	}
}

func TestTokens(t *testing.T) {
	cache := t.TempDir()
	for _, algorithm := range []string{"RS256", "ES256", "HS256"} {
		s := &Scenario{Values: map[string]*Value{"token": {JWT: &JWT{Count: 3, Algorithm: algorithm, KeyID: "k"}, Distribution: load.Uniform}}}
		first, keys, err := s.Texts(t.Context(), cache)
		if err != nil {
			t.Fatal(err)
		}
		texts := first[0].Texts
		if len(texts) != 3 || texts[0] == texts[1] || strings.Count(texts[0], ".") != 2 {
			t.Errorf("%s: %d tokens, which must differ", algorithm, len(texts))
		}
		k := keys["token"]
		if (k.N != "") != (algorithm == "RS256") || (k.PEM == "") != (algorithm == "HS256") || (k.Secret != "") != (algorithm == "HS256") || k.ID != "k" {
			t.Errorf("%s: the key is not in the forms it wants", algorithm)
		}
		if k.E != "" && k.E != "AQAB" {
			t.Errorf("the exponent is %s", k.E)
		}
		again, _, err := s.Texts(t.Context(), cache)
		if err != nil || again[0].Texts[2] != texts[2] {
			t.Errorf("%s: tokens are kept for the next time (%v)", algorithm, err)
		}
		s.Values["token"].JWT.Count = 4
		if more, _, err := s.Texts(t.Context(), cache); err != nil || len(more[0].Texts) != 4 {
			t.Errorf("%s: other tokens are others (%v)", algorithm, err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(cache, "*"))
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("a file of tokens is for its owner only: %v %v", info.Mode(), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Scenario{Values: map[string]*Value{"token": {JWT: &JWT{Count: 3, Algorithm: "HS256"}}}}
	if _, _, err := s.Texts(ctx, ""); err == nil {
		t.Error("signing ends with its context")
	}
}

func FuzzScenario(f *testing.F) {
	f.Add("targets: [{ url: /x }]\nload: { rate: 50% }")
	f.Add("values: { a: { numbers: { to: 3 } } }\ntargets: [{ url: \"/${a}\", json: 1KiB }]")
	f.Add("backend:\n- events: { count: 1, interval: 1s }\ntargets: [{}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		s.BackendSpec()
		var known []load.Value
		for name := range s.Values {
			known = append(known, load.Value{Name: name})
		}
		if _, err := s.Plan(known); err != nil {
			t.Errorf("a scenario that was read cannot be planned: %v", err)
		}
	})
}
