package csharp

// The syntax tree. Nodes hold offsets into the View's text; types and meaning
// come with binding.

type span struct{ pos, end int }

func (s span) at() span { return s }

func join(a, b span) span { return span{a.pos, b.end} }

// syntax is any expression.
type syntax interface{ at() span }

// The expressions.
type (
	// litX is a literal; Value nil is null.
	litX struct {
		span
		value any
	}
	interpX struct {
		span
		parts []interpPart
	}
	// nameX is a simple name, with generic arguments if targs is not nil.
	nameX struct {
		span
		name  string
		targs []typeX
	}
	// memberX is x.name.
	memberX struct {
		span
		x      syntax
		name   string
		nameAt span
		targs  []typeX
	}
	callX struct {
		span
		fn   syntax
		args []arg
	}
	indexX struct {
		span
		x    syntax
		args []arg
	}
	// condX is x?.rest: rest stands on a holeX.
	condX struct {
		span
		x, rest syntax
		hole    *holeX
	}
	// holeX is the value before ?. inside of what follows it.
	holeX struct {
		span
		value *expr
	}
	newX struct {
		span
		typ  typeX
		args []arg
		init *initX
	}
	// newArrayX is new T[n]{…}, new[]{…} (typ without name) or new T[]{…}.
	newArrayX struct {
		span
		elem  typeX // what the array is of; nil name if it is to be inferred
		infer bool
		sizes []syntax
		rank  int
		init  *initX
	}
	newAnonX struct {
		span
		names  []string // "" where it comes from the expression
		values []syntax
	}
	// initX is an initialiser in braces: of members, of indices, or of elements.
	initX struct {
		span
		items []initItem
	}
	unaryX struct {
		span
		op   string
		opAt span
		x    syntax
	}
	// stepX is ++ or --, before or after.
	stepX struct {
		span
		op     string
		prefix bool
		x      syntax
	}
	binaryX struct {
		span
		op    string
		opAt  span
		l, r  syntax
		depth int
	}
	assignX struct {
		span
		op   string // "=" or "+="…
		opAt span
		l, r syntax
	}
	ternaryX struct {
		span
		cond, yes, no syntax
	}
	castX struct {
		span
		typ typeX
		x   syntax
	}
	isX struct {
		span
		x   syntax
		pat pattern
	}
	asX struct {
		span
		x   syntax
		typ typeX
	}
	lambdaX struct {
		span
		params []lambdaParam
		body   syntax // or
		block  *blockS
	}
	tupleX struct {
		span
		items []arg
	}
	typeofX struct {
		span
		typ typeX
	}
	sizeofX struct {
		span
		typ typeX
	}
	defaultX struct {
		span
		typ *typeX // nil for the bare word
	}
	nameofX struct {
		span
		x syntax
	}
	checkedX struct {
		span
		on bool
		x  syntax
	}
	throwX struct {
		span
		x syntax
	}
	// declX is "out var x", "out int x" or "var (a, b)" where it declares.
	declX struct {
		span
		typ   typeX // name "var" to infer
		name  string
		parts []syntax // of var (a, b)
	}
	// typeNameX is a type in the place of an expression: int.Parse.
	typeNameX struct {
		span
		typ typeX
	}
	queryX struct {
		span
		clauses []clause
	}
	parenX struct {
		span
		x syntax
	}
	// rowX is a row in braces of an array of several dimensions.
	rowX struct {
		span
		items []syntax
	}
)

type interpPart struct {
	text   string
	x      syntax // nil for text
	align  syntax
	format string
}

type arg struct {
	span
	name   string
	nameAt span
	mode   string // "", "out" or "ref"
	x      syntax
}

type initItem struct {
	span
	name  string   // member
	index []syntax // [index] = value
	elems []syntax // { a, b }
	value syntax
	init  *initX // member = { … }
}

type lambdaParam struct {
	span
	name string
	typ  *typeX
	mode string
	def  syntax // of an optional parameter of a local function
}

// typeX is a type as it is written.
type typeX struct {
	span
	// name is dotted: "System.Text.Encoding"; "" for tuples and what is inferred.
	name  string
	targs []typeX
	tuple []lambdaParam
	// open is the number of parameters of Dictionary<,> in typeof.
	open int
	// suffixes from left to right: "?" or "[,]".
	suffixes []string
	// nested is a type inside of a generic one: Outer<T>.Inner.
	nested string
}

// pattern of is and case.
type pattern struct {
	span
	kind  byte // 'c' constant, 't' type or constant by name, 'd' declaration, 'v' var, '_' discard
	x     syntax
	typ   typeX
	name  string
	named span
}

// clause of a query.
type clause struct {
	span
	kind string // from, let, where, join, orderby, select, group, into
	name string
	typ  *typeX
	x    syntax // source, condition, value
	on   syntax
	eq   syntax
	into string
	keys []orderKey
	by   syntax
}

type orderKey struct {
	x    syntax
	desc bool
}

// statement is any statement.
type statement interface{ at() span }

// The statements.
type (
	blockS struct {
		span
		list []statement
		// checked: 0 as outside, 1 checked, 2 unchecked
		checked byte
	}
	localS struct {
		span
		typ   typeX
		konst bool
		vars  []declarator
	}
	localFuncS struct {
		span
		ret    typeX
		name   string
		nameAt span
		fn     *lambdaX
		// tparams are generic parameters, by name.
		tparams []lambdaParam
	}
	exprS struct {
		span
		x syntax
	}
	ifS struct {
		span
		cond    syntax
		yes, no statement
	}
	whileS struct {
		span
		cond syntax
		body statement
		do   bool
	}
	forS struct {
		span
		init []statement
		cond syntax
		step []syntax
		body statement
	}
	foreachS struct {
		span
		typ   typeX
		name  string
		parts syntax // var (a, b) in …
		named span
		x     syntax
		body  statement
	}
	switchS struct {
		span
		x        syntax
		sections []section
	}
	tryS struct {
		span
		body    *blockS
		catches []catchClause
		finally *blockS
	}
	usingS struct {
		span
		decl *localS
		x    syntax
		body statement
	}
	lockS struct {
		span
		x    syntax
		body statement
	}
	returnS struct {
		span
		x syntax
	}
	throwS struct {
		span
		x syntax
	}
	breakS    struct{ span }
	continueS struct{ span }
	gotoS     struct {
		span
		label string // or
		value syntax // goto case, or
		deflt bool
	}
	labelS struct {
		span
		name string
		body statement
	}
	emptyS struct{ span }
)

type declarator struct {
	span
	name string
	init syntax
	arr  *initX // int[] a = { 1 }
}

type section struct {
	span
	labels []caseLabel
	body   []statement
}

type caseLabel struct {
	span
	deflt bool
	pat   pattern
	when  syntax
}

type catchClause struct {
	span
	typ  *typeX
	name string
	when syntax
	body *blockS
}
