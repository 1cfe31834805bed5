// Package sekisho holds the gateway that ships with the program: gateway.yaml,
// policies and scripts as they stand in the repository.
package sekisho

import (
	"embed"
	"io/fs"
)

//go:embed gateway.yaml policies scripts
var example embed.FS

// Example is the folder of the gateway that ships with the program.
func Example() fs.FS { return example }
