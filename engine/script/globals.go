package script

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // offered for signatures that others demand
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

func quote(s string) string { return strconv.Quote(clip(s)) }

func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func serial(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// urlText is an apim.URL as one text, without the port that is its scheme's default.
func urlText(u *apim.URL) string {
	port := ""
	if def := map[string]int{"http": 80, "https": 443, "ws": 80, "wss": 443}[u.Scheme]; u.Port != def && u.Port != 0 {
		port = ":" + strconv.Itoa(u.Port)
	}
	return u.Scheme + "://" + u.Host + port + u.Path + u.QueryString
}

// install defines the globals that are written in Go.
func (vm *VM) install() {
	g := vm.rt.GlobalObject()
	vm.installConsole(g)
	vm.installTimers(g)
	vm.installCrypto(g)
	vm.method(g, "btoa", func(c goja.FunctionCall) goja.Value {
		s := goString(vm.bounded(c.Argument(0)))
		b := make([]byte, 0, len(s))
		for _, r := range s {
			if r > 0xFF {
				vm.throwRange("btoa takes characters up to U+00FF; encode text with TextEncoder and use bytes")
			}
			b = append(b, byte(r))
		}
		return vm.rt.ToValue(base64.StdEncoding.EncodeToString(b))
	})
	vm.method(g, "atob", func(c goja.FunctionCall) goja.Value {
		text := []byte(vm.bounded(c.Argument(0)).String())
		kept := text[:0]
		for _, x := range text {
			if x != ' ' && (x < '\t' || x > '\r' || x == '\v') {
				kept = append(kept, x)
			}
		}
		kept = bytes.TrimRight(kept, "=")
		b := make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
		n, err := base64.RawStdEncoding.Decode(b, kept)
		if err != nil {
			vm.throw("Error", "atob: the text is no base64")
		}
		b = b[:n]
		units := make([]uint16, len(b))
		for i, x := range b {
			units[i] = uint16(x)
		}
		return goja.StringFromUTF16(units)
	})
}

// bounded is a value as a string that native code may go over.
func (vm *VM) bounded(v goja.Value) goja.String {
	s := vm.toString(v)
	vm.sized(s, maxString/4)
	vm.look()
	vm.draw(2 * int64(s.Length()))
	return s
}

// digest writes in parts, so that the clock is looked at.
func (vm *VM) digest(h hash.Hash, data []byte) {
	for len(data) > 0 {
		vm.look()
		n := min(len(data), 1<<20)
		h.Write(data[:n])
		data = data[n:]
	}
}

// installConsole makes console, whose messages go to the trace of the request.
func (vm *VM) installConsole(g *goja.Object) {
	const maxMessages = 4096
	o := vm.rt.NewObject()
	for name, level := range map[string]string{"debug": "debug", "log": "info", "info": "info", "warn": "warn", "error": "error"} {
		vm.method(o, name, func(c goja.FunctionCall) goja.Value {
			var b strings.Builder
			for i, a := range c.Arguments {
				if i > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(vm.shown(a))
				if b.Len() > maxMessages {
					break
				}
			}
			message := b.String()
			if len(message) > maxMessages {
				message = strings.ToValidUTF8(message[:maxMessages], "") + "…"
			}
			vm.cur.Log(level, message)
			return goja.Undefined()
		})
	}
	_ = g.DefineDataProperty("console", o, goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
}

// shown is a value as console writes it.
func (vm *VM) shown(v goja.Value) string {
	switch {
	case goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	}
	if o, ok := v.(*goja.Object); ok {
		if o.ClassName() == "Error" {
			return vm.describe(o)
		}
		if _, ok := goja.AssertFunction(o); ok {
			return "[function]"
		}
	}
	if _, ok := v.(*goja.Symbol); ok {
		return v.String()
	}
	return vm.text(v)
}

func (vm *VM) installTimers(g *goja.Object) {
	vm.method(g, "setTimeout", func(c goja.FunctionCall) goja.Value {
		f, ok := goja.AssertFunction(c.Argument(0))
		if !ok {
			vm.throwType("setTimeout wants a function")
		}
		r := vm.run
		if len(r.timers) >= maxTimers {
			vm.throwRange(fmt.Sprintf("more than %d timers wait", maxTimers))
		}
		ms := c.Argument(1).ToFloat()
		if !(ms > 0) {
			ms = 0
		}
		delay := time.Duration(math.Min(ms, 1e9)) * time.Millisecond
		var args []goja.Value
		if len(c.Arguments) > 2 {
			args = c.Arguments[2:]
		}
		r.timerID++
		r.timers = append(r.timers, timer{r.timerID, time.Now().Add(delay), func() { vm.call(f, goja.Undefined(), args...) }})
		return vm.rt.ToValue(r.timerID)
	})
	vm.method(g, "clearTimeout", func(c goja.FunctionCall) goja.Value {
		r := vm.run
		id := c.Argument(0).ToInteger()
		for i := range r.timers {
			if r.timers[i].id == id {
				r.timers = append(r.timers[:i:i], r.timers[i+1:]...)
				break
			}
		}
		return goja.Undefined()
	})
}

// hashes are the algorithms of crypto.hash and crypto.hmac.
var hashes = map[string]func() hash.Hash{
	"MD5": md5.New, "SHA1": sha1.New, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New,
}

func (vm *VM) installCrypto(g *goja.Object) {
	o := vm.rt.NewObject()
	algorithm := func(v goja.Value) func() hash.Hash {
		name := v.String()
		h, ok := hashes[strings.ReplaceAll(strings.ToUpper(name), "-", "")]
		if !ok {
			vm.throwType("unknown algorithm " + quote(name) + "; there are MD5, SHA-1, SHA-256, SHA-384 and SHA-512")
		}
		return h
	}
	// The sum as bytes, with methods for the usual texts of it.
	digest := func(h hash.Hash, encoding goja.Value) goja.Value {
		sum := h.Sum(nil)
		if isNullish(encoding) {
			return vm.bytes(sum)
		}
		switch encoding.String() {
		case "hex":
			return vm.rt.ToValue(hex.EncodeToString(sum))
		case "base64":
			return vm.rt.ToValue(base64.StdEncoding.EncodeToString(sum))
		case "base64url":
			return vm.rt.ToValue(base64.RawURLEncoding.EncodeToString(sum))
		}
		vm.throwType(`the encoding is one of "hex", "base64" and "base64url"`)
		return nil
	}
	vm.method(o, "hash", func(c goja.FunctionCall) goja.Value {
		h := algorithm(c.Argument(0))()
		vm.digest(h, vm.octets(c.Argument(1)))
		return digest(h, c.Argument(2))
	})
	vm.method(o, "hmac", func(c goja.FunctionCall) goja.Value {
		h := hmac.New(algorithm(c.Argument(0)), vm.octets(c.Argument(1)))
		vm.digest(h, vm.octets(c.Argument(2)))
		return digest(h, c.Argument(3))
	})
	vm.method(o, "timingSafeEqual", func(c goja.FunctionCall) goja.Value {
		return vm.rt.ToValue(hmac.Equal(vm.octets(c.Argument(0)), vm.octets(c.Argument(1))))
	})
	vm.method(o, "randomUUID", func(goja.FunctionCall) goja.Value {
		return vm.rt.ToValue(clr.NewGuid(vm.cur.Rand()).String())
	})
	vm.method(o, "getRandomValues", func(c goja.FunctionCall) goja.Value {
		b, ok := vm.bytesOf(c.Argument(0))
		if !ok || len(b) > 65536 {
			vm.throwType("getRandomValues wants a typed array of at most 65536 bytes")
		}
		if _, err := vm.cur.Rand().Read(b); err != nil {
			vm.check(err)
		}
		return c.Argument(0)
	})
	_ = g.DefineDataProperty("crypto", o, goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
}

// octets is a text as UTF-8, or the content of a buffer.
func (vm *VM) octets(v goja.Value) []byte {
	if b, ok := vm.bytesOf(v); ok {
		return b
	}
	s, ok := v.(goja.String)
	if !ok {
		vm.throwType("a string, an ArrayBuffer or a typed array is wanted here")
	}
	vm.bounded(s)
	return []byte(strings.ToValidUTF8(goString(v), "\uFFFD"))
}

// natives are what the prelude is written with.
func (vm *VM) natives() *goja.Object {
	o := vm.rt.NewObject()
	for name, f := range vm.raw {
		_ = o.Set(name, f)
	}
	vm.method(o, "pattern", func(c goja.FunctionCall) goja.Value {
		vm.pattern(c.Argument(0).String(), c.Argument(1).String())
		return goja.Undefined()
	})
	vm.method(o, "tick", func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	vm.method(o, "length", func(c goja.FunctionCall) goja.Value { return vm.rt.ToValue(vm.sized(c.Argument(0), maxArray)) })
	is := func(f func(o *goja.Object) bool) native {
		return func(c goja.FunctionCall) goja.Value {
			o, ok := c.Argument(0).(*goja.Object)
			return vm.rt.ToValue(ok && o.ExportType() != proxyType && f(o))
		}
	}
	vm.method(o, "isRegExp", is(func(o *goja.Object) bool { return o.ClassName() == "RegExp" }))
	vm.method(o, "isBuffer", is(func(o *goja.Object) bool { return o.ExportType() == bufferType }))
	vm.method(o, "isTyped", is(func(o *goja.Object) bool {
		name := o.ClassName()
		return strings.HasSuffix(name, "Array") && name != "Array" || o.ExportType() == bytesType
	}))
	vm.method(o, "buffer", func(c goja.FunctionCall) goja.Value {
		n := c.Argument(0).ToFloat() * c.Argument(1).ToFloat()
		if n > maxBuffer {
			vm.throwRange("the buffer would be too large")
		}
		if n > 0 {
			vm.draw(int64(n))
		}
		return goja.Undefined()
	})
	vm.method(o, "linked", func(c goja.FunctionCall) goja.Value {
		make, _ := goja.AssertFunction(c.Argument(0))
		n := vm.links(c.Argument(1), c.Argument(2))
		v := vm.call(make, goja.Undefined())
		vm.link(v, n)
		return v
	})
	vm.method(o, "names", func(c goja.FunctionCall) goja.Value { return vm.strings(vm.dictOf(c.Argument(0)).Keys()) })
	protos := make([]any, protoKinds)
	for k := range protoKinds {
		protos[k] = vm.proto(k)
	}
	_ = o.Set("protos", vm.rt.NewArray(protos...))
	vm.method(o, "bodyText", func(c goja.FunctionCall) goja.Value { return vm.bodyText(c.Argument(0)) })
	vm.method(o, "bodyBytes", func(c goja.FunctionCall) goja.Value { return vm.bytes(vm.bodyBytes(c.Argument(0))) })
	vm.method(o, "encode", func(c goja.FunctionCall) goja.Value {
		return vm.bytes([]byte(strings.ToValidUTF8(goString(vm.bounded(c.Argument(0))), "\uFFFD")))
	})
	vm.method(o, "decode", func(c goja.FunctionCall) goja.Value {
		b, ok := vm.bytesOf(c.Argument(0))
		if !ok {
			vm.throwType("an ArrayBuffer or a typed array is wanted here")
		}
		if len(b) > maxString {
			vm.tooLong()
		}
		vm.draw(2 * int64(len(b)))
		if c.Argument(1).ToBoolean() && !utf8.Valid(b) {
			vm.throwType("the bytes are not valid UTF-8")
		}
		if !c.Argument(2).ToBoolean() {
			b = bytes.TrimPrefix(b, byteOrderMark)
		}
		return vm.decoded(b)
	})
	vm.method(o, "unescape", func(c goja.FunctionCall) goja.Value {
		return vm.str(percentDecode(goString(vm.bounded(c.Argument(0)))))
	})
	vm.method(o, "escapeForm", func(c goja.FunctionCall) goja.Value {
		return vm.rt.ToValue(strings.ReplaceAll(escapeForm(goString(vm.bounded(c.Argument(0))), "+"), "%2A", "*"))
	})
	vm.method(o, "parseURL", vm.parseURL)
	vm.method(o, "urlPart", func(c goja.FunctionCall) goja.Value {
		return vm.str(urlPart(c.Argument(0).String(), goString(c.Argument(1))))
	})
	vm.method(o, "fetch", vm.fetch)
	return o
}

// decoded is UTF-8 as a string, what is none as U+FFFD.
func (vm *VM) decoded(b []byte) goja.Value {
	const part = 1 << 16
	ascii := true
	for i := 0; ascii && i < len(b); i++ {
		ascii = b[i] < utf8.RuneSelf
	}
	if ascii {
		return vm.rt.ToValue(string(b))
	}
	units := make([]uint16, 0, len(b))
	for len(b) > 0 {
		vm.look()
		for n := 0; n < part && len(b) > 0; n++ {
			r, size := utf8.DecodeRune(b)
			if r == utf8.RuneError && size == 1 {
				// All bytes of a sequence that breaks off are one U+FFFD.
				for size < len(b) && size < 3 && !utf8.FullRune(b[:size+1]) {
					size++
				}
			}
			units = utf16.AppendRune(units, r)
			b = b[size:]
		}
	}
	return goja.StringFromUTF16(units)
}

// percentDecode undoes %XX; what is no escape stays, and what is no UTF-8 becomes
// U+FFFD.
func percentDecode(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
