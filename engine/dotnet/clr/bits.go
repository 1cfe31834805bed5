package clr

import (
	"encoding/hex"
	"math"
	"strings"
	"unsafe"
)

// BitsString is BitConverter.ToString(bytes, start, length): "01-FF".
func BitsString(b []byte, start, length int) string {
	if start < 0 || start >= len(b) && start > 0 {
		ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex")
	}
	if length < 0 {
		ThrowRange("'length' must be non-negative.", "length")
	}
	if start > len(b)-length {
		ThrowArgument(arrayTooSmall, "")
	}
	b = b[start : start+length]
	if len(b) == 0 {
		return ""
	}
	h := strings.ToUpper(hex.EncodeToString(b))
	out := make([]byte, 0, 3*len(b))
	for i := 0; i < len(h); i += 2 {
		if i > 0 {
			out = append(out, '-')
		}
		out = append(out, h[i], h[i+1])
	}
	return string(out)
}

const arrayTooSmall = "Destination array is not long enough to copy all the items in the collection. Check array index and length."

// IntegerBytes is BitConverter.GetBytes of an integral type: little-endian.
func IntegerBytes[T integer](v T) []byte {
	b := make([]byte, unsafe.Sizeof(v))
	for i := range b {
		b[i] = byte(uint64(v) >> (8 * i))
	}
	return b
}

// IntegerAt is BitConverter.ToInt32(bytes, start) and its like.
func IntegerAt[T integer](b []byte, start int) T {
	size := int(unsafe.Sizeof(T(0)))
	if start < 0 || start >= len(b) {
		ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex")
	}
	if start > len(b)-size {
		ThrowArgument(arrayTooSmall, "value")
	}
	var v uint64
	for i := size - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[start+i])
	}
	return T(v)
}

// DoubleBytes and SingleBytes are BitConverter.GetBytes of the floats.
func DoubleBytes(v float64) []byte { return IntegerBytes(math.Float64bits(v)) }
func SingleBytes(v float32) []byte { return IntegerBytes(math.Float32bits(v)) }

// DoubleAt and SingleAt are BitConverter.ToDouble and ToSingle.
func DoubleAt(b []byte, start int) float64 { return math.Float64frombits(IntegerAt[uint64](b, start)) }
func SingleAt(b []byte, start int) float32 { return math.Float32frombits(IntegerAt[uint32](b, start)) }
