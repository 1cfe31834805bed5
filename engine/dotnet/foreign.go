package dotnet

import (
	"sekisho/engine/dotnet/apim"
)

// foreign enumerates collections of other packages; nil if v is none.
func foreign(v any) []any { return nil }

func foreignEqual(a, b any) (equal, known bool)   { return false, false }
func foreignKey(v any) (key any, known bool)      { return nil, false }
func foreignCompare(a, b any) (c int, known bool) { return 0, false }

func urlText(u *apim.URL) string {
	return u.Scheme + "://" + u.Host + u.Path + u.QueryString
}

func certificateText(c *apim.Certificate) string { return "" }

func sameReference(a, b any) bool { return a == b }
