package config

import (
	"strings"

	"sekisho/engine/source"
)

// expand resolves the ${…} references in a scalar:
//
//	${NAME}           the environment variable NAME
//	${NAME:-default}  the same, or default where it is not set or empty
//	${file:path}      the content of a file, without its last line break
//	$${               a plain ${
//
// What is put in is not looked at again. at gives the Range of bytes i up to j.
func (d *decoder) expand(s string, at func(i, j int) source.Range) string {
	if !strings.Contains(s, "${") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "$${"):
			b.WriteString("${")
			i += len("$${")
		case strings.HasPrefix(s[i:], "${"):
			n := strings.IndexByte(s[i:], '}')
			if n < 0 {
				d.diags.Errorf(at(i, len(s)), CodeBadReference, "this reference has no closing \"}\"").
					WithHint("write $${ for a plain ${")
				b.WriteString(s[i:])
				i = len(s)
				continue
			}
			b.WriteString(d.reference(s[i+2:i+n], at(i, i+n+1)))
			i += n + 1
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func (d *decoder) reference(ref string, at source.Range) string {
	if name, ok := strings.CutPrefix(ref, "file:"); ok {
		data, err := d.files.read(strings.TrimSpace(name), maxSecretBytes)
		if err != nil {
			d.diags.Errorf(at, readCode(err), "cannot read %q: %v", name, err)
			return ""
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	}
	name, def, hasDefault := strings.Cut(ref, ":-")
	if !variableName(name) {
		d.diags.Errorf(at, CodeBadReference, "%q is neither the name of an environment variable nor file:path", ref).
			WithHint("write $${ for a plain ${")
		return ""
	}
	v, ok := d.env(name)
	switch {
	case ok && (v != "" || !hasDefault):
		return v
	case hasDefault:
		return def
	}
	d.diags.Errorf(at, CodeMissingVariable, "the environment variable %q is not set", name).
		WithHint("set it, or write ${%s:-value} to give it a default", name)
	return ""
}

func variableName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || s[i] == '_' || i > 0 && s[i] >= '0' && s[i] <= '9') {
			return false
		}
	}
	return s != ""
}
