package keys

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// An envelope is laid out like this; nothing in it is secret, and nothing in it is trusted
// before it has been decrypted:
//
//	1 byte    version, 1
//	8 bytes   ID of the master key          (so that SQL finds it: substr(x, 2, 8))
//	2 bytes   length of the wrapped data key, big endian
//	n bytes   data key under the master key  (nonce, ciphertext, tag)
//	m bytes   value under the data key       (nonce, ciphertext, tag)
const (
	envelopeVersion = 1
	headerSize      = 1 + len(ID{}) + 2
	overhead        = subtle.AESGCMIVSize + subtle.AESGCMTagSize
	wrappedSize     = keySize + overhead
)

// MaxValue is how many bytes a sealed value may have.
const MaxValue = 1 << 20

// ErrTooLarge: a value is longer than MaxValue.
var ErrTooLarge = errors.New("the value is too large to be sealed")

// Place is where a sealed value belongs. Row is all that makes a row the one that it is, and
// nothing that changes while it lives.
type Place struct {
	Table, Column string
	Row           []string
}

// bind is the additional data of an encryption: the place, and which of the two encryptions
// of an envelope it is. Each part is preceded by its length, so that no two places have the
// same bytes.
func (p Place) bind(what string) []byte {
	out := append(make([]byte, 0, 128), "sekisho sealed 1"...)
	for _, s := range append([]string{what, p.Table, p.Column}, p.Row...) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(s)))
		out = append(out, s...)
	}
	return out
}

// What the two encryptions of an envelope are bound to beside the place.
const (
	bindKey   = "data key"
	bindValue = "value"
)

// envelope is the parts of one, which share its bytes.
type envelope struct {
	key            ID
	wrapped, value []byte
}

func parse(data []byte) (envelope, error) {
	if len(data) < headerSize+wrappedSize+overhead || len(data) > headerSize+wrappedSize+overhead+MaxValue ||
		data[0] != envelopeVersion || int(binary.BigEndian.Uint16(data[headerSize-2:])) != wrappedSize {
		return envelope{}, ErrNotHere
	}
	return envelope{
		key:     ID(data[1:headerSize]),
		wrapped: data[headerSize : headerSize+wrappedSize],
		value:   data[headerSize+wrappedSize:],
	}, nil
}

func (e envelope) bytes() []byte {
	out := make([]byte, 0, headerSize+len(e.wrapped)+len(e.value))
	out = append(out, envelopeVersion)
	out = append(out, e.key[:]...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(e.wrapped)))
	out = append(out, e.wrapped...)
	return append(out, e.value...)
}

// KeyOf says under which master key an envelope was sealed.
func KeyOf(data []byte) (ID, error) {
	e, err := parse(data)
	return e.key, err
}

// Seal encrypts a value for a place, under the master key with that ID.
func (r *Ring) Seal(ctx context.Context, id ID, p Place, value []byte) ([]byte, error) {
	if len(value) > MaxValue {
		return nil, ErrTooLarge
	}
	master, err := r.key(ctx, id)
	if err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	defer clear(key)
	rand.Read(key)
	box, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, err
	}
	e := envelope{key: id}
	if e.wrapped, err = master.Encrypt(key, p.bind(bindKey)); err != nil {
		return nil, err
	}
	if e.value, err = box.Encrypt(value, p.bind(bindValue)); err != nil {
		return nil, err
	}
	return e.bytes(), nil
}

// Open decrypts what Seal made for the same place: ErrUnknownKey, ErrNotHere. A master key
// that is new to this process is fetched.
func (r *Ring) Open(ctx context.Context, p Place, data []byte) ([]byte, error) {
	e, err := parse(data)
	if err != nil {
		return nil, err
	}
	key, err := r.unwrap(ctx, p, e)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	box, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, ErrNotHere
	}
	value, err := box.Decrypt(e.value, p.bind(bindValue))
	if err != nil {
		return nil, ErrNotHere
	}
	return value, nil
}

// Rewrap puts the data key of an envelope under another master key. The value stays as it
// is and is not decrypted.
func (r *Ring) Rewrap(ctx context.Context, id ID, p Place, data []byte) ([]byte, error) {
	e, err := parse(data)
	if err != nil {
		return nil, err
	}
	key, err := r.unwrap(ctx, p, e)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	master, err := r.key(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.wrapped, err = master.Encrypt(key, p.bind(bindKey)); err != nil {
		return nil, err
	}
	e.key = id
	return e.bytes(), nil
}

// unwrap decrypts the data key of an envelope.
func (r *Ring) unwrap(ctx context.Context, p Place, e envelope) ([]byte, error) {
	master, err := r.key(ctx, e.key)
	if err != nil {
		return nil, err
	}
	key, err := master.Decrypt(e.wrapped, p.bind(bindKey))
	if err != nil {
		return nil, ErrNotHere
	}
	return key, nil
}
