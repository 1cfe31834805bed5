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

// Every iteration is told before it is made.
func TestSpending(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(files, "legacy.pfx"))
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	_, key, err := pkcs12.DecodeSpending(data, "password", func(n int) { all += n })
	// 2048 for the MAC, the key and the vector of RC2, and those of triple DES, whose
	// key takes two rounds.
	if want := 2048 * 6; err != nil || key == nil || all != want {
		t.Errorf("%d iterations, want %d: %v", all, want, err)
	}
	left := 3000
	defer func() {
		if recover() == nil || left > 0 {
			t.Errorf("%d iterations were left", left)
		}
	}()
	_, _, _ = pkcs12.DecodeSpending(data, "password", func(n int) {
		if left -= n; left < 0 {
			panic("enough")
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"aes256.pfx", "legacy.pfx", "empty-password.pfx", "no-key.pfx"} {
		data, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "password")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		defer func() {
			if r := recover(); r != nil && r != "enough" {
				panic(r)
			}
		}()
		left := 20000
		if chain, key, err := pkcs12.DecodeSpending(data, password, func(n int) {
			if left -= n; left < 0 {
				panic("enough")
			}
		}); err != nil && (chain != nil || key != nil) {
			t.Error("it gave something besides the error")
		}
	})
}
