// Package xmljson turns XML into JSON and JSON into XML, for xml-to-json and
// json-to-xml.
//
// # XML into JSON, direct
//
// What Newtonsoft.Json makes of an XDocument: elements are members, an attribute is
// "@name", text beside attributes or elements "#text" and CDATA "#cdata-section", a
// declaration "?xml". Several elements of one name are an array; an empty element is
// null and one without content "". Prefixes and their declarations stay. Comments and
// white space between elements go.
//
// # XML into JSON, friendly to JavaScript
//
// Microsoft does not say what that is. Here it is what reads well in a program:
// attributes are plain members, prefixes and declarations go, text beside attributes
// or elements is "value", and an element with xsi:nil is null. An attribute whose name
// is taken by an element is "@name". Values stay strings: XML does not say that "007"
// is a number.
//
// # JSON into XML
//
// What Newtonsoft.Json makes of it with DeserializeXNode: members are elements, items
// of an array elements of one name, null an empty element, "@name" an attribute unless
// a block holds the attributes. An object with one member is the root element;
// anything else gets a root <Document>, the items of an array in <item>. Names that XML
// does not allow are encoded as _xHHHH_.
//
// # Bounds
//
// Nesting is bounded on both sides; the size is that of the input times a constant.
package xmljson
