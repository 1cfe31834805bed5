// Package route decides which API and which operation a request is for.
//
// # From text to answer
//
// NormalizePath brings a request's raw path into its one normal form, or refuses
// it. A Table, compiled once per load, is then asked with that form: first the
// host and the longest path prefix choose a group of APIs, the version and the
// revision choose one of them, and the rest of the path descends a tree of the
// API's URL templates, literals before parameters before wildcards.
//
// # What is matched is what is forwarded
//
// Nothing here decodes the path: %2F stays %2F, and the values of parameters are
// spans of the raw path, decoded only when somebody asks for them. Literals are
// compared without regard to ASCII case, as Azure API Management does, and
// without regard to whether an octet was written raw or as %XX, so that no
// spelling of a path slips past the operation that names it.
//
// A match allocates nothing, and costs the same for ten operations as for ten
// thousand.
package route
