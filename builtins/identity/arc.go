package identity

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"sekisho/builtins/tokencache"
)

// arc is the agent of Azure Arc on a machine elsewhere. It first answers 401 with the
// name of a file that only members of its group can read; what is in it is the proof.
//
// Spec: https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
// Ours: the file is read only if it stands directly in the agent's own folder, is named
// *.key, is a regular file and no link, and has at most 4096 bytes: else whoever answers
// on that port could have any file of this machine sent to it.
type arc struct {
	client *client
	url    *url.URL
	keys   string // the folder
}

// maxKeyFile bounds a challenge file, in bytes.
const maxKeyFile = 4096

// arcKeyDirectory is where the agent puts its files.
func arcKeyDirectory(env func(string) string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(env("ProgramData"), "AzureConnectedMachineAgent", "Tokens")
	}
	return "/var/opt/azcmagent/tokens"
}

func (s *arc) token(ctx context.Context, _, resource string) (tokencache.Token, error) {
	authorization := ""
	ask := func() (*answer, error) {
		return s.client.do(ctx, metadataPlan, func(ctx context.Context) (*http.Request, error) {
			r, err := get(ctx, s.url, "api-version", "2020-06-01", "resource", resource)
			if err != nil {
				return nil, err
			}
			r.Header["Metadata"] = []string{"true"}
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			return r, nil
		})
	}
	a, err := ask()
	if err != nil {
		return tokencache.Token{}, err
	}
	if a.status != http.StatusUnauthorized {
		if a.status == http.StatusOK {
			return tokencache.Token{}, errors.New("arc answered without a challenge")
		}
		return s.client.token(a)
	}
	file, ok := challenge(a.header.Values("WWW-Authenticate"))
	if !ok {
		return tokencache.Token{}, errors.New("arc answered 401 without the name of a file")
	}
	key, err := readKey(s.keys, file)
	if err != nil {
		return tokencache.Token{}, err
	}
	authorization = "Basic " + key
	if a, err = ask(); err != nil {
		return tokencache.Token{}, err
	}
	return s.client.token(a)
}

// challenge finds the file in WWW-Authenticate: Basic realm=<path>.
func challenge(values []string) (string, bool) {
	for _, v := range values {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(v), " ")
		name, path, ok := strings.Cut(strings.TrimSpace(rest), "=")
		if !ok || !strings.EqualFold(scheme, "basic") || !strings.EqualFold(strings.TrimSpace(name), "realm") {
			continue
		}
		path = strings.TrimSpace(path)
		if unquoted, ok := strings.CutPrefix(path, `"`); ok {
			if path, ok = strings.CutSuffix(unquoted, `"`); !ok {
				return "", false
			}
		}
		return path, path != ""
	}
	return "", false
}

// readKey reads a challenge file of a folder. The errors do not name what was asked for.
func readKey(dir, file string) (string, error) {
	dir = filepath.Clean(dir)
	if !filepath.IsAbs(file) || filepath.Clean(file) != file || filepath.Dir(file) != dir || filepath.Ext(file) != ".key" {
		return "", errors.New("arc named a file that is no key in its own folder")
	}
	before, err := os.Lstat(file)
	if err != nil {
		return "", errors.New("arc: the key cannot be read; the gateway must run as a member of the agent's group")
	}
	if !before.Mode().IsRegular() {
		return "", errors.New("arc named a file that is no regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return "", errors.New("arc: the key cannot be read; the gateway must run as a member of the agent's group")
	}
	defer f.Close()
	// A link that was put there meanwhile leads to another file.
	after, err := f.Stat()
	if err != nil || !os.SameFile(before, after) {
		return "", errors.New("arc: the key was changed while it was read")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return "", errors.New("arc: the key cannot be read")
	}
	if len(data) > maxKeyFile {
		return "", errors.New("arc named a file that is too large for a key")
	}
	key := strings.TrimSpace(string(data))
	if !isToken(key) {
		return "", errors.New("arc named a file that holds no key")
	}
	return key, nil
}
