package mcp

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// maxSealed bounds the session ids that are looked at.
const maxSealed = 4096

// Sealer hides the session ids of servers behind ids of ours, each good for one user of one
// server only: the server's id is encrypted, and server and user are authenticated with it
// (AES-256-GCM with random nonces). Nothing is stored, so every process with the key
// understands the ids of all others. It may be used by several goroutines.
type Sealer struct{ aead cipher.AEAD }

// NewSealer takes a key of 32 bytes that serves no other purpose.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the key of session ids has %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead}, nil
}

// Seal is the id, in visible ASCII, under which user knows id of server.
func (s *Sealer) Seal(server, user, id string) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(id), bound(server, user)))
}

// Open is the server's id. It is not ok for an id that was not sealed for this user of
// this server; the answer to that is 404, as for a session that is over.
func (s *Sealer) Open(server, user, sealed string) (id string, ok bool) {
	if len(sealed) > maxSealed || strings.ContainsAny(sealed, "\r\n") { // which base64 passes over
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return "", false
	}
	plain, err := s.aead.Open(nil, nil, b, bound(server, user))
	if err != nil {
		return "", false
	}
	return string(plain), true
}

// bound joins two texts so that no other two give the same bytes.
func bound(server, user string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(server)))
	return append(append(b, server...), user...)
}
