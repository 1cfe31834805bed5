package dotnet

func webDecls() []*Decl {
	return []*Decl{
		class("System.Uri"),
	}
}
