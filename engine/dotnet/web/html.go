package web

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// HtmlEncode is WebUtility.HtmlEncode.
func HtmlEncode(s string) string {
	var b strings.Builder
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		e := ""
		switch {
		case r == '<':
			e = "&lt;"
		case r == '>':
			e = "&gt;"
		case r == '"':
			e = "&quot;"
		case r == '\'':
			e = "&#39;"
		case r == '&':
			e = "&amp;"
		case r >= 160 && r < 256 || r > 0xFFFF:
			e = "&#" + strconv.Itoa(int(r)) + ";"
		case r == utf8.RuneError && size == 1:
			e, size = "\uFFFD", min(3, len(s)-i)
		}
		if e != "" {
			b.WriteString(s[start:i])
			b.WriteString(e)
			start = i + size
		}
		i += size
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

// HtmlDecode is WebUtility.HtmlDecode: numbers and the names of HTML 4, which end
// with a semicolon.
func HtmlDecode(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '&' {
			continue
		}
		end := strings.IndexAny(s[i+1:], ";&")
		if end < 0 || s[i+1+end] != ';' {
			continue
		}
		text, ok := entity(s[i+1 : i+1+end])
		if !ok {
			continue
		}
		parts = append(parts, s[start:i], text)
		i += end + 1
		start = i + 1
	}
	if parts == nil {
		return s
	}
	return clr.Concat(append(parts, s[start:])...)
}

func entity(name string) (string, bool) {
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if len(digits) > 1 && digits[0]|0x20 == 'x' {
			digits, base = digits[1:], 16
		}
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil || v == 0 || v > utf8.MaxRune || v >= 0xD800 && v <= 0xDFFF {
			return "", false
		}
		return string(rune(v)), true
	}
	if !html4[name] {
		return "", false
	}
	return html.UnescapeString("&" + name + ";"), true
}

// html4 are the names of HTML 4, and apos.
var html4 = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(`quot amp apos lt gt nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not
		shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest
		Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde
		Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig
		agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde
		ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml
		OElig oelig Scaron scaron Yuml fnof circ tilde
		Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho Sigma Tau Upsilon Phi Chi
		Psi Omega alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau
		upsilon phi chi psi omega thetasym upsih piv
		ensp emsp thinsp zwnj zwj lrm rlm ndash mdash lsquo rsquo sbquo ldquo rdquo bdquo dagger Dagger bull hellip permil
		prime Prime lsaquo rsaquo oline frasl euro image weierp real trade alefsym larr uarr rarr darr harr crarr lArr uArr
		rArr dArr hArr forall part exist empty nabla isin notin ni prod sum minus lowast radic prop infin ang and or cap cup
		int there4 sim cong asymp ne equiv le ge sub sup nsub sube supe oplus otimes perp sdot lceil rceil lfloor rfloor
		lang rang loz spades clubs hearts diams`) {
		m[n] = true
	}
	return m
}()
