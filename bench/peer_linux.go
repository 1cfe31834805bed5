package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"sekisho/bench/report"
	"sekisho/bench/scenario"
)

// startPeer starts another program.
func (b *bench) startPeer(p *Peer) error {
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	d := b.data
	d.Port, d.Dir = ports[0], filepath.Join(b.dir, "peer-"+p.Name)
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return err
	}
	// Programs that give up root's rights must still find their files.
	for _, dir := range []string{b.dir, d.Dir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	expand := func(text string) (string, error) { return scenario.Expand(p.Name, text, d) }
	for name, text := range p.Files {
		out, err := expand(text)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		file := filepath.Join(d.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			return err
		}
	}
	args := slices.Clone(p.Command)
	for i := range args {
		if args[i], err = expand(args[i]); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = d.Dir, os.Environ()
	for k, v := range p.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	child, err := launch(p.Name, cmd, b.subjects, filepath.Join(b.dir, "peer-"+p.Name+".log"))
	if err != nil {
		return err
	}
	c := b.add(p.Name, report.Peer, child, fmt.Sprintf("127.0.0.1:%d", d.Port))
	if !p.Strict {
		c.plan = lenient(c.plan)
	}
	c.Version = p.version()
	return b.ready(c)
}

// version asks the program what it is; what it is that it cannot say is no reason to stop.
func (p *Peer) version() string {
	if len(p.Version) == 0 {
		return ""
	}
	out, err := exec.Command(p.Version[0], p.Version[1:]...).CombinedOutput()
	if err != nil {
		return ""
	}
	return versionForm.FindString(string(out))
}

var versionForm = regexp.MustCompile(`[0-9]+\.[0-9]+[^\s,]*`)
