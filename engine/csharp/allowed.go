package csharp

import (
	"sekisho/engine/dotnet"
)

// notAllowed says what to do instead of types of .NET that Azure API Management
// refuses.
var notAllowed = map[string]string{
	"Console":                 "context.Trace(message) writes to the request's trace",
	"Environment":             "named values hold what differs between environments",
	"File":                    "expressions have no access to files",
	"Directory":               "expressions have no access to files",
	"Path":                    "expressions have no access to files",
	"FileInfo":                "expressions have no access to files",
	"FileStream":              "expressions have no access to files",
	"HttpClient":              "the send-request policy calls other services",
	"WebClient":               "the send-request policy calls other services",
	"WebRequest":              "the send-request policy calls other services",
	"HttpWebRequest":          "the send-request policy calls other services",
	"Thread":                  "the retry and wait policies wait",
	"Task":                    "the send-request and wait policies do work in parallel",
	"Process":                 "expressions cannot start processes",
	"Activator":               "types are created with new",
	"Assembly":                "reflection is not allowed in expressions",
	"AppDomain":               "reflection is not allowed in expressions",
	"GC":                      "memory is no matter of expressions",
	"Debug":                   "context.Trace(message) writes to the request's trace",
	"JsonDocument":            "Newtonsoft.Json has JObject.Parse",
	"JsonSerializer":          "Newtonsoft.Json has JsonConvert.SerializeObject",
	"Stopwatch":               "context.Elapsed is the time since the request began",
	"Marshal":                 "expressions have no access to memory",
	"Socket":                  "the send-request policy calls other services",
	"ConcurrentDictionary":    "Dictionary does in an expression",
	"BigInteger":              "decimal holds 28 digits",
	"Stream":                  "a body is read as a string, as byte[], or parsed",
	"StreamReader":            "a body is read with context.Request.Body.As<string>()",
	"XmlReader":               "XElement.Parse reads XML",
	"DataTable":               "a List of anonymous objects does",
	"HttpUtility":             "System.Net.WebUtility encodes and decodes",
	"JavaScriptSerializer":    "Newtonsoft.Json has JsonConvert.SerializeObject",
	"JwtSecurityTokenHandler": "AsJwt() reads a token, the validate-jwt policy checks it",
	"DES":                     "bytes.Encrypt(\"DES\", key, iv) encrypts",
	"TripleDES":               "bytes.Encrypt(\"TripleDES\", key, iv) encrypts",
}

// instead says what does the work of members that Azure API Management refuses,
// by type and member.
var instead = map[string]string{
	"DateTime.FromFileTimeUtc":       "new DateTime(ticks) makes a date of ticks",
	"DateTime.FromOADate":            "AddDays on new DateTime(1899, 12, 30) does",
	"DateTime.SpecifyKind":           "new DateTime(date.Ticks, DateTimeKind.Utc) does",
	"DateTime.ToLocalTime":           "TimeZoneInfo.ConvertTimeFromUtc does, with the zone that is meant",
	"DateTime.ToBinary":              "Ticks is the date as a number",
	"DateTime.ToFileTime":            "Ticks is the date as a number",
	"DateTime.ToFileTimeUtc":         "Ticks is the date as a number",
	"DateTime.ToOADate":              "Ticks is the date as a number",
	"DateTime.ToLongDateString":      "ToString(\"D\") does",
	"DateTime.ToShortTimeString":     "ToString(\"t\") does",
	"DateTime.UnixEpoch":             "new DateTime(1970, 1, 1) is it",
	"DateTimeKind.Local":             "DateTimeKind.Utc is the only one",
	"DateTimeKind.Unspecified":       "a date that is made without a kind has it",
	"Enum.GetName":                   "ToString() gives the name of a value",
	"Enum.GetNames":                  "ToString() gives the name of a value",
	"Enum.Format":                    "ToString(format) does",
	"Enum.HasFlag":                   "(value & flag) == flag does",
	"Enum.IsDefined":                 "Enum.TryParse tells",
	"Enum.CompareTo":                 "values compare with <, > and ==",
	"Regex.Count":                    "Matches(input).Count does",
	"Regex.GetGroupNames":            "Match(input).Groups[\"name\"] gives a group by its name",
	"Regex.GroupNameFromNumber":      "Match(input).Groups[number] gives a group by its number",
	"Regex.GroupNumberFromName":      "Match(input).Groups[\"name\"] gives a group by its name",
	"Match.NextMatch":                "Regex.Matches gives all of them",
	"Group.Name":                     "Groups[\"name\"] gives a group by its name",
	"GroupCollection.Keys":           "Groups[\"name\"] gives a group by its name",
	"GroupCollection.Values":         "Groups can be gone through as they are",
	"GroupCollection.ContainsKey":    "Groups[\"name\"].Success tells",
	"GroupCollection.TryGetValue":    "Groups[\"name\"].Success tells",
	"XDocument.Load":                 "XDocument.Parse reads a text",
	"JsonConvert.DeserializeXmlNode": "JsonConvert.DeserializeXNode does",
	"JsonConvert.PopulateObject":     "JObject.Merge does",
	"JsonConvert.True":               "\"true\" is it",
	"JsonConvert.Null":               "\"null\" is it",
}

// listed tells of types that are not on Azure's list.
func (b *binder) listed(at span, t *dotnet.Type) {
	switch t.Standing() {
	case dotnet.Refused:
		if !b.anyType {
			b.refusedType(at, t.Decl().Name, t.Name)
		}
	case dotnet.Beyond:
		b.warnf(at, "csharp-outside-list", "the type %q is not on Azure API Management's list: it works here, and Azure may refuse it", t.Name)
	}
}

// refusedType reports a type that .NET has and Azure's list has not; it is false
// for names that it does not know.
func (b *binder) refusedType(at span, short, name string) bool {
	why, known := notAllowed[short]
	if !known && !b.lib.RefusedType(short) {
		return false
	}
	b.errorf(at, "csharp-not-allowed", "the type %q is part of .NET, and Azure API Management does not allow it in expressions", name).hintf("%s", why)
	return true
}

func (b *binder) listedMember(at span, m *dotnet.Member) {
	switch m.Standing() {
	case dotnet.Refused:
		if !b.anyType {
			b.refusedMember(at, m.Owner, m.Name)
		}
	case dotnet.Beyond:
		if m.Owner.Standing() != dotnet.Listed {
			return // the type is told of
		}
		name := m.Name
		if m.Kind == dotnet.CtorMember {
			name = "this constructor"
		}
		b.warnf(at, "csharp-outside-list", "%q of %q is not on Azure API Management's list: it works here, and Azure may refuse it", name, m.Owner.Name)
	}
}

// refusedMember reports a member that .NET has and Azure's list leaves out, with
// what does its work or the nearest one that is allowed.
func (b *binder) refusedMember(at span, t *dotnet.Type, name string) {
	d := b.errorf(at, "csharp-not-allowed", "%q of %q is part of .NET, and Azure API Management does not allow it in expressions", name, t.Name)
	for o := t; o != nil; o = o.Base() {
		if o.Decl() != nil {
			d.hintf("%s", instead[o.Decl().Name+"."+name])
		}
	}
	d.didYouMean(name, t.ListedNames())
	d.hintf("docs/expressions.md lists what is allowed")
}
