package builtins_test

import (
	"testing"

	"sekisho/engine/enginetest"
)

// TestPolicies runs the golden archives of all policies.
func TestPolicies(t *testing.T) { enginetest.Run(t, "testdata") }
