package pkcs12_test

import (
	"os"
	"path/filepath"
	"testing"

	"sekisho/engine/dotnet/crypto/pkcs12"
)

// files are those that engine/config is tested with.
const files = "../../../config/testdata/certificates"

func TestDecode(t *testing.T) {
	for name, password := range map[string]string{"aes256.pfx": "pässword", "legacy.pfx": "password", "empty-password.pfx": ""} {
		data, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		chain, key, err := pkcs12.Decode(data, password)
		if err != nil || len(chain) == 0 || key == nil || !pkcs12.SameKey(chain[0].PublicKey, key.Public()) {
			t.Errorf("%s: %d certificates, %v", name, len(chain), err)
		}
		for _, wrong := range []string{password + "x", "pass"} {
			if chain, key, err := pkcs12.Decode(data, wrong); err == nil || chain != nil || key != nil {
				t.Errorf("%s opens with a wrong password", name)
			}
		}
		for _, damaged := range [][]byte{nil, data[:len(data)/2], append([]byte{0}, data...), append(append([]byte(nil), data...), 0)} {
			if _, _, err := pkcs12.Decode(damaged, password); err == nil {
				t.Errorf("%s opens though it is damaged", name)
			}
		}
	}
}
