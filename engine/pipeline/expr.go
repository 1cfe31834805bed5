package pipeline

import (
	"fmt"
	"io/fs"

	"sekisho/engine/script"
	"sekisho/engine/source"
)

// Expressions compile the expressions of a folder's documents and count them.
type Expressions struct {
	files     fs.FS
	scriptDir string
	compiled  int

	folder *script.Folder // of modules, made when the first is named
	guard  *Guard
}

// NewExpressions makes a compiler for a folder with modules under scriptDir; files may
// be nil where there is none.
func NewExpressions(files fs.FS, scriptDir string) *Expressions {
	return &Expressions{files: files, scriptDir: scriptDir}
}

// Compiled counts the expressions that compiled.
func (e *Expressions) Compiled() int { return e.compiled }

// CSharp implements Env.
func (e *Expressions) CSharp(v source.View, block bool, diags *source.List) Expr {
	diags.Errorf(v.All(), "csharp-pending", "pending")
	return nil
}

func textOf(v any) string   { return fmt.Sprint(v) }
func typeName(v any) string { return fmt.Sprintf("%T", v) }
