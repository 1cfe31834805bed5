package dotnet

func cryptoDecls() []*Decl {
	return []*Decl{
		class("System.Security.Cryptography.X509Certificates.X509Certificate"),
		class("System.Security.Cryptography.X509Certificates.X509Certificate2 : X509Certificate"),
	}
}
