package config

import (
	"fmt"
	"strings"
	"testing"
)

const petstore = `openapi: 3.0.3
info: {title: Pets, version: "1"}
servers:
  - url: http://insecure.example.com
  - url: https://{region}.pets.example.com/v2
    variables: {region: {default: eu}}
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: string}}
    delete: {operationId: "Delete Pet!", responses: {"204": {description: gone}}}
    get:
      operationId: getPet
      summary: One pet
      responses:
        "200":
          description: a pet
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Pet"}
            text/plain: {example: "a cat"}
        4XX: {description: no}
        default:
          description: other
          content: {application/problem+json: {examples: {b: {value: {b: 2}}, a: {value: {a: 1}}}}}
  /pets:
    get:
      parameters:
        - {name: status, in: query, required: true, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer}}
      responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}}}
    post: {operationId: getPet, responses: {}}
components:
  schemas:
    Pet:
      type: object
      properties:
        id: {type: integer, minimum: 1}
        name: {type: string, example: Rex}
        born: {type: string, format: date}
        kind: {type: string, enum: [cat, dog]}
        parent: {$ref: "#/components/schemas/Pet"}
`

func describe(m *Model) string {
	var b strings.Builder
	for _, o := range m.APIs[0].Operations {
		fmt.Fprintf(&b, "%s (%s): %s %s at %d", o.ID, o.Name, o.Method, o.Template.Source, o.At.Pos().Line)
		if o.Policy != nil {
			b.WriteString(" policy " + o.Policy.Name)
		}
		b.WriteString("\n")
		for _, r := range o.Responses {
			fmt.Fprintf(&b, "  %d %s\n", r.Status, r.Description)
			for _, rep := range r.Representations {
				fmt.Fprintf(&b, "    %s %q %.60s\n", rep.ContentType, rep.Examples, rep.Sample)
			}
		}
	}
	return b.String()
}

func TestOpenAPI(t *testing.T) {
	m := mustLoad(t, map[string]string{
		"gateway.yaml": `
apis:
  pets:
    path: pets
    openapi: pets.yaml
    operations:
      - {id: getPet, name: Renamed, policy: get.xml}
      - {id: extra, method: HEAD, urlTemplate: /extra}
`,
		"pets.yaml":                         petstore,
		"get.xml":                           "<policies/>",
		"policies/apis/pets/delete-pet.xml": "<policies/>",
	}, nil)
	want := `delete-pet (Delete Pet!): DELETE /pets/{petId} at 11 policy policies/apis/pets/delete-pet.xml
  204 gone
getpet (Renamed): GET /pets/{petId} at 12 policy get.xml
  0 other
    application/problem+json ["{\"a\":1}" "{\"b\":2}"] 
  200 a pet
    application/json [] {"born":"2000-01-23","id":1,"kind":"cat","name":"Rex","paren
    text/plain ["a cat"] 
  400 no
get-pets (GET-/pets): GET /pets?status={status} at 27
  200 ok
    application/json [] [{"born":"2000-01-23","id":1,"kind":"cat","name":"Rex","pare
getpet-1 (getPet): POST /pets at 32
extra (extra): HEAD /extra at 8
`
	if got := describe(m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if u := m.APIs[0].ServiceURL; u == nil || u.String() != "https://eu.pets.example.com/v2" {
		t.Errorf("service URL %v", u)
	}
}

func TestOpenAPIJSON(t *testing.T) {
	m := mustLoad(t, map[string]string{
		"gateway.yaml": `apis: {a: {openapi: a.json, serviceUrl: https://mine, translateRequiredQueryParameters: query}}`,
		"a.json":       "{\n\t\"openapi\": \"3.1.0\",\n\t\"info\": {\"title\": \"t\", \"version\": \"1\"},\n\t\"paths\": {\n\t\t\"/x\": {\n\t\t\t\"get\": {\"parameters\": [{\"name\": \"q\", \"in\": \"query\", \"required\": true, \"schema\": {\"type\": \"string\"}}], \"responses\": {\"200\": {\"description\": \"d\", \"content\": {\"application/json\": {\"schema\": {\"type\": [\"string\", \"null\"]}}}}}}}}}\n",
	}, nil)
	want := "get-x (GET-/x): GET /x at 6\n  200 d\n    application/json [] \"string\"\n"
	if got := describe(m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if m.APIs[0].ServiceURL.Host != "mine" {
		t.Error("the document's server replaced serviceUrl")
	}
}
