package store

// roleVariable makes the test binary play another process.
const roleVariable = "SEKISHO_STORE_TEST_ROLE"

func play(string) int { return 0 }
