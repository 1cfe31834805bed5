package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekisho/engine/source"
)

// What a value of gateway.yaml can be, beside structs and lists of these. Each
// knows where it stands, and whether it stands there at all.

// place is where something stands in gateway.yaml, for Diagnostics.
type place struct{ At source.Range }

// text is a string, its ${…} references resolved.
type text struct {
	place
	Value string
	// Raw is the text as written, references and all: what messages quote.
	Raw string
	Set bool
	// exact says that byte i of Raw is byte At.Start+i+lead of the file.
	exact bool
	lead  int
}

// span is the Range of bytes i up to j of Raw, or that of all of it where the
// file spells it otherwise.
func (t text) span(i, j int) source.Range {
	if !t.exact || t.Raw != t.Value {
		return t.At
	}
	start := t.At.Start + t.lead
	return source.Range{Text: t.At.Text, Start: start + i, End: max(start+j, start+i)}
}

func (t text) secret() Secret { return Secret{t.Value} }

type number struct {
	place
	Value int64
	Set   bool
}

type truth struct {
	place
	Value bool
	Set   bool
}

type duration struct {
	place
	Value time.Duration
	Set   bool
}

type size struct {
	place
	Value int64 // bytes
	Set   bool
}

type instant struct {
	place
	Value time.Time
	Set   bool
}

// tree is any YAML: a single value as its text, anything else as JSON.
type tree struct {
	place
	Value string
	Set   bool
}

// pair is one entry of a mapping whose keys the user chooses, in file order.
type pair struct {
	Key    text
	Values []text
}

// parseDuration reads 30s, 1m30s, 2d or ISO 8601's PT30S.
func parseDuration(s string) (time.Duration, error) {
	if s != "" && (s[0] == 'P' || s[0] == 'p') {
		return parseISODuration(s)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("not a duration")
	}
	return d, nil
}

// parseISODuration reads P[nW][nD][T[nH][nM][nS]]; the smallest unit may have a fraction.
func parseISODuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("not a duration")
	rest := strings.ToUpper(s[1:])
	units, inTime := "WD", false
	var total time.Duration
	if rest == "" || strings.HasSuffix(rest, "T") {
		return 0, bad
	}
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			units, inTime, rest = "HMS", true, rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i <= 0 {
			return 0, bad
		}
		k := strings.IndexByte(units, rest[i])
		f, err := strconv.ParseFloat(rest[:i], 64)
		if k < 0 || err != nil || f > 1e6 || strings.Contains(rest[:i], ".") && len(rest) > i+1 {
			return 0, bad
		}
		unit := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}[rest[i]]
		total += time.Duration(f * float64(unit))
		units, rest = units[k+1:], rest[i+1:]
	}
	return total, nil
}

// parseSize reads 1024, 64KiB, 10MB, 1GiB.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit, ok := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > (1<<50)/unit {
		return 0, fmt.Errorf("not a size")
	}
	return n * unit, nil
}

// parseInstant reads a date, or a date and time with its offset.
func parseInstant(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time")
}
