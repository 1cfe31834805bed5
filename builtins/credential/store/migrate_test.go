package store

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/builtins/authserver/records"
)

var fixture = flag.Bool("fixture", false, "write testdata for the latest version of the schema, once, when a migration has been added")

// latest is the latest version of the schema.
func latest(t *testing.T) int {
	t.Helper()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// upTo are the migrations up to a version.
func upTo(t *testing.T, version int) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, name := range names[:version] {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: text}
	}
	return out
}

// TestMigrations opens what each version of the schema has left: testdata/vN.sql is what
// fillAll wrote then, sealed under the first test key.
func TestMigrations(t *testing.T) {
	ctx := context.Background()
	n := latest(t)
	if *fixture {
		if err := os.WriteFile(fmt.Sprintf("testdata/v%d.sql", n), []byte(dump(t)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for v := 1; v <= n; v++ {
		t.Run(fmt.Sprint("from ", v), func(t *testing.T) {
			rows, err := os.ReadFile(fmt.Sprintf("testdata/v%d.sql", v))
			if err != nil {
				t.Fatalf("%v: run this test with -fixture before the version is published", err)
			}
			c := newClock()
			dir := t.TempDir()
			o := envOptions(dir, c.now, 1)
			old, err := sql.Open("sqlite", o.Path)
			wantErr(t, err, nil)
			wantErr(t, migrate(ctx, old, upTo(t, v)), nil)
			_, err = old.Exec(string(rows))
			wantErr(t, err, nil)
			wantErr(t, old.Close(), nil)

			s := openStore(t, o)
			if v < 2 { // it had no records
				checkCredentials(t, s)
				wantErr(t, s.Records().Put(ctx, &records.Record{Kind: "code", ID: "canary-code", Group: "visible-group", Value: []byte("canary-record")}), nil)
			}
			checkAll(t, s)
			var version int
			wantErr(t, s.reads.QueryRow(`PRAGMA user_version`).Scan(&version), nil)
			if version != n {
				t.Errorf("the version is %d, want %d", version, n)
			}
			got, err := s.Connection(ctx, theKey)
			wantErr(t, err, nil)
			if got.Owner != (Subject{"https://issuer", "ada"}) || got.Parameters["scopes"] != "a b" || got.Status.Reason != "visible-reason" || got.Version != 2 {
				t.Errorf("the connection is %+v", got)
			}
		})
	}
}

// dump is a store with everything in it, as SQL.
func dump(t *testing.T) string {
	t.Helper()
	c := newClock()
	s := openStore(t, envOptions(t.TempDir(), c.now, 1))
	fillAll(t, s, c.now())
	if _, err := s.PutAccessPolicy(context.Background(), &AccessPolicy{Key: theKey, ID: "one", AppIDs: []string{"a"}, Kind: User}, Absent, 0); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range []string{"master_keys", "providers", "connections", "access_policies", "logins", "registrations", "records"} {
		var columns string
		err := s.reads.QueryRow(`SELECT group_concat(name, ', ') FROM pragma_table_info(?)`, table).Scan(&columns)
		if err != nil {
			t.Fatal(err)
		}
		quoted := "quote(" + strings.ReplaceAll(columns, ", ", ") || ', ' || quote(") + ")"
		rows, err := s.reads.Query(`SELECT ` + quoted + ` FROM ` + table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var values string
			if err := rows.Scan(&values); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES (%s);\n", table, columns, values)
		}
	}
	return b.String()
}

func TestMigrationsGoForwardOnlyAndWhole(t *testing.T) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db")+"?_txlock=immediate")
	wantErr(t, err, nil)
	defer db.Close()
	version := func() (v int) {
		t.Helper()
		wantErr(t, db.QueryRow(`PRAGMA user_version`).Scan(&v), nil)
		return v
	}
	files := fstest.MapFS{
		"migrations/0001_a.sql": {Data: []byte("CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('1')")},
		"migrations/0002_b.sql": {Data: []byte("ALTER TABLE a ADD COLUMN y TEXT; UPDATE a SET y = x || '2'")},
	}
	one := fstest.MapFS{"migrations/0001_a.sql": files["migrations/0001_a.sql"]}
	for _, want := range []int{1, 1} { // the second time there is nothing to do
		wantErr(t, migrate(ctx, db, one), nil)
		if version() != want {
			t.Errorf("the version is %d, want %d", version(), want)
		}
	}
	// One that fails leaves nothing behind, of itself or of those before it.
	bad := fstest.MapFS{
		"migrations/0001_a.sql": files["migrations/0001_a.sql"], "migrations/0002_b.sql": files["migrations/0002_b.sql"],
		"migrations/0003_c.sql": {Data: []byte("CREATE TABLE c (x TEXT); INSERT INTO nowhere VALUES (1)")},
	}
	if err := migrate(ctx, db, bad); err == nil || !strings.Contains(err.Error(), "0003_c.sql") {
		t.Errorf("a migration that fails: %v", err)
	}
	var tables int
	wantErr(t, db.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&tables), nil)
	if _, err := db.Exec(`SELECT y FROM a`); err == nil || version() != 1 || tables != 1 {
		t.Errorf("after it the version is %d, with %d tables", version(), tables)
	}
	wantErr(t, migrate(ctx, db, files), nil)
	var y string
	wantErr(t, db.QueryRow(`SELECT y FROM a`).Scan(&y), nil)
	if version() != 2 || y != "12" {
		t.Errorf("at version %d y is %q", version(), y)
	}
	wantErr(t, migrate(ctx, db, one), ErrNewer)
	gap := fstest.MapFS{"migrations/0001_a.sql": files["migrations/0001_a.sql"], "migrations/0003_b.sql": files["migrations/0002_b.sql"], "migrations/0004_c.sql": {}}
	if err := migrate(ctx, db, gap); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("with a gap: %v", err)
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	ctx := context.Background()
	c := newClock()
	dir := t.TempDir()
	o := options(dir, c.now)
	db, err := sql.Open("sqlite", o.Path)
	wantErr(t, err, nil)
	_, err = db.Exec(`CREATE TABLE precious (x TEXT)`)
	wantErr(t, err, nil)
	wantErr(t, db.Close(), nil)
	if _, err := Open(ctx, o); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("another program's database: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "master.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key was made for it")
	}
	wantErr(t, os.WriteFile(o.Path, []byte(strings.Repeat("no database ", 1000)), 0o600), nil)
	if _, err := Open(ctx, o); err == nil {
		t.Error("a file that is no database was opened")
	}
	o.Path = filepath.Join(dir, "with ? and % and #", "x.db")
	s := openStore(t, o)
	fill(t, s)
	if _, err := os.Stat(o.Path); err != nil {
		t.Error(err)
	}
}

// TestKeysAreLookedUpByIndex: a store with millions of connections must not be read through
// when it is opened.
func TestKeysAreLookedUpByIndex(t *testing.T) {
	s, _ := newStore(t)
	for _, c := range sealedColumns {
		rows, err := s.reads.Query(fmt.Sprintf(`EXPLAIN QUERY PLAN SELECT 1 FROM %[2]s WHERE %[1]s IS NOT NULL AND substr(%[1]s, 2, 8) = ?`, c.column, c.table), []byte("12345678"))
		wantErr(t, err, nil)
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			wantErr(t, rows.Scan(&id, &parent, &unused, &detail), nil)
			plan.WriteString(detail + "\n")
		}
		wantErr(t, errors.Join(rows.Err(), rows.Close()), nil)
		if !strings.Contains(plan.String(), "INDEX "+c.table+"_"+c.column) || strings.Contains(plan.String(), "SCAN") {
			t.Errorf("%s of %s: %s", c.column, c.table, &plan)
		}
	}
}
