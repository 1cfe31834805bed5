package pipeline

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBufferLengths has streams that are as long as they were said to be, and others.
func TestBufferLengths(t *testing.T) {
	const limit = 3000
	for _, size := range []int{0, 1, 511, 512, 513, limit, limit + 1, 2 * limit} {
		text := strings.Repeat("x", size)
		for _, said := range []int64{-1, 0, 1, int64(size), int64(size) + 100, limit + 1, 1 << 40} {
			for name, r := range map[string]io.Reader{
				"at once": strings.NewReader(text), "by halves": iotest.HalfReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text)),
			} {
				b := Body{limit: limit}
				b.SetStream(io.NopCloser(r), said)
				got, err := b.Buffer()
				if size > limit {
					if !errors.Is(err, ErrBodyTooLarge) {
						t.Errorf("%d bytes said to be %d, %s: %v", size, said, name, err)
					}
				} else if err != nil || string(got) != text {
					t.Errorf("%d bytes said to be %d, %s: %d bytes, %v", size, said, name, len(got), err)
				}
			}
		}
	}
	b := Body{limit: limit}
	b.SetStream(io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))), 3)
	if got, err := b.Buffer(); !errors.Is(err, iotest.ErrTimeout) || got != nil {
		t.Errorf("a stream that breaks off: %q, %v", got, err)
	}
}
