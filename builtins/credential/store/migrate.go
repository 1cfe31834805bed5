package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// migrations are NUMBER_NAME.sql, from 1 without a gap. They go forward only, and what has
// been published is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the databases of this package ("SKSH").
const applicationID = 0x534b5348

// ErrNewer: a later version of the program has written the database.
var ErrNewer = errors.New("made by a later version of this program")

// migrate brings a database to the latest version, in one transaction.
func migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var version, application, tables int
	err = tx.QueryRowContext(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_user_version, pragma_application_id`).Scan(&version, &application, &tables)
	switch {
	case err != nil:
		return err
	case application != applicationID && (version != 0 || tables != 0):
		return errors.New("this is the database of another program")
	case version > len(names):
		return fmt.Errorf("%w: its version is %d, and this one knows %d", ErrNewer, version, len(names))
	case version == len(names):
		return nil
	}
	for i, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return fmt.Errorf("store: internal error: %s is not migration %d", name, i+1)
		}
		if i < version {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// Pragmas take no parameters.
	_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", len(names), applicationID))
	if err != nil {
		return err
	}
	return tx.Commit()
}
