// Package config reads a gateway's folder: gateway.yaml and every file it names.
//
// # From file to Model
//
// The structs in file_*.go are the format. Their tags give each key its name, its
// default, its allowed values and its documentation; one decoder (decode.go)
// fills them from YAML, one generator (schema.go) makes the JSON Schema of them,
// one (reference.go) the reference page. Nothing about a key is said twice.
//
// What is decoded keeps its place in the file. The builder (build_*.go) then
// resolves names to pointers and checks what a schema cannot say: that references
// lead somewhere, that no two APIs answer to the same path, that a certificate
// has its key. Everything wrong is reported at once, at its own Range.
//
// The result is a Model: plain structs, frozen once Load returns. Policy
// documents, fragments and scripts are in it as Texts; this package knows where
// they attach, not what they say.
//
// # Secrets
//
// Whatever may be secret (keys, credentials, passwords, named values) is a Secret
// in the Model, which does not print. Diagnostics quote the file, where a secret
// stands as ${NAME}, never what was put in its place.
package config
