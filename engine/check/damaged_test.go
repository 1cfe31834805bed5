package check_test

// damaged are documents of the corpus that cannot load as they are, and why.
var damaged = map[string]string{}
