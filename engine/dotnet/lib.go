package dotnet

// allDecls is the table: every type that expressions can name, in groups.
func allDecls() []*Decl {
	var all []*Decl
	for _, group := range []func() []*Decl{
		objectDecls, delegateDecls, numberDecls, stringDecls, cultureDecls, jsonDecls,
		collectionDecls, listDecls, arrayDecls, linqDecls, exceptionDecls, timeDecls, systemDecls, textDecls,
		contextDecls, entityDecls, webDecls, regexDecls, xmlDecls, cryptoDecls,
	} {
		all = append(all, group()...)
	}
	return all
}
