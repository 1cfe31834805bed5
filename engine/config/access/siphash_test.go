package access

import "testing"

// The values are those that the authors of SipHash published for SipHash-2-4: messages
// 00, 00 01, 00 01 02 and so on, under the key 00 01 … 0f.
func TestSiphash(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	var message []byte
	for i, want := range []uint64{
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
		0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
		0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	} {
		if got := siphash(k0, k1, string(message)); got != want {
			t.Errorf("%d bytes: %#x, want %#x", i, got, want)
		}
		message = append(message, byte(i))
	}
}
