// PLACEHOLDER: another engineer is writing this file right now (started 14:16). Do not write it or its types elsewhere.

package dotnet
