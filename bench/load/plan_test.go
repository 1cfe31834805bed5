package load

import (
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	values := []Value{{Name: "id"}, {Name: "who"}}
	for _, c := range []struct{ text, want, fault string }{
		{"/orders/${id}?by=${who}", "/orders/7?by=ada", ""},
		{"${id}", "7", ""},
		{"$${id} costs 5$", "${id} costs 5$", ""},
		{"", "", ""},
		{"${nobody}", "", "there is no value \"nobody\""},
		{"${id", "", "${ without }"},
	} {
		got, err := ParseTemplate(c.text, values)
		if err != nil || c.fault != "" {
			if err == nil || err.Error() != c.fault {
				t.Errorf("%q: %v, want %q", c.text, err, c.fault)
			}
			continue
		}
		if s := string(got.appendTo(nil, []string{"7", "ada"})); s != c.want {
			t.Errorf("%q: %q, want %q", c.text, s, c.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("/orders/${id}?x=$$")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTemplate(s, []Value{{Name: "id"}})
		if err == nil && !strings.Contains(s, "$") && string(got.appendTo(nil, []string{""})) != s {
			t.Errorf("%q has become %q", s, got.appendTo(nil, []string{""}))
		}
	})
}

func TestRequests(t *testing.T) {
	p := &Plan{
		Values: []Value{{Name: "id", Texts: []string{"1", "22"}, Distribution: Round}},
		Targets: []Target{{Name: "post", Method: "POST", URL: Template{{"/o/", -1}, {"", 0}},
			Headers: []Header{{"X-Id", Template{{"", 0}}}}, Body: Template{{`{"id":`, -1}, {"", 0}, {"}", -1}}}},
	}
	k := newPicker(p, "127.0.0.1:80", 0)
	for _, want := range []string{
		"POST /o/1 HTTP/1.1\r\nX-Id: 1\r\nHost: 127.0.0.1:80\r\nContent-Length: 8\r\n\r\n{\"id\":1}",
		"POST /o/22 HTTP/1.1\r\nX-Id: 22\r\nHost: 127.0.0.1:80\r\nContent-Length: 9\r\n\r\n{\"id\":22}",
		"POST /o/1 HTTP/1.1\r\nX-Id: 1\r\nHost: 127.0.0.1:80\r\nContent-Length: 8\r\n\r\n{\"id\":1}",
	} {
		if got, _ := k.next(nil); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p.Targets[0].Headers = []Header{{"host", Literal("api.example.com")}}
	if got, _ := newPicker(p, "127.0.0.1:80", 0).next(nil); strings.Contains(strings.ToLower(string(got)), "127.0.0.1") {
		t.Errorf("a host that is given is the only one: %q", got)
	}
}

func TestDistributions(t *testing.T) {
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = string(rune('A' + i))
	}
	for _, d := range []Distribution{Uniform, Zipf, Round} {
		p := &Plan{Seed: 1, Values: []Value{{Name: "x", Texts: texts, Distribution: d}}, Targets: []Target{
			{Method: "GET", URL: Template{{"", 0}}, Weight: 3}, {Method: "HEAD", URL: Template{{"", 0}}, Weight: 1}}}
		k := newPicker(p, "h", 0)
		seen, heads := map[string]int{}, 0
		const n = 40_000
		for range n {
			_, target := k.next(nil)
			seen[k.picked[0]]++
			heads += target
		}
		if heads < n/5 || heads > n*3/10 {
			t.Errorf("%s: %d of %d requests are of the target with a quarter of the weight", d, heads, n)
		}
		first, last := seen[texts[0]], seen[texts[99]]
		switch {
		case d == Zipf && (first < 10*last || len(seen) < 90):
			t.Errorf("zipf: first %d, last %d, %d texts", first, last, len(seen))
		case d == Round && (first != n/100 || last != n/100):
			t.Errorf("round: first %d, last %d", first, last)
		case d == Uniform && (first < n/200 || last < n/200 || len(seen) != 100):
			t.Errorf("uniform: first %d, last %d, %d texts", first, last, len(seen))
		}
	}
}

// A server meets each text once before any comes again, whatever runs there are and however
// many threads, and texts are not used up by requests that they do not stand in.
func TestOnce(t *testing.T) {
	texts := make([]string, 30)
	for i := range texts {
		texts[i] = string(rune('A' + i))
	}
	p := &Plan{Seed: 1, Loops: 2, Walk: NewWalk(2),
		Values: []Value{{Name: "id", Texts: []string{"1", "2"}}, {Name: "token", Texts: texts, Distribution: Once}},
		Targets: []Target{{Method: "GET", URL: Template{{"/", -1}, {"", 0}}, Headers: []Header{{"Authorization", Template{{"", 1}}}}},
			{Method: "GET", URL: Template{{"/", -1}, {"", 0}}}}}
	for lap := range 2 {
		seen := map[string]int{}
		for run := 0; len(seen) < len(texts); run++ {
			if run > 100 {
				t.Fatalf("only %d texts were used", len(seen))
			}
			// Another run, of two threads, that ends after few requests.
			for loop := range p.Loops {
				k := newPicker(p, "h", loop)
				for range 3 {
					if _, target := k.next(nil); target != 0 {
						continue
					}
					if seen[k.picked[1]]++; seen[k.picked[1]] > 1 {
						t.Fatalf("lap %d: %q came again after %d others", lap, k.picked[1], len(seen))
					}
					if len(seen) == len(texts) {
						break
					}
				}
				if len(seen) == len(texts) {
					break
				}
			}
		}
		if n := p.Walk.Used(1); n != int64((lap+1)*len(texts)) {
			t.Errorf("lap %d: %d texts are counted as used", lap, n)
		}
	}
	other := *p
	other.Walk = nil
	if k := newPicker(&other, "h", 0); k.walk == p.Walk || k.walk.Used(1) != 0 {
		t.Error("without a walk a run begins anew")
	}
}

func TestStamps(t *testing.T) {
	e := StampEvent(nil, 7, 123456789, "text")
	if n, at, ok := readStamp(e); !ok || n != 7 || at != 123456789 || !strings.HasSuffix(string(e), "\ndata: text\n\n") {
		t.Errorf("%q: %d %d %v", e, n, at, ok)
	}
	for _, s := range []string{"", "data: hello", `data: {"n":1`, `data: {"n":x,"t":1}`, `data: {"n":1,"t":}`} {
		if _, _, ok := readStamp([]byte(s)); ok {
			t.Errorf("%q is no stamp", s)
		}
	}
}
