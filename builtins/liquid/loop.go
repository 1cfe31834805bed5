package liquid

import (
	"fmt"
	"strings"
)

type loopOptions struct {
	limit, offset, cols expr // nil for none
	goOn                bool // offset:continue
	reversed            bool
}

type forNode struct {
	name      string
	id        string // names the loop for offset:continue
	over      expr
	options   loopOptions
	body      block
	otherwise block
	array     bool // JSONArrayFor
}

// forLoop is what templates see as forloop and tablerowloop.
type forLoop struct {
	name          string
	length, index int
	cols          int // of a tablerow, else 0
}

func (f *forLoop) Lookup(name string) (any, bool) {
	i := f.index
	switch strings.ToLower(name) {
	case "name":
		return f.name, true
	case "length":
		return int32(f.length), true
	case "index":
		return int32(i + 1), true
	case "index0":
		return int32(i), true
	case "rindex":
		return int32(f.length - i), true
	case "rindex0":
		return int32(f.length - i - 1), true
	case "first":
		return i == 0, true
	case "last":
		return i == f.length-1, true
	}
	if f.cols == 0 {
		return nil, false
	}
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "col":
		return int32(i%f.cols + 1), true
	case "col0":
		return int32(i % f.cols), true
	case "colfirst":
		return i%f.cols == 0, true
	case "collast":
		return i%f.cols == f.cols-1 || i == f.length-1, true
	}
	return nil, false
}

// items evaluates the collection and cuts out the part to go through.
func (n *forNode) items(r *renderer) ([]any, error) {
	v, err := n.over.eval(r)
	if err != nil {
		return nil, err
	}
	all, err := r.items(v, n.array)
	if err != nil {
		return nil, err
	}
	from := 0
	if n.options.goOn {
		from = r.offsets[n.id]
	} else if from, err = r.intOption(n.options.offset, 0); err != nil {
		return nil, err
	}
	count, err := r.intOption(n.options.limit, len(all))
	if err != nil {
		return nil, err
	}
	from = min(max(from, 0), len(all))
	to := from + min(max(count, 0), len(all)-from)
	if r.offsets == nil {
		r.offsets = map[string]int{}
	}
	r.offsets[n.id] = to
	part := all[from:to]
	if n.options.reversed {
		turned := make([]any, len(part))
		for i, v := range part {
			turned[len(part)-1-i] = v
		}
		part = turned
	}
	return part, nil
}

func (r *renderer) intOption(e expr, absent int) (int, error) {
	if e == nil {
		return absent, nil
	}
	v, err := e.eval(r)
	if err != nil || v == nil {
		return absent, err
	}
	n, ok := toInt(v)
	if !ok {
		return absent, nil
	}
	return n, nil
}

func (n *forNode) render(r *renderer) (jumpKind, error) {
	items, err := n.items(r)
	if err != nil {
		return onward, err
	}
	if len(items) == 0 {
		return n.otherwise.render(r)
	}
	wrote := false
	return onward, n.each(r, items, 0, func() (jumpKind, error) {
		if !n.array {
			return n.body.render(r)
		}
		s, j, err := r.captured(n.body)
		if err != nil {
			return j, err
		}
		r.spare += len(s) // it is paid for again where it is written
		// A turn that says nothing, {% continue %} for example, makes no member.
		if strings.TrimSpace(s) != "" {
			if wrote {
				if err := r.write(","); err != nil {
					return j, err
				}
			}
			wrote = true
		}
		return j, r.write(s)
	})
}

// each binds the items one after the other and calls f for each.
func (n *forNode) each(r *renderer, items []any, cols int, f func() (jumpKind, error)) error {
	loop := &forLoop{name: n.name, length: len(items), cols: cols}
	at := len(r.scopes)
	r.scopes = append(r.scopes, binding{n.name, nil, loop})
	defer func() { r.scopes = r.scopes[:at] }()
	for i, v := range items {
		if err := r.tick(); err != nil {
			return err
		}
		loop.index = i
		r.scopes[at].value = v
		j, err := f()
		if err != nil {
			return err
		}
		if j == breaks {
			return nil
		}
	}
	return nil
}

type tableRow struct{ forNode }

func (n *tableRow) render(r *renderer) (jumpKind, error) {
	items, err := n.items(r)
	if err != nil {
		return onward, err
	}
	cols, err := r.intOption(n.options.cols, len(items))
	if err != nil {
		return onward, err
	}
	cols = max(cols, 1)
	if err := r.write("<tr class=\"row1\">\n"); err != nil {
		return onward, err
	}
	i := 0
	err = n.each(r, items, cols, func() (jumpKind, error) {
		if err := r.write(fmt.Sprintf("<td class=\"col%d\">", i%cols+1)); err != nil {
			return onward, err
		}
		j, err := n.body.render(r)
		if err != nil {
			return j, err
		}
		i++
		end := "</td>"
		if i%cols == 0 && i < len(items) {
			end += fmt.Sprintf("</tr>\n<tr class=\"row%d\">", i/cols+1)
		}
		return j, r.write(end)
	})
	if err != nil {
		return onward, err
	}
	return onward, r.write("</tr>\n")
}
